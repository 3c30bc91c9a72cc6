// docs/security.md says of every program that we start who it is and where it runs.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toolNames } from '../../../portwrap/system/tools.ts';

const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const section = page.slice(
  page.indexOf('## The programs that we start'),
  page.indexOf("## The servers' own tokens"),
);
const rows = section.split('\n').filter((line) => line.startsWith('| '));

test.each([...toolNames, 'portwrap-forward', 'sbatch', 'squeue', 'sacct', 'sstat', 'scontrol', 'scancel'])(
  '%s is in the table of programs, with its account and its namespaces',
  (name) => {
    const row = rows.find((line) => line.split('|')[1]?.includes(`\`${name}\``)) ?? '';
    expect(row.split('|').map((cell) => cell.trim() !== '')).toEqual([false, true, true, true, false]);
  },
);

// Help, completion and manual page are made from one table; the shells themselves judge the completions.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../../../portwrap/cli/completion.ts';
import { helpText } from '../../../../portwrap/cli/help.ts';
import { manualPage } from '../../../../portwrap/cli/manual.ts';
import { optionGroups } from '../../../../portwrap/cli/options.ts';

const options = optionGroups.flatMap((group) => group.options);
const root = new URL('../../../..', import.meta.url).pathname;

test.each(options.map(({ name }) => name))(
  '--%s is in the help, the completions and the manual page',
  (name) => {
    expect(helpText()).toContain(`--${name}`);
    for (const shell of ['bash', 'zsh'] as const) expect(completionScript(shell)).toContain(`--${name}`);
    expect(completionScript('fish')).toContain(`-l ${name}`);
    expect(manualPage('1')).toContain(`\\-\\-${name.replaceAll('-', '\\-')}`);
  },
);

test('no line of the help is wider than 110 columns', () => {
  expect(
    helpText()
      .split('\n')
      .filter((line) => line.length > 110),
  ).toEqual([]);
});

test('docs/portwrap.1 is current', () => {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  expect(readFileSync(`${root}/docs/portwrap.1`, 'utf8')).toBe(manualPage(version));
});

describe('in bash', () => {
  const complete = (...words: string[]) => {
    const script = `${completionScript('bash')}
COMP_WORDS=(portwrap ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _portwrap
printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  };

  test('the script is one that bash can read', () => {
    expect(spawnSync('bash', ['-n'], { input: completionScript('bash') }).status).toBe(0);
  });

  test('options are completed', () => {
    expect(complete('--host')).toEqual(['--host-port', '--host-address']);
  });

  test('the values of an option are completed', () => {
    expect(complete('--view', 's')).toEqual(['strict']);
  });

  test('a port is left to the person', () => {
    expect(complete('-p', '')).toEqual(['']);
  });

  test('after the options a command is completed', () => {
    expect(complete('-p', '1', '-P', '2', 'bas')).toContain('bash');
  });
});

// What a person reads when a step of setup fails. Not here: the steps on a machine (test/integration/setup).
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createToolbox } from '../../../../../portwrap/index.ts';
import { apply } from '../../../../../spawner/commands/setup/apply/apply.ts';
import { openJournal } from '../../../../../spawner/commands/setup/apply/journal.ts';
import type { Facts } from '../../../../../spawner/commands/setup/look/facts.ts';
import type { Step } from '../../../../../spawner/commands/setup/plan/steps.ts';

const directory = mkdtempSync(join(tmpdir(), 'setup-apply-'));
afterAll(() => rmSync(directory, { recursive: true }));

const failing = (hint?: string): Step => ({
  ...{ do: 'tree', path: join(directory, 'tree'), commands: [['false']], what: 'make a tree' },
  ...(hint === undefined ? {} : { hint }),
});

const attempt = (step: Step) =>
  apply({
    plan: { steps: [step], notes: [], hubLines: '', hubConfig: '', config: '' },
    facts: {} as Facts, // this step needs none
    tools: createToolbox(),
    journal: openJournal(join(directory, 'setup.json')),
    environment: {},
    print: () => {},
  });

const again =
  'Then run setup again: it goes on where it ended. "portwrap-spawner setup --undo" takes back what it has done.';

test.each([
  ['Reach the index.', `Reach the index. ${again}`],
  [undefined, again],
])('a step that fails says what to do (%s) once, and leaves no half of a directory', async (hint, said) => {
  await expect(attempt(failing(hint))).rejects.toMatchObject({
    code: 'SETUP_FAILED',
    message: expect.stringContaining('could not make a tree: false ended with 1'),
    hint: said,
  });
  expect(readdirSync(directory)).toEqual(['setup.json']);
});

// Command lines of portwrap-spawner: commands, their options, and what is refused with which suggestion.
import { expect, test } from 'vitest';
import { parseArguments } from '../../../../spawner/commands/arguments.ts';

const config = '/etc/portwrap-spawner/config.yaml';

test.each([
  [['ls'], { command: 'ls', operand: undefined, given: { config, json: false, hub: undefined } }],
  [['--json', '-c', 'f', 'ls'], { command: 'ls', given: { config: 'f', json: true } }],
  [['ls', '--json', '--config=f', '--hub', 'h'], { given: { config: 'f', json: true, hub: 'h' } }],
  [['logs', 'ann/gpu', '-f', '-n', '7'], { operand: 'ann/gpu', given: { follow: true, tail: 7 } }],
  [['logs', '-fn7', 'ann'], { operand: 'ann', given: { follow: true, tail: 7 } }],
  [['stop', '--all', '--now'], { operand: undefined, given: { all: true, now: true } }],
  [['show', '--', '-odd'], { operand: '-odd', words: [] }],
  [
    ['enter', 'ann', '--json', '--', 'ls', '-h', '--', 'x'],
    { operand: 'ann', words: ['ls', '-h', '--', 'x'] },
  ],
  [['-c', 'x', 'enter', 'ann'], { operand: 'ann', words: [] }],
  [[], { command: undefined }],
])('%j is read', (argv, expected) => {
  expect(parseArguments(argv)).toMatchObject({ kind: 'run', ...expected });
});

test.each([
  [['-h'], { kind: 'help', command: undefined }],
  [['stop', '--help'], { kind: 'help', command: { name: 'stop' } }],
  [['--version', 'ls'], { kind: 'version' }],
  [['ls', '-V'], { kind: 'version' }],
  [['--completion', 'zsh'], { kind: 'completion', shell: 'zsh' }],
])('%j asks for it', (argv, expected) => {
  expect(parseArguments(argv)).toMatchObject(expected);
});

test.each([
  [['lss'], "unknown command 'lss' (Did you mean ls?)"],
  [['stop', 'ann', '--nwo'], "unknown option '--nwo' (Did you mean --now?)"],
  [['--jsno', 'ls'], "unknown option '--jsno' (Did you mean --json?)"],
  [['ls', '--now'], "unknown option '--now'"],
  [['ls', 'ann'], "too many arguments for 'ls'"],
  [['show'], "missing required argument 'SERVER'"],
  [['show', 'ann', 'bob'], "too many arguments for 'show'"],
  [['logs', 'ann', '-n', 'all'], '--tail must be a number from 0 to 10000, not "all"'],
  [['logs', 'ann', '-n', '10001'], '--tail must be a number from 0 to 10000, not "10001"'],
  [['doctor', '--launcher', 'pbs'], '--launcher must be local or slurm, not "pbs"'],
  [['--completion', 'csh'], '--completion must be bash, fish or zsh, not "csh"'],
  [['ls', '--hub'], "option '--hub <NAME>' argument missing"],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(expect.objectContaining({ code: 'USAGE', exit: 2 }));
  expect(() => parseArguments(argv)).toThrow(message);
});

// Help, completions and manual page of each program are made from its table; the shells themselves judge the
// completions.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../../../config/command-line/completion.ts';
import { commandHelpText, helpText } from '../../../../config/command-line/help.ts';
import { manualPage } from '../../../../config/command-line/manual.ts';
import { optionsOf, type Program, shells } from '../../../../config/command-line/program.ts';
import { portwrap } from '../../../../portwrap/cli/program.ts';
import { portwrapProxy } from '../../../../proxy/cli/program.ts';
import { portwrapSpawner } from '../../../../spawner/commands/program.ts';

const root = new URL('../../../..', import.meta.url).pathname;
const programs: readonly (readonly [string, Program])[] = [portwrap, portwrapProxy, portwrapSpawner].map(
  (program) => [program.name, program],
);
const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

describe.each(programs)('%s', (name, program) => {
  const options = optionsOf(program);

  test.each(options.map((option) => option.name))(
    '--%s is in help, completions and manual page',
    (option) => {
      expect(helpText(program)).toContain(`--${option}`);
      for (const shell of ['bash', 'zsh'] as const) {
        expect(completionScript(program, shell)).toContain(`--${option}`);
      }
      expect(completionScript(program, 'fish')).toContain(`-l ${option}`);
      expect(manualPage(program, '1')).toContain(`\\-\\-${option.replaceAll('-', '\\-')}`);
    },
  );

  test('no option and no command stands twice in the table', () => {
    const names = options.flatMap((option) => [
      option.name,
      ...(option.short === undefined ? [] : [option.short]),
    ]);
    expect(new Set(names).size).toBe(names.length);
    const commands = (program.commands ?? []).map((command) => command.name);
    expect(new Set(commands).size).toBe(commands.length);
  });

  test('every option that a command or a conflict names is in the table', () => {
    const named = [
      ...(program.commands ?? []).flatMap((command) => command.options),
      ...options.flatMap((option) => option.conflicts ?? []),
    ];
    expect(named.filter((one) => !options.some((option) => option.name === one))).toEqual([]);
  });

  test('no line of the help is wider than 110 columns', () => {
    const texts = [
      helpText(program),
      ...(program.commands ?? []).map((one) => commandHelpText(program, one)),
    ];
    const lines = texts.flatMap((text) => text.split('\n'));
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
  });

  test(`docs/${name}.1 is current`, () => {
    const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
    expect(readFileSync(`${root}/docs/${name}.1`, 'utf8')).toBe(manualPage(program, version));
  });

  test.each(shells.filter(has))('%s accepts the completion script', (shell) => {
    const { status, stderr } = spawnSync(shell, ['-n'], {
      input: completionScript(program, shell),
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('in bash', () => {
  const complete = (program: Program, ...words: string[]) => {
    const { name } = program;
    const script = `${completionScript(program, 'bash')}
COMP_WORDS=(${[name, ...words].map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_${name.replaceAll('-', '_')}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  };

  test('options are completed', () => {
    expect(complete(portwrap, '--host')).toEqual(['--host-port', '--host-address']);
    expect(complete(portwrapProxy, '--api-s')).toContain('--api-socket');
  });

  test('the values of an option are completed', () => {
    expect(complete(portwrap, '--view', 's')).toEqual(['strict']);
    expect(complete(portwrapProxy, '--engine', '')).toEqual(['relay', 'http-proxy']);
  });

  test('a port is left to the person', () => {
    expect(complete(portwrap, '-p', '')).toEqual(['']);
    expect(complete(portwrapProxy, '--port', '')).toEqual(['']);
  });

  test('after the options of portwrap a command is completed', () => {
    expect(complete(portwrap, '-p', '1', '-P', '2', 'bas')).toContain('bash');
    expect(complete(portwrap, 'doc')).toContain('doctor');
  });

  test('a command of portwrap-spawner is completed, and then only its options', () => {
    expect(complete(portwrapSpawner, 's')).toEqual(['serve', 'setup', 'show', 'stop', 'smoke']);
    expect(complete(portwrapSpawner, '--config', 'f', 'l')).toEqual(['ls', 'logs']);
    expect(complete(portwrapSpawner, 'stop', '--')).toEqual(expect.arrayContaining(['--all', '--config']));
    expect(complete(portwrapSpawner, 'ls', '--a')).toEqual(['']);
    expect(complete(portwrapSpawner, 'doctor', '--launcher', 's')).toEqual(['slurm']);
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { pythonScript } from '../../../../portwrap/preload/python-script.ts';

const directory = mkdtempSync(join(tmpdir(), 'python-script-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function program(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  chmodSync(join(directory, name), 0o755);
  return join(directory, name);
}

test('a script is found in the path, with the argv that the kernel makes for it', () => {
  const path = program('server', '#!/usr/bin/python3\nprint()\n');
  expect(pythonScript(['server', '--port', '1'], `/nowhere:${directory}`)).toEqual({
    argv: ['/usr/bin/python3', path, '--port', '1'],
    ...{ script: 1, interpreter: '/usr/bin/python3' },
  });
});

test('an option of the interpreter stays one word', () => {
  const path = program('option', '#! /usr/bin/python3 -E -s\n');
  expect(pythonScript([path], '')).toMatchObject({ argv: ['/usr/bin/python3', '-E -s', path], script: 2 });
});

test('an interpreter that env(1) finds has its name as its first argument', () => {
  const path = program('by-name', '#!/usr/bin/env python3\n');
  const python = program('python3', '');
  expect(pythonScript([path], directory)).toEqual({
    ...{ argv: ['python3', path], script: 1, interpreter: python },
  });
});

test.each([
  ['a shell script', '#!/bin/sh\n', '#!/bin/sh'],
  ['a program of another name', '#!/usr/bin/pythonista\n', 'is not a script of Python'],
  ['no script', '\x7fELF', 'is not a script'],
])('%s is none', (_, content, reason) => {
  expect(pythonScript([program('other', content)], '')).toContain(reason);
});

test('a program that is not there, or named by a relative path, is none', () => {
  expect(pythonScript(['no-such-program'], directory)).toContain('there is no program no-such-program');
  expect(pythonScript(['./server'], directory)).toContain('there is no program ./server');
});

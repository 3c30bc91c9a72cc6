// Where tokens come from, which files are trusted with them, and that no message ever shows one.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toPortwrapError } from '../../../config/errors.ts';
import { loadConfig, parseConfig } from '../../../config/load.ts';

const token = 'sesame-0123456789-sesame';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'portwrap secrets-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string, mode: number): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function load(hub: string, env: Record<string, string> = {}, mode = 0o640) {
  return loadConfig(write('hub-config.yaml', `hubs:\n  - name: hub\n    ${hub}\n`, mode), env);
}

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const known = toPortwrapError(error);
    expect(known.code).toBe('CONFIG_INVALID');
    // Everything that a log or a terminal could show of it.
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/sesame/);
    return known.message;
  }
  throw new Error('it was accepted');
}

describe('a token is taken', () => {
  test.each([
    ['from the file itself', () => load(`token: ${token}`)],
    ['from a variable', () => load('token_env: T', { T: token })],
    ['from a variable, without the newline at its end', () => load('token_env: T', { T: `${token}\n` })],
    ['from a private file', () => load(`token_file: ${write('token', token, 0o600)}`)],
    [
      'from a file of its group, without the newline at its end',
      () => load(`token_file: ${write('token', `${token}\r\n`, 0o640)}`),
    ],
  ])('%s', (_title, loaded) => {
    expect(loaded().hubs[0]).toEqual({
      name: 'hub',
      token,
      api_url: 'http://127.0.0.1:8081/hub/api',
      public_api_url: null,
      reaper: null,
    });
  });
});

test('the token of a reaper is taken from its own keys, beside the one of the hub', () => {
  const other = `${token}-of-the-hub`;
  const [hub] = load('token_env: T\n    reaper: {token_env: R, interval: 7}', { T: token, R: other }).hubs;
  expect(hub).toMatchObject({ token, reaper: { token: other, interval: 7 } });
  expect(Object.keys(hub?.reaper ?? {}).sort()).toEqual(['interval', 'token']);
});

describe('a token is refused, at its key', () => {
  test.each([
    [
      'a variable that is not set',
      () => load('token_env: T'),
      '3:16: hubs[0].token_env: the environment variable is not set',
    ],
    [
      'a variable that holds too little',
      () => load('token_env: T', { T: 'sesame' }),
      '3:16: hubs[0].token_env: the environment variable does not contain a valid token: it must be 16 to 512 printable ASCII characters without spaces',
    ],
    [
      'a file that holds two lines',
      () => load(`token_file: ${write('two', `${token}\n${token}`, 0o600)}`),
      '3:17: hubs[0].token_file: the file does not contain a valid token: it must be 16 to 512 printable ASCII characters without spaces',
    ],
    [
      'a file that is missing',
      () => load('token_file: /nowhere/sesame'),
      '3:17: hubs[0].token_file: the file does not exist',
    ],
    ['a directory', () => load('token_file: /'), '3:17: hubs[0].token_file: does not name a regular file'],
  ])('%s', (_title, loaded, line) => {
    expect(failure(loaded)).toBe(`${join(directory, 'hub-config.yaml')}:${line}`);
  });

  test('a FIFO, without waiting for a writer', () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    expect(failure(() => load(`token_file: ${fifo}`))).toMatch(/does not name a regular file$/);
  });

  test('two hubs with one token', () => {
    const file = write('same.yaml', 'hubs:\n  - {name: a, token_env: A}\n  - {name: b, token_env: B}', 0o600);
    expect(failure(() => loadConfig(file, { A: token, B: token }))).toBe(
      `${file}:3:5: hubs[1]: has the token of hub "a", must have its own`,
    );
  });

  test('the token of a reaper that is not set', () => {
    expect(failure(() => load('token_env: T\n    reaper: {token_env: R}', { T: token }))).toMatch(
      /:4:25: hubs\[0\]\.reaper\.token_env: the environment variable is not set$/,
    );
  });

  test('all of them in one error', () => {
    const file = write(
      'all.yaml',
      'hubs: [{name: a, token_env: A}, {name: b, token_env: B}]\nproxy: {token_env: C}',
      0o600,
    );
    expect(failure(() => loadConfig(file, {})).split('\n')).toHaveLength(3);
  });
});

describe('a file that other users may read or write is refused with the command that closes it', () => {
  test.each([0o644, 0o604, 0o602, 0o666])('token_file with mode %o', (mode) => {
    const file = write("it's open", token, mode);
    const message = failure(() => load(`token_file: ${file}`));
    const command = /run: (chmod .*)$/.exec(message)?.[1] ?? '';
    expect(command).toBe(`chmod o-rw '${file.replace("'", `'\\''`)}'`);
    execFileSync('sh', ['-c', command]);
    expect(load(`token_file: ${file}`).hubs[0]?.token).toBe(token);
  });

  test('the configuration itself, when a token stands in it', () => {
    expect(failure(() => load(`token: ${token}`, {}, 0o644))).toMatch(
      /:3:12: hubs\[0\]\.token: is in a file that every user can read or write; run: chmod o-rw '.*hub-config\.yaml'$/,
    );
  });

  test('but not the configuration that only says where the token is', () => {
    expect(load('token_env: T', { T: token }, 0o644).hubs[0]?.token).toBe(token);
  });
});

describe('a token in the wrong place is not quoted in the error', () => {
  test.each([
    ['too short', 'hubs: [{name: a, token: sesame}]'],
    ['as the name of a variable', 'hubs: [{name: a, token_env: sesame-0123456789}]'],
    ['as the name of a file', 'hubs: [{name: a, token_file: sesame-0123456789}]'],
    ['in place of a hub', 'hubs: [sesame]'],
    ['in place of the hubs', 'hubs: sesame'],
    ['in place of everything', 'sesame'],
    ['in a mistyped key', 'hubs: [{name: a, tokn: sesame}]'],
    ['after a key without a space', 'hubs: [{name: a, token:sesame}]'],
    ['in a URL', 'hubs: [{name: a, token_env: A, api_url: "http://user:sesame@host"}]'],
    ['in the environment of a profile', 'hubs: []\nprofiles: [{name: a, environment: {A: [sesame]}}]'],
    ['in the name of a variable', 'hubs: []\nprofiles: [{name: a, environment: {"A=sesame": 1}}]'],
    ['as an alias', 'hubs: [{name: a, token: *sesame}]'],
    ['as a tag', 'hubs: [{name: a, token: !sesame}]'],
    ['as a block', 'hubs:\n  - name: a\n    token: |sesame'],
    ['with a strange escape', 'hubs: [{name: a, token: "\\sesame"}]'],
    ['before a stray colon', 'hubs:\n  - name: a\n    token: sesame: x'],
    ['twice', 'hubs: [{name: a, token: sesame, token: sesame}]'],
  ])('%s', (_title, text) => {
    expect(failure(() => parseConfig(text, 'f'))).toMatch(/^f:\d+:\d+: /);
  });

  test('whatever characters it has, and however the hub around it is written', () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    const written = fc.constantFrom(
      'token: ',
      'token: "',
      "token: '",
      'token: >',
      'tokken: ',
      'token_env: ',
      'token_file: ',
      '- ',
    );
    fc.assert(
      fc.property(written, ascii, (key, rest) => {
        const text = `hubs:\n  - name: a\n    ${key}sesame${rest}\n    colour: red\n`;
        failure(() => parseConfig(text, 'f'));
      }),
      { numRuns: 1000 },
    );
  });
});

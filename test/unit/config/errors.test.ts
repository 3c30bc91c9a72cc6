// The error catalogue: complete, coherent, and safe to show.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorCatalogue, PortwrapError, toPortwrapError } from '../../../config/errors.ts';

const catalogue = Object.entries(errorCatalogue);
const codes = Object.keys(errorCatalogue) as ErrorCode[];

describe.each(catalogue)('%s', (code, { status, exit, hint }) => {
  test('is a constant name', () => expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/));
  test('has an HTTP status of a failure', () => {
    expect(Number.isInteger(status) && status >= 400 && status <= 599).toBe(true);
  });
  test('has an exit code that is a failure and not a signal', () => {
    expect(Number.isInteger(exit) && exit >= 1 && exit <= 127).toBe(true);
  });
  test('has a hint that is a sentence', () =>
    expect(hint).toMatch(/^[A-Z"].{10,}[.]$|^hub-config\.example\.yaml .*[.]$/));
});

test('docs/errors.md lists these codes and no other', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  expect(listed).toEqual(codes);
});

test.each(codes)('an error with the code %s carries what the catalogue says', (code) => {
  const { status, exit, hint } = errorCatalogue[code];
  expect(new PortwrapError(code, 'what happened')).toMatchObject({
    code,
    message: 'what happened',
    status,
    exit,
    hint,
  });
});

test.each(catalogue.filter(([, kind]) => 'refusal' in kind || 'deliberate' in kind))(
  'the hint of %s, which users of a hub read, names no key of the configuration',
  (_code, { hint }) => expect(hint).not.toMatch(/"[a-z_]+(?:\.[a-z_]+)*"/),
);

test('a better hint replaces the one of the catalogue', () => {
  expect(new PortwrapError('TOOL_MISSING', 'no nft', { hint: 'apt-get install nftables' }).hint).toBe(
    'apt-get install nftables',
  );
});

test.each([new Error('/root/secret'), 'secret', undefined])(
  'an unknown error (%s) shows nothing of itself',
  (thrown) => {
    const { code, message, hint } = toPortwrapError(thrown);
    expect(code).toBe('INTERNAL');
    expect(`${message}${hint}`).not.toMatch(/secret/);
  },
);

test('a known error stays the same object', () => {
  const known = new PortwrapError('NOT_FOUND', 'no such address');
  expect(toPortwrapError(known)).toBe(known);
});

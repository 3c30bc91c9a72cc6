// The words of `portwrap enter` and `portwrap connect`.
import { expect, test } from 'vitest';
import { parseCli } from '../../../../portwrap/cli/parse.ts';

const enter = (server: string | undefined, ...command: string[]) => ({
  ...{ kind: 'enter', server },
  purpose: { kind: 'command', command },
});

test('a server and a command are optional; the command is after "--", with its own options', () => {
  expect(parseCli(['enter'])).toEqual(enter(undefined));
  expect(parseCli(['enter', 'gpu'])).toEqual(enter('gpu'));
  expect(parseCli(['enter', '--', 'psql', '-h', 'localhost'])).toEqual(
    enter(undefined, 'psql', '-h', 'localhost'),
  );
  expect(parseCli(['enter', 'gpu', '--', 'ls', '--', '-p'])).toEqual(enter('gpu', 'ls', '--', '-p'));
});

test('a port and perhaps a server', () => {
  const connect = (server?: string) => ({ kind: 'enter', server, purpose: { kind: 'connect', port: 22 } });
  expect(parseCli(['connect', '22'])).toEqual(connect());
  expect(parseCli(['connect', '22', 'gpu'])).toEqual(connect('gpu'));
});

test.each([
  ['enter psql -h', /put "--" before a command: portwrap enter -- psql -h/],
  ['enter --', /a COMMAND is required after "--"/],
  ['enter --json', /SERVER cannot be "--json"/],
  ['connect', /connect takes a PORT/],
  ['connect 0', /connect takes a PORT/],
  ['connect 65536', /connect takes a PORT/],
  ['connect 22 gpu more', /connect takes a PORT/],
  ['connect ssh', /not "ssh"/],
])('%s is refused', (line, message) => {
  expect(() => parseCli(line.split(' '))).toThrow(message);
});

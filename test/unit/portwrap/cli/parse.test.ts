// The command line of `portwrap`: what is ours, what is the command's, and every wrong input with its message.
import { expect, test } from 'vitest';
import { parseCli } from '../../../../portwrap/cli/parse.ts';

const ports = ['-p', '9876', '-P', '8888'];

test.each([
  [[...ports, 'cmd'], ['cmd']],
  [
    ['--host-port=9876', '--guest-port', '8888', 'cmd', '-p', '1'],
    ['cmd', '-p', '1'],
  ],
  [
    [...ports, '--', '-odd', '--help'],
    ['-odd', '--help'],
  ],
  [
    [...ports, 'cmd', '--', '--help', '-V'],
    ['cmd', '--', '--help', '-V'],
  ],
])('%j runs %j', (argv, command) => {
  const defaults = { hostAddress: '127.0.0.1', user: undefined, allowRoot: false };
  expect(parseCli(argv)).toMatchObject({
    kind: 'run',
    hostPort: 9876,
    guestPort: 8888,
    command,
    ...defaults,
  });
});

test.each([
  [['-h'], 'help'],
  [['--help', ...ports, 'cmd'], 'help'],
  [['-V'], 'version'],
])('%j asks for %s', (argv, kind) => {
  expect(parseCli(argv)).toEqual({ kind });
});

test.each([
  [[], '-p/--host-port is required'],
  [['-p', '1', 'cmd'], '-P/--guest-port is required'],
  [ports, 'a COMMAND is required after the options'],
  [['-p', 'x', '-P', '1', 'cmd'], '"x"'],
  [['-p', '65536', '-P', '1', 'cmd'], '"65536"'],
  [['-p', '1.5', '-P', '1', 'cmd'], '"1.5"'],
  [['-p', '1', '-P', '0', 'cmd'], '"0"'],
  [['-p', '1', '-P', '', 'cmd'], '""'],
  [
    [...ports, '--host-address', 'localhost', 'cmd'],
    '--host-address must be an IPv4 address, not "localhost"',
  ],
  [[...ports, '--host-address', '', 'cmd'], 'not ""'],
  [[...ports, '--no-such-option', 'cmd'], '--no-such-option'],
  [['-p'], '-p'],
])('%j is refused, naming it: %s', (argv, message) => {
  expect(() => parseCli(argv)).toThrow(expect.objectContaining({ code: 'USAGE', exit: 2 }));
  expect(() => parseCli(argv)).toThrow(message);
});

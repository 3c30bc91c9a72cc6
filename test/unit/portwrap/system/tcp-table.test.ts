// The kernel's socket tables, as they stand in /proc on a little-endian machine.
import { expect, test } from 'vitest';
import {
  isOnEveryAddress,
  isOnLoopback,
  parseListeningSockets,
} from '../../../../portwrap/system/tcp-table.ts';

const line = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0`;
const table = (...lines: string[]) => ['  sl  local_address rem_address   st', ...lines, ''].join('\n');

test.each([
  ['any address', '00000000:22B8', '0.0.0.0', 8888, 'everywhere'],
  ['127.0.0.1', '0100007F:1388', '127.0.0.1', 5000, 'loopback'],
  ['127.1.2.3', '0302017F:1388', '127.1.2.3', 5000, 'loopback'],
  ['10.0.2.100', '6402000A:0050', '10.0.2.100', 80, 'one address'],
  [
    '::',
    '00000000000000000000000000000000:22B8',
    '0000:0000:0000:0000:0000:0000:0000:0000',
    8888,
    'everywhere',
  ],
  [
    '::1',
    '00000000000000000000000001000000:22B8',
    '0000:0000:0000:0000:0000:0000:0000:0001',
    8888,
    'loopback',
  ],
  [
    '::ffff:127.0.0.1',
    '0000000000000000FFFF00000100007F:22B8',
    '0000:0000:0000:0000:0000:FFFF:7F00:0001',
    8888,
    'loopback',
  ],
  [
    '2001:db8::1',
    'B80D0120000000000000000001000000:22B8',
    '2001:0DB8:0000:0000:0000:0000:0000:0001',
    8888,
    'one address',
  ],
])('a socket that listens on %s', (_, local, address, port, reach) => {
  const [socket, ...others] = parseListeningSockets(table(line(local, '0A')));
  expect(socket).toEqual({ address, port, uid: 1000, inode: 4711 });
  expect(others).toEqual([]);
  if (socket === undefined) return;
  expect(isOnLoopback(socket)).toBe(reach === 'loopback');
  expect(isOnEveryAddress(socket)).toBe(reach === 'everywhere');
});

test('connections do not listen', () => {
  expect(parseListeningSockets(table(line('0100007F:1388', '01'), line('0100007F:1389', '06')))).toEqual([]);
});

test('both tables may be read as one text', () => {
  const text = table(line('0100007F:1388', '0A')) + table(line(`${'0'.repeat(32)}:1389`, '0A'));
  expect(parseListeningSockets(text).map(({ port }) => port)).toEqual([5000, 5001]);
});

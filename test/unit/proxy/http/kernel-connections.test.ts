import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import { connectionKey, parseConnections } from '../../../../proxy/http/kernel-connections.ts';
import { skipIf } from '../../../support/reasons.ts';

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F40 0200000A:C001 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:1F40 0300000A:C001 08 00000000:00001001 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:1F40 0000000000000000FFFF00000400000A:C001 08 00000000:00000001 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
   1: B80D0120000000000000000001000000:1F40 B80D0120000000000000000034120100:C001 01 00000000:00000000 00:00000000 00000000     0        0 5 1 0 20 4 30 10 -1
   2: B80D0120000000000000000001000000:1F40 B80D0120000001000000000034120100:C001 08 00000000:00000001 00:00000000 00000000     0        0 6 1 0 20 4 30 10 -1
   3: 00000000000000000000000001000000:1F40 00000000000000000000000001000000:C001 01 00000000:00000007 00:00000000 00000000     0        0 7 1 0 20 4 30 10 -1
`;

test.each([
  ['10.0.0.2', { ended: false, unread: 0 }],
  ['10.0.0.3', { ended: true, unread: 4097 }],
  ['::ffff:10.0.0.4', { ended: true, unread: 1 }],
  ['2001:db8::1:1234', { ended: false, unread: 0 }],
  ['2001:db8:1::1:1234', { ended: true, unread: 1 }],
  ['2001:db8:2::1:1234', undefined],
  ['2001:db8:1:0:0:0:1:1234%eth0', { ended: true, unread: 1 }],
  ['::1', { ended: false, unread: 7 }],
  ['10.0.0.5', undefined],
])(
  'the connection from %s is known by its peer as %j',
  skipIf(endianness() !== 'LE', 'the sample is from a little-endian machine'),
  (remoteAddress, expected) => {
    const socket = { localPort: 8000, remotePort: 0xc001, remoteAddress };
    expect(parseConnections(`${tcp}\n${tcp6}`).get(connectionKey(socket) ?? '')).toEqual(expected);
  },
);

test('a socket without a peer has no key', () => {
  expect(connectionKey({})).toBeUndefined();
});

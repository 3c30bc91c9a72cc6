import { expect, test } from 'vitest';
import { localAddresses, ownAddresses } from '../../../../portwrap/network/own-addresses.ts';

const table = `Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 172.31.0.0/24 2 0 2
        |-- 172.31.0.0
           /24 link UNICAST
        |-- 172.31.0.1
           /32 host LOCAL
        |-- 172.31.0.255
           /32 link BROADCAST
`;

test('the table of the kernel tells the addresses of interfaces without a carrier too', () => {
  expect(localAddresses(table)).toEqual(['172.31.0.1']);
});

test("this host's loopback is among its own addresses, once", () => {
  expect(ownAddresses().filter((address) => address === '127.0.0.1')).toHaveLength(1);
});

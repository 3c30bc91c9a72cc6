// A peer without an address: on a Unix socket, or gone.
import { expect, test } from 'vitest';
import { trustedAddresses } from '../../../../proxy/listen/trusted-proxies.ts';

test('a client that has reset its TCP connection is not taken for a peer on a Unix socket', () => {
  expect(trustedAddresses(['unix'], () => false)?.has(undefined)).toBe(false);
  expect(trustedAddresses(['unix'], () => true)?.has(undefined)).toBe(true);
  expect(trustedAddresses(['10.0.0.0/8'], () => true)?.has(undefined)).toBe(false);
});

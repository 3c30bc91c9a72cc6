import { expect, test } from 'vitest';
import { portOf } from '../../../../config/system/url-port.ts';

test.each([
  ['http://hub', 80],
  ['https://hub', 443],
  ['https://hub:443/', 443],
  ['http://hub:443', 443],
  ['https://hub:80', 80],
  ['https://[::1]:8443/path', 8443],
])('%s means port %i', (url, port) => {
  expect(portOf(new URL(url))).toBe(port);
});

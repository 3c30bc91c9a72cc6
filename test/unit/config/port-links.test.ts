// The keys that port_links needs, and what it is refused with.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../config/load.ts';

const hub = 'hubs: [{name: hub, token_env: T}]\n';
const page = 'admin_page: {token_env: T}\n';
const proxy = 'proxy: {}\n';

test('port_links is null unless it is set, and has an address and a time by default', () => {
  expect(parseConfig(`${hub}${page}${proxy}`, 'f').port_links).toBeNull();
  expect(parseConfig(`${hub}${page}${proxy}port_links: {}`, 'f').port_links).toEqual({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 8097 },
    domain: null,
    idle_timeout: 300,
  });
});

test.each([
  [`${hub}${proxy}port_links: {}`, /port_links: needs admin_page/],
  [`${hub}${page}port_links: {}`, /port_links: needs proxy/],
  [
    `${hub}${page}${proxy}port_links: {listen: "unix:/run/x"}`,
    /port_links\.listen: .* must be a TCP address/,
  ],
  [
    `${hub}${page}${proxy}port_links: {listen: "127.0.0.1:0"}`,
    /port_links\.listen: .* must be a TCP address/,
  ],
  [
    `${hub}${page}${proxy}port_links: {domain: ports.example.org}`,
    /port_links\.domain: .* needs admin_page\.hub_url/,
  ],
  [
    `${hub}${proxy}admin_page: {token_env: T, hub_url: "https://hub.example"}\nport_links: {domain: "Ports.example:1"}`,
    /port_links\.domain: .* must be a host name/,
  ],
])('%j is refused', (text, problem) => {
  expect(() => parseConfig(text, 'f')).toThrow(problem);
});

// Who may be believed about where a request comes from. Without a list everybody is, as by
// configurable-http-proxy. With one, what anybody else says about it is taken out of the request, and
// X-Real-IP tells the target the address of the client.
// Not here: what the proxy itself adds (engines/relay/http1/forwarded.ts).
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface TrustedAddresses {
  /** Whether to believe this peer; undefined is one on a unix socket. */
  has(address: string | undefined): boolean;
}

/** Undefined if one of them is neither an address, nor a network, nor "unix". */
export function trustedAddresses(list: readonly string[]): TrustedAddresses | undefined {
  const networks = new BlockList();
  for (const text of list) {
    if (text === 'unix') continue;
    const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    if (version === 0 || Number(length ?? 0) > bits) return undefined;
    networks.addSubnet(address, Number(length ?? bits), version === 4 ? 'ipv4' : 'ipv6');
  }
  const unix = list.includes('unix');
  return {
    has: (address) => {
      if (address === undefined) return unix;
      const version = isIP(address);
      return version !== 0 && networks.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** The address of the client: of the last proxy on the way that is not trusted, or of the peer. Not by proxy-addr 2:
 * for it `0300.0250.1.1` in X-Forwarded-For is the trusted 192.168.1.1, `unknown` is an address, and 0.0.0.0/0 none. */
export function clientAddress(
  req: IncomingMessage,
  trusted: TrustedAddresses | undefined,
): string | undefined {
  let address = plainAddress(req.socket.remoteAddress);
  if (trusted === undefined) return address;
  const known = req.headers['x-forwarded-for'];
  const hops = (Array.isArray(known) ? known.join() : (known ?? '')).split(',');
  while (trusted.has(address)) {
    const hop = plainAddress(hops.pop()?.trim());
    if (hop === undefined || isIP(hop) === 0) return address;
    address = hop;
  }
  return address;
}

/** Takes out of the request what its sender may not say, and puts in X-Real-IP. */
export function applyTrust(req: IncomingMessage, trusted: TrustedAddresses, realIp: boolean): void {
  const address = clientAddress(req, trusted);
  const believed = trusted.has(plainAddress(req.socket.remoteAddress));
  // Servers that turn fields into variables read "_" as "-".
  const drops = (field: string): boolean => {
    const name = field.replaceAll('_', '-');
    return name === 'x-real-ip' || (!believed && claims.has(name));
  };
  const { headers, rawHeaders } = req;
  for (const name of Object.keys(headers)) if (drops(name)) delete headers[name];
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!drops(name.toLowerCase())) kept.push(name, rawHeaders[at + 1] ?? '');
  }
  if (realIp && address !== undefined) {
    kept.push('X-Real-IP', address);
    headers['x-real-ip'] = address;
  }
  req.rawHeaders = kept;
}

/** An IPv4 client of a listener on IPv6 is one on IPv4. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '');
}

const claims = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
]);

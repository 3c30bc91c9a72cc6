// Which peers may send X-Forwarded-* and similar fields. Without --trusted-proxy all may, as in
// configurable-http-proxy. With it, such fields of other peers are removed, and X-Real-IP carries the client's address.
// Not here: the fields that the proxy adds (engines/relay/http1/forwarded.ts).
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface TrustedAddresses {
  /** Whether the peer is trusted; one without an address is on a Unix socket, or has reset its TCP connection. */
  has(address: string | undefined): boolean;
}

/** Undefined if an entry is neither an address, nor a network, nor "unix". `isUnix` says whether the listener is a Unix
 * socket. */
export function trustedAddresses(
  list: readonly string[],
  isUnix: () => boolean,
): TrustedAddresses | undefined {
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
      if (address === undefined) return unix && isUnix();
      const version = isIP(address);
      return version !== 0 && networks.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** The client's address: the last hop in X-Forwarded-For that is not trusted, or the peer. Not by proxy-addr 2, which
 * reads `0300.0250.1.1` as the trusted 192.168.1.1, accepts `unknown` as an address, and rejects 0.0.0.0/0. */
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

/** Removes the fields that the peer may not send, and adds X-Real-IP. */
export function applyTrust(req: IncomingMessage, trusted: TrustedAddresses, realIp: boolean): void {
  const address = clientAddress(req, trusted);
  const believed = trusted.has(plainAddress(req.socket.remoteAddress));
  // Servers that turn fields into variables (CGI, WSGI) do not distinguish "_" from "-".
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

/** Converts an IPv4-mapped IPv6 address to IPv4. */
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

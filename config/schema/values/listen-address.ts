// The address that one of our servers listens on: "HOST:PORT", "[IPv6]:PORT" or "unix:/PATH", parsed.
import { z } from 'zod';

const tcp =
  /^(?:\[(?<ipv6>[0-9a-fA-F:.]{2,45})\]|(?<host>[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)):(?<port>\d{1,5})$/;
const unix = /^unix:(?<path>\/[^\0]*[^\0/])$/;
// sun_path of sockaddr_un has 108 bytes, the last of them NUL: unix(7).
const longestSocketPath = 107;

const rule = `must be ADDRESS:PORT, such as 127.0.0.1:8095, or unix:/PATH with at most ${longestSocketPath} bytes`;

export const listenAddress = z.string().transform((text, ctx): TcpAddress | UnixAddress => {
  const path = unix.exec(text)?.groups?.path;
  if (path !== undefined && Buffer.byteLength(path) <= longestSocketPath) return { kind: 'unix', path };
  const { ipv6, host = ipv6, port } = tcp.exec(text)?.groups ?? {};
  if (host !== undefined && Number(port) <= 65_535) return { kind: 'tcp', host, port: Number(port) };
  ctx.addIssue(rule);
  return z.NEVER;
});

interface TcpAddress {
  readonly kind: 'tcp';
  /** An IP address, without brackets, or a host name. */
  readonly host: string;
  /** 0 to 65535; 0: any free port. */
  readonly port: number;
}

interface UnixAddress {
  readonly kind: 'unix';
  /** Absolute, at most 107 bytes. */
  readonly path: string;
}

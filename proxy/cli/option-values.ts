// Single values of the command line: read, or refused with a message that names the option and the value.
// Not here: what they mean together (options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { ListenAddress } from '../listen/listen.ts';
import { trustedAddresses } from '../listen/trusted-proxies.ts';
import { type AccessLogFormat, accessLogFormats } from '../telemetry/access-line.ts';

export function address(socketPath: string | undefined, ip: string, port: number): ListenAddress {
  return socketPath === undefined ? { ip: ip === '*' ? '' : ip, port } : { socketPath };
}

export function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw usage(`--${name} must be a number, not ${JSON.stringify(text)}`);
  const value = Number(text);
  if (name.endsWith('port') && value > 65535) throw usage(`--${name} must be at most 65535, not ${value}`);
  return value;
}

export function customHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  if (colon < 0) throw usage(`A colon was expected in custom header: ${text}`);
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw usage(`not the name of a header: ${name}`);
  if (/[^\t -~\x80-\xff]/.test(value)) throw usage(`not the value of a header: ${JSON.stringify(value)}`);
  if (/^(?:content-length|transfer-encoding|connection|upgrade|expect|te)$/i.test(name)) {
    throw usage(`the header ${name} belongs to the connection and cannot be set`);
  }
  return [name, value];
}

export function engineName(text: string): 'relay' | 'http-proxy' {
  if (text === 'relay' || text === 'http-proxy') return text;
  throw usage(`--engine must be relay or http-proxy, not ${JSON.stringify(text)}`);
}

export function logLevel(text: string): 'debug' | 'info' | 'warn' | 'error' {
  const level = text.toLowerCase();
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return level;
  throw usage(`--log-level must be debug, info, warn or error, not ${JSON.stringify(text)}`);
}

export function usage(message: string, cause?: unknown): PortwrapError {
  return new PortwrapError('USAGE', message, { cause });
}

export function accessLogFormat(text: string): AccessLogFormat {
  const format = accessLogFormats.find((name) => name === text);
  if (format !== undefined) return format;
  throw usage(`--access-log must be ${accessLogFormats.join(', ')}, not ${JSON.stringify(text)}`);
}

export function trustedProxies(list: readonly string[]): readonly string[] {
  for (const one of list) {
    if (trustedAddresses([one]) === undefined)
      throw usage(
        `--trusted-proxy must be an address, a network such as 10.0.0.0/8, or unix, not ${JSON.stringify(one)}`,
      );
  }
  return list;
}

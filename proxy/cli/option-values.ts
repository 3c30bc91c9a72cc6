// The types of option values of the proxy.
// Not here: the options (program.ts), checks across options (options.ts).
import type { ValueType } from '../../config/command-line/program.ts';
import { wholeNumber } from '../../config/command-line/values.ts';
import { PortwrapError } from '../../config/errors.ts';
import { trustedAddresses } from '../listen/trusted-proxies.ts';

export const portNumber = wholeNumber(0, 65_535, 'a port number');

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** Case-insensitive, as in configurable-http-proxy. */
export const logLevel: ValueType<(typeof logLevels)[number]> = {
  parse: (text) => logLevels.find((level) => level === text.toLowerCase()),
  expected: 'debug, info, warn or error',
};

export const trustedProxy: ValueType<string> = {
  parse: (text) => (trustedAddresses([text], () => false) === undefined ? undefined : text),
  expected: 'an address, a network such as 10.0.0.0/8, or unix',
};

export const customHeader: ValueType<readonly [name: string, value: string]> = {
  parse: (text) => {
    const colon = text.indexOf(':');
    if (colon < 0) throw usage(`A colon was expected in custom header: ${text}`);
    const name = text.slice(0, colon).trim();
    const value = text.slice(colon + 1).trim();
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))
      throw usage(`--custom-header: ${JSON.stringify(name)} is not a valid header name`);
    if (/[^\t -~\x80-\xff]/.test(value))
      throw usage(`--custom-header: ${JSON.stringify(value)} is not a valid header value`);
    if (/^(?:content-length|transfer-encoding|connection|upgrade|expect|te)$/i.test(name))
      throw usage(`--custom-header: the proxy itself sets ${name}, for each connection`);
    return [name, value];
  },
  expected: 'NAME:VALUE',
};

export function address(socketPath: string | undefined, ip: string, port: number) {
  return socketPath === undefined ? { ip: ip === '*' ? '' : ip, port } : { socketPath };
}

export function usage(message: string, cause?: unknown): PortwrapError {
  return new PortwrapError('USAGE', message, { cause });
}

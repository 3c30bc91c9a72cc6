// Hop-by-hop fields: never forwarded, in either direction, by either engine (RFC 9110 section 7.6.1).
// Not here: framing, which the engines write.

/** Fields that are not forwarded, in lower case; the callers handle Content-Length and Host. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
]);

/** The fields that the options of a Connection field name, except those that are never forwarded anyway. */
export function namedByConnection(options: readonly string[]): readonly string[] {
  return options.filter((option) => option !== '' && !neverOptions.has(option) && !hopByHop.has(option));
}

/** The options of a Connection field, in lower case. */
export function connectionOptions(value: string): string[] {
  return value.toLowerCase().split(/[\t ]*,[\t ]*/);
}

/** Fields that a Connection option cannot remove: without them the message would change its meaning. */
const neverOptions: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'authorization',
  'cookie',
  'set-cookie',
  'location',
  'close',
  // Nor the fields with which proxies describe the client.
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

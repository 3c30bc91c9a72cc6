// Which fields belong to one connection and are never passed on, in either direction, by either engine.
// Not here: framing, which the engines write themselves.

/** Fields that end here, in lower case; Content-Length and Host are looked after by the callers. */
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

/** The fields that the options of a Connection field name, beyond those that always end here. */
export function namedByConnection(options: readonly string[]): readonly string[] {
  return options.filter((option) => option !== '' && !neverOptions.has(option) && !hopByHop.has(option));
}

/** The options of a Connection field, in lower case. */
export function connectionOptions(value: string): string[] {
  return value.toLowerCase().split(/[\t ]*,[\t ]*/);
}

/** Fields that a Connection option cannot take away: without them the message would mean another thing. */
const neverOptions: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'authorization',
  'cookie',
  'set-cookie',
  'location',
  'close',
  // Nor what proxies say about who asks.
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

// Which fields belong to one connection and are never passed on, in either direction.
// Not here: framing (requestHead.ts, exchange.ts write their own).

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

/** Fields that a Connection option cannot take away: without them the message would mean another thing. */
export const neverOptions: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'authorization',
  'cookie',
  'set-cookie',
  'location',
  'close',
  'keep-alive',
  'upgrade',
]);

/** The fields that Connection options name, beyond those that always end here. */
export function namedByConnection(options: readonly string[]): readonly string[] {
  return options.filter((option) => option !== '' && !neverOptions.has(option) && !hopByHop.has(option));
}

// Removes hop-by-hop fields from a message's parsed headers, before the library copies them.
// Not here: the list of fields (http/hop-by-hop.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectionOptions, hopByHop, namedByConnection } from '../../http/hop-by-hop.ts';

export function requestFields(req: IncomingMessage, upgrade: boolean): void {
  const { upgrade: protocol, 'transfer-encoding': coding, te } = req.headers;
  strip(req.headers, req.headers.connection);
  // The library takes the framing from these headers: keep only what node:http parsed.
  if (coding !== undefined) req.headers['transfer-encoding'] = 'chunked';
  if (typeof te === 'string' && /\btrailers\b/i.test(te)) req.headers.te = 'trailers';
  if (upgrade) Object.assign(req.headers, { connection: 'Upgrade', upgrade: protocol });
}

export function responseFields(response: IncomingMessage, res: ServerResponse): void {
  strip(response.headers, response.headers.connection);
  // The library drops trailers; and node:http throws on a Trailer field if the response is not chunked.
  delete response.headers.trailer;
  if (response.statusCode === 204) delete response.headers['content-length'];
  response.headers.connection = res.shouldKeepAlive ? 'keep-alive' : 'close';
}

function strip(headers: NodeJS.Dict<string | string[]>, connection: string | undefined): void {
  for (const name of namedByConnection(connectionOptions(connection ?? ''))) delete headers[name];
  for (const name of hopByHop) delete headers[name];
}

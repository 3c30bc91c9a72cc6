// Takes out of a message's parsed headers what belongs to one connection, before the library copies them.
// Not here: which fields those are (http/hop-by-hop.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectionOptions, hopByHop, namedByConnection } from '../../http/hop-by-hop.ts';

export function requestFields(req: IncomingMessage, upgrade: boolean): void {
  const { upgrade: protocol, 'transfer-encoding': coding, te } = req.headers;
  strip(req.headers, req.headers.connection);
  // The library takes the framing from here: what node:http parsed, and nothing else.
  if (coding !== undefined) req.headers['transfer-encoding'] = 'chunked';
  if (typeof te === 'string' && /\btrailers\b/i.test(te)) req.headers.te = 'trailers';
  if (upgrade) Object.assign(req.headers, { connection: 'Upgrade', upgrade: protocol });
}

export function responseFields(answer: IncomingMessage, res: ServerResponse): void {
  strip(answer.headers, answer.headers.connection);
  // The library drops trailers; and where there are no chunks, node:http throws on an announcement of them.
  delete answer.headers.trailer;
  if (answer.statusCode === 204) delete answer.headers['content-length'];
  answer.headers.connection = res.shouldKeepAlive ? 'keep-alive' : 'close';
}

function strip(headers: NodeJS.Dict<string | string[]>, connection: string | undefined): void {
  for (const name of namedByConnection(connectionOptions(connection ?? ''))) delete headers[name];
  for (const name of hopByHop) delete headers[name];
}

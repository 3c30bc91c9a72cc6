// Writes the header section of a response to the client: the upstream's fields in their order and spelling, without
// hop-by-hop fields. node:http writes the framing.
// Not here: parsing (response-head.ts).
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { hopByHop, namedByConnection } from '../../../http/hop-by-hop.ts';
import type { Target } from '../../../http/target.ts';
import type { EngineOptions } from '../../engine.ts';
import { rewriteLocation } from './location.ts';
import type { ResponseHead } from './response-head.ts';

export function writeResponseHead(
  res: ServerResponse,
  head: ResponseHead,
  req: IncomingMessage,
  target: Target,
  options: Pick<EngineOptions, 'autoRewrite' | 'protocolRewrite'>,
): void {
  const fields = endToEnd(head, mayHaveTrailers(head, req));
  if (options.autoRewrite || options.protocolRewrite !== undefined) {
    rewriteLocation(fields, head.status, req, target, options);
  }
  res.writeHead(head.status, head.reason, fields);
}

/** Whether the client gets a chunked body, which may end with trailers. */
function mayHaveTrailers(head: ResponseHead, req: IncomingMessage): boolean {
  const bodyless = req.method === 'HEAD' || head.status === 204 || head.status === 304;
  return head.chunked && !bodyless && req.httpVersionMinor > 0;
}

/** The end-to-end fields of the response. */
export function endToEnd(head: ResponseHead, trailers: boolean): string[] {
  const named = head.connection.length === 0 ? [] : namedByConnection(head.connection);
  const fields: string[] = [];
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = head.fields[at] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || (named.length > 0 && named.includes(lower))) continue;
    if (lower === 'trailer' && !trailers) continue;
    if (lower === 'content-length' && head.status === 204) continue;
    fields.push(name, head.fields[at + 1] ?? '');
  }
  return fields;
}

/** Forwards 103; other 1xx responses, except 100 (response-writer.ts), have no meaning for a client. */
export function relayInformation(res: ServerResponse, head: ResponseHead, req: IncomingMessage): void {
  if (res.headersSent || req.httpVersionMinor === 0) return;
  if (head.status !== 103) return;
  const hints: OutgoingHttpHeaders & { link: string[] } = { link: [] };
  for (let at = 0; at < head.fields.length; at += 2) {
    if ((head.fields[at] ?? '').toLowerCase() === 'link') hints.link.push(head.fields[at + 1] ?? '');
  }
  try {
    res.writeEarlyHints(hints as Record<string, string[]>);
  } catch {
    // node:http rejects some Link values that the grammar allows; early hints are optional.
  }
}

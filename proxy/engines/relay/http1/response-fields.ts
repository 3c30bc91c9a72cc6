// The head of an answer as the client gets it: the upstream's fields in their order and spelling, less those
// that belong to its connection. node:http writes the framing of the client's side.
// Not here: reading the head (response-head.ts).
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

/** Whether the client gets chunks, behind which there may be trailers. */
function mayHaveTrailers(head: ResponseHead, req: IncomingMessage): boolean {
  const bodyless = req.method === 'HEAD' || head.status === 204 || head.status === 304;
  return head.chunked && !bodyless && req.httpVersionMinor > 0;
}

/** The fields that are meant for the client. */
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

/** Passes on 100 (asked for by Expect) and 103; other 1xx answers mean nothing to a client. */
export function relayInformation(res: ServerResponse, head: ResponseHead, req: IncomingMessage): void {
  if (res.headersSent || req.httpVersionMinor === 0) return;
  if (head.status === 100 && req.headers.expect !== undefined) res.writeContinue();
  if (head.status !== 103) return;
  const hints: OutgoingHttpHeaders & { link: string[] } = { link: [] };
  for (let at = 0; at < head.fields.length; at += 2) {
    if ((head.fields[at] ?? '').toLowerCase() === 'link') hints.link.push(head.fields[at + 1] ?? '');
  }
  try {
    res.writeEarlyHints(hints as Record<string, string[]>);
  } catch {
    // node:http refuses some Link values that the grammar allows; a hint may be lost.
  }
}

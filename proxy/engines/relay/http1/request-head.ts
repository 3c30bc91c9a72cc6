// Builds the header section of a request for the upstream: the client's fields byte for byte, without hop-by-hop
// fields, plus the proxy's own. Framing is never copied: it is written from what node:http parsed.
// Not here: sending it (engines/relay/exchange.ts, engines/relay/upgrade.ts).
import type { IncomingMessage } from 'node:http';
import { connectionOptions, hopByHop, namedByConnection } from '../../../http/hop-by-hop.ts';
import type { EngineOptions, ForwardContext } from '../../engine.ts';
import { forwardedFields, isForwarded } from './forwarded.ts';

/** How the body of a request is delimited. */
export type RequestBody = 'none' | 'length' | 'chunked';

export function requestBody(req: IncomingMessage): RequestBody {
  if (req.headers['transfer-encoding'] !== undefined) return 'chunked';
  const length = req.headers['content-length'];
  return length === undefined || Number(length) === 0 ? 'none' : 'length';
}

export type HeadOptions = Pick<EngineOptions, 'xForward' | 'changeOrigin' | 'customHeaders'>;

/** Request line, fields and the empty line, as a latin1 string. */
export function requestHead(
  req: IncomingMessage,
  context: ForwardContext,
  options: HeadOptions,
  upgrade: boolean,
): string {
  const raw = req.rawHeaders;
  const custom = options.customHeaders;
  const dropped = droppedFields(req, options);
  let head = `${req.method} ${context.path} HTTP/1.1\r\n`;
  let host = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const lower = name.toLowerCase();
    // Request trailers are not forwarded, so the field that announces them is not either.
    if (hopByHop.has(lower) || lower === 'content-length' || lower === 'trailer') continue;
    if (options.xForward && isForwarded(lower, upgrade)) continue;
    if (dropped?.has(lower)) continue;
    if (lower === 'host') host = true;
    head += `${name}: ${raw[at + 1]}\r\n`;
  }
  if (!host && !custom.some(([name]) => name.toLowerCase() === 'host')) {
    head += `Host: ${context.target.host}\r\n`;
  }
  if (options.xForward) head += forwardedFields(req, upgrade);
  for (const [name, value] of custom) head += `${name}: ${value}\r\n`;
  const { te } = req.headers;
  if (typeof te === 'string' && /(?:^|,)[\t ]*trailers[\t ]*(?:,|$)/i.test(te)) {
    head += 'TE: trailers\r\nConnection: TE\r\n';
  }
  if (upgrade) return `${head}Connection: Upgrade\r\nUpgrade: ${req.headers.upgrade}\r\n\r\n`;
  return `${head}${framingFields(req)}\r\n`;
}

function framingFields(req: IncomingMessage): string {
  const expect = req.headers.expect === undefined ? '' : 'Expect: 100-continue\r\n';
  if (req.headers['transfer-encoding'] !== undefined) return `Transfer-Encoding: chunked\r\n${expect}`;
  const length = req.headers['content-length'];
  return length === undefined ? '' : `Content-Length: ${length}\r\n${expect}`;
}

/** Fields of this request that are not forwarded because of its Connection field or our options; usually none. */
function droppedFields(req: IncomingMessage, options: HeadOptions): Set<string> | undefined {
  const connection = req.headers.connection;
  const named =
    connection === undefined || connection === 'keep-alive' || connection === 'close'
      ? []
      : namedByConnection(connectionOptions(connection));
  if (named.length === 0 && options.customHeaders.length === 0 && !options.changeOrigin) return undefined;
  const dropped = new Set(named);
  for (const [name] of options.customHeaders) dropped.add(name.toLowerCase());
  if (options.changeOrigin) dropped.add('host');
  return dropped;
}

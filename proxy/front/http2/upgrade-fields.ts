// Converts an extended CONNECT for a WebSocket (RFC 8441, section 5) to the upgrade that HTTP/1.1 has for it.
// Not here: the fields of every request (request-fields.ts), the response (tunnel-response.ts).
import { malformed, type RefusedFields, type RequestFields } from './request-fields.ts';

/** `key` is the Sec-WebSocket-Key for the target: HTTP/2 has none. */
export function upgradeFields(
  asked: RequestFields,
  endsHere: boolean,
  key: string,
): RequestFields | RefusedFields {
  const { protocol, byName } = asked;
  if (protocol !== 'websocket') return { status: 501, reason: 'a protocol other than websocket' };
  if (endsHere) return malformed('a WebSocket that ends with its request');
  if (byName['content-length'] !== undefined) return malformed('a WebSocket with Content-Length');
  if (byName['sec-websocket-version'] === undefined) return malformed('no Sec-WebSocket-Version');
  const own = { connection: 'Upgrade', upgrade: 'websocket', [keyField]: key };
  const list = asked.list.filter((_, at, all) => all[at - (at % 2)] !== keyField);
  for (const [name, value] of Object.entries(own)) list.push(name, value);
  return { ...asked, method: 'GET', list, byName: Object.assign(byName, own) };
}

const keyField = 'sec-websocket-key';

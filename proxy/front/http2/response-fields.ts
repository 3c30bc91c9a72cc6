// Converts the fields of a response from HTTP/1.1 to HTTP/2 (RFC 9113, section 8): names in lower case, without
// connection-specific fields.
// Not here: sending them (stream-response.ts), the fields of a request (request-fields.ts).
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { ofConnection } from './request-fields.ts';

/** `list` alternates names and values. */
export function responseFields(status: number, list: readonly string[]): OutgoingHttpHeaders {
  const fields = fieldsOf(list);
  fields[':status'] = status;
  // it would describe the empty body, and be wrong
  if (status === 204 || status === 205) delete fields['content-length'];
  return fields;
}

/** Names in lower case; the values of a repeated field are joined. */
export function fieldsOf(list: readonly string[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null);
  for (let at = 0; at < list.length; at += 2) {
    const name = (list[at] ?? '').toLowerCase();
    const value = list[at + 1] ?? '';
    if (ofConnection.has(name)) continue;
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (name === 'set-cookie') fields[name] = [known, value].flat() as string[];
    // node:http2 throws for some repeated fields; a list in one field means the same (RFC 9110, section 5.3)
    else if (known !== value) fields[name] = `${known}, ${value}`;
  }
  return fields;
}

/** The fields that writeHead() and addTrailers() of node:http accept, as a list that alternates names and values. */
export function fieldList(
  fields: OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | readonly [string, string][] | undefined,
): string[] {
  if (fields === undefined) return [];
  if (Array.isArray(fields)) return fields.flat().map(String);
  const list: string[] = [];
  for (const [name, value] of Object.entries(fields as OutgoingHttpHeaders)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) list.push(name, `${one}`);
  }
  return list;
}

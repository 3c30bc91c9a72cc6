// The X-Forwarded-* fields, as configurable-http-proxy sends them: for, port and proto are appended to the client's
// values, host is kept if the client sent one. JupyterHub reads the first proto, tornado the last.
// Not here: which clients are trusted (listen/trusted-proxies.ts).
import type { IncomingMessage } from 'node:http';

/** Whether the field, in lower case, is written by forwardedFields and must not be copied. */
export function isForwarded(name: string, upgrade: boolean): boolean {
  if (!name.startsWith('x-forwarded-')) return false;
  if (name === 'x-forwarded-host') return !upgrade;
  return name === 'x-forwarded-for' || name === 'x-forwarded-port' || name === 'x-forwarded-proto';
}

export function forwardedFields(req: IncomingMessage, upgrade: boolean): string {
  const encrypted = 'encrypted' in req.socket;
  const host = req.headers.host ?? '';
  const port = /:(\d+)$/.exec(host)?.[1] ?? (encrypted ? '443' : '80');
  const proto = upgrade ? (encrypted ? 'wss' : 'ws') : encrypted ? 'https' : 'http';
  let fields = '';
  const address = req.socket.remoteAddress;
  if (address !== undefined || req.headers['x-forwarded-for'] !== undefined) {
    fields += `X-Forwarded-For: ${appended(req, 'x-forwarded-for', address ?? '')}\r\n`;
  }
  fields += `X-Forwarded-Port: ${appended(req, 'x-forwarded-port', port)}\r\n`;
  fields += `X-Forwarded-Proto: ${appended(req, 'x-forwarded-proto', proto)}\r\n`;
  if (upgrade) return fields;
  const known = req.headers['x-forwarded-host'];
  return `${fields}X-Forwarded-Host: ${typeof known === 'string' && known !== '' ? known : host}\r\n`;
}

/** Without a space after the comma, as configurable-http-proxy. */
function appended(req: IncomingMessage, name: string, value: string): string {
  const known = req.headers[name];
  if (known === undefined || known === '') return value;
  return value === '' ? `${known}` : `${known},${value}`;
}

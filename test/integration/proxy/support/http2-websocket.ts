// WebSockets over HTTP/2 (RFC 8441) for tests: asking for one, and frames (RFC 6455).
// Not here: other requests over HTTP/2 (http2.ts).
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { expect } from 'vitest';
import { ask } from './http2.ts';

export const webSocket = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  'sec-websocket-version': '13',
};

export function open(session: ClientHttp2Session, fields: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return ask(session, { ...webSocket, ':path': '/ws', ...fields }, false);
}

/** The stream, when it is open. */
export async function opened(stream: ClientHttp2Stream): Promise<ClientHttp2Stream> {
  const [headers] = await once(stream, 'response');
  expect(headers[':status']).toBe(200);
  return stream;
}

/** A short text message, masked with zeros. */
export function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** With code 1000. */
export const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);

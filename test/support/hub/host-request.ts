// One HTTPS request, or a WebSocket, to a host that the proxy of a test hub routes by its name. The name is not looked up, and
// the certificate is not checked. Not here: browsers (support/browser/).
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { WebSocket } from 'ws';

export interface HostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

type Fields = Readonly<Record<string, string>>;

/** As a browser opens a page, unless the fields say otherwise. Redirects are not followed. */
export function askHost(address: string, fields: Fields = {}, method = 'GET'): Promise<HostAnswer> {
  const url = new URL(address);
  const headers = { host: url.host, ...fields };
  // not url.pathname: a browser may send "//"
  const path = address.slice(url.origin.length) || '/';
  const options = { host: '127.0.0.1', port: url.port, path, method, headers, rejectUnauthorized: false };
  const sent = request({ ...options, servername: url.hostname, agent: false });
  return new Promise((resolve, reject) => {
    sent.on('error', reject).end();
    sent.once('response', async (answer: IncomingMessage) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8')) text += part;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
    });
  });
}

/** The status with which it is answered; the first message and the socket if it opens, for the caller to close. */
export async function openSocket(address: string, origin: string, fields: Fields = {}) {
  const url = new URL(address);
  const { host, port } = url;
  const socket = new WebSocket(`wss://127.0.0.1:${port}${url.pathname}`, {
    ...{ origin, headers: { host, ...fields }, rejectUnauthorized: false, servername: url.hostname },
  });
  socket.on('error', () => {});
  const refused = once(socket, 'unexpected-response').then(([, answer]) => {
    socket.terminate();
    return { status: Number(answer.statusCode), first: null, socket };
  });
  const opened = once(socket, 'message').then(([data]) => ({ status: 101, first: String(data), socket }));
  return Promise.race([opened, refused]);
}

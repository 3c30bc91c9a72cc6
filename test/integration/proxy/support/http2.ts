// HTTP/2 clients for tests, of node:http2. Not here: frames for other clients (http2-frames.ts).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { onTestFinished } from 'vitest';
import { certificates } from './certificates.ts';
import { startedProxy } from './started-proxy.ts';
import { bodyOf } from './upstream.ts';

/** Certificates for one test file, and proxies that use them. */
export function http2Proxies() {
  const certs = certificates();
  const server = certs.issue('server', 'DNS:localhost,IP:127.0.0.1');
  const ca = readFileSync(certs.ca);
  const tls = ['--http2', '--ssl-key', server.key, '--ssl-cert', server.cert];
  const connected = (port: number): ClientHttp2Session => {
    const session = connect(`https://127.0.0.1:${port}`, { ca, ...patient });
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    return session;
  };
  const started = async (target: string, ...more: string[]) => {
    const proxy = await startedProxy([...tls, '--default-target', target, ...more]);
    return { proxy, session: connected(proxy.port) };
  };
  return { ca, tls, started, connected };
}

/** node:http2's own limits of a client, which are not tested here. */
const patient = { maxSessionMemory: 1000, maxSendHeaderBlockLength: 300_000 };

export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  endStream = true,
): ClientHttp2Stream {
  const stream = session.request(headers, { endStream });
  stream.on('error', () => undefined);
  return stream;
}

export async function answerOf(stream: ClientHttp2Stream) {
  const [headers] = await once(stream, 'response');
  return { headers, body: await bodyOf(stream) };
}

// One upload or download over HTTP/1.1 or HTTP/2, with windows of the client that are no limit.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { request as startRequest } from 'node:https';
import type { Readable, Writable } from 'node:stream';

export type Direction = 'up' | 'down';

/** Seconds from the request to the end of the response, on a connection that is open already. */
export async function transfer(
  version: 'HTTP/1.1' | 'HTTP/2',
  direction: Direction,
  port: number,
  bytes: number,
): Promise<number> {
  return version === 'HTTP/2' ? overHttp2(direction, port, bytes) : overHttp1(direction, port, bytes);
}

async function overHttp2(direction: Direction, port: number, bytes: number): Promise<number> {
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: clientWindow },
  });
  await once(session, 'connect');
  session.setLocalWindowSize(clientWindow);
  try {
    await read(session.request({ ':path': '/small' }));
    const began = performance.now();
    const headers = direction === 'up' ? { ':method': 'PUT', ':path': '/upload' } : { ':path': `/${bytes}` };
    const stream = session.request(headers, { endStream: direction === 'down' });
    if (direction === 'up') write(stream, bytes);
    const got = await read(stream);
    check(direction, got, bytes);
    return (performance.now() - began) / 1000;
  } finally {
    session.destroy();
  }
}

async function overHttp1(direction: Direction, port: number, bytes: number): Promise<number> {
  const { Agent } = await import('node:https');
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const ask = async (method: string, path: string, length: number): Promise<string> => {
    const fields = length > 0 ? { 'Content-Length': length } : {};
    const request = startRequest({ agent, host: '127.0.0.1', port, method, path, headers: fields });
    if (length > 0) write(request, length);
    else request.end();
    const [response] = await once(request, 'response');
    return read(response);
  };
  try {
    await ask('GET', '/small', 0);
    const began = performance.now();
    const got = direction === 'up' ? await ask('PUT', '/upload', bytes) : await ask('GET', `/${bytes}`, 0);
    check(direction, got, bytes);
    return (performance.now() - began) / 1000;
  } finally {
    agent.destroy();
  }
}

function check(direction: Direction, got: string, bytes: number): void {
  const arrived = direction === 'up' ? Number(got) : got.length;
  if (arrived !== bytes) throw new Error(`${arrived} bytes arrived instead of ${bytes}`);
}

function write(to: Writable, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = Buffer.alloc(Math.min(left, 64 * 1024), 'x');
      left -= part.length;
      if (!to.write(part) && left > 0) {
        to.once('drain', more);
        return;
      }
    }
    to.end();
  };
  more();
}

async function read(from: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

/** Bytes. */
const clientWindow = 16 * 1024 * 1024;

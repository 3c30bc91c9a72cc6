// What a program is asked, and what its response counts as: real programs on real ports.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { askProgram } from '../../../../spawner/open-ports/ask-program.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const times = { first: 200, all: 10_000 };

/** Asks the program, and counts the connections that this takes. */
async function ask(server: Server, within = times) {
  const port = await portOf(server);
  let connections = 0;
  const connectTo = async () => {
    connections += 1;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const heard = await askProgram(connectTo, port, within);
  return { ...heard, connections, port };
}

const page =
  (title: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>${title}</title>`);

test('a page is asked for once, as a browser at localhost would, without any credential', async () => {
  const requests: { method?: string; url?: string; fields: string[] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method, url: request.url, fields: request.rawHeaders } as never);
    page('A &lt;b&gt;')(request, response as never);
  });
  const { port, connections, ...heard } = await ask(server);
  expect(heard).toEqual({ spoken: 'http', status: 200, title: 'A <b>' });
  expect(connections).toBe(1);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ method: 'GET', url: '/' });
  const names = (requests[0]?.fields ?? [])
    .filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase());
  expect(names.sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  expect(requests[0]?.fields).toContain(`localhost:${port}`);
});

test('a redirect is followed to the same port only, and not for ever', { timeout: 60_000 }, async () => {
  const own = createServer((request, response) => {
    if (request.url === '/') return void response.writeHead(302, { location: '/app?x=1' }).end();
    page(String(request.url))(request, response);
  });
  expect(await ask(own)).toMatchObject({ title: '/app?x=1', connections: 2 });
  const circle = createServer((_request, response) => void response.writeHead(302, { location: '/' }).end());
  expect(await ask(circle)).toMatchObject({ spoken: 'http', status: 302, title: null, connections: 3 });
  for (const location of [
    'http://example.org/',
    '//example.org/',
    'http://localhost:1/',
    'file:///etc/passwd',
  ]) {
    const other = createServer((_request, response) => void response.writeHead(302, { location }).end());
    expect(await ask(other)).toMatchObject({ spoken: 'http', status: 302, title: null, connections: 1 });
  }
});

const greeting = (bytes: Buffer) =>
  createTcpServer((socket: Socket) => {
    socket.on('error', () => {}).write(bytes);
    socket.on('data', () => {
      throw new Error('a program that speaks first was asked');
    });
  });

test.each([
  ['a kernel', Buffer.from('ff00000000000000017f03', 'hex'), 'zeromq'],
  ['debugpy', Buffer.from('Content-Length: 100\r\n\r\n{}'), 'debugger'],
  ['sshd', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'other'],
])('%s, which speaks first, is sent nothing', async (_what, bytes, spoken) => {
  expect(await ask(greeting(bytes), { first: 5_000, all: 10_000 })).toMatchObject({ spoken, connections: 1 });
});

test.each([
  [
    'ends the connection',
    (socket: Socket) => void socket.on('error', () => {}).once('data', () => socket.destroy()),
    'other',
  ],
  [
    'speaks something else',
    (socket: Socket) => void socket.on('error', () => {}).once('data', () => socket.end('-ERR\r\n')),
    'other',
  ],
  ['closes at once', (socket: Socket) => void socket.on('error', () => {}).end(), 'other'],
])('a program that %s has no page', async (_what, serve, spoken) => {
  expect(await ask(createTcpServer(serve))).toMatchObject({ spoken, title: null, connections: 1 });
});

test('a program that says nothing is silent after the time, and a page that never ends is read no further', async () => {
  const silent = createTcpServer((socket) => void socket.on('error', () => {}).resume());
  expect(await ask(silent, { first: 50, all: 300 })).toMatchObject({ spoken: 'silent' });
  const endless = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  });
  expect(await ask(endless)).toMatchObject({ spoken: 'http', status: 200, title: null });
  const slow = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).write('<title>half');
  });
  expect(await ask(slow, { first: 50, all: 1_500 })).toMatchObject({ spoken: 'http', title: 'half' });
});

test('the debugger of Node is not taken for a page, nor text for a title', async () => {
  const inspector = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'text/html' }).end('WebSockets request was expected\r\n');
  });
  expect(await ask(inspector)).toMatchObject({ spoken: 'debugger' });
  const text = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('<title>no</title>');
  });
  expect(await ask(text)).toMatchObject({ spoken: 'http', title: null });
});

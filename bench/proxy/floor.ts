// The minimum cost of a proxy on Node: programs that do only a part of its work.
//   front  node:http responds itself, without an upstream
//   bare   node:http, with a response that is forwarded unparsed and must arrive in one piece: small ones only
//   pipe   bytes both ways between two sockets of node:net
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';

const [kind = '', port, upstreamPort] = process.argv.slice(2);
const upstream = { port: Number(upstreamPort), host: '127.0.0.1', noDelay: true };
const body = '{"ok":true}';
const fields = ['Content-Type', 'application/json', 'Content-Length', `${body.length}`];
const kinds: Readonly<Record<string, () => Server>> = { front, bare, pipe };
kinds[kind]?.().listen(Number(port), '127.0.0.1', 4096);

function front(): Server {
  return createHttpServer((_req, res) => res.writeHead(200, fields).end(body));
}

function bare(): Server {
  const idle: ((res: ServerResponse) => void)[] = [];
  return createHttpServer((_req, res) => {
    const send = idle.pop() ?? open();
    send(res);
  });

  function open(): (res: ServerResponse) => void {
    const socket = connect(upstream);
    let waiting: ServerResponse | undefined;
    const send = (res: ServerResponse): void => {
      waiting = res;
      socket.write('GET /small HTTP/1.1\r\nHost: h\r\n\r\n', 'latin1');
    };
    socket.on('data', (bytes: Buffer) => {
      const end = bytes.indexOf('\r\n\r\n') + 4;
      waiting?.writeHead(200, fields).end(bytes.toString('latin1', end), 'latin1');
      idle.push(send);
    });
    return send;
  }
}

function pipe(): Server {
  return createServer({ noDelay: true }, (client) => {
    const target = connect(upstream);
    join(client, target);
    join(target, client);
  });
}

function join(from: Socket, to: Socket): void {
  from.on('data', (bytes) => to.write(bytes));
  from.on('error', () => undefined);
  from.on('close', () => to.destroy());
}

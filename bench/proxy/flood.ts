// Clients that flood an HTTP/2 server with requests that they reset at once; see bench/proxy-flood.ts.
// Its arguments: the port, the number of clients
import { connect } from 'node:tls';
import { cancel, frame, preface, request } from '../../test/integration/proxy/support/http2-frames.ts';

const [port, clients] = process.argv.slice(2).map(Number);
/** Requests in one write. */
const batch = 100;

for (let client = 0; client < (clients ?? 1); client++) flood();

function flood(): void {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  let stream = 1;
  const more = (): void => {
    const frames: Buffer[] = [];
    for (let count = 0; count < batch; count++, stream += 2) frames.push(request(stream), cancel(stream));
    if (socket.write(Buffer.concat(frames))) setImmediate(more);
    else socket.once('drain', more);
  };
  socket.once('secureConnect', () => {
    socket.write(Buffer.concat([preface, frame(4, 0, 0), frame(4, 1, 0)]));
    more();
  });
  socket.on('error', () => undefined);
  socket.resume();
  socket.once('close', flood);
}

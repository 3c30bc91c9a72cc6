// Clients that flood an HTTP/2 server with requests that they reset at once; see bench/proxy-flood.ts.
// Its arguments: the port, the number of clients
import { connect } from 'node:tls';

const [port, clients] = process.argv.slice(2).map(Number);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Indexed fields of HPACK: GET, https, /, and the authority "h". */
const get = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x68]);
const cancel = Buffer.from([0, 0, 0, 8]);
/** Requests in one write. */
const batch = 100;

for (let client = 0; client < (clients ?? 1); client++) flood();

function flood(): void {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  let stream = 1;
  const more = (): void => {
    const frames: Buffer[] = [];
    for (let count = 0; count < batch; count++, stream += 2)
      frames.push(frame(1, 5, stream, get), frame(3, 0, stream, cancel));
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

/** RFC 9113, section 4.1. */
function frame(kind: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(kind, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

// One exchange over a new connection with a server in a sandbox; the client closes its half first.
// Not here: the servers (fixtures/portwrap/peer.mjs, echo.mjs).
import { connect } from 'node:net';

const block = Buffer.alloc(65_536, 'y');

/**
 * `keepOpen`: the client closes its half only when it has received everything.
 * With peer.mjs, both sides sending at once. "BYTES+got BYTES": the bytes before the server's last line, and that line; or the error's code.
 */
export function exchange(
  port: number,
  { send, receive, keepOpen = false }: { send: number; receive: number; keepOpen?: boolean },
  milliseconds = 20_000,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.setTimeout(milliseconds, () => socket.destroy(new Error('timeout')));
    let received = 0;
    let last = '';
    let left = send;
    const push = () => {
      while (left > 0) {
        const part = block.subarray(0, Math.min(left, block.length));
        left -= part.length;
        if (!socket.write(part)) return socket.once('drain', push);
      }
      return keepOpen && received < receive ? undefined : socket.end();
    };
    socket.once('connect', () => {
      socket.write(`${receive}\n`);
      push();
    });
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (keepOpen && received >= receive && left <= 0) socket.end();
      last = (last + chunk.toString('latin1')).slice(-64);
    });
    socket.once('end', () => {
      const line = /got \d+\n$/.exec(last)?.[0] ?? '';
      resolve(`${received - line.length}+${line.trim()}`);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** With echo.mjs: sends the text; resolves with all received data, also if the connection breaks. */
export function echo(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.once('end', () => socket.destroy());
    socket.end(bytes);
  });
}

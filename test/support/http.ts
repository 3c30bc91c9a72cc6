// One HTTP request to a forwarded port, and whether a port is bound at all.
// Not here: the servers (fixtures).
import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';

/** The body of the response, or the error's code ("ECONNREFUSED", "ECONNRESET", "timeout"). */
export function fetchText(port: number, address = '127.0.0.1', milliseconds = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const request = get(
      { host: address, port, path: '/', agent: false, timeout: milliseconds },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.once('end', () => resolve(body));
        response.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      },
    );
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Whether the port accepts connections. */
export async function isListening(port: number, address = '127.0.0.1'): Promise<boolean> {
  const socket = connect({ host: address, port });
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return open;
}

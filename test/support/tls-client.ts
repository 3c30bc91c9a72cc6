// One request over TLS to a server on the loopback address, with an optional client certificate.
import { connect } from 'node:tls';

/** The response to GET `path` with its header section, or the error message of a refusal. The server's name is not checked. */
export function askOverTls(
  port: number,
  path: string,
  pair: { key?: string; cert?: string } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...pair }, () =>
      socket.write(`GET ${path} HTTP/1.0\r\n\r\n`),
    );
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk)).on('end', () => resolve(answer));
    socket.on('error', ({ message }) => resolve(message)).on('close', () => resolve(answer));
  });
}

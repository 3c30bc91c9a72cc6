// Ports of 127.0.0.1 that nobody listens on: for programs that must be told one.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** `count` different ports below the ephemeral range, where no outgoing connection takes them away. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 9_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!free) continue;
    found.add(port);
    server.close();
    await once(server, 'close');
  }
  return [...found];
}

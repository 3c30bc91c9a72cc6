// Free ports of 127.0.0.1, for programs that need a fixed one. Below the ephemeral range, so that no outgoing
// connection takes them, and different from those of test files that run concurrently.
import { once } from 'node:events';
import { createServer } from 'node:net';

const mostWorkers = 4;
const each = 2_250;
const low = 10_000 + each * ((Number(process.env.VITEST_POOL_ID ?? 1) - 1) % mostWorkers);
let next = Math.floor(Math.random() * each);

/** `count` different ports. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = candidate();
    if (await isFree(port)) found.push(port);
  }
  return found;
}

/** A port that is free, and the next one too. */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const port = candidate();
    if (candidate() === port + 1 && (await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** `count` free ports side by side: for a service's `ports.range`. */
export async function freeRange(count: number): Promise<{ readonly low: number; readonly high: number }> {
  let found: number[] = [];
  while (found.length < count) {
    const port = candidate();
    const follows = found.length === 0 || found.at(-1) === port - 1;
    if (!(await isFree(port))) found = [];
    else found = follows ? [...found, port] : [port];
  }
  return { low: found[0] ?? 0, high: found.at(-1) ?? 0 };
}

/** No port is repeated before all were used. */
function candidate(): number {
  next = (next + 1) % each;
  return low + next;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

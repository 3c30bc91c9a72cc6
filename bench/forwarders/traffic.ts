// What bench/forwarders.ts measures of the traffic through one forwarder. Each function returns figures by their names,
// NaN for one that failed; all are repeated in alternating rounds. Not here: memory and launches (idle.ts).
import { cpuSeconds } from '../process-use.ts';
import { percentile } from '../report.ts';
import { type Connection, openConnection, openWebSocket } from './client.ts';
import type { Subject } from './subjects.ts';

export type Figures = Record<string, number>;

/** By subject, and by name of the figure: the values of all rounds. */
export type Seen = Map<string, Record<string, number[]>>;

export interface Sizes {
  readonly requests: number;
  readonly megabytes: number;
}

/** Milliseconds; a connection of a burst without a response by then counts as lost. */
const patience = 5_000;
/** Milliseconds; a transfer that takes longer has failed: pasta's stop now and then. */
const longestTransfer = 20_000;

export async function burst({ port }: Subject): Promise<Figures> {
  const figures: Figures = {};
  for (const size of [100, 500]) {
    const times: number[] = [];
    const opened: Connection[] = [];
    const began = performance.now();
    const one = async () => {
      const connection = await openConnection(port);
      opened.push(connection);
      await connection.get(100);
      times.push(performance.now() - began);
    };
    const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
    await Promise.race([Promise.allSettled(Array.from({ length: size }, one)), late]);
    for (const connection of opened) connection.close();
    figures[`${size} connections at once, answered in ${patience / 1000} s`] = times.length;
    figures[`the last of these, ms (${size})`] = Math.max(...times);
  }
  return figures;
}

export async function newConnections({ port }: Subject): Promise<Figures> {
  const times: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const began = performance.now();
    const connection = await openConnection(port);
    await connection.get(100);
    times.push(performance.now() - began);
    connection.close();
  }
  return { 'new connection and request, p50 ms': percentile(times, 50) };
}

export async function smallRequests(subject: Subject, { requests }: Sizes): Promise<Figures> {
  const figures: Figures = {};
  for (const count of [1, 32]) {
    const connections: Connection[] = [];
    // one by one: a burst of connections is a figure of its own
    while (connections.length < count) connections.push(await openConnection(subject.port));
    for (const connection of connections) await connection.get(100);
    const { times, seconds, cpu } = await repeated(subject, requests, connections, (connection) =>
      connection.get(100),
    );
    for (const connection of connections) connection.close();
    const name = `small request, ${count} ${count === 1 ? 'connection' : 'connections'}`;
    figures[`${name}, p50 us`] = percentile(times, 50) * 1000;
    figures[`${name}, p99 us`] = percentile(times, 99) * 1000;
    figures[`${name}, requests/s`] = requests / seconds;
    figures[`${name}, CPU us each`] = (cpu / requests) * 1e6;
  }
  return figures;
}

export async function messages(subject: Subject, { requests }: Sizes): Promise<Figures> {
  const socket = await openWebSocket(subject.port);
  const message = 'x'.repeat(100);
  await socket.echo(message);
  const { times, cpu } = await repeated(subject, requests, [socket], () => socket.echo(message));
  socket.close();
  return {
    'WebSocket message and its echo, p50 us': percentile(times, 50) * 1000,
    'WebSocket message and its echo, p99 us': percentile(times, 99) * 1000,
    'WebSocket message and its echo, CPU us': (cpu / requests) * 1e6,
  };
}

export async function transfers({ port }: Subject, { megabytes }: Sizes): Promise<Figures> {
  const bytes = megabytes * 1024 * 1024;
  const speed = async (transfer: (connection: Connection) => Promise<void>) => {
    const connection = await openConnection(port);
    const late = setTimeout(connection.close, longestTransfer);
    const began = performance.now();
    const arrived = await transfer(connection).then(
      () => true,
      () => false,
    );
    const milliseconds = performance.now() - began;
    clearTimeout(late);
    connection.close();
    return arrived ? (megabytes * 1000) / milliseconds : Number.NaN;
  };
  return {
    [`download of ${megabytes} MB, MB/s`]: await speed((connection) => connection.get(bytes)),
    [`upload of ${megabytes} MB, MB/s`]: await speed((connection) => connection.post(bytes)),
  };
}

/** Repeats `one` until it was done `count` times, on all `connections` side by side. CPU: of the client, too. */
async function repeated<T>(
  { pids }: Subject,
  count: number,
  connections: readonly T[],
  one: (connection: T) => Promise<unknown>,
): Promise<{ times: number[]; seconds: number; cpu: number }> {
  const all = [process.pid, ...pids()];
  const cpuBefore = cpuSeconds(all);
  const times: number[] = [];
  let begun = 0;
  const start = performance.now();
  const client = async (connection: T) => {
    while (begun < count) {
      begun += 1;
      const began = performance.now();
      await one(connection);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(connections.map(client));
  const seconds = (performance.now() - start) / 1000;
  return { times, seconds, cpu: cpuSeconds(all) - cpuBefore };
}

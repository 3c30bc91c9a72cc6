// The service of a benchmark, with its configuration in a file and BENCH_TOKEN for its hub. Needs a build.
// Not here: the configuration.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface BenchService {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Settles when it is ready. */
export async function serve(config: string, token: string): Promise<BenchService> {
  const child = spawn(process.execPath, ['dist/spawner/main.js', 'serve', '--config', config], {
    env: { PATH: process.env.PATH, BENCH_TOKEN: token },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // read to its end: a service blocks if its log is not read
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as { msg: string; address?: string };
      if (entry.msg === 'ready' && entry.address !== undefined) resolve(entry.address);
    });
    lines.once('close', () => reject(new Error('the service ended')));
  });
  return { child, url };
}

// `npm start` under test: the real proxy, service and JupyterHub on free ports, as a person starts them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './machine/free-ports.ts';

export interface Demo {
  /** The address to open. */
  readonly url: string;
  readonly password: string;
  readonly directory: string;
  readonly ports: {
    readonly proxyApi: number;
    readonly hub: number;
    readonly service: number;
    readonly page: number;
  };
  /** The pid of the service that runs now. */
  servicePid(): number;
  /** What it has printed so far. */
  output(): string;
  /** Ctrl-C; resolves with the exit code when it has ended. */
  stop(): Promise<number | null>;
}

const root = new URL('../..', import.meta.url).pathname;

/** Resolves when the demo prints that it is ready. Rejects with its output when it ends before. `from`: PORTWRAP_DEMO_HUB. */
export async function startDemo(from: 'pypi' | 'system' = 'system'): Promise<Demo> {
  const [port = 0, proxyApi = 0, hub = 0, service = 0, page = 0] = await freePorts(5);
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: root,
    env: {
      ...process.env,
      PORTWRAP_PORT: `${port}`,
      PORTWRAP_PROXY_API_PORT: `${proxyApi}`,
      PORTWRAP_HUB_PORT: `${hub}`,
      PORTWRAP_SERVICE_PORT: `${service}`,
      PORTWRAP_PAGE_PORT: `${page}`,
      PORTWRAP_DEMO_HUB: from,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = await readyOutput(child);
  const find = (pattern: RegExp) => pattern.exec(output())?.[1] ?? '';
  const directory = join(find(/Logs: +(\S+)/), '..');
  return {
    url: find(/Open +(\S+?)\/? /),
    password: find(/Password +(\S+)/),
    directory,
    ports: { proxyApi, hub, service, page },
    servicePid: () =>
      (JSON.parse(readFileSync(join(directory, 'run', 'service.json'), 'utf8')) as { pid: number }).pid,
    output,
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGINT');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}

function readyOutput(child: ChildProcess): Promise<() => string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk;
      if (text.includes('Ctrl-C stops everything')) resolve(() => text);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${text}`)));
  });
}

// A spawner service under test: the built program as its own process, on a free port, in a temporary
// directory, with accounts that exist nowhere else. Not here: a hub.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '../../spawner/http/client.ts';
import { freePorts } from './machine/free-ports.ts';
import { openFilesOf } from './machine/open-files.ts';

export const hubToken = 'test-hub-token-0123456789';
/** Tests and benches are run from the root of the repository. */
const main = resolve('dist/spawner/main.js');

export interface TestService {
  readonly directory: string;
  readonly stateDirectory: string;
  /** The configuration file. */
  readonly config: string;
  /** The service's process now. */
  readonly pid: () => number;
  /** The log of the service so far, across restarts. */
  readonly logged: () => string;
  readonly url: string;
  /** Kills it (-9) and starts another one on the same state; `between` happens while none runs. */
  restart(signal?: NodeJS.Signals, between?: () => void | Promise<void>): Promise<void>;
  /** Sends SIGTERM; returns the outcome and the milliseconds. Servers continue, and dispose() can no longer end them. */
  end(): Promise<{ code: number | null; took: number }>;
  /** Ends the service and every sandbox of its state directory, and removes it. */
  dispose(): Promise<void>;
  call(method: string, path: string, body?: object, token?: string): Promise<Answer>;
  /** Starts a server and waits for the last event of its progress. */
  start(
    user: string,
    fields: { spawn_id: string } & Record<string, unknown>,
    name?: string,
  ): Promise<ProgressEvent[]>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export type ProgressEvent = {
  progress: number;
  message: string;
  ready?: boolean;
  failed?: boolean;
  url?: string;
  error?: { code: string; message: string; hint: string; log?: string[] };
};

export interface TestOptions {
  /** More YAML below `service`, as a flow mapping's inside: `log_bytes: 65536`. */
  readonly service?: string;
  /** The same for the hub that is called "hub". */
  readonly hub?: string;
  /** The state directory, if not in the temporary directory. */
  readonly stateDirectory?: string;
  /** More of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The start of the argv of the service, such as unshare(1) with its options. */
  readonly within?: readonly string[];
  /** The YAML below `accounts`, when not one account for each user. */
  readonly accounts?: string;
}

/** `profiles` is the YAML of the profiles; `extra` more top-level YAML. */
export async function startService(
  profiles: string,
  extra = '',
  options: TestOptions = {},
): Promise<TestService> {
  const directory = mkdtempSync(join(tmpdir(), 'pws-'));
  chmodSync(directory, 0o711); // homes below it must be reachable for their owners
  const stateDirectory = options.stateDirectory ?? join(directory, 'state');
  const logged: string[] = [];
  const config = join(directory, 'config.yaml');
  const mode = process.getuid?.() === 0 ? 'dynamic' : 'service';
  // of this service alone: what runs beside it would find the doors of its users, and end their processes
  const firstUid = 1_000_000 + 10_000 * randomInt(10_000);
  const dynamic = `{mode: ${mode}, home: "${directory}/homes/{username}", uid_range: "${firstUid}-${firstUid + 9999}"}`;
  const [port] = await freePorts(1); // a restarted service must come back there
  const text = `
service: {listen: "127.0.0.1:${port}", state_dir: ${stateDirectory}, ${options.service ?? ''}}
hubs: [{name: hub, token_env: HUB_TOKEN, ${options.hub ?? ''}}, {name: other, token_env: OTHER_TOKEN}]
accounts: ${options.accounts ?? dynamic}
${extra}
profiles:
${profiles}`;
  writeFileSync(config, text);
  let running = await startProcess(config, logged, options).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const url = running.address;
  const service: TestService = {
    directory,
    ...{ stateDirectory, config, url },
    pid: () => running.child.pid ?? 0,
    logged: () => logged.join('\n'),
    async restart(signal = 'SIGKILL', between = () => {}) {
      running.child.kill(signal);
      await once(running.child, 'exit');
      await between();
      running = await startProcess(config, logged, options);
    },
    async end() {
      const began = performance.now();
      running.child.kill('SIGTERM');
      const [code] = (await once(running.child, 'exit')) as [number | null];
      return { code, took: performance.now() - began };
    },
    async dispose() {
      if (running.child.exitCode === null && running.child.signalCode === null) {
        const client = createClient(new URL(url), adminToken(stateDirectory));
        for (const server of await client.servers()) await client.stop(server, true);
        running.child.kill('SIGTERM');
        await once(running.child, 'exit');
      }
      rmSync(directory, { recursive: true, force: true });
    },
    async call(method, path, body, token = hubToken) {
      const response = await fetch(`${url}/api${path}`, {
        method,
        headers: { authorization: `token ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = await response.text();
      return { status: response.status, body: answer === '' ? {} : JSON.parse(answer) };
    },
    async start(user, fields, name = '') {
      const { status, body } = await service.call('POST', serverPath(user, name), fields);
      if (status !== 202) throw new Error(`start was answered with ${status}: ${JSON.stringify(body)}`);
      return followProgress(url, user, name);
    },
  };
  return service;
}

export function serverPath(user: string, name = ''): string {
  const base = `/users/${encodeURIComponent(user)}`;
  return name === '' ? `${base}/server` : `${base}/servers/${encodeURIComponent(name)}`;
}

async function followProgress(url: string, user: string, name: string): Promise<ProgressEvent[]> {
  const response = await fetch(`${url}/api${serverPath(user, name)}/progress`, {
    headers: { authorization: `token ${hubToken}` },
  });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice(6)) as ProgressEvent);
}

/** Every living process whose open files, arguments or environment name `directory`; `word` is in its arguments. */
export function processesBelow(directory: string, word = ''): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && refersTo(pid, directory, word));
}

function refersTo(pid: number, directory: string, word: string): boolean {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    if (read('stat').includes(') Z ') || !read('cmdline').includes(word)) return false;
    return [...openFilesOf(pid), read('cmdline'), read('environ')].some((text) => text.includes(directory));
  } catch {
    return false; // it ended during the check
  }
}

export function adminToken(stateDirectory: string): string {
  return readFileSync(join(stateDirectory, 'admin-token'), 'utf8');
}

/** The `portwrap-spawner` command, run to its end. */
export async function runCommand(
  service: Pick<TestService, 'config'>,
  ...argv: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [main, ...argv, '--config', service.config], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (said.stdout += chunk));
  child.stderr.on('data', (chunk) => (said.stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

async function startProcess(
  config: string,
  logged: string[],
  { environment, within = [] }: TestOptions,
): Promise<{ child: ChildProcess; address: string }> {
  const [program = '', ...argv] = [...within, process.execPath, main, 'serve', '--config', config];
  const child = spawn(program, argv, {
    env: {
      PATH: process.env.PATH,
      HUB_TOKEN: hubToken,
      OTHER_TOKEN: 'test-other-token-0123456789',
      ...proxyToken(),
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const address = await new Promise<string>((resolve, reject) => {
    const own: string[] = [];
    lines.on('line', (line) => {
      logged.push(line);
      own.push(line);
      const entry = line.startsWith('{') ? (JSON.parse(line) as { msg?: string; address?: string }) : {};
      if (entry.msg === 'ready' && entry.address !== undefined) resolve(entry.address);
    });
    lines.once('close', () => reject(new Error(`the service did not start: ${own.join('\n')}`)));
  });
  return { child, address };
}

function proxyToken(): Record<string, string> {
  return { CONFIGPROXY_AUTH_TOKEN: 'test-proxy-token-0123456789' };
}

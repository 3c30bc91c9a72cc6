// The proxies that bench/proxy.ts compares: how each is started in front of one upstream.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addRoutes, type Variant } from './variants.ts';

export interface Subject {
  readonly name: string;
  /** Its address for the load. */
  readonly port: number;
  /** All of its processes, for CPU time and memory; none for the direct way. */
  readonly pids: () => number[];
  stop(): Promise<void>;
}

/** Pins a command to a processor if taskset is installed. */
export function pinned(cpu: number, command: readonly string[]): string[] {
  return has('taskset') ? ['taskset', '-c', `${cpu}`, ...command] : [...command];
}

export function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export async function startSubject(
  name: string,
  upstreamPort: number,
  variant: Variant = { routes: 0 },
): Promise<Subject | undefined> {
  if (name === 'direct') return { name, port: upstreamPort, pids: () => [], stop: async () => undefined };
  const [port, apiPort] = [await freePort(), await freePort()];
  const target = `http://127.0.0.1:${upstreamPort}`;
  const node = process.execPath;
  const { tls, routes } = variant;
  const flags = [
    ...['--ip', '127.0.0.1', '--port', `${port}`, '--api-port', `${apiPort}`, '--default-target', target],
    ...['--log-level', 'error', ...(tls === undefined ? [] : ['--ssl-key', tls.key, '--ssl-cert', tls.cert])],
  ];
  const routed = async (subject: Subject): Promise<Subject> => {
    await addRoutes(apiPort, routes, target);
    return subject;
  };
  // nginx has no dynamic table of routes
  if (name === 'nginx')
    return has('nginx') && routes === 0 ? startNginx(port, upstreamPort, variant) : undefined;
  if (name === 'configurable-http-proxy') {
    const require = createRequire(import.meta.url);
    const main = join(
      dirname(require.resolve('configurable-http-proxy/package.json')),
      'bin/configurable-http-proxy',
    );
    return routed(await startProcess(name, port, [node, main, ...flags], tls));
  }
  if (floors.has(name)) {
    const floor = join(import.meta.dirname, 'floor.js');
    return startProcess(name, port, [node, floor, name, `${port}`, `${upstreamPort}`], undefined);
  }
  const main = join(import.meta.dirname, '../../proxy/main.js');
  const more = /^relay x(\d+)$/.exec(name)?.[1];
  const engine = name === 'http-proxy' ? ['--engine', 'http-proxy'] : [];
  const http2 = tls !== undefined && variant.http2 !== true ? ['--no-http2'] : [];
  const webSockets = variant.http2WebSockets === true ? ['--http2-websockets'] : [];
  const compress = variant.compress === true ? ['--compress'] : [];
  const workers = more === undefined ? [] : ['--workers', more];
  return routed(
    await startProcess(
      name,
      port,
      [node, main, ...flags, ...engine, ...workers, ...http2, ...webSockets, ...compress],
      tls,
    ),
  );
}

/** The minimum cost of a proxy on Node (floor.ts). */
const floors: ReadonlySet<string> = new Set(['front', 'bare', 'pipe']);

async function startProcess(
  name: string,
  port: number,
  command: readonly string[],
  tls: Variant['tls'],
): Promise<Subject> {
  const [file = '', ...argv] = name.includes(' x') ? command : pinned(0, command);
  const child = spawn(file, argv, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: 'bench' },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await answers(port, child, tls !== undefined);
  return { name, port, pids: () => family(child.pid ?? 0), stop };
}

async function startNginx(
  port: number,
  upstreamPort: number,
  { tls, http2, compress }: Variant,
): Promise<Subject> {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-bench-nginx-'));
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; worker_processes 1; ${process.getuid?.() === 0 ? 'user root; ' : ''} pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 4096; }
http {
  access_log off; client_max_body_size 0; keepalive_requests 100000000; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  map $http_upgrade $onward { default upgrade; '' ''; }
  ${compress === true ? `gzip on; gzip_comp_level 6; gzip_proxied any; gzip_vary on; gzip_types ${gzipTypes};` : ''}
  upstream up { server 127.0.0.1:${upstreamPort}; keepalive 256; }
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ` ssl${http2 === true ? ' http2' : ''}; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}`};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection $onward; proxy_set_header Upgrade $http_upgrade; proxy_set_header Host $host; }
  }
}
`,
  );
  const subject = await startProcess('nginx', port, ['nginx', '-c', file], tls);
  return {
    ...subject,
    stop: async () => {
      for (const pid of subject.pids()) process.kill(pid, 'SIGKILL');
      await subject.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Not as cautious as ours: nginx does not ask whether a response is for everybody. */
const gzipTypes = 'text/css text/javascript application/javascript application/json image/svg+xml';

/** Resolves when the port responds to HTTP; tries again after each refused connection. */
async function answers(port: number, child: ChildProcess, overTls: boolean): Promise<void> {
  const ask = (done: (answered: boolean) => void) => {
    const options = { host: '127.0.0.1', port, path: '/small', agent: false, rejectUnauthorized: false };
    const request = overTls ? https.get(options) : http.get(options);
    request.once('response', (answer) => answer.resume().once('end', () => done(true)));
    request.once('error', () => done(false));
  };
  while (child.exitCode === null) if (await new Promise<boolean>(ask)) return;
  throw new Error(`the command ended with ${child.exitCode}`);
}

/** Of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The process and its descendants. */
function family(pid: number): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const pids = [pid];
  for (const parent of pids) {
    for (const [child = 0, of] of pairs) if (of === parent) pids.push(child);
  }
  return pids;
}

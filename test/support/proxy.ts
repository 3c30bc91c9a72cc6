// A front end under test as its own process on free ports: ours, or configurable-http-proxy by the same
// command line. Not here: the requests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { vi } from 'vitest';
import { freePorts } from './machine/free-ports.ts';

export const proxyPrograms = {
  'portwrap-proxy': new URL('../../dist/proxy/main.js', import.meta.url).pathname,
  'configurable-http-proxy': new URL(
    '../../node_modules/configurable-http-proxy/bin/configurable-http-proxy',
    import.meta.url,
  ).pathname,
};

export interface TestProxy {
  readonly url: string;
  readonly apiUrl: string;
  readonly token: string;
  routes(): Promise<Record<string, Record<string, unknown>>>;
  /** Writes a route as a hub does. */
  post(path: string, body: object): Promise<Response>;
  /** Kills it (-9); its routes are lost. */
  kill(): Promise<void>;
  /** Starts it again on the same ports, once it was killed. */
  start(): Promise<void>;
}

/** Resolves when its API responds. The caller kills it. `options` are more of its command line. */
export async function startProxy(
  program = proxyPrograms['portwrap-proxy'],
  options: readonly string[] = [],
): Promise<TestProxy> {
  const [port = 0, apiPort = 0] = await freePorts(2);
  const token = 'test-proxy-token-0123456789';
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const headers = { authorization: `token ${token}` };
  let child: ChildProcess;
  const proxy: TestProxy = {
    ...{ url: `http://127.0.0.1:${port}`, apiUrl, token },
    async routes() {
      const response = await fetch(`${apiUrl}/api/routes`, { headers });
      return (await response.json()) as Record<string, Record<string, unknown>>;
    },
    post: (path, body) =>
      fetch(`${apiUrl}/api/routes${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async start() {
      const argv = `--ip 127.0.0.1 --port ${port} --api-ip 127.0.0.1 --api-port ${apiPort}`.split(' ');
      argv.push('--default-target', 'http://127.0.0.1:9', ...options);
      child = spawn(process.execPath, [program, ...argv], {
        env: { PATH: process.env.PATH, CONFIGPROXY_AUTH_TOKEN: token },
        stdio: 'ignore',
      });
      // the default target is a route too: the API may respond before it exists
      await vi.waitUntil(
        () =>
          proxy.routes().then(
            (routes) => '/' in routes,
            () => false,
          ),
        patient,
      );
    },
  };
  await proxy.start();
  return proxy;
}

const patient = { timeout: 20_000, interval: 25 };

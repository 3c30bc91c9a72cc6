// `test` for files whose tests share one spawner service, as the fixture `service`. When the file ends, the fixture
// ends the service and asserts that nothing of it is left: no process, no socket, no mount, no file.
// Not here: starting a service (service.ts).
import { existsSync, readFileSync } from 'node:fs';
import { test as base, expect } from 'vitest';
import { openFilesOf } from './machine/open-files.ts';
import { proxyPrograms, startProxy, type TestProxy } from './proxy.ts';
import { processesBelow, startService, type TestOptions, type TestService } from './service.ts';

type Cleanup = (clean: () => Promise<void>) => void;

/** The arguments are startService()'s; the service starts with the first test that asks for it. */
export function serviceTest(profiles: string, extra = '', options: TestOptions = {}) {
  return base
    .extend('asked', { scope: 'file' }, { profiles, extra, options })
    .extend('service', { scope: 'file' }, ({ asked }, { onCleanup }) =>
      startedService(onCleanup, asked.profiles, asked.extra, asked.options),
    );
}

/** The same with a proxy, as the fixture `proxy`, where the service registers its routes. */
export function routedServiceTest(
  profiles: string,
  extra = '',
  options: TestOptions = {},
  ...proxyOptions: readonly string[]
) {
  return proxyTest(...proxyOptions).extend('service', { scope: 'file' }, ({ proxy }, { onCleanup }) =>
    startedService(onCleanup, profiles, `${routesTo(proxy)}\n${extra}`, options),
  );
}

/** `test` with a proxy for the whole file; the arguments are more of its command line. */
export function proxyTest(...argv: readonly string[]) {
  return base
    .extend('commandLine', { scope: 'file' }, { argv })
    .extend('proxy', { scope: 'file' }, async ({ commandLine }, { onCleanup }) => {
      const proxy = await startProxy(proxyPrograms['portwrap-proxy'], commandLine.argv);
      onCleanup(() => proxy.kill());
      return proxy;
    });
}

/** The YAML by which a service registers its routes there. */
export function routesTo(proxy: TestProxy): string {
  return `proxy: {api_url: "${proxy.apiUrl}", token_env: CONFIGPROXY_AUTH_TOKEN}`;
}

/** A service that ends, without a trace, with the fixture or the test whose `onCleanup` it is given. */
export async function startedService(
  onCleanup: Cleanup,
  ...[profiles, extra, options]: Parameters<typeof startService>
): Promise<TestService> {
  const service = await startService(profiles, extra, options);
  onCleanup(() => endWithoutTrace(service));
  return service;
}

/** Ends the service with all of its servers. Sockets are compared by inode: another process may take a port. */
async function endWithoutTrace(service: TestService): Promise<void> {
  const { directory, stateDirectory } = service;
  const sockets = socketsOf(processesBelow(directory));
  expect(sockets.length, 'the sockets that the service listens on').toBeGreaterThan(0);
  await service.dispose();
  expect({
    processes: processesBelow(directory),
    sockets: listeners().filter(({ inode }) => sockets.includes(inode)),
    mounts: linesOf('/proc/self/mountinfo').filter((line) => line.includes(directory)),
    files: [directory, stateDirectory].filter((path) => path.startsWith(directory) && existsSync(path)),
  }).toEqual({ processes: [], sockets: [], mounts: [], files: [] });
}

/** Inodes of the sockets on which these processes listen in our network namespace. */
function socketsOf(pids: readonly number[]): string[] {
  const open = new Set(pids.flatMap(socketInodes));
  return listeners()
    .map(({ inode }) => inode)
    .filter((inode) => open.has(inode));
}

const socketInodes = (pid: number) =>
  openFilesOf(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);

/** TCP sockets that listen, by proc(5): address, and inode in the tenth column. */
function listeners(): { readonly address: string; readonly inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap(linesOf)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === '0A')
    .map(([, address = '', , , , , , , , inode = '']) => ({ address, inode }));
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean);

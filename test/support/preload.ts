// Servers of profiles with `preload`: a service with such a profile, whose script is in a directory that only root can
// write, as preload requires, and waiting for the fork server.
// Not here: the service (service.ts), orders to the fork server (fork-order.ts).
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { TestService } from './service.ts';
import { startedService } from './service-test.ts';

export interface ForkedProfile {
  /** What `preload` says. */
  readonly modules?: readonly string[];
  /** The name of the script in the directory, instead of `server`. */
  readonly script?: string;
  /** Puts more into the directory. */
  readonly prepare?: (path: string) => void;
}

export interface ForkedService {
  readonly service: TestService;
  /** The directory of the script, in which the interpreter looks for modules. */
  readonly path: string;
}

/** A service whose servers are forked: its fork server is ready. Ends with the test. */
export async function forkedService(profile: ForkedProfile = {}): Promise<ForkedService> {
  const forked = await importingService(profile);
  await forkServerReady(forked.service);
  return forked;
}

/** The same while its fork server imports. */
export async function importingService(profile: ForkedProfile = {}): Promise<ForkedService> {
  const { path, remove } = trustedDirectory();
  onTestFinished(remove);
  profile.prepare?.(path);
  return { service: await startedService(onTestFinished, forkedProfile('forked', path, profile)), path };
}

/** Its YAML. Sandboxes have no uplink. */
export function forkedProfile(
  name: string,
  path: string,
  { modules = ['http.server'], script = 'server' }: ForkedProfile = {},
): string {
  return `
  - {name: ${name}, command: [${path}/${script}], ready_path: /, preload: [${modules.join(', ')}],
     environment: {PYTHONPATH: ${path}}, network: {internet: false, dns: false}}`;
}

const reportServer = resolve('test/fixtures/preload/report-server.py');

/** A new directory with a copy of the script, called `server`; it is below /opt, which sandboxes show. */
export function trustedDirectory(): { readonly path: string; readonly server: string; remove(): void } {
  const path = mkdtempSync('/opt/portwrap-preload-');
  chmodSync(path, 0o755);
  cpSync(reportServer, `${path}/server`);
  chmodSync(`${path}/server`, 0o755);
  return { path, server: `${path}/server`, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What the script says of its process, and more that a test asks for. */
export interface ServerReport {
  readonly parent: { readonly name: string };
  readonly python: Readonly<Record<string, unknown>>;
}

/** Starts a server, and asks it. Throws with its events if it did not start. */
export async function startedReport<Report extends object = ServerReport>(
  service: Pick<TestService, 'start'>,
  user: string,
  fields: Readonly<Record<string, unknown>> = {},
  name = '',
): Promise<Report> {
  const spawnId = `spawn-${user}-${performance.now()}`.replace('.', '-');
  const events = await service.start(user, { spawn_id: spawnId, ...fields }, name);
  const url = events.at(-1)?.url;
  if (url === undefined) throw new Error(JSON.stringify(events));
  return (await (await fetch(url)).json()) as Report;
}

/** Settles when the service has logged that a fork server is ready for the n-th time. */
export async function forkServerReady(service: Pick<TestService, 'logged'>, times = 1): Promise<void> {
  while (linesWith(service, 'the fork server is ready').length < times) await pause(50);
}

export function linesWith(service: Pick<TestService, 'logged'>, text: string): string[] {
  return service
    .logged()
    .split('\n')
    .filter((line) => line.includes(text));
}

/** The pid in the last line that says that a fork server is ready. */
export function forkServerPid(service: Pick<TestService, 'logged'>): number {
  const line = linesWith(service, 'the fork server is ready').at(-1) ?? '{}';
  return pidAfterHostname(line);
}

/** The service's own pid is in the line, too. */
function pidAfterHostname(line: string): number {
  return Number(/"profile":"[^"]*","forkServer":(\d+)/.exec(line)?.[1]);
}

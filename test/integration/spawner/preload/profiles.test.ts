// Preload with what else a profile can say, and with the accounts that a service can have: the server is forked, is
// reached, and ends. Not here: that a forked server is the same as a command (same.test.ts).
import { expect, onTestFinished, test } from 'vitest';
import { testAccount } from '../../../support/machine/accounts.ts';
import {
  forkServerReady,
  type ServerReport,
  startedReport,
  trustedDirectory,
} from '../../../support/preload.ts';
import { startedService } from '../../../support/service-test.ts';

const offline = 'network: {internet: false, dns: false}';
const kinds: readonly (readonly [what: string, profile: string])[] = [
  ['the builtin forwarder and no uplink', `forwarder: builtin, ${offline}`],
  ['the builtin forwarder and the uplink slirp4netns', 'forwarder: builtin, uplink: slirp4netns'],
  ['the builtin forwarder and the uplink pasta', 'forwarder: builtin, uplink: pasta'],
  ['the forwarder slirp4netns', 'forwarder: slirp4netns'],
  ['the forwarder pasta', 'forwarder: pasta'],
  ['the strict view', `files: {view: strict}, ${offline}`],
  ['temporary files in memory', `files: {temporary_in: memory}, ${offline}`],
  ['limits', `resources: {memory: 256M, cpus: 1, processes: 50, nice: 5}, ${offline}`],
];

test.each(kinds)('a server with %s is forked', { timeout: 120_000 }, async (_, profile) => {
  const service = await serviceOf(profile);
  expect((await startedReport(service, 'ann')).parent.name).toBe('portwrap-init\n');
  expect(await stateAfterStop('/users/ann/server')).toBe(404);

  async function stateAfterStop(path: string): Promise<number> {
    await service.call('DELETE', path);
    return (await service.call('GET', path)).status;
  }
});

test('named servers of one user are forked beside each other', { timeout: 120_000 }, async () => {
  const service = await serviceOf(offline);
  const names = ['', 'second', 'third'];
  const reports = await Promise.all(names.map((name) => startedReport(service, 'ann', {}, name)));
  expect(reports.map(({ parent }) => parent.name)).toEqual(names.map(() => 'portwrap-init\n'));
});

test('a server with an account of the machine is forked, with its ids', { timeout: 120_000 }, async () => {
  const { name, uid, gid } = testAccount('a');
  const service = await serviceOf(offline, '{mode: system}');
  const report = await startedReport<Report>(service, name);
  expect([report.parent.name, report.ids[0], report.ids[1]]).toEqual([
    'portwrap-init\n',
    [uid, uid, uid],
    [gid, gid, gid],
  ]);
});

interface Report extends ServerReport {
  readonly ids: readonly [user: readonly number[], group: readonly number[], groups: readonly number[]];
}

async function serviceOf(profile: string, accounts?: string) {
  const { path, server, remove } = trustedDirectory();
  onTestFinished(remove);
  const service = await startedService(
    onTestFinished,
    `
  - {name: forked, command: [${server}, --everywhere], ready_path: /, preload: [http.server, json, ctypes],
     environment: {PYTHONPATH: ${path}}, ${profile}}`,
    '',
    accounts === undefined ? {} : { accounts },
  );
  await forkServerReady(service);
  return service;
}

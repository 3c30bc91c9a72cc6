// A forked server is the same as one that was started as a command: everything that the kernel and Python say about the
// process is compared, field by field.
import { expect, onTestFinished, test } from 'vitest';
import { forkServerReady, startedReport, trustedDirectory } from '../../../support/preload.ts';
import type { TestService } from '../../../support/service.ts';
import { startedService } from '../../../support/service-test.ts';

interface Report {
  readonly files: Record<string, string>;
  readonly hash: number;
  readonly [name: string]: unknown;
}

test('a forked server and a command differ in nothing but memory, times and seeds', {
  timeout: 120_000,
}, async () => {
  const { server, remove } = trustedDirectory();
  onTestFinished(remove);
  const profile = (name: string, more: string, example = 'a=b', limit = 512, nice = 5) => `
  - {name: ${name}, command: [${server}, "--flag", "two words"], ready_path: /, ${more}
     environment: {EXAMPLE: "${example}", LANG: C.UTF-8}, resources: {open_files: ${limit}, nice: ${nice}}, network: {internet: false, dns: false}}`;
  const service = await startedService(
    onTestFinished,
    profile('command', '') +
      profile('other', '', 'b=a', 511, 6) +
      profile('forked', 'preload: [http.server, json, ctypes, random, resource, site],'),
  );
  await forkServerReady(service);
  const command = await reportOf(service, 'command');
  const forked = await reportOf(service, 'forked');
  const again = await reportOf(service, 'forked');
  expect([again.hash === forked.hash, command.hash === forked.hash]).toEqual([true, false]);
  expect(again.random).not.toBe(forked.random);
  expect(differences(comparable(command), comparable(forked))).toEqual({});
  // what differs is found
  const other = await reportOf(service, 'other');
  const found = Object.keys(differences(comparable(command), comparable(other)));
  expect(found).toEqual(
    expect.arrayContaining([
      ...['/nice', '/limits', '/python/environment/EXAMPLE', '/stat/8'],
      expect.stringMatching(/^\/environ\/\d+$/),
    ]),
  );
});

/** A server of the same user each time, so of the same account and home. */
async function reportOf(service: TestService, profile: string): Promise<Report> {
  const report = await startedReport<Report>(service, 'ann', { profile, env: { TOKEN: 's3cr3t' } });
  await service.call('DELETE', '/users/ann/server');
  return report;
}

/**
 * Without what differs between any two servers. Process 1 has another name, and the process between is number 2, so the
 * server is number 3; the kernel remembers of a process that it has not called execve(2) yet.
 */
function comparable({ files, random: _, hash: __, ...rest }: Report): unknown {
  const text = JSON.stringify({ ...rest, parent: null, processes: null })
    .replace(/(socket|net|ipc|pid|user|mnt):\[\d+\]/g, '$1')
    .replace(/\w{12}\.log/g, 'log');
  const kept = Object.entries(files).filter(([name]) => !ofMemoryOrTime.has(name));
  const stat = files.stat?.split(' ') ?? [];
  return {
    ...JSON.parse(text),
    ...Object.fromEntries(kept.map(([name, content]) => [name, normalized(content)])),
    // proc_pid_stat(5): name, state, parent, group, session, terminal, priorities, threads, masks, signal, policy
    stat: [1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 30, 31, 32, 33, 37, 39, 40].map((field) => stat[field]),
    environ: (files.environ ?? '').split('\0').sort(),
    status: (files.status ?? '').split('\n').filter((line) => !differsAlways.test(line)),
  };
}

const differsAlways = /^(Vm|Rss|Hugetlb|Tgid|Pid|NStgid|NSpid|.*ctxt_switches)/;
const ofMemoryOrTime = new Set([
  ...['arch_status', 'auxv', 'io', 'maps', 'numa_maps', 'pagemap', 'sched', 'schedstat', 'smaps'],
  ...['environ', 'smaps_rollup', 'stat', 'statm', 'status', 'syscall', 'ksm_stat', 'mem'],
]);

/** Without the names and numbers of one sandbox. */
function normalized(content: string): string {
  return content
    .replace(/bindfile\w+/g, 'bindfile')
    .replace(/autogroup-\d+/g, 'autogroup')
    .replace(/portwrap\/\w{12}/g, 'portwrap/ID')
    .replace(/(portwrap-\S*?)-\w{6,}(\/|\s)/g, '$1$2')
    .replace(/^\d+ \d+ \d+:\d+/gm, '')
    .replace(/\b(master|unbindable|shared):\d+/g, '$1');
}

function differences(one: unknown, other: unknown, path = ''): Record<string, unknown> {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other ? {} : { [path]: [one, other] };
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.assign(
    {},
    ...[...names].map((name) => differences(at(one, name), at(other, name), `${path}/${name}`)),
  );
}

const at = (value: object, name: string) => (value as Record<string, unknown>)[name];

// Kill -9 of what preload adds, at random moments of starts and stops: the fork server, also while it imports, and children
// until they are the server. Then a census: what is there is what was there before.
// Not here: one kill at a time (life.test.ts), kills of the service (servers/storm.test.ts).
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forkProcesses, kill, killEntered, wordsOf, zombiesOf } from '../../../support/fork-processes.ts';
import { openFilesOf } from '../../../support/machine/open-files.ts';
import { forkedService, linesWith, startedReport } from '../../../support/preload.ts';
import { processesBelow, serverPath, type TestService } from '../../../support/service.ts';

const ready = 'the fork server is ready';
const replaced = 'the fork server is replaced';
const milliseconds = Number(process.env.STORM_MS ?? 15_000);

test('whenever the fork server or a child is killed, every start succeeds, servers go on, and nothing is left', {
  timeout: 2 * milliseconds + 120_000,
}, async ({ annotate }) => {
  const { service, path } = await forkedService();
  const stays = async () => (await service.call('GET', serverPath('ann'))).body.pid;
  await startedReport(service, 'ann');
  const before = { pid: await stays(), census: census(service) };
  const own = sandboxes(service);
  const seen = new Set<string>();
  const until = performance.now() + milliseconds;
  /** Of the first kind the child may have been killed: then portwrap-init has started the command. */
  const starts = { init: 0, command: 0 };
  const kills = { servers: 0, children: 0, entered: 0 };
  const enough = () => Math.min(starts.init + starts.command, kills.servers) > 1;
  const goesOn = () => performance.now() < until + (enough() ? 0 : 60_000);
  const storm = async (user: string) => {
    while (goesOn()) {
      const { parent } = await startedReport(service, user);
      starts[parent.name === 'bwrap\n' ? 'command' : 'init'] += 1;
      for (const id of sandboxes(service)) seen.add(id);
      expect((await service.call('DELETE', serverPath(user))).status).toBe(204);
    }
  };
  const every = async (most: number, act: () => void) => {
    while (goesOn()) {
      await pause(most * Math.random());
      act();
    }
  };
  const moreThan = async (count: () => number) => {
    const first = count();
    while (count() === first && goesOn()) await pause(20);
  };
  const killServers = async () => {
    while (goesOn()) {
      const imports = () => service.logged().lastIndexOf(ready) < service.logged().lastIndexOf(replaced);
      while (imports() && goesOn()) {
        await pause(1000 * Math.random());
        kills.servers += forkProcesses(service).servers.filter(kill).length;
        if (Math.random() < 0.3) await moreThan(() => linesWith(service, ready).length);
      }
      await moreThan(() => starts.init + starts.command);
      // one that is replaced has no past: when it dies young, the next one does not wait for long
      utimesSync(path, new Date(), new Date());
      await moreThan(() => linesWith(service, replaced).length);
    }
  };
  await Promise.all([
    ...['bob', 'eve'].map(storm),
    killServers(),
    every(500, () => (kills.children += forkProcesses(service).children.filter(kill).length)),
    every(100, () => (kills.entered += Number(killEntered(service)))),
  ]);
  await annotate(JSON.stringify({ starts, kills }));
  expect(enough()).toBe(true);
  expect(await stays()).toBe(before.pid);
  const forked = async () => {
    const { parent } = await startedReport(service, 'bob');
    await service.call('DELETE', serverPath('bob'));
    return parent.name;
  };
  await expect.poll(forked, { timeout: milliseconds + 60_000, interval: 1000 }).toBe('portwrap-init\n');
  await expect.poll(() => census(service), { timeout: 20_000 }).toEqual(before.census);
  expect(groupsOf(own).length).toBeGreaterThan(0);
  expect(groupsOf([...seen].filter((id) => !own.includes(id)))).toEqual([]);
});

/** Without the numbers of one process, sandbox or fork server. */
function census(service: TestService): Record<string, string[]> {
  const { directory, stateDirectory } = service;
  const unix: string[] = readFileSync('/proc/net/unix', 'latin1').match(/\d+(?= *(\/\S*)?$)/gm) ?? [];
  const isOfThePeer = (target: string) => unix.includes(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
  const sorted = (texts: readonly string[]) =>
    texts.map((text) => text.replace(/\b[0-9a-f]{10,12}\b|\d+/g, 'N')).sort();
  return {
    processes: sorted(processesBelow(directory).map(wordsOf)),
    zombies: [service.pid(), ...forkProcesses(service).servers].flatMap(zombiesOf).map(String),
    files: sorted(
      ['fork', 'logs', 'records', 'sandboxes'].flatMap((name) =>
        readdirSync(join(stateDirectory, name), { recursive: true, encoding: 'utf8' }),
      ),
    ),
    descriptors: sorted(
      openFilesOf(service.pid()).filter((target) => !target.startsWith('socket:') || isOfThePeer(target)),
    ),
  };
}

function sandboxes({ stateDirectory }: TestService): string[] {
  return readdirSync(join(stateDirectory, 'sandboxes'));
}

/** The control groups of sandboxes, which have their names. */
function groupsOf(ids: readonly string[]): string[] {
  return readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((group) =>
    ids.some((id) => group.endsWith(`/${id}`)),
  );
}

// Servers of a profile with preload under systemd, with the packages' unit: they are forked, where servers belong, and the
// fork server outlives the service. Not here: AppArmor (apparmor.test.ts).
import { expect } from 'vitest';
import { check } from './check.ts';
import { until } from './machine.ts';
import { forkServers, groupOf, mainPid, runsAgain, serverOf, serviceAnswers } from './service.ts';

/** The pid inside, and the name of process 1: 3 of a server that was forked, and portwrap-init. */
const who = 'echo $PPID $(cat /proc/1/comm)';

check(
  'a server is forked, and is in its control group with its limit',
  async ({ installed: { machine, hub } }) => {
    await until('the fork server is ready', async () => (await forkServers(machine)).length > 0);
    await hub.start('alice', 'forked');
    expect(await hub.shell('alice', who)).toBe('3 portwrap-init\n');
    const { pid } = await serverOf(machine, 'alice');
    const group = await groupOf(machine, pid);
    expect(group).toMatch(/^\/portwrap\.slice\/portwrap-servers\.scope\/servers\/\w+$/);
    expect(await hub.use('alice')).toContain(group.split('/').at(-1));
    expect(await machine.output(`cat /sys/fs/cgroup${group}/memory.max`)).toBe(String(200 * 1024 ** 2));
    await hub.stop('alice');
  },
);

check(
  'the fork server outlives restarts of the service, in no control group of it, and forks servers of the next one',
  async ({ installed: { machine, hub } }) => {
    await until('the fork server is ready', async () => (await forkServers(machine)).length > 0);
    const before = await forkServers(machine);
    await hub.start('alice', 'forked');
    for (const end of ['systemctl restart portwrap-spawner', 'systemctl kill -s KILL portwrap-spawner']) {
      const pid = await mainPid(machine, 'portwrap-spawner');
      await machine.output(end);
      await runsAgain(machine, 'portwrap-spawner', pid);
      await serviceAnswers(machine);
      expect(await forkServers(machine)).toEqual(before);
      expect(await hub.shell('alice', who)).toBe('3 portwrap-init\n');
    }
    await hub.stop('alice');
    await hub.start('alice', 'forked');
    expect(await hub.shell('alice', who)).toBe('3 portwrap-init\n');
    await hub.stop('alice');
  },
);

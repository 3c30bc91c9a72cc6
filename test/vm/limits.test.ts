// The limits of a profile bind: 200 MB, half a CPU, 20 processes (scripts/vm/install.sh).
import { describe, expect } from 'vitest';
import { check } from './check.ts';
import { type Machine, until } from './machine.ts';
import { groupOf, mainPid, serverOf, serviceAnswers } from './service.ts';

describe('limits', () => {
  check('of CPUs and processes hold a server', async ({ installed: { machine, hub } }) => {
    await hub.start('alice', 'limited');
    expect(Number(await hub.use('alice', 'burn?seconds=10'))).toBeLessThan(0.65);
    const started = Number(await hub.use('alice', 'fork?n=60'));
    expect(started).toBeGreaterThan(5);
    expect(started).toBeLessThan(20);
    await until('the service tells what is used', async () => {
      return ((await serverOf(machine, 'alice')).usage?.processes ?? 0) >= started;
    });
    await hub.stop('alice');
  });

  check(
    'of memory end a child of a server, and the server lives',
    async ({ installed: { machine, hub } }) => {
      await hub.start('alice', 'limited');
      const service = await mainPid(machine, 'portwrap-spawner');
      expect(await hub.use('alice', 'alloc?mb=400&child=1')).toBe('-9');
      await until('the service counts the kill', async () => {
        return ((await serverOf(machine, 'alice')).usage?.out_of_memory_kills ?? 0) > 0;
      });
      expect(await hub.use('alice')).toContain('uid 1000');
      expect(await mainPid(machine, 'portwrap-spawner')).toBe(service);
      await hub.stop('alice');
    },
  );

  check('of memory end a server, and it is told as that', async ({ installed: { machine, hub } }) => {
    await hub.start('bob', 'free');
    await hub.start('alice', 'limited');
    const service = await mainPid(machine, 'portwrap-spawner');
    await hub.use('alice', 'alloc?mb=400').catch(() => {}); // the server is gone before it can answer
    const ended = await until('the service says that the server has ended', async () => {
      const server = await serverOf(machine, 'alice');
      return server.state === 'exited' && server;
    });
    expect(ended.exit).toMatchObject({ out_of_memory: true });
    await until('the hub says so too', async () => (await hub.server('alice')) === undefined, 240);
    expect(await machine.output('journalctl -b --no-pager -o cat -u jupyterhub')).toMatch(/out of memory/i);
    expect(await machine.output('systemctl show -P Result portwrap-spawner')).toBe('success');
    expect(await mainPid(machine, 'portwrap-spawner')).toBe(service);
    expect(await hub.use('bob')).toContain('uid 1001');
    // why a server has ended is kept until it is started again
    await hub.start('alice', 'limited');
    for (const user of ['alice', 'bob']) await hub.stop(user);
  });

  check(
    'of all servers together and shares are in the groups that systemd-cgls shows, and bind',
    async ({ installed: { machine, hub } }) => {
      await configure(
        machine,
        '  memory: 600M\n  cpus: 1.5\n  processes: 300',
        'memory_high: 150M, cpu_weight: 300, nice: 3',
      );
      await hub.start('alice', 'limited');
      await hub.start('bob', 'free');
      const group = await groupOf(machine, (await serverOf(machine, 'alice')).pid);
      const [servers = ''] = /^.*\/servers(?=\/)/.exec(group) ?? [];
      expect(servers).toBe('/portwrap.slice/portwrap-servers.scope/servers');
      const read = async (directory: string, names: readonly string[]) =>
        (await machine.output(`cd /sys/fs/cgroup${directory} && cat ${names.join(' ')}`)).split('\n');
      const own = group
        .split('/')
        .slice(0, servers.split('/').length + 1)
        .join('/');
      expect(await read(own, ['memory.high', 'cpu.weight'])).toEqual([`${150 * 1024 ** 2}`, '300']);
      expect(await read(servers, ['memory.max', 'cpu.max', 'pids.max'])).toEqual([
        ...[`${600 * 1024 ** 2}`, '150000 100000', '300'],
      ]);
      expect(await hub.use('bob', 'alloc?mb=900&child=1'), 'a child with more than all may have').toBe('-9');
      for (const user of ['alice', 'bob']) {
        expect(await hub.use(user)).toContain('uid');
        await hub.stop(user);
      }
    },
  );
});

/** Puts more into the configuration, and starts the service again with it. */
async function configure(machine: Machine, limits: string, resources: string): Promise<void> {
  const file = '/etc/portwrap-spawner/config.yaml';
  const before = await machine.output(`cat ${file}`);
  const after = before
    .replace('  servers_per_user: 3', `$&\n${limits}`)
    .replace('processes: 20 }', `processes: 20, ${resources} }`);
  await machine.output(`cat > ${file}`, { input: `${after}\n` });
  await machine.output('systemctl restart portwrap-spawner');
  await serviceAnswers(machine);
}

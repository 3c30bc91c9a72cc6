// The limits of a profile bind: 200 MB, half a CPU, 20 processes (scripts/vm/install.sh).
import { describe, expect } from 'vitest';
import { check } from './check.ts';
import { until } from './machine.ts';
import { mainPid, serverOf } from './service.ts';

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
});

// Starts and stops through the hub, as people cause them.
import { describe, expect } from 'vitest';
import { amounts } from './amounts.ts';
import { check } from './check.ts';
import { until } from './machine.ts';
import { serverOf } from './service.ts';

describe('starts and stops', () => {
  check(`${amounts.starts} of them through the hub leave nothing`, async ({ installed: { hub } }) => {
    for (let turn = 0; turn < amounts.starts; turn += 1) {
      await hub.start('alice', turn % 2 === 0 ? 'limited' : 'free');
      expect(await hub.use('alice')).toContain('uid 1000');
      await hub.stop('alice');
    }
  });

  check('a server of JupyterLab runs a cell (portwrap-spawner smoke)', async ({ installed: { machine } }) => {
    const { code, output } = await machine.run('portwrap-spawner smoke --user alice', { seconds: 900 });
    expect(code, output).toBe(0);
  });

  check(
    'a server that is killed is told, its route goes, and it starts again',
    async ({ installed: { machine, hub } }) => {
      await hub.start('alice', 'limited');
      const { pid } = await serverOf(machine, 'alice');
      await machine.output(`kill -9 ${pid}`);
      await until('the service says that the server has ended', async () => {
        return (await serverOf(machine, 'alice')).state === 'exited';
      });
      await until('the hub says so too', async () => (await hub.server('alice')) === undefined, 240);
      await until('its route is gone', () =>
        hub.use('alice').then(
          () => false,
          () => true,
        ),
      );
      await hub.start('alice', 'free');
      await hub.stop('alice');
    },
  );
});

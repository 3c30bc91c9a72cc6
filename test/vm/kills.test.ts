// kill -9 of the service in the middle of starts.
import { randomInt, randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { amounts } from './amounts.ts';
import { check } from './check.ts';
import { until } from './machine.ts';
import { ask, mainPid, runsAgain, servers, serviceAnswers } from './service.ts';

describe('the service', () => {
  check(
    `killed ${amounts.kills} times in the middle of a start, leaves nothing of it`,
    async ({ installed: { machine, hub } }) => {
      for (let turn = 0; turn < amounts.kills; turn += 1) {
        const pid = await mainPid(machine, 'portwrap-spawner');
        const body = { spawn_id: randomUUID(), profile: 'limited', route_prefix: '/user/alice/' };
        const milliseconds = randomInt(0, 4000);
        const killing = machine.output(`sleep ${milliseconds / 1000}; kill -9 ${pid}`);
        await ask(machine, 'POST', 'alice', body).catch(() => ''); // killed before it could answer
        await killing;
        await runsAgain(machine, 'portwrap-spawner', pid);
        await serviceAnswers(machine);
        await until(
          `the start that was killed after ${milliseconds} ms has ended, one way or the other`,
          async () => {
            return (await servers(machine)).every(({ state }) => ['ready', 'exited'].includes(state));
          },
        );
        expect(await ask(machine, 'DELETE', 'alice')).toBe('204');
        expect(await servers(machine)).toEqual([]);
      }
      await hub.start('alice', 'limited');
      await hub.stop('alice');
    },
  );
});

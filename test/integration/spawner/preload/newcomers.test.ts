// A process of the user that is in the sandbox before the forked child comes, and attacks it. In a start nobody but process
// 1 is there; a user with a shell on the machine could be, in their own sandbox. Orders are sent as the service sends them.
// Not here: wrong orders (attacks.test.ts).
import { chmodSync, cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forkSocket, orderFor, sendOrder, targetOf } from '../../../support/fork-order.ts';
import { forkedService } from '../../../support/preload.ts';

const orders = 60;

interface Found {
  /** "newcomer", and what one gave away. */
  readonly found: string[];
  /** Of each that became a server, the descriptors that a command would not have. */
  readonly newcomers: string[];
}

async function attacked(answer: string): Promise<Found> {
  const { service, path } = await forkedService({ script: 'attack', prepare: attackers });
  const url = (await service.start('ann', { spawn_id: 'spawn-ann-1' })).at(-1)?.url ?? '';
  const order = orderFor(targetOf(service, 'ann'), ['/usr/bin/python3', join(path, 'newcomer')]);
  // the attacker gets some milliseconds in which the child waits
  const late = () => pause(10, answer);
  for (let round = 0; round < orders; round += 1) await sendOrder(forkSocket(service), order, late);
  const found = async () => (await (await fetch(url)).json()) as Found;
  // what was let go needs its time
  if (answer !== '') await expect.poll(async () => (await found()).newcomers.length).toBeGreaterThan(0);
  return found();
}

function attackers(path: string): void {
  for (const name of ['attack', 'newcomer']) {
    cpSync(resolve('test/fixtures/preload/attack-newcomers.py'), join(path, name));
    chmodSync(join(path, name), 0o755);
  }
}

test('a child gives nothing away before it is the server, even to who stops it at once', async () => {
  const { found } = await attacked('');
  expect(found.length).toBeGreaterThanOrEqual(orders);
  expect(found.filter((line) => line !== 'newcomer')).toEqual([]);
});

test('a server has no descriptor of the fork server, even if the user has lowered its limit of open files', async () => {
  const { newcomers } = await attacked('go\n');
  expect(new Set(newcomers)).toEqual(new Set(['[]']));
});

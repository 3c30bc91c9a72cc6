// A process of the user that is in the sandbox before the forked child comes, and attacks it. In a start nobody but process
// 1 is there; a user with a shell on the machine could be, in their own sandbox. Orders are sent as the service sends them.
// Not here: wrong orders (attacks.test.ts).
import { chmodSync, cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  brokenForkServer,
  closesNothing,
  type Flaw,
  hidesNothing,
} from '../../../support/broken-fork-server.ts';
import { forkSocket, orderFor, sendOrder, targetOf } from '../../../support/fork-order.ts';
import { forkedService } from '../../../support/preload.ts';

const orders = 60;

interface Found {
  /** "newcomer", and what one gave away. */
  readonly found: string[];
  /** Of each that became a server, the descriptors that a command would not have. */
  readonly newcomers: string[];
}

/** `flaw`: of the fork server, in a control. */
async function attacked(answer: string, flaw: Flaw | null = null): Promise<Found> {
  const { service, path } = await forkedService({ script: 'attack', prepare: attackers });
  const url = (await service.start('ann', { spawn_id: 'spawn-ann-1' })).at(-1)?.url ?? '';
  const order = orderFor(targetOf(service, 'ann'), ['/usr/bin/python3', join(path, 'newcomer')], path);
  const socket = flaw === null ? forkSocket(service) : await brokenForkServer(path, flaw);
  // the attacker gets some milliseconds in which the child waits
  const late = () => pause(10, answer);
  for (let round = 0; round < orders; round += 1) await sendOrder(socket, order, late);
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

test('a child gives nothing away before it is the server, even to who stops it, interrupts it or lowers its limits', async () => {
  const { found } = await attacked('');
  expect(found.length).toBeGreaterThanOrEqual(orders);
  expect(found.filter((line) => line !== 'newcomer')).toEqual([]);
});

test('the attacker gets all of a child that does not hide', async () => {
  const { found } = await attacked('', hidesNothing);
  expect(new Set(found)).toEqual(
    new Set([
      ...['newcomer', 'mem', 'environ', 'maps', 'auxv', 'syscall', 'fd', 'fdinfo', 'map_files', 'exe', 'cwd'],
      ...['root', 'ns', 'ptrace', 'process_vm_readv', 'pidfd_getfd', 'kcmp'],
    ]),
  );
});

test('a server has no descriptor of the fork server, even if the user has lowered its limit of open files', async () => {
  const { newcomers } = await attacked('go\n');
  expect(new Set(newcomers)).toEqual(new Set(['forked, []']));
});

test('the descriptors of a fork server that does not close them are seen in its servers', async () => {
  const { newcomers } = await attacked('go\n', closesNothing);
  expect(newcomers.filter((line) => line !== 'forked, []').length).toBeGreaterThan(0);
});

// A process of the user that is in the sandbox before the forked child comes, and attacks it. In a start nobody but process
// 1 is there; a user with a shell on the machine could be, in their own sandbox. Orders are sent as the service sends them.
// Not here: wrong orders (attacks.test.ts).
import { chmodSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forkServerReady, trustedDirectory } from '../../../support/preload.ts';
import { startedService } from '../../../support/service-test.ts';

/** Allows every call. */
const allowAll = '06000000' + '0000ff7f';
const orders = 60;

interface Found {
  /** "newcomer", and what one gave away. */
  readonly found: string[];
  /** Of each that became a server, the descriptors that a command would not have. */
  readonly newcomers: string[];
}

async function attacked(answer: string): Promise<Found> {
  const { path, remove } = trustedDirectory();
  onTestFinished(remove);
  for (const name of ['attack', 'newcomer']) {
    cpSync(resolve('test/fixtures/preload/attack-newcomers.py'), join(path, name));
    chmodSync(join(path, name), 0o755);
  }
  const service = await startedService(
    onTestFinished,
    `
  - {name: forked, command: [${path}/attack], ready_path: /, preload: [http.server], network: {internet: false, dns: false}}`,
  );
  await forkServerReady(service);
  const url = (await service.start('ann', { spawn_id: 'spawn-ann-1' })).at(-1)?.url ?? '';
  const fork = join(service.stateDirectory, 'fork');
  const [key = ''] = readdirSync(fork).filter((name) => !name.includes('.'));
  const records = join(service.stateDirectory, 'records');
  const [record = ''] = readdirSync(records);
  const { pid, startTime } = JSON.parse(readFileSync(join(records, record), 'utf8')).sandbox.child;
  const uid = Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const argv = ['/usr/bin/python3', join(path, 'newcomer')];
  const order = JSON.stringify({
    ...{ pid, start_time: startTime, uid, gid: uid, groups: [], filter: allowAll },
    environment: { HOME: '/', USER: 'ann', LOGNAME: 'ann', SHELL: '/bin/sh', PATH: '/usr/bin:/bin' },
    ...{ directory: '/', umask: 0o22, open_files: 64, argv, script: 1, command: argv },
  });
  for (let round = 0; round < orders; round += 1) await send(join(fork, key, 'socket'), order, answer);
  const found = async () => (await (await fetch(url)).json()) as Found;
  // what was let go needs its time
  if (answer !== '') await expect.poll(async () => (await found()).newcomers.length).toBeGreaterThan(0);
  return found();
}

/** Settles when the child has ended, or has become the server. */
function send(path: string, order: string, answer: string): Promise<void> {
  const socket = connect(path);
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^pid \d+\n$/.test(said)) socket.write(`${order}\n`);
    // the attacker gets some milliseconds in which the child waits
    if (said.includes('ready')) setTimeout(() => socket.end(answer), 10);
  });
  return new Promise((done) => {
    socket.on('close', () => done());
    socket.on('error', () => done());
  });
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

// Homes that are mounted when they are looked at, by a real automounter: a sandbox has its user's home and may look at
// others, and nothing of ours keeps mounted what nobody uses. In the world "automount" (scripts/worlds.mjs).
// Not here: that nothing is left at the end, as in every world (census.test.ts).
import { closeSync, openSync, readFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { accountName, openTunDevice, testAccount } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { installPortwrap, modes, type Run, runPortwrap } from '../../support/run-portwrap.ts';
import { startService } from '../../support/service.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
openTunDevice();
const own = testAccount('a').home;
const other = testAccount('b').home;

/** What is mounted below /home, in the mount namespace of `process`. */
function homes(process: number | 'self' = 'self'): string[] {
  return readFileSync(`/proc/${process}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith('/home/'));
}

const expires = { timeout: 20_000, interval: 50 };
beforeEach(async () => {
  await expect.poll(() => homes(), expires).toEqual([]);
});

describe.each(modes())('a sandbox of $name', (mode) => {
  async function start(script: string, workingDirectory = '/'): Promise<Run> {
    const [port = 0] = await freePorts(1);
    const command = ['sh', '-c', script];
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    return runPortwrap(installed, mode, port, command, { workingDirectory, stdio: [...stdio] });
  }
  const said = (run: Run) => expect.poll(() => run.stdout(), { timeout: 20_000 });

  test('starts in a home that nobody has looked at before', async () => {
    const run = await start(`cd ${own} && echo written > note && cat note && rm note && pwd`);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toBe(`written\n${own}\n`);
  });

  test('starts where its caller is, below a home', async () => {
    const run = await start('pwd', own);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toBe(`${own}\n`);
  });

  test('mounts another home by looking at it, for itself and for the machine', async () => {
    const run = await start(
      `read -r line; ls -d ${other}/. && grep -c " ${other} " /proc/self/mountinfo; read -r line`,
    );
    expect(homes()).not.toContain(other);
    run.process.stdin?.write('look\n');
    await said(run).toBe(`${other}/.\n1\n`);
    expect(homes()).toContain(other);
    run.process.stdin?.end('done\n');
    expect(await run.ended).toBe(0);
  });

  test('does not keep a home mounted that was there when it started, and that nobody uses', async () => {
    const look = openSync(other, 'r'); // the machine looks at it, and uses it
    const run = await start(
      `grep -c " ${other} " /proc/self/mountinfo; read -r line; grep -c " ${other} " /proc/self/mountinfo`,
    );
    await said(run).toBe('1\n');
    closeSync(look);
    await expect.poll(() => homes(), expires).not.toContain(other);
    run.process.stdin?.end('look\n');
    await run.ended;
    expect(run.stdout()).toBe('1\n0\n');
  });
});

test('a server of the service runs in its user’s home, which is unmounted when it has been stopped', async () => {
  const profile =
    '{name: web, command: [sh, -c, "pwd > where.txt; exec /usr/bin/python3 -m http.server 8888"]}';
  const service = await startService(`  - ${profile}`, '', { accounts: '{mode: system}' });
  try {
    const events = await service.start(accountName('a'), { spawn_id: 'automount-1', profile: 'web' });
    const url = events.at(-1)?.url ?? '';
    expect(await (await fetch(`${url}/where.txt`)).text()).toBe(`${own}\n`);
    expect(homes()).toContain(own);
  } finally {
    await service.dispose();
  }
  await expect.poll(() => homes(), expires).toEqual([]);
});

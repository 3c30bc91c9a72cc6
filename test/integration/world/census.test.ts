// The machine is after a launch as it was before it, however the launch ends and whoever begins it: mounts with their
// propagation, processes, sockets, control groups, rules, keyrings, shared memory, files. In a world where only this
// file acts (scripts/worlds.mjs). Not here: whether launches work (test/integration/portwrap, .../spawner).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { forwarderNames } from '../../../portwrap/index.ts';
import { fetchText } from '../../support/http.ts';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import {
  changes,
  type HostCensus,
  hostCensus,
  isZombie,
  removeControlGroups,
} from '../../support/machine/host-census.ts';
import { hasControlGroups, world } from '../../support/machine/world.ts';
import { becoming, installPortwrap, type Mode, modes, runPortwrap } from '../../support/run-portwrap.ts';
import { runCommand, serverPath, startService, type TestService } from '../../support/service.ts';
import { startJob } from '../../support/slurm/job.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
// what a failed test has left must not hide that the next one leaves it too
afterEach(() => removeControlGroups('portwrap'));
openTunDevice();

const serve = [process.execPath, installed.fixture('serve.mjs'), 'it', '8888'];
const kills = 20;
/** What ends takes its time in the kernel; an automount that nobody uses is unmounted within seconds. */
const settles = { timeout: 15_000, interval: 50 };

let pristine: HostCensus | undefined;

/** Takes the census, acts, and holds the machine to having become again what it was. */
async function expectNoTrace(act: () => Promise<void>): Promise<void> {
  const before = await settledCensus();
  pristine ??= before;
  // in a world that is damaged already, there would be nothing to damage
  expect(changes(pristine, before), 'an earlier test has left').toEqual({});
  await act();
  await expect.poll(() => changes(before, census()), settles).toEqual({});
}

/** Without the directories that the tests make for their commands: one that is killed (-9) leaves its own there. */
function census(): HostCensus {
  const { files, ...others } = hostCensus();
  return { ...others, files: files.filter((line) => !line.startsWith(`${installed.scratch}/`)) };
}

/** Without what is just ending: a home that the automounter unmounts, a process that is not reaped yet. */
async function settledCensus(): Promise<HostCensus> {
  const ending = () => {
    const { mounts, processes } = hostCensus();
    return [...mounts.filter((line) => / on \/home\/\S+ /.test(line)), ...processes.filter(isZombie)];
  };
  if (world?.home === 'automount') await expect.poll(ending, settles).toEqual([]);
  return census();
}

async function run(mode: Mode, options: readonly string[], ...command: string[]) {
  const [port = 0] = await freePorts(1);
  return { port, ...runPortwrap(installed, mode, port, command, { options }) };
}

test('the census sees a mount, a process, a listener, an abstract socket and a file that are new', async () => {
  const before = hostCensus();
  const script = `import os, socket, sys, tempfile
s = [socket.create_server(('127.0.0.1', 0)), socket.socket(socket.AF_UNIX)]
s[1].bind('\\0of-a-test')
os.system('mount -t tmpfs census /world && : > /dev/shm/of-a-test')
print('up', flush=True)
sys.stdin.read()
os.system('umount /world && rm /dev/shm/of-a-test')`;
  const child = spawn('/usr/bin/python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const seen = changes(before, hostCensus());
  child.stdin.end();
  await once(child, 'exit');
  const added = (kind: keyof typeof seen) => seen[kind]?.new.join('\n');
  expect(added('mounts')).toContain('self: tmpfs census / on /world (rw,relatime)');
  expect(added('processes')).toContain('/usr/bin/python3 -c');
  expect(added('sockets')).toMatch(/tcp 0100007F:.*\nunix 0001 @of-a-test/);
  expect(added('files')).toBe('/dev/shm/of-a-test 644 of 0 file');
  expect(changes(before, hostCensus())).toEqual({});
});

describe.each(modes())('portwrap started by $name leaves no trace', (mode) => {
  test.each(forwarderNames)(
    'when its command has served behind %s and is asked to end',
    async (forwarder) => {
      await expectNoTrace(async () => {
        const started = await run(mode, ['--forwarder', forwarder], ...serve);
        await expect.poll(() => fetchText(started.port), { timeout: 30_000 }).toBe('it:8888');
        started.process.kill('SIGTERM');
        expect(await started.ended).toBe(143);
      });
    },
  );

  test('when its command crashes', async () => {
    await expectNoTrace(async () => {
      const crash = 'setsid -f sleep 1000; kill -SEGV $$';
      expect(await (await run(mode, [], 'sh', '-c', crash)).ended).toBe(139);
    });
  });

  // its directory stays where temporary files are: nobody is left who could remove it
  test(`when it is killed (-9) at ${kills} random moments`, async () => {
    await expectNoTrace(async () => {
      const began = performance.now();
      await (await run(mode, [], 'true')).ended;
      const whole = performance.now() - began;
      for (let round = 0; round < kills; round += 1) {
        const started = await run(mode, [], 'sleep', '1000');
        await elapsed(whole * 1.2 * Math.random());
        started.process.kill('SIGKILL');
        await started.ended;
      }
    });
  });

  test('when it is the doctor, who finds that launches work', async () => {
    await expectNoTrace(async () => {
      const argv = [...mode.become, process.execPath, installed.main, 'doctor', ...mode.options];
      const { stdout } = await output(argv);
      expect(stdout).toContain('ready behind builtin and slirp4netns');
    });
  });
});

const [root] = modes();

test('portwrap --memory leaves no trace, or refuses where there are no control groups', async () => {
  if (root === undefined) throw new Error('there is no mode');
  await expectNoTrace(async () => {
    const started = await run(root, ['--memory', '64M'], 'true');
    expect(await started.ended).toBe(hasControlGroups ? 0 : 125);
  });
});

describe('portwrap job leaves no trace', () => {
  test('when its server is asked to end', async () => {
    await expectNoTrace(async () => {
      const job = await startJob(installed, becomingReady());
      await expect.poll(() => job.events(), { timeout: 30_000 }).toContain('ready');
      job.process.kill('SIGTERM');
      expect(await job.ended).toBe(0);
      expect(job.events().at(-1)).toBe('ended');
    });
  });

  test('when it is killed (-9) at random moments', async () => {
    await expectNoTrace(async () => {
      for (let round = 0; round < 5; round += 1) {
        const job = await startJob(installed, becomingReady());
        await elapsed(600 * Math.random());
        job.process.kill('SIGKILL');
        await job.ended;
      }
    });
  });
});

describe('the service leaves no trace', () => {
  const profiles = `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
  - name: dies
    command: [sh, -c, "setsid -f sleep 1000; exit 3"]`;
  const withService = (act: (service: TestService) => Promise<void>) =>
    expectNoTrace(async () => {
      const service = await startService(profiles, '', { accounts: '{mode: system}' });
      try {
        await act(service);
      } finally {
        await service.dispose();
      }
    });

  test('when servers have been started, have crashed, were killed and were stopped', async () => {
    await withService(async (service) => {
      const ready = await service.start(accountName('a'), { spawn_id: 'census-web', profile: 'web' });
      expect(ready.at(-1)).toMatchObject({ ready: true });
      const died = await service.start(accountName('b'), { spawn_id: 'census-dies', profile: 'dies' });
      expect(died.at(-1)).toMatchObject({ failed: true, error: { code: 'SERVER_DIED' } });
      await service.start(accountName('b'), { spawn_id: 'census-killed', profile: 'web' }, 'other');
      const { pid } = (await service.call('GET', serverPath(accountName('b'), 'other'))).body;
      process.kill(Number(pid), 'SIGKILL');
      expect((await service.call('DELETE', serverPath(accountName('a')))).status).toBe(204);
    });
  });

  test('when it is killed (-9) at random moments of starts, restarted, and stops them', async () => {
    await withService(async (service) => {
      for (let round = 0; round < 6; round += 1) {
        await service.call('POST', serverPath(accountName('a')), {
          spawn_id: `census-${round}`,
          profile: 'web',
        });
        await elapsed(400 * Math.random());
        await service.restart();
        expect((await service.call('DELETE', serverPath(accountName('a')))).status).toBe(204);
      }
    });
  });

  test('after an orderly end and a restart with a server running', async () => {
    await withService(async (service) => {
      const ready = await service.start(accountName('a'), { spawn_id: 'census-restart', profile: 'web' });
      await service.restart('SIGTERM');
      expect((await fetch(ready.at(-1)?.url ?? '')).status).toBe(200);
    });
  });

  test('when its doctor looks, while it runs', async () => {
    await withService(async (service) => {
      const before = hostCensus();
      const { stdout } = await runCommand(service, 'doctor', '--user', accountName('a'));
      expect(stdout).toContain('ready behind builtin and slirp4netns');
      await expect.poll(() => changes(before, hostCensus()), settles).toEqual({});
    });
  });
});

/** A batch system starts jobs as their users; they find its directories open. */
function becomingReady(): string[] {
  chmodSync(installed.directory, 0o755);
  return ['sh', '-c', 'chmod 1777 "$XDG_RUNTIME_DIR"; exec "$@"', 'sh', ...becoming(accountName('a'))];
}

async function output(argv: readonly string[]) {
  const [program = '', ...more] = argv;
  const child = spawn(program, more, { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  await once(child, 'close');
  return { stdout };
}

/** A kill is to hit every moment of a launch, so time counts here, and nothing else is waited for. */
async function elapsed(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await once(AbortSignal.timeout(Math.ceil(milliseconds)), 'abort');
}

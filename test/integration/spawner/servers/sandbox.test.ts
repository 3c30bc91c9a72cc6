// What a profile says of its sandbox, asked from inside: limits, files, network.
import { describe, expect } from 'vitest';
import { hasControlGroups } from '../../../support/machine/world.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

/** Runs `script`, then serves the home over HTTP: what the script wrote to out.txt can be read. */
const profile = (name: string, script: string, more = '') => `
  - name: ${name}
    command: ${JSON.stringify(['bash', '-c', `cd; { ${script}; } > out.txt 2>&1; exec /usr/bin/python3 -m http.server 8888`])}
${more}`;

const test = serviceTest(
  [
    profile(
      'strict',
      'touch /var/lib/x; touch here && echo home; cat /etc/hosts',
      '    files: {view: strict, hide: [/etc/hosts]}',
    ),
    profile('offline', 'echo > /dev/tcp/198.51.100.1/80', '    network: {internet: false}'),
    profile(
      'networks',
      'timeout 1 bash -c "echo > /dev/tcp/198.51.100.1/80"; echo code $?; echo > /dev/tcp/203.0.113.1/80',
      '    network: {internet: {allow: [198.51.100.0/24]}}',
    ),
    profile('limited', 'ulimit -n', '    resources: {open_files: 333}'),
    profile('files', 'true'),
    `
  - name: greedy
    command: [/usr/bin/python3, -c, "x = b'x' * 300_000_000"]
    resources: {memory: 64M}`,
  ].join(''),
);

async function outputOf(service: TestService, name: string): Promise<string> {
  const last = (await service.start(name, { spawn_id: `sandbox-${name}`, profile: name })).at(-1);
  expect(last).toMatchObject({ ready: true });
  return (await fetch(`${last?.url}/out.txt`)).text();
}

test('strict: only the home is writable, and a hidden file cannot be read', async ({ service }) => {
  const output = await outputOf(service, 'strict');
  expect(output).toContain("cannot touch '/var/lib/x'");
  expect(output).toContain('home\n');
  expect(output).toContain('cat: /etc/hosts: Permission denied');
});

test('internet: false refuses other machines', async ({ service }) => {
  expect(await outputOf(service, 'offline')).toContain('Connection refused');
});

test('a list of networks refuses the others only', async ({ service }) => {
  const output = await outputOf(service, 'networks');
  expect(output).not.toContain('198.51.100.1/80: Connection refused');
  expect(output).toContain('203.0.113.1/80: Connection refused');
});

test('open files are limited', async ({ service }) => {
  expect((await outputOf(service, 'limited')).trim()).toBe('333');
});

const withControlGroups = () => {
  test('what a server uses is told', async ({ service }) => {
    await outputOf(service, 'files');
    const { usage } = (await service.call('GET', serverPath('files'))).body as {
      usage: Record<string, number>;
    };
    expect(usage.memory).toBeGreaterThan(1_000_000);
    expect(usage.cpu).toBeGreaterThan(0);
    expect(usage.processes).toBeGreaterThanOrEqual(3); // the server, and two of bubblewrap
    expect(usage.out_of_memory_kills).toBe(0);
  });

  test('a server that runs out of memory is reported as such', async ({ service }) => {
    const last = (await service.start('greedy', { spawn_id: 'sandbox-greedy', profile: 'greedy' })).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_DIED' } });
    expect(last?.message).toContain('out of memory');
    const { body } = await service.call('GET', serverPath('greedy'));
    expect(body.exit).toMatchObject({ code: 137, out_of_memory: true });
  });

  test('a limit of the hub binds a server whose profile has none, and the server learns it', async ({
    service,
  }) => {
    const last = (
      await service.start('bound', {
        spawn_id: 'sandbox-bound',
        profile: 'files',
        limits: { memory: 64 * 2 ** 20, cpus: 0.5 },
        command: [
          '/usr/bin/python3',
          ...[
            '-c',
            'import os; print(os.environ["MEM_LIMIT"], os.environ["CPU_LIMIT"], flush=True); x = b"x" * 300_000_000',
          ],
        ],
      })
    ).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_DIED' } });
    expect(last?.error?.log).toContain(`${64 * 2 ** 20} 0.5`);
    const { body } = await service.call('GET', serverPath('bound'));
    expect(body.exit).toMatchObject({ code: 137, out_of_memory: true });
  });
};

const withoutControlGroups = () => {
  test('nothing is told of what a server uses', async ({ service }) => {
    await outputOf(service, 'files');
    expect((await service.call('GET', serverPath('files'))).body).toMatchObject({
      state: 'ready',
      usage: null,
    });
  });

  test('a profile with limits is refused by name, and its server never runs', async ({ service }) => {
    const last = (await service.start('greedy', { spawn_id: 'sandbox-greedy', profile: 'greedy' })).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'LIMITS_UNAVAILABLE' } });
    expect((await service.call('GET', serverPath('greedy'))).body).toMatchObject({ pid: null });
  });

  test('a limit of the hub that cannot be enforced is refused', async ({ service }) => {
    const asked = { spawn_id: 'sandbox-bound', profile: 'files', limits: { cpus: 1 } };
    const last = (await service.start('bound', asked)).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'LIMITS_UNAVAILABLE' } });
  });
};

if (hasControlGroups) describe('with control groups', withControlGroups);
else describe('without control groups', withoutControlGroups);

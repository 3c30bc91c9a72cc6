// The unit files: systemd accepts them, the programs accept their command lines, and no restart ends a server.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCommandLine } from '../../../proxy/cli/options.ts';
import { portwrapProxy } from '../../../proxy/cli/program.ts';
import { parseArguments } from '../../../spawner/commands/arguments.ts';
import { hubUnit, proxyDropIns } from '../../../spawner/commands/setup/plan/unit-files.ts';
import { portGuardFile } from '../../../spawner/port-guard/rule.ts';

const root = new URL('../../../systemd', import.meta.url).pathname;
const names = readdirSync(root).filter((name) => /\.(?:service|socket)$/.test(name));
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const setting = (unit: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(read(unit))?.[1];
const argvOf = (unit: string) => (setting(unit, 'ExecStart') ?? '').split(' ').slice(1);

const proxyOptions = (argv: readonly string[], env = {}) => {
  const request = readCommandLine(argv, env, 7);
  return request.kind === 'run' ? request.options : undefined;
};

const directory = mkdtempSync(join(tmpdir(), 'units-'));
afterAll(() => rmSync(directory, { recursive: true }));

test.each(names)('systemd finds nothing wrong with %s', (name) => {
  // the programs are not installed here
  const runnable = (text: string) =>
    text.replaceAll(/^(ExecStart=)\/usr\/bin\/portwrap-\w+/gm, '$1/bin/true');
  for (const unit of names) writeFileSync(join(directory, unit), runnable(read(unit)));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(directory, name)], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('the programs accept the command lines of the units', () => {
  expect(names.sort()).toEqual([
    'portwrap-ports.service',
    'portwrap-proxy-api.socket',
    'portwrap-proxy.service',
    'portwrap-proxy.socket',
    'portwrap-spawner.service',
  ]);
  expect(parseArguments(argvOf('portwrap-spawner.service'))).toMatchObject({
    command: 'serve',
    operand: undefined,
    given: { config: '/etc/portwrap-spawner/config.yaml' },
  });
  expect(proxyOptions(argvOf('portwrap-proxy.service'))).toMatchObject({
    listen: { ip: '0.0.0.0', port: 8000 },
    api: { ip: '127.0.0.1', port: 8001 },
    defaultTarget: 'http://127.0.0.1:8081',
  });
});

test('setup starts the proxy as the shipped unit does, at other addresses; it compresses', () => {
  const addresses = { publicHost: '::1', publicPort: 8443, hub: 'http://127.0.0.1:9081' };
  const dropIn = [...proxyDropIns(addresses, '/opt/bin')].find(([path]) => path.includes('.service.d'))?.[1];
  const command = /^ExecStart=(\/.*)$/m.exec(dropIn ?? '')?.[1] ?? '';
  const shipped = proxyOptions(argvOf('portwrap-proxy.service'));
  expect(shipped?.compress).toBe(true);
  expect(proxyOptions(command.split(' ').slice(1))).toEqual({
    ...shipped,
    listen: { ip: '::1', port: 8443 },
    defaultTarget: 'http://127.0.0.1:9081',
  });
});

test('the sockets are where the proxy would listen without them, by names that it knows', () => {
  const sockets = ['portwrap-proxy.socket', 'portwrap-proxy-api.socket'];
  const env = {
    LISTEN_PID: '7',
    LISTEN_FDS: '2',
    LISTEN_FDNAMES: sockets.map((unit) => setting(unit, 'FileDescriptorName')).join(':'),
  };
  expect(proxyOptions([], env)).toMatchObject({ listen: { descriptor: 3 }, api: { descriptor: 4 } });
  expect(sockets.map((unit) => setting(unit, 'ListenStream'))).toEqual(['0.0.0.0:8000', '127.0.0.1:8001']);
  expect(setting('portwrap-proxy-api.socket', 'Service')).toBe('portwrap-proxy.service');
  // systemd.service(5): it would pull the sockets in where nobody has enabled them
  expect(setting('portwrap-proxy.service', 'Sockets')).toBeUndefined();
});

test('an end of the service ends no server and forgets no record', () => {
  expect(setting('portwrap-spawner.service', 'KillMode')).toBe('process');
  expect(setting('portwrap-spawner.service', 'RuntimeDirectoryPreserve')).toBe('yes');
  // where the service keeps its records unless told otherwise
  expect(setting('portwrap-spawner.service', 'RuntimeDirectory')?.split(' ')[0]).toBe('portwrap-spawner');
  const schema = readFileSync(new URL('../../../config/schema.json', import.meta.url), 'utf8');
  expect(schema).toContain('"/run/portwrap-spawner"');
});

test('a proxy that systemd stops has not failed', () => {
  const codes = portwrapProxy.sections.find(({ title }) => title === 'exit codes')?.rows ?? [];
  const stopped = codes.filter(([, help]) => help.includes('SIGTERM')).map(([code]) => code);
  expect(stopped).toEqual([setting('portwrap-proxy.service', 'SuccessExitStatus')]);
});

test('no unit starts without its configuration', () => {
  expect(setting('portwrap-spawner.service', 'ConditionPathExists')).toBe(
    '/etc/portwrap-spawner/config.yaml',
  );
  expect(setting('portwrap-proxy.service', 'ConditionPathExists')).toBe(
    setting('portwrap-proxy.service', 'EnvironmentFile'),
  );
  expect(setting('portwrap-ports.service', 'ConditionPathExists')).toBe(portGuardFile);
});

test('nothing is set for the service that servers would inherit', () => {
  const inherited =
    /^(?:Protect|Private|Restrict|SystemCall|UMask|LockPersonality|NoNewPrivileges|MemoryDeny)/m;
  expect(read('portwrap-spawner.service')).not.toMatch(inherited);
});

// systemd's own measure: 0 is the least exposed, 10 the most
test.each([
  ['portwrap-proxy.service', 2],
  ['portwrap-ports.service', 2],
  ['jupyterhub.service', 7],
])('%s is confined', (unit, most) => {
  const path = join(directory, unit);
  writeFileSync(path, unit === 'jupyterhub.service' ? hubUnit : read(unit));
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path], {
    encoding: 'utf8',
  });
  expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(most);
});

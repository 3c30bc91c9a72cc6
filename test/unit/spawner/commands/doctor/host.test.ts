// How the doctor judges where the service and its hubs are: a file system's type and the kernel's tables.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import {
  collectHostChecks,
  evaluateHub,
  evaluateStateDirectory,
} from '../../../../../spawner/commands/doctor/host.ts';

test.each([
  ['/run/portwrap', 0x01021994, 'ok'],
  ['/var/lib/portwrap', 0xef53, 'warning'],
  ['/nowhere', null, 'warning'],
])('the state directory %s of type %s is %s', (path, type, status) => {
  expect(evaluateStateDirectory(path, type).status).toBe(status);
});

const rest = '00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0';
const zero6 = '0'.repeat(32);
test.each([
  [`   0: 00000000:1F91 ${rest}`, 'warning'],
  [`   0: ${zero6}:1F91 ${zero6}:0000 0A 0`, 'warning'],
  [`   0: 0100007F:1F91 ${rest}`, 'ok'],
  [`   0: 00000000:1F92 ${rest}`, 'ok'],
  [`   0: 00000000:1F91 0100007F:A000 01 0`, 'ok'],
  // 127.0.0.5 and ::1, which no sandbox reaches
  [`   0: 0500007F:1F91 ${rest}`, 'failed'],
  [`   0: ${'0'.repeat(24)}01000000:1F91 ${zero6}:0000 0A 0`, 'failed'],
  [`   0: 0500007F:1F91 ${rest}\n   1: 0100007F:1F91 ${rest}`, 'ok'],
])('a hub at 8081 in "%s" is %s', (table, status) => {
  expect(evaluateHub('main', 8081, `  sl  local_address rem_address   st\n${table}\n`).status).toBe(status);
});

test('the state directory and the hubs of the configuration are examined, those on other machines not', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const config = parseConfig(
    `service: {state_dir: /proc/portwrap-test}
hubs:
  - {name: here, token_env: T, api_url: "http://127.0.0.1:${port}/hub/api"}
  - {name: there, token_env: T, api_url: "http://192.0.2.1:${port}/hub/api"}`,
    'f',
  );
  const checks = collectHostChecks(config);
  server.close();
  expect(checks.map(({ name, status }) => [name, status])).toEqual([
    ['state directory', 'warning'],
    ['hub here', 'warning'],
  ]);
  expect(checks[0]?.what).toContain('/proc/portwrap-test');
});

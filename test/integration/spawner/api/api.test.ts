// The API as a whole: the OpenAPI document and the routes are the same set, health, metrics, and who may ask.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { createApp, pathPattern } from '../../../../spawner/http/app.ts';
import { createClient } from '../../../../spawner/http/client.ts';
import { openApiDocument } from '../../../../spawner/http/openapi.ts';
import { freePorts } from '../../../support/machine/free-ports.ts';
import { adminToken, hubToken, serverPath } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const [port] = await freePorts(1);
const metricsUrl = `http://127.0.0.1:${port}`;
const test = serviceTest(
  `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
`,
  '',
  { service: `metrics_listen: "127.0.0.1:${port}"` },
);

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { security: unknown[]; responses: object; requestBody?: object }>>;
  components: { schemas: Record<string, { properties: Record<string, unknown>; required: string[] }> };
}
const document = openApiDocument('0') as unknown as Document;

test('the document and the routes are the same set', () => {
  const app = createApp({ hubs: () => [], adminToken: 'x' } as unknown as Parameters<typeof createApp>[0]);
  const stack = (app as unknown as { router: { stack: { route?: Route }[] } }).router.stack;
  const routes = stack.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((method) => `${method} ${route.path}`),
  );
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${pathPattern(path)}`),
  );
  expect(routes.filter((route) => !route.startsWith('_all')).sort()).toEqual(described.sort());
});

interface Route {
  readonly path: string;
  readonly methods: Record<string, boolean>;
}

test('what is served is that document, in OpenAPI 3.1', async ({ service }) => {
  const served = (await (await fetch(`${service.url}/api/openapi.json`)).json()) as Document;
  expect(served.openapi).toBe('3.1.0');
  expect(Object.keys(served.paths)).toEqual(Object.keys(document.paths));
});

test('every reference in the document leads somewhere', () => {
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
});

test('an answer has exactly the keys that the document says', async ({ service }) => {
  await service.start('ann', { spawn_id: 'api-spawn-1', profile: 'web' });
  const { body } = await service.call('GET', serverPath('ann'));
  expect(Object.keys(body).sort()).toEqual(
    Object.keys(document.components.schemas.Server?.properties ?? {}).sort(),
  );
  await service.call('DELETE', serverPath('ann'));
});

test('docs/protocol.md names every address, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8');
  const named = [...page.matchAll(/^\| `(GET|POST|DELETE) (\/\S+?)(?:\?\S*)?` /gm)].map(
    ([, method = '', path]) => `${method.toLowerCase()} ${path}`,
  );
  const described = Object.entries(document.paths)
    .filter(([path]) => !path.includes('{name}')) // the page says once how named servers differ
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
  expect(named.sort()).toEqual(described.sort());
});

test.for(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security.length > 0)
      .map(([method]) => [method.toUpperCase(), path] as const),
  ),
)('%s %s without a token is refused', async ([method, path], { service }) => {
  const real = path.replace('{user}', 'x').replace('{name}', 'y');
  const response = await fetch(`${service.url}${real}`, { method });
  expect(response.status).toBe(401);
  expect(((await response.json()) as { code: string }).code).toBe('UNAUTHORIZED');
});

test.for([
  ['PUT', '/api/users/ann/server', 405],
  ['POST', '/api/users', 405],
  ['GET', '/api/nothing', 404],
  ['GET', '/api/users/%E0%A4%A', 400],
] as const)('%s %s is answered with %i and a code', async ([method, path, status], { service }) => {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { authorization: `token ${hubToken}` },
  });
  expect(response.status).toBe(status);
  expect(await response.json()).toHaveProperty('code');
});

test('only the administrator may reload', async ({ service }) => {
  expect(await service.call('POST', '/reload')).toMatchObject({
    status: 401,
    body: { code: 'UNAUTHORIZED' },
  });
  const admin = adminToken(service.stateDirectory);
  expect((await service.call('POST', '/reload', undefined, admin)).status).toBe(200);
});

test('health needs no token, and neither does the listener for metrics', async ({ service }) => {
  for (const path of ['/api/health', '/api/health/live', '/api/health/ready']) {
    expect((await fetch(`${service.url}${path}`)).status).toBe(200);
  }
  for (const path of ['/metrics', '/api/health', '/api/health/live', '/api/health/ready']) {
    expect((await fetch(`${metricsUrl}${path}`)).status).toBe(200);
  }
  expect((await fetch(`${metricsUrl}/api/users`)).status).toBe(404);
});

test('a stall of the event loop is in the metrics', async ({ service }) => {
  // a scrape begins the count anew, and one that comes before the monitor has its turn loses what it would count
  const longestOfStall = async () => {
    process.kill(service.pid(), 'SIGSTOP');
    await pause(400); // the stall itself
    process.kill(service.pid(), 'SIGCONT');
    await pause(400);
    const body = await (await fetch(`${metricsUrl}/metrics`)).text();
    return Number(/^portwrap_service_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(body)?.[1]);
  };
  await expect.poll(longestOfStall, { timeout: 30_000 }).toBeGreaterThan(0.3);
});

test('metrics tell servers by state, phases of starts, failures by code, free ports and adoptions', async ({
  service,
}) => {
  const client = createClient(new URL(service.url), hubToken);
  const value = async (line: string) =>
    Number(new RegExp(`^${line.replaceAll(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(await client.metrics())?.[1]);
  const phases = 'portwrap_spawn_phase_seconds_count{phase="total"}';
  const ended = async (code: string, outcome: string) =>
    (await value(`portwrap_servers_ended_total{code="${code}",outcome="${outcome}"}`)) || 0;
  const begun = (await value(phases)) || 0; // another test's server may have been counted
  const free = await value('portwrap_ports_free');
  await service.start('may', { spawn_id: 'api-spawn-2', profile: 'web' });
  expect(await value('portwrap_servers{state="ready"}')).toBe(1);
  expect(await value(phases)).toBe(begun + 1);
  expect(await value('portwrap_ports_free')).toBe(free - 1);
  expect(await value('portwrap_starts_waiting')).toBe(0);
  await service.restart();
  await expect.poll(() => value('portwrap_servers_adopted_total{outcome="alive"}')).toBe(1);
  await client.stop({ user: 'may', name: '' });
  expect(await ended('SERVER_STOPPED', 'stopped')).toBe(1);
  expect(await client.metrics()).toContain('portwrap_service_nodejs_eventloop_lag_seconds');
});

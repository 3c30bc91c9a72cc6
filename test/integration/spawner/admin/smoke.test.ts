// `portwrap-spawner smoke` as an administrator runs it: a real Jupyter server behind our own proxy, a cell over the
// proxy's WebSocket, and how long each step took. Not here: smoke without a proxy (commands.test.ts).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxy, type TestProxy } from '../../../support/proxy.ts';
import { processesBelow, runCommand, startService, type TestService } from '../../../support/service.ts';

let proxy: TestProxy;
let service: TestService;
beforeAll(async () => {
  proxy = await startProxy();
  service = await startService(
    `
  - name: jupyter
    ready_timeout: 100
`,
    `proxy: {api_url: "${proxy.apiUrl}", token_env: CONFIGPROXY_AUTH_TOKEN}`,
  );
}, 60_000);
afterAll(async () => {
  await service.dispose();
  await proxy.kill();
  expect(processesBelow(service.directory)).toEqual([]);
});

const smoke = (publicUrl: string) => runCommand(service, 'smoke', '--hub', 'hub', '--public-url', publicUrl);

test('runs a cell through the proxy, prints what each step took, and leaves neither server nor route', async () => {
  expect(await smoke(proxy.url)).toEqual({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^STEP +MS\nstart the server, until it answers +\d+\nstart a kernel, over HTTP and WebSocket +\d+\nrun a cell +\d+\nstop the server +\d+\nall of it works\n$/,
    ),
  });
  expect(Object.keys(await proxy.routes())).toEqual(['/']);
  expect((await service.call('GET', '/servers')).body).toEqual([]);
}, 120_000);

test('fails when the proxy does not lead to the server, although the server runs', async () => {
  const { code, stderr } = await smoke(proxy.apiUrl);
  expect({ code, stderr }).toMatchObject({ code: 70, stderr: expect.stringContaining('(SMOKE_FAILED)') });
  expect((await service.call('GET', '/servers')).body).toEqual([]);
}, 120_000);

// `portwrap-spawner smoke` as an administrator runs it: a real Jupyter server behind our own proxy, a cell over the
// proxy's WebSocket, and how long each step took. Not here: smoke without a proxy (commands.test.ts).
import { expect } from 'vitest';

import { runCommand, type TestService } from '../../../support/service.ts';
import { routedServiceTest } from '../../../support/service-test.ts';

const test = routedServiceTest(
  `
  - name: jupyter
    ready_timeout: 100
`,
);

const smoke = (service: TestService, publicUrl: string) =>
  runCommand(service, 'smoke', '--hub', 'hub', '--public-url', publicUrl);

test('runs a cell through the proxy, prints what each step took, and leaves neither server nor route', async ({
  service,
  proxy,
}) => {
  expect(await smoke(service, proxy.url)).toEqual({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^STEP +MS\nstart the server until it responds +\d+\nstart a kernel, over HTTP and WebSocket +\d+\nrun a cell +\d+\nstop the server +\d+\nall steps passed\n$/,
    ),
  });
  expect(Object.keys(await proxy.routes())).toEqual(['/']);
  expect((await service.call('GET', '/servers')).body).toEqual([]);
}, 120_000);

test('fails when the proxy does not lead to the server, although the server runs', async ({
  service,
  proxy,
}) => {
  const { code, stderr } = await smoke(service, proxy.apiUrl);
  expect({ code, stderr }).toMatchObject({ code: 70, stderr: expect.stringContaining('(SMOKE_FAILED)') });
  expect((await service.call('GET', '/servers')).body).toEqual([]);
}, 120_000);

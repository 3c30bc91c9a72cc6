// How the doctor finds that the API of a hub is not where the configuration says, against programs that answer as a
// JupyterHub with a base_url does, and otherwise.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import { collectHubUrlChecks } from '../../../../../spawner/commands/doctor/hub-url.ts';

let close = () => {};
afterEach(() => close());

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As JupyterHub 3 to 6 with base_url /jupyter/: what is outside of it is redirected into it. */
const withBaseUrl: RequestListener = ({ url = '' }, response) => {
  if (url === '/jupyter/hub/api/') response.end('{"version": "5.4.0"}');
  else if (url === '/') response.writeHead(302, { location: '/jupyter/hub/' }).end();
  else response.writeHead(302, { location: `/jupyter/hub${url}` }).end();
};

const check = (origin: string, path: string, key = 'api_url') =>
  collectHubUrlChecks(parseConfig(`hubs: [{name: main, token_env: T, ${key}: "${origin}${path}"}]`, 'f'));

test('an api_url without the base_url of the hub has failed, and the right one is found', async () => {
  const origin = await serve(withBaseUrl);
  const [found] = await check(origin, '/hub/api');
  expect(found).toMatchObject({
    status: 'failed',
    what: expect.stringContaining('must contain the base_url of the hub'),
    fix: `api_url: ${origin}/jupyter/hub/api`,
  });
});

test('where a public_api_url is given, that one is checked, as the service asks there', async () => {
  const origin = await serve(withBaseUrl);
  const [found] = await check(origin, '/hub/api', 'public_api_url');
  expect(found).toMatchObject({
    name: 'public_api_url of hub main',
    fix: `public_api_url: ${origin}/jupyter/hub/api`,
  });
});

test('the right one is ok, with the version of the hub', async () => {
  const origin = await serve(withBaseUrl);
  expect(await check(origin, '/jupyter/hub/api')).toMatchObject([
    { status: 'ok', what: 'JupyterHub 5.4.0 responds' },
  ]);
});

test('a hub that does not run, or is no JupyterHub and has no API, is no finding', async () => {
  const origin = await serve((_request, response) => void response.end('hello'));
  expect(await check(origin, '/hub/api')).toEqual([]);
  close();
  expect(await check(origin, '/hub/api')).toEqual([]);
});

test('another program at the port is not taken for the hub', async () => {
  const origin = await serve((_request, response) => void response.writeHead(302, { location: '/x' }).end());
  expect(await check(origin, '/hub/api')).toMatchObject([
    { status: 'failed', fix: 'Correct "api_url" of this hub.' },
  ]);
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compiledCommand, freePort, runCommand } from '../integration/proxy/support/command.ts';
import { echoUpstream, httpUpstream } from '../integration/proxy/support/upstream.ts';

const chp = join(
  import.meta.dirname,
  '../../node_modules/configurable-http-proxy/bin/configurable-http-proxy',
);
const ours = compiledCommand();

const commands: [string, string, string[]][] = [
  ['portwrap-proxy', ours, []],
  ['portwrap-proxy --engine http-proxy', ours, ['--engine', 'http-proxy']],
  ['portwrap-proxy --workers 2', ours, ['--workers', '2']],
  ['configurable-http-proxy', chp, []],
];

interface Hub {
  readonly url: string;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
}

async function started(main: string, more: readonly string[]): Promise<Hub> {
  const port = await freePort();
  const argv = [...`--ip 127.0.0.1 --port ${port} --api-ip 127.0.0.1 --log-level info`.split(' '), ...more];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await command.until('Proxy API at');
  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(() =>
      fetch(`${url}/_chp_healthz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    )
    .toBe(true);
  const apiUrl = `http://127.0.0.1:${port + 1}/api/routes`;
  return {
    url,
    call: async (method, path, body) => {
      const answer = await fetch(apiUrl + path, {
        method,
        headers: { Authorization: 'token secret' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, text: await answer.text() };
    },
  };
}

describe.each(commands)('%s', (_name, main, more) => {
  test('a route leads to its target from the moment the API answered, and no longer after its removal', async () => {
    const upstream = await echoUpstream();
    const hub = await started(main, more);
    expect((await fetch(`${hub.url}/user/a/x`)).status).toBe(404);
    expect((await hub.call('POST', '/user/a', { target: upstream.url, user: 'a' })).status).toBe(201);
    const answer = await fetch(`${hub.url}/user/a/x?y=1`);
    expect(JSON.parse(await answer.text())).toMatchObject({ url: '/user/a/x?y=1' });
    expect((await hub.call('DELETE', '/user/a')).status).toBe(204);
    expect((await hub.call('DELETE', '/user/a')).status).toBe(404);
    expect((await fetch(`${hub.url}/user/a/x`)).status).toBe(404);
  });

  test('the longest prefix wins, by whole segments and decoded names', async () => {
    const named = (name: string) => httpUpstream((_req, res) => res.end(name));
    const hub = await started(main, more);
    for (const [path, name] of [
      ['/', 'root'],
      ['/user/q%40m', 'user'],
      ['/user/q%40m/named', 'server'],
    ] as const) {
      await hub.call('POST', path, { target: (await named(name)).url });
    }
    for (const [path, name] of [
      ['/user/q@m/x', 'user'],
      ['/user/q%40m/named/x', 'server'],
      ['/user/q%40m/namedx', 'user'],
      ['/user/q%40mm', 'root'],
      ['/user', 'root'],
    ] as const) {
      const answer = await fetch(hub.url + path);
      expect([path, await answer.text()]).toEqual([path, name]);
    }
  });

  test('the table lists every route with what was posted and a last activity, and a post replaces all of it', async () => {
    const hub = await started(main, more);
    await hub.call('POST', '/user/é', {
      target: 'http://127.0.0.1:1',
      jupyterhub: true,
      user: 'é',
      server_name: '',
    });
    const listed = JSON.parse((await hub.call('GET', '')).text)['/user/é'];
    expect(listed).toMatchObject({
      target: 'http://127.0.0.1:1',
      jupyterhub: true,
      user: 'é',
      server_name: '',
    });
    expect(new Date(listed.last_activity).toISOString()).toBe(listed.last_activity);
    await hub.call('POST', '/user/é', { target: 'http://127.0.0.1:2' });
    const { last_activity: _, ...rest } = JSON.parse((await hub.call('GET', '/user/%C3%A9')).text);
    expect(rest).toEqual({ target: 'http://127.0.0.1:2' });
  });

  test('routes may be asked for by how long they were inactive', async () => {
    const hub = await started(main, more);
    await hub.call('POST', '/a', { target: 'http://127.0.0.1:1' });
    expect(JSON.parse((await hub.call('GET', '?inactive_since=2001-01-01')).text)).toEqual({});
    expect(Object.keys(JSON.parse((await hub.call('GET', '?inactiveSince=2999-01-01')).text))).toEqual([
      '/a',
    ]);
    expect((await hub.call('GET', '?inactive_since=never')).status).toBe(400);
  });

  test('a post without a target, or that is no JSON, is refused and changes nothing', async () => {
    const hub = await started(main, more);
    expect(await hub.call('POST', '/a', { user: 'a' })).toEqual({
      status: 400,
      text: "Must specify 'target' as string",
    });
    expect((await hub.call('GET', '')).text).toBe('{}');
    expect((await hub.call('PUT', '/a', {})).status).toBe(405);
  });

  test('whoever has no token learns and changes nothing', async () => {
    const hub = await started(main, more);
    const api = hub.url.replace(/\d+$/, (port) => `${Number(port) + 1}`);
    for (const method of ['GET', 'DELETE']) {
      const answer = await fetch(`${api}/api/routes/`, { method, headers: { Authorization: 'token wrong' } });
      expect([answer.status, await answer.text()]).toEqual([403, '']);
    }
  });
});

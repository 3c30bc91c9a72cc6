import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, echoUpstream } from '../support/upstream.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-sockets-'));
  return () => rmSync(dir, { recursive: true });
});

async function get(socketPath: string, path: string, headers = {}): Promise<string> {
  const asked = request({ socketPath, path, headers, agent: false }).end();
  const [answer] = await once(asked, 'response');
  return bodyOf(answer);
}

forEachEngine(() => {
  test('a target may be a unix socket', async () => {
    const socketPath = join(dir, 'target.sock');
    const server = createServer((req, res) => res.end(`${req.url} ${req.headers.host}`)).listen(socketPath);
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const proxy = await startedProxy();
    proxy.addRoute('/a', `http+unix://${encodeURIComponent(socketPath)}/pre`);
    expect(await (await fetch(`${proxy.url}/a/b`)).text()).toBe(`/pre/a/b 127.0.0.1:${proxy.port}`);
  });
});

test('listeners on unix sockets serve, and remove their sockets at the end', async () => {
  const upstream = await echoUpstream();
  const [main, api] = [join(dir, 'main.sock'), join(dir, 'api.sock')];
  const proxy = await startedProxy(['--default-target', upstream.url], {
    listen: { socketPath: main },
    api: { socketPath: api },
    metrics: { socketPath: join(dir, 'metrics.sock') },
  });
  expect(JSON.parse(await get(main, '/x'))).toMatchObject({ url: '/x' });
  expect(await get(api, '/api/routes', { Authorization: 'token secret' })).toMatch(upstream.url);
  expect(await get(join(dir, 'metrics.sock'), '/metrics')).toMatch('portwrap_proxy_routes 1');
  await proxy.close();
  expect(existsSync(main)).toBe(false);
});

test('a socket that a killed proxy left is taken over, one that is in use is not', async () => {
  const path = join(dir, 'main.sock');
  const first = await startedProxy([], { listen: { socketPath: path } });
  await expect(startedProxy([], { listen: { socketPath: path } })).rejects.toThrow(
    'the address is already in use',
  );
  const probe = connect(path);
  await once(probe, 'connect');
  probe.destroy();
  await first.close();
  writeFileSync(
    join(dir, 'orphan.mjs'),
    `import net from 'node:net'; net.createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'));`,
  );
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [join(dir, 'orphan.mjs')]);
  expect(existsSync(path)).toBe(true);
  await startedProxy([], { listen: { socketPath: path } });
});

// The real jupyter-server-proxy in a user's JupyterLab of today: ports, WebSockets, unix sockets, and nobody else's.
// Not here: its environment (scripts/demo/python/), other software of the ecosystem (test/ecosystem/).
import { once } from 'node:events';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { hubFromPyPI, pythonFromPyPI } from '../support/hub/from-pypi.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

/** Answers with whose it is and the path that it was asked for, and with what it is sent. */
const application = `
import os, sys
from tornado import httpserver, ioloop, netutil, web, websocket

class Page(web.RequestHandler):
    def get(self):
        self.write(os.environ["JUPYTERHUB_USER"] + " " + self.request.path)

class Echo(websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(os.environ["JUPYTERHUB_USER"] + " " + message)

application = web.Application([(".*/echo", Echo), (".*", Page)])
if sys.argv[1].isdigit():
    application.listen(int(sys.argv[1]), "127.0.0.1")
else:
    httpserver.HTTPServer(application).add_socket(netutil.bind_unix_socket(sys.argv[1]))
ioloop.IOLoop.current().start()
`;

const atSocket = '{"at-socket": {"command": ["python", "app.py", "{unix_socket}"], "unix_socket": True}}';
const config = `
c.Spawner.args = ['--ServerProxy.servers=${atSocket}']
`;

describe('jupyter-server-proxy', hubFromPyPI, () => {
  let hub: TestHub;
  let alice: HubUser;
  let bob: HubUser;
  const kernels: KernelSession[] = [];

  beforeAll(async () => {
    const python = pythonFromPyPI ?? '';
    const path = `c.Spawner.environment["PATH"] = "${dirname(python)}:/usr/bin:/bin"\n`;
    hub = await startTestHub(
      '  - {name: default, stop_timeout: 5, ready_timeout: 120}\n',
      `${path}${config}`,
      { python },
    );
    alice = await withApplication('alice');
    bob = await withApplication('bob');
  }, 240_000);
  afterAll(async () => {
    for (const kernel of kernels) await kernel.close();
    await hub?.dispose();
  }, 60_000);

  /** With the application on port 3000 of the sandbox, and as a file for the server at a socket. */
  async function withApplication(name: string): Promise<HubUser> {
    const user = await logIn(hub.url, name, hub.password);
    await user.startServer();
    const kernel = await user.openKernel();
    kernels.push(kernel);
    await kernel.run(`
import subprocess
with open("app.py", "w") as file:
    file.write(${JSON.stringify(application)})
subprocess.Popen(["python", "app.py", "3000"], stdin=subprocess.DEVNULL)
`);
    await vi.waitUntil(async () => (await asked(user, `/user/${name}/proxy/3000/`)).startsWith('200'), {
      timeout: 60_000,
      interval: 100,
    });
    return user;
  }

  async function asked(user: HubUser, path: string): Promise<string> {
    const response = await user.fetch(path, { redirect: 'manual' });
    return `${response.status} ${await response.text()}`;
  }

  test.each([
    ['a port, without the prefix of the path', 'proxy/3000/page', '/page'],
    ['a port, with all of the path', 'proxy/absolute/3000/page', '/user/USER/proxy/absolute/3000/page'],
    ['a program of the configuration at a unix socket', 'at-socket/page', '/page'],
  ])('both users reach their own application at %s', async (_, below, path) => {
    for (const user of [alice, bob]) {
      const expected = `200 ${user.name} ${path.replace('USER', user.name)}`;
      expect(await asked(user, `/user/${user.name}/${below}`)).toBe(expected);
    }
  });

  test.each(['proxy/3000/echo', 'at-socket/echo'])(
    'a WebSocket is carried both ways by %s',
    async (below) => {
      const { token } = (await (
        await alice.fetch('/hub/api/users/alice/tokens', { method: 'POST', body: '{}' })
      ).json()) as { token: string };
      const url = `${hub.url.replace('http', 'ws')}/user/alice/${below}`;
      const socket = new WebSocket(url, { headers: { authorization: `token ${token}` } });
      await once(socket, 'open');
      socket.send('hello');
      const [message] = (await once(socket, 'message')) as [Buffer];
      expect(`${message}`).toBe('alice hello');
      socket.close();
    },
  );

  test.each(['proxy/3000/', 'at-socket/'])('nobody reaches the one of another user at %s', async (below) => {
    expect(await asked(bob, `/user/alice/${below}`)).toMatch(/^403 /);
    const anonymous = await fetch(`${hub.url}/user/alice/${below}`, { redirect: 'manual' });
    expect([302, 403]).toContain(anonymous.status);
  });
});

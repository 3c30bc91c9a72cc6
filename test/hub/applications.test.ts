// Applications in the sandbox, with a real hub: one behind a user's Jupyter (a stand-in for jupyter-server-proxy),
// and the one of the guide, which is a user's server by itself.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

/** As an argument: the repository may be where sandboxes do not see it. Its JSON is YAML too. */
const program = (path: string) =>
  JSON.stringify(['/usr/bin/python3', '-c', readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')]);
const profiles = `
  - name: stand-in
    command: ${program('test/fixtures/hub/application-proxy.py')}
    ready_path: /
    stop_timeout: 2
  - name: hello
    command: ${program('docs/examples/hello-app.py')}
    ready_path: "{prefix}healthz"
    stop_timeout: 2
`;

let hub: TestHub;
let alice: HubUser;
let bob: HubUser;

beforeAll(async () => {
  hub = await startTestHub(profiles);
  alice = await logIn(hub.url, 'alice', hub.password);
  bob = await logIn(hub.url, 'bob', hub.password);
}, 300_000);
afterAll(() => hub?.dispose(), 60_000);

async function asked(user: HubUser, path: string): Promise<[number, string]> {
  const response = await user.fetch(path, { redirect: 'manual' });
  return [response.status, await response.text()];
}

/** The machine's own addresses, without its loopback. */
function ofMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}

describe('beside Jupyter', () => {
  beforeAll(async () => {
    await hub.startServer('alice', { options: { profile: 'stand-in' } });
    await hub.startServer('bob', { options: { profile: 'stand-in' } });
  }, 120_000);

  test('both users reach their own application, on the same port', async () => {
    expect(await asked(alice, '/user/alice/proxy/3000/')).toEqual([200, 'the application of alice']);
    expect(await asked(bob, '/user/bob/proxy/3000/')).toEqual([200, 'the application of bob']);
  });

  test("nobody reaches another user's through the hub", async () => {
    expect((await asked(bob, '/user/alice/proxy/3000/'))[0]).toBe(403);
    const anonymous = await fetch(`${hub.url}/user/alice/proxy/3000/`, { redirect: 'manual' });
    expect(anonymous.status).toBe(302);
  });

  test("from inside a sandbox, other users' applications and servers are not there", async () => {
    const { body } = await hub.service.call('GET', '/users/alice/server');
    const hosts = ['10.0.2.2', ...ofMachine()];
    for (const host of hosts) {
      for (const port of [3000, body.port]) {
        const answer = await asked(bob, `/user/bob/proxy/${port}/?host=${host}`);
        expect(answer, `${host}:${port}`).toEqual([502, 'nobody listens there']);
      }
    }
  });

  test("on the machine that port leads to neither user's application", async () => {
    const own = ['127.0.0.1', ...ofMachine()].map((host) =>
      // somebody else may listen there
      fetch(`http://${host}:3000/`).then(
        (answer) => answer.text(),
        () => 'refused',
      ),
    );
    expect((await Promise.all(own)).filter((text) => text.includes('the application of'))).toEqual([]);
  });
});

test("the guide's application greets its user by the hub's login, and nobody else", async () => {
  await hub.stopServer('alice');
  await hub.startServer('alice', { options: { profile: 'hello' } });
  expect(await asked(alice, '/user/alice/')).toEqual([200, 'Hello, alice']);
  expect((await asked(bob, '/user/alice/'))[0]).toBe(403);
  const anonymous = await fetch(`${hub.url}/user/alice/`, { redirect: 'manual' });
  expect([anonymous.status, anonymous.headers.get('location')]).toEqual([
    302,
    expect.stringContaining('/hub/api/oauth2/authorize'),
  ]);
}, 120_000);

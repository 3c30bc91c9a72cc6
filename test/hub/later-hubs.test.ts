// What JupyterHub 5 and later have beside 3.0, at a real hub: a server that its user shares with another one, hooks for
// options and for the ready event, a start that is cancelled. Not here: hubs at unix sockets (unix-sockets.test.ts).
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { atGate } from '../support/gate.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';

const profiles = `
  - {name: default, stop_timeout: 5, ready_timeout: 120}
  - name: web
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1
    options: [{name: size, variable: SIZE, choices: [small, large, none], default: small}]
  - name: gated
    command: [sh, -c, mkfifo gate && cat gate && exec python3 -m http.server 8888]
    ready_path: /
    stop_timeout: 1
`;
const config = `
def apply_user_options(spawner, options):
    if options.get("size") == "none":
        raise ValueError("not this one")
    spawner.environment = {**spawner.environment, "APPLIED": options.get("size", "nothing")}

async def progress_ready_hook(spawner, event):
    return {**event, "message": f"{spawner.user.name} may begin"}

c.Spawner.apply_user_options = apply_user_options
c.Spawner.progress_ready_hook = progress_ready_hook
c.JupyterHub.load_roles.append(
    {"name": "user", "scopes": ["self", "shares!user", "read:users:name"]}
)
`;
const patience = { timeout: 150_000, interval: 50 };

describe('with a hub of today', skipIf(hubMajor < 5, 'needs JupyterHub 5: PORTWRAP_TEST_PYTHON'), () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startTestHub(profiles, config);
    // the hub answers before its route is in the proxy
    await vi.waitUntil(async () => (await fetch(`${hub.url}/hub/login`)).status === 200, patience);
  }, 300_000);
  afterAll(() => hub?.dispose(), 60_000);

  const inService = async (user: string) => (await hub.service.call('GET', `/users/${user}/server`)).body;
  const start = async (user: string, options: object) => {
    const { status, body } = await hub.api('POST', `/users/${user}/server`, options);
    return { status, body };
  };

  test('a server that its user shares is used by the other one over the proxy, until the share is revoked', async () => {
    const [alice, bob, carol] = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => logIn(hub.url, name, hub.password)),
    );
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody logged in');
    const messages = await alice.startServer();
    expect(messages.at(-1), 'of progress_ready_hook').toBe('alice may begin');
    const share = (method: string) =>
      alice.fetch('/hub/api/shares/alice/', { method, body: JSON.stringify({ user: 'bob' }) });
    expect((await share('POST')).status).toBe(200);
    expect((await bob.fetch('/user/alice/api/status')).status).toBe(200);
    const kernel = await bob.openKernel('alice');
    expect(await kernel.run('print(6 * 7)')).toBe('42\n');
    await kernel.close();
    expect((await carol.fetch('/user/alice/api/status')).status).toBe(403);
    expect((await share('PATCH')).status).toBe(200);
    // with another token: the server remembers for minutes whose the first one is
    const later = await logIn(hub.url, 'bob', hub.password);
    expect((await later.fetch('/user/alice/api/status')).status).toBe(403);
  }, 300_000);

  test('apply_user_options sees what the service takes, and what it refuses starts nothing', async () => {
    const refused = await start('bob', { profile: 'web', size: 'none' });
    expect([refused.status, refused.body.message]).toEqual([400, 'Invalid user options']);
    expect(await inService('bob')).toMatchObject({ code: 'SERVER_UNKNOWN' });
    expect([201, 202]).toContain((await start('bob', { profile: 'web', size: 'large' })).status);
    await expect.poll(() => inService('bob'), patience).toMatchObject({ state: 'ready' });
    expect(await hub.environmentOf('bob')).toMatchObject({ SIZE: 'large', APPLIED: 'large' });
  }, 200_000);

  test('a start that is cancelled while it is pending leaves nothing, and the next one works', async () => {
    expect((await start('carol', { profile: 'gated' })).status).toBe(202);
    await atGate(hub.service, 'carol');
    // to whoever watches its progress, JupyterHub 5 and 6 report such a start as ready, with every spawner
    expect([202, 204]).toContain((await hub.api('DELETE', '/users/carol/server')).status);
    await expect.poll(() => inService('carol'), patience).toMatchObject({ code: 'SERVER_UNKNOWN' });
    const { body } = await hub.api('GET', '/users/carol');
    expect(body).toMatchObject({ server: null, pending: null });
    expect([201, 202]).toContain((await start('carol', { profile: 'web' })).status);
    await expect.poll(() => inService('carol'), patience).toMatchObject({ state: 'ready', profile: 'web' });
  }, 300_000);
});

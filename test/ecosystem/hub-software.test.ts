// Software beside or inside the hub: the culler, a sign-in by OAuth, wrapspawner.
// Not here: the stock proxy (stock-proxy.test.ts).
import { afterEach, expect, test, vi } from 'vitest';
import { HubBrowser } from '../support/browser/hub-browser.ts';
import { hubPython } from '../support/hub/hub-process.ts';
import { logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { startIdentityProvider } from './identity-provider.ts';

const profiles = `
  - {name: default, command: [python3, -m, http.server, "{guest-port}"], ready_path: /, stop_timeout: 1}
  - {name: other, command: [python3, -m, http.server, "{guest-port}"], ready_path: /, stop_timeout: 1}
`;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(config: string): Promise<TestHub> {
  const hub = await startTestHub(profiles, config);
  closers.push(() => hub.dispose());
  return hub;
}

test('jupyterhub-idle-culler stops a server that nobody uses', async () => {
  const hub = await start(`
c.JupyterHub.load_roles.append({
    "name": "culler",
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    "services": ["culler"],
})
c.JupyterHub.services.append({
    "name": "culler",
    "command": ["${hubPython}", "-m", "jupyterhub_idle_culler", "--timeout=5", "--cull-every=1"],
})
`);
  const alice = await logIn(hub.url, 'alice', hub.password);
  await alice.startServer();
  const answer = async () => (await hub.service.call('GET', '/users/alice/server')).body;
  expect(await answer()).toMatchObject({ state: 'ready' });
  await expect.poll(answer, { timeout: 120_000 }).toMatchObject({ code: 'SERVER_UNKNOWN' });
  expect(await alice.server()).toBeUndefined();
});

test("oauthenticator's generic flow: whom the provider knows signs in and starts a server", async () => {
  const provider = await startIdentityProvider('Carol.Example');
  closers.push(provider.close);
  const hub = await start(`
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "hub"
c.GenericOAuthenticator.client_secret = "${provider.secret}"
c.GenericOAuthenticator.oauth_callback_url = c.JupyterHub.bind_url + "hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = "${provider.url}/authorize"
c.GenericOAuthenticator.token_url = "${provider.url}/token"
c.GenericOAuthenticator.userdata_url = "${provider.url}/userinfo"
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.scope = ["openid"]
c.OAuthenticator.allow_all = True
`);
  const browser = new HubBrowser(hub.url);
  const home = await browser.get('/hub/oauth_login?next=%2Fhub%2Fhome');
  expect([home.status, new URL(home.url).pathname]).toEqual([200, '/hub/home']);
  const { status } = await browser.api('POST', '/users/carol.example/server');
  expect([201, 202]).toContain(status);
  const state = async () => (await hub.service.call('GET', '/users/carol.example/server')).body.state;
  await expect.poll(state).toBe('ready');
});

test('wrapspawner starts the profile that its own one sets, whatever the key is', async () => {
  const hub = await start(`
c.JupyterHub.spawner_class = "wrapspawner.ProfilesSpawner"
c.ProfilesSpawner.profiles = [
    ("The usual one", "usual", "portwrap_spawner.PortwrapSpawner", {"profile": "default"}),
    ("Another one", "another", "portwrap_spawner.PortwrapSpawner", {"profile": "other"}),
]
`);
  const { status } = await hub.api('POST', '/users/alice/server', { profile: 'another' });
  expect([201, 202]).toContain(status);
  const server = async () => (await hub.service.call('GET', '/users/alice/server')).body;
  await expect.poll(server).toMatchObject({ state: 'ready', profile: 'other' });
  await hub.stopServer('alice');
  await hub.api('POST', '/users/alice/server', { profile: 'usual' });
  await expect.poll(server).toMatchObject({ state: 'ready', profile: 'default' });
});

test('wrapspawner starts the profile that has the name of the key', async () => {
  const hub = await start(`
c.JupyterHub.spawner_class = "wrapspawner.ProfilesSpawner"
c.ProfilesSpawner.profiles = [
    ("The usual one", "default", "portwrap_spawner.PortwrapSpawner", {}),
    ("Another one", "other", "portwrap_spawner.PortwrapSpawner", {}),
]
`);
  const { status } = await hub.api('POST', '/users/alice/server', { profile: 'other' });
  expect([201, 202]).toContain(status);
  const server = async () => (await hub.service.call('GET', '/users/alice/server')).body;
  await expect.poll(server).toMatchObject({ state: 'ready', profile: 'other' });
  await hub.restart('SIGKILL');
  await vi.waitUntil(async () => (await hub.api('GET', '/users/alice')).body.server !== null, {
    timeout: 120_000,
  });
  await hub.stopServer('alice');
  expect(await server()).toMatchObject({ code: 'SERVER_UNKNOWN' });
});

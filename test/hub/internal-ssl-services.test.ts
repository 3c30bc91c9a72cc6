// The admin page, the reaper and named servers at a real hub with internal_ssl: the service, which has no certificate of
// that hub, asks it through its proxy (public_api_url). Not here: keys and certificates (internal-ssl.test.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HubBrowser } from '../support/browser/hub-browser.ts';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { refusalOfInternalSsl } from '../support/hub/internal-ssl.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';
import { processesBelow, serverPath } from '../support/service.ts';

const page = '/services/portwrap/';
const reaperToken = 'test-reaper-token-0123456789';
const config = `
c.JupyterHub.services.append({"name": "reaper", "api_token": "${reaperToken}"})
c.JupyterHub.load_roles.append(
    {"name": "reaper", "services": ["reaper"], "scopes": ["list:users", "read:servers"]}
)
`;
const patience = { timeout: 150_000, interval: 100 };
const refusal = refusalOfInternalSsl();

describe(
  'with internal_ssl',
  skipIf(refusal !== '', `no internal_ssl with this certipy and Python: ${refusal}`),
  () => {
    let secrets: string;
    let hub: TestHub;
    let alice: HubUser;
    let bob: HubUser;

    beforeAll(async () => {
      secrets = mkdtempSync(join(tmpdir(), 'pws-reaper-'));
      const file = join(secrets, 'token');
      writeFileSync(file, reaperToken, { mode: 0o600 });
      hub = await startTestHub('  - {name: default, stop_timeout: 5, ready_timeout: 120}\n', config, {
        ...{ internalSsl: true, withPage: true, hub: `reaper: {token_file: ${file}, interval: 1}` },
      });
      alice = await logIn(hub.url, 'alice', hub.password);
      bob = await logIn(hub.url, 'bob', hub.password);
      for (const name of ['', 'second']) {
        const path = name === '' ? '/users/alice/server' : `/users/alice/servers/${name}`;
        expect([201, 202]).toContain((await hub.api('POST', path)).status);
        await vi.waitUntil(async () => (await servers())[name]?.ready, patience);
      }
    }, 600_000);
    afterAll(async () => {
      await hub?.dispose();
      rmSync(secrets, { recursive: true, force: true });
      if (hub !== undefined) expect(processesBelow(hub.service.directory)).toEqual([]);
    }, 60_000);

    async function servers(): Promise<Record<string, { ready: boolean }>> {
      const { body } = await hub.api('GET', '/users/alice');
      return (body.servers ?? {}) as Record<string, { ready: boolean }>;
    }
    const stateOf = async (user: string, name = '') =>
      (await hub.service.call('GET', serverPath(user, name))).body.state ?? 'not known';

    async function openAs(name: string): Promise<{ browser: HubBrowser; text: string }> {
      const browser = new HubBrowser(hub.url);
      await browser.logIn(name, hub.password);
      const { status, text } = await browser.get(page);
      expect([status, text]).toEqual([200, expect.stringContaining('<h1')]);
      return { browser, text };
    }

    test('a named server answers its user beside the default one, and nobody else', async () => {
      for (const path of ['/user/alice/api/status', '/user/alice/second/api/status']) {
        expect((await alice.fetch(path)).status, path).toBe(200);
        expect((await bob.fetch(path)).status, path).toBe(403);
      }
    });

    test('people sign in to the admin page; an administrator stops the named server there, and the hub learns it', async () => {
      const { text: ofBob } = await openAs('bob');
      expect(ofBob).toContain('You have no server.');
      const { browser, text } = await openAs('admin');
      const links = [...text.matchAll(/href="([^"]*\/servers\/[0-9a-f]{12})"/g)].map(([, link = '']) => link);
      expect(new Set(links).size).toBe(2);
      const pages = await Promise.all([...new Set(links)].map((link) => browser.get(link)));
      const named = pages.find((one) => /<title>[^<]*second/.test(one.text));
      const token = /name="form_token" value="([^"]+)"/.exec(named?.text ?? '')?.[1] ?? 'none';
      const { pathname } = new URL(named?.url ?? hub.url);
      const stopped = await browser.open(`${pathname}/stop`, {
        ...{ method: 'POST', body: new URLSearchParams({ form_token: token }), headers: { origin: hub.url } },
      });
      expect(stopped.status).toBe(200);
      await expect.poll(() => stateOf('alice', 'second'), patience).toBe('exited');
      await expect.poll(async () => (await servers()).second?.ready ?? false, patience).toBe(false);
      expect((await servers())['']).toMatchObject({ ready: true });
    }, 360_000);

    test('the reaper stops what the hub does not know, and nothing else', async () => {
      const command = ['/usr/bin/python3', '-m', 'http.server', '8888'];
      await hub.service.start('ghost', { spawn_id: 'ghost-1234', command });
      await expect.poll(() => stateOf('ghost'), patience).toBe('not known');
      expect(hub.service.logged()).toContain('stopping orphaned server');
      expect(hub.service.logged()).not.toContain('could not get the list of servers from the hub');
      expect(await stateOf('alice')).toBe('ready');
    }, 200_000);
  },
);

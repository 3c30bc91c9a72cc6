// A real hub with internal_ssl, by the lines of docs/jupyterhub.md: hub, proxy and servers speak TLS with each other
// and with nobody else. What the service does by itself is in test/integration/spawner/api/tls.test.ts.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HubBrowser } from '../support/browser/hub-browser.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { refusalOfInternalSsl } from '../support/hub/internal-ssl.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { filesThatHold, lineOfKey, processesThatTell } from '../support/machine/secrets.ts';
import { skipIf } from '../support/reasons.ts';
import { hubToken } from '../support/service.ts';
import { askOverTls } from '../support/tls-client.ts';

interface Person {
  readonly user: HubUser;
  readonly kernel: KernelSession;
  /** As the server has them. */
  readonly pair: { readonly key: string; readonly cert: string };
}

const refusal = refusalOfInternalSsl();

describe(
  'with internal_ssl',
  skipIf(refusal !== '', `no internal_ssl with this certipy and Python: ${refusal}`),
  () => {
    let hub: TestHub;
    let alice: Person;
    let bob: Person;

    beforeAll(async () => {
      hub = await startTestHub('  - {name: default, stop_timeout: 5, ready_timeout: 120}\n', '', {
        ...{ internalSsl: true, service: 'activity_interval: 1' },
      });
      alice = await settleIn('alice');
      bob = await settleIn('bob');
    }, 400_000);
    afterAll(async () => {
      for (const person of [alice, bob]) await person?.kernel.close();
      await hub?.dispose();
    }, 60_000);

    async function settleIn(name: string): Promise<Person> {
      const user = await logIn(hub.url, name, hub.password);
      await user.startServer();
      const kernel = await user.openKernel();
      const read = (variable: string) =>
        kernel.run(`import os; print(open(os.environ["${variable}"]).read(), end="")`);
      return {
        ...{ user, kernel },
        pair: { key: await read('JUPYTERHUB_SSL_KEYFILE'), cert: await read('JUPYTERHUB_SSL_CERTFILE') },
      };
    }

    const statusOf = async ({ user }: Person) => (await user.fetch(`/user/${user.name}/api/status`)).status;
    const view = async ({ user }: Person) =>
      (await hub.service.call('GET', `/users/${user.name}/server`)).body;
    const logOf = async ({ user }: Person) => {
      const answer = await fetch(`${hub.service.url}/api/users/${user.name}/server/log?tail=10000`, {
        headers: { authorization: `token ${hubToken}` },
      });
      return answer.text();
    };

    test('through hub and proxy a person signs in, sees the own server, and runs cells', async () => {
      const browser = new HubBrowser(hub.url);
      // a page that is there for its owner only, unlike what is not found
      const page = await browser.logIn('alice', hub.password, '/user/alice/files/none');
      expect(new URL(page.url).pathname).toBe('/user/alice/files/none');
      expect((await browser.get('/user/alice/api/status')).status).toBe(200);
      expect((await new HubBrowser(hub.url).get('/user/alice/api/status')).status, 'of nobody').toBe(403);
      expect(await statusOf(alice)).toBe(200);
      expect(await alice.kernel.run('print(6 * 7)')).toBe('42\n');
      expect(await view(alice)).toMatchObject({
        url: expect.stringMatching('^https://127.0.0.1:'),
        ready: true,
      });
    }, 60_000);

    test('from inside, the hub is reached at a name that its certificate holds', async () => {
      const ask = `
import json, os, ssl, urllib.request
context = ssl.create_default_context(cafile=os.environ["JUPYTERHUB_SSL_CLIENT_CA"])
context.load_cert_chain(os.environ["JUPYTERHUB_SSL_CERTFILE"], os.environ["JUPYTERHUB_SSL_KEYFILE"])
answer = urllib.request.urlopen(os.environ["JUPYTERHUB_API_URL"], context=context)
print(answer.url, json.load(answer)["version"].split(".")[0])`;
      expect(await alice.kernel.run(ask)).toMatch(/^https:\/\/10\.0\.2\.2:\d+\/hub\/api \d+\n$/);
      expect(hub.logged()).not.toContain('to c.JupyterHub.trusted_alt_names');
    });

    test('the key of a server is in its sandbox, and nowhere else', async () => {
      const secret = lineOfKey(alice.pair.key);
      expect(filesThatHold(hub.service.directory, secret)).toEqual([]);
      expect(processesThatTell(secret)).toEqual([]);
      const said = [
        hub.logged(),
        hub.service.logged(),
        JSON.stringify(await view(alice)),
        await logOf(alice),
      ];
      expect(said.filter((text) => text.includes(secret))).toEqual([]);
      expect(bob.pair.key).not.toBe(alice.pair.key);
    });

    test('hub and service are killed: the server and the proxy go on, and the next ones take them over', async () => {
      const { pid } = await view(alice);
      const proxy = hub.proxyPid();
      await hub.restart('SIGKILL', () => hub.service.restart());
      await vi.waitUntil(async () => (await alice.user.server())?.ready, { timeout: 30_000, interval: 100 });
      expect((await view(alice)).pid).toBe(pid);
      expect(hub.proxyPid()).toBe(proxy);
      expect(hub.logged()).toContain('Using the proxy that already runs');
      expect(await statusOf(alice)).toBe(200);
      expect(await alice.kernel.run('print(6 * 7)')).toBe('42\n');
    }, 120_000);

    test('the service asks once, when the server starts, and does not trouble it every second', async () => {
      expect((await logOf(alice)).match(/SSL Error/g)).toHaveLength(1);
      expect(hub.service.logged()).toContain('with internal_ssl it accepts only its hub and the proxy');
      expect((await view(alice)).activity).toBeNull();
    });

    test('another user of the machine is refused, without a certificate and with that of an own server', async () => {
      const { port } = (await view(alice)) as { port: number };
      expect(await askOverTls(port, '/user/alice/api/status')).toContain('certificate required');
      expect(await askOverTls(port, '/user/alice/api/status', bob.pair)).toContain('unknown ca');
      await expect(fetch(`http://127.0.0.1:${port}/user/alice/api/status`)).rejects.toThrow();
    });

    test('a server that is started again has another key, and of the first nothing is left', async () => {
      await alice.kernel.close();
      await alice.user.stopServer();
      await vi.waitUntil(async () => (await alice.user.server()) === undefined, { timeout: 30_000 });
      const before = alice.pair.key;
      alice = await settleIn('alice');
      expect(alice.pair.key).not.toBe(before);
      expect(filesThatHold(hub.service.directory, lineOfKey(before))).toEqual([]);
    }, 120_000);
  },
);

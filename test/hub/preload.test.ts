// Preload with a real hub and its real servers: of JupyterHub 3.0 with the classic notebook (or of the hub of a world), of
// the hub from PyPI with JupyterLab 4, and with internal_ssl. Not here: other programs than Jupyter's, and what can go
// wrong (test/integration/spawner/preload/).
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hubFromPyPI, pythonFromPyPI } from '../support/hub/from-pypi.ts';
import { hubPython } from '../support/hub/hub-process.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { refusalOfInternalSsl } from '../support/hub/internal-ssl.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { forkServerReady } from '../support/preload.ts';
import { skipIf } from '../support/reasons.ts';

const refusal = refusalOfInternalSsl();
const withoutSsl = skipIf(refusal !== '', `no internal_ssl with this certipy and Python: ${refusal}`);

const hubs = [
  { title: 'the hub of all tests', python: hubPython, internalSsl: false, when: {} },
  {
    title: 'the hub of all tests, with internal_ssl',
    python: hubPython,
    internalSsl: true,
    when: withoutSsl,
  },
  { title: 'the hub from PyPI', python: pythonFromPyPI ?? '', internalSsl: false, when: hubFromPyPI },
];

describe.each(hubs)('preload with $title', ({ python, internalSsl, when }) => {
  describe('servers', when, () => {
    let hub: TestHub;
    let alice: HubUser;
    let bob: HubUser;
    const kernels: KernelSession[] = [];

    beforeAll(async () => {
      const path = [...new Set([dirname(python), '/usr/local/bin', '/usr/bin', '/bin'])];
      hub = await startTestHub(
        `  - {name: default, preload: jupyter, path: [${path}], stop_timeout: 5, ready_timeout: 120}\n`,
        `c.Spawner.environment["PATH"] = "${path.join(':')}"\n`,
        { python, internalSsl },
      );
      await forkServerReady(hub.service);
      alice = await logIn(hub.url, 'alice', hub.password);
      bob = await logIn(hub.url, 'bob', hub.password);
      await Promise.all([alice.startServer(), bob.startServer()]);
      kernels.push(await alice.openKernel(), await bob.openKernel());
    }, 400_000);
    afterAll(async () => {
      for (const kernel of kernels) await kernel.close();
      await hub?.dispose();
    }, 60_000);

    const pidOf = async ({ name }: HubUser) =>
      Number((await hub.service.call('GET', `/users/${name}/server`)).body.pid);

    test('are forked, and run cells of their users with their own names and tokens', async () => {
      for (const user of [alice, bob])
        expect(readFileSync(`/proc/${await pidOf(user)}/comm`, 'utf8')).toBe('portwrap-init\n');
      const asked = 'import os, getpass; print(os.environ["JUPYTERHUB_USER"], os.path.expanduser("~")[-6:])';
      expect(await Promise.all(kernels.map((kernel) => kernel.run(asked)))).toEqual([
        'alice /alice\n',
        'bob es/bob\n',
      ]);
      expect((await alice.fetch('/user/alice/api/status')).status).toBe(200);
      expect((await alice.fetch('/user/bob/api/status')).status).toBe(403);
    }, 120_000);

    test('go on when hub and service are killed, and are taken over', async () => {
      const before = await pidOf(alice);
      await hub.restart('SIGKILL', () => hub.service.restart());
      await vi.waitUntil(async () => (await alice.server())?.ready, { timeout: 60_000, interval: 100 });
      expect(await pidOf(alice)).toBe(before);
      expect((await alice.fetch('/user/alice/api/status')).status).toBe(200);
    }, 180_000);

    test('that are stopped start again, forked', async () => {
      await bob.stopServer();
      await bob.startServer();
      expect(readFileSync(`/proc/${await pidOf(bob)}/comm`, 'utf8')).toBe('portwrap-init\n');
    }, 180_000);
  });
});

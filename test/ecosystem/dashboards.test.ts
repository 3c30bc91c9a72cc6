// Dashboards that a user starts inside, in a browser behind jupyter-server-proxy (Voila: behind Jupyter itself): each
// computes a text in Python that its page shows. Not here: jupyter-server-proxy itself (test/hub/server-proxy.test.ts).
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { dashboardPrograms, shown } from './dashboard-programs.ts';
import { answered, type Program, runProgram } from './user-server.ts';

const at = (port: number) => `/user/alice/proxy/${port}/`;

interface Dashboard extends Program {
  readonly name: string;
  readonly path: string;
}

const dashboards: readonly Dashboard[] = [
  ...Object.values(dashboardPrograms(at)).map((program) => ({ ...program, path: at(program.port) })),
  {
    name: 'Voila',
    argv: '["true"]',
    files: {
      'voila.ipynb': JSON.stringify({
        ...{ nbformat: 4, nbformat_minor: 5 },
        metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
        cells: [
          {
            ...{ cell_type: 'code', id: 'answer', execution_count: null, metadata: {}, outputs: [] },
            source: 'print(f"The answer is {6 * 7}")',
          },
        ],
      }),
    },
    path: '/user/alice/voila/render/voila.ipynb',
  },
];

let hub: TestHub;
let browser: Browser;
let alice: HubUser;
let kernel: KernelSession;

beforeAll(async () => {
  hub = await startTestHub('  - {name: default, stop_timeout: 5, ready_timeout: 120}\n');
  browser = await launchBrowser();
  alice = await logIn(hub.url, 'alice', hub.password);
  await alice.startServer();
  kernel = await alice.openKernel();
});
afterAll(async () => {
  await browser?.close();
  await kernel?.close();
  await hub?.dispose();
});

describe.each(dashboards)('$name', ({ path, ...program }) => {
  test('its page shows what it has computed', async () => {
    await runProgram(kernel, program);
    await answered(alice, path).catch(async (cause: unknown) => {
      throw new Error(await kernel.run('print(open("program.log").read())'), { cause });
    });
    const person = { name: 'alice', password: hub.password };
    const page = await openSignedIn(browser, `${hub.url}${path}`, person);
    await page.getByText(shown).first().waitFor({ timeout: 120_000 });
    expect(await page.getByText(shown).first().isVisible()).toBe(true);
    await page.context().close();
  });

  test('another user does not reach it', async () => {
    const bob = await logIn(hub.url, 'bob', hub.password);
    expect((await bob.fetch(path, { redirect: 'manual' })).status).toBe(403);
  });
});

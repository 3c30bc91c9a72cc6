// Dashboards that a user starts inside, opened as links (docs/port-links.md) by the recipes of that document: each computes
// a text in Python that its page shows, and is in the list of open ports by its title.
// Not here: behind jupyter-server-proxy (dashboards.test.ts).
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { type DashboardProgram, dashboardPrograms, shown } from './dashboard-programs.ts';
import { runProgram } from './user-server.ts';

const at = (port: number) => `/user/alice/port/${port}/`;

const { streamlit, dash, gradio, tensorBoard } = dashboardPrograms(at);

interface Dashboard extends DashboardProgram {
  /** Of its page, before scripts run. */
  readonly title: string | null;
}

const dashboards: readonly Dashboard[] = [
  { ...streamlit, title: 'Streamlit' },
  { ...dash, title: 'Dash' },
  {
    ...{ name: 'Flask', port: 5000, title: 'Flask' },
    argv: '[sys.executable, "flask_app.py"]',
    files: {
      'flask_app.py': `
from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
@app.route("/")
def page():
    return f'<title>Flask</title><a href="{url_for("answer")}">to the answer</a><p>The answer is {6 * 7}</p>'
@app.route("/answer")
def answer():
    return "42"
app.run(port=5000)
`,
    },
  },
  { ...gradio, title: null }, // a script sets it
  { ...tensorBoard, title: 'TensorBoard' },
];

let hub: TestHub;
let browser: Browser;
let alice: HubUser;
let kernel: KernelSession;

beforeAll(async () => {
  const profiles = '  - {name: default, stop_timeout: 5, ready_timeout: 120}\n';
  hub = await startTestHub(profiles, '', { withPage: true, portLinks: true });
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

interface Port {
  readonly port: number;
  readonly kind: string;
  readonly title: string | null;
}

async function ports(): Promise<readonly Port[]> {
  return (await hub.service.call('GET', '/users/alice/server/ports')).body as unknown as Port[];
}

describe.each(dashboards)('$name', ({ name, port, title, ...program }) => {
  test('its page shows what it has computed, at its link, and its title is in the list', async () => {
    await runProgram(kernel, program);
    const listed = async () => (await ports()).find((one) => one.port === port)?.kind === 'http';
    await vi.waitUntil(listed, { timeout: 200_000, interval: 1_000 }).catch(async (cause: unknown) => {
      throw new Error(await kernel.run('print(open("program.log").read())'), { cause });
    });
    expect((await ports()).find((one) => one.port === port)?.title).toBe(title);
    const person = { name: 'alice', password: hub.password };
    const page = await openSignedIn(browser, `${hub.url}${at(port)}`, person);
    await page.getByText(shown).first().waitFor({ timeout: 120_000 });
    expect(await page.getByText(shown).first().isVisible()).toBe(true);
    if (name === 'Flask') {
      await page.getByRole('link', { name: 'to the answer' }).click();
      await page.waitForURL(`${hub.url}${at(port)}answer`);
    }
    await page.context().close();
  });
});

test('the ports of a kernel are known as such, without having been asked anything', async () => {
  const kinds = (await ports()).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'kernel').length).toBeGreaterThanOrEqual(5);
  expect(kinds.filter((kind) => kind === 'server')).toHaveLength(1);
});

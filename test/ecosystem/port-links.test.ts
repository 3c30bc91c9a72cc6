// Programs that a user starts inside, opened as links (docs/port-links.md) by the recipes of that document: dashboards,
// each of which computes a text in Python that its page shows, and Vite. Each is in the list of open ports by its title.
// Not here: behind jupyter-server-proxy (dashboards.test.ts).
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';
import { type DashboardProgram, dashboardPrograms, shown } from './dashboard-programs.ts';
import { type Program, runProgram } from './user-server.ts';
import { documentedConfig, installVite } from './vite-site.ts';

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

const vite = installVite();
const viteFiles = {
  'index.html': '<!doctype html><title>Vite</title><p></p><script type="module" src="/main.js"></script>',
  'main.js': `
import { answer } from './answer.js';
const show = (text) => { document.querySelector('p').textContent = text; };
show(answer);
import.meta.hot.accept('./answer.js', (changed) => show(changed.answer));
`,
  'answer.js': `export const answer = '${shown}';`,
};

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
  vite.dispose();
});

interface Port {
  readonly port: number;
  readonly kind: string;
  readonly title: string | null;
}

async function ports(): Promise<readonly Port[]> {
  return (await hub.service.call('GET', '/users/alice/server/ports')).body as unknown as Port[];
}

/** Starts it, and resolves with its title in the list when its page is there. */
async function listed(program: Program, port: number): Promise<string | null | undefined> {
  await runProgram(kernel, program);
  const entry = async () => (await ports()).find((one) => one.port === port && one.kind === 'http');
  const found = await vi
    .waitUntil(entry, { timeout: 200_000, interval: 1_000 })
    .catch(async (cause: unknown) => {
      throw new Error(await kernel.run('print(open("program.log").read())'), { cause });
    });
  return found?.title;
}

function opened(port: number): Promise<Page> {
  return openSignedIn(browser, `${hub.url}${at(port)}`, { name: 'alice', password: hub.password });
}

describe.each(dashboards)('$name', ({ name, port, title, ...program }) => {
  test('its page shows what it has computed, at its link, and its title is in the list', async () => {
    expect(await listed(program, port)).toBe(title);
    const page = await opened(port);
    await page.getByText(shown).first().waitFor({ timeout: 120_000 });
    expect(await page.getByText(shown).first().isVisible()).toBe(true);
    if (name === 'Flask') {
      await page.getByRole('link', { name: 'to the answer' }).click();
      await page.waitForURL(`${hub.url}${at(port)}answer`);
    }
    await page.context().close();
  });
});

describe('Vite', skipIf(vite.refusal !== '', vite.refusal), () => {
  test('a changed file reaches the page at the link without a new load, by the WebSocket below the link', async () => {
    const home = join(hub.service.directory, 'homes', 'alice');
    vite.placeIn(home, { ...viteFiles, 'vite.config.js': documentedConfig() });
    const argv = '["node", "node_modules/vite/bin/vite.js"], cwd="site"';
    expect(await listed({ argv }, 5173)).toBe('Vite');
    const page = await opened(5173);
    await page.getByText(shown).waitFor();
    const connected = page.waitForEvent('websocket');
    await page.reload();
    const socket = await connected;
    expect(socket.url()).toContain(`${hub.url.replace('http', 'ws')}${at(5173)}?token=`);
    await page.getByText(shown).waitFor();
    await page.evaluate('window.isSameLoad = true');
    await kernel.run(`open("site/answer.js", "w").write("export const answer = 'The answer is 43';")`);
    await page.getByText('The answer is 43').waitFor();
    expect(await page.evaluate('window.isSameLoad')).toBe(true);
    await page.context().close();
  });
});

test('the ports of a kernel are known as such, without having been asked anything', async () => {
  const kinds = (await ports()).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'kernel').length).toBeGreaterThanOrEqual(5);
  expect(kinds.filter((kind) => kind === 'server')).toHaveLength(1);
});

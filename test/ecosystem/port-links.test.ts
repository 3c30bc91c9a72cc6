// Dashboards that a user starts inside, opened as links (docs/port-links.md) by the recipes of that document: each computes
// a text in Python that its page shows, and is in the list of open ports by its title.
// Not here: behind jupyter-server-proxy (dashboards.test.ts).
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { type Program, runProgram } from './user-server.ts';

const at = (port: number) => `/user/alice/port/${port}/`;

const shown = 'The answer is 42';

interface Dashboard extends Program {
  readonly name: string;
  readonly port: number;
  /** Of its page, before scripts run. */
  readonly title: string | null;
}

const dashboards: readonly Dashboard[] = [
  {
    ...{ name: 'Streamlit', port: 8501, title: 'Streamlit' },
    argv: '[sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port=8501", "--server.headless=true", "--browser.gatherUsageStats=false"]',
    files: { 'streamlit_app.py': 'import streamlit\nstreamlit.write(f"The answer is {6 * 7}")\n' },
  },
  {
    ...{ name: 'Dash', port: 8050, title: 'Dash' },
    argv: '[sys.executable, "dash_app.py"]',
    files: {
      'dash_app.py': `
from dash import Dash, html
app = Dash(requests_pathname_prefix="${at(8050)}", routes_pathname_prefix="/")
app.layout = html.P(f"The answer is {6 * 7}")
app.run(port=8050)
`,
    },
  },
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
  {
    ...{ name: 'Gradio', port: 7860, title: null }, // a script sets it
    argv: '[sys.executable, "gradio_app.py"]',
    files: {
      'gradio_app.py': `
import gradio
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Markdown(lambda: f"The answer is {6 * 7}")
page.launch(server_port=7860, root_path="${at(7860).slice(0, -1)}")
`,
    },
  },
  {
    ...{ name: 'TensorBoard', port: 6006, title: 'TensorBoard' },
    argv: '["sh", "-c", "python3 run.py && exec tensorboard --logdir=runs --port=6006"]',
    files: {
      'run.py': `
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
value = Summary.Value(tag="The answer is {}".format(6 * 7), simple_value=42)
writer = EventFileWriter("runs")
writer.add_event(Event(step=1, wall_time=1, summary=Summary(value=[value])))
writer.close()
`,
    },
  },
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

// Dashboards that a user starts inside, in a browser behind jupyter-server-proxy (Voila: behind Jupyter itself): each
// computes a text in Python that its page shows. Not here: jupyter-server-proxy itself (test/hub/server-proxy.test.ts).
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { answered, type Program, runProgram } from './user-server.ts';

const at = (port: number) => `/user/alice/proxy/${port}/`;

const shown = 'The answer is 42';

interface Dashboard extends Program {
  readonly name: string;
  readonly path: string;
}

const dashboards: readonly Dashboard[] = [
  {
    name: 'Streamlit',
    argv: '[sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port=8501", "--server.headless=true", "--browser.gatherUsageStats=false"]',
    files: { 'streamlit_app.py': 'import streamlit\nstreamlit.write(f"The answer is {6 * 7}")\n' },
    path: at(8501),
  },
  {
    name: 'Dash',
    argv: '[sys.executable, "dash_app.py"]',
    files: {
      'dash_app.py': `
from dash import Dash, html
app = Dash(requests_pathname_prefix="${at(8050)}", routes_pathname_prefix="/")
app.layout = html.P(f"The answer is {6 * 7}")
app.run(port=8050)
`,
    },
    path: at(8050),
  },
  {
    name: 'Gradio',
    argv: '[sys.executable, "gradio_app.py"]',
    files: {
      'gradio_app.py': `
import gradio
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Markdown(lambda: f"The answer is {6 * 7}")
page.launch(server_port=7860, root_path="${at(7860).slice(0, -1)}")
`,
    },
    path: at(7860),
  },
  {
    name: 'TensorBoard',
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
    path: at(6006),
  },
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

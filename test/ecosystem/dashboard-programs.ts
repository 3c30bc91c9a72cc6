// Dashboards that compute a text in Python, and show it on their page: packages of the Python of all ecosystem tests.
// Not here: starting them (user-server.ts), the ways to their pages (the tests).
import type { Program } from './user-server.ts';

/** What each page shows. */
export const shown = 'The answer is 42';

export interface DashboardProgram extends Program {
  readonly name: string;
  readonly port: number;
}

/** `at`: the path of a port, with "/" at its end, for those that must know their prefix. */
export function dashboardPrograms(at: (port: number) => string) {
  return {
    streamlit: {
      ...{ name: 'Streamlit', port: 8501 },
      argv: '[sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port=8501", "--server.headless=true", "--browser.gatherUsageStats=false"]',
      files: { 'streamlit_app.py': 'import streamlit\nstreamlit.write(f"The answer is {6 * 7}")\n' },
    },
    dash: {
      ...{ name: 'Dash', port: 8050 },
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
    gradio: {
      ...{ name: 'Gradio', port: 7860 },
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
    tensorBoard: {
      ...{ name: 'TensorBoard', port: 6006 },
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
  } as const satisfies Record<string, DashboardProgram>;
}

"""A dashboard about the sandbox that it runs in: python3 dashboard.py PORT PREFIX.

It listens on 127.0.0.1 of the sandbox. Only jupyter-server-proxy leads to it, and only its user in.
"""

import os
import sys
import time
from collections import deque
from pathlib import Path

from dash import Dash, Input, Output, dash_table, dcc, html

port, prefix = int(sys.argv[1]), sys.argv[2]
user = os.environ.get("JUPYTERHUB_USER", "somebody")
history = deque(maxlen=120)

app = Dash(__name__, title="Dashboard", requests_pathname_prefix=prefix, routes_pathname_prefix="/")
app.layout = html.Div(
    [
        html.H2(f"The sandbox of {user}"),
        html.P("All processes that it has, and their memory. Nothing else of the machine is seen here."),
        dcc.Graph(id="memory", style={"height": "20em"}),
        dash_table.DataTable(id="processes", style_cell={"textAlign": "left", "fontFamily": "inherit"}),
        dcc.Interval(id="tick", interval=2000),
    ],
    style={
        "fontFamily": "system-ui, sans-serif",
        "maxWidth": "60em",
        "margin": "2em auto",
        "padding": "0 1em",
    },
)


@app.callback(Output("memory", "figure"), Output("processes", "data"), Input("tick", "n_intervals"))
def update(_):
    found = processes()
    history.append((time.strftime("%H:%M:%S"), sum(row["MiB"] for row in found)))
    times, amounts = zip(*history)
    line = {"x": times, "y": amounts, "mode": "lines", "fill": "tozeroy"}
    axes = {"yaxis": {"title": {"text": "MiB"}, "rangemode": "tozero"}, "margin": {"t": 10, "r": 10}}
    return {"data": [line], "layout": axes}, found


def processes():
    rows = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program, *words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            pages = int((folder / "statm").read_text().split()[1])
        except OSError:
            continue  # it has ended
        command = " ".join([os.path.basename(program), *words])
        rows.append({"pid": int(folder.name), "command": command[:80], "MiB": pages * 4096 >> 20})
    return sorted(rows, key=lambda row: row["pid"])


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=port, debug=False)

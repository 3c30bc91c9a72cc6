"""Jupyter servers of the demo: a dashboard in JupyterLab's launcher, through jupyter-server-proxy."""

import os
import sys

folder = os.path.dirname(os.path.abspath(__file__))

c.ServerProxy.servers = {  # noqa: F821
    "dashboard": {
        "command": [sys.executable, os.path.join(folder, "dashboard.py"), "{port}", "{base_url}dashboard/"],
        "timeout": 30,
        "launcher_entry": {"title": "Dashboard", "icon_path": os.path.join(folder, "dashboard.svg")},
    }
}

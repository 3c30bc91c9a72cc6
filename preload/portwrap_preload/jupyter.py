"""The modules of a Jupyter server, for `preload: jupyter`: whatever is there of JupyterHub, Jupyter Server, JupyterLab, the
classic notebook, and the server extensions that the administrator has enabled."""

from __future__ import annotations

import importlib
import json
import os
from glob import glob
from typing import Iterator

SERVERS = (
    "jupyterhub.singleuser",
    "jupyterhub.singleuser.extension",
    "jupyterhub.singleuser.app",
    "jupyter_server.serverapp",
    "jupyterlab.labapp",
    "jupyterlab.labhubapp",
    "notebook.app",
    "notebook.notebookapp",
)
# Modules that a server imports when it starts, and by name only.
LATER = (
    "jupyter_server.files.handlers",
    "jupyter_server.view.handlers",
    "jupyter_server.kernelspecs.handlers",
    "jupyter_server.nbconvert.handlers",
    "jupyter_server.base.zmqhandlers",
    "jupyter_lsp.virtual_documents_shadow",
    "ipykernel",
    "jinja2.ext",
    "httpcore",
    "anyio._backends._asyncio",
    "tornado.platform.asyncio",
    "psutil",
    "nbconvert.exporters",
    "jupyterlab.handlers.announcements",
    "encodings.idna",
)


def import_all() -> None:
    for name in (*SERVERS, *LATER, *services(), *extensions()):
        attempt(name)
    if attempt("notebook_shim.nbserver") is not None:
        attempt("IPython")  # which notebook_shim imports when its traits are listed


def attempt(name: str) -> object | None:
    """A part that is not there, or that does not work, is the server's to complain about."""
    try:
        return importlib.import_module(name)
    except Exception:
        return None


def services() -> Iterator[str]:
    for module, attribute in (
        ("jupyter_server.serverapp", "JUPYTER_SERVICE_HANDLERS"),
        ("notebook.notebookapp", "JUPYTER_SERVICE_HANDLERS"),
    ):
        for names in getattr(attempt(module), attribute, {}).values():
            yield from names or ()


def extensions() -> Iterator[str]:
    paths = attempt("jupyter_core.paths")
    directories = [*getattr(paths, "ENV_CONFIG_PATH", ()), *getattr(paths, "SYSTEM_CONFIG_PATH", ())]
    for directory in directories:
        for pattern in ("jupyter_server_config.d/*.json", "jupyter_server_config.json", "jupyter_notebook_config.d/*.json"):
            for file in sorted(glob(os.path.join(directory, pattern))):
                yield from enabled_in(file)


def enabled_in(file: str) -> Iterator[str]:
    try:
        with open(file, encoding="utf-8") as stream:
            settings = json.load(stream)
        for section, key in (("ServerApp", "jpserver_extensions"), ("NotebookApp", "nbserver_extensions")):
            for name, is_enabled in settings.get(section, {}).get(key, {}).items():
                if is_enabled:
                    yield name
                    load_points(name)
    except (OSError, ValueError, AttributeError):
        return


def load_points(name: str) -> None:
    """The classes of an extension are imported by the function that lists them."""
    points = getattr(attempt(name), "_jupyter_server_extension_points", None)
    if points is None:
        return
    try:
        points()
    except Exception:
        return

"""Which environment variables modules read while they are imported: such a module keeps the value of the fork server.

Not here: what follows from that (modules.py, become.py).
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from typing import Iterator

# These differ from user to user. The fork server is started with these values (portwrap/preload/fork-server.ts), which are
# replaced wherever a module has kept them (identity.py).
MARKERS = {
    "HOME": "/portwrap-preload-home",
    "USER": "portwrap-preload-user",
    "LOGNAME": "portwrap-preload-user",
    "SHELL": "/portwrap-preload-shell",
}

# These differ from server to server. A module that reads one of them while it is imported is not preloaded. The others of
# JUPYTERHUB_ are a hub's, equal for all its servers; spawner/preload/fork-plan.ts has the same list.
OF_ONE_SERVER = re.compile(r"JUPYTERHUB_(?!XSRF_|METRICS_|SERVER_\w+_BUCKETS$)|JPY_|JUPYTER_TOKEN$|JUPYTER_SERVER_|PORTWRAP_")


class Watched(os._Environ):
    """os.environ, while it is watched: `reads` gets each name with the module that is being imported."""

    reads: list[tuple[str, str]] = []

    def __getitem__(self, key: str) -> str:
        note(key)
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> object:
        return self[key] if key in self else default

    def __contains__(self, key: object) -> bool:
        note(key)
        return super().__contains__(key)


def note(key: object) -> None:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            Watched.reads.append((str(key), frame.f_globals.get("__name__", "")))
            return
        frame = frame.f_back


@contextmanager
def watched() -> Iterator[list[tuple[str, str]]]:
    """Yields the list of (variable, module), which grows meanwhile."""
    Watched.reads = []
    ordinary = type(os.environ)
    os.environ.__class__ = Watched
    try:
        yield Watched.reads
    finally:
        os.environ.__class__ = ordinary

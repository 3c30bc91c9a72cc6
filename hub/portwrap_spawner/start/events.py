"""The progress events of one start, kept so that every browser tab gets all of them whenever it connects.

Not here: where the events come from (attempt.py).
"""

from __future__ import annotations

import asyncio
from typing import AsyncGenerator

from ..service.json_values import Json

# What JupyterHub's progress page shows. `ready` and `failed` are sent by the hub itself.
SHOWN = ("progress", "message", "html_message")


class SpawnEvents:
    """A growing list; its readers wait for more events until it is closed."""

    def __init__(self) -> None:
        self._events: list[Json] = []
        self.closed = False
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def last_message(self) -> str:
        return str(self._events[-1].get("message", "")) if self._events else ""

    def append(self, event: Json) -> None:
        shown = {key: event[key] for key in SHOWN if event.get(key) is not None}
        if shown and not self.closed:
            self._events.append(shown)
            self._wake()

    def close(self) -> None:
        """Ends every reader."""
        self.closed = True
        self._wake()

    async def replay(self) -> AsyncGenerator[Json, None]:
        """All events from the first on, as they come, until closed."""
        position = 0
        while True:
            while position < len(self._events):
                position += 1
                # A copy: the hub removes keys from what it sends.
                yield dict(self._events[position - 1])
            if self.closed:
                return
            more = asyncio.get_running_loop().create_future()
            self._waiting.append(more)
            await more

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for more in waiting:
            if not more.done():
                more.set_result(None)

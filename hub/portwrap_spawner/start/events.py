"""The events of one start, kept so that every browser tab sees all of them whenever it connects.

Owns order and waiting. Does not know where the events come from (attempt.py).
"""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Dict, List

# What JupyterHub's pending page understands; `ready` and `failed` are the hub's own to say.
SHOWN = ("progress", "message", "html_message")


class SpawnEvents:
    """A list that grows, and readers who wait for more until it is closed."""

    def __init__(self) -> None:
        self._events: List[Dict[str, Any]] = []
        self.closed = False
        self._waiting: List["asyncio.Future[None]"] = []

    @property
    def last_message(self) -> str:
        return str(self._events[-1].get("message", "")) if self._events else ""

    def append(self, event: Dict[str, Any]) -> None:
        shown = {key: event[key] for key in SHOWN if event.get(key) is not None}
        if shown and not self.closed:
            self._events.append(shown)
            self._wake()

    def close(self) -> None:
        """No more events will come; every reader ends."""
        self.closed = True
        self._wake()

    async def replay(self) -> AsyncIterator[Dict[str, Any]]:
        """All events from the first on, as they come, until closed."""
        position = 0
        while True:
            while position < len(self._events):
                position += 1
                # A copy: the hub removes keys from what it sends.
                yield dict(self._events[position - 1])
            if self.closed:
                return
            more = asyncio.get_event_loop().create_future()
            self._waiting.append(more)
            await more

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for more in waiting:
            if not more.done():
                more.set_result(None)

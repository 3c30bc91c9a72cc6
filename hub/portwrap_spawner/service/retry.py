"""Asking again while the service is down or starting up, with a pause that grows to two seconds.

A service that is down has no event to wait for, hence the timer. How long in all is the caller's affair.
"""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable

from .client import passes

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


class Pauses:
    """How long to wait before asking again; `reset` after a success."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._next = FIRST_PAUSE

    async def wait(self) -> None:
        pause, self._next = self._next, min(self._next * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause)


async def persist(
    request: Callable[[], Awaitable[Any]], on_failure: Callable[[Exception], None]
) -> Any:
    """Repeats the request until the service answers; `on_failure` is called for the first failure only."""
    pauses = Pauses()
    told = False
    while True:
        try:
            return await request()
        except Exception as error:
            if not passes(error):
                raise
            if not told:
                on_failure(error)
                told = True
        await pauses.wait()

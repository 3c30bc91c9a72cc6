"""Repeats a request while the service is down or starting up.

A service that is down sends no event to wait for, hence the pauses. Not here: how long to go on (the caller).
"""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable, TypeVar

from .errors import may_pass

Result = TypeVar("Result")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


async def persist(
    request: Callable[[], Awaitable[Result]], on_failure: Callable[[Exception], None]
) -> Result:
    """Repeats the request until the service responds; calls `on_failure` for the first failure only."""
    pauses = Pauses()
    is_reported = False
    while True:
        try:
            return await request()
        except Exception as error:
            if not may_pass(error):
                raise
            if not is_reported:
                on_failure(error)
                is_reported = True
        await pauses.wait()


class Pauses:
    """Growing pauses between two requests; `reset` after a success."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def reset(self) -> None:
        self._next = FIRST_PAUSE

    async def wait(self) -> None:
        pause, self._next = self._next, min(self._next * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause)

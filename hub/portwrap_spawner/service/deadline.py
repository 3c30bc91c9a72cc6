"""A bound on the time that a block of code may take.

Not asyncio.wait_for: before Python 3.12 that one loses a cancellation which arrives together with the
result (https://github.com/python/cpython/issues/86296), and a start that cannot be cancelled hangs the hub.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional


class deadline:
    """`async with deadline(seconds): ...` raises asyncio.TimeoutError when they have passed; None: no bound."""

    def __init__(self, seconds: Optional[float]) -> None:
        self._seconds = seconds
        self._expired = False
        self._timer: Optional[asyncio.TimerHandle] = None

    async def __aenter__(self) -> None:
        self._task: Any = asyncio.current_task()
        if self._seconds is not None:
            self._timer = asyncio.get_event_loop().call_later(self._seconds, self._expire)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._expired:
            return
        # Somebody else may have cancelled the task too; that must not be lost (Python 3.11 can tell).
        others = self._task.uncancel() if hasattr(self._task, "uncancel") else 0
        if others == 0 and isinstance(error, asyncio.CancelledError):
            raise asyncio.TimeoutError() from None

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

"""A bound on the time that a block of code may take."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """`async with deadline(seconds)`: asyncio.TimeoutError when the block takes longer; None: no bound.

    asyncio.timeout exists from Python 3.11 on. asyncio.wait_for can lose a cancellation that arrives together
    with the result before 3.12 (https://github.com/python/cpython/issues/86296), and a start that cannot be
    cancelled hangs the hub.
    """
    if seconds is None:
        yield
        return
    task: Any = asyncio.current_task()
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, expire)
    try:
        yield
    except BaseException as error:
        if expired and _other_cancellations(task) == 0 and isinstance(error, asyncio.CancelledError):
            raise asyncio.TimeoutError from None
        raise
    finally:
        timer.cancel()


def _other_cancellations(task: Any) -> int:
    """Takes ours back; how many others the task still has to obey (known from Python 3.11 on)."""
    return int(task.uncancel()) if hasattr(task, "uncancel") else 0

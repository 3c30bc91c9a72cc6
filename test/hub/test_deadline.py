"""deadline(): bounds a block, and loses no cancellation by others."""

import asyncio
import sys

import pytest

from portwrap_spawner.service.deadline import deadline


async def test_a_block_that_takes_too_long_ends_with_a_timeout():
    with pytest.raises(asyncio.TimeoutError):
        async with deadline(0):
            await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [None, 60])
async def test_a_block_that_ends_in_time_is_left_alone(seconds):
    async with deadline(seconds):
        await asyncio.sleep(0)


async def test_a_block_that_fails_keeps_its_error():
    with pytest.raises(ValueError, match="mine"):
        async with deadline(60):
            raise ValueError("mine")


async def test_a_task_can_be_bounded_again_after_a_timeout():
    for _ in range(2):
        with pytest.raises(asyncio.TimeoutError):
            async with deadline(0):
                await asyncio.Event().wait()
    if sys.version_info >= (3, 11):
        assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_by_somebody_else_is_not_taken_for_a_timeout():
    inside = asyncio.Event()

    async def work():
        async with deadline(60):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tasks count their cancellations from Python 3.11 on")
async def test_a_cancellation_that_comes_together_with_the_timeout_is_not_lost():
    inside = asyncio.Event()

    async def work():
        async with deadline(0):  # both timers are due in the next turn of the loop
            asyncio.get_running_loop().call_later(0, task.cancel)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await inside.wait()
    with pytest.raises(asyncio.CancelledError):
        await task

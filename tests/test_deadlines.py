"""One timer for all requests."""

from __future__ import annotations

import asyncio

import pytest

from bulk_import.api.deadlines import Deadlines


async def test_a_late_block_ends_and_its_neighbours_go_on():
    deadlines = Deadlines(0.05)

    async def lasting(seconds):
        with deadlines.limited():
            await asyncio.sleep(seconds)
        return seconds

    ends = await asyncio.gather(
        *(lasting(seconds) for seconds in (30, 0.001, 30, 0.0)), return_exceptions=True
    )
    assert [type(end) for end in ends] == [TimeoutError, float, TimeoutError, float]
    # The timer keeps running for those who begin later, also in a task that was late before.
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await lasting(30)
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancelled_block_is_cancelled_and_not_late():
    deadlines = Deadlines(30)

    async def lasting():
        with deadlines.limited():
            await asyncio.sleep(30)

    task = asyncio.create_task(lasting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()


async def test_a_late_block_that_ends_otherwise_leaves_its_task_usable():
    deadlines = Deadlines(0.02)

    async def broken():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise OSError("broken") from None

    with pytest.raises(OSError, match="broken"), deadlines.limited():
        await broken()
    assert asyncio.current_task().cancelling() == 0
    with pytest.raises(TimeoutError), deadlines.limited():
        await asyncio.sleep(30)

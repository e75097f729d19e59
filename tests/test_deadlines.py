"""One timer for all requests."""

from __future__ import annotations

import asyncio

import pytest

from bulk_import.api.deadlines import Deadlines
from tests.timeless import timeless


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


# -- by a clock that jumps ------------------------------------------------------------------------------


async def lasting(deadlines: Deadlines, seconds: float, log: list[tuple[float, str]]) -> None:
    """Work for so long within the limit; note when it ended, and how."""
    loop = asyncio.get_running_loop()
    began, end = loop.time(), "done"
    try:
        with deadlines.limited():
            await asyncio.sleep(seconds)
    except TimeoutError:
        end = "late"
    log.append((loop.time() - began, end))


@timeless
async def test_each_block_has_its_time_from_its_own_beginning():
    deadlines, log = Deadlines(10), []
    tasks = []
    for seconds in (30, 4, 30, 9.9, 10.1):
        tasks.append(asyncio.create_task(lasting(deadlines, seconds, log)))
        await asyncio.sleep(3)
    await asyncio.gather(*tasks)
    assert sorted(log) == [
        (4, "done"), (pytest.approx(9.9), "done"), (10, "late"), (10, "late"), (10, "late"),
    ]  # fmt: skip
    deadlines.close()


@timeless
async def test_blocks_that_are_late_at_once_are_all_ended():
    deadlines, log = Deadlines(10), []
    await asyncio.gather(*(lasting(deadlines, 30, log) for _ in range(5)))
    assert log == [(10, "late")] * 5
    await lasting(deadlines, 30, log)
    assert log[-1] == (10, "late"), "the timer is set again"


@timeless
async def test_a_task_that_was_late_once_can_be_cancelled_the_next_time():
    deadlines, log = Deadlines(10), []

    async def twice() -> None:
        await lasting(deadlines, 30, log)
        await lasting(deadlines, 4, log)

    task = asyncio.create_task(twice())
    await asyncio.sleep(12)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == [(10, "late")]


@timeless
async def test_a_block_whose_time_begins_again_has_all_of_it_and_its_neighbours_do_not():
    deadlines, log = Deadlines(10), []

    async def connected_late() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            with deadlines.limited():
                await asyncio.sleep(6)
                deadlines.restart()
                await asyncio.sleep(30)
        except TimeoutError:
            log.append((loop.time() - began, "restarted"))

    await asyncio.gather(connected_late(), lasting(deadlines, 30, log), lasting(deadlines, 9, log))
    assert log == [(9, "done"), (10, "late"), (16, "restarted")]


@timeless
async def test_outside_of_a_block_no_time_begins():
    deadlines, log = Deadlines(10), []
    deadlines.restart()
    await asyncio.sleep(30)
    await lasting(deadlines, 4, log)
    deadlines.restart()
    await asyncio.sleep(30)
    assert log == [(4, "done")]
    assert asyncio.current_task().cancelling() == 0


@timeless
async def test_somebody_else_s_cancelling_counts_also_for_a_block_that_is_late():
    deadlines = Deadlines(10)

    async def work() -> None:
        with deadlines.limited():
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    asyncio.get_running_loop().call_later(10, task.cancel)  # in the same turn as the deadline
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@timeless
async def test_a_block_that_swallows_its_end_is_not_late_and_its_task_goes_on():
    deadlines, log = Deadlines(10), []
    with deadlines.limited():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            log.append("ended")
    assert (log, asyncio.current_task().cancelling()) == (["ended"], 0)
    await asyncio.sleep(1)


@timeless
async def test_when_it_is_closed_nobody_is_ended_any_more():
    deadlines, log = Deadlines(10), []
    task = asyncio.create_task(lasting(deadlines, 30, log))
    await asyncio.sleep(1)
    deadlines.close()
    await task
    assert log == [(30, "done")]
    Deadlines(10).close()  # without ever having begun

"""A stop interrupts whatever is waited for, at once; what is done by then counts."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bulk_import.errors import Message
from bulk_import.stopping import RealTime, Stop, StoppingError, in_thread


class Moments:
    """A time that notes how long somebody wants to wait, and may stop the run meanwhile."""

    def __init__(self, meanwhile: Stop | None = None) -> None:
        self.waits: list[float] = []
        self._meanwhile = meanwhile

    @property
    def clock(self):
        return lambda: 0.0

    async def wait(self, seconds: float, unless: asyncio.Event) -> None:
        self.waits.append(seconds)
        if self._meanwhile is not None:
            self._meanwhile.request("enough", 3)
            assert unless.is_set()


async def test_a_nap_lasts_as_long_as_it_was_asked_for():
    stop = Stop()
    stop.time = Moments()
    await stop.nap(7)
    assert stop.time.waits == [7]


async def test_a_stop_before_a_nap_needs_no_wait_and_one_within_it_ends_it():
    late = Stop()
    late.time = Moments(meanwhile=late)
    with pytest.raises(StoppingError):
        await late.nap(7)
    with pytest.raises(StoppingError):
        await late.nap(7)
    assert late.time.waits == [7]


async def test_a_long_wait_ends_with_the_stop_and_a_short_one_by_itself():
    time, event = RealTime(), asyncio.Event()
    event.set()
    async with asyncio.timeout(5):
        await time.wait(3600, event)  # the event is set
        began = time.clock()
        await time.wait(0.01, event)  # too short to be interrupted
        assert time.clock() - began >= 0.009
        event.clear()
        began = time.clock()
        await time.wait(0.201, event)
        assert time.clock() - began >= 0.2


async def test_a_wait_of_a_fifth_of_a_second_is_not_interrupted():
    event = asyncio.Event()
    event.set()
    began = asyncio.get_running_loop().time()
    await RealTime().wait(0.2, event)
    assert asyncio.get_running_loop().time() - began >= 0.19


async def test_a_stop_has_the_first_reason_and_nothing_of_it_before():
    stop = Stop()
    assert (stop.is_set, stop.reason, stop.code) == (False, "", 0)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    stop.request(Message("{n:,} rows", n=1200), 3)
    await waiting
    stop.request("later", 130)
    stop.add(Message("{n} more", n=7))
    assert (stop.is_set, stop.reason, stop.code) == (True, "1,200 rows; 7 more", 3)
    assert isinstance(stop.reason, Message)


async def test_work_that_ends_first_gives_its_result_and_leaves_nothing_running():
    stop, before = Stop(), asyncio.all_tasks()

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await stop.unless(work()) == 7
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_work_that_fails_raises_its_own_error():
    async def work() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await Stop().unless(work())


@pytest.mark.parametrize("is_before", [True, False])
async def test_a_stop_cancels_the_work_and_says_that_the_run_is_ending(is_before):
    stop, ended = Stop(), []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    if is_before:
        stop.request("x", 3)
    else:
        asyncio.get_running_loop().call_soon(stop.request, "x", 3)
    with pytest.raises(StoppingError):
        await stop.unless(work())
    await asyncio.sleep(0)
    assert ended == ["cancelled"]


async def test_a_result_that_is_there_when_the_stop_comes_counts():
    stop = Stop()
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(7)
    stop.request("x", 3)
    assert await stop.unless(done) == 7


async def test_work_in_a_thread_is_awaited_with_its_result_or_its_error():
    names = []

    def name() -> str:
        names.append(threading.current_thread())
        return "opened"

    assert await in_thread(name) == "opened"
    (thread,) = names
    assert thread is not threading.current_thread()
    assert (thread.daemon, thread.name) == (True, "opening"), (
        "it must not keep the program from ending"
    )

    def fail() -> None:
        raise KeyError("in the thread")

    with pytest.raises(KeyError, match="in the thread"):
        await in_thread(fail)


async def test_what_a_thread_finds_after_its_wait_was_cancelled_is_dropped():
    go = threading.Event()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    waiting = in_thread(go.wait)
    waiting.cancel()
    go.set()
    await asyncio.sleep(0.02)
    assert complaints == []


def test_a_thread_that_outlives_the_loop_ends_in_silence():
    go, errors = threading.Event(), []
    before = threading.excepthook
    threading.excepthook = lambda args: errors.append(args)

    async def begin() -> None:
        in_thread(go.wait)

    try:
        asyncio.run(begin())
        go.set()
        for thread in threading.enumerate():
            if thread.name == "opening":
                thread.join(5)
    finally:
        threading.excepthook = before
    assert errors == []

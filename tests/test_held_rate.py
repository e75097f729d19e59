"""The rate that is found under a server's limit is held: whole minutes, in time that passes at once."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from types import SimpleNamespace

import pytest

from bulk_import.api.answers import Answer, Verdict, understand
from bulk_import.delivery.attempts import Attempts, Shipment
from bulk_import.delivery.pace import Pace
from bulk_import.delivery.retry import AttemptFailedError
from bulk_import.journal.entries import Pending
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from tests.timeless import QuickLoop

LIMIT = 20  # requests per second


class Bucket:
    """Lets *burst* through at once, and is refilled with the limit."""

    def __init__(self, burst: float) -> None:
        self._burst = self._tokens = burst
        self._at: float | None = None

    def lets_through(self, now: float) -> bool:
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * LIMIT)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Window:
    """Lets the limit through in each second of the clock."""

    def __init__(self) -> None:
        self._second, self._count = 0, 0

    def lets_through(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= LIMIT


class SlidingWindow:
    """Lets the limit through in every second, wherever it begins."""

    def __init__(self, *, counts_refused: bool) -> None:
        self._passed: deque[float] = deque()
        self._counts_refused = counts_refused

    def lets_through(self, now: float) -> bool:
        while self._passed and self._passed[0] <= now - 1:
            self._passed.popleft()
        is_let = len(self._passed) < LIMIT
        if is_let or self._counts_refused:
            self._passed.append(now)
        return is_let


async def answers(
    limiter, *, asked: float, concurrency: int, seconds: float, jitter: float
) -> list[bool]:
    """Send for *seconds*; return what was let through after the first 30.

    Args:
        jitter: Of the 0.05 s that a request is on its way, and of its answer: 0.1 = 0.04 to 0.06 s.
    """
    loop, chance = asyncio.get_running_loop(), random.Random(1)  # noqa: S311 - jitter
    began, found = loop.time(), []

    async def send(_body, *, repeatable):
        await asyncio.sleep(0.1 * chance.uniform(0.5 - jitter, 0.5 + jitter))
        is_let = limiter.lets_through(loop.time())
        if loop.time() - began >= 30:
            found.append(is_let)
        await asyncio.sleep(0.1 * chance.uniform(0.5 - jitter, 0.5 + jitter))
        return Answer(Verdict.SUCCESS, 200, "0", "OK") if is_let else understand(429, {}, b"")

    attempts = Attempts(
        Settings(rate=asked, concurrency=concurrency),
        SimpleNamespace(send=send),
        SimpleNamespace(claim=lambda _: True, add=lambda _: None),
        Stop(),
        SimpleNamespace(settled=lambda _: None, paused=lambda *_: None),
        clock=loop.time,
        used_today=0,
        chance=chance.random,
    )

    async def work(number: int) -> None:
        while loop.time() - began < seconds:
            row = Pending(number, "a@b.org", "a@b.org", "row", b"x")
            try:
                await attempts.make(Shipment.of(row))
            except AttemptFailedError:
                continue

    tasks = [asyncio.create_task(work(number)) for number in range(concurrency)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


LIMITERS = {
    "fixed window": (Window, 0.15),
    "bucket 20": (lambda: Bucket(LIMIT), 0.15),
    "bucket 5": (lambda: Bucket(5), 0.15),
    "bucket 2": (lambda: Bucket(2), 0.15),
    "sliding window": (lambda: SlidingWindow(counts_refused=False), 0.1),
    "sliding window of all": (lambda: SlidingWindow(counts_refused=True), 0.1),
    # Without any burst, two requests that come nearer than they left are refused at any rate.
    "bucket 1": (lambda: Bucket(1), 0.0),
}


@pytest.mark.parametrize(
    "asked", [0, pytest.param(3 * LIMIT, marks=pytest.mark.slow)], ids=["no rate", "three times the limit"]
)  # fmt: skip
@pytest.mark.parametrize(("limiter", "jitter"), LIMITERS.values(), ids=LIMITERS)
def test_the_rate_that_is_found_is_held_and_hardly_anything_is_refused(limiter, jitter, asked):
    seconds = 240
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        found = runner.run(
            answers(limiter(), asked=asked, concurrency=8, seconds=seconds, jitter=jitter)
        )
    assert sum(found) >= 0.95 * LIMIT * (seconds - 30)
    assert found.count(False) <= 0.01 * len(found)


def test_a_limiter_without_burst_on_an_uneven_network_refuses_little_and_keeps_what_it_can():
    """Requests that left evenly arrive unevenly: at 95 % of the limit many would be refused."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        found = runner.run(answers(Bucket(1), asked=0, concurrency=8, seconds=240, jitter=0.15))
    assert sum(found) >= 0.6 * LIMIT * 210
    assert found.count(False) <= 0.01 * len(found)


def test_a_rate_that_rises_holds_at_once_for_those_who_wait_already():
    """Slots are not handed out ahead: at one a second, thirty would wait for half a minute."""

    async def wait() -> float:
        loop = asyncio.get_running_loop()
        pace = Pace(1, clock=loop.time)
        began = loop.time()
        tasks = [asyncio.create_task(pace.slot()) for _ in range(30)]
        await asyncio.sleep(0.5)
        pace.ask(100)
        await asyncio.gather(*tasks)
        return loop.time() - began

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        assert runner.run(wait()) < 2

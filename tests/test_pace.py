"""One pace for everybody: slots, pauses, and a rate that adapts."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.delivery.pace import Pace


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(rate=st.floats(0.5, 500), count=st.integers(2, 60))
def test_slots_are_evenly_spaced(rate, count):
    async def slots() -> list[float]:
        clock = Clock()
        pace = Pace(rate, clock=clock, sleep=clock.sleep)
        return [await pace.slot() for _ in range(count)]

    times = asyncio.run(slots())
    assert times[-1] - times[0] >= (count - 1) / rate - 1e-6
    assert times[-1] - times[0] <= (count - 1) / rate + 1e-6


async def test_a_pause_holds_for_everybody_also_for_those_who_wait():
    clock = Clock()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    await pace.slot()
    pace.pause(5)
    pace.pause(1)
    times = [await pace.slot() for _ in range(3)]
    assert times[0] >= 105
    assert times[2] - times[0] == pytest.approx(0.2)


async def test_the_rate_falls_at_once_and_climbs_slowly_and_never_above_what_was_asked():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    for _ in range(100):
        await pace.slot()
        pace.accepted()
    pace.fall()
    low = pace.rate
    assert low <= 70
    for _ in range(20_000):
        await pace.slot()
        pace.accepted()
    assert low < pace.rate <= 100


async def test_one_early_refusal_tells_of_no_limit_and_the_rate_doubles_until_the_next():
    clock = Clock()
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    await pace.slot()
    pace.fall()
    for _ in range(60):
        await pace.slot()
        pace.accepted()
    assert clock.now - 100 < 30, "at one a second it would be a minute"


async def test_a_held_pace_lets_nobody_start_until_it_is_released():
    clock = Clock()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        if clock.now >= 103:
            pace.release()

    pace = Pace(0, clock=clock, sleep=sleep)
    pace.hold()
    assert pace.slot_now() == 0
    assert await pace.slot() >= 103
    assert pace.slot_now() == clock.now


async def test_a_person_changes_the_rate_while_the_run_works():
    clock = Clock()
    pace = Pace(1, clock=clock, sleep=clock.sleep)
    pace.fall()
    pace.ask(50)
    assert (pace.rate, pace.asked) == (50, 50)
    times = [await pace.slot() for _ in range(3)]
    assert times[-1] - times[0] == pytest.approx(2 / 50)

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


# -- the arithmetic of falling and climbing ------------------------------------------------------------


def accepted_for(pace: Pace, clock: Clock, seconds: float, per_s: float) -> None:
    """So many accepted requests a second, evenly."""
    for _ in range(round(seconds * per_s)):
        clock.now += 1 / per_s
        pace.accepted()


def test_a_first_refusal_takes_a_third_and_each_later_one_only_a_little():
    """A known limit was only just overstepped: falling by a third again would crawl."""
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    found = []
    for _ in range(4):
        pace.fall()
        found.append(pace.rate)
    assert found == pytest.approx([70, 67.55, 67.55 * 0.965, 67.55 * 0.965**2])


def test_what_was_accepted_bounds_the_guess_of_the_limit():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    accepted_for(pace, clock, 5, 20)
    pace.fall()
    assert pace.rate == pytest.approx(20 * 0.965, rel=0.06)
    unlimited = Pace(0, clock=clock, sleep=clock.sleep)
    accepted_for(unlimited, clock, 5, 40)
    unlimited.fall()
    assert unlimited.rate == pytest.approx(40 * 0.7, rel=0.06)


def test_without_a_rate_and_without_an_answer_a_refusal_begins_at_less_than_one_a_second():
    clock = Clock()
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    pace.fall()
    assert pace.rate == pytest.approx(0.7)


def test_the_rate_never_falls_below_one_in_twenty_seconds():
    clock = Clock()
    pace = Pace(0.06, clock=clock, sleep=clock.sleep)
    for _ in range(50):
        pace.fall()
    assert pace.rate == 0.05


def test_far_below_the_limit_the_rate_climbs_by_a_twentieth_of_it_a_second():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    accepted_for(pace, clock, 3, 100)
    pace.fall()  # the limit is about 100
    low = pace.rate
    clock.now += 1
    pace.accepted()
    assert pace.rate - low == pytest.approx(5, rel=0.05)
    clock.now += 60
    pace.accepted()
    assert pace.rate - low == pytest.approx(10, rel=0.05), "a pause counts as one second"


def test_close_to_the_limit_the_rate_climbs_by_little_and_stops_at_what_was_asked():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    accepted_for(pace, clock, 3, 100)
    pace.fall()
    accepted_for(pace, clock, 7, 50)
    near = pace.rate
    assert near == pytest.approx(97, rel=0.02)
    accepted_for(pace, clock, 30, 50)
    assert near < pace.rate < near + 1
    accepted_for(pace, clock, 3600, 5)
    assert pace.rate == 100
    accepted_for(pace, clock, 60, 5)
    assert pace.rate == 100


def test_a_guessed_limit_doubles_in_three_seconds_until_a_second_refusal_which_is_believed():
    clock = Clock()
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    pace.fall()
    accepted_for(pace, clock, 6, 10)
    assert pace.rate == pytest.approx(0.7 * 4, rel=0.01)
    pace.fall()
    fallen = pace.rate
    assert fallen == pytest.approx(0.7 * 4 * 0.965, rel=0.01)
    accepted_for(pace, clock, 6, 10)
    assert pace.rate < fallen * 1.06, "it is no guess any more"


def test_after_a_fall_the_next_request_waits_for_a_slot_of_the_new_rate():
    clock = Clock()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    pace.fall()
    assert asyncio.run(pace.slot()) == pytest.approx(100 + 1 / 7)


def test_only_what_was_sent_after_a_fall_says_anything_about_the_new_rate():
    clock = Clock()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    assert pace.is_news(0)
    pace.fall()
    assert [pace.is_news(at) for at in (99.9, 100, 100.1)] == [False, False, True]


def test_a_pause_is_over_when_its_time_has_passed():
    clock = Clock()
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    assert (pace.paused_s, pace.slot_now()) == (0, 100)
    pace.pause(5)
    pace.pause(2)
    assert (pace.paused_s, pace.slot_now()) == (5, 0)
    clock.now += 5
    assert (pace.paused_s, pace.slot_now()) == (0, 105)


def test_a_worker_that_wakes_late_catches_up_by_no_more_than_a_fiftieth_of_a_second():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)

    async def slots() -> list[float]:
        await pace.slot()
        clock.now += 10
        return [await pace.slot() for _ in range(5)]

    times = asyncio.run(slots())
    assert times == pytest.approx([110, 110, 110, 110.01, 110.02])


def test_a_higher_rate_that_is_asked_for_holds_for_the_slot_that_is_waited_for_already():
    clock = Clock()
    pace = Pace(0.1, clock=clock, sleep=clock.sleep)

    async def slots() -> float:
        await pace.slot()
        pace.ask(10)
        return await pace.slot()

    assert asyncio.run(slots()) == pytest.approx(100.1)
    pace.ask(0)
    assert (pace.rate, pace.slot_now()) == (0, clock.now)

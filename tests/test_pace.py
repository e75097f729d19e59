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


# -- to the figure ------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


def accepted(pace: Pace, clock: Clock, at: float, count: int = 1) -> float:
    """Accept *count* requests at a moment; return the rate then."""
    clock.now = at
    for _ in range(count):
        pace.accepted()
    return pace.rate


@pytest.mark.parametrize(
    ("refused_at", "then"), [(100.9, 7 * 2 ** (1 / 3)), (101.0, 7.5)], ids=["a guess", "known"]
)
def test_a_refusal_tells_of_a_limit_from_one_second_of_accepted_requests_on(
    clock, refused_at, then
):
    """A guess doubles in three seconds; of a known limit of ten, a twentieth is gained in one."""
    pace = Pace(0, clock=clock)
    accepted(pace, clock, 100.0, 10)
    clock.now = refused_at
    pace.fall()
    assert pace.rate == pytest.approx(7.0)
    assert accepted(pace, clock, refused_at + 1) == pytest.approx(then)


@pytest.mark.parametrize(("refused_at", "limit"), [(101.99, 40 / 1.99), (102.0, 10.0)])
def test_what_was_accepted_is_counted_over_two_seconds(clock, refused_at, limit):
    pace = Pace(0, clock=clock)
    accepted(pace, clock, 100.0, 30)
    accepted(pace, clock, 101.5, 10)
    clock.now = refused_at
    pace.fall()
    assert pace.rate == pytest.approx(0.7 * limit)


def limited_to_20(clock: Clock, asked: float = 20) -> Pace:
    """A pace that was refused at *asked* a second at 101 s, where 20 were accepted in a second."""
    pace = Pace(asked, clock=clock)
    accepted(pace, clock, 100.0, 20)
    clock.now = 101.0
    pace.fall()
    return pace


@pytest.mark.parametrize(("rate", "fallen"), [(24.0, 24 * 0.965), (24.01, 24.01 * 0.7)])
def test_a_refusal_by_a_fifth_above_the_known_limit_is_a_first_one_again(clock, rate, fallen):
    pace = limited_to_20(clock, asked=100)
    assert pace.rate == pytest.approx(19.3)
    clock.now, pace.rate = 200.0, rate
    pace.fall()
    assert pace.rate == pytest.approx(fallen)


def test_below_the_limit_the_rate_climbs_by_the_time_since_the_last_accepted_request(clock):
    pace = limited_to_20(clock)
    assert pace.rate == pytest.approx(14)
    assert accepted(pace, clock, 101.5) == pytest.approx(14 + 20 * 0.05 * 0.5)
    assert accepted(pace, clock, 101.75) == pytest.approx(14 + 20 * 0.05 * 0.75)
    assert accepted(pace, clock, 105.0) == pytest.approx(14 + 20 * 0.05 * 1.75), "one second counts"
    pace.rate = 19.39
    assert accepted(pace, clock, 106.0) == pytest.approx(19.4), "97 % of the limit, no more"


def test_at_the_limit_the_rate_probes_the_faster_the_longer_nothing_was_refused(clock):
    pace = limited_to_20(clock)
    pace.rate = 20 * 0.97
    assert accepted(pace, clock, 111.0) == pytest.approx(19.4 + 20 * 0.000003 * 10, abs=1e-9)
    assert accepted(pace, clock, 111.5) == pytest.approx(
        19.4006 + 20 * 0.000003 * 10.5 * 0.5, abs=1e-9
    )
    pace.rate = 19.99999999
    assert accepted(pace, clock, 120.0) == 20, "what was asked for"
    free = limited_to_20(Clock(), asked=0)
    assert (free.asked, free.rate) == (0, 14)


def test_without_a_rate_that_was_asked_for_the_rate_climbs_beyond_the_limit(clock):
    pace = limited_to_20(clock, asked=0)
    pace.rate = 20.5
    assert 20.5 < accepted(pace, clock, 900.0) < 20.6


def test_without_a_refusal_no_accepted_request_changes_the_rate(clock):
    for asked in (0, 7):
        pace = Pace(asked, clock=clock)
        assert accepted(pace, clock, clock.now + 10, 5) == asked


def test_a_rate_that_is_back_where_it_was_asked_stays_there(clock):
    pace = limited_to_20(clock)
    pace.rate = 20
    assert accepted(pace, clock, 500.0) == 20
    pace.ask(100)
    assert accepted(pace, clock, 600.0) == 100


def test_after_a_change_of_the_rate_a_refusal_is_a_first_one(clock):
    pace = limited_to_20(clock)
    clock.now = 200.0
    pace.ask(30)
    pace.fall()
    assert pace.rate == pytest.approx(21)


async def test_a_held_pace_looks_every_tenth_of_a_second_whether_it_is_released(clock):
    looks: list[float] = []

    async def sleep(seconds: float) -> None:
        looks.append(seconds)
        await clock.sleep(seconds)
        if len(looks) == 3:
            pace.release()

    for rate in (0, 10):
        looks.clear()
        pace = Pace(rate, clock=clock, sleep=sleep)
        pace.hold()
        assert pace.is_held
        began = clock.now
        assert await pace.slot() == pytest.approx(began + 0.3)
        assert (looks, pace.is_held) == ([0.1] * 3, False)


async def test_a_slot_with_a_rate_is_always_waited_for(clock):
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    assert pace.slot_now() == 0
    assert [await pace.slot() for _ in range(3)] == pytest.approx([100, 100.1, 100.2])


async def test_a_pause_moves_the_slots_that_follow_and_is_not_caught_up_with(clock):
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    await pace.slot()
    pace.pause(5)
    assert [await pace.slot() for _ in range(3)] == pytest.approx([105, 105.1, 105.2])
    pace.pause(0.05)  # shorter than the wait for the next slot
    assert await pace.slot() == pytest.approx(105.3)


async def test_a_pause_without_a_rate_lets_everybody_start_at_its_end(clock):
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    pace.pause(5)
    assert [await pace.slot() for _ in range(3)] == [105, 105, 105]


async def test_a_lower_rate_that_is_asked_for_counts_from_the_next_slot_on(clock):
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    await pace.slot()
    pace.ask(0.5)
    assert [await pace.slot() for _ in range(2)] == pytest.approx([100.1, 102.1])

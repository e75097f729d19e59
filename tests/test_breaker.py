"""When a run stops because everything fails."""

from __future__ import annotations

import pytest

from bulk_import.delivery.breaker import Breaker
from bulk_import.settings import Settings


def test_the_breaker_wants_many_failures_and_some_time():
    breaker = Breaker(Settings(breaker_failures=3, breaker_s=10))
    assert not any(breaker.no_answer(n / 10, "x") for n in range(20))
    assert "failed in a row" in breaker.no_answer(30, "x")
    breaker.answered()
    assert not breaker.no_answer(31, "x")


def test_max_failures_as_a_share_waits_for_evidence():
    breaker = Breaker(Settings(max_failures="10%"))
    assert not any(breaker.settled(well=False) for _ in range(19))
    assert breaker.settled(well=False)


# -- both sides of each limit, and what begins the count again --------------------------------------


def test_no_connection_stops_the_run_after_the_deadline_and_any_answer_begins_it_again():
    breaker = Breaker(Settings(connect_deadline_s=10))
    assert [breaker.unreachable(now, "refused") for now in (100, 105, 109.9)] == ["", "", ""]
    assert breaker.unreachable(110, "refused") == "no connection for 10 s: refused"
    for again in (
        breaker.answered,
        lambda: breaker.refused("101", "no"),
        lambda: breaker.no_answer(0, "late"),
        lambda: breaker.forbidden("403"),
    ):
        again()
        assert breaker.unreachable(120, "refused") == ""
        assert breaker.unreachable(130, "refused") != ""


def test_failures_must_be_many_and_last_and_whatever_is_an_answer_begins_the_count_again():
    breaker = Breaker(Settings(breaker_failures=3, breaker_s=10))
    assert [breaker.no_answer(now, "late") for now in (0, 20)] == ["", ""], "only two"
    assert not breaker.is_suspect
    assert breaker.no_answer(21, "late") == "3 requests failed in a row over 21 s: late"
    assert breaker.is_suspect
    for again in (
        breaker.answered,
        lambda: breaker.refused("101", "no"),
        lambda: breaker.forbidden("403"),
    ):
        again()
        assert not breaker.is_suspect
        said = [breaker.no_answer(now, "late") for now in (50, 51, 52, 59.9, 60)]
        assert said == ["", "", "", "", "5 requests failed in a row over 10 s: late"]


def test_equal_refusals_in_a_row_stop_the_run_and_other_answers_in_between_do_not():
    breaker = Breaker(Settings(equal_refusals=3))
    assert [breaker.refused("101", "no list") for _ in range(2)] == ["", ""]
    assert breaker.refused("102", "other") == ""
    assert [breaker.refused("101", "no list") for _ in range(2)] == ["", ""]
    breaker.answered()
    assert [breaker.refused("101", "no list") for _ in range(2)] == ["", ""]
    assert breaker.refused("101", "no list") == "3 rows in a row were refused alike: no list"
    assert breaker.refused("101", "no list") == "4 rows in a row were refused alike: no list"


def test_an_address_that_turns_the_first_requests_away_is_wrong_and_a_later_one_only_refuses():
    breaker = Breaker(Settings(equal_refusals=5))
    assert breaker.is_first_answer
    assert [breaker.forbidden("403") for _ in range(2)] == ["", ""]
    assert breaker.forbidden("403") == "the first 3 requests were turned away: 403"
    later = Breaker(Settings(equal_refusals=5))
    later.answered()
    assert not later.is_first_answer
    assert [later.forbidden("403") for _ in range(4)] == [""] * 4
    assert later.forbidden("403") == "5 rows in a row were refused alike: 403"
    refused = Breaker(Settings(equal_refusals=5))
    refused.refused("101", "no")
    assert not refused.is_first_answer


@pytest.mark.parametrize(
    ("limit", "ends", "stops_at"),
    [
        ("2", [False, False, False], 3),
        ("0", [True, True, False], 3),
        ("2", [False, True, False, True, True, False], 6),
        ("10%", [False] * 30, 20),  # before twenty rows a share says nothing
        ("10%", [True] * 27 + [False] * 4, 31),  # 3 of 30 are just 10 %
        ("50%", [True, False] * 40, 0),
    ],
)
def test_failed_rows_stop_the_run_beyond_the_limit_and_not_at_it(limit, ends, stops_at):
    breaker = Breaker(Settings(max_failures=limit))
    said = [breaker.settled(well=well) for well in ends]
    assert next((at for at, text in enumerate(said, 1) if text), 0) == stops_at
    if stops_at:
        failed = ends[:stops_at].count(False)
        assert said[stops_at - 1] == (
            f"{failed} of {stops_at} rows failed, more than --max-failures {limit}"
        )


def test_without_a_limit_any_number_of_rows_may_fail():
    breaker = Breaker(Settings())
    assert not any(breaker.settled(well=False) for _ in range(1000))


def test_an_ordinary_bad_day_stops_nothing():
    """Single failures, a short outage, refusals that differ: each recovers by itself."""
    breaker = Breaker(Settings())
    for now in range(1000):
        if now % 3 == 0:
            assert breaker.no_answer(now, "late") == ""
        elif now % 3 == 1:
            assert breaker.refused(f"{101 + now % 2}", "no") == ""
        else:
            breaker.answered()
    breaker.answered()
    assert not any(breaker.no_answer(1000 + n / 10, "outage") for n in range(99)), "nine seconds"
    breaker.answered()
    assert not any(breaker.unreachable(2000 + n, "outage") for n in range(59))


def test_a_share_may_have_decimals():
    breaker = Breaker(Settings(max_failures="2.5%"))
    assert not any(breaker.settled(well=well) for well in [True] * 39 + [False])
    assert breaker.settled(well=False) == "2 of 41 rows failed, more than --max-failures 2.5%"


def test_a_row_that_ended_well_stops_no_run_however_many_failed_before():
    breaker = Breaker(Settings(max_failures="1"))
    assert [breaker.settled(well=False) != "" for _ in range(2)] == [False, True]
    assert breaker.settled(well=True) == ""


def test_turned_away_requests_are_equal_refusals_once_something_was_answered():
    breaker = Breaker(Settings(equal_refusals=2))
    breaker.answered()
    assert breaker.forbidden("403") == ""
    assert breaker.refused("101", "no") == ""
    assert breaker.forbidden("403") == ""
    assert breaker.forbidden("404") == "2 rows in a row were refused alike: 404"


def test_one_failure_is_enough_where_that_is_asked_for():
    breaker = Breaker(Settings(breaker_failures=1, breaker_s=0))
    assert not breaker.is_suspect
    assert breaker.no_answer(5, "late") == "1 requests failed in a row over 0 s: late"
    assert Breaker(Settings(connect_deadline_s=0)).unreachable(5, "gone") == (
        "no connection for 0 s: gone"
    )
    assert Breaker(Settings(equal_refusals=1)).refused("7", "no") == (
        "1 rows in a row were refused alike: no"
    )

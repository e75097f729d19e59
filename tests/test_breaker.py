"""When a run stops because everything fails."""

from __future__ import annotations

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

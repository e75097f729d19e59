"""When a row is sent again, and how long it waits."""

from __future__ import annotations

import asyncio

import pytest

from bulk_import.delivery.retry import AttemptFailedError, Failure, policy


async def test_a_policy_waits_longer_each_time_and_gives_up_after_the_last_attempt():
    waits: list[float] = []
    left = 4

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def fail() -> None:
        nonlocal left
        left -= 1
        raise AttemptFailedError(
            "x",
            failure=Failure.DOUBTFUL,
            code="X",
            is_repeatable=True,
            retry_after_s=7 if left == 2 else 0,
        )

    with pytest.raises(AttemptFailedError):
        await policy(attempts_left=lambda: left, sleep=sleep)(fail)
    assert len(waits) == 3
    assert waits[0] <= 1
    assert waits[1] >= 7
    assert waits[2] <= 4


async def test_what_must_not_be_repeated_is_not():
    async def fail() -> None:
        raise AttemptFailedError("x", failure=Failure.DOUBTFUL, code="X", is_repeatable=False)

    with pytest.raises(AttemptFailedError):
        await policy(attempts_left=lambda: 5, sleep=asyncio.sleep)(fail)


async def waits(
    monkeypatch: pytest.MonkeyPatch, failure: Failure, times: int, retry_after_s: float = 0.0
) -> list[float]:
    """The longest waits that a row may have after failing *times*."""
    found: list[float] = []

    def longest(least: float, most: float) -> float:
        assert least == 0, "full jitter"
        return most

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    async def fail() -> None:
        raise AttemptFailedError(
            "x", failure=failure, code="X", is_repeatable=True, retry_after_s=retry_after_s
        )

    monkeypatch.setattr("random.uniform", longest)
    left = iter(range(times, -1, -1))
    with pytest.raises(AttemptFailedError):
        await policy(attempts_left=lambda: next(left), sleep=sleep)(fail)
    return found


@pytest.mark.parametrize(
    ("failure", "retry_after_s", "longest"),
    [
        (Failure.DOUBTFUL, 0, [1, 2, 4, 8, 16, 30, 30]), (Failure.DOUBTFUL, 7, [7, 7, 7, 8, 16, 30, 30]),
        (Failure.UNREACHABLE, 0, [1, 2, 4, 5, 5, 5, 5]), (Failure.UNREACHABLE, 7, [1, 2, 4, 5, 5, 5, 5]),
        (Failure.THROTTLED, 0, [0] * 7), (Failure.THROTTLED, 7, [0] * 7),
    ],
)  # fmt: skip
async def test_how_long_a_row_waits_depends_on_why_it_failed(
    monkeypatch, failure, retry_after_s, longest
):
    assert await waits(monkeypatch, failure, 7, retry_after_s) == longest


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_a_row_is_repeated_as_often_as_it_has_attempts_left(monkeypatch, times):
    assert len(await waits(monkeypatch, Failure.DOUBTFUL, times)) == times


async def test_a_bug_is_no_failed_attempt_and_is_raised_at_once():
    calls = []

    async def fail() -> None:
        calls.append(1)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await policy(attempts_left=lambda: 5, sleep=asyncio.sleep)(fail)
    assert calls == [1]


async def test_a_wait_that_the_run_interrupts_ends_the_row():
    class StoppedError(Exception):
        pass

    async def sleep(_seconds: float) -> None:
        raise StoppedError

    async def fail() -> None:
        raise AttemptFailedError("x", failure=Failure.THROTTLED, code="8", is_repeatable=True)

    with pytest.raises(StoppedError):
        await policy(attempts_left=lambda: 5, sleep=sleep)(fail)


def test_a_failure_says_nothing_of_a_status_or_a_time_that_it_does_not_have():
    plain = AttemptFailedError("x", failure=Failure.DOUBTFUL, code="X", is_repeatable=False)
    assert (plain.http_status, plain.retry_after_s, str(plain)) == (None, 0.0, "x")

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

"""When a row is sent again and how long it waits: one fresh tenacity policy per row.

Made only after a first failure, so a row that succeeds at once pays nothing. All hooks are
synchronous: a shared policy with asynchronous ones loses failures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential
from tenacity.wait import wait_base

Sleep = Callable[[float], Awaitable[None]]

LONGEST_BACKOFF_S = 30.0
LONGEST_UNREACHABLE_S = 5.0  # so that a host that is back is noticed soon


class Failure(Enum):
    """Why an attempt did not settle its row."""

    UNREACHABLE = "unreachable"  # nothing was sent
    THROTTLED = "throttled"  # not processed; the whole pool pauses
    DOUBTFUL = "doubtful"  # sent, and no trustworthy answer


class AttemptFailedError(Exception):
    """An attempt did not settle its row.

    Attributes:
        is_repeatable: Whether sending the row again is safe.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: Failure,
        code: str,
        is_repeatable: bool,
        http_status: int | None = None,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.code = code
        self.is_repeatable = is_repeatable
        self.http_status = http_status
        self.retry_after_s = retry_after_s


def policy(
    *, attempts_left: Callable[[], int], sleep: Sleep, backoff_s: float = 1.0
) -> AsyncRetrying:
    """Return a fresh policy for one row.

    Args:
        attempts_left: Doubtful attempts that the row may still make; throttled and unreachable
            ones are the run's business and not counted.
        sleep: Waits; may raise to end the row when the run stops.
        backoff_s: The first wait is a random part of it, and it doubles.
    """
    return AsyncRetrying(
        retry=retry_if_exception(
            lambda exc: isinstance(exc, AttemptFailedError) and exc.is_repeatable
        ),
        stop=lambda _state: attempts_left() <= 0,
        wait=_WaitByFailure(backoff_s),
        sleep=sleep,
        reraise=True,
    )


class _WaitByFailure(wait_base):
    """What Retry-After asks for, else capped exponential backoff with full jitter."""

    def __init__(self, backoff_s: float) -> None:
        self._doubtful = wait_random_exponential(multiplier=backoff_s, max=LONGEST_BACKOFF_S)
        self._unreachable = wait_random_exponential(multiplier=backoff_s, max=LONGEST_UNREACHABLE_S)

    def __call__(self, retry_state: RetryCallState) -> float:
        match retry_state.outcome and retry_state.outcome.exception():
            case AttemptFailedError(failure=Failure.UNREACHABLE):
                return self._unreachable(retry_state)
            case AttemptFailedError(failure=Failure.DOUBTFUL) as exc:
                return max(exc.retry_after_s, self._doubtful(retry_state))
            case _:
                return 0.0  # throttled: the pause for everybody is the pace's

"""Retries for sources that fail temporarily, such as a server that is being restarted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bulk_import.errors import Message, SourceError

if TYPE_CHECKING:
    from tenacity import RetryCallState

_Found = TypeVar("_Found")


class PassingError(SourceError):
    """A source cannot be read right now; a retry may succeed.

    Attributes:
        retry_after_s: Seconds that the server asks us to wait; 0 = it did not say.
    """

    def __init__(self, message: Message | str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Tries:
    """How many attempts, and how long to wait between them.

    Attributes:
        backoff_s: Upper limit of the first random wait; doubles with each attempt.
        longest_backoff_s: Upper limit of any wait, unless the server asks for more.
        retry_after_cap_s: Give up if the server asks for more; ``None``: the limit of a run.
    """

    most: int = 4
    backoff_s: float = 2.0
    longest_backoff_s: float = 30.0
    retry_after_cap_s: float | None = None
    sleep: Callable[[float], None] = time.sleep


USUAL = Tries()


def tried(work: Callable[[], _Found], tries: Tries | None = None) -> _Found:
    """Return what *work* returns; repeat it from its beginning after a ``PassingError``.

    Args:
        tries: ``None`` = ``USUAL``.

    Raises:
        SourceError: As *work* raises; after the last attempt with the number of attempts.
    """
    # A check of a file on the disk fetches nothing.
    import logging

    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    from bulk_import.settings import Patience

    tries = tries or USUAL
    cap_s = tries.retry_after_cap_s
    cap_s = Patience().retry_after_cap_s if cap_s is None else cap_s
    backoff = wait_random_exponential(multiplier=tries.backoff_s, max=tries.longest_backoff_s)

    def wait(state: RetryCallState) -> float:
        return max(_of(state).retry_after_s, backoff(state))

    def tell(state: RetryCallState) -> None:
        logging.getLogger(__name__).warning(
            "%s; tried again in %.0f s", _of(state), state.upcoming_sleep
        )

    policy = Retrying(
        retry=retry_if_exception(
            lambda exc: isinstance(exc, PassingError) and exc.retry_after_s <= cap_s
        ),
        stop=stop_after_attempt(tries.most),
        wait=wait,
        sleep=tries.sleep,
        before_sleep=tell,
        reraise=True,
    )
    try:
        return policy(work)
    except PassingError as exc:
        if exc.retry_after_s > cap_s:
            raise SourceError(
                Message(
                    "{why}; its server asks to wait {seconds:,.0f} s, run the same command again then",
                    why=Message.of(exc),
                    seconds=exc.retry_after_s,
                )
            ) from None
        raise SourceError(
            Message("{why} (tried {n} times)", why=Message.of(exc), n=tries.most)
        ) from None


def _of(state: RetryCallState) -> PassingError:
    exc = state.outcome.exception() if state.outcome is not None else None
    return exc if isinstance(exc, PassingError) else PassingError("")

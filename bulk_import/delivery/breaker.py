"""When a run must end before its rows do: everything fails alike, or nothing can be reached.

Single failures are the retries' business. A five-second outage at full speed fails many rows in a
row and must not end a run, so the breaker wants both: many failures, and over some time.
"""

from __future__ import annotations

from bulk_import.errors import Message
from bulk_import.settings import Settings, parse_limit

_SHARE_NEEDS_ROWS = 20  # before that a share of failures says nothing


class Breaker:
    """Counts failures; each method returns the reason to stop the run, or ``""``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failures = 0  # consecutive requests without a trustworthy answer
        self._failing_since = 0.0
        self._unreachable_since: float | None = None
        self._refusals = 0  # consecutive refusals with the same code
        self._refused_with = ""
        self._answered = False
        self._forbidden = 0
        self._settled = 0
        self._badly = 0
        limit = settings.safeguards.max_failures
        self._limit = parse_limit(limit) if limit else None

    @property
    def is_suspect(self) -> bool:
        """Whether enough rows failed in a row that no new row should be started, only repetitions."""
        return self._failures >= self._settings.safeguards.breaker_failures

    @property
    def is_first_answer(self) -> bool:
        return not self._answered

    def unreachable(self, now: float, trouble: str) -> str:
        """No connection at all."""
        if self._unreachable_since is None:
            self._unreachable_since = now
        seconds = now - self._unreachable_since
        if seconds < self._settings.patience.connect_deadline_s:
            return ""
        return Message(
            "no connection for {seconds:.0f} s: {trouble}", seconds=seconds, trouble=trouble
        )

    def no_answer(self, now: float, trouble: str) -> str:
        """Sent, and no trustworthy answer."""
        self._unreachable_since = None
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        seconds = now - self._failing_since
        if self.is_suspect and seconds >= self._settings.safeguards.breaker_s:
            return Message(
                "{failures} requests failed in a row over {seconds:.0f} s: {trouble}",
                failures=self._failures,
                seconds=seconds,
                trouble=trouble,
            )
        return ""

    def answered(self) -> None:
        """A success, or a throttle signal: the server is there and understands us."""
        self._alive()
        self._refusals = 0
        self._answered = True

    def refused(self, code: str, trouble: str) -> str:
        """A row was refused."""
        self._alive()
        self._answered = True
        self._refusals = self._refusals + 1 if code == self._refused_with else 1
        self._refused_with = code
        if self._refusals >= self._settings.safeguards.equal_refusals:
            return Message(
                "{refusals} rows in a row were refused alike: {trouble}",
                refusals=self._refusals,
                trouble=trouble,
            )
        return ""

    def forbidden(self, trouble: str) -> str:
        """401, 403, 404, …: at the start of a run it is the address that is wrong."""
        first = not self._answered
        reason = "" if first else self.refused("forbidden", trouble)
        self._alive()
        self._forbidden += 1
        if first and self._forbidden >= 3:
            return Message(
                "the first {forbidden} requests were turned away: {trouble}",
                forbidden=self._forbidden,
                trouble=trouble,
            )
        return reason

    def settled(self, *, well: bool) -> str:
        """A row ended; failures beyond ``--max-failures`` end the run."""
        self._settled += 1
        self._badly += not well
        if self._limit is None or well:
            return ""
        number, is_share = self._limit
        if not is_share:
            over = self._badly > number
        else:
            over = self._settled >= _SHARE_NEEDS_ROWS and self._badly * 100 > number * self._settled
        if not over:
            return ""
        return Message(
            "{badly} of {settled} rows failed, more than --max-failures {max_failures}",
            badly=self._badly,
            settled=self._settled,
            max_failures=self._settings.safeguards.max_failures,
        )

    def _alive(self) -> None:
        self._failures = 0
        self._unreachable_since = None

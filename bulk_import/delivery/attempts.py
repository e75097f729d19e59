"""One attempt: a slot, an intent on disk, a request, and what came of it.

Everything that an attempt can end in is distinguished here, once; what it means for the whole run
(pause, slow down, stop) happens here as well.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError
from bulk_import.api.preflight import describe
from bulk_import.api.unsent import NotSentError
from bulk_import.delivery.allowance import Allowance, Window
from bulk_import.delivery.breaker import Breaker
from bulk_import.delivery.commits import GroupCommit
from bulk_import.delivery.pace import Clock, Pace
from bulk_import.delivery.retry import AttemptFailedError, Failure
from bulk_import.errors import EXIT_STOPPED, EXIT_STORAGE, Message, StorageError
from bulk_import.journal.entries import AttemptResult, Intent, Pending, Unsettled
from bulk_import.models import Status
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError
from bulk_import.system.clock import now

_LONGEST_THROTTLE_WAIT_S = 60.0
_UNSETTLED = frozenset({Verdict.THROTTLED, Verdict.UNREADABLE})


class Sender(Protocol):
    """What is needed of a client."""

    def send(self, body: bytes, *, repeatable: bool) -> Awaitable[Answer]:
        """Send one contact."""
        ...


class Watch(Protocol):
    """Receives what happens: progress bars, logs."""

    def settled(self, status: Status) -> None:
        """A row ended."""
        ...

    def paused(self, seconds: float, why: str) -> None:
        """Nobody sends for *seconds*."""
        ...


@dataclass(slots=True)
class Shipment:
    """A row on its way.

    Attributes:
        attempts: Requests made for the row, over all runs.
        next_number: Of the next attempt in the journal; withdrawn ones count here.
        doubtful: Attempts of this run that count against ``max_attempts``.
        in_doubt: Some attempt, of this run or an earlier one, may have been applied.
        elapsed_ms: Of the last attempt.
        waited_s: Between the attempts of this run.
        failed_at: The clock's time at which the last attempt failed.
        claimed: Number of the next attempt, if its intent is on disk already; else 0.
    """

    row: Pending
    attempts: int
    next_number: int
    in_doubt: bool
    doubtful: int = 0
    elapsed_ms: int = 0
    waited_s: float = 0.0
    failed_at: float | None = None
    claimed: int = 0

    @classmethod
    def of(cls, row: Pending) -> Shipment:
        return cls(row, row.attempts, row.next_number, row.in_doubt)


class Attempts:
    """Makes attempts, never more than ``concurrency`` at a time, at one pace."""

    def __init__(
        self,
        settings: Settings,
        client: Sender,
        commits: GroupCommit,
        stop: Stop,
        watch: Watch,
        *,
        clock: Clock,
        used_today: int,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.breaker = Breaker(settings)
        limits = settings.limits
        self.pace = Pace(limits.rate, clock=clock, sleep=stop.nap, first_limit=limits.first_limit)
        self._settings = settings
        self._allowance = Allowance(
            Window.parse(settings.limits.window) if settings.limits.window else None,
            settings.limits.daily_limit,
            used_today,
            now=lambda: datetime.now().astimezone(),
            nap=stop.nap,
            is_closed=self._closed,
        )
        self._client = client
        self._commits = commits
        self._stop = stop
        self._watch = watch
        self._clock = clock
        self._chance = chance
        self._slots = asyncio.Semaphore(settings.limits.concurrency)
        self._throttles = 0  # signals since the last success
        self._quota_hits = 0

    async def make(self, shipment: Shipment) -> Answer:
        """Make one request; return an answer that settles the row.

        Raises:
            AttemptFailedError: It does not settle the row; what it was is in the journal.
            StoppingError: The run is ending, nothing was sent.
        """
        async with self._slots:
            try:
                if self._allowance.is_limited:
                    await self._allowance.one()
                started_at = self.pace.slot_now() or await self.pace.slot()
                if self._stop.is_set:
                    raise StoppingError
            except StoppingError:
                self.withdraw([shipment])
                raise
            if not shipment.claimed:
                await self._claim(shipment)
            number, shipment.claimed = shipment.claimed, 0
            begun = self._clock()
            if shipment.failed_at is not None:
                shipment.waited_s += begun - shipment.failed_at
            try:
                answer = await self._client.send(
                    shipment.row.body, repeatable=bool(shipment.row.email)
                )
            except NotSentError as exc:
                raise self._unreachable(shipment, number, exc) from exc
            except AnswerLostError as exc:
                shipment.elapsed_ms = self._ms_since(begun)
                raise self._lost(shipment, number, exc, started_at) from exc
            shipment.elapsed_ms = self._ms_since(begun)
        if answer.verdict in _UNSETTLED:
            raise self._unsettled(shipment, number, answer, started_at)
        shipment.attempts += 1
        if answer.verdict is Verdict.SUCCESS:
            self._throttles = self._quota_hits = 0
            self.breaker.answered()
            self.pace.accepted()
        return answer

    def _lost(
        self, shipment: Shipment, number: int, exc: AnswerLostError, started_at: float
    ) -> AttemptFailedError:
        if exc.code == "TIMEOUT" and self.pace.is_news(started_at):
            self.pace.fall()
        return self._doubtful(shipment, number, exc.code, str(exc), exc.http_status)

    def _unsettled(
        self, shipment: Shipment, number: int, answer: Answer, started_at: float
    ) -> AttemptFailedError:
        if answer.verdict is Verdict.THROTTLED:
            return self._throttled(shipment, number, answer, started_at)
        if answer.http_status == 503 and self.pace.is_news(started_at):
            self.pace.fall()
        return self._doubtful(
            shipment,
            number,
            answer.code,
            answer.text,
            answer.http_status,
            retry_after_s=answer.retry_after_s or 0.0,
        )

    def _closed(self, why: str, seconds: float) -> None:
        if self._settings.limits.ends_when_closed:
            self._stop.request(
                Message("{why}; the rest is sent by the next run", why=why), EXIT_STOPPED
            )
        else:
            self._watch.paused(seconds, why)

    def claim(self, shipments: Sequence[Shipment]) -> None:
        """Commit the intents of *shipments* together, if that is possible at this moment."""
        if self._commits.claim(_intents(shipments)):
            _claimed(shipments)

    async def _claim(self, shipment: Shipment) -> None:
        """Write the intent of *shipment*; it is on disk when this returns, if the row is a bare one.

        Raises:
            StoppingError: It is not written; the run is ending.
        """
        if shipment.row.email:
            self.claim([shipment])
            if shipment.claimed:
                return
        try:
            await self._commits.intents(_intents([shipment]), synced=not shipment.row.email)
        except StorageError as exc:
            self._stop.request(str(exc), EXIT_STORAGE)
            raise StoppingError from exc
        _claimed([shipment])

    def withdraw(self, shipments: Iterable[Shipment]) -> None:
        """Note that what was claimed will not be sent."""
        for shipment in shipments:
            if shipment.claimed:
                self._note(
                    shipment, shipment.claimed, AttemptResult.WITHDRAWN, "the run stopped", None
                )
                shipment.claimed = 0

    def _unreachable(
        self, shipment: Shipment, number: int, exc: NotSentError
    ) -> AttemptFailedError:
        self._note(shipment, number, AttemptResult.WITHDRAWN, str(exc), None)
        reason = str(exc)
        if exc.code != "CERTIFICATE":
            reason = self.breaker.unreachable(self._clock(), str(exc))
        if reason:
            self._stop.request(reason, EXIT_STOPPED)
        return AttemptFailedError(
            str(exc), failure=Failure.UNREACHABLE, code=exc.code, is_repeatable=True
        )

    def _doubtful(
        self,
        shipment: Shipment,
        number: int,
        code: str,
        message: str,
        http_status: int | None,
        *,
        retry_after_s: float = 0.0,
    ) -> AttemptFailedError:
        shipment.attempts += 1
        shipment.doubtful += 1
        shipment.in_doubt = True
        self._note(shipment, number, AttemptResult.DOUBTFUL, message, http_status)
        reason = self.breaker.no_answer(self._clock(), message)
        if reason:
            self._stop.request(reason, EXIT_STOPPED)
        return AttemptFailedError(
            message,
            failure=Failure.DOUBTFUL,
            code=code,
            is_repeatable=bool(shipment.row.email),
            http_status=http_status,
            retry_after_s=min(retry_after_s, self._settings.patience.retry_after_cap_s),
        )

    def _throttled(
        self, shipment: Shipment, number: int, answer: Answer, started_at: float
    ) -> AttemptFailedError:
        shipment.attempts += 1
        self._note(shipment, number, AttemptResult.REPELLED, answer.text, answer.http_status)
        self.breaker.answered()
        is_news = self.pace.is_news(started_at)
        if is_news:
            self.pace.fall()
            self._throttles += 1
            self._quota_hits += answer.is_quota
        # What was on its way when the pace fell tells nothing new, unless it names a time.
        wait_s = self._throttle_wait_s(answer) if is_news or answer.retry_after_s else 0.0
        if wait_s:
            already_s = self.pace.paused_s
            self.pace.pause(wait_s)
            if wait_s > already_s + 0.5:
                self._watch.paused(wait_s, describe(answer))
        return AttemptFailedError(
            describe(answer),
            failure=Failure.THROTTLED,
            code=answer.code or f"HTTP_{answer.http_status}",
            is_repeatable=True,
            http_status=answer.http_status,
        )

    def _throttle_wait_s(self, answer: Answer) -> float:
        """Seconds for which everybody waits; 0 when the run stops instead."""
        cap_s = self._settings.patience.retry_after_cap_s
        if self._throttles > self._settings.patience.throttles:
            self._stop.request(
                Message(
                    "the server asked to slow down {throttles} times without taking a row",
                    throttles=self._throttles,
                ),
                EXIT_STOPPED,
            )
            return 0.0
        if answer.retry_after_s is not None:
            if answer.retry_after_s <= cap_s:
                return answer.retry_after_s + 0.05 * self._chance()
            until = datetime.fromtimestamp(
                datetime.now(UTC).timestamp() + min(answer.retry_after_s, 1e9), UTC
            )
            self._stop.request(
                Message(
                    "the server asks to wait until {until} UTC, longer than a "
                    "run waits ({cap_s:g} s); start the same command then",
                    until=f"{until:%Y-%m-%d %H:%M}",
                    cap_s=cap_s,
                ),
                EXIT_STOPPED,
            )
            return 0.0
        waits = self._settings.patience.quota_waits_s
        if answer.is_quota:
            if self._quota_hits > len(waits):
                self._stop.request(describe(answer), EXIT_STOPPED)
                return 0.0
            return waits[self._quota_hits - 1]
        first = self._settings.patience.throttle_wait_s
        longest = min(first * 2.0 ** (self._throttles - 1), _LONGEST_THROTTLE_WAIT_S)
        return longest * (0.75 + 0.25 * self._chance())

    def _note(
        self,
        shipment: Shipment,
        number: int,
        result: AttemptResult,
        message: str,
        http_status: int | None,
    ) -> None:
        shipment.failed_at = self._clock()
        self._commits.add(
            Unsettled(shipment.row.seq, number, result, message, http_status, shipment.elapsed_ms)
        )

    def _ms_since(self, begun: float) -> int:
        return round((self._clock() - begun) * 1000)


def _intents(shipments: Sequence[Shipment]) -> list[Intent]:
    started_at = now()
    return [Intent(s.row.seq, s.next_number, started_at) for s in shipments]


def _claimed(shipments: Sequence[Shipment]) -> None:
    for shipment in shipments:
        shipment.claimed = shipment.next_number
        shipment.next_number += 1

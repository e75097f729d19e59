"""Bounded workers, lanes, retries that hold no worker, and how each row ends."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator

from bulk_import.api.answers import NO_DATA, UNKNOWN_GROUP, Answer, Verdict
from bulk_import.api.form import decode
from bulk_import.api.preflight import describe
from bulk_import.delivery.attempts import (
    Attempts,
    Sender,
    Shipment,
    Watch,
)
from bulk_import.delivery.claims import Claims, claims_at_once
from bulk_import.delivery.commits import GroupCommit
from bulk_import.delivery.lanes import Lanes
from bulk_import.delivery.pace import Pace
from bulk_import.delivery.retry import AttemptFailedError, policy
from bulk_import.errors import EXIT_STOPPED, EXIT_STORAGE, StorageError
from bulk_import.journal.entries import Pending, Settled
from bulk_import.models import Status
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError
from bulk_import.system.clock import now
from bulk_import.system.garbage import rare_collections

_MOST_RETRYING = 32  # rows waiting for a retry; beyond that no new row is started


class Pool:
    """Sends pending rows until there are none or the run must stop.

    What a row's end means for the later rows of its contact: after a success or a refusal they are
    sent; after an end in doubt that a resume will repeat they are not (``LANE_HELD``), so that the
    resume can apply all of them in order.
    """

    def __init__(
        self,
        settings: Settings,
        client: Sender,
        commits: GroupCommit,
        stop: Stop,
        *,
        watch: Watch,
        constant_lists: Collection[str] = (),
        used_today: int,
    ) -> None:
        self._settings = settings
        self._commits = commits
        self._stop = stop
        self._watch = watch
        self._constant_lists = frozenset(constant_lists)
        clock = stop.time.clock
        self._attempts = Attempts(
            settings, client, commits, stop, self._watch, clock=clock, used_today=used_today
        )
        self._breaker = self._attempts.breaker
        self._idle: deque[asyncio.Future[None]] = deque()
        self._retrying = 0
        self._is_holding_off = False  # as of the last look
        commits.on_failure = lambda exc: stop.request(str(exc), EXIT_STORAGE)

    @property
    def rate(self) -> float:
        """Requests per second in force; 0 = no limit."""
        return self._attempts.pace.rate

    @property
    def pace(self) -> Pace:
        """The run's pace, for somebody who changes it while rows are sent."""
        return self._attempts.pace

    async def run(
        self, supply: Iterator[Pending], is_complete: Callable[[], bool] = lambda: True
    ) -> None:
        """Send every row of *supply*, or stop; all entries are on disk when it returns.

        Args:
            is_complete: Whether the supply is at its end when it says so; else ``wake`` is called
                when it has more, or has become complete.

        Raises:
            StorageError: Some of them are not.
        """
        lanes = Lanes(supply, is_complete)
        claims = Claims(
            lanes,
            self._attempts,
            claims_at_once(self._settings),
            lambda row: self._held_back(lanes, row),
        )
        with rare_collections():
            await self._run(lanes, claims)
        claims.give_back()
        await self._commits.flush()

    async def _run(self, lanes: Lanes, claims: Claims) -> None:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._wake_at_stop())
            workers = [
                group.create_task(self._work(lanes, claims, group))
                for _ in range(self._settings.limits.concurrency)
            ]
            await asyncio.wait(workers)
            watcher.cancel()

    async def _wake_at_stop(self) -> None:
        await self._stop.wait()
        self.wake()

    async def _work(self, lanes: Lanes, claims: Claims, group: asyncio.TaskGroup) -> None:
        while not self._stop.is_set:
            shipment = None if self._must_wait() else self._take(claims)
            if shipment is None:
                if lanes.is_done:
                    self.wake()
                    return
                await self._change()
                continue
            try:
                answer = await self._attempts.make(shipment)
            except AttemptFailedError as failure:
                self._retrying += 1
                group.create_task(self._retry(shipment, failure, lanes))
            except StoppingError:
                return
            else:
                self._release(lanes, shipment.row, in_doubt=self._settle(shipment, answer))

    def _take(self, claims: Claims) -> Shipment | None:
        """Return the next shipment; a row that cannot be read ends the run in order."""
        try:
            return claims.take()
        except StorageError as exc:
            self._stop.request(str(exc), EXIT_STORAGE)
            return None

    async def _change(self) -> None:
        """Wait until a row may be ready, or the run must stop."""
        changed = asyncio.get_running_loop().create_future()
        self._idle.append(changed)
        await changed

    def wake(self, workers: int = sys.maxsize) -> None:
        """Wake that many idle workers; waking one for nothing costs as much as a row."""
        while workers and self._idle:
            changed = self._idle.popleft()
            if not changed.done():
                changed.set_result(None)
                workers -= 1

    def _held_back(self, lanes: Lanes, row: Pending) -> bool:
        """Settle a row that must not overtake one in doubt; return whether it was one."""
        overtaken = lanes.held_by(row)
        if overtaken:
            self._hold_back(row, overtaken)
            self._release(lanes, row)
        return bool(overtaken)

    def _must_wait(self) -> bool:
        """Whether no new row may be started while earlier ones wait for a retry."""
        if self._breaker.is_suspect:
            self._is_holding_off = self._retrying > 0
        else:
            self._is_holding_off = self._retrying >= max(
                _MOST_RETRYING, self._settings.limits.concurrency
            )
        return self._is_holding_off

    def _release(self, lanes: Lanes, row: Pending, *, in_doubt: bool = False) -> None:
        has_next = lanes.release(row, in_doubt=in_doubt)
        if not self._idle:
            return
        if lanes.is_done or (self._is_holding_off and not self._must_wait()):
            self.wake()
        elif has_next:
            self.wake(1)

    async def _retry(self, shipment: Shipment, failure: AttemptFailedError, lanes: Lanes) -> None:
        first: AttemptFailedError | None = failure

        async def again() -> Answer:
            nonlocal first
            if first is not None:  # tenacity counts from the attempt that has just failed
                failed, first = first, None
                raise failed
            return await self._attempts.make(shipment)

        retrying = policy(
            attempts_left=lambda: self._settings.patience.max_attempts - shipment.doubtful,
            sleep=self._stop.nap,
            backoff_s=self._settings.patience.backoff_s,
        )
        in_doubt = False
        try:
            in_doubt = self._settle(shipment, await retrying(again))
        except AttemptFailedError as last:
            in_doubt = self._give_up(shipment, last)
        except StoppingError:
            return
        finally:
            self._retrying -= 1
        self._release(lanes, shipment.row, in_doubt=in_doubt)

    # -- how rows end -------------------------------------------------------------------------

    def _settle(self, shipment: Shipment, answer: Answer) -> bool:
        """End a row by an answer; return whether its lane must be held."""
        if answer.verdict is Verdict.SUCCESS:
            return self._end(shipment, Status.SUCCESS, answer.code, answer.note, answer.http_status)
        trouble = describe(answer)
        is_fatal = self._is_fatal(shipment, answer)
        if is_fatal:
            self._stop.request(trouble, EXIT_STOPPED)
        elif answer.verdict is Verdict.FORBIDDEN:
            reason = self._breaker.forbidden(trouble)
            is_fatal = bool(reason)
            self._stop_if(reason)
        else:
            self._stop_if(self._breaker.refused(answer.code, trouble))
        said = answer.text or "no text"
        if shipment.in_doubt:
            return self._end(
                shipment,
                Status.UNKNOWN,
                answer.code,
                f"refused at attempt {shipment.attempts} ({said}), but an earlier attempt had no "
                "answer and may have been applied",
                answer.http_status,
                again=bool(shipment.row.email),
            )
        return self._end(
            shipment, Status.FAILED, answer.code, said, answer.http_status, again=is_fatal
        )

    def _is_fatal(self, shipment: Shipment, answer: Answer) -> bool:
        if answer.verdict is Verdict.FATAL:
            return True
        if not answer.code.isdigit():
            return False
        code = int(answer.code)
        if code == NO_DATA:
            return self._breaker.is_first_answer
        if code in UNKNOWN_GROUP:
            lists = dict(decode(shipment.row.body)).get("add_to_lists", "")
            return bool(lists) and self._constant_lists.issuperset(lists.split(","))
        return False

    def _give_up(self, shipment: Shipment, last: AttemptFailedError) -> bool:
        """End a row that had no trustworthy answer; return whether its lane must be held."""
        if shipment.row.email:
            tried = f"no trustworthy answer; the last: {last}"
        else:
            tried = (
                f"sent once without a trustworthy answer ({last}); not repeated, because each "
                "request for a row without e-mail makes a new contact"
            )
        return self._end(
            shipment,
            Status.UNKNOWN,
            last.code,
            tried,
            last.http_status,
            again=bool(shipment.row.email),
        )

    def _hold_back(self, row: Pending, overtaken: str) -> None:
        self._end(
            Shipment.of(row),
            Status.NOT_SENT,
            "LANE_HELD",
            f"{overtaken} of the same contact is in doubt; a resume sends both in order",
            None,
            again=True,
        )

    def _end(
        self,
        shipment: Shipment,
        status: Status,
        code: str,
        message: str,
        http_status: int | None,
        *,
        again: bool = False,
    ) -> bool:
        was_sent = status is not Status.NOT_SENT
        if shipment.attempts > 1 or shipment.waited_s >= 0.05:
            tried = f"attempt {shipment.attempts}, after {shipment.waited_s:.1f} s of waiting"
            message = f"{message}; {tried}" if message else tried
        finished_at = now() if was_sent else ""
        elapsed_ms = shipment.elapsed_ms if was_sent else None
        self._commits.add(
            Settled(
                shipment.row.seq, status, code, message, shipment.attempts, http_status, finished_at,
                elapsed_ms, again,
            )
        )  # fmt: skip
        self._watch.settled(status)
        if was_sent:
            self._stop_if(self._breaker.settled(well=status is Status.SUCCESS))
        return again and bool(shipment.row.contact)

    def _stop_if(self, reason: str) -> None:
        if reason:
            self._stop.request(reason, EXIT_STOPPED)

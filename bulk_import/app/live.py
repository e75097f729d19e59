"""Work that continues while pages come and go: judging rows, and sending them.

A page that is opened, reloaded or opened twice is given the same snapshot; closing it changes
nothing. Sending runs through the functions of the commands.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulk_import.delivery.pace import Pace
from bulk_import.errors import EXIT_STOPPED, BulkImportError, Message
from bulk_import.jobs.history import LiveCauses
from bulk_import.jobs.projects import Project
from bulk_import.models import Status, Summary
from bulk_import.progress import Progress
from bulk_import.run.judging import JudgingStoppedError
from bulk_import.run.plan import Plan
from bulk_import.run.sending import Confirm, Steer
from bulk_import.stopping import Stop

_RATE_WINDOW_S = 10.0
_MOST_SAID = 100
_CAUSES_EVERY_S = 1.0
_LEAST_FOR_ETA = 3

Work = Callable[[Confirm, Progress, Stop, Steer], Awaitable[Summary]]


@dataclass(slots=True)
class Judging:
    """Rows being read and judged in a thread.

    Attributes:
        rows: Done so far.
        error: Why they could not be; empty while all is well.
    """

    rows: int = 0
    error: str = ""
    is_stopping: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        return self.task is None or self.task.done()

    @classmethod
    def start(cls, project: Project, names: Any) -> Judging:
        """Begin; the project has its review when it is done."""
        judging = cls()

        def count(rows: int) -> None:
            judging.rows += rows

        async def work() -> None:
            try:
                await asyncio.to_thread(
                    project.judge, names, on_rows=count, is_stopping=lambda: judging.is_stopping
                )
            except JudgingStoppedError:
                judging.error = Message("stopped before the end")
            except BulkImportError as exc:
                judging.error = str(exc)
            except OSError as exc:
                judging.error = exc.strerror or str(exc)

        judging.task = asyncio.create_task(work())
        return judging


@dataclass(slots=True)
class Sending:
    """One run, as the page shows it. It is the run's ``Progress``, its confirmation and its controls.

    Attributes:
        expected: The number that the person typed: another plan than that is not sent. ``None`` =
            the person is asked when the plan is known, as when a run is continued.
    """

    run_dir: Path
    expected: int | None
    phase: str = "judging"
    version: int = 0
    total: int = 0
    judged: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_SAID))
    causes: list[tuple[str, int]] = field(default_factory=list)
    pause_until: float = 0.0
    pause_why: str = ""
    canary: int = 0
    to_send: int = 0
    error: str = ""
    summary: Summary | None = None
    stop: Stop = field(default_factory=Stop)
    pace: Pace | None = None
    task: asyncio.Task[None] | None = None
    _answer: asyncio.Future[bool] | None = None
    _began: float = field(default_factory=time.monotonic)
    _moments: deque[float] = field(default_factory=lambda: deque(maxlen=20_000))

    @classmethod
    def start(cls, run_dir: Path, expected: int | None, work: Work) -> Sending:
        """Begin a run; *work* is one of the functions that the commands call."""
        sending = cls(run_dir, expected)
        sending.task = asyncio.create_task(sending._run(work))
        return sending

    @property
    def is_over(self) -> bool:
        return self.task is not None and self.task.done()

    # -- from the run (Progress) ------------------------------------------------------------------

    def reading(self, rows: int) -> None:
        self.judged += rows
        self._changed()

    def sending(self, total: int) -> None:
        self.total = total + sum(self.counts.values())
        self.phase = "sending"
        self._changed()

    def expecting(self, total: int) -> None:
        self.total = total + sum(self.counts.values())
        self._changed()

    def settled(self, status: Status) -> None:
        self.counts[status.value] += 1
        self._moments.append(time.monotonic())
        self._changed()

    def paused(self, seconds: float, why: str) -> None:
        self.pause_until, self.pause_why = time.monotonic() + seconds, why
        self._changed()

    def say(self, message: str) -> None:
        self.said.append(message)
        self._changed()

    # -- from the person ---------------------------------------------------------------------------

    def hold(self) -> None:
        """Start no more requests."""
        if self.pace is not None:
            self.pace.hold()
        self._changed()

    def go_on(self) -> None:
        """Let requests start again."""
        if self.pace is not None:
            self.pace.release()
        self._changed()

    def ask_rate(self, rate: float) -> None:
        """Change the pace."""
        if self.pace is not None and rate >= 0:
            self.pace.ask(rate)
        self._changed()

    def end(self) -> None:
        """Stop the run: what is in flight is finished; it can be continued later."""
        self.stop.request("stopped on the page", EXIT_STOPPED)
        if self.pace is not None:
            self.pace.release()
        self._changed()

    def answer(self, goes_on: bool) -> None:  # noqa: FBT001 - yes or no
        """Say whether the rest may go after the canary."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(goes_on)
        self._changed()

    # -- internals ---------------------------------------------------------------------------------

    async def _run(self, work: Work) -> None:
        watching = asyncio.create_task(self._watch_causes())
        try:
            self.summary = await work(self._confirm, self, self.stop, self._steer)
        except BulkImportError as exc:
            self.error = str(exc)
        except Exception as exc:  # noqa: BLE001 - a bug: the page says so, the journal is good
            self.error = Message(
                "a bug in this program: {name}: {exc}", name=type(exc).__name__, exc=exc
            )
        finally:
            watching.cancel()
            self.phase = "over"
            self._changed()

    def _steer(self, pace: Pace) -> None:
        self.pace = pace

    async def _confirm(self, plan: Plan) -> bool:
        self.to_send = plan.to_send - plan.accepted
        if not plan.accepted and self.expected is not None:
            if plan.to_send != self.expected:
                self.say(
                    Message(
                        "{to_send:,} rows would be sent now, {expected:,} were confirmed; "
                        "look at the plan again",
                        to_send=plan.to_send,
                        expected=self.expected,
                    )
                )
            return plan.to_send == self.expected
        self._answer = asyncio.get_running_loop().create_future()
        self.canary, self.phase = plan.accepted, "canary" if plan.accepted else "confirm"
        self._changed()
        try:
            return await self._answer
        finally:
            self.phase = "sending"
            self._changed()

    async def _watch_causes(self) -> None:
        causes = LiveCauses(self.run_dir)
        try:
            while True:
                await asyncio.sleep(_CAUSES_EVERY_S)
                with suppress(BulkImportError):
                    found = await asyncio.to_thread(causes.read)
                    if found != self.causes:
                        self.causes = found
                        self._changed()
        finally:
            causes.close()

    def _changed(self) -> None:
        self.version += 1

    # -- for pages ---------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the run as plain values."""
        now = time.monotonic()
        done = sum(self.counts.values())
        recent = [at for at in self._moments if at > now - _RATE_WINDOW_S]
        span = min(_RATE_WINDOW_S, max(now - self._began, 0.5))
        rate = len(recent) / span if recent else 0.0
        left = max(0, self.total - done)
        pause = max(0.0, self.pause_until - now)
        return {
            "phase": self.phase,
            "total": self.total,
            "judged": self.judged,
            "done": done,
            "counts": dict(self.counts),
            "rate": round(rate, 2),
            "eta_s": round(left / rate) if rate and done >= _LEAST_FOR_ETA else None,
            "elapsed_s": round(now - self._began),
            "held": bool(self.pace is not None and self.pace.is_held),
            "asked": self.pace.asked if self.pace is not None else None,
            "in_force": round(self.pace.rate, 2) if self.pace is not None else None,
            "pause_s": round(pause, 1),
            "pause_why": self.pause_why if pause else "",
            "canary": self.canary,
            "to_send": self.to_send,
            "stopping": self.stop.is_set,
            "said": list(self.said)[-20:],
            "causes": self.causes,
            "error": self.error,
            "stopped": self.summary.stopped if self.summary else "",
        }

"""Delivery without network and disk: a server by script, a journal that only notes, time that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError
from bulk_import.api.unsent import NotSentError
from bulk_import.delivery.attempts import Attempts, Shipment
from bulk_import.delivery.pool import Pool
from bulk_import.delivery.retry import AttemptFailedError
from bulk_import.errors import StorageError
from bulk_import.journal.entries import Entry, Intent, Pending, Settled
from bulk_import.models import Status
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError

TOOK_S = 0.25  # each request

OK = Answer(Verdict.SUCCESS, 200, "0", "OK")
SLOWER = Answer(Verdict.THROTTLED, 429, text="slower")
QUOTA = Answer(Verdict.THROTTLED, 200, "8", "limit", is_quota=True)
UNREADABLE = Answer(Verdict.UNREADABLE, 502, "HTTP_502", "HTTP 502, empty")
BUSY = Answer(Verdict.UNREADABLE, 503, "HTTP_503", "HTTP 503, empty")
FORBIDDEN = Answer(Verdict.FORBIDDEN, 403, "HTTP_403", "HTTP 403: no")
LOST = AnswerLostError("the connection broke (gone)", code="CONNECTION_LOST")
LATE = AnswerLostError("no answer within 30 s", code="TIMEOUT")
AWAY = NotSentError("shop:443: no connection", code="UNREACHABLE")

Outcome = Answer | Exception


def refused(code: str = "101", text: str = "no such thing") -> Answer:
    return Answer(Verdict.REFUSED, 200, code, text)


def row(seq: int = 1, email: str = "a@b.org", **more: Any) -> Pending:
    return Pending(seq, email, more.pop("contact", email), f"row {seq}", b"x=%d" % seq, **more)


class Script:
    """A client whose answers are given: those of a body, else the next ones, else the last one."""

    def __init__(
        self, outcomes: Sequence[Outcome] = (), by_row: dict[int, Any] | None = None
    ) -> None:
        self.outcomes = list(outcomes) or [OK]
        self.by_row = by_row or {}
        self.sent: list[tuple[float, bytes, bool]] = []
        self.in_flight = self.most_in_flight = 0
        self.took_s = TOOK_S

    @property
    def rows(self) -> list[int]:
        """The rows in the order in which they were sent."""
        return [int(body.removeprefix(b"x=").partition(b"&")[0]) for _, body, _ in self.sent]

    async def send(self, body: bytes, *, repeatable: bool) -> Answer:
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), body, repeatable))
        outcomes = self.by_row.get(self.rows[-1], self.outcomes)
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.took_s)
        self.in_flight -= 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Notes:
    """A journal that notes what it is given.

    Attributes:
        is_locked: Another process writes: nothing can be claimed.
        trouble: Why nothing can be written.
    """

    def __init__(self) -> None:
        self.claimed: list[Intent] = []
        self.intended: list[tuple[Intent, bool]] = []
        self.entries: list[Entry] = []
        self.is_locked = False
        self.trouble: StorageError | None = None
        self.flushed = 0
        self.on_failure: Any = None

    def claim(self, intents: Sequence[Intent]) -> bool:
        if not self.is_locked:
            self.claimed += intents
        return not self.is_locked

    async def intents(self, intents: Sequence[Intent], *, synced: bool = True) -> None:
        if self.trouble:
            raise self.trouble
        self.intended += [(intent, synced) for intent in intents]

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def flush(self) -> None:
        self.flushed += 1

    @property
    def ends(self) -> list[Settled]:
        """How rows ended, without the moment."""
        return [
            entry._replace(finished_at="") for entry in self.entries if isinstance(entry, Settled)
        ]


class Ear:
    """A watch that notes what a person gets to read."""

    def __init__(self) -> None:
        self.pauses: list[tuple[float, str]] = []
        self.ends: list[Status] = []

    def paused(self, seconds: float, why: str) -> None:
        self.pauses.append((round(seconds, 4), why))

    def settled(self, status: Status) -> None:
        self.ends.append(status)


class Delivery:
    """All of it, for one event loop."""

    def __init__(
        self,
        *outcomes: Outcome,
        by_row: dict[int, Any] | None = None,
        chance: float = 0.0,
        used_today: int = 0,
        lists: Iterable[str] = (),
        **options: Any,
    ) -> None:
        self.settings = Settings(**{"rate": 0, "concurrency": 1} | options)
        self.client, self.notes, self.ear = Script(outcomes, by_row), Notes(), Ear()
        self.stop = Stop()
        self.clock = asyncio.get_running_loop().time
        self._given = (self.settings, self.client, self.notes, self.stop)
        self._used_today, self._chance, self._lists = used_today, chance, tuple(lists)

    def attempts(self) -> Attempts:
        return Attempts(
            *self._given, self.ear, clock=self.clock, used_today=self._used_today,
            chance=lambda: self._chance,
        )  # fmt: skip

    def pool(self) -> Pool:
        return Pool(
            *self._given, watch=self.ear, constant_lists=self._lists, used_today=self._used_today
        )

    async def run(self, *rows: Pending) -> list[Settled]:
        """Send *rows* by a pool; return how they ended."""
        await self.pool().run(iter(rows))
        return self.notes.ends


async def made(
    attempts: Attempts, shipment: Shipment
) -> Answer | AttemptFailedError | StoppingError:
    """Make an attempt; return what it came to."""
    try:
        return await attempts.make(shipment)
    except (AttemptFailedError, StoppingError) as exc:
        return exc

"""What goes into a journal and comes out of it: judged rows, attempts, settlements.

JudgedRow (once, while reading) -> Pending (still to be sent) -> Intent -> Unsettled … -> Settled

What is made for every request is a named tuple: it costs a third of a frozen dataclass, and is the
line that is inserted into the database unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bulk_import.models import Problem, Row, Status


class AttemptResult(StrEnum):
    """How an attempt ended that did not settle its row."""

    WITHDRAWN = "withdrawn"  # the connection never became ready: nothing was sent
    REPELLED = "repelled"  # sent and certainly not processed (throttled)
    DOUBTFUL = "doubtful"  # sent, and no trustworthy answer


class JudgedRow(NamedTuple):
    """One row, read and judged, as it enters the journal.

    Attributes:
        body: The form without the key; ``None`` for a row that cannot be sent.
        refusal: The outcome of a row that is not to be sent; ``None`` for one that is.
    """

    source: int
    row: Row
    email: str
    contact: str
    warnings: tuple[Problem, ...]
    body: bytes | None
    refusal: Refusal | None = None


class JudgedChunk(NamedTuple):
    """Rows of one source that follow each other, as they enter the journal together.

    Whoever judged them has made most of what is stored, so that storing them is little work.

    Attributes:
        emails: Of each row.
        contacts: Likewise; empty where it is the e-mail.
        warnings: By position, of the rows that have any.
        refusals: By position, of the rows that are not to be sent.
        formless: Positions of the rows that cannot be sent.
        block: Cells, forms, and what was refused or doubtful, as ``blocks`` makes it.
    """

    emails: list[str]
    contacts: list[str]
    warnings: dict[int, tuple[Problem, ...]]
    refusals: dict[int, Refusal]
    formless: frozenset[int]
    block: bytes


class Refusal(NamedTuple):
    """Why a row is not sent: ``invalid``, ``duplicate``, ``suppressed``, ``skipped`` or ``unchanged``.

    Attributes:
        reasons: At least one; the code of the first is the row's code in reports.
        again: Whether a resume may send the row after all.
    """

    status: Status
    reasons: tuple[Problem, ...]
    again: bool = True

    @classmethod
    def because(cls, status: Status, code: str, message: str) -> Refusal:
        """Return the refusal of a row as a whole."""
        return cls(status, (Problem(code, message),))

    @property
    def error_code(self) -> str:
        return self.reasons[0].code


class SharedRow(NamedTuple):
    """One of several rows of a contact.

    Attributes:
        body: ``None`` for a row that only the account's lists refuse.
        unknown: What they lack; empty for a row that can be sent.
    """

    seq: int
    row: Row
    body: bytes | None
    warnings: tuple[Problem, ...]
    unknown: tuple[Problem, ...] = ()


class Pending(NamedTuple):
    """A row that is still to be sent.

    Attributes:
        attempts: Requests made for it so far, by earlier runs.
        next_number: Number of the next attempt (withdrawn ones count here).
        in_doubt: An earlier attempt had no trustworthy answer: the server may hold it.
    """

    seq: int
    email: str
    contact: str
    place: str
    body: bytes
    attempts: int = 0
    next_number: int = 1
    in_doubt: bool = False


class Intent(NamedTuple):
    """An attempt that is about to be made. Must be durable before the request leaves."""

    seq: int
    number: int
    started_at: str


class Unsettled(NamedTuple):
    """An attempt that ended without settling its row."""

    seq: int
    number: int
    result: AttemptResult
    message: str
    http_status: int | None
    elapsed_ms: int


class Settled(NamedTuple):
    """How a row ended.

    Attributes:
        again: Whether a resume sends it again.
    """

    seq: int
    status: Status
    error_code: str
    message: str
    attempts: int
    http_status: int | None
    finished_at: str
    elapsed_ms: int | None
    again: bool


Entry = Intent | Unsettled | Settled


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as remembered, for ``explain``."""

    number: int
    started_at: str
    result: str
    message: str
    http_status: int | None
    elapsed_ms: int | None

"""Small journals for tests, and what sending writes into them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bulk_import.journal import Journal
from bulk_import.journal.entries import (
    AttemptResult,
    Intent,
    JudgedRow,
    Refusal,
    Settled,
    Unsettled,
)
from bulk_import.models import Problem, Row, SourceInfo, Status

AT = "2026-03-10T11:05:00.250Z"
BAD = Problem("X", "no", "A")
DOUBT = Problem("W", "careful", "A")
REFUSED = Refusal(Status.INVALID, (BAD,))


def info(name: str = "c.csv", **others: Any) -> SourceInfo:
    """A source with two columns."""
    return SourceInfo(name, "csv", header=("A", "B"), labels=("A", "B"), **others)


def judged(seq: int, email: str | None = None, **others: Any) -> JudgedRow:
    """A row that can be sent, on the line after its seq; bare if the e-mail is empty."""
    email = f"p{seq}@b.org" if email is None else email
    row = others.pop("row", None) or Row("c.csv", "", seq + 1, {"A": f"{seq}", "B": "x"})
    made = JudgedRow(1, row, email, email or f"+{seq}", (), b"a=%d" % seq)
    return made._replace(**others)


def refused(seq: int, refusal: Refusal = REFUSED, **others: Any) -> JudgedRow:
    """A row that cannot be sent."""
    return judged(seq, **{"body": None, "refusal": refusal} | others)


def journal_of(path: Path, rows: Sequence[JudgedRow], **options: Any) -> Journal:
    """A journal with one source and some rows."""
    journal = Journal.create(path / "journal.sqlite3", **options)
    journal.add_source(1, info())
    journal.add(1, rows)
    return journal


def intent(seq: int, number: int = 1, at: str = AT) -> Intent:
    return Intent(seq, number, at)


def unsettled(seq: int, result: AttemptResult, number: int = 1) -> Unsettled:
    return Unsettled(seq, number, result, "why", 429, 9)


def accepted(seq: int, **others: Any) -> Settled:
    """The row was accepted at once, after 150 ms."""
    made = Settled(seq, Status.SUCCESS, "0", "", 1, 200, AT, 150, again=False)
    return made._replace(**others)


def failed(seq: int, **others: Any) -> Settled:
    """The API has refused the row."""
    return accepted(seq, **{"status": Status.FAILED, "error_code": "101", "message": "no"} | others)

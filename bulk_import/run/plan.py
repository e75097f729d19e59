"""What a run is about to do: its open sources, and what the person who confirms it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Row, SourceInfo, Status
from bulk_import.run.changes import SetCounter


@dataclass(slots=True)
class Input:
    """One source, open.

    Attributes:
        problems: What opening it found.
        findings: What only all of its rows show; asked behind the last one.
    """

    info: SourceInfo
    rows: Iterable[Row]
    mapper: RowMapper
    problems: Sequence[Problem] = ()
    findings: Callable[[], Sequence[Problem]] = tuple


@dataclass(slots=True)
class Plan:
    """What a run is about to do, for somebody who decides whether it may.

    Attributes:
        rows_read: Rows that came out of the sources.
        to_send: Rows that would be sent.
        counts: Rows that would not, by status.
        sets: Tags and lists of the rows that would be sent.
        problems: What the sources as a whole have, ``findings`` included.
        findings: What only all rows of a source show.
        examples: Some of the refused rows: (place, why).
        codes, warnings: Code -> rows refused with it, warnings with it.
        titles: List id -> title, for showing.
        accepted: Rows of the canary that were accepted; 0 before it flew.
    """

    endpoint: str
    rows_read: int = 0
    to_send: int = 0
    counts: dict[Status, int] = field(default_factory=dict)
    sets: SetCounter = field(default_factory=SetCounter)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    findings: list[tuple[str, Problem]] = field(default_factory=list)
    examples: list[tuple[str, tuple[Problem, ...]]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)
    accepted: int = 0

    @property
    def changes(self) -> dict[str, Counter[str]]:
        """For tags and lists, parameter -> name -> number of contacts."""
        return self.sets.names()

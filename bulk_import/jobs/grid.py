"""What the grid of judged rows shows: filters, lines, counts, one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bulk_import.mapping.rows import Step
from bulk_import.models import Problem

READY = "ready"  # what a row is that would be sent


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows to look at; empty fields do not matter.

    Attributes:
        status: ``ready`` or a status.
        code: Of a problem.
        column: With any problem in it, or, with *text*, in which to search.
        problems: Only rows with errors.
        text: Anywhere in the cells.
    """

    status: str = ""
    code: str = ""
    column: str = ""
    problems: bool = False
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the grid.

    Attributes:
        marks: Column -> ``error`` or ``warning``.
        changed: Columns that are corrected.
        why: The first problem in words; empty for none.
    """

    seq: int
    row: int
    sheet: str
    status: str
    cells: tuple[str, ...]
    marks: Mapping[str, str]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Rows that share a problem."""

    code: str
    rows: int
    is_error: bool
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How the rows stand."""

    rows: int
    statuses: Mapping[str, int]
    causes: tuple[Cause, ...]
    columns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell explained.

    Attributes:
        steps: What became of it, for each field that it feeds.
        problems: Its own, and those of the row as a whole.
        followed: Codes of those for which the mapping already has the option that the catalogue
            recommends.
    """

    line: Line
    column: str
    text: str
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    form: tuple[tuple[str, str], ...]
    followed: frozenset[str] = frozenset()

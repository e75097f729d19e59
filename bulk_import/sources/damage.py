"""Finds cells that earlier programs damaged, before they are sent.

There are two kinds of evidence. A cell can show the damage by itself (``spoiled``), or differ from the
rest of its column: a phone that is one digit shorter, a postal code without its leading zero. The first
is reported with its row while rows are read in chunks; the second is known after the last row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bulk_import.errors import Message
from bulk_import.models import Problem, Row, Severity
from bulk_import.sources.remnants import DOUBTFUL, is_doubtful_in
from bulk_import.sources.rows import Rows
from bulk_import.sources.spoiled import spoiled
from bulk_import.sources.suspicion import suspicious
from bulk_import.sources.tally import Places

_FEWEST_PEERS = 20
_PEERS_SHARE = 0.9
_ROWS_NAMED = 8
_CHUNK = 500  # rows that are looked at together
_FEWEST_REPEATS = 4  # of each text in a chunk: then its cells are worth remembering
_MOST_REMEMBERED = 5000

# Finds them in cells that stand between line ends, and perhaps a few texts besides.
_PERHAPS = re.compile(rf"\n\s*(?:{'|'.join(sorted(DOUBTFUL))})\s*\n")
_MOST_NAMESAKES = 3  # rows with a surname such as None, before it counts as a missing value

_PEERED = {
    "phone": (
        "PHONE_DIGIT_SHORT",
        "{n:,} numbers have {short} digits, {usual:,} others have {long}: a digit is probably "
        "missing (rows {rows})",
    ),
    "postal_code": (
        "POSTAL_ZERO_LOST",
        "{n:,} codes have {short} digits, {usual:,} others have {long}: a zero in front was "
        "probably lost when the column was read as numbers (rows {rows})",
    ),
}


@dataclass(slots=True)
class _Lengths:
    """How many digits the cells of a column have, and the first rows with each length."""

    counts: Counter[int] = field(default_factory=Counter)
    places: dict[int, list[int]] = field(default_factory=dict)

    def add(self, texts: Sequence[str], rows: Sequence[int]) -> None:
        """Count the cells of a chunk of rows, which have these numbers."""
        found = Counter(len(text) for text in texts if text.isdigit())
        self.counts.update(found)
        for length in found:
            places = self.places.setdefault(length, [])
            if len(places) < _ROWS_NAMED:
                numbers = (
                    row
                    for row, text in zip(rows, texts, strict=True)
                    if len(text) == length and text.isdigit()
                )
                places.extend(islice(numbers, _ROWS_NAMED - len(places)))


class _Column:
    """A column that is watched."""

    def __init__(self, name: str, role: str) -> None:
        self.name = name
        self.role = role
        self.lengths = _Lengths() if role in _PEERED else None
        self._sound: set[str] = set()  # cells that repeat and are not spoiled

    def spoiled_among(self, texts: Sequence[str]) -> dict[str, Problem]:
        """Return those of *texts* that are spoiled, with what is wrong with them."""
        new = set(texts) - self._sound
        new.discard("")
        if not new:
            return {}
        found = {
            text: replace(problem, column=self.name)
            for text in suspicious([*new], self.role)
            if (problem := spoiled(text, self.role)) is not None
        }
        if len(new) * _FEWEST_REPEATS < len(texts) and len(self._sound) < _MOST_REMEMBERED:
            self._sound |= new - found.keys()
        return found


class DamageDetector:
    """Watches the mapped columns of one source.

    Args:
        roles: Column -> what it holds (``phone``, ``name``, …); ``""`` for columns nobody uses.
    """

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = {column: role for column, role in roles.items() if role}
        self._doubtful: dict[tuple[str, str], Places] = {}
        self._columns = [_Column(column, role) for column, role in self._roles.items()]
        self._doubted = [column for column, role in self._roles.items() if is_doubtful_in(role)]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose cells ``count`` and ``depending`` ask for."""
        peered = [column.name for column in self._columns if column.lengths is not None]
        return tuple(dict.fromkeys([*peered, *self._doubted]))

    def watched(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield *rows*, each with the damage of its cells among its problems.

        They are looked at in chunks. If reading fails, the rows before the failure come first.
        """
        supply = iter(rows)
        while True:
            chunk: list[Row] = []
            try:
                chunk.extend(islice(supply, _CHUNK))
            except Exception:
                yield from self._watched(chunk)
                raise
            if not chunk:
                return
            yield from self._watched(chunk)

    def _watched(self, chunk: Sequence[Row]) -> Rows:
        rows = Rows.of(chunk)
        peered = [column.name for column in self._columns if column.lengths is not None]
        self.count(rows.numbers, {name: rows.column(name) for name in peered})
        return self.looked_at(rows)

    def count(self, numbers: Sequence[int], cells: Mapping[str, Sequence[str]]) -> None:
        """Count what ``findings`` compares within a column; call it once for every row.

        Args:
            numbers: Of the rows.
            cells: Column -> its cells in these rows; at least those of ``columns``.
        """
        for column in self._columns:
            if column.lengths is not None:
                column.lengths.add(cells[column.name], numbers)

    def depending(self, cells: Mapping[str, Sequence[str]]) -> set[int]:
        """Return the positions of rows whose damage depends on other rows: doubtful placeholders.

        Args:
            cells: As for ``count``.
        """
        texts = ["\n".join(cells[column]) for column in self._doubted]
        if not _PERHAPS.search("\n".join(["", *texts, ""])):
            return set()
        return {
            at
            for column in self._doubted
            for at, text in enumerate(cells[column])
            if text.strip() in DOUBTFUL
        }

    def looked_at(self, rows: Sequence[Row]) -> Rows:
        """Return rows with the damage of their cells among their problems: see ``damage``."""
        given = Rows.of(rows)
        return given.with_problems(self.damage(given))

    def damage(self, rows: Rows) -> dict[int, tuple[Problem, ...]]:
        """Return the damage of the cells of rows by their positions.

        Rows that ``depending`` returns must be looked at in the order of the file, each once; the
        damage of any other row is a function of its cells.
        """
        damaged: dict[int, list[Problem]] = {}
        for column in self._columns:
            texts = rows.column(column.name)
            spoiled_texts = column.spoiled_among(texts)
            if spoiled_texts:
                for at, text in enumerate(texts):
                    if text in spoiled_texts:
                        damaged.setdefault(at, []).append(spoiled_texts[text])
        return {
            at: (*self._weighed(damaged[at], rows[at].number, rows[at].cells.get("_reason", "")),)
            for at in sorted(damaged)
        }

    def _weighed(self, found: list[Problem], row: int, refused_for: str) -> list[Problem]:
        """Take doubtful placeholders (``None``, ``Null``) for missing values where others agree.

        Others are another placeholder in the row, enough of the column that it is nobody's name, or
        that it was refused for that before (a row of rejects).
        """
        placeholders = [problem for problem in found if problem.code == "VALUE_PLACEHOLDER"]
        if not placeholders:
            return found
        weighed = []
        for problem in found:
            if problem.code == "VALUE_PLACEHOLDER" and not problem.is_error:
                places = self._doubtful.setdefault((problem.column, problem.value), Places())
                places.add(row)
                if len(placeholders) > 1 or places.count > _MOST_NAMESAKES:
                    message = Message(
                        "{value!r} stands for a missing value; clear the cell, or give its "
                        "meaning by values: in the mapping",
                        value=problem.value,
                    )
                    problem = replace(problem, message=message, severity=Severity.ERROR)
            weighed.append(problem)
        return weighed

    def findings(self) -> list[Problem]:
        """Return what only the whole column shows. Call it when the rows are read."""
        problems = []
        for column in self._columns:
            lengths = column.lengths
            if lengths is None or not lengths.counts:
                continue
            numbers = lengths.counts
            usual, often = numbers.most_common(1)[0]
            short = numbers.get(usual - 1, 0)
            if not short or often < _FEWEST_PEERS or often < _PEERS_SHARE * numbers.total():
                continue
            code, message = _PEERED[column.role]
            rows = ", ".join(map(str, lengths.places[usual - 1]))
            if short > _ROWS_NAMED:
                rows += ", …"
            text = Message(message, n=short, short=usual - 1, usual=often, long=usual, rows=rows)
            problems.append(Problem(code, text, column=column.name, severity=Severity.WARNING))
        return problems + list(self._namesakes())

    def _namesakes(self) -> Iterator[Problem]:
        """Columns in which a doubtful placeholder passed before it was seen to be one."""
        for (column, value), places in self._doubtful.items():
            if places.count > _MOST_NAMESAKES:
                yield Problem(
                    "VALUE_PLACEHOLDER",
                    Message(
                        "{value!r} stands in {count:,} rows ({places}): a missing value; the "
                        "first of them may have passed as names",
                        value=value,
                        count=places.count,
                        places=places,
                    ),
                    column=column,
                    severity=Severity.WARNING,
                )

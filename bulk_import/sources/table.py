"""Lines of cells -> header and rows: where the table begins, what its columns are called.

Every reader yields ``Line``s; what is the same for all formats is decided here, once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Row, Severity

MOST_COLUMNS = 16_384  # what Excel can hold
MOST_ROWS = 2_000_000
LONGEST_CELL = 32_767  # characters; what Excel can hold
# A CSV file with these columns is one of our rejects: what was neutralized in it is restored.
_REJECTS = frozenset({"_status", "_reason"})
_NEUTRALIZED = re.compile("'+[=+\\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
# First cells of the line below the table; the others hold sums, or nothing.
_TOTAL_WORDS = frozenset(
    {"total", "totals", "grand total", "subtotal", "sum", "итого", "всего", "итог", "summe", "gesamt",
     "gesamtsumme", "total general", "total général", "totaal", "totale", "totais", "suma", "razem",
     "celkem", "合计", "總計", "合計"}
)  # fmt: skip
_LONGEST_TOTAL = 24  # characters, blanks and colons around the word included
_TOTALS = Problem(
    "ROW_TOTALS", "this line looks like the totals below the table, not like a contact"
)
_SUM = re.compile(r"[\d.,\s\u00a0%-]*")
_LOOKED_AT = 40  # lines in which the header must be found


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        number: As the spreadsheet program shows it.
        cells: Text, as wide as the line is.
        problems: By position of the cell.
    """

    number: int
    cells: Sequence[str]
    problems: tuple[tuple[int, Problem], ...] = ()

    @property
    def is_blank(self) -> bool:
        if self.problems:
            return False
        for cell in self.cells:  # noqa: SIM110 - asked of every line, and mostly of its first cell
            if cell and not cell.isspace():
                return False
        return True


@dataclass(slots=True)
class Table:
    """A table found in a file.

    Attributes:
        header: Unique names, as the mapping addresses the columns.
        labels: The same as written in the file.
        rows_beyond: Whether lines of another width are the format's nature (a worksheet) or a
            mistake (a CSV file).
    """

    header: tuple[str, ...]
    labels: tuple[str, ...]
    header_row: int
    lines: Iterator[Line]
    is_ragged_by_nature: bool
    problems: list[Problem] = field(default_factory=list)

    def rows(self, source: str, sheet: str) -> Iterator[Row]:
        """Yield the rows below the header. Blank lines are no rows."""
        width = len(self.header)
        header = self.header
        were_rejected = not self.is_ragged_by_nature and set(self.labels) >= _REJECTS
        count = 0
        for line in self.lines:
            if line.is_blank:
                continue
            count += 1
            if count > MOST_ROWS:
                raise SourceError(
                    f"{source}: more than {MOST_ROWS:,} rows; split the file",
                    code="SOURCE_TOO_LARGE",
                )
            cells = [_restored(cell) for cell in line.cells] if were_rejected else line.cells
            problems: tuple[Problem, ...] = ()
            if len(cells) != width:
                cells, problems = self._fit(cells, width)
            if _is_totals(cells):
                problems += (_TOTALS,)
            if line.problems:
                problems += tuple(
                    _named(problem, header[at]) for at, problem in line.problems if at < width
                )
            yield Row(source, sheet, line.number, dict(zip(header, cells, strict=True)), problems)

    def _fit(self, given: Sequence[str], width: int) -> tuple[Sequence[str], tuple[Problem, ...]]:
        """Bring a line to the table's width; say so where cells may have shifted."""
        cells, beyond = list(given[:width]), given[width:]
        found = len(given)
        cells += [""] * (width - len(cells))
        if self.is_ragged_by_nature and not any(cell.strip() for cell in beyond):
            return cells, ()
        if not self.is_ragged_by_nature and not any(cell.strip() for cell in beyond) and beyond:
            return cells, ()
        what = "more" if beyond else "fewer"
        return cells, (
            Problem(
                "ROW_RAGGED",
                f"the row has {found} cells, {what} than the {width} columns of the header; cells "
                "may stand in the wrong column (a delimiter or a quotation mark too many or few)",
            ),
        )


def find_table(
    lines: Iterable[Line], source: str, *, header_row: int | None, is_ragged_by_nature: bool
) -> Table:
    """Find the header in *lines*.

    Args:
        header_row: The line's number as the spreadsheet program shows it, if it is known.

    Raises:
        SourceError: No table, no header, impossible header.
    """
    supply = iter(lines)
    looked: list[Line] = []
    for line in supply:
        looked.append(line)
        enough = line.number >= header_row if header_row else len(looked) >= _LOOKED_AT
        if enough:
            break
    at = _given(looked, header_row, source) if header_row else _likely(looked, source)
    head = looked[at]
    labels = [cell.strip() for cell in head.cells]
    rest = chain(looked[at + 1 :], supply)
    below = [line for line in looked[at + 1 :] if not line.is_blank]
    filled = max((_width(line.cells) for line in below), default=0) if is_ragged_by_nature else 0
    width = max(_width(labels), min(filled, len(labels)))
    labels = labels[:width]
    if width > MOST_COLUMNS:
        raise SourceError(
            f"{source}: {width:,} columns; at most {MOST_COLUMNS:,} make sense",
            code="SOURCE_TOO_WIDE",
        )
    header, problems = _names(labels)
    if sum("@" in label and "." in label for label in labels):
        raise SourceError(
            f"{source}: row {head.number} should be the header, but it holds an e-mail address; "
            "add a row with the columns' names, or name its row by header_row",
            code="SOURCE_NO_HEADER",
        )
    return Table(header, tuple(labels), head.number, rest, is_ragged_by_nature, problems)


def column_letter(position: int) -> str:
    """Return the letters of the column at *position*, from 0: A, B, …, AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _given(looked: list[Line], header_row: int, source: str) -> int:
    for at, line in enumerate(looked):
        if line.number == header_row and not line.is_blank:
            return at
    raise SourceError(f"{source}: row {header_row} (header_row) is empty", code="SOURCE_NO_HEADER")


def _likely(looked: list[Line], source: str) -> int:
    """The first line that is about as wide as the table and made of distinct words."""
    filled = [(at, line) for at, line in enumerate(looked) if not line.is_blank]
    if not filled:
        raise SourceError(f"{source}: no rows in it", code="SOURCE_EMPTY")
    usual = Counter(_count(line.cells) for _, line in filled).most_common(1)[0][0]
    widest = max(usual, 1)
    for at, line in filled:
        names = [cell.strip() for cell in line.cells if cell.strip()]
        if len(names) >= max(1, widest * 0.5) and len(set(names)) > len(names) * 0.6:
            return at
    return filled[0][0]


def _names(labels: list[str]) -> tuple[tuple[str, ...], list[Problem]]:
    """Unique names for *labels*: ``E-mail (2)`` for a second one, ``Column C`` for an empty one."""
    problems: list[Problem] = []
    folded = [" ".join(label.split()) for label in labels]
    often = Counter(folded)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for at, label in enumerate(folded):
        name = label or f"Column {column_letter(at)}"
        if label and often[label] > 1:
            seen[label] += 1
            name = f"{label} ({seen[label]})"
        while name in names:
            name += "'"
        names.append(name)
    for label, times in often.items():
        if times > 1 and label:
            problems.append(
                _note(
                    "HEADER_DUPLICATE",
                    f"{times} columns are called {label!r}; they are addressed as "
                    f"{label!r} (1) to ({times})",
                    label,
                )
            )
    empty = [name for name, label in zip(names, folded, strict=True) if not label]
    if empty:
        problems.append(
            _note("HEADER_EMPTY", f"columns without a name are addressed as {', '.join(empty[:5])}")
        )
    return tuple(names), problems


def _note(code: str, message: str, column: str = "") -> Problem:
    return Problem(code, message, column=column, severity=Severity.WARNING)


def _named(problem: Problem, column: str) -> Problem:
    return Problem(
        problem.code, problem.message, column, problem.field, problem.value, problem.severity
    )


def _is_totals(cells: Sequence[str]) -> bool:
    first = cells[0] or next((cell for cell in cells if cell), "")
    if len(first) > _LONGEST_TOTAL or "@" in first:
        return False
    if first.rstrip(": ").strip().casefold() not in _TOTAL_WORDS:
        return False
    return sum(1 for cell in cells if cell and not _SUM.fullmatch(cell)) == 1


def _restored(cell: str) -> str:
    return cell[1:] if _NEUTRALIZED.match(cell) else cell


def _width(cells: Sequence[str]) -> int:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _count(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())

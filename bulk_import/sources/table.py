"""Lines of cells -> header and rows: where the table begins, what its columns are called.

Every reader yields ``Line`` objects; this module is shared by all formats.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal, NamedTuple

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem, Severity
from bulk_import.normalize.consent import remark_of_refusal
from bulk_import.sources.guards import unguarded
from bulk_import.sources.header import LOOKED_AT, Choice, bare_list, choose_header, kind_of_cell
from bulk_import.sources.rows import Entry, RowStream
from bulk_import.sources.tally import Tally
from bulk_import.sources.totals import TOTALS, is_totals

MOST_COLUMNS = 16_384  # what Excel can hold
MOST_ROWS = 2_000_000
LONGEST_CELL = 32_767  # characters; what Excel can hold
# A file with these columns is one of our rejects: its cells were read before, guards and all, and
# what was neutralized in them is restored.
_REJECTS = frozenset({"_status", "_reason"})
_SHOWN = 60  # characters of a cell in a message
_ADDED = _REJECTS | {"_row", "_sheet"}
_NEUTRALIZED = re.compile("'+[=+\\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
_EXAMPLE = Problem("ROW_EXAMPLE", "this row shows how to fill the table in; it is no contact")
Nature = Literal["delimited", "sheet", "records"]


class Line(NamedTuple):
    """One line of a file. A tuple: made for every line, and several times faster than a dataclass.

    Attributes:
        number: As the spreadsheet program shows it.
        cells: Text, as wide as the line is.
        problems: By position of the cell.
        is_hidden: By a filter, or by hand.
    """

    number: int
    cells: Sequence[str]
    problems: tuple[tuple[int, Problem], ...] = ()
    is_hidden: bool = False

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
        nature: In a worksheet lines of any width are normal; in delimited text they are a mistake.
        header_width: Cells of the header's line, unnamed ones included.
        example: Row that only shows how to fill the table in; 0: none.
    """

    header: tuple[str, ...]
    labels: tuple[str, ...]
    header_row: int
    lines: Iterator[Line]
    nature: Nature
    header_width: int = 0
    example: int = 0
    problems: list[Problem] = field(default_factory=list)

    def rows(self, source: str, sheet: str, tally: Tally) -> RowStream:
        """Return the rows below the header. Blank lines are no rows."""
        return RowStream(source, sheet, self.header, self._entries(source, tally))

    def _entries(self, source: str, tally: Tally) -> Iterator[Entry]:
        """Yield what the rows are made of."""
        width = len(self.header)
        is_rejects = set(self.labels) >= _REJECTS
        is_guarded = self.nature != "records" and not is_rejects
        example = self.example
        # What is done for every row of a large file is written for speed.
        for line in self.lines:
            number, cells, found, is_hidden = line
            joined = "".join(cells)
            if (not joined or joined.isspace()) and not found:
                continue
            tally.rows = count = tally.rows + 1
            if (is_hidden or count > MOST_ROWS) and self._is_left_out(source, tally):
                continue
            problems: tuple[Problem, ...] = ()
            if len(cells) != width or found or number == example or is_rejects:
                cells, problems = self._fitted(line, tally, is_rejects=is_rejects)
            elif is_totals(cells):
                problems = (TOTALS,)
            if is_guarded and ("'" in joined or '="' in joined):
                cells, changed = unguarded(cells)
                if changed:
                    tally.guarded.add(number)
            yield number, cells, problems

    @staticmethod
    def _is_left_out(source: str, tally: Tally) -> bool:
        """Count a hidden row; refuse more rows than the limit."""
        if tally.rows > MOST_ROWS:
            raise SourceError(
                Message(
                    "{source}: more than {most_rows:,} rows; split the file",
                    source=source,
                    most_rows=MOST_ROWS,
                ),
                code="SOURCE_TOO_LARGE",
            )
        tally.hidden += 1
        return tally.skips_hidden

    def _fitted(
        self, line: Line, tally: Tally, *, is_rejects: bool
    ) -> tuple[Sequence[str], tuple[Problem, ...]]:
        """The cells of an unusual row, fitted to the table's width, and its problems."""
        cells: Sequence[str] = line.cells
        problems: tuple[Problem, ...] = ()
        if is_rejects and self.nature == "delimited":
            cells = [_restored(cell) for cell in cells]
        if len(cells) != len(self.header):
            cells, problems = self._fit(cells, len(self.header), line.number, tally)
        own = cells
        if is_rejects:
            own = [c for c, name in zip(cells, self.labels, strict=True) if name not in _ADDED]
        if is_totals(own):
            problems += (TOTALS,)
        return cells, problems + self._noted(line, cells)

    def _noted(self, line: Line, cells: Sequence[str]) -> tuple[Problem, ...]:
        """What the reader found in the line's cells, with the names of their columns."""
        width = len(self.header)
        found = tuple(
            replace(problem, column=self.header[at]) for at, problem in line.problems if at < width
        )
        # In rejects the example may be anywhere; it was refused for that.
        was_example = "_reason" in self.labels and (
            _EXAMPLE.message in cells[self.labels.index("_reason")]
        )
        return (*found, _EXAMPLE) if line.number == self.example or was_example else found

    def _fit(
        self, given: Sequence[str], width: int, number: int, tally: Tally
    ) -> tuple[Sequence[str], tuple[Problem, ...]]:
        """Fit a line to the table's width; report it if cells may have shifted."""
        found = len(given)
        cells = [*given[:width], *[""] * (width - found)]
        has_more = any(cell.strip() for cell in given[width:])
        is_shifted = self.nature == "delimited" and (
            found < width or (has_more and found > self.header_width)
        )
        if not is_shifted:
            if has_more:
                tally.beyond.add(number)
            return cells, tuple(_refusals(given[width:]))
        # What a writer of rejects needs to write the row as ragged as it was.
        rest = json.dumps(list(given[width:])) if found > width else str(width - found)
        return cells, (
            Problem(
                "ROW_RAGGED",
                Message(
                    "the row has {n} cells, more than the {width} columns of the header; cells "
                    "may be in the wrong column (a delimiter or a quotation mark too many or few)"
                    if found > width
                    else "the row has {n} cells, fewer than the {width} columns of the header; "
                    "cells may be in the wrong column (a delimiter or a quotation mark too many "
                    "or few)",
                    n=found,
                    width=width,
                ),
                value=rest,
            ),
        )


def _refusals(beyond: Iterable[str]) -> Iterator[Problem]:
    """Yield the refusal of a row in whose cells without a column somebody says no.

    No rule of a mapping can look at these cells.
    """
    for cell in beyond:
        if remark_of_refusal(cell):
            yield Problem(
                "EMAIL_SAYS_NO",
                Message(
                    "{cell!r}, to the right of the last named column, says no: not sent; remove the "
                    "remark if it is wrong",
                    cell=" ".join(cell.split())[:_SHOWN],
                ),
                value=cell,
            )
            return


def find_table(
    lines: Iterable[Line],
    source: str,
    *,
    nature: Nature,
    header_row: int | None = None,
    columns: Sequence[str] = (),
    may_be_bare: bool = False,
) -> Table:
    """Find the header in *lines*.

    Args:
        header_row: The line's number as the spreadsheet program shows it, if it is known; 0: there
            is no header, columns are called ``Column A``.
        columns: Names that the mapping expects.
        may_be_bare: A list of addresses has no header: its first line is read as a row.

    Raises:
        SourceError: No table, no header, impossible header.
    """
    supply = iter(lines)
    looked: list[Line] = []
    for line in supply:
        looked.append(line)
        if len(looked) >= LOOKED_AT and line.number > (header_row or 0):
            break
    if header_row == 0:
        return _without_header(looked, supply, source, nature)
    if may_be_bare and header_row is None and _is_bare(looked, source):
        table = _without_header(looked, supply, source, nature)
        table.problems.append(
            _note(
                "HEADER_ABSENT", "a list of addresses without a header; its first line is a row too"
            )
        )
        return table
    if header_row:
        choice = Choice(_given(looked, header_row, source))
    else:
        found = choose_header([line.cells for line in looked], columns)
        if found is None:
            raise SourceError(
                Message("{source}: no rows in it", source=source), code="SOURCE_EMPTY"
            )
        choice = found
    return _table(looked, supply, choice, source, nature)


def _table(
    looked: list[Line], supply: Iterator[Line], choice: Choice, source: str, nature: Nature
) -> Table:
    head = looked[choice.at]
    labels = [cell.strip() for cell in head.cells]
    below = [line for line in looked[choice.at + 1 :] if not line.is_blank]
    filled = max((_width(line.cells) for line in below), default=0)
    width = max(_width(labels), min(filled, len(labels)))
    labels = labels[:width]
    if width > MOST_COLUMNS:
        raise SourceError(
            Message(
                "{source}: {width:,} columns; at most {most_columns:,} make sense",
                source=source,
                width=width,
                most_columns=MOST_COLUMNS,
            ),
            code="SOURCE_TOO_WIDE",
        )
    if any(kind_of_cell(label) == "email" for label in labels):
        raise SourceError(
            Message(
                "{source}: row {number} should be the header, but it holds an e-mail "
                "address; add a row with the columns' names, or name its row by header_row",
                source=source,
                number=head.number,
            ),
            code="SOURCE_NO_HEADER",
        )
    used = {at for line in below for at, cell in enumerate(line.cells[:width]) if cell.strip()}
    header, problems = _names(labels, used)
    problems += _choice_notes(looked, choice)
    last = choice.second[-1] if choice.second else choice.at
    return Table(
        header,
        tuple(labels),
        head.number,
        chain(looked[last + 1 :], supply),
        nature,
        header_width=len(head.cells),
        example=0 if choice.example is None else looked[choice.example].number,
        problems=problems,
    )


def _choice_notes(looked: list[Line], choice: Choice) -> list[Problem]:
    """Warnings about the line that was chosen as the header."""
    head = looked[choice.at]
    found = []
    if choice.is_doubtful:
        found.append(
            _note(
                "HEADER_DOUBTFUL",
                Message(
                    "row {number} is taken for the header, but it looks like the rows below "
                    "it; if it is one of them, add a row with the columns' names above it",
                    number=head.number,
                ),
            )
        )
    if people := [line.number for line in looked[: choice.at] if _is_person(line)]:
        found.append(
            _note(
                "HEADER_DOUBTFUL",
                Message(
                    "row {row} is above the header (row {number}), so it is not read, but it holds "
                    "an e-mail address; name the header's row by header_row",
                    row=people[0],
                    number=head.number,
                ),
            )
        )
    if choice.second:
        rows = ", ".join(str(looked[at].number) for at in choice.second)
        found.append(
            _note(
                "HEADER_SECOND",
                Message(
                    "row {rows} looks like a second line of headings and is not read as a contact",
                    rows=rows,
                ),
            )
        )
    return found


def _is_person(line: Line) -> bool:
    """Whether a line has an address beside another cell."""
    filled = [cell for cell in line.cells if cell.strip()]
    return len(filled) > 1 and any(kind_of_cell(cell) == "email" for cell in filled)


def _is_bare(looked: Sequence[Line], source: str) -> bool:
    """Whether the lines are a list of addresses without a header.

    Raises:
        SourceError: The first line is an address and the second is none.
    """
    is_bare = bare_list([line.cells for line in looked])
    if is_bare is None:
        first, second = [line.number for line in looked if not line.is_blank][:2]
        raise SourceError(
            Message(
                "{source}: row {first} is an address, and row {second} is none: remove row "
                "{first} if row {second} is the header, else correct or remove row {second}",
                source=source,
                first=first,
                second=second,
            ),
            code="SOURCE_NO_HEADER",
        )
    return is_bare


def _without_header(
    looked: list[Line], supply: Iterator[Line], source: str, nature: Nature
) -> Table:
    width = max((_width(line.cells) for line in looked), default=0)
    if not width:
        raise SourceError(Message("{source}: no rows in it", source=source), code="SOURCE_EMPTY")
    if width > MOST_COLUMNS:
        raise SourceError(
            Message("{source}: {width:,} columns", source=source, width=width),
            code="SOURCE_TOO_WIDE",
        )
    header = tuple(f"Column {column_letter(at)}" for at in range(width))
    return Table(header, header, 0, chain(looked, supply), nature, header_width=width)


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
    raise SourceError(
        Message(
            "{source}: row {header_row} (header_row) is empty", source=source, header_row=header_row
        ),
        code="SOURCE_NO_HEADER",
    )


def _names(labels: list[str], used: set[int]) -> tuple[tuple[str, ...], list[Problem]]:
    """Unique names for *labels*: ``E-mail (2)`` for a second one, ``Column C`` for an empty one.

    Args:
        used: Positions of columns that have values.
    """
    problems: list[Problem] = []
    folded = [" ".join(label.split()) for label in labels]
    often = Counter(folded)
    seen: Counter[str] = Counter()
    names: dict[str, None] = {}
    for at, label in enumerate(folded):
        name = label or f"Column {column_letter(at)}"
        if label and often[label] > 1:
            seen[label] += 1
            name = f"{label} ({seen[label]})"
        while name in names:
            name += "'"
        names[name] = None
    for label, times in often.items():
        if times > 1 and label:
            problems.append(
                _note(
                    "HEADER_DUPLICATE",
                    Message(
                        "{times} columns are called {label!r}; they are addressed as "
                        "{label!r} (1) to ({times})",
                        times=times,
                        label=label,
                    ),
                    label,
                )
            )
    given = enumerate(zip(names, folded, strict=True))
    empty = [name for at, (name, label) in given if not label and at in used]
    if empty:
        problems.append(
            _note(
                "HEADER_EMPTY",
                Message(
                    "columns without a name are addressed as {empty}", empty=", ".join(empty[:5])
                ),
            )
        )
    return tuple(names), problems


def _note(code: str, message: str, column: str = "") -> Problem:
    return Problem(code, message, column=column, severity=Severity.WARNING)


def _restored(cell: str) -> str:
    return cell[1:] if _NEUTRALIZED.match(cell) else cell


def _width(cells: Sequence[str]) -> int:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width

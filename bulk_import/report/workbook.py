"""Rejects as a workbook: the user's own columns, types, formats, colours and widths.

Written as a stream, so that memory does not grow with the rejects. The looks and types of cells come
from the user's own workbook, read in step, as long as it is there and shows what was read from it;
otherwise cells are texts. Bad cells are coloured and say what is wrong with them in a comment.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bulk_import.codes import look_up
from bulk_import.models import SourceInfo
from bulk_import.sources.numbers import shown
from bulk_import.system.files import replaced

# A comment costs a kilobyte of memory until the file is saved; beyond, the column _reason has to do.
MOST_COMMENTS = 20_000
_LARGEST_SOURCE = 64 << 20  # bytes; reading it a second time takes a minute for each million cells
_MOST_ROWS = 1_048_575
_LONGEST_TITLE = 31
_NOT_IN_TITLES = re.compile(r"[\\/*?:\[\]\x00-\x1f]")
_BAD = "FFFFC7CE"  # the light red of spreadsheet programs for bad cells
_WIDTHS = {"_row": 8.0, "_sheet": 14.0, "_status": 10.0, "_reason": 60.0}
_SUMMARY = "Summary"
_ROWS_NAMED = 10
# Cells that cannot be written as they were; each of these is refused again.
_UNWRITABLE = {
    "FORMULA_NOT_CALCULATED": "#N/A",
    "CELL_BROKEN": "#VALUE!",
    "CELL_TOO_LONG": "#VALUE!",
}
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})


@dataclass(frozen=True, slots=True)
class Reject:
    """One row of the file.

    Attributes:
        row: Its number in the source.
        facts: Cells in front of the user's own.
        texts: The user's own cells as they were read.
        reasons: Position of each bad cell -> what is wrong with it.
        damaged: Position of each cell that reading refused -> the code.
        codes: What the row was refused for.
    """

    sheet: str
    row: int
    facts: Sequence[str]
    texts: Sequence[str]
    reasons: Mapping[int, str]
    damaged: Mapping[int, str]
    codes: Sequence[str]


@dataclass(slots=True)
class _Causes:
    """How many rows each code has, and which."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reject: Reject) -> None:
        for code in reject.codes:
            self.counts[code] += 1
            places = self.rows.setdefault(code, [])
            if len(places) < _ROWS_NAMED:
                places.append(reject.row)


def write_workbook(
    path: Path,
    info: SourceInfo,
    added: Sequence[str],
    kept: Sequence[int],
    rejects: Iterator[Reject],
    *,
    most_comments: int = MOST_COMMENTS,
) -> None:
    """Write the rejects of one source.

    Args:
        added: Names of the columns in front.
        kept: Positions of the user's own columns in the source.
        most_comments: Bad cells that get a comment; all of them are coloured.

    Raises:
        StorageError: It cannot be written.
    """
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    try:
        with ExitStack() as stack:
            looks = _Looks.of(info, kept, stack)
            sheet = _Sheet(workbook, info, added, looks, most_comments)
            causes = _Causes()
            sheet.begin([info.labels[at] for at in kept])
            for reject in islice(rejects, _MOST_ROWS):
                sheet.add(reject)
                causes.add(reject)
            sheet.end(len(kept))
        _write_summary(workbook, info, causes)
        with replaced(path) as file:
            workbook.save(file)
    finally:
        # Half-written sheets complain on the error stream when they are collected.
        for written in workbook.worksheets:
            with suppress(Exception):
                written.close()


class _Sheet:
    """The sheet that is being written."""

    def __init__(
        self,
        workbook: Any,
        info: SourceInfo,
        added: Sequence[str],
        looks: _Looks | None,
        most_comments: int,
    ) -> None:
        from openpyxl.styles import Font, PatternFill

        self._sheet = workbook.create_sheet(_title(info))
        self._info = info
        self._added = added
        self._looks = looks
        self._bold = Font(bold=True)
        self._fill = PatternFill("solid", fgColor=_BAD)
        self._comments_left = most_comments
        self._rows = 0

    def begin(self, labels: Sequence[str]) -> None:
        from openpyxl.utils import get_column_letter

        widths = self._looks.widths if self._looks is not None else {}
        for at, name in enumerate(self._added, 1):
            self._sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS[name]
        for at, width in widths.items():
            letter = get_column_letter(len(self._added) + 1 + at)
            self._sheet.column_dimensions[letter].width = width
        self._sheet.freeze_panes = "A2"
        cells = [self._text(name) for name in (*self._added, *labels)]
        original = self._original(self._info.sheet, self._info.header_row)
        for at, cell in enumerate(cells):
            cell.font = self._bold
            if at >= len(self._added):
                _copy_looks(original.get(at - len(self._added)), cell)
        self._sheet.append(cells)

    def add(self, reject: Reject) -> None:
        original = self._original(reject.sheet, reject.row)
        cells = [self._text(text) for text in reject.facts]
        for at, text in enumerate(reject.texts):
            cell = self._cell(text, reject.damaged.get(at, ""), original.get(at))
            _copy_looks(original.get(at), cell)
            if at in reject.reasons:
                self._mark(cell, reject.reasons[at])
            cells.append(cell)
        self._sheet.append(cells)
        self._rows += 1

    def end(self, columns: int) -> None:
        from openpyxl.utils import get_column_letter

        last = get_column_letter(len(self._added) + columns)
        self._sheet.auto_filter.ref = f"A1:{last}{self._rows + 1}"

    def _original(self, sheet: str, row: int) -> Mapping[int, Any]:
        return self._looks.row(sheet, row) if self._looks is not None else {}

    def _cell(self, text: str, code: str, original: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        error = text if code == "CELL_ERROR" and text in _ERRORS else _UNWRITABLE.get(code, "")
        if error:
            cell = WriteOnlyCell(self._sheet, error)
            cell.data_type = "e"
            return cell
        if code == "NUMBER_ROUNDED" and text.lstrip("-").isdigit():
            cell = WriteOnlyCell(self._sheet, int(text))
            cell.number_format = "0"
            return cell
        value = _typed(original)
        if value is not None and _shown(value, original.number_format) == text:
            cell = WriteOnlyCell(self._sheet, value)
            cell.number_format = original.number_format
            return cell
        return self._text(text)

    def _text(self, text: str) -> Any:
        """A cell of text: digits stay as they are, and nothing is run as a formula."""
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self._sheet, _writable(text))
        if cell.value is not None:
            cell.data_type = "s"
        cell.number_format = "@"
        return cell

    def _mark(self, cell: Any, reason: str) -> None:
        from openpyxl.comments import Comment

        cell.fill = self._fill
        if self._comments_left > 0:
            cell.comment = Comment(_writable(reason)[:1000], "bulk_import", height=120, width=360)
            self._comments_left -= 1


class _Looks:
    """The user's own workbook, read in step with the rejects."""

    def __init__(self, book: Any, info: SourceInfo, kept: Sequence[int]) -> None:
        self._book = book
        self._info = info
        self._kept = {position: at for at, position in enumerate(kept)}
        self._sheet = ""
        self._rows: Iterator[tuple[int, Any]] = iter(())
        self._current: tuple[int, Any] = (0, ())
        self.widths = _widths(info, self._kept)

    @classmethod
    def of(cls, info: SourceInfo, kept: Sequence[int], stack: ExitStack) -> _Looks | None:
        """Return the looks of a source, if they can still be had: only looks are taken."""
        from openpyxl import load_workbook

        path = Path(info.name)
        try:
            if info.kind != "xlsx" or path.stat().st_size > _LARGEST_SOURCE:
                return None
            book = load_workbook(path, read_only=True, data_only=True)
            stack.callback(book.close)
            return cls(book, info, kept)
        except Exception:  # noqa: BLE001 - packed, moved, or odd in any way: looks are not worth an error
            return None

    def row(self, sheet: str, number: int) -> Mapping[int, Any]:
        """Return the cells of a row by position among the user's own; rows come in order."""
        try:
            if sheet != self._sheet:
                self._sheet = sheet
                self._book[sheet].reset_dimensions()  # what a sheet says of its size may be wrong
                self._rows = enumerate(self._book[sheet].iter_rows(), 1)
                self._current = (0, ())
            while self._current[0] < number:
                self._current = next(self._rows)
        except Exception:  # noqa: BLE001 - as above; a sheet that ends early included
            self._current = (sys.maxsize, ())
            return {}
        found, cells = self._current
        if found != number:
            return {}
        return {
            self._kept[at]: cell
            for at, cell in enumerate(cells)
            if at in self._kept and hasattr(cell, "has_style")
        }


def _widths(info: SourceInfo, kept: Mapping[int, int]) -> dict[int, float]:
    """Widths of the user's columns, by position among them."""
    from bulk_import.sources.xlsx.workbook import Workbook

    found: dict[int, float] = {}
    with suppress(Exception), Workbook(Path(info.name), info.name) as book:
        sheets = [sheet for sheet in book.sheets if sheet.name == info.sheet]
        for first, last, width in book.widths(sheets[0]):
            found |= {kept[at]: width for at in range(first - 1, last) if at in kept}
    return found


def _typed(original: Any) -> Any:
    """The value of an original cell that is no text; ``None`` for texts and blanks."""
    value = getattr(original, "value", None)
    is_typed = isinstance(value, bool | int | float | date | time | timedelta)
    return value if is_typed else None


def _shown(value: Any, code: str) -> str:
    """What a cell with that value and format is read as."""
    from openpyxl.utils.datetime import to_excel

    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    try:
        is_moment = isinstance(value, datetime | date | time | timedelta)
        number = to_excel(value) if is_moment else value  # type: ignore[no-untyped-call]
        return shown(repr(number).removesuffix(".0"), code)
    except (ValueError, OverflowError, TypeError):
        return ""


def _copy_looks(original: Any, cell: Any) -> None:
    if original is None or not original.has_style:
        return
    cell.font = copy(original.font)
    cell.fill = copy(original.fill)
    cell.border = copy(original.border)
    cell.alignment = copy(original.alignment)


def _write_summary(workbook: Any, info: SourceInfo, causes: _Causes) -> None:
    """A second sheet: what the rows were refused for, and what to do."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    name = _SUMMARY if _title(info).casefold() != _SUMMARY.casefold() else f"{_SUMMARY} (2)"
    sheet = workbook.create_sheet(name)
    for letter, width in zip("ABCDE", (24, 8, 50, 70, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    lines: list[Sequence[str | int]] = [("Code", "Rows", "Cause", "What to do", "First rows")]
    for code, count in causes.counts.most_common():
        known = look_up(code)
        cause, fix = (known.cause, known.fix) if known else ("", "")
        lines.append((code, count, cause, fix, ", ".join(map(str, causes.rows[code]))))
    for at, line in enumerate(lines):
        cells = [WriteOnlyCell(sheet, value) for value in line]
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if not at:
                cell.font = Font(bold=True)
        sheet.append(cells)


def _title(info: SourceInfo) -> str:
    """Return the sheet's name, as far as a workbook can have it: other formats allow more."""
    name = _NOT_IN_TITLES.sub("-", info.sheet)[:_LONGEST_TITLE].strip().strip("'")
    return name if name and name.casefold() != "history" else "Rejects"


def _writable(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub("", text)

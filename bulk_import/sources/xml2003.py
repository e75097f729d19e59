"""XML Spreadsheet 2003 (``<?mso-application progid="Excel.Sheet"?>``) as a stream of lines.

Many web systems export it under the name .xls. One XML file holds all sheets; cells have types, and
styles with number formats, so each cell is read as the person sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bulk_import.errors import Message
from bulk_import.models import Problem
from bulk_import.sources.formats import compiled, shown_text
from bulk_import.sources.numbers import is_rounded, moment_text, rounded, shown
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line, column_letter
from bulk_import.sources.xlsx.parts import Reader, broken, read_stream

_DEFAULT_STYLE = "Default"
_MOST_PARENTS = 100  # of a style
# Formats that are written by name.
_NAMED_FORMATS = {
    "General Date": "m/d/yy h:mm", "Long Date": "yyyy-mm-dd", "Medium Date": "yyyy-mm-dd",
    "Short Date": "yyyy-mm-dd", "Long Time": "h:mm:ss", "Medium Time": "h:mm", "Short Time": "h:mm",
    "Currency": "#,##0.00", "Euro Currency": "#,##0.00", "Fixed": "0.00", "Standard": "#,##0.00",
    "Percent": "0.00%", "Scientific": "0.00E+00", "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"True";"True";"False"', "On/Off": '"On";"On";"Off"',
}  # fmt: skip
_FIRST_DAY = datetime(1899, 12, 31)  # noqa: DTZ001 - day 0, as serial dates count
_PHANTOM = datetime(1900, 3, 1)  # noqa: DTZ001 - from here on, serials count the 29 February 1900


@dataclass(slots=True)
class _Style:
    parent: str = ""
    format: str | None = None


@dataclass(slots=True)
class _Directory:
    """Sheets and styles, collected by a first pass.

    Attributes:
        sheets: (name, is hidden) of each.
        styles: By their ids.
    """

    sheets: list[tuple[str, bool]] = field(default_factory=list)
    styles: dict[str, _Style] = field(default_factory=dict)
    epoch_1904: bool = False
    _formats: dict[str, str] = field(default_factory=dict)

    def format(self, style: str) -> str:
        """Return the number format of a style; styles may inherit it."""
        known = self._formats.get(style)
        if known is None:
            known = self._formats[style] = self._inherited(style)
        return known

    def _inherited(self, style: str) -> str:
        for _ in range(_MOST_PARENTS):
            found = self.styles.get(style)
            if found is None:
                break
            if found.format is not None:
                return found.format
            style = found.parent
        return "General"


class XmlWorkbook:
    """A workbook in one XML file.

    Attributes:
        sheets: (name, is hidden) of each.

    Raises:
        SourceError: Not well-formed, hostile, or without a sheet.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        reader = _DirectoryReader()
        for _ in read_stream(path, reader, name):
            pass
        self._directory = reader.directory
        self.sheets = self._directory.sheets
        if not self.sheets:
            raise broken(name, Message("it has no sheet"))

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        yield from read_stream(
            self._path, _SheetReader(at, self._directory, self._name), self._name
        )


class _DirectoryReader(Reader[None]):
    """Collects sheets and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = _Directory()
        self._style = ""
        self._visible: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _local_name(tag)
        if local == "Worksheet":
            self.directory.sheets.append((_local(attributes).get("Name", ""), False))
        elif local == "Style":
            given = _local(attributes)
            self._style = given.get("ID", "")
            self.directory.styles[self._style] = _Style(given.get("Parent", ""))
        elif local == "NumberFormat" and self._style:
            code = _local(attributes).get("Format", "General")
            self.directory.styles[self._style].format = _NAMED_FORMATS.get(code, code)
        elif local == "Date1904":
            self.directory.epoch_1904 = True
        elif local == "Visible":
            self._visible = []

    def end(self, tag: str) -> None:
        local = _local_name(tag)
        if local == "Style":
            self._style = ""
        elif local == "Visible" and self._visible is not None:
            if self.directory.sheets and "Hidden" in "".join(self._visible):
                self.directory.sheets[-1] = (self.directory.sheets[-1][0], True)
            self._visible = None

    def text(self, text: str) -> None:
        if self._visible is not None:
            self._visible.append(text)


class _SheetReader(Reader[Line]):
    """Reads the lines of one sheet."""

    def __init__(self, wanted: int, directory: _Directory, name: str) -> None:
        super().__init__()
        self._name = name
        self._wanted = wanted
        self._directory = directory
        self._sheet = -1
        self._number = 0
        self._row: dict[str, str] = {}
        self._column_styles: dict[int, str] = {}
        self._next_column = 0
        self._cells: dict[int, str] = {}
        self._problems: list[tuple[int, Problem]] = []
        self._at = -1  # of the cell
        self._cell: dict[str, str] = {}
        self._kind = ""
        self._text: list[str] | None = None  # of the open Data
        self._has_data = False
        self._ignored = 0  # comments and ruby texts, which have a Data of their own

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _local_name(tag)
        if local == "Worksheet":
            self._sheet += 1
            self._number = 0
        elif self._sheet != self._wanted:
            return
        elif local in ("Comment", "PhoneticText"):
            self._ignored += 1
        elif local == "Column":
            self._start_column(_local(attributes))
        elif local == "Row":
            self._start_row(_local(attributes))
        elif local == "Cell":
            self._start_cell(_local(attributes))
        elif local == "Data" and not self._ignored:
            self._kind = _local(attributes).get("Type", "String")
            self._text, self._has_data = [], True

    def end(self, tag: str) -> None:
        local = _local_name(tag)
        if self._sheet != self._wanted:
            return
        if local in ("Comment", "PhoneticText"):
            self._ignored -= 1
        elif local == "Data" and not self._ignored and self._text is not None:
            self._add("".join(self._text))
            self._text = None
        elif local == "Cell":
            if "Formula" in self._cell and not self._has_data and self._at < MOST_COLUMNS:
                self._problems.append((self._at, _NOT_CALCULATED))
            self._at += _whole(self._cell.get("MergeAcross"), 0)
        elif local == "Row":
            self._end_row()

    def text(self, text: str) -> None:
        if self._text is not None and not self._ignored:
            self._text.append(text)

    def _start_row(self, given: dict[str, str]) -> None:
        number = _whole(given.get("Index"), 0) or self._number + 1
        if number <= self._number:
            raise broken(self._name, Message("row {number} comes twice", number=number))
        self._row, self._number = given, number
        self._cells, self._problems, self._at = {}, [], -1

    def _start_cell(self, given: dict[str, str]) -> None:
        at = (_whole(given.get("Index"), 0) or self._at + 2) - 1
        if at <= self._at:
            what = Message(
                "row {number}: column {column} comes twice",
                number=self._number,
                column=column_letter(at),
            )
            raise broken(self._name, what)
        self._at = at
        self._cell, self._has_data = given, False

    def _start_column(self, given: dict[str, str]) -> None:
        # Columns ascend; an entry for an earlier column, or past the last, is ignored.
        first = max(_whole(given.get("Index"), 0) - 1, self._next_column)
        self._next_column = first + _whole(given.get("Span"), 0) + 1
        if "StyleID" in given:
            for column in range(first, min(self._next_column, MOST_COLUMNS)):
                self._column_styles[column] = given["StyleID"]

    def _add(self, raw: str) -> None:
        if self._at >= MOST_COLUMNS:
            return
        style = (
            self._cell.get("StyleID")
            or self._row.get("StyleID")
            or self._column_styles.get(self._at)
            or _DEFAULT_STYLE
        )
        code = self._directory.format(style)
        text, problem = _cell_text(self._kind, raw, code, epoch_1904=self._directory.epoch_1904)
        if len(text) > LONGEST_CELL:
            problem = Problem(
                "CELL_TOO_LONG", Message("{n:,} characters", n=len(text)), value=text[:40]
            )
        if problem is not None:
            self._problems.append((self._at, problem))
        self._cells[self._at] = text

    def _end_row(self) -> None:
        filled = [at for at, text in self._cells.items() if text]
        filled += [at for at, _ in self._problems]
        if filled:
            cells = [self._cells.get(at, "") for at in range(max(filled) + 1)]
            is_hidden = self._row.get("Hidden") == "1"
            self.made.append(Line(self._number, cells, tuple(self._problems), is_hidden))
        self._number += _whole(self._row.get("Span"), 0)


_NOT_CALCULATED = Problem(
    "FORMULA_NOT_CALCULATED",
    "a formula without a stored result; open the workbook in a spreadsheet program and save it, or "
    "replace formulas by values",
)


def _cell_text(kind: str, raw: str, code: str, *, epoch_1904: bool) -> tuple[str, Problem | None]:
    """What a cell shows, and what is wrong with it."""
    bare = raw.strip()
    if kind == "Error":
        message = Message(
            "the cell shows the error {bare}; correct the formula or clear the cell", bare=bare
        )
        return bare or "#ERROR", Problem("CELL_ERROR", message, value=bare)
    if kind == "Boolean":
        return ("FALSE" if bare.lower() in ("", "0", "false") else "TRUE"), None
    if kind == "DateTime" and bare:
        return _moment(bare, code)
    if kind == "Number" and bare:
        try:
            text = shown(bare, code, epoch_1904=epoch_1904)
        except (ValueError, OverflowError):
            return bare, Problem(
                "CELL_BROKEN", Message("{bare!r} is not a number or date", bare=bare), value=bare
            )
        problem = Problem("NUMBER_ROUNDED", rounded(text), value=text) if is_rounded(bare) else None
        return text, problem
    return shown_text(raw, code), None


def _moment(raw: str, code: str) -> tuple[str, Problem | None]:
    """A date, a time (on the day before 1900) or a duration (on the days after that)."""
    try:
        moment = datetime.fromisoformat(raw).replace(tzinfo=None)
    except ValueError:
        return raw, Problem("CELL_BROKEN", Message("{raw!r} is not a date", raw=raw), value=raw)
    days = (moment - _FIRST_DAY) / timedelta(days=1)
    is_time = -1 <= days < 1  # some writers count from the day before
    if days < -1 or not (is_time or compiled(code).numeric[0].is_date):
        return _day(moment, raw)
    if is_time and not compiled(code).numeric[0].is_date:
        code = "h:mm"
    serial = days % 1 if is_time else days + (moment >= _PHANTOM)
    try:
        return shown(repr(serial), code), None
    except (ValueError, OverflowError):
        return raw, Problem("CELL_BROKEN", Message("{raw!r} is not a date", raw=raw), value=raw)


def _day(moment: datetime, raw: str) -> tuple[str, Problem | None]:
    try:
        rounded_up = moment + timedelta(milliseconds=500)
    except OverflowError:
        return raw, Problem("CELL_BROKEN", Message("{raw!r} is not a date", raw=raw), value=raw)
    return moment_text(rounded_up.replace(microsecond=0)), None


def _local_name(tag: str) -> str:
    return tag.rsplit(" ", 1)[-1]


def _local(attributes: dict[str, str]) -> dict[str, str]:
    return {_local_name(name): value for name, value in attributes.items()}


def _whole(text: str | None, otherwise: int) -> int:
    """A number, at most 10 digits of it."""
    return int(text[:10]) if text and text.isascii() and text.isdigit() else otherwise

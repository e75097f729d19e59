"""ODS spreadsheets as a stream of lines.

The format stores beside each value the text that its cell shows, so number formats need not be
known: the shown text is taken where it says more than the value (``02139``, ``+7 (916) …``), and the
value where the shown text only groups or rounds it. Seconds, tabs and line breaks are kept.

Reading by expat costs more than by calamine, which drops formats, seconds and tabs, and holds the
sheet in memory (figures in ``benchmarks/README.md``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem
from bulk_import.sources.numbers import (
    is_rounded,
    iso_text,
    only_groups,
    plain_number,
    rounded,
    stored_number,
)
from bulk_import.sources.remnants import ERROR_VALUES
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Line
from bulk_import.sources.unpacking import DAMAGES
from bulk_import.sources.xlsx.package import PackedWorkbook
from bulk_import.sources.xlsx.parts import Reader, broken, read_part, read_stream

_CONTENT = "content.xml"
_BLOCK = 1 << 20
_MOST_REPEATED = 20_000_000  # cells that one row stands for
_TABLE = re.compile(rb"<(?:\w+:)?table((?:\s+[\w:.-]+=(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
_STYLE = re.compile(
    rb"<(?:\w+:)?style((?:\s+[\w:.-]+=(?:\"[^\"]*\"|'[^']*'))*)\s*>\s*<(?:\w+:)?table-properties([^>]*)>"
)
_ATTRIBUTE = re.compile(rb"(?:\w+:)?([\w.-]+)=(?:\"([^\"]*)\"|'([^']*)')")
_IGNORED = frozenset(
    {"annotation", "shapes", "frame", "ruby-text", "tracked-changes", "custom-shape"}
)
_ERROR_CODE = re.compile(r"Err:\d{3}")


class OdsWorkbook(PackedWorkbook):
    """An open ODS workbook.

    Attributes:
        sheets: (name, is hidden) of each sheet.
    """

    def _read_directory(self) -> None:
        self._content = self._package.find(_CONTENT)
        try:
            self._refuse_encrypted()
            with self._zip.open(self._content) as file:
                self.sheets = _sheets(file)
        except (*DAMAGES, KeyError, ValueError) as exc:
            raise broken(self._name, str(exc)) from None
        if not self.sheets:
            raise broken(self._name, Message("it has no sheet"))

    def _refuse_encrypted(self) -> None:
        manifest = self._package.find("META-INF/manifest.xml")
        if manifest and b"encryption-data" in self._zip.read(manifest):
            raise SourceError(
                Message("{name}: protected by a password; save it without", name=self._name),
                code="SOURCE_ENCRYPTED",
            )

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of the sheet at a position that have cells, in order."""
        yield from read_part(self._zip, self._content, _SheetReader(at, self._name), self._name)


class FlatOdsWorkbook:
    """An ODS workbook that is one XML file (``.fods``), not an archive.

    Attributes:
        sheets: (name, is hidden) of each sheet.

    Raises:
        SourceError: It has no sheet.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        with path.open("rb") as file:
            self.sheets = _sheets(file)
        if not self.sheets:
            raise broken(name, Message("it has no sheet"))

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of the sheet at a position that have cells, in order."""
        yield from read_stream(self._path, _SheetReader(at, self._name), self._name)


def _sheets(file: IO[bytes]) -> list[tuple[str, bool]]:
    """(name, is hidden) of each sheet."""
    hidden: set[bytes] = set()
    found: list[tuple[str, bool]] = []
    tail = b""
    while block := file.read(_BLOCK):
        text = tail + block
        cut = text.rfind(b"<") if len(block) == _BLOCK else len(text)
        tail, text = text[cut:], text[:cut]
        hidden |= _hidden_styles(text)
        found += _tables(text, hidden)
    return found


def _hidden_styles(text: bytes) -> set[bytes]:
    return {
        attributes.get(b"name", b"")
        for match in _STYLE.finditer(text)
        if (attributes := _attributes(match[1]))
        and _attributes(match[2]).get(b"display") == b"false"
    }


def _tables(text: bytes, hidden: set[bytes]) -> Iterator[tuple[str, bool]]:
    for match in _TABLE.finditer(text):
        given = _attributes(match[1])
        if b"name" in given and given.get(b"is-sub-table") != b"true":
            name = html.unescape(given[b"name"].decode("utf-8", "replace"))
            yield name, given.get(b"style-name", b"") in hidden


def _attributes(text: bytes) -> dict[bytes, bytes]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(text)}


class _SheetReader(Reader[Line]):
    """Reads the lines of one sheet from expat's events."""

    def __init__(self, wanted: int, name: str) -> None:
        super().__init__()
        self._wanted = wanted
        self._name = name
        self._table = -1
        self._depth = 0  # of tables; a table in a cell is named, not read
        self._number = 0
        self._row: dict[str, str] = {}
        self._cells: list[str] = []
        self._blanks = 0  # cells without text since the last with one
        self._problems: list[tuple[int, Problem]] = []
        self._cell: dict[str, str] = {}
        self._paragraphs: list[list[str]] = []
        self._spaces = 0  # of the cell, that stand in it as a number
        self._in_text = 0
        self._is_in_row = False
        self._is_in_cell = False
        self._has_table = False  # in the cell
        self._ignored = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "table":
            self._depth += 1
            self._table += self._depth == 1
            self._has_table = self._is_in_cell
            self._number = self._number if self._is_in_cell else 0
        elif self._table != self._wanted or self._depth != 1:
            return
        elif local in _IGNORED:
            self._ignored += 1
        elif local == "table-row":
            self._refuse_inside(self._is_in_row)
            self._is_in_row = True
            self._row = _local(attributes)
            self._cells, self._problems, self._blanks = [], [], 0
        elif local in ("table-cell", "covered-table-cell"):
            self._refuse_inside(self._is_in_cell or not self._is_in_row)
            self._is_in_cell = True
            self._cell = _local(attributes)
            self._paragraphs, self._spaces = [], 0
        elif self._is_in_cell and not self._ignored:
            self._start_text(local, attributes)

    def _refuse_inside(self, is_wrong: bool) -> None:  # noqa: FBT001 - one fact
        if is_wrong:
            what = Message("row {number}: a row or cell in a wrong place", number=self._number + 1)
            raise broken(self._name, what)

    def _start_text(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("p", "h"):
            self._in_text += 1
            self._paragraphs.append([])
        elif self._in_text:
            if local == "s":
                count = _count(_local(attributes).get("c"))
                self._spaces = min(self._spaces + count, LONGEST_CELL + 1)
                if self._spaces <= LONGEST_CELL:
                    self._paragraphs[-1].append(" " * count)
            elif local == "tab":
                self._paragraphs[-1].append("\t")
            elif local == "line-break":
                self._paragraphs[-1].append("\n")

    def end(self, tag: str) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "table":
            self._depth -= 1
        elif self._table != self._wanted or self._depth != 1:
            return
        elif local in _IGNORED:
            self._ignored -= 1
        elif local in ("p", "h"):
            self._in_text -= self._is_in_cell and not self._ignored
        elif local == "table-cell":
            self._is_in_cell = False
            self._end_cell()
        elif local == "covered-table-cell":  # under a merged cell: not seen
            self._is_in_cell = False
            self._blanks += _count(self._cell.get("number-columns-repeated"))
        elif local == "table-row":
            self._is_in_row = False
            self._end_row()

    def text(self, text: str) -> None:
        if self._in_text and not self._ignored and self._table == self._wanted:
            self._paragraphs[-1].append(text)

    def _end_cell(self) -> None:
        shown = "\n".join("".join(parts) for parts in self._paragraphs)
        text, problem = _cell_text(self._cell, shown, has_text=bool(self._paragraphs))
        if self._has_table:
            problem = _TABLE_INSIDE
            self._has_table = False
        repeated = _count(self._cell.get("number-columns-repeated"))
        length = max(len(text), self._spaces)
        if length > LONGEST_CELL:
            problem = Problem(
                "CELL_TOO_LONG", Message("{n:,} characters", n=length), value=text[:40]
            )
        if not text and problem is None:
            self._blanks += repeated  # often thousands, to the right of the last cell
            return
        self._cells += [""] * min(self._blanks, MOST_COLUMNS - len(self._cells))
        self._blanks = 0
        room = MOST_COLUMNS - len(self._cells)
        for _ in range(min(repeated, room)):
            if problem is not None:
                self._problems.append((len(self._cells), problem))
            self._cells.append(text)

    def _end_row(self) -> None:
        repeated = _count(self._row.get("number-rows-repeated"))
        if not self._cells:
            self._number += repeated
            return
        if repeated * len(self._cells) > _MOST_REPEATED:
            raise SourceError(
                Message(
                    "{name}: one row is said to stand {repeated:,} times in it: this looks "
                    "like a bomb, not a spreadsheet",
                    name=self._name,
                    repeated=repeated,
                ),
                code="SOURCE_BOMB",
            )
        is_hidden = self._row.get("visibility") in ("collapse", "filter")
        for _ in range(min(repeated, MOST_ROWS + 1)):
            self._number += 1
            self.made.append(Line(self._number, self._cells, tuple(self._problems), is_hidden))


_TABLE_INSIDE = Problem(
    "CELL_BROKEN", "a table within the cell, which is not read; enter its text into the cell"
)


def _local(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes by their local names; LibreOffice's own repeat the standard's, but for ``error``."""
    found = {name.rsplit(" ", 1)[-1]: value for name, value in attributes.items()}
    if found.get("value-type") != "error" and "error" in (
        value for name, value in attributes.items() if name.endswith(" value-type")
    ):
        found["value-type"] = "error"
    return found


def _count(value: str | None) -> int:
    """A number of repetitions, at most 10 digits of it."""
    return max(int(value[:10]), 1) if value and value.isascii() and value.isdigit() else 1


def _cell_text(cell: dict[str, str], shown: str, *, has_text: bool) -> tuple[str, Problem | None]:
    """What a cell shows, and what is wrong with it."""
    kind = cell.get("value-type", "")
    bare = shown.strip()
    if kind == "error" or (
        "formula" in cell and (bare in ERROR_VALUES or _ERROR_CODE.fullmatch(bare))
    ):
        message = Message(
            "the cell shows the error {bare}; correct the formula or clear the cell", bare=bare
        )
        return bare or "#ERROR", Problem("CELL_ERROR", message, value=bare)
    if "formula" in cell and not kind and not has_text:
        message = Message(
            "a formula without a stored result; open the workbook in a spreadsheet program and save "
            "it, or replace formulas by values"
        )
        return "", Problem("FORMULA_NOT_CALCULATED", message)
    if kind in ("float", "percentage", "currency"):
        return _number(cell.get("value", ""), bare, kind)
    if kind in ("date", "time"):
        value = cell.get(f"{kind}-value", "")
        try:
            return iso_text(value), None
        except ValueError:
            return bare or value, Problem(
                "CELL_BROKEN",
                Message("{value!r} is not a {kind}", value=value, kind=kind),
                value=value,
            )
    if kind == "boolean":
        return cell.get("boolean-value", bare).upper(), None
    return (shown if has_text else cell.get("string-value", "")), None


def _number(value: str, shown: str, kind: str) -> tuple[str, Problem | None]:
    try:
        number = stored_number(value)
    except ValueError:
        return shown or value, Problem(
            "CELL_BROKEN", Message("{value!r} is not a number", value=value), value=value
        )
    text = plain_number(number)
    if kind == "percentage":
        text = plain_number(number * 100) + "%"
    elif kind == "float" and shown and not only_groups(shown, number):
        text = shown
    problem = Problem("NUMBER_ROUNDED", rounded(text), value=text) if is_rounded(value) else None
    return text, problem

"""Reads the largest table of a web page; some systems export pages under a spreadsheet's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from bulk_import.errors import Message, SourceError
from bulk_import.sources.numbers import only_groups, plain_number, stored_number
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.encoding import detect_encoding, known_encoding

LARGEST = 200 * 2**20  # bytes: the table is held in memory
_MOST_SPANNED = 1000
_MOST_BLANKS = 5_000_000  # cells that lie under a wider or higher one
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_TABLE = re.compile(rb"<table[\s>]", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BREAKS = frozenset({"br", "p", "div", "li"})
_SKIPPED = frozenset({"script", "style", "head", "title"})


def has_table(path: Path) -> bool:
    """Whether a page has a table at all."""
    with path.open("rb") as file:
        tail = b""
        while block := file.read(1 << 20):
            if _TABLE.search(tail + block):
                return True
            tail = block[-8:]
    return False


def read_table(path: Path, name: str, encoding: str | None) -> Iterator[Line]:
    """Yield the rows of the largest table of a page.

    Raises:
        SourceError: It has no table with rows, or is too large.
    """
    if path.stat().st_size > LARGEST:
        raise too_large(name)
    raw = path.read_bytes()
    if encoding:
        chosen = known_encoding(encoding, name)
    else:
        is_marked = raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
        declared = "" if is_marked else _declared(raw)
        chosen = known_encoding(declared, name) if declared else detect_encoding(path, name).name
    yield from _rows(raw, name, chosen)


def lines_of(raw: bytes, name: str, encoding: str) -> Iterator[Line]:
    """Yield the rows of the largest table of a page that is in memory.

    Args:
        encoding: From a header outside of the page, ``""`` if there is none.

    Raises:
        SourceError: It has no table with rows, or is in another encoding.
    """
    declared = encoding or _declared(raw) or "utf-8"
    yield from _rows(raw, name, known_encoding(declared, name))


def too_large(name: str) -> SourceError:
    """Return the error for a page that is too large to be held in memory."""
    return SourceError(
        Message(
            "{name}: a web page of more than {largest} MB; save it as XLSX or CSV",
            name=name,
            largest=LARGEST >> 20,
        ),
        code="SOURCE_TOO_LARGE",
    )


def _declared(raw: bytes) -> str:
    found = _CHARSET.search(raw[:4096])
    return found[1].decode("ascii") if found else ""


def _rows(raw: bytes, name: str, encoding: str) -> Iterator[Line]:
    parser = _Tables()
    try:
        parser.feed(raw.decode(_of_the_web(encoding)))
    except _TooWideError:
        raise SourceError(
            Message(
                "{name}: its cells span more than {most:,} others: this looks like a bomb, not a "
                "spreadsheet",
                name=name,
                most=_MOST_BLANKS,
            ),
            code="SOURCE_BOMB",
        ) from None
    except UnicodeDecodeError as exc:
        raise SourceError(
            Message(
                "{name}: byte {start:,} is not {encoding}; set source: encoding:",
                name=name,
                start=exc.start,
                encoding=encoding,
            ),
            code="ENCODING_WRONG",
        ) from None
    parser.close()
    tables = [table for table in parser.tables if any(any(row) for row in table)]
    if not tables:
        raise SourceError(
            Message(
                "{name}: this is a web page without a table; export the contacts as CSV or XLSX",
                name=name,
            ),
            code="SOURCE_HTML",
        )
    largest = max(tables, key=lambda table: sum(map(len, table)))
    for number, row in enumerate(largest, 1):
        if len(row) > MOST_COLUMNS or any(len(cell) > LONGEST_CELL for cell in row):
            raise SourceError(
                Message("{name}: row {number} is too long", name=name, number=number),
                code="CELL_TOO_LONG",
            )
        yield Line(number, row)


def _of_the_web(encoding: str) -> str:
    """The encoding that browsers use for a declared one (WHATWG Encoding Standard)."""
    return {
        "iso8859-1": "cp1252",
        "ascii": "cp1252",
        "iso8859-9": "cp1254",
        "gb2312": "gb18030",
    }.get(encoding, encoding)


class _TooWideError(Exception):
    """Cells span more than memory should hold."""


@dataclass(slots=True)
class _OpenTable:
    """A table whose end tag has not been read.

    Attributes:
        cell: The text of its open cell; ``None``: none is open.
        pending: Position -> rows that a cell still spans.
        spans: Rows and columns of the open cell.
        is_in_row: Whether the end of its last row has not come: ``<tr>`` ends a row as ``</tr>`` does.
        stored: The number in it, as Excel and LibreOffice write it beside its text.
    """

    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] | None = None
    pending: dict[int, int] = field(default_factory=dict)
    spans: tuple[int, int] = (1, 1)
    stored: str = ""
    is_in_row: bool = False


class _Tables(HTMLParser):
    """Collects the tables of a page, each as rows of texts.

    The text of a table within a cell belongs to that cell. A nested table is a candidate by itself only
    if the outer table serves the layout.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._open: list[_OpenTable] = []
        self._inner: list[list[list[list[str]]]] = [[]]  # of the page, and of each open table
        self._skipped = 0
        self._blanks = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped += tag != "head"
        elif tag == "table":
            self._open.append(_OpenTable())
            self._inner.append([])
        elif not self._open:
            return
        elif tag == "tr":
            self._end_cell()
            self._end_row()
            self._begin_row()
        elif tag in ("td", "th"):
            self._start_cell(dict(attrs))
        elif tag in _BREAKS and self._open[-1].cell:
            self._open[-1].cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(0, self._skipped - (tag != "head"))
        elif not self._open:
            return
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_cell()
            self._end_row()
            if tag == "table":
                self._end_table()

    def handle_data(self, data: str) -> None:
        if not self._skipped and self._open and (cell := self._open[-1].cell) is not None:
            cell.append(_BLANKS.sub(" ", data))

    def close(self) -> None:
        super().close()
        while self._open:
            self._end_cell()
            self._end_row()
            self._end_table()
        self.tables = self._inner[0]

    def _start_cell(self, given: dict[str, str | None]) -> None:
        self._end_cell()
        table = self._open[-1]
        if not table.is_in_row:
            self._begin_row()
        table.spans = _span(given.get("rowspan")), _span(given.get("colspan"))
        table.stored = given.get("x:num") or given.get("sdval") or ""
        table.cell = []

    def _end_table(self) -> None:
        rows, inner = self._open.pop().rows, self._inner.pop()
        is_layout = bool(inner) and not _is_data(rows)
        self._inner[-1] += [*inner, rows] if is_layout else [rows]
        if self._open and (cell := self._open[-1].cell) is not None:
            lines = (" ".join(text for text in row if text) for row in rows)
            cell += ["\n", "\n".join(filter(None, lines)), "\n"]

    def _end_cell(self) -> None:
        table = self._open[-1]
        if table.cell is None:
            return
        lines = (line.strip() for line in "".join(table.cell).split("\n"))
        text = _as_stored("\n".join(lines).strip(), table.stored)
        table.cell = None
        row = table.rows[-1]
        rows, columns = table.spans
        self._fill(row, table.pending)
        self._count_blanks(columns - 1)
        for at in range(columns):
            if rows > 1:
                table.pending[len(row)] = rows
            row.append(text if at == 0 else "")

    def _begin_row(self) -> None:
        self._open[-1].rows.append([])
        self._open[-1].is_in_row = True

    def _end_row(self) -> None:
        table = self._open[-1]
        if not table.is_in_row:
            return
        table.is_in_row = False
        self._fill(table.rows[-1], table.pending)
        table.pending = {at: rows - 1 for at, rows in table.pending.items() if rows > 1}

    def _fill(self, row: list[str], pending: dict[int, int]) -> None:
        """Blank cells where a cell of a row above reaches down."""
        width = len(row)
        while len(row) in pending:
            row.append("")
        self._count_blanks(len(row) - width)

    def _count_blanks(self, blanks: int) -> None:
        self._blanks += blanks
        if self._blanks > _MOST_BLANKS:
            raise _TooWideError


def _is_data(rows: list[list[str]]) -> bool:
    """Whether a table has rows and columns of data, not only layout for a nested table."""
    return sum(sum(map(bool, row)) > 1 for row in rows) > 1


def _as_stored(shown: str, stored: str) -> str:
    """The stored number where the shown text only groups or rounds it: ``7.91612E+10``, ``1,234.50``."""
    try:
        number = stored_number(stored)
    except ValueError:
        return shown
    if only_groups(shown, number) or set(shown) == {"#"}:
        return plain_number(number)
    return shown


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return max(1, min(int(digits[:5]), _MOST_SPANNED))

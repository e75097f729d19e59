"""XLSB: the parts of a workbook as binary records instead of XML, read as a stream.

Number formats are known here too, which calamine, the library for it, drops; calamine also loses
cells whose column is left out because it is the next one (``BrtShort…``), as SheetJS writes them.

Source: [MS-XLSB], sections 2.1.4 (records), 2.4 (BrtRowHdr, BrtCell…, BrtXF, BrtFmt, BrtBundleSh).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bulk_import.errors import Message
from bulk_import.models import Problem
from bulk_import.sources.formats import shown_text
from bulk_import.sources.numbers import built_in_format, is_rounded, rounded, shown
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.unpacking import DAMAGES
from bulk_import.sources.xlsx.package import PackedWorkbook
from bulk_import.sources.xlsx.parts import broken
from bulk_import.sources.xlsx.strings import SharedStrings

_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = 8, 9, 10, 11
_SHORT = 11  # a short cell is a cell without its column: 12 for 1, … 18 for 7
_LAST_SHORT = 18
_RICH_TEXT, _STRING, _FORMAT, _XF, _WORKBOOK, _BUNDLE = 62, 19, 44, 47, 153, 156
_BEGIN_XFS, _END_XFS = 617, 618
_SAME_AS = {
    _FORMULA_TEXT: _TEXT,
    _FORMULA_REAL: _REAL,
    _FORMULA_BOOL: _BOOL,
    _FORMULA_ERROR: _ERROR,
}
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!",
           0x2A: "#N/A", 0x2B: "#GETTING_DATA"}  # fmt: skip
_HIDDEN = 0x10  # fDyZero in the twelfth byte of a row's header
_LONGEST_RECORD = 1 << 24
_BLOCK = 1 << 18


class BinaryWorkbook(PackedWorkbook):
    """An open XLSB workbook.

    Attributes:
        sheets: (name, is hidden) of each worksheet.
    """

    def _read_directory(self) -> None:
        self._strings: SharedStrings | None = None
        self._main = self._package.workbook()
        self._parts: list[str] = []
        self._epoch_1904 = False
        self.sheets = self._sheets()
        self._formats = self._styles()

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        strings = self._shared()
        rows = _Rows(strings, self._formats, epoch_1904=self._epoch_1904)
        with self._records(self._parts[at]) as records:
            for kind, data in records:
                if kind == _ROW:
                    if rows.cells:
                        yield rows.line()
                    rows.begin(data)
                elif _BLANK <= kind <= _LAST_SHORT or kind == _RICH_TEXT:
                    rows.add(kind, data)
        if rows.cells:
            yield rows.line()

    def _sheets(self) -> list[tuple[str, bool]]:
        if not self._main:
            raise broken(self._name, Message("it has no workbook part"))
        links = {link.id: link for link in self._package.relations(self._main)}
        found: list[tuple[str, bool]] = []
        with self._records(self._main) as records:
            for kind, data in records:
                if kind == _WORKBOOK:
                    self._epoch_1904 = bool(data[0] & 1)
                elif kind == _BUNDLE:
                    relation, end = _wide(data, 8)
                    name, _ = _wide(data, end)
                    link = links.get(relation)
                    if link is not None and link.kind in ("worksheet", "") and link.part:
                        found.append((name, struct.unpack_from("<I", data)[0] != 0))
                        self._parts.append(link.part)
        if not found:
            raise broken(self._name, Message("it has no worksheet"))
        return found

    def _styles(self) -> list[str]:
        """Number format by style index."""
        part = self._package.related(self._main, "styles") or self._package.find("xl/styles.bin")
        custom: dict[int, str] = {}
        formats: list[str] = []
        is_inside = False
        with self._records(part) as records:
            for kind, data in records:
                if kind == _FORMAT:
                    custom[struct.unpack_from("<H", data)[0]] = _wide(data, 2)[0]
                elif kind in (_BEGIN_XFS, _END_XFS):
                    is_inside = kind == _BEGIN_XFS
                elif kind == _XF and is_inside:
                    number = struct.unpack_from("<H", data, 2)[0]
                    formats.append(custom.get(number) or built_in_format(number))
        return formats or ["General"]

    def _shared(self) -> SharedStrings:
        if self._strings is None:
            strings = self._strings = SharedStrings(self._name)
            self._open.callback(strings.close)
            part = self._package.related(self._main, "sharedStrings")
            with self._records(part) as records:
                for kind, data in records:
                    if kind == _STRING:
                        text = _wide(data, 1)[0]
                        # The table undoes the escapes of XML; here there are none.
                        strings.fill([text.replace("_x", "_x005F_x").replace("\0", "\ufffd")])
            strings.seal()
        return self._strings

    @contextmanager
    def _records(self, part: str) -> Iterator[Iterator[tuple[int, bytes]]]:
        """Yield the records of a part as (number, contents); none of a part that is not there.

        Raises:
            SourceError: The part is cut off, or a record is shorter than what it should hold.
        """
        if not part:
            yield iter(())
            return
        try:
            with self._zip.open(part) as file:
                yield _records(file.read)
        except (*DAMAGES, KeyError, struct.error, IndexError) as exc:
            raise broken(self._name, f"{part}: {exc}") from None


class _Rows:
    """The row that is being read."""

    def __init__(self, strings: SharedStrings, formats: list[str], *, epoch_1904: bool) -> None:
        self._strings = strings
        self._formats = formats
        self._epoch_1904 = epoch_1904
        self._number = 0
        self._is_hidden = False
        self._at = -1
        self.cells: list[str] = []
        self._problems: list[tuple[int, Problem]] = []

    def begin(self, data: bytes) -> None:
        self._number = struct.unpack_from("<I", data)[0] + 1
        self._is_hidden = len(data) > 11 and bool(data[11] & _HIDDEN)
        self._at = -1
        self.cells = []
        self._problems = []

    def line(self) -> Line:
        return Line(self._number, self.cells, tuple(self._problems), self._is_hidden)

    def add(self, kind: int, data: bytes) -> None:
        if _SHORT < kind <= _LAST_SHORT:
            kind -= _SHORT
            self._at, begin = self._at + 1, 0
        else:
            self._at, begin = struct.unpack_from("<I", data)[0], 4
        style = struct.unpack_from("<I", data, begin)[0] & 0xFFFFFF
        if self._at >= MOST_COLUMNS or kind == _BLANK:
            return
        code = self._formats[style] if style < len(self._formats) else "General"
        text = self._text(_SAME_AS.get(kind, kind), data, begin + 4, code)
        if len(text) > LONGEST_CELL:
            self._problem("CELL_TOO_LONG", f"{len(text):,} characters", text[:40])
        if text:
            self._widen()
            self.cells[self._at] = text

    def _text(self, kind: int, data: bytes, begin: int, code: str) -> str:
        if kind in (_RK, _REAL):
            return self._number_text(_number(kind, data, begin), code)
        if kind == _ERROR:
            text = _ERRORS.get(data[begin], "#ERROR!")
            message = Message(
                "the cell shows the error {text}; correct the formula or clear the cell", text=text
            )
            return self._problem("CELL_ERROR", message, text)
        if kind == _BOOL:
            return "TRUE" if data[begin] else "FALSE"
        if kind == _SHARED:
            number = str(struct.unpack_from("<I", data, begin)[0])
            try:
                return shown_text(self._strings.text(number), code)
            except IndexError:
                return self._problem(
                    "CELL_BROKEN", "a text that the workbook does not hold", number
                )
        text = _wide(data, begin + (kind == _RICH_TEXT))[0].replace("\0", "\ufffd")
        return shown_text(text, code)

    def _number_text(self, raw: str, code: str) -> str:
        try:
            text = shown(raw, code, epoch_1904=self._epoch_1904)
        except (ValueError, OverflowError):
            return self._problem(
                "CELL_BROKEN", Message("{raw} is not a number or date", raw=raw), raw
            )
        if is_rounded(raw):
            self._problem("NUMBER_ROUNDED", rounded(text), text)
        return text

    def _widen(self) -> None:
        self.cells.extend([""] * (self._at + 1 - len(self.cells)))

    def _problem(self, code: str, message: str, value: str) -> str:
        self._problems.append((self._at, Problem(code, message, value=value)))
        return value


def _records(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    buffer, at = b"", 0

    def more(fewest: int) -> bool:
        nonlocal buffer, at
        while len(buffer) - at < fewest:
            block = read(max(_BLOCK, fewest))
            if not block:
                return False
            buffer, at = buffer[at:] + block, 0
        return True

    while more(2) or at < len(buffer):
        kind, at = buffer[at], at + 1
        if kind & 0x80:
            kind, at = kind & 0x7F | (buffer[at] & 0x7F) << 7, at + 1
        more(4)
        size = 0
        for shift in (0, 7, 14, 21):
            byte, at = buffer[at], at + 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        if size > _LONGEST_RECORD or not more(size):
            raise EOFError("cut off in the middle of a record")
        yield kind, buffer[at : at + size]
        at += size


def _wide(data: bytes, begin: int) -> tuple[str, int]:
    """A text and where it ends: its length in UTF-16 units, then these."""
    count = struct.unpack_from("<I", data, begin)[0]
    if count == 0xFFFFFFFF:  # no text
        return "", begin + 4
    end = begin + 4 + 2 * count
    if end > len(data):
        raise EOFError("a text that is longer than its record")
    return data[begin + 4 : end].decode("utf-16-le", "replace"), end


def _number(kind: int, data: bytes, begin: int) -> str:
    if kind == _REAL:
        value = struct.unpack_from("<d", data, begin)[0]
    else:
        packed = struct.unpack_from("<I", data, begin)[0]
        if packed & 2:
            value = float(struct.unpack_from("<i", data, begin)[0] >> 2)
        else:
            value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
        if packed & 1:
            value /= 100
    return repr(value).removesuffix(".0")

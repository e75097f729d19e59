"""XLSX and XLSM as a stream of lines, with the digits as they are written in the file.

Neither library alone will do. Measured (``python -m benchmarks.reading``, 100,000 rows of 7 columns;
a cell is wrong when its text is not what the person sees): openpyxl's read-only mode 6.6 s and 16 %
of the cells wrong, ``pandas.read_excel`` 9.9 s and 35 %, calamine 0.8 s, the sheet in memory and
29 % (it drops number formats and cannot tell an empty cell from a formula that was never
calculated), this reader 1.5 s and none. A million rows of 12 columns with eight million texts take
12 s and 27 MB, of which 2 MB grow with the file; calamine takes 14 s and 1.9 GB.

This reader sees what is in the file: raw digits, style, formula, error. Entities and document types
are refused. ``parts`` feeds the XML to expat and lets readers take out what is plain, ``layout``
knows plain rows, ``sheet`` says what a cell shows, ``strings`` keeps the texts on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.sources.numbers import built_in_format
from bulk_import.sources.table import MOST_COLUMNS, Line
from bulk_import.sources.xlsx.package import PackedWorkbook
from bulk_import.sources.xlsx.parts import Reader, broken, read_part
from bulk_import.sources.xlsx.sheet import SheetReader
from bulk_import.sources.xlsx.strings import SharedStrings, StringsReader

_HEAD_BYTES = 1 << 18
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"(\w+)=\"([^\"]*)\"")
Start = Callable[[str, dict[str, str]], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A tab of a workbook."""

    name: str
    part: str
    is_hidden: bool


class Workbook(PackedWorkbook):
    """An open XLSX or XLSM workbook."""

    def _read_directory(self) -> None:
        self._strings: SharedStrings | None = None
        self._main = self._package.workbook()
        self.sheets, self.epoch_1904 = self._workbook()
        self._formats = self._styles()

    def lines(self, sheet: Sheet) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        reader = SheetReader(self._shared(), self._formats, epoch_1904=self.epoch_1904)
        yield from read_part(self._zip, sheet.part, reader, self._name)

    def widths(self, sheet: Sheet) -> list[tuple[int, int, float]]:
        """Return (first column, last column, width) as the sheet says, columns from 1."""
        with self._zip.open(sheet.part) as file:
            head = file.read(_HEAD_BYTES).partition(b"<sheetData")[0]
        found = []
        for match in _COLUMN.finditer(head):
            given = dict(_ATTRIBUTE.findall(match[1]))
            with suppress(KeyError, ValueError):
                first, last = int(given[b"min"]), min(int(given[b"max"]), MOST_COLUMNS)
                found.append((first, last, float(given[b"width"])))
        return found

    def _workbook(self) -> tuple[list[Sheet], bool]:
        sheets: list[tuple[str, str, bool]] = []
        epoch_1904 = False

        def element(tag: str, attributes: dict[str, str]) -> None:
            nonlocal epoch_1904
            if tag == "sheet":
                sheets.append(
                    (
                        attributes.get("name", ""),
                        attributes.get("id", ""),
                        attributes.get("state", "visible") != "visible",
                    )
                )
            elif tag == "workbookPr":
                epoch_1904 = attributes.get("date1904", "0") in ("1", "true")

        if not self._main:
            raise broken(self._name, Message("it has no workbook part"))
        self._elements(self._main, element)
        links = {link.id: link for link in self._package.relations(self._main)}
        found = [
            Sheet(name, links[rid].part, hidden)
            for name, rid, hidden in sheets
            if rid in links and links[rid].kind in ("worksheet", "") and links[rid].part
        ]
        if not found:
            raise broken(self._name, Message("it has no worksheet"))
        return found, epoch_1904

    def _styles(self) -> list[str]:
        """Number format by style index."""
        custom: dict[str, str] = {}
        formats: list[str] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt":
                custom[attributes.get("numFmtId", "")] = attributes.get("formatCode", "General")
            elif tag == "cellXfs":
                inside = True
            elif tag == "cellStyles":
                inside = False
            elif tag == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                formats.append(custom.get(number) or built_in_format(number))

        part = self._related("styles", "xl/styles.xml")
        if part:
            self._elements(part, start)
        return formats or ["General"]

    def _shared(self) -> SharedStrings:
        if self._strings is None:
            strings = self._strings = SharedStrings(self._name)
            self._open.callback(strings.close)
            part = self._related("sharedStrings", "xl/sharedStrings.xml")
            if part:
                self._read(part, StringsReader(strings))
            strings.seal()
        return self._strings

    def _related(self, kind: str, usual: str) -> str:
        """A part by its relationship, else by its usual name; ``""`` if there is none."""
        return self._package.related(self._main, kind) or self._package.find(usual)

    def _elements(self, part: str, start: Start) -> None:
        self._read(part, _Elements(start))

    def _read(self, part: str, reader: Reader[None]) -> None:
        for _ in read_part(self._zip, part, reader, self._name):
            pass


class _Elements(Reader[None]):
    """Calls a function for every element, with local names."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self._start = start

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = {key.rsplit(" ", 1)[-1]: value for key, value in attributes.items()}
        self._start(tag.rsplit(" ", 1)[-1], local)

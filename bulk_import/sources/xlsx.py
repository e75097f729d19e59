"""XLSX and XLSM as a stream of lines, by expat, with the digits as they are written in the file.

Neither library alone will do. Measured (``python -m benchmarks.reading``, 100,000 rows of 7 columns;
a cell is wrong when its text is not what the person sees): openpyxl's read-only mode 11.8 s and 16 %
of the cells wrong, ``pandas.read_excel`` 15.8 s and 35 %, calamine 1.3 s, the sheet in memory and
29 % (it drops number formats and cannot tell an empty cell from a formula that was never
calculated), this reader 10.5 s and none. What grows with the file is the table of shared strings.
This reader sees what is in the file: raw digits, style, formula, error. Entities and document types
are refused.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from xml.parsers import expat

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Severity
from bulk_import.sources.numbers import built_in_format, is_rounded, shown
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line

# Limits of what is unpacked; a workbook of a million rows stays below them.
_MOST_UNPACKED = 2 * 2**30
_SUSPICIOUS_RATIO = 200
_SUSPICIOUS_BYTES = 50 * 2**20
_BLOCK = 1 << 16

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
T = TypeVar("T")
Start = Callable[[str, dict[str, str]], None]

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A tab of a workbook."""

    name: str
    part: str
    is_hidden: bool


class Workbook:
    """An open workbook. Close it, or use it as a context manager."""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as exc:
            raise _broken(name, str(exc)) from None
        try:
            self._refuse_bombs(path)
            self.sheets, self.epoch_1904 = self._workbook()
            self._formats = self._styles()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()

    def lines(self, sheet: Sheet) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        strings = self._strings()
        reader = _SheetReader(strings, self._formats, epoch_1904=self.epoch_1904)
        yield from self._parsed(sheet.part, reader)

    def _refuse_bombs(self, path: Path) -> None:
        unpacked = sum(info.file_size for info in self._zip.infolist())
        packed = max(path.stat().st_size, 1)
        if unpacked > _MOST_UNPACKED or (
            unpacked > _SUSPICIOUS_BYTES and unpacked / packed > _SUSPICIOUS_RATIO
        ):
            raise SourceError(
                f"{self._name}: {packed:,} bytes unpack to {unpacked:,}: this looks like a zip "
                "bomb; save the workbook again, or as CSV",
                code="SOURCE_BOMB",
            )
        for info in self._zip.infolist():
            if info.flag_bits & 1:
                raise SourceError(
                    f"{self._name}: protected by a password; save it without",
                    code="SOURCE_ENCRYPTED",
                )

    def _workbook(self) -> tuple[list[Sheet], bool]:
        targets: dict[str, str] = {}
        sheets: list[tuple[str, str, bool]] = []
        epoch_1904 = False

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

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

        self._elements("xl/_rels/workbook.xml.rels", relation)
        self._elements("xl/workbook.xml", element)
        found = [
            Sheet(name, _part(targets[rid]), hidden)
            for name, rid, hidden in sheets
            if "worksheets/" in targets.get(rid, "")
        ]
        if not found:
            raise _broken(self._name, "it has no worksheet")
        return found, epoch_1904

    def _styles(self) -> list[str]:
        """Number format by style index."""
        custom: dict[int, str] = {}
        formats: list[str] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt":
                custom[int(attributes["numFmtId"])] = attributes.get("formatCode", "General")
            elif tag == "cellXfs":
                inside = True
            elif tag == "cellStyles":
                inside = False
            elif tag == "xf" and inside:
                number = int(attributes.get("numFmtId", 0))
                formats.append(custom.get(number) or built_in_format(number))

        if "xl/styles.xml" in self._zip.namelist():
            self._elements("xl/styles.xml", start)
        return formats or ["General"]

    def _strings(self) -> list[str]:
        names = {name.lower(): name for name in self._zip.namelist()}
        part = names.get("xl/sharedstrings.xml")
        if part is None:
            return []
        reader = _StringsReader()
        return list(self._parsed(part, reader))

    def _elements(self, part: str, start: Start) -> None:
        reader = _Elements(start)
        for _ in self._parsed(part, reader):
            pass

    def _parsed(self, part: str, reader: _Reader[T]) -> Iterator[T]:
        """Feed a part of the file through expat; yield what the reader makes of it."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        unpacked = 0
        try:
            with self._zip.open(part) as file:
                while block := file.read(_BLOCK):
                    unpacked += len(block)
                    if unpacked > _MOST_UNPACKED:
                        raise SourceError(f"{self._name}: unpacks without end", code="SOURCE_BOMB")
                    parser.Parse(block)
                    if reader.made:
                        yield from reader.made
                        reader.made.clear()
                parser.Parse(b"", True)  # noqa: FBT003 - expat's own signature
                yield from reader.made
        except KeyError:
            raise _broken(self._name, f"{part} is missing") from None
        except (expat.ExpatError, zipfile.BadZipFile, EOFError, OSError, ValueError) as exc:
            raise _broken(self._name, f"{part}: {exc}") from None

    def _refuse_doctype(self, *_: object) -> None:
        raise SourceError(
            f"{self._name}: declares XML entities, which no spreadsheet program writes; refused",
            code="SOURCE_HOSTILE",
        )


class _LocalNames(dict[str, str]):
    """Element with its namespace -> its name alone; a workbook has a few, each a million times."""

    def __missing__(self, tag: str) -> str:
        if len(self) > 1000:  # a file with that many is not meant well
            self.clear()
        local = self[tag] = tag.rsplit(" ", 1)[-1]
        return local


_LOCAL = _LocalNames()
_POSITIONS: dict[str, int] = {}  # letters of a column -> its position


class _Reader(Generic[T]):
    """What expat calls; finished things gather in ``made``."""

    def __init__(self) -> None:
        self.made: list[T] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text inside an element."""


class _Elements(_Reader[None]):
    def __init__(self, start: Start) -> None:
        super().__init__()
        self._start = start

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = {key.rsplit(" ", 1)[-1]: value for key, value in attributes.items()}
        self._start(tag.rsplit(" ", 1)[-1], local)


class _StringsReader(_Reader[str]):
    """Shared strings; runs of rich text are joined, phonetic guides left out."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._in_text = False
        self._phonetic = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "si":
            self._parts = []
        elif local == "rPh":
            self._phonetic += 1
        elif local == "t":
            self._in_text = not self._phonetic

    def end(self, tag: str) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "t":
            self._in_text = False
        elif local == "rPh":
            self._phonetic -= 1
        elif local == "si":
            self.made.append(_unescaped("".join(self._parts)))

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)


class _SheetReader(_Reader[Line]):
    """Cells of a worksheet."""

    def __init__(self, strings: list[str], formats: list[str], *, epoch_1904: bool) -> None:
        super().__init__()
        self._strings = strings
        self._formats = formats
        self._epoch_1904 = epoch_1904
        self._number = 0
        self._cells: list[str] = []
        self._problems: list[tuple[int, Problem]] = []
        self._at = 0
        self._type = "n"
        self._style = 0
        self._value: list[str] = []
        self._in_value = False
        self._has_value = False
        self._has_formula = False
        self._phonetic = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _LOCAL[tag]
        if local == "c":
            self._at = self._position(attributes.get("r"))
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", 0))
            self._value = []
            self._has_value = self._has_formula = False
        elif local == "v" or (local == "t" and not self._phonetic):
            self._in_value = self._has_value = True
        elif local == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells = []
            self._problems = []
            self._at = -1
        elif local == "f":
            self._has_formula = True
        elif local == "rPh":
            self._phonetic += 1

    def end(self, tag: str) -> None:
        local = _LOCAL[tag]
        if local in ("v", "t"):
            self._in_value = False
        elif local == "c":
            self._end_cell()
        elif local == "row":
            if self._cells:
                self.made.append(Line(self._number, self._cells, tuple(self._problems)))
        elif local == "rPh":
            self._phonetic -= 1

    def text(self, text: str) -> None:
        if self._in_value:
            self._value.append(text)

    def _position(self, reference: str | None) -> int:
        letters = (reference or "").rstrip("0123456789")
        known = _POSITIONS.get(letters)
        if known is not None:
            return known
        match = _REFERENCE.fullmatch(reference or "")
        if match is None:
            return self._at + 1
        position = 0
        for letter in match[1]:
            position = position * 26 + ord(letter) - ord("A") + 1
        _POSITIONS[letters] = position - 1
        return position - 1

    def _end_cell(self) -> None:
        if not self._has_value and not self._has_formula:
            return  # only a style: a stray formatted cell costs nothing
        at = self._at
        if at >= MOST_COLUMNS:
            return
        text = self._cell_text()
        if not text:
            return
        if len(self._cells) <= at:
            self._cells.extend([""] * (at + 1 - len(self._cells)))
        self._cells[at] = text
        if len(text) > LONGEST_CELL:
            self._problem("CELL_TOO_LONG", f"{len(text):,} characters", text[:40])

    def _cell_text(self) -> str:
        raw = "".join(self._value)
        kind = self._type
        if kind == "s":
            with suppress(ValueError, IndexError):
                return self._strings[int(raw)]
            return self._problem("CELL_BROKEN", "a text that the workbook does not hold", raw)
        if kind == "e":
            return self._problem(
                "CELL_ERROR",
                f"the cell shows the error {raw}; correct the formula or clear the cell",
                raw,
            )
        if self._has_formula and not raw and kind != "str":
            return self._problem(
                "FORMULA_NOT_CALCULATED",
                "a formula without a stored result; open the workbook in a spreadsheet program and "
                "save it, or replace formulas by values",
                "",
            )
        if kind in ("str", "inlineStr"):
            return _unescaped(raw)
        if kind == "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        if kind == "d":
            return raw.replace("T", " ").removesuffix(" 00:00:00")
        return self._number_text(raw.strip()) if raw.strip() else ""

    def _number_text(self, raw: str) -> str:
        code = self._formats[self._style] if self._style < len(self._formats) else "General"
        try:
            text = shown(raw, code, epoch_1904=self._epoch_1904)
        except (ValueError, OverflowError):
            return self._problem("CELL_BROKEN", f"{raw!r} is not a number or date", raw)
        if is_rounded(text):
            self._problem(
                "NUMBER_ROUNDED",
                f"{text} has {len(text)} digits; spreadsheets keep 15 of a number, the rest is "
                "lost; format the column as text and enter it again",
                text,
            )
        elif "." in raw and len(raw.split(".")[0]) == 10 and len(raw.replace(".", "")) >= 15:
            self._problem(
                "LIST_ID_DAMAGED",
                f"{text} looks like a list id that was turned into a number and lost digits; enter "
                "it again as text",
                text,
                severity=Severity.WARNING,
            )
        return text

    def _problem(
        self, code: str, message: str, value: str, *, severity: Severity = Severity.ERROR
    ) -> str:
        """Note a problem of the current cell; return what the cell shows."""
        at = self._at
        if len(self._cells) <= at:
            self._cells.extend([""] * (at + 1 - len(self._cells)))
        problem = Problem(code, message, value=value, severity=severity)
        self._problems.append((at, problem))
        return value


def _part(target: str) -> str:
    """Path inside the archive of a relationship's target."""
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _unescaped(text: str) -> str:
    """Undo ``_x000D_``: how control characters and line ends are written."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _broken(name: str, why: str) -> SourceError:
    return SourceError(
        f"{name}: not a readable workbook ({why}); open it in a spreadsheet program and save it "
        "again",
        code="SOURCE_BROKEN",
    )

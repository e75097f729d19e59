"""The cells of a worksheet -> lines of texts, each cell as the person sees it.

Expat calls ``SheetReader`` for every tag, which is exact but slow. Rows in the usual notation are taken
out before expat sees them, by one regular expression that has to match the whole row; from there on
their cells are treated in the same way.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from bulk_import.errors import Message
from bulk_import.models import Problem, Severity
from bulk_import.sources.formats import decorates_text, shown_text
from bulk_import.sources.numbers import DIGITS_KEPT, is_rounded, iso_text, rounded, shown
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.xlsx.parts import Feed, Reader, references_resolved
from bulk_import.sources.xlsx.rows import (
    MOST_KEPT,
    POSITIONS,
    ROW,
    Layouts,
    PlainRow,
    type_and_style,
)
from bulk_import.sources.xlsx.strings import SharedStrings, unescaped

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_DIGITS = re.compile(r"[0-9]{1,7}")
_HIDDEN = re.compile(r"\bhidden=[\"'](?:1|true)[\"']")
_ROW = re.compile(ROW)


class _LocalNames(dict[str, str]):
    """Element with its namespace -> its name alone; a workbook has a few, each a million times."""

    def __missing__(self, tag: str) -> str:
        if len(self) > MOST_KEPT:
            self.clear()
        local = self[tag] = tag.rsplit(" ", 1)[-1]
        return local


_LOCAL = _LocalNames()


class SheetReader(Reader[Line]):
    """Reads the lines of a worksheet that have cells."""

    opening = b"<sheetData>"
    closing = b"</row>"

    def __init__(self, strings: SharedStrings, formats: list[str], *, epoch_1904: bool) -> None:
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
        self._inline: list[str] = []
        self._into: list[str] | None = None  # what the text of the current element belongs to
        self._has_value = False
        self._has_formula = False
        self._phonetic = 0
        self._row_tags: set[str] = set()
        self._decorated = frozenset(
            style for style, code in enumerate(formats) if decorates_text(code)
        )
        self._layouts = Layouts(self._decorated)
        self._is_hidden = False

    # -- every tag, by expat ------------------------------------------------------------------------

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _LOCAL[tag]
        if local == "c":
            self._at = self._position(attributes.get("r"))
            self._type, self._style = type_and_style(attributes)
            self._value, self._inline = [], []
            self._has_value = self._has_formula = False
        elif local == "v":
            self._into, self._has_value = self._value, True
        elif local == "t" and not self._phonetic:
            self._into, self._has_value = self._inline, True
        elif local == "row":
            self.is_open += 1
            number = attributes.get("r", "")
            self._number = int(number) if _DIGITS.fullmatch(number) else self._number + 1
            self._is_hidden = attributes.get("hidden") in ("1", "true")
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
            self._into = None
        elif local == "c":
            # Only a style: a stray formatted cell costs nothing.
            if self._has_value or self._has_formula:
                # A text in place wins over a value beside it, as in spreadsheet programs.
                is_inline = self._inline and (self._type == "inlineStr" or not self._value)
                raw = "".join(self._inline if is_inline else self._value)
                self._add(self._at, self._type, self._style, raw, self._has_formula)
        elif local == "row":
            self.is_open -= 1
            self._end_row()
        elif local == "rPh":
            self._phonetic -= 1

    def text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)

    def _position(self, reference: str | None) -> int:
        known = POSITIONS.get((reference or "").rstrip("0123456789"))
        if known is not None:
            return known
        match = _REFERENCE.fullmatch((reference or "").upper().replace("$", ""))
        return self._at + 1 if match is None else POSITIONS[match[1]]

    # -- plain rows, without it ---------------------------------------------------------------------

    def take(self, stretch: str, feed: Feed) -> None:
        """Take out rows whose every cell is plain."""
        for row in stretch.split("</row>")[:-1]:
            if self.is_open or not self._took(row):
                self._feed_row(row, feed)

    def _feed_row(self, row: str, feed: Feed) -> None:
        feed(f"{row}</row>")
        tag = _ROW.match(row)
        # What expat accepted once, it accepts again, as long as the surroundings are the same.
        if tag is None or len(self._row_tags) > MOST_KEPT:
            self._row_tags.clear()
        else:
            self._row_tags.add(tag[2])

    def _took(self, row: str) -> bool:
        plain = self._layouts.read(row)
        if plain is None or (plain.attributes and plain.attributes not in self._row_tags):
            return False
        self._number = int(plain.number) if plain.number else self._number + 1
        self._is_hidden = _says_hidden(plain.attributes)
        self._problems = []
        texts = self._texts(plain.values) if plain.layout.is_text else None
        if texts is None:
            self._cells = []
            self._add_all(plain)
        else:
            self._cells = texts
        self._end_row()
        return True

    def _texts(self, values: list[str | None]) -> list[str] | None:
        """Shared texts side by side; ``None`` if one is missing, empty, or may be too long."""
        if None in values or self._strings.may_be_too_long:
            return None
        try:
            texts = self._strings.texts(values)  # type: ignore[arg-type]
        except (ValueError, IndexError):
            return None
        return None if "" in texts else texts

    def _add_all(self, row: PlainRow) -> None:
        for (at, kind, style), raw, formula in zip_longest(
            row.layout.cells, row.values, row.formulas
        ):
            if raw is not None:
                self._add(at, kind, style, references_resolved(raw), formula is not None)
            elif formula is not None:
                self._add(at, kind, style, "", True)  # noqa: FBT003 - per cell: names cost

    # -- what a cell shows --------------------------------------------------------------------------

    def _end_row(self) -> None:
        if self._cells:
            self.made.append(
                Line(self._number, self._cells, tuple(self._problems), self._is_hidden)
            )

    def _add(self, at: int, kind: str, style: int, raw: str, has_formula: bool) -> None:  # noqa: FBT001 - per cell: names cost
        self._at = at
        if at >= MOST_COLUMNS:
            return
        text = self._cell_text(kind, style, raw, has_formula)
        if not text:
            return
        cells = self._cells
        if len(cells) == at:
            cells.append(text)
        else:
            self._widen(at)
            cells[at] = text
        if len(text) > LONGEST_CELL:
            self._problem("CELL_TOO_LONG", f"{len(text):,} characters", text[:40])

    def _widen(self, at: int) -> None:
        if len(self._cells) <= at:
            self._cells.extend([""] * (at + 1 - len(self._cells)))

    def _cell_text(self, kind: str, style: int, raw: str, has_formula: bool) -> str:  # noqa: FBT001 - per cell: names cost
        if kind == "s":
            try:
                return self._text(self._strings.text(raw), style)
            except (ValueError, IndexError):
                return self._problem("CELL_BROKEN", "a text that the workbook does not hold", raw)
        if (
            kind == "n"
            and len(raw) <= DIGITS_KEPT
            and raw.isdigit()
            and raw.isascii()
            and self._format(style) == "General"
        ):
            return raw  # what is below would say the same, at length
        if kind == "e":
            return self._problem(
                "CELL_ERROR",
                Message(
                    "the cell shows the error {raw}; correct the formula or clear the cell", raw=raw
                ),
                raw,
            )
        if has_formula and not raw and kind != "str":
            return self._problem(
                "FORMULA_NOT_CALCULATED",
                "a formula without a stored result; open the workbook in a spreadsheet program and "
                "save it, or replace formulas by values",
                "",
            )
        if kind in ("str", "inlineStr"):
            return self._text(unescaped(raw), style)
        raw = raw.strip()
        if kind == "b":
            return "TRUE" if raw in ("1", "true") else "FALSE"
        if not raw:
            return ""
        return self._date_text(raw) if kind == "d" else self._number_text(raw, style)

    def _text(self, text: str, style: int) -> str:
        return shown_text(text, self._format(style)) if style in self._decorated else text

    def _date_text(self, raw: str) -> str:
        try:
            return iso_text(raw)
        except ValueError:
            return self._problem("CELL_BROKEN", Message("{raw!r} is not a date", raw=raw), raw)

    def _number_text(self, raw: str, style: int) -> str:
        try:
            text = shown(raw, self._format(style), epoch_1904=self._epoch_1904)
        except (ValueError, OverflowError):
            return self._problem(
                "CELL_BROKEN", Message("{raw!r} is not a number or date", raw=raw), raw
            )
        if is_rounded(raw):
            self._problem("NUMBER_ROUNDED", rounded(text), text)
        elif "." in raw and len(raw.split(".")[0]) == 10 and len(raw.replace(".", "")) >= 15:
            self._problem(
                "LIST_ID_DAMAGED",
                Message(
                    "{text} looks like a list id that was turned into a number and lost "
                    "digits; enter it again as text",
                    text=text,
                ),
                text,
                severity=Severity.WARNING,
            )
        return text

    def _format(self, style: int) -> str:
        return self._formats[style] if style < len(self._formats) else "General"

    def _problem(
        self, code: str, message: str, value: str, *, severity: Severity = Severity.ERROR
    ) -> str:
        """Note a problem of the current cell; return what the cell shows."""
        self._widen(self._at)
        problem = Problem(code, message, value=value, severity=severity)
        self._problems.append((self._at, problem))
        return value


def _says_hidden(attributes: str | None) -> bool:
    if not attributes or "hidden" not in attributes:
        return False
    return bool(_HIDDEN.search(attributes))

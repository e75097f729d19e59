"""XLS workbooks (BIFF) through xlrd, with number formats, each cell as a person sees it.

xlrd holds the workbook in memory and trusts its headers, so it runs in a child process (``apart``).
Workbooks that xlrd cannot read are read by calamine, without formats and with a warning.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bulk_import.errors import Message
from bulk_import.models import Problem
from bulk_import.sources.formats import shown_text
from bulk_import.sources.numbers import is_rounded, rounded, shown
from bulk_import.sources.table import MOST_COLUMNS, Line
from bulk_import.sources.text.encoding import encoding_of_texts

_UNICODE_SINCE = 80  # versions as xlrd counts them
_AS_BYTES = "latin-1"  # how xlrd reads texts of an unknown encoding: each byte becomes a character


class XlsWorkbook:
    """An XLS workbook, read whole.

    Args:
        encoding: Of the texts of Excel 5 and older, instead of what the file says.

    Attributes:
        sheets: (name, is hidden) of each worksheet.
        encoding: Detected from its texts if an old file does not name it; else ``""``.

    Raises:
        SourceError: The file does not name its encoding, and it cannot be detected.
        Exception: Whatever else xlrd raises; see ``apart``.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        import xlrd

        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
            self._book = xlrd.open_workbook(
                str(path), formatting_info=True, logfile=nowhere, encoding_override=encoding
            )
        says_nothing = self._book.biff_version < _UNICODE_SINCE and self._book.codepage is None
        self.encoding = self._found_encoding() if says_nothing and not encoding else ""
        self.sheets = [
            (self._decoded(sheet.name), sheet.visibility != 0) for sheet in self._book.sheets()
        ]
        self._formats = [
            self._book.format_map[xf.format_key].format_str for xf in self._book.xf_list
        ]
        self._epoch_1904 = bool(self._book.datemode)

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        sheet = self._book.sheet_by_index(at)
        for number in range(sheet.nrows):
            cells: list[str] = []
            problems: list[tuple[int, Problem]] = []
            for column in range(min(sheet.row_len(number), MOST_COLUMNS)):
                text, problem = self._text(sheet, number, column)
                cells.append(text)
                if problem is not None:
                    problems.append((column, problem))
            if any(cells):
                info = sheet.rowinfo_map.get(number)
                is_hidden = info is not None and bool(info.hidden)
                yield Line(number + 1, cells, tuple(problems), is_hidden)

    def _found_encoding(self) -> str:
        """The encoding that the texts show. Scripts write such files, in UTF-8 as well."""
        import xlrd

        raw = b"\n".join(
            str(cell.value).encode(_AS_BYTES)
            for sheet in self._book.sheets()
            for row in sheet.get_rows()
            for cell in row
            if cell.ctype == xlrd.XL_CELL_TEXT and not str(cell.value).isascii()
        )
        return encoding_of_texts(raw) if raw else ""

    def _decoded(self, text: str) -> str:
        return text.encode(_AS_BYTES).decode(self.encoding) if self.encoding else text

    def _text(self, sheet: Any, row: int, column: int) -> tuple[str, Problem | None]:
        import xlrd

        kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
        if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
            return "", None
        if kind == xlrd.XL_CELL_BOOLEAN:
            return ("TRUE" if value else "FALSE"), None
        if kind == xlrd.XL_CELL_ERROR:
            text = xlrd.error_text_from_code.get(value, "#ERROR")
            message = Message(
                "the cell shows the error {text}; correct the formula or clear the cell", text=text
            )
            return text, Problem("CELL_ERROR", message, value=text)
        code = self._format(sheet.cell_xf_index(row, column))
        if kind == xlrd.XL_CELL_TEXT:
            return shown_text(self._decoded(value), code), None
        raw = repr(value).removesuffix(".0")
        try:
            text = shown(raw, code, epoch_1904=self._epoch_1904)
        except (ValueError, OverflowError):
            return raw, Problem(
                "CELL_BROKEN", Message("{raw} is not a number or date", raw=raw), value=raw
            )
        if is_rounded(raw):
            return text, Problem("NUMBER_ROUNDED", rounded(text), value=text)
        return text, None

    def _format(self, style: int) -> str:
        return self._formats[style] if 0 <= style < len(self._formats) else "General"

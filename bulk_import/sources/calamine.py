"""XLS that xlrd cannot read, through python-calamine, which holds the whole sheet in memory.

It returns typed values without number formats: a postal code formatted as 00000 loses its zeros.
It runs in a child process (``apart``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from bulk_import.errors import Message
from bulk_import.models import Problem
from bulk_import.sources.numbers import (
    duration_text,
    is_rounded,
    moment_text,
    plain_number,
    rounded,
)
from bulk_import.sources.remnants import ERROR_VALUES
from bulk_import.sources.table import Line


class CalamineWorkbook:
    """A workbook.

    Attributes:
        sheets: (name, is hidden) of each.

    Raises:
        BaseException: Whatever the library raises, panics included.
    """

    def __init__(self, path: Path) -> None:
        import python_calamine

        self._book = python_calamine.CalamineWorkbook.from_path(str(path))
        visible = python_calamine.SheetVisibleEnum.Visible
        self.sheets = [
            (sheet.name, sheet.visible != visible) for sheet in self._book.sheets_metadata
        ]

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of a sheet that have cells, in order."""
        rows = self._book.get_sheet_by_index(at).to_python(skip_empty_area=False)
        for number, row in enumerate(rows, 1):
            cells: list[str] = []
            problems: list[tuple[int, Problem]] = []
            for column, value in enumerate(row):
                text, problem = _text(value)
                cells.append(text)
                if problem is not None:
                    problems.append((column, problem))
            if any(cells):
                yield Line(number, cells, tuple(problems))


def _text(value: object) -> tuple[str, Problem | None]:
    if isinstance(value, str):
        if value in ERROR_VALUES:
            message = Message(
                "the cell shows the error {value}; correct the formula or clear the cell",
                value=value,
            )
            return value, Problem("CELL_ERROR", message, value=value)
        return value, None
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, int | float):
        text = plain_number(Decimal(repr(value)))
        if is_rounded(text):
            return text, Problem("NUMBER_ROUNDED", rounded(text), value=text)
        return text, None
    if isinstance(value, datetime):
        return moment_text(value.replace(microsecond=0)), None
    if isinstance(value, date):
        return value.isoformat(), None
    if isinstance(value, time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return duration_text(seconds, with_seconds=False), None
    if isinstance(value, timedelta):
        return duration_text(value.total_seconds(), with_seconds=False), None
    return str(value), None

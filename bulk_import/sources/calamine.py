"""XLS, XLSB and ODS through python-calamine, which holds the whole sheet in memory.

These formats are old or rare, and at most 65,536 or some hundred thousand rows; calamine is the one
library that reads all three without a macro of surprises. It gives typed values and no number
formats: a postal code formatted as 00000 comes without its zeros (the damage detector says so).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bulk_import.errors import SourceError
from bulk_import.models import Problem
from bulk_import.sources.numbers import is_rounded, plain_number, rounded
from bulk_import.sources.table import Line

_BLOCK = 1 << 20


def sheets_of(path: Path, name: str) -> tuple[Any, list[str]]:
    """Open a workbook: (workbook, names of its visible sheets, else of all).

    Raises:
        SourceError: It cannot be read as it is, or is protected by a password.
    """
    import python_calamine

    _refuse_tabs(path, name)
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        return workbook, visible or list(workbook.sheet_names)
    except python_calamine.PasswordError:
        raise SourceError(
            f"{name}: protected by a password; save it without", code="SOURCE_ENCRYPTED"
        ) from None
    except Exception as exc:  # noqa: BLE001 - the library has no common base for its errors
        raise SourceError(
            f"{name}: not a readable workbook ({exc}); open it in a spreadsheet program and save it "
            "again",
            code="SOURCE_BROKEN",
        ) from None


def _refuse_tabs(path: Path, name: str) -> None:
    """An ODS file writes a tab in a cell as an element, which the library drops: ``a<tab>b`` -> ``ab``."""
    if not zipfile.is_zipfile(path):
        return
    has_tabs = False
    with suppress(KeyError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        tail = b""
        with archive.open("content.xml") as file:
            while not has_tabs and (block := file.read(_BLOCK)):
                has_tabs = b"<text:tab" in tail + block
                tail = block[-16:]
    if has_tabs:
        raise SourceError(
            f"{name}: there are tabs inside of cells, which cannot be read from this format; save "
            "it as XLSX",
            code="SOURCE_TABS",
        )


def lines(workbook: Any, sheet: str, name: str) -> Iterator[Line]:
    """Yield the lines of a sheet."""
    try:
        table = workbook.get_sheet_by_name(sheet)
        rows = table.to_python(skip_empty_area=False)
    except BaseException as exc:
        if isinstance(exc, KeyboardInterrupt | SystemExit):
            raise
        # A stray cell in the last column makes the library panic, past `Exception`.
        raise SourceError(
            f"{name}: sheet {sheet!r} cannot be read ({exc}); save it as XLSX or CSV",
            code="SOURCE_BROKEN",
        ) from None
    for number, row in enumerate(rows, 1):
        cells: list[str] = []
        problems: list[tuple[int, Problem]] = []
        for at, value in enumerate(row):
            text, problem = _text(value)
            cells.append(text)
            if problem is not None:
                problems.append((at, problem))
        if any(cells):
            yield Line(number, cells, tuple(problems))


def _text(value: object) -> tuple[str, Problem | None]:
    if isinstance(value, str):
        if value.startswith("#") and value.rstrip("!?/0AN") in (
            "#",
            "#REF",
            "#DIV",
            "#VALUE",
            "#NAME",
            "#NUM",
            "#NULL",
        ):
            return value, Problem(
                "CELL_ERROR",
                f"the cell shows the error {value}; correct the formula or clear the cell",
                value=value,
            )
        return value, None
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, int | float):
        text = plain_number(Decimal(repr(value)))
        if is_rounded(text):
            return text, Problem("NUMBER_ROUNDED", rounded(text), value=text)
        return text, None
    if isinstance(value, datetime):
        has_time = value.time() != time()
        return value.isoformat(" ", "minutes") if has_time else value.date().isoformat(), None
    if isinstance(value, date | time):
        return value.isoformat(), None
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}", None
    return str(value), None

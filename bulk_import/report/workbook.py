"""Rejects as a workbook: the user's own columns, widths and styles, bad cells coloured and commented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import chain, islice
from pathlib import Path
from typing import Any

from bulk_import.models import SourceInfo
from bulk_import.system.files import replaced

# Styles and comments cost memory for each cell; above that the file is written as a stream.
MOST_STYLED = 5_000
_LARGEST_SOURCE = (
    2 << 20
)  # bytes; the styles come from the file itself, which is loaded whole for them
_MOST_ROWS = 1_048_576
_LONGEST_TITLE = 31
_NOT_IN_TITLES = re.compile(r"[\\/*?:\[\]\x00-\x1f]")
_BAD = "FFFFC7CE"  # the light red of spreadsheet programs for bad cells
_REASON_WIDTH = 60

# (row in the source, texts of the cells with the added columns at the end, position of each bad
# cell -> what is wrong with it)
Reject = tuple[int, Sequence[str], Mapping[int, str]]


def write_workbook(
    path: Path, info: SourceInfo, header: Sequence[str], rejects: Iterator[Reject]
) -> None:
    """Write the rejects of one source.

    Raises:
        StorageError: It cannot be written.
    """
    first = list(islice(rejects, MOST_STYLED + 1))
    if len(first) > MOST_STYLED:
        _write_stream(path, info, header, chain(first, rejects))
    else:
        _write_styled(path, info, header, first)


def _write_stream(
    path: Path, info: SourceInfo, header: Sequence[str], rejects: Iterator[Reject]
) -> None:
    """Write every cell as text: digits stay unchanged, and no text runs as a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(_title(info))
    lines = chain([header], (texts for _, texts, _ in rejects))
    for line in islice(lines, _MOST_ROWS):
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, _writable(text))
            _as_text(cell)
            cells.append(cell)
        sheet.append(cells)
    with replaced(path) as file:
        workbook.save(file)


def _write_styled(
    path: Path, info: SourceInfo, header: Sequence[str], rejects: Sequence[Reject]
) -> None:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.title = _title(info)
    original = _original(info)
    bad = PatternFill("solid", fgColor=_BAD)
    reason = len(header)  # the last column
    for at, (number, texts, marked) in enumerate([(info.header_row, header, {}), *rejects], 1):
        for position, text in enumerate(texts, 1):
            cell = sheet.cell(at, position, _writable(text))
            if original is not None and position <= reason - 2:
                _copy_style(original.cell(number, position), cell)
            elif at == 1:
                cell.font = Font(bold=True)
            _as_text(cell)
        for position, wrong in marked.items():
            cell = sheet.cell(at, position + 1)
            cell.fill = bad
            comment = Comment(_writable(wrong)[:1000], "bulk_import")
            comment.width, comment.height = 360, 120
            cell.comment = comment
    for position in range(1, reason - 1):
        letter = get_column_letter(position)
        if original is not None and letter in original.column_dimensions:
            sheet.column_dimensions[letter].width = original.column_dimensions[letter].width
    sheet.column_dimensions[get_column_letter(reason)].width = _REASON_WIDTH
    sheet.freeze_panes = "A2"
    with replaced(path) as file:
        workbook.save(file)


def _original(info: SourceInfo) -> Any:
    """The user's own sheet, if it can still be had as it was read; only its looks are taken."""
    from openpyxl import load_workbook

    path = Path(info.name)
    try:
        if info.kind != "xlsx" or path.stat().st_size > _LARGEST_SOURCE:
            return None
        return load_workbook(path)[info.sheet]
    except Exception:  # noqa: BLE001 - packed, moved, or odd in any way: looks are not worth an error
        return None


def _copy_style(source: Any, target: Any) -> None:
    if source.has_style:
        target.font = copy(source.font)
        target.fill = copy(source.fill)
        target.border = copy(source.border)
        target.alignment = copy(source.alignment)


def _as_text(cell: Any) -> None:
    if cell.value is not None:
        cell.data_type = "s"
    cell.number_format = "@"


def _title(info: SourceInfo) -> str:
    """Return the sheet's name, as far as a workbook can have it: other formats allow more."""
    name = _NOT_IN_TITLES.sub("-", info.sheet)[:_LONGEST_TITLE].strip().strip("'")
    return name if name and name.casefold() != "history" else "Rejects"


def _writable(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub("", text)

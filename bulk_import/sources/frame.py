"""A pandas DataFrame as a source: the same Row stream, the same fidelity."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bulk_import.models import Row, SourceInfo

if TYPE_CHECKING:
    import pandas

_FIRST_ROW = 2  # the header would be row 1 of a spreadsheet


def frame_rows(frame: pandas.DataFrame, name: str) -> tuple[SourceInfo, Iterator[Row]]:
    """Return what a journal remembers of *frame*, and its rows.

    Args:
        frame: Any; missing values (``None``, ``NaN``, ``NaT``, ``NA``) are empty cells.
        name: What reports call it.
    """
    header = tuple(str(column) for column in frame.columns)
    digest = hashlib.sha256()
    digest.update("\0".join(header).encode())
    for cells in _lines(frame):
        digest.update("\0".join(cells).encode("utf-8", "surrogatepass"))
    info = SourceInfo(
        name=name, kind="frame", header=header, labels=header, sha256=digest.hexdigest()
    )
    rows = (
        Row(name, "", number, dict(zip(header, cells, strict=True)))
        for number, cells in enumerate(_lines(frame), _FIRST_ROW)
        if any(cell.strip() for cell in cells)
    )
    return info, rows


def _lines(frame: pandas.DataFrame) -> Iterator[list[str]]:
    for values in frame.itertuples(index=False, name=None):
        yield [_text(value) for value in values]


def _text(value: object) -> str:
    import pandas as pd

    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, pd.Timestamp):
        if value == value.normalize():
            return value.strftime("%Y-%m-%d")
        is_minute = value == value.floor("min")
        return value.isoformat(" ", "minutes" if is_minute else "auto")
    return str(value)

"""``rejects.*``: the rows that did not make it, in the user's own columns, order and format.

Two columns are added, ``_status`` and ``_reason``; nothing else changes, so the file can be corrected
and fed straight back. CSV comes back as CSV in its own encoding and dialect, any workbook as XLSX.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from bulk_import.models import Outcome, Row, SourceInfo, Status
from bulk_import.report.safety import safe_cell
from bulk_import.report.workbook import Reject, write_workbook
from bulk_import.system.files import replaced

REJECTED = (Status.INVALID, Status.FAILED, Status.UNKNOWN)
ADDED = ("_status", "_reason")

_NAME = re.compile(r"rejects(_\d+)?\.(csv|xlsx)")

Rejected = tuple[int, Row, Outcome]


def is_rejects(name: str) -> bool:
    """Whether a report may write a file of that name."""
    return _NAME.fullmatch(name) is not None


def write_rejects(
    folder: Path, sources: dict[int, SourceInfo], rejected: Iterable[Rejected]
) -> list[Path]:
    """Write one file per source that has rejected rows; remove files of an earlier report.

    Args:
        rejected: (source number, row, outcome) in source order.

    Returns:
        The files written: ``rejects.csv`` or ``rejects.xlsx``, numbered when there are several.

    Raises:
        StorageError: They cannot be written.
    """
    written = []
    several = len(sources) > 1
    for number, rows in groupby(rejected, key=lambda item: item[0]):
        info = sources[number]
        suffix = ".csv" if info.kind in ("csv", "frame") else ".xlsx"
        path = folder / (f"rejects_{number}{suffix}" if several else f"rejects{suffix}")
        write = _write_csv if suffix == ".csv" else _write_xlsx
        write(path, info, ((row, outcome) for _, row, outcome in rows))
        written.append(path)
    # Only now: a kill meanwhile leaves the old files or the new ones, not none.
    for old in folder.glob("rejects*"):
        if is_rejects(old.name) and old not in written:
            old.unlink()
    return written


def _lines(info: SourceInfo, rows: Iterable[tuple[Row, Outcome]]) -> Iterator[list[str]]:
    """Header and rows as they go back to the user; columns that we added before are replaced."""
    kept = _kept(info)
    yield [info.labels[at] for at in kept] + list(ADDED)
    for row, outcome in rows:
        cells = list(row.cells.values())
        yield [cells[at] for at in kept] + [outcome.status, outcome.message]


def _kept(info: SourceInfo) -> list[int]:
    """Positions of the user's own columns."""
    return [at for at, label in enumerate(info.labels) if label not in ADDED]


def _write_csv(path: Path, info: SourceInfo, rows: Iterable[tuple[Row, Outcome]]) -> None:
    dialect = info.dialect
    encoding = info.encoding or "utf-8-sig"
    if encoding == "utf-8":
        encoding = "utf-8-sig"  # Excel takes UTF-8 for something else without the mark
    with replaced(path) as file:
        # Our reasons may have letters that an old encoding lacks; the user's own cells never do.
        text = io.TextIOWrapper(file, encoding=encoding, newline="", errors="replace")
        writer = csv.writer(
            text,
            delimiter=dialect.get("delimiter", ","),
            quotechar=dialect.get("quotechar", '"'),
            escapechar=dialect.get("escapechar") or None,
            doublequote=not dialect.get("escapechar"),
            lineterminator=dialect.get("lineterminator", "\r\n"),
            quoting=csv.QUOTE_MINIMAL,
        )
        if dialect.get("sep_line"):
            text.write(f"sep={dialect['delimiter']}{dialect['lineterminator']}")
        for line in _lines(info, rows):
            writer.writerow([safe_cell(cell) for cell in line])
        text.flush()
        text.detach()


def _marked(outcome: Outcome, header: Sequence[str]) -> dict[int, str]:
    """Position of each bad cell -> what is wrong with it."""
    found: dict[str, list[str]] = {}
    for problem in outcome.reasons:
        found.setdefault(problem.column, []).append(problem.message)
    return {at: "; ".join(found[name]) for at, name in enumerate(header) if name in found}


def _write_xlsx(path: Path, info: SourceInfo, rows: Iterable[tuple[Row, Outcome]]) -> None:
    kept = _kept(info)

    def rejects() -> Iterator[Reject]:
        for row, outcome in rows:
            cells = list(row.cells.values())
            texts = [*(cells[at] for at in kept), outcome.status.value, safe_cell(outcome.message)]
            yield row.number, texts, _marked(outcome, [info.header[at] for at in kept])

    header = [info.labels[at] for at in kept] + list(ADDED)
    write_workbook(path, info, header, rejects())

"""``rejects.*``: the rows that did not make it, in the user's own columns, order and format.

Three columns come first, ``_row``, ``_status`` and ``_reason``; nothing else changes, so that the file
can be corrected and fed straight back. What was refused is refused again until somebody corrects it:
error cells stay errors, ragged rows stay ragged. CSV comes back as CSV in its own encoding and
dialect, any workbook as XLSX.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from bulk_import.models import Outcome, Problem, Row, SourceInfo, Status
from bulk_import.report.safety import safe_cell
from bulk_import.report.workbook import MOST_COMMENTS, Reject, write_workbook
from bulk_import.system.files import replaced

REJECTED = (Status.INVALID, Status.FAILED, Status.UNKNOWN)
ADDED = ("_row", "_sheet", "_status", "_reason")
_TEXT_KINDS = frozenset({"csv", "frame", "json"})

_NAME = re.compile(r"rejects(_\d+)?(-\d+)?\.(csv|xlsx)")

Rejected = tuple[int, Row, Outcome]


def is_rejects(name: str) -> bool:
    """Whether a report may write a file of that name."""
    return _NAME.fullmatch(name) is not None


def numbered(name: str, number: int) -> str:
    """Return another name for a file of rejects: ``rejects.csv`` -> ``rejects-2.csv``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{number}{dot}{suffix}"


def write_rejects(
    folder: Path,
    sources: dict[int, SourceInfo],
    rejected: Iterable[Rejected],
    *,
    most_comments: int = MOST_COMMENTS,
) -> list[Path]:
    """Write one file per source that has rejected rows.

    Args:
        rejected: (source number, row, outcome) in source order.
        most_comments: Bad cells of a workbook that get a comment.

    Returns:
        The files written: ``rejects.csv`` or ``rejects.xlsx``, numbered when there are several.

    Raises:
        StorageError: They cannot be written.
    """
    written = []
    several = len(sources) > 1
    for number, rows in groupby(rejected, key=lambda item: item[0]):
        info = sources[number]
        suffix = ".csv" if info.kind in _TEXT_KINDS else ".xlsx"
        path = folder / (f"rejects_{number}{suffix}" if several else f"rejects{suffix}")
        of_source = ((row, outcome) for _, row, outcome in rows)
        if suffix == ".csv":
            _write_csv(path, info, of_source)
        else:
            _write_xlsx(path, info, of_source, most_comments)
        written.append(path)
    return written


def _added(info: SourceInfo) -> list[str]:
    """The columns in front: the sheet only where rows of several are together."""
    is_joined = info.kind not in _TEXT_KINDS and not info.sheet
    return [name for name in ADDED if name != "_sheet" or is_joined]


def _facts(row: Row, outcome: Outcome, added: Sequence[str]) -> list[str]:
    """The cells in front of a row."""
    known = {
        "_row": str(row.number),
        "_sheet": row.sheet,
        "_status": outcome.status.value,
        "_reason": outcome.message,
    }
    return [known[name] for name in added]


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


def _lines(info: SourceInfo, rows: Iterable[tuple[Row, Outcome]]) -> Iterator[list[str]]:
    """Header and rows as they go back to the user; columns that we added before are replaced."""
    kept, added = _kept(info), _added(info)
    yield [*added, *(info.labels[at] for at in kept)]
    for row, outcome in rows:
        cells = list(row.cells.values())
        yield [*_facts(row, outcome, added), *_as_ragged([cells[at] for at in kept], row)]


def _as_ragged(cells: list[str], row: Row) -> list[str]:
    """A row that was too short or too long for its header is written as it was."""
    ragged = next((problem for problem in row.problems if problem.code == "ROW_RAGGED"), None)
    if ragged is None:
        return cells
    if ragged.value.startswith("["):
        return cells + [str(cell) for cell in json.loads(ragged.value)]
    missing = int(ragged.value) if ragged.value.isdigit() else 1
    return cells[: len(cells) - missing]


def _write_xlsx(
    path: Path, info: SourceInfo, rows: Iterable[tuple[Row, Outcome]], most_comments: int
) -> None:
    kept, added = _kept(info), _added(info)
    names = [info.header[at] for at in kept]

    def rejects() -> Iterator[Reject]:
        for row, outcome in rows:
            cells = list(row.cells.values())
            yield Reject(
                sheet=row.sheet,
                row=row.number,
                facts=_facts(row, outcome, added),
                texts=[cells[at] for at in kept],
                reasons=_by_column(outcome.reasons, names),
                damaged=_by_code(row.problems, names),
                codes=tuple(dict.fromkeys(problem.code for problem in outcome.reasons))
                or (outcome.error_code,),
            )

    write_workbook(path, info, added, kept, rejects(), most_comments=most_comments)


def _by_column(reasons: Iterable[Problem], header: Sequence[str]) -> dict[int, str]:
    """Position of each bad cell -> what is wrong with it."""
    found: dict[str, list[str]] = {}
    for problem in reasons:
        found.setdefault(problem.column, []).append(problem.message)
    return {
        at: "; ".join(dict.fromkeys(found[name])) for at, name in enumerate(header) if name in found
    }


def _by_code(problems: Iterable[Problem], header: Sequence[str]) -> dict[int, str]:
    """Position of each cell that reading refused -> the code."""
    places = {name: at for at, name in enumerate(header)}
    return {
        places[problem.column]: problem.code
        for problem in problems
        if problem.is_error and problem.column in places
    }

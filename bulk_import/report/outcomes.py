"""``report.csv``: one line per source row, in source order, exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from bulk_import.models import Outcome, in_words
from bulk_import.report.safety import safe_cell
from bulk_import.system.files import replaced

COLUMNS = (
    "source",
    "sheet",
    "row",
    "contact",
    "status",
    "error_code",
    "message",
    "warnings",
    "attempts",
    "http_status",
    "finished_at",
    "elapsed_ms",
)


def write_report(path: Path, outcomes: Iterable[Outcome], *, safe: bool = False) -> None:
    """Write the report, streaming.

    Args:
        safe: Neutralize cells that a spreadsheet program would run (``--report-safe``).

    Raises:
        StorageError: It cannot be written.
    """
    with replaced(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        lines = map(_cells, outcomes)
        writer.writerows(
            ([safe_cell(str(cell)) for cell in line] for line in lines) if safe else lines
        )
        text.flush()
        text.detach()


def _cells(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.source,
        outcome.sheet,
        outcome.row,
        outcome.contact,
        outcome.status,
        outcome.error_code,
        outcome.message,
        in_words(outcome.warnings) if outcome.warnings else "",
        outcome.attempts,
        "" if outcome.http_status is None else outcome.http_status,
        outcome.finished_at,
        "" if outcome.elapsed_ms is None else outcome.elapsed_ms,
    )

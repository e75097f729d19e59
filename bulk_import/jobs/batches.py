"""Batches of rows from another program, each a run of its own that is named by what is in it.

Programs that move data repeat a batch when they do not know whether it arrived. A batch that comes
again finds its run: what was confirmed is not sent again, what is left is continued.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bulk_import.errors import SourceError
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.journal import Journal
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.models import Status, Summary
from bulk_import.progress import Progress
from bulk_import.run.folder import JOURNAL
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from bulk_import.system.addresses import account_name
from bulk_import.system.files import made_folder, replaced
from bulk_import.system.loop import run_blocking

_NAME_DIGITS = 24
_ROUNDS = 3  # in which rows without a trustworthy answer are sent again, where that is safe


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a batch.

    Attributes:
        is_settled: Nothing is gained by handing the batch over again: every row has ended, or what has
            not (rows without e-mail and without a trustworthy answer) is never sent twice.
    """

    summary: Summary
    is_settled: bool

    @property
    def unknown(self) -> int:
        """Rows that may or may not have arrived."""
        return self.summary.counts[Status.UNKNOWN]


def send_batch(
    rows: Sequence[Mapping[str, Any]],
    mapping: AnyMapping,
    settings: Settings,
    folder: str | Path,
    *,
    progress: Progress | None = None,
) -> Sent:
    """As ``send_batch_async``, for callers without an event loop."""
    return run_blocking(
        send_batch_async(rows, mapping, settings, folder, progress=progress), "send_batch_async"
    )


async def send_batch_async(
    rows: Sequence[Mapping[str, Any]],
    mapping: AnyMapping,
    settings: Settings,
    folder: str | Path,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Sent:
    """Send *rows*, or continue with them, if they were handed over before.

    Args:
        rows: Column -> value; at least one row.
        folder: The batches' runs are in it. Whoever removes it makes every batch new.

    Raises:
        BulkImportError: As ``import_file`` raises; the same batch may be handed over again.
    """
    settings, loaded = settings.ready_to_send(), load_mapping(mapping)
    text = _as_lines(rows)
    run_dir = made_folder(Path(folder), is_private=True) / _name(text, loaded, settings)
    settings = replace(settings, run_dir=run_dir)
    if (run_dir / JOURNAL).exists():
        with Journal.open(run_dir / JOURNAL) as journal:
            before = journal.count_requests()
        _write(run_dir, text)  # a run that was stopped while reading reads on
        summary = await resume_async(run_dir, settings, progress=progress, stop=stop)
    else:
        before = 0
        source = _write(run_dir, text)
        summary = await import_file_async(source, loaded, settings, progress=progress, stop=stop)
    for _ in range(_ROUNDS):
        if _is_open(summary) or not summary.counts.get(Status.UNKNOWN):
            break
        if summary.requests == before:  # what is unknown still is never sent twice
            return Sent(summary, is_settled=True)
        before = summary.requests
        summary = await resume_async(run_dir, settings, progress=progress, stop=stop)
    return Sent(summary, not _is_open(summary) and not summary.counts.get(Status.UNKNOWN))


def _is_open(summary: Summary) -> bool:
    return bool(summary.stop_code or summary.counts.get(Status.NOT_SENT))


def _write(run_dir: Path, text: bytes) -> Path:
    source = _source_of(run_dir)
    if not source.exists():
        with replaced(source) as file:
            file.write(text)
    return source


def _source_of(run_dir: Path) -> Path:
    return run_dir.with_name(f"{run_dir.name}.jsonl")


def _name(text: bytes, mapping: ColumnMapping, settings: Settings) -> str:
    """The name of a batch: other rows, another order, mapping or account make another one."""
    rules = json.dumps(mapping.fingerprint(), sort_keys=True).encode()
    digest = hashlib.sha256()
    for part in (account_name(settings.endpoint).encode(), rules, text):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:_NAME_DIGITS]


def _as_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    if not rows:
        raise SourceError("a batch without rows")
    lines = (json.dumps(_cells(row), ensure_ascii=False, default=_as_text) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _as_text(value: object) -> object:
    """Return what JSON has no word for as a spreadsheet would show it."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)  # a set's own order changes from one process to the next
    if isinstance(value, bytes) or type(value).__str__ is object.__str__:
        kind = type(value).__name__
        raise SourceError(f"a batch has a value of {kind}; contacts are texts and numbers")
    return str(value)

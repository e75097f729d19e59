"""Deletes old run folders: they hold people's data."""

from __future__ import annotations

import shutil
from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.run.folder import JOURNAL


def delete_old_runs(newest: Path, keep: int) -> list[Path]:
    """Delete finished runs beside *newest*, all but the *keep* newest ones; return those deleted.

    A run that is not finished, or whose journal cannot be read, is never deleted; a night that was
    cut off counts as finished once the next one has taken it over.
    """
    folders = sorted(
        (folder for folder in newest.resolve().parent.iterdir() if (folder / JOURNAL).is_file()),
        key=lambda folder: (folder / JOURNAL).stat().st_mtime,
        reverse=True,
    )
    gone = []
    for folder in folders[keep:]:
        if folder != newest.resolve() and _is_finished(folder):
            shutil.rmtree(folder)
            gone.append(folder)
    return gone


def _is_finished(folder: Path) -> bool:
    try:
        with Journal.open(folder / JOURNAL) as journal:
            facts = journal.facts()
            return bool(facts.get("finished") or facts.get("taken_over"))
    except BulkImportError:
        return False

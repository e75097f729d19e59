"""Deletes old run folders of a nightly job: they hold people's data."""

from __future__ import annotations

import shutil
from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.run.folder import JOURNAL


def delete_old_nights(newest: Path, state: Path, keep: int) -> list[Path]:
    """Delete finished nights of a job beside *newest*, all but the *keep* newest; return those.

    Runs of other jobs are never deleted: a migration's report, or a re-tag's plan, which is the only
    way to undo it. Neither is a night that still has something to send, nor one whose journal cannot
    be read; a night that was cut off counts as finished once the next one has taken it over.

    Args:
        state: The job's state file.
    """
    job = str(state.resolve())
    folders = sorted(
        (folder for folder in newest.resolve().parent.iterdir() if _is_night(folder, job)),
        key=lambda folder: (folder / JOURNAL).stat().st_mtime,
        reverse=True,
    )
    gone = []
    for folder in folders[keep:]:
        if folder != newest.resolve():
            shutil.rmtree(folder)
            gone.append(folder)
    return gone


def _is_night(folder: Path, job: str) -> bool:
    """Whether the folder holds a night of *job* that nobody needs any more to go on."""
    if not (folder / JOURNAL).is_file():
        return False
    try:
        with Journal.open(folder / JOURNAL) as journal:
            facts = journal.facts()
    except BulkImportError:
        return False
    is_over = bool(facts.get("finished") or facts.get("taken_over"))
    return is_over and facts.get("job") == "sync" and facts.get("state") == job

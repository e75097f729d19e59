"""The run folders of a nightly job: which one is the last, and which may go; they hold people's data."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.run.folder import JOURNAL
from bulk_import.system.addresses import account_name


def delete_old_nights(newest: Path, state: Path, keep: int) -> list[Path]:
    """Delete finished nights of a job beside *newest*, all but the *keep* newest; return those.

    Runs of other jobs are never deleted: a migration's report, or a re-tag's plan, which is the only
    way to undo it. Neither is a night that still has something to send, nor one whose journal cannot
    be read; a night that was cut off counts as finished once the next one has taken it over.

    Args:
        state: The job's state file.
    """
    job = str(state.resolve())
    folders = [folder for folder in _newest_first(newest) if _is_over(_facts_of_night(folder, job))]
    gone = []
    for folder in folders[keep:]:
        if folder != newest.resolve():
            shutil.rmtree(folder)
            gone.append(folder)
    return gone


def night_that_sent(run_dir: Path, state: Path, endpoint: str) -> Path | None:
    """Return the last night of a job beside *run_dir* of which rows were accepted.

    Args:
        state: The job's state file.
        endpoint: Of the account; empty for any.
    """
    job, account = str(state.resolve()), account_name(endpoint) if endpoint else ""
    for folder in _newest_first(run_dir):
        facts = _facts_of_night(folder, job)
        if not facts or folder == run_dir.resolve():
            continue
        if not account or account_name(facts.get("endpoint") or endpoint) == account:
            with suppress(BulkImportError), Journal.open(folder / JOURNAL) as journal:
                if journal.count_accepted():
                    return folder
    return None


def _newest_first(run_dir: Path) -> list[Path]:
    """The folders of runs beside *run_dir*."""
    parent = run_dir.resolve().parent
    found = [path.parent for path in parent.glob(f"*/{JOURNAL}") if path.is_file()]
    return sorted(found, key=lambda folder: (folder / JOURNAL).stat().st_mtime, reverse=True)


def _facts_of_night(folder: Path, job: str) -> Mapping[str, str]:
    """What the journal of a night of *job* says of it; empty for another run, or a damaged journal."""
    with suppress(BulkImportError), Journal.open(folder / JOURNAL) as journal:
        facts = journal.facts()
        if facts.get("job") == "sync" and facts.get("state") == job:
            return facts
    return {}


def _is_over(facts: Mapping[str, str]) -> bool:
    """Whether nobody needs the night any more to continue."""
    return bool(facts.get("finished") or facts.get("taken_over"))

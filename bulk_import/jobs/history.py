"""Earlier runs: list them, write their reports again, pack a bundle for support."""

from __future__ import annotations

from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.report.bundle import write_bundle
from bulk_import.run.folder import JOURNAL, LOCK
from bulk_import.run.reporting import summarize, write_reports
from bulk_import.system.crash import working_in
from bulk_import.system.locks import is_held


def rewrite_reports(run_dir: Path, *, safe: bool = False, redact: bool = False) -> Summary:
    """Write the reports of a run again from its journal; arguments as of ``run.reporting.write_reports``.

    Raises:
        SetupError: There is no journal.
        StorageError: They cannot be written.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        return write_reports(journal, run_dir, safe=safe, redact=redact)


def write_support_bundle(run_dir: Path, path: Path) -> int:
    """Write a support archive of a run without anybody's data; return the number of its rows.

    Raises:
        SetupError: There is no journal.
        StorageError: It cannot be written.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        mapping = journal.facts().get("mapping_text", "")
        return write_bundle(path, summarize(journal, run_dir), mapping, journal.results())


def state_of(summary: Summary) -> str:
    """Return how a run stands, in words: running, finished, stopped and why, cut off."""
    if is_held(Path(summary.run_dir) / LOCK):
        return "running"
    if summary.stopped:
        return f"stopped: {summary.stopped}"
    if not summary.finished_at:
        return f"cut off; `bulk-import resume {summary.run_dir}` continues it"
    return "rehearsal" if summary.dry_run else "finished"


def list_runs(folder: Path) -> list[Summary]:
    """Return the summaries of the runs in *folder*, oldest first."""
    found = []
    for journal_path in sorted(folder.glob(f"*/{JOURNAL}")):
        try:
            with Journal.open(journal_path) as journal:
                found.append(summarize(journal, journal_path.parent))
        except BulkImportError:
            continue
    return found

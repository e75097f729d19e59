"""Runs that are over, or stopped: the list of them, their reports again, a bundle for support."""

from __future__ import annotations

from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.report.bundle import write_bundle
from bulk_import.run.folder import JOURNAL
from bulk_import.run.reporting import summarize, write_reports

_ACCEPTED = frozenset({"0", "102"})  # codes of rows that the API took
_MOST = 20


def rewrite_reports(run_dir: Path, *, safe: bool = False, redact: bool = False) -> Summary:
    """Write the reports of a run again from its journal; arguments as of ``run.reporting.write_reports``.

    Raises:
        SetupError: There is no journal.
        StorageError: They cannot be written.
    """
    with Journal.open(run_dir / JOURNAL) as journal:
        return write_reports(journal, run_dir, safe=safe, redact=redact)


def write_support_bundle(run_dir: Path, path: Path) -> int:
    """Write a support archive of a run without anybody's data; return the number of its rows.

    Raises:
        SetupError: There is no journal.
        StorageError: It cannot be written.
    """
    with Journal.open(run_dir / JOURNAL) as journal:
        mapping = journal.facts().get("mapping_text", "")
        return write_bundle(path, summarize(journal, run_dir), mapping, journal.results())


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


class LiveCauses:
    """Why rows of a run that goes on did not make it, so far. For one thread at a time."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / JOURNAL
        self._journal: Journal | None = None

    def read(self) -> list[tuple[str, int]]:
        """Return (code, rows), the most frequent first; nothing while there is no journal.

        Raises:
            BulkImportError: It cannot be read at this moment.
        """
        if self._journal is None:
            if not self._path.is_file():
                return []
            self._journal = Journal.open(self._path)
        codes = self._journal.count_codes()
        return [(code, rows) for code, rows in codes.items() if code not in _ACCEPTED][:_MOST]

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

"""Earlier runs: list them, write their reports again, pack a bundle for support."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_import.errors import BulkImportError, Message
from bulk_import.jobs.state import State
from bulk_import.journal import Journal
from bulk_import.mapping.editing import without_comments
from bulk_import.models import Summary
from bulk_import.report.bundle import write_bundle
from bulk_import.report.digest import Digest
from bulk_import.run.changes import SetCounter
from bulk_import.run.folder import JOURNAL, LOCK
from bulk_import.run.places import written_before
from bulk_import.run.reporting import summarize, write_reports
from bulk_import.system.crash import working_in
from bulk_import.system.locks import is_held


@dataclass(frozen=True, slots=True)
class Report:
    """What the report of a run shows.

    Attributes:
        changes: For tags and lists, parameter -> name -> rows that were accepted with it.
        mapping: The text with which the run began.
        rejects: Names of the files with the rows that did not make it.
    """

    summary: Summary
    digest: Digest
    changes: Mapping[str, Mapping[str, int]]
    mapping: str
    rejects: tuple[str, ...] = ()


_ACCEPTED = frozenset({"0", "102"})  # codes of rows that the API took
_MOST = 20
_GOING_ON = "the run is going on: the reports are of this moment, it writes its own when it ends"
_STATES = frozenset({".sqlite3", ".sqlite", ".db", ".state"})
_MAGIC = b"SQLite format 3\0"


def rewrite_reports(run_dir: Path, *, safe: bool = False, redact: bool = False) -> Summary:
    """Write the reports of a run again from its journal; arguments as of ``run.reporting.write_reports``.

    Raises:
        SetupError: There is no journal.
        StorageError: They cannot be written.
    """
    working_in(run_dir)
    note = _GOING_ON if is_held(run_dir / LOCK) else ""
    with Journal.open(run_dir / JOURNAL) as journal:
        return write_reports(journal, run_dir, safe=safe, redact=redact, note=note)


def write_support_bundle(run_dir: Path, path: Path) -> int:
    """Write a support archive of a run without anybody's data; return the number of its rows.

    Raises:
        SetupError: There is no journal.
        StorageError: It cannot be written.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        mapping = without_comments(journal.facts().get("mapping_text", ""))
        return write_bundle(path, summarize(journal, run_dir), mapping, journal.results())


def state_of(summary: Summary) -> str:
    """Return how a run stands, in words: running, finished, stopped and why, cut off."""
    if is_held(Path(summary.run_dir) / LOCK):
        return "running"
    if summary.stopped:
        return f"stopped: {summary.stopped}"
    if not summary.finished_at:
        return Message(
            "cut off; `bulk-import resume {run_dir}` continues it", run_dir=summary.run_dir
        )
    return "rehearsal" if summary.dry_run else "finished"


def list_runs(folder: Path) -> list[Summary]:
    """Return the summaries of the runs in *folder*, oldest first; of a fleet's home, job by job."""
    found = []
    paths = sorted(folder.glob(f"*/{JOURNAL}")) or sorted(
        path for runs in ("run", "runs/*") for path in folder.glob(f"*/{runs}/{JOURNAL}")
    )
    for journal_path in paths:
        with suppress(BulkImportError), Journal.open(journal_path) as journal:
            found.append(summarize(journal, journal_path.parent))
    return found


def read_report(run_dir: Path) -> Report:
    """Return what the report of a run shows, from its journal.

    Raises:
        SetupError: There is no journal.
    """
    digest, changes = Digest(), SetCounter()
    with Journal.open(run_dir / JOURNAL) as journal:
        for _ in digest.watched(journal.outcomes(on_accepted=changes.add)):
            pass
        facts = journal.facts()
        return Report(
            summarize(journal, run_dir), digest, changes.names(), facts.get("mapping_text", ""),
            tuple(sorted(written_before(facts))),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs every night, as its state file has it.

    Attributes:
        last: What the last good night found: rows, contacts, changed, vanished; empty before it.
        nights: The last runs, newest first; those whose folders are gone are left out.
    """

    state: Path
    endpoint: str
    contacts: int
    night: int
    last: Mapping[str, Any]
    sources: tuple[str, ...]
    mapping: str
    nights: tuple[Summary, ...]

    @property
    def is_braked(self) -> bool:
        """Whether the brake ended the last night."""
        return bool(self.nights) and self.nights[0].stopped.startswith("the brake")


def list_jobs(folder: Path) -> list[Job]:
    """Return the jobs whose state files are in *folder*, or one folder below."""
    found = []
    for path in sorted({*folder.glob("*"), *folder.glob("*/*")}):
        if path.is_file() and path.suffix in _STATES and _is_sqlite(path):
            with suppress(BulkImportError):
                found += _jobs_of(path)
    return found


def _jobs_of(path: Path) -> list[Job]:
    with State.open(path, create=False) as state:
        paths = state.get_json("paths")
        if not paths:
            return []
        nights = []
        for run in state.get_json("runs") or ():
            if (Path(run) / JOURNAL).is_file():
                with Journal.open(Path(run) / JOURNAL) as journal:
                    nights.append(summarize(journal, Path(run)))
        return [
            Job(
                state=path,
                endpoint=state.get("endpoint"),
                contacts=state.count(),
                night=int(state.get("night", "0")),
                last=state.get_json("last") or {},
                sources=tuple(paths),
                mapping=state.get("mapping"),
                nights=tuple(nights),
            )
        ]


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


class LiveCauses:
    """Why rows of a running run were not accepted so far. For one thread at a time."""

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

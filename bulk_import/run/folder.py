"""The run's folder: its files, checks that it is writable, and cleaning up."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bulk_import.errors import Message, SetupError, StorageError
from bulk_import.report.rejects import is_rejects
from bulk_import.run.reporting import PAGE, REPORT, SUMMARY
from bulk_import.sources.remote import is_remote
from bulk_import.system.files import replaced

JOURNAL = "journal.sqlite3"
LOCK = "journal.lock"
RESERVE = "journal.reserve"
_REJECTS = ("rejects.csv", "rejects.xlsx")
MARK = "journal.mark"
_TRACES = (f"{JOURNAL}-wal", f"{JOURNAL}-shm", RESERVE, MARK)  # what a journal leaves beside itself
FILES = (JOURNAL, *_TRACES, LOCK, REPORT, PAGE, SUMMARY, *_REJECTS)  # the names of a run's files


class RunFolder:
    """A run's folder. Creating the object does not touch the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / JOURNAL
        self.lock = path / LOCK
        self.reserve = path / RESERVE

    def __str__(self) -> str:
        return str(self.path)

    @property
    def has_reports(self) -> bool:
        """Whether the reports of every run are there."""
        return all((self.path / name).is_file() for name in (REPORT, PAGE, SUMMARY))

    def refuse_earlier_run(self) -> None:
        """Refuse to start a new run where files of another one are, or files that reports replace.

        A log that is left of another journal would be replayed into the new one.

        Raises:
            SetupError: There is one; the message names the file and the way on.
        """
        if self.journal.exists():
            raise SetupError(
                Message(
                    "{folder}: holds a run already; nothing was sent. `bulk-import resume "
                    "{folder}` continues it; for a new run give another folder",
                    folder=self,
                )
            )
        left = [name for name in _TRACES if (self.path / name).exists()]
        if left or (self.path / SUMMARY).is_file():
            raise SetupError(
                Message(
                    "{folder}: holds {left} of a run, but not its journal ({journal}); "
                    "nothing was sent. Restore that to go on, or import into another folder "
                    "(rows that were accepted would be sent again)",
                    folder=self,
                    left=Message.all_of(left or [SUMMARY]),
                    journal=JOURNAL,
                )
            )
        names = sorted(path.name for path in self.path.glob("rejects*") if is_rejects(path.name))
        taken = [name for name in (REPORT, PAGE, *names) if (self.path / name).is_file()]
        if taken:
            raise SetupError(
                Message(
                    "{path}: is there already, and the run would write a file of that name; "
                    "nothing was sent. Give another --run-dir",
                    path=self.path / taken[0],
                )
            )

    def make(self) -> None:
        """Make the folder.

        Raises:
            StorageError: It cannot be made, or nothing can be written in it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.check_reports()
        except OSError as exc:
            raise StorageError(
                Message(
                    "{path}: cannot be written: {strerror}",
                    path=self.path,
                    strerror=exc.strerror or exc,
                )
            ) from exc

    def check_reports(self) -> None:
        """Check that the reports can be written, before the first request is made.

        Raises:
            StorageError: They cannot.
        """
        for name in (REPORT, PAGE, SUMMARY, *_REJECTS):
            if (self.path / name).is_dir():
                raise StorageError(
                    Message(
                        "{path}: is a folder; move it, the report goes here", path=self.path / name
                    )
                )
        probe = self.path / ".probe"
        with replaced(probe) as file:
            file.write(b"\0" * 4096)
        probe.unlink()

    def clean_up(self, *, with_folder: bool) -> None:
        """Delete the files of a run that never started."""
        for name in (JOURNAL, *_TRACES, LOCK):
            (self.path / name).unlink(missing_ok=True)
        if with_folder:
            with suppress(OSError):
                self.path.rmdir()


def new_run_dir(source: str, home: Path = Path()) -> Path:
    """Return an unused path under ``runs/`` of *home*, named after the time and the source."""
    name = source if not is_remote(source) else re.split("[?#]", source)[0]  # there may be a token
    stem = re.sub(r"[^\w.-]+", "_", Path(name).stem if source != "-" else "stdin")[:40]
    base = home / "runs" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}_{stem}"
    folder, number = base, 2
    while folder.exists():
        folder, number = base.with_name(f"{base.name}_{number}"), number + 1
    return folder

"""A job's folder on the disk of its worker: its runs, its state, and what to start next.

HOME/JOB/run                 kind `run`: the one run folder
HOME/JOB/runs/TIME           kinds `sync` and `retag`: one folder each time
HOME/JOB/job.state           what the account was last confirmed to have
HOME/JOB/attempts/…          one empty file for each attempt that has begun
HOME/JOB/log.txt             what the commands said
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_import.errors import BulkImportError, SettingsError, StorageError
from bulk_import.jobs.fleet.plan import Job, Option
from bulk_import.journal import Journal
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.reporting import SUMMARY
from bulk_import.system.disks import network_file_system
from bulk_import.system.files import made_folder, replaced

_FLAGS = ("--yes", "--json", "--quiet")
# Options of `sync` and `retag` that `resume` does not take: it has them from the journal.
NOT_OF_RESUME = frozenset(
    """--full --seed --newest --fewer-files --judge-all --report-all --keep-runs --previous --segment
    --max-rows-fewer --max-rows-more --max-changed --max-vanished --max-blanked --max-lose --max-contacts
    --suppress --ignore-consent --query""".split()
)


@dataclass(frozen=True, slots=True)
class Next:
    """What a job does next.

    Attributes:
        arguments: Of ``bulk-import``; empty if there is nothing left to do.
        run_dir: Where its run is.
        summary: Of a run that has ended already, whose end nobody was told.
    """

    arguments: tuple[str, ...]
    run_dir: Path
    summary: Mapping[str, Any] | None = None


class JobFolder:
    """The folder of one job."""

    def __init__(self, home: Path, job: Job) -> None:
        self._job = job
        self.path = home / job.name
        self.log = self.path / "log.txt"
        self.output = self.path / "output.json"
        self._current = self.path / "current.json"

    def make(self) -> None:
        """Make the folder.

        Raises:
            SettingsError: It is on a network file system.
            StorageError: It cannot be made.
        """
        remote = network_file_system(self.path)
        if remote:
            raise SettingsError(
                f"{self.path}: on a network file system ({remote}), where the locks of a journal "
                "cannot be trusted; give --home a folder on a disk of the machine"
            )
        made_folder(self.path / "attempts", is_private=True)

    def claim(self, invocation: str, attempt: int) -> bool:
        """Return whether this attempt begins now; false if it began before.

        A scheduler may run a task a second time by itself, after the worker of the first died. What
        is sent again is decided by the journal and by whoever supervises, never by the scheduler.
        """
        attempts = self.path / "attempts"
        try:
            for old in attempts.iterdir():
                if not old.name.startswith(f"{invocation}-"):
                    old.unlink(missing_ok=True)
            (attempts / f"{invocation}-{attempt}").touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as exc:
            raise StorageError(f"{self.path}: cannot be written: {exc.strerror or exc}") from exc
        return True

    def next(self, invocation: str) -> Next:
        """Return what to start: a new run, or the rest of one that was cut off."""
        if self._job.kind == "run":
            run_dir = self.path / "run"
            return Next((*self._begun(), "--run-dir", str(run_dir), *_FLAGS), run_dir)
        begun = self._run_of(invocation)
        if begun is not None and (begun / JOURNAL).is_file():
            summary = _ended(begun)
            rest = () if summary is not None else self._resumed(begun)
            return Next(rest, begun, summary)
        run_dir = new_run_dir(self._job.name, self.path)
        with replaced(self._current) as file:
            file.write(json.dumps({"invocation": invocation, "run_dir": str(run_dir)}).encode())
        state = self.path / "job.state"
        return Next(
            (*self._begun(), "--state", str(state), "--run-dir", str(run_dir), *_FLAGS), run_dir
        )

    def _run_of(self, invocation: str) -> Path | None:
        """Return the folder of the run that this invocation has begun, if it has."""
        try:
            known = json.loads(self._current.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return Path(known["run_dir"]) if known.get("invocation") == invocation else None

    def _begun(self) -> list[str]:
        job = self._job
        return [job.kind, *job.arguments, *_flat(job.shared), *_flat(job.options), *self._named()]

    def _named(self) -> tuple[str, ...]:
        """The job's name in its own metrics and messages, which else is that of its state."""
        is_named = any(option[0] == "--job" for option in self._job.options)
        return () if is_named else ("--job", self._job.name)

    def _resumed(self, run_dir: Path) -> tuple[str, ...]:
        """Return the command that continues a run: only with options that `resume` takes."""
        options = [option for option in self._job.options if option[0] not in NOT_OF_RESUME]
        return (
            "resume",
            str(run_dir),
            *_flat(self._job.shared),
            *_flat(options),
            *self._named(),
            *_FLAGS,
        )


def _ended(run_dir: Path) -> Mapping[str, Any] | None:
    """Return the summary of a run that has come to its end; ``None`` if something is left."""
    try:
        with Journal.open(run_dir / JOURNAL) as journal:
            if not journal.facts().get("finished"):
                return None
        found = json.loads((run_dir / SUMMARY).read_text("utf-8"))
    except (BulkImportError, OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _flat(options: tuple[Option, ...] | list[Option]) -> list[str]:
    return [text for option in options for text in option]

"""Requests that other runs have made into the account today, for ``--daily-limit``.

A file beside the account's lock names the runs of the day. What a run has used is in its journal,
which is right even after a kill; the number is noted when the run ends, so that the journal may be
deleted. Whoever reads or writes the file holds the account's lock.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path

from bulk_import.errors import BulkImportError
from bulk_import.journal import Journal
from bulk_import.settings import Settings
from bulk_import.system.addresses import account_name
from bulk_import.system.clock import rfc3339
from bulk_import.system.files import made_folder, replaced


def account_file(settings: Settings, suffix: str) -> Path | None:
    """Return a file of the account in the folder that its runs share; ``None`` without a folder."""
    if settings.state_dir is None:
        return None
    name = re.sub(r"[^\w.-]", "_", account_name(settings.endpoint))
    return settings.state_dir / f"{name}.{suffix}"


def today() -> date:
    """Return the day by the local clock."""
    return datetime.now().astimezone().date()


def midnight(day: date) -> str:
    """Return the start of a local day, in the journal's time format."""
    return rfc3339(datetime.combine(day, datetime.min.time()).astimezone())


class Day:
    """The runs of one day into one account.

    Args:
        path: The file; ``None`` = there is none, and other runs are not known.
        own: The journal of the run at work.
        day: By the local clock.
    """

    def __init__(self, path: Path | None, own: Path, day: date) -> None:
        self._path = path
        self._own = str(own.resolve())
        self._day, self._runs = _read(path, day) if path is not None else (day, {})
        self._others: dict[str, int | None] = {
            run: used for run, used in self._runs.items() if run != self._own
        }

    def begin(self) -> int:
        """Name the run at work among those of the day; return the requests of all others.

        Raises:
            StorageError: The file cannot be written.
        """
        since = midnight(self._day)
        counted = {
            run: _counted(Path(run), since) if used is None else used
            for run, used in self._others.items()
        }
        self._others = dict(counted)
        self._write(None)
        return sum(counted.values())

    def end(self, used: int, day: date) -> None:
        """Note what the run at work has used of *day*, the day on which it ends.

        Raises:
            StorageError: There is no room for it.
        """
        if day > self._day:
            self._day, self._others = day, {}
        self._write(used)

    def _write(self, used: int | None) -> None:
        if self._path is None:
            return
        made_folder(self._path.parent, is_private=True)
        content = {"day": self._day.isoformat(), "runs": {**self._others, self._own: used}}
        with replaced(self._path) as file:
            file.write(json.dumps(content).encode())


def _read(path: Path, now: date) -> tuple[date, dict[str, int | None]]:
    """Return the day of the file and its runs; nothing of an earlier day.

    A clock that is set back does not give a day's requests twice: a later day stays.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        day = date.fromisoformat(content["day"])
        runs = {
            str(run): None if used is None else int(used) for run, used in content["runs"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return now, {}  # none yet, or not whole: as if the day began
    return (now, {}) if day < now else (day, runs)


def _counted(journal: Path, since: str) -> int:
    """Return the requests that a run which was cut off has made since then."""
    if not journal.exists():
        return 0
    try:
        with Journal.open(journal) as opened:
            return opened.count_requests_since(since)
    except BulkImportError:
        return 0  # of another version, or damaged: a resume reports it

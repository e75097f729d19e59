"""What a nightly job remembers between runs: one SQLite file per account and job.

A contact's payload is remembered only when the server has confirmed it; what was sent without a
trustworthy answer is forgotten, so that it is sent again, unless it may not be sent twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from bulk_import.errors import SetupError, StorageError
from bulk_import.settings import Settings, account_name
from bulk_import.system.sqlite import connect, make_private

_FORMAT = "1"
_SCHEMA = """
create table if not exists meta (name text primary key, value text not null) without rowid;
create table if not exists contact (
    key text primary key, digest text not null, night integer not null, sent_at text not null
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as remembered.

    Attributes:
        digest: Of the payload confirmed last; empty for a contact whose ``on_missing`` action was
            confirmed.
        night: The number of the last good run whose source held it.
        sent_at: When it was confirmed, RFC 3339 UTC.
    """

    key: str
    digest: str
    night: int
    sent_at: str


class State:
    """An open state file. Close it, or use it as a context manager."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Open a state file; make one that is missing.

        Raises:
            SetupError: Missing and not to be made, or not a state file of this version.
            StorageError: It cannot be read or written.
        """
        if not path.exists():
            if not create:
                raise SetupError(f"{path}: no such state file")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                make_private(path)
            except OSError as exc:
                raise StorageError(f"{path}: cannot be made: {exc.strerror or exc}") from exc
        with _translated(path):
            # A thread that reads rows uses it while the others wait for that thread.
            db = connect(path)
            try:
                _refuse_foreign(path, db)
                db.executescript(_SCHEMA)
                state = cls(path, db)
                if state.get("format", _FORMAT) != _FORMAT:
                    raise SetupError(f"{path}: written by another version of bulk_import")
                state.put(format=_FORMAT)
            except BaseException:
                db.close()
                raise
        return state

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def get(self, name: str, default: str = "") -> str:
        """Return a remembered fact."""
        with _translated(self.path):
            found = self._db.execute("select value from meta where name = ?", (name,)).fetchone()
        return str(found[0]) if found else default

    def get_json(self, name: str) -> Any:
        """Return a remembered fact that is not text; ``None`` when there is none."""
        text = self.get(name)
        return json.loads(text) if text else None

    def put(self, **facts: str) -> None:
        """Remember facts."""
        with _translated(self.path):
            self._db.executemany("insert or replace into meta values (?, ?)", facts.items())

    def count(self) -> int:
        """Return the number of contacts that are remembered."""
        with _translated(self.path):
            return int(self._db.execute("select count(*) from contact").fetchone()[0])

    def contacts(self) -> Iterator[Known]:
        """Yield every contact, by key."""
        with _translated(self.path):
            for line in self._db.execute(
                "select key, digest, night, sent_at from contact order by key"
            ):
                yield Known(*line)

    def digests(self) -> dict[str, str]:
        """Return key -> digest of the payload that was confirmed last."""
        with _translated(self.path):
            return dict(self._db.execute("select key, digest from contact where digest <> ''"))

    def keys_of(self, night: int) -> set[str]:
        """Return the contacts that the source of that night held."""
        with _translated(self.path):
            found = self._db.execute("select key from contact where night = ?", (night,))
            return {key for (key,) in found}

    def learn(
        self,
        confirmed: Iterable[Known],
        forgotten: Iterable[str],
        seen: Iterable[str] = (),
        *,
        night: int = 0,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store what a run found out, in one transaction.

        Args:
            confirmed: Contacts with the payload that the server has now.
            forgotten: Contacts whose data on the server is not known.
            seen: Contacts that the source of *night* held.
            facts: Remembered in the same transaction.
        """
        with _translated(self.path):
            self._db.execute("begin immediate")
            try:
                self._db.executemany("delete from contact where key = ?", ((k,) for k in forgotten))
                self._db.executemany(
                    "insert or replace into contact values (?, ?, ?, ?)",
                    ((c.key, c.digest, c.night, c.sent_at) for c in confirmed),
                )
                self._db.executemany(
                    "update contact set night = ? where key = ?", ((night, key) for key in seen)
                )
                self._db.executemany("insert or replace into meta values (?, ?)", facts.items())
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback")
                raise

    def forget(self, keys: Iterable[str]) -> int:
        """Forget contacts, so that they are sent again; return how many were known."""
        with _translated(self.path):
            before = self._db.total_changes
            self._db.executemany("delete from contact where key = ?", ((key,) for key in keys))
            return self._db.total_changes - before


def refuse_other_account(state: State, settings: Settings) -> None:
    """Make the state the account's own, or refuse.

    Raises:
        SetupError: It is the state of another account.
    """
    if settings.dry_run:
        return
    known = state.get("endpoint")
    if known and account_name(known) != account_name(settings.endpoint):
        raise SetupError(
            f"{state.path}: the state of {known}, not of {settings.endpoint}; each account and job "
            "has a state file of its own"
        )
    state.put(endpoint=settings.endpoint)


def _refuse_foreign(path: Path, db: sqlite3.Connection) -> None:
    """Refuse a database of another program, or a run's journal, before a table is added to it."""
    tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
    if tables and ("contact" not in tables or tables & {"record", "request"}):
        raise SetupError(
            f"{path}: is a database, but not a state file; give the path of the job's state"
        )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as exc:
        raise StorageError(f"{path}: not a usable state file: {exc}") from exc

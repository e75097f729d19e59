"""What a nightly job remembers between runs: one SQLite file per account and job.

A contact's payload is remembered only when the server has confirmed it; what was sent without a
trustworthy answer is forgotten, so that it is sent again, unless it may not be sent twice.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from bulk_import.errors import Message, SetupError, StorageError
from bulk_import.settings import Settings
from bulk_import.system.addresses import account_name
from bulk_import.system.sqlite import connect, make_private

FORMAT = 3
SEVERAL = b""  # in the place of a digest of cells: the contact had several rows
_META = "create table if not exists meta (name text primary key, value text not null) without rowid"
_CONTACT = """
create table contact (
    id integer primary key autoincrement,  -- never used again: a night's journal refers to it
    key text not null,
    digest text not null,            -- of the payload confirmed last; empty: to be sent again
    night integer not null,          -- in which it was confirmed
    sent_at text not null,
    presence integer not null default 0,
    cells blob,                      -- digest of the mapped cells that gave the payload; null: not
                                     -- known, empty: of several rows
    rest blob,                       -- digest of the payload without its time offset
    shape integer,                   -- which fields have a value: a line of `shape`
    mirrored text                    -- JSON: parameter -> values of a mirrored column
)"""
_SENDING = """
create table sending (               -- what the night of `left_run` is about to send
    key text primary key,
    mirrored text                    -- as in `contact`
) without rowid"""
_SHAPE = "create table shape (id integer primary key, names text not null unique)"
# How the contacts of an earlier format become today's. Their numbers stay: journals refer to them.
_MOVED = {
    1: (
        "insert into contact (key, digest, night, sent_at, presence)"
        " select key, digest, night, sent_at, night > 0 and night = coalesce("
        " (select cast(value as integer) from meta where name = 'night'), 0) from earlier",
    ),
    2: (
        "insert into contact (id, key, digest, night, sent_at, presence, cells, rest, shape, mirrored)"
        " select id, key, digest, night, sent_at, presence, cells, rest, shape, mirrored from earlier",
        "update sqlite_sequence set seq = max(seq, coalesce("
        " (select seq from sqlite_sequence where name = 'earlier'), 0)) where name = 'contact'",
    ),
}
KEYS, CELLS = "contact_key", "contact_cells"  # indexes of the contacts
_INDEXES = (
    # Files that were made earlier have `unique` in the table instead.
    f"create unique index {KEYS} on contact (key)",
    f"create index {CELLS} on contact (cells) where cells is not null",
)
_CONFIRMED = """
insert into contact (key, digest, night, sent_at, presence, cells, rest, shape, mirrored)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (key) do update set digest = excluded.digest, night = excluded.night,
    sent_at = excluded.sent_at, presence = excluded.presence, cells = excluded.cells,
    rest = excluded.rest, shape = excluded.shape, mirrored = excluded.mirrored"""
# Contacts are mostly looked up in the order in which they are stored: few pages are asked for again.
# Sorting takes as much again; more than fits goes through temporary files.
_CACHE = "pragma cache_size = -8000"  # KiB

_FILLED = re.compile(rb"(?:^|&)([^=&]+)=(?!&|$)")  # the name of a field of a form that has a value


class Presence(IntEnum):
    """Where a contact is, as of the last good night."""

    GONE = 0
    HERE = 1
    OWED = 2  # gone, and its ``on_missing`` action is not confirmed
    SAID_NO = 3  # here, in rows that say no: nothing is sent when it is gone


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as remembered.

    Attributes:
        digest: Of the payload confirmed last; empty for a contact whose ``on_missing`` action was
            confirmed.
        night: The number of the night in which it was confirmed.
        sent_at: When it was confirmed, RFC 3339 UTC.
        presence, cells, rest, shape, mirrored: As the columns of the state.
    """

    key: str
    digest: str
    night: int
    sent_at: str
    presence: int = Presence.GONE
    cells: bytes | None = None
    rest: bytes | None = None
    shape: int | None = None
    mirrored: str | None = None


class State:
    """An open state file. Close it, or use it as a context manager.

    Attributes:
        db: For the comparison, which keeps what it finds in temporary tables beside the contacts.
    """

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self.db = db
        self._shapes: dict[bytes, int] = {}

    @classmethod
    def open(cls, path: Path, *, create: bool = True, read_only: bool = False) -> Self:
        """Open a state file; make one that is missing.

        Args:
            read_only: Change nothing, not even its format. Implies ``create=False``.

        Raises:
            SetupError: Missing and not to be made, not a state file, or of a newer version.
            StorageError: It cannot be read or written.
        """
        if not path.exists():
            if not create or read_only:
                raise SetupError(Message("{path}: no such state file", path=path))
            _make(path)
        found = _format_of(path)
        with translated(path):
            # A thread that reads rows uses it while the others wait for that thread.
            db = _read_only(path) if read_only else connect(path)
            try:
                if not read_only:
                    _bring_up_to_date(db, found)
                db.execute(_CACHE)
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def get(self, name: str, default: str = "") -> str:
        """Return a remembered fact."""
        with translated(self.path):
            found = self.db.execute("select value from meta where name = ?", (name,)).fetchone()
        return str(found[0]) if found else default

    def get_json(self, name: str) -> Any:
        """Return a remembered fact that is not text; ``None`` when there is none."""
        text = self.get(name)
        return json.loads(text) if text else None

    def put(self, **facts: str) -> None:
        """Remember facts."""
        with translated(self.path):
            self.db.executemany("insert or replace into meta values (?, ?)", facts.items())

    def count(self) -> int:
        """Return the number of contacts that are remembered."""
        with translated(self.path):
            return int(self.db.execute("select count(*) from contact").fetchone()[0])

    @property
    def is_empty(self) -> bool:
        """Whether no contact is remembered."""
        with translated(self.path):
            return self.db.execute("select 1 from contact limit 1").fetchone() is None

    def contacts(self) -> Iterator[Known]:
        """Yield every contact, by key."""
        with translated(self.path):
            for line in self.db.execute(
                "select key, digest, night, sent_at from contact order by key"
            ):
                yield Known(*line)

    def contact(self, key: str) -> Known | None:
        """Return one contact."""
        with translated(self.path):
            found = self.db.execute(
                "select key, digest, night, sent_at from contact where key = ?", (key,)
            ).fetchone()
        return Known(*found) if found else None

    def learn(
        self,
        confirmed: Iterable[Known],
        forgotten: Iterable[str],
        *,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store what a run found out, in one transaction.

        Args:
            confirmed: Contacts with the payload that the server has now.
            forgotten: Contacts whose data on the server is not known.
            facts: Remembered in the same transaction.
        """
        with self.transaction():
            self.forget(forgotten)
            self.confirm(confirmed)
            self.put(**facts)

    def confirm(self, confirmed: Iterable[Known]) -> None:
        """Store contacts with the payload that the server has now."""
        with translated(self.path):
            self.db.executemany(
                _CONFIRMED,
                (
                    (
                        c.key, c.digest, c.night, c.sent_at, c.presence, c.cells, c.rest, c.shape,
                        c.mirrored,
                    )
                    for c in confirmed
                ),
            )  # fmt: skip

    def forget(self, keys: Iterable[str]) -> int:
        """Forget contacts, so that they are sent again; return how many were known."""
        with translated(self.path):
            before = self.db.total_changes
            self.db.executemany("delete from contact where key = ?", ((key,) for key in keys))
            return self.db.total_changes - before

    def shape_of(self, body: bytes) -> int:
        """Return the number of the set of fields that have a value in a form."""
        names = b" ".join(_FILLED.findall(body))
        known = self._shapes.get(names)
        if known is None:
            text = names.decode("ascii")
            with translated(self.path):
                self.db.execute("insert or ignore into shape (names) values (?)", (text,))
                known = self.db.execute("select id from shape where names = ?", (text,)).fetchone()[
                    0
                ]
            self._shapes[names] = known
        return known

    @contextmanager
    def without_indexes(self, *names: str) -> Iterator[None]:
        """Drop indexes of the contacts while the block stores many; make them again after it.

        Keys and digests come in no order. Sorting all of them takes less time and memory than entering
        one after the other, which changes another page for each. Use it inside of a transaction.
        """
        with translated(self.path):
            indexes = self.db.execute(
                "select name, sql from sqlite_master where type = 'index' and tbl_name = 'contact'"
            ).fetchall()
            indexes = [(name, sql) for name, sql in indexes if name in names]
            for name, _ in indexes:
                self.db.execute(f"drop index {name}")
            yield
            for _, statement in indexes:
                self.db.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing."""
        with translated(self.path):
            self.db.execute("begin immediate")
            try:
                yield
                self.db.execute("commit")
            except BaseException:
                if self.db.in_transaction:  # a full disk has ended it, and is what there is to say
                    self.db.execute("rollback")
                raise


def _make(path: Path) -> None:
    """Make a state that knows no contact, under another name until it is complete.

    Raises:
        StorageError: It cannot be made.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        make_private(draft)
        with translated(path), closing(connect(draft)) as db:
            _bring_up_to_date(db, 0)
        draft.replace(path)
    except OSError as exc:
        raise StorageError(
            Message("{path}: cannot be made: {strerror}", path=path, strerror=exc.strerror or exc)
        ) from exc


def _format_of(path: Path) -> int:
    """Return the format of a state file without touching it.

    Raises:
        SetupError: It is something else, empty, or written by a newer version.
        StorageError: It cannot be read.
    """
    with translated(path):
        try:
            with path.open("rb") as file:
                head = file.read(16)
        except OSError as exc:
            raise StorageError(
                Message(
                    "{path}: cannot be read: {strerror}", path=path, strerror=exc.strerror or exc
                )
            ) from exc
        if not head:
            raise SetupError(
                Message(
                    "{path}: the state file is empty, so a disk or a copy has lost it, and every contact "
                    "would be sent again. Restore it, or delete it to start anew",
                    path=path,
                )
            )
        if head != b"SQLite format 3\0":
            raise SetupError(
                Message("{path}: not a state file; nothing in it was changed", path=path)
            )
        with closing(_read_only(path)) as db:
            tables = {name for (name,) in db.execute("select name from sqlite_master")}
            if not tables:
                return 0
            columns = {line[1] for line in db.execute("pragma table_info(meta)")}
            is_state = {"name", "value"} <= columns and "contact" in tables
            if not is_state or tables & {"record", "request"}:
                raise SetupError(
                    Message(
                        "{path}: is a database, but not a state file; nothing in it was "
                        "changed. Give the path of the job's state",
                        path=path,
                    )
                )
            found = db.execute("select value from meta where name = 'format'").fetchone()
    number = int(found[0]) if found and found[0].isdecimal() else 1
    if number > FORMAT:
        raise SetupError(
            Message(
                "{path}: written by a newer version of bulk_import (state format {number}; "
                "this one knows {format}); update this installation, nothing was changed",
                path=path,
                number=number,
                format=FORMAT,
            )
        )
    return number


def _bring_up_to_date(db: sqlite3.Connection, found: int) -> None:
    """Make the tables of a new state, or those of an older version into today's."""
    if found == FORMAT:
        return
    db.execute("begin immediate")
    try:
        db.execute(_META)
        if found:
            db.execute(f"drop index if exists {CELLS}")
            db.execute("alter table contact rename to earlier")
        db.execute(_CONTACT)
        db.execute(_SENDING)
        if found < 2:
            db.execute(_SHAPE)
        if found:
            for statement in _MOVED[found]:
                db.execute(statement)
            db.execute("drop table earlier")
        for index in _INDEXES:
            db.execute(index)
        db.execute("insert or replace into meta values ('format', ?)", (str(FORMAT),))
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )


def refuse_other_account(state: State, settings: Settings) -> None:
    """Refuse the state of another account. A state becomes an account's own with its first contact.

    Raises:
        SetupError: It is the state of another account.
    """
    if settings.dry_run:
        return
    known = state.get("endpoint")
    if known and account_name(known) != account_name(settings.endpoint):
        raise SetupError(
            Message(
                "{path}: the state of {known}, not of {endpoint}; each account and job has a "
                "state file of its own",
                path=state.path,
                known=known,
                endpoint=settings.endpoint,
            )
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say in words what SQLite has against the file."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            raise StorageError(
                Message(
                    "{path}: cannot be read or written ({exc}); free some space or correct the "
                    "permissions, then run the same command again: nothing is lost",
                    path=path,
                    exc=exc,
                )
            ) from exc
        raise StorageError(
            Message("{path}: not a usable state file: {exc}", path=path, exc=exc)
        ) from exc

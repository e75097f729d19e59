"""The journal file: its tables, opening it, transactions, facts, and translated SQLite errors."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from bulk_import.errors import Message, SetupError, StorageError, packed
from bulk_import.journal.mark import Written
from bulk_import.models import Problem, Row, Severity, SourceInfo
from bulk_import.system.sqlite import connect, make_private

FORMAT = "4"
LOST_UPTO = "lost_upto"  # the fact that names the last row which may have been sent unnoticed
CHUNK = 500  # rows fetched at a time: few statements, little memory
CHECKED_BYTES = 32 * 2**20  # a full integrity check takes about 0.1 s up to this size

_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table source (id integer primary key, info text not null);
create table record (
    seq integer primary key,      -- position in the run, from 1, without gaps
    source integer not null,
    sheet text not null,
    row integer not null,
    cells text,                   -- JSON list in header order, for rejects and second judgements,
                                  -- null where they are not kept
    problems text,                -- what reading found, as `pack_problems` writes it
    email text not null,          -- the contact's key; empty for a bare row
    contact text not null,
    warnings text,                -- what was doubtful about a row that passed; likewise
    body blob,                    -- the form without the key; null: cannot be sent
    checksum integer              -- of e-mail and body, as `checksum` makes it
);
create table attempt (
    seq integer not null,
    number integer not null,
    started_at text not null,
    result text,                  -- null: in doubt, or settled by the outcome
    message text,
    http_status integer,
    elapsed_ms integer,
    primary key (seq, number)
) without rowid;
create table outcome (
    seq integer primary key,
    status text not null,
    error_code text not null,
    message text not null,
    attempts integer not null,
    http_status integer,
    finished_at text not null,
    elapsed_ms integer,
    again integer not null,       -- 1: a resume sends (or judges) it again
    reasons text                  -- why a row was refused before sending, as `pack_problems` writes it
);
"""
IN_DOUBT = """exists (select 1 from attempt a where a.seq = r.seq
                       and (a.result is null or a.result = 'doubtful'))"""
ROW = "r.source, r.sheet, r.row, r.cells, r.problems"  # what `as_row` makes a row of


pack = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps builds an encoder at each call


class JournalLockedError(StorageError):
    """Another connection is writing at this moment, and was not waited for."""


class Database:
    """An open journal file. Use as a context manager; one thread at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection, *, is_scratch: bool = False) -> None:
        self.path = path
        self.written = Written()  # as far as this connection knows
        self._db = db
        self._is_scratch = is_scratch
        self._keeps_cells = not is_scratch

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, facts: Mapping[str, str] | None = None) -> Self:
        """Create a journal that only its owner can read.

        It is created under another name and then renamed, so a journal that exists is complete.

        Args:
            facts: Stored from the start.

        Raises:
            StorageError: The folder cannot be written, the disk is full.
        """
        draft = path.with_name(f".{path.name}.part")
        try:
            draft.unlink(missing_ok=True)
            make_private(draft)
        except OSError as exc:
            raise StorageError(
                Message(
                    "{path}: cannot be created: {strerror}", path=path, strerror=exc.strerror or exc
                )
            ) from exc
        with cls(draft, _connect(draft)) as journal:
            journal._lay_out(facts or {})
        try:
            for end in ("-wal", "-shm"):  # of another journal: it would be replayed into this one
                path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
            draft.replace(path)
            sync_folder(path.parent)
        except OSError as exc:
            raise StorageError(
                Message(
                    "{path}: cannot be created: {strerror}", path=path, strerror=exc.strerror or exc
                )
            ) from exc
        return cls(path, _connect(path))

    @classmethod
    def scratch(cls, path: Path, *, keeps_cells: bool = False) -> Self:
        """Make a journal that nobody needs after this process, in a private folder.

        Nothing of it is synced.

        Args:
            keeps_cells: Not of refused rows alone, but of all.

        Raises:
            StorageError: The folder cannot be written, the disk is full.
        """
        with translated(path):
            journal = cls(path, connect(path, is_scratch=True), is_scratch=True)
        journal._keeps_cells = keeps_cells
        journal._lay_out({})
        return journal

    def _lay_out(self, facts: Mapping[str, str]) -> None:
        """Make the tables of a new journal."""
        with self._writing():
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    self._db.execute(statement)
            known = {"format": FORMAT, "run": uuid4().hex, **facts}
            self._db.executemany("insert into meta values (?, ?)", known.items())

    @classmethod
    def open(cls, path: Path, *, checked_bytes: int = CHECKED_BYTES) -> Self:
        """Open an existing journal.

        Args:
            checked_bytes: Up to this size all of it is checked for damage; a longer one where it is read.

        Raises:
            SetupError: There is none, or its format is not ours.
            StorageError: It is damaged or cannot be written.
        """
        if not path.is_file():
            raise SetupError(
                Message(
                    "{parent}: not a run folder (no {name} in it)",
                    parent=path.parent,
                    name=path.name,
                )
            )
        journal = cls(path, _connect(path))
        try:
            journal._check(checked_bytes)
        except BaseException:
            journal.close()
            raise
        return journal

    def _check(self, checked_bytes: int) -> None:
        """Refuse a journal that is damaged or of another format."""
        with translated(self.path):
            known = self._db.execute("select value from meta where key = 'format'").fetchone()
            if self.path.stat().st_size <= checked_bytes:
                refusal = self._db.execute("pragma quick_check(1)").fetchone()[0]
                if refusal != "ok":
                    raise sqlite3.DatabaseError(refusal)
        if known is None or known[0] != FORMAT:
            raise SetupError(
                Message(
                    "{path}: journal format {known}, this program writes {format}; finish "
                    "the run with the version that started it",
                    path=self.path,
                    known=known[0] if known else "?",
                    format=FORMAT,
                )
            )

    def another(self) -> Self:
        """Return a second connection to the same journal, for another thread."""
        return type(self)(self.path, _connect(self.path))

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of the block, or nothing.

        It is on disk when the block ends, unless syncs are deferred (``checkpoints``).
        """
        with translated(self.path):
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads of the block see the journal as it is at the first of them."""
        with translated(self.path):
            self._db.execute("begin")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self._db.execute("rollback")

    # -- facts about the run ------------------------------------------------------------------

    def remember(self, **facts: str) -> None:
        """Keep named facts about the run; a fact that is there is replaced."""
        with self._writing():
            self._db.executemany("insert or replace into meta values (?, ?)", facts.items())

    def facts(self) -> dict[str, str]:
        with translated(self.path):
            return dict(self._db.execute("select key, value from meta"))

    def add_source(self, number: int, info: SourceInfo) -> None:
        """Remember a source; *number* is what records refer to."""
        packed = {
            "name": info.name,
            "kind": info.kind,
            "sheet": info.sheet,
            "encoding": info.encoding,
            "header_row": info.header_row,
            "header": info.header,
            "labels": info.labels,
            "sha256": info.sha256,
            "dialect": dict(info.dialect),
        }
        with self._writing():
            self._db.execute(
                "insert or replace into source values (?, ?)",
                (number, json.dumps(packed, ensure_ascii=False)),
            )

    def sources(self) -> dict[int, SourceInfo]:
        with translated(self.path):
            rows = self._db.execute("select id, info from source order by id").fetchall()
        found = {}
        for number, text in rows:
            packed = json.loads(text)
            names = {key: tuple(packed[key]) for key in ("header", "labels")}
            found[number] = SourceInfo(**packed | names)
        return found

    def lost_upto(self) -> int:
        """Return the last seq that may have been sent without the journal knowing; 0 = none."""
        return int(self.facts().get(LOST_UPTO, "0"))

    @property
    def mark_path(self) -> Path:
        return self.path.with_suffix(".mark")

    @property
    def changes(self) -> int:
        """Number of lines this connection has written, for noticing whether any were."""
        return self._db.total_changes

    # -- for the parts beside this one ----------------------------------------------------------

    def _one(self, query: str) -> int:
        with translated(self.path):
            return int(self._db.execute(query).fetchone()[0])

    def _paged(
        self, query: str, first: Sequence[object] = (), *, after: int = 0
    ) -> Iterator[Sequence[Any]]:
        """Yield lines by chunks, each in a statement of its own.

        The last parameter of *query* is the seq to start after; its first column is the seq. A long
        open statement would keep the WAL from being checkpointed while rows are being settled.
        """
        while True:
            with translated(self.path):
                chunk = self._db.execute(query, (*first, after)).fetchall()
            yield from chunk
            if len(chunk) < CHUNK:
                return
            after = chunk[-1][0]


def checksum(email: str, body: bytes | None) -> int | None:
    """Return a checksum that shows whether a row's form is still what was stored."""
    return None if body is None else zlib.crc32(body, zlib.crc32(email.encode()))


_PLACED = "\t"  # parts the file from the sheet, of a row that came from another file


def stored_sheet(row: Row, source: str) -> str:
    """Return what the journal has for a row's sheet; with the file, if that is not *source*."""
    if row.source == source:
        return row.sheet.replace(_PLACED, " ")
    return f"{row.source}{_PLACED}{row.sheet}"


def source_and_sheet(source: str, stored: str) -> tuple[str, str]:
    """Return what ``stored_sheet`` was given."""
    if _PLACED not in stored:
        return source, stored
    name, _, sheet = stored.partition(_PLACED)
    return name, sheet


def as_row(sources: dict[int, SourceInfo], place: Sequence[Any]) -> Row:
    number, stored, row, cells, problems = place
    info = sources[number]
    source, sheet = source_and_sheet(info.name, stored)
    return Row(
        source=source,
        sheet=sheet,
        number=row,
        cells=dict(zip(info.header, json.loads(cells), strict=True)) if cells else {},
        problems=unpack_problems(problems),
    )


def pack_problems(problems: Sequence[Problem]) -> str | None:
    """Return *problems* as they are stored: a JSON list of lists; nothing for none."""
    if not problems:
        return None
    return pack(
        [[p.code, packed(p.message), p.column, p.field, p.value, p.severity] for p in problems]
    )


def unpack_problems(text: str | None) -> tuple[Problem, ...]:
    """Return what ``pack_problems`` was given."""
    if text is None:
        return ()
    return tuple(
        Problem(code, Message.unpacked(message), column, field, value, Severity(severity))
        for code, message, column, field, value, severity in json.loads(text)
    )


def _connect(path: Path) -> sqlite3.Connection:
    with translated(path):
        return connect(path)


def sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover - Windows cannot open a folder, and needs no sync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into ours, which say what to do."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        # Without the details of the extended codes.
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise JournalLockedError(
                Message(
                    "{path}: another program holds it ({exc}); close that, then run the same "
                    "command again: nothing is lost",
                    path=path,
                    exc=exc,
                )
            ) from exc
        if code == sqlite3.SQLITE_ERROR:  # tables that must be there are not
            raise _damaged(path, exc) from exc
        raise StorageError(
            Message(
                "{path}: cannot be read or written ({exc}); free some space or correct the "
                "permissions, then run the same command again: nothing is lost",
                path=path,
                exc=exc,
            )
        ) from (_want_of_handles() if code == sqlite3.SQLITE_CANTOPEN else None) or exc
    except sqlite3.DatabaseError as exc:
        raise _damaged(path, exc) from exc


def _want_of_handles() -> OSError | None:
    """Return the system's error if no file can be opened at this moment: SQLite does not say it."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as exc:
        return exc
    return None


def _damaged(path: Path, exc: sqlite3.DatabaseError) -> StorageError:
    return StorageError(
        Message(
            "{path}: the journal is damaged ({exc}); restore it from a copy. Starting again "
            "in another folder would send every row again",
            path=path,
            exc=exc,
        )
    )

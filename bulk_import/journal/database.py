"""The journal file: its tables, opening it, transactions, facts, and translated SQLite errors."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from bulk_import.errors import Message, SetupError, StorageError
from bulk_import.journal.blocks import Block
from bulk_import.journal.mark import Written
from bulk_import.journal.packing import as_row, pack_ms, unpack_problems
from bulk_import.journal.repeats import Repeats
from bulk_import.models import Problem, Row, SourceInfo
from bulk_import.system.clock import now
from bulk_import.system.sqlite import connect, make_private

FORMAT = "6"
# Format 5 has every row that ended in `outcome`, and other blocks; 4 has no blocks, and moments as text.
# What they have is read where it is: only what they lack is added.
_FORMER = ("4", "5")
EPOCH = "epoch_ms"  # the fact that says since when `accepted` counts
LOST_UPTO = "lost_upto"  # the fact that names the last row which may have been sent unnoticed
CHUNK = 500  # rows fetched at a time: few statements, little memory
CHECKED_BYTES = 32 * 2**20  # a full integrity check takes about 0.1 s up to this size

_BLOCK = """create table if not exists block (
    first integer primary key,    -- the seq of its first row
    data blob not null            -- as `blocks` makes it
)"""
_ACCEPTED = """create table if not exists accepted (
    seq integer primary key,      -- a row that was accepted by its only request, as most are: with HTTP
                                  -- 200, code 0 and nothing to be said about it
    finished_at integer not null, -- milliseconds after the fact `epoch_ms`
    elapsed_ms integer
)"""
# How rows ended. For questions about all of them: joined to rows one by one, it is made anew each time.
_ENDED = """create view if not exists ended as
    select seq, status from outcome union all select seq, 'success' from accepted"""
# A row ends once: what is in one of the two tables is not entered into the other.
_ONCE = tuple(
    f"""create trigger if not exists once_{table} before insert on {table}
    when exists (select 1 from {other} where seq = new.seq)
    begin select raise(abort, 'a row that has ended'); end"""
    for table, other in (("accepted", "outcome"), ("outcome", "accepted"))
)
_SCHEMA = f"""
{_BLOCK};
{_ACCEPTED};
create table meta (key text primary key, value text not null) without rowid;
create table source (id integer primary key, info text not null);
create table record (
    seq integer primary key,      -- position in the run, from 1, without gaps
    source integer not null,
    sheet text not null,
    row integer not null,
    cells text,                   -- JSON list in header order, for rejects and second judgements
                                  -- (empty: the row's block has them, null: not kept)
    problems text,                -- what reading found, as `pack_problems` writes it
    email text not null,          -- the contact's key; empty for a bare row
    contact text not null,        -- empty: the e-mail
    warnings text,                -- what was doubtful about a row that passed; likewise
                                  -- (empty: the row's block has it)
    body blob,                    -- the form without the key (empty: the row's block has it,
                                  -- null: cannot be sent)
    checksum integer              -- of e-mail and body, as `checksum` makes it (null: of the block)
);
create table attempt (            -- but for the one that settled a row which was never sent before
    seq integer not null,
    number integer not null,
    started_at not null,          -- as `pack_ms` makes it
    result text,                  -- null: in doubt, or settled by the outcome
    message text,
    http_status integer,
    elapsed_ms integer,
    primary key (seq, number)
) without rowid;
create table outcome (            -- of rows that are not in `accepted`
    seq integer primary key,
    status text not null,
    error_code text not null,
    message text not null,
    attempts integer not null,
    http_status integer,
    finished_at not null,         -- as `pack_ms` makes it
    elapsed_ms integer,
    again integer not null,       -- 1: a resume sends (or judges) it again
    reasons text                  -- why a row was refused before sending, as `pack_problems` writes it
                                  -- (empty: the row's block has it)
);
{_ENDED};
"""
IN_DOUBT = """exists (select 1 from attempt a where a.seq = r.seq
                       and (a.result is null or a.result = 'doubtful'))"""
# The last attempt of a row that failed is known to have failed, also when its outcome is gone.
REPELLED = """
update attempt set result = 'repelled', message = o.message, http_status = o.http_status,
    elapsed_ms = o.elapsed_ms
from outcome o where o.seq = attempt.seq and o.status = 'failed' {}
    and attempt.result is null
    and attempt.number = (select max(number) from attempt a where a.seq = o.seq)"""
# How a row ended: joins, what they say, and whether it has not.
ENDED = "left join outcome o on o.seq = r.seq left join accepted k on k.seq = r.seq"
STATUS = "case when k.seq is null then o.status else 'success' end"
IS_OPEN = "o.seq is null and k.seq is null"
# The same without the joins.
NOT_ENDED = """not exists (select 1 from outcome o where o.seq = r.seq)
    and not exists (select 1 from accepted k where k.seq = r.seq)"""
# Rows whose only attempt is not among the attempts any more, from `outcome o` and from `accepted k`.
_NOT_KEPT = (
    "not exists (select 1 from attempt a where a.seq = {}.seq and a.result is not 'withdrawn')"
)
FOLDED = f"o.status = 'success' and o.attempts = 1 and {_NOT_KEPT.format('o')}"
FOLDED_ACCEPTED = _NOT_KEPT.format("k")
ROW = "r.source, r.sheet, r.row, r.cells, r.problems"  # what `as_row` makes a row of
CONTACT = "case r.contact when '' then r.email else r.contact end"
_MOST_BLOCKS = 4  # that are kept in memory, a megabyte each


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
        self.makes_blocks = True
        self._epoch: int | None = None
        self._blocks: OrderedDict[int, Block] = OrderedDict()  # that were read last
        self._recent: Block | None = None  # the last of them
        # Addresses that may have several rows. Nobody else writes a scratch journal.
        self._repeats: Repeats | None = Repeats() if is_scratch else None

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, path: Path, facts: Mapping[str, str] | None = None, *, makes_blocks: bool = True
    ) -> Self:
        """Create a journal that only its owner can read.

        It is created under another name and then renamed, so a journal that exists is complete.

        Args:
            facts: Stored from the start.
            makes_blocks: Whether cells and forms are stored by many rows together, compressed.
                Without, SQL can look at them: not for journals that are kept.

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
        journal = cls(path, _connect(path))
        journal.makes_blocks = makes_blocks
        return journal

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
            for statement in _ONCE:
                self._db.execute(statement)
            known = {"format": FORMAT, "run": uuid4().hex, EPOCH: str(pack_ms(now())), **facts}
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
        if known is not None and known[0] in _FORMER:
            with self._writing():
                for added in (_BLOCK, _ACCEPTED, _ENDED, *_ONCE):
                    self._db.execute(added)
                facts = {"format": FORMAT, EPOCH: str(pack_ms(now()))}
                self._db.executemany("insert or replace into meta values (?, ?)", facts.items())
        elif known is None or known[0] != FORMAT:
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

    def _block(self, seq: int) -> Block:
        """Return the block of a row.

        Raises:
            StorageError: It is damaged or missing.
        """
        if self._recent is not None and seq in self._recent:
            return self._recent
        for known in reversed(self._blocks.values()):
            if seq in known:
                self._recent = known
                return known
        with translated(self.path):
            found = self._db.execute(
                "select first, data from block where first <= ? order by first desc limit 1", (seq,)
            ).fetchone()
        try:
            block = Block(*found) if found else None
        except ValueError as exc:
            raise damaged(self.path, exc) from exc
        if block is None or seq not in block:
            raise damaged(self.path, Message("the block of row {seq} is missing", seq=seq))
        self._blocks[found[0]] = self._recent = block
        if len(self._blocks) > _MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def _remark(self, name: str, seq: int, stored: str | None) -> str | None:
        """Return what was refused or doubtful about a row, from the column *name* or from its block."""
        if stored != "":
            return stored
        found = self._block(seq).remark(name, seq)
        if found is None:
            raise damaged(
                self.path, Message("the {name} of row {seq} are missing", name=name, seq=seq)
            )
        return found

    def _problems(self, name: str, seq: int, stored: str | None) -> tuple[Problem, ...]:
        """Return the same as problems."""
        return unpack_problems(self._remark(name, seq, stored))

    @property
    def _epoch_ms(self) -> int:
        """The moment since which `accepted` counts, in milliseconds since 1970."""
        if self._epoch is None:
            self._epoch = int(self.facts()[EPOCH])
        return self._epoch

    def _form(self, seq: int, body: bytes | None) -> bytes | None:
        """Return a row's form, from the column ``body`` or from its block."""
        return self._block(seq).form(seq) if body == b"" else body

    def _row(self, sources: dict[int, SourceInfo], seq: int, place: Sequence[Any]) -> Row:
        """Return a row, from the columns ``ROW`` and its block."""
        source, sheet, number, cells, problems = place
        if cells == "":
            cells = self._block(seq).cells(seq)
        return as_row(sources, (source, sheet, number, cells, problems))

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
            raise damaged(path, exc) from exc
        raise StorageError(
            Message(
                "{path}: cannot be read or written ({exc}); free some space or correct the "
                "permissions, then run the same command again: nothing is lost",
                path=path,
                exc=exc,
            )
        ) from (_want_of_handles() if code == sqlite3.SQLITE_CANTOPEN else None) or exc
    except sqlite3.DatabaseError as exc:
        raise damaged(path, exc) from exc


def _want_of_handles() -> OSError | None:
    """Return the system's error if no file can be opened at this moment: SQLite does not say it."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as exc:
        return exc
    return None


def damaged(path: Path, exc: Exception | str) -> StorageError:
    """Return what is raised when a journal does not hold what was stored."""
    return StorageError(
        Message(
            "{path}: the journal is damaged ({exc}); restore it from a copy. Starting again "
            "in another folder would send every row again",
            path=path,
            exc=exc,
        )
    )

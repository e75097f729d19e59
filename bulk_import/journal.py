"""The run's memory: what was read, is about to be sent, was answered. The only module with SQL.

A journal is one SQLite file (WAL, synchronous=FULL) in the run's folder. Rows are written once,
while they are prepared; sending then adds two kinds of entries, in this order and each durable
before the next step: an *intent* before the request leaves, a *settlement* when its answer is in.
What has the first and not the second is in doubt, and says so.

    record   1 --- 0..n  attempt     (an intent; its result, unless it settled the row)
             1 --- 0..1  outcome     (how the row ended)

Nothing is derived twice: counts, report and exit code all come from the queries below. The API key
never gets here. Not for network drives: SQLite's locks need a local file system.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from bulk_import.entries import (
    Attempt,
    Entry,
    Intent,
    Pending,
    Prepared,
    Settled,
    Unsettled,
    Verdict,
)
from bulk_import.errors import SetupError, StorageError
from bulk_import.models import Outcome, Problem, Row, Severity, SourceInfo, Status

FORMAT = "1"
CHUNK = 500  # rows fetched at a time: enough to be cheap, too few to be felt in memory
_CHECKED_BYTES = 32 * 2**20  # a full integrity check takes about 0.1 s up to this size

_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table source (id integer primary key, info text not null);
create table record (
    seq integer primary key,      -- position in the run, from 1, without gaps
    source integer not null,
    sheet text not null,
    row integer not null,
    cells text not null,          -- JSON list in header order, for rejects and second judgements
    problems text not null,       -- JSON list: what reading found
    email text not null,          -- the contact's key; empty for a bare row
    contact text not null,
    warnings text not null,       -- JSON list of texts
    body blob                     -- the form without the key; null: cannot be sent
);
create table attempt (
    seq integer not null,
    number integer not null,
    started_at text not null,
    body_sha256 text not null,
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
    again integer not null        -- 1: a resume sends (or judges) it again
);
"""
# Made after the bulk of the rows is in: filling it row by row costs twice as much.
_INDEX = "create index if not exists record_email on record (email) where email <> ''"

_IN_DOUBT = """exists (select 1 from attempt a where a.seq = r.seq
                       and (a.result is null or a.result = 'doubtful'))"""


class Journal:
    """An open journal. Use as a context manager; one thread at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, facts: Mapping[str, str] | None = None) -> Self:
        """Make a new journal, readable by its owner alone.

        It is made beside its place and then renamed: a journal that is there is a whole one.

        Args:
            facts: What is to be remembered of the run from its first moment.

        Raises:
            StorageError: The folder cannot be written, the disk is full.
        """
        draft = path.with_name(f".{path.name}.part")
        try:
            draft.unlink(missing_ok=True)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as exc:
            raise StorageError(f"{path}: cannot be created: {exc.strerror or exc}") from exc
        with cls(draft, _connect(draft)) as journal, journal._writing():
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    journal._db.execute(statement)
            known = {"format": FORMAT, **(facts or {})}
            journal._db.executemany("insert into meta values (?, ?)", known.items())
        try:
            draft.replace(path)
            _sync_folder(path.parent)
        except OSError as exc:
            raise StorageError(f"{path}: cannot be created: {exc.strerror or exc}") from exc
        return cls(path, _connect(path))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing journal.

        Raises:
            SetupError: There is none, or its format is not ours.
            StorageError: It is damaged or cannot be written.
        """
        if not path.is_file():
            raise SetupError(f"{path.parent}: not a run folder (no {path.name} in it)")
        journal = cls(path, _connect(path))
        with _translated(path):
            known = journal._db.execute("select value from meta where key = 'format'").fetchone()
            if path.stat().st_size <= _CHECKED_BYTES:
                verdict = journal._db.execute("pragma quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise sqlite3.DatabaseError(verdict)
        if known is None or known[0] != FORMAT:
            raise SetupError(
                f"{path}: journal format {known[0] if known else '?'}, this program writes "
                f"{FORMAT}; finish the run with the version that began it"
            )
        return journal

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
        """One transaction: all of the block or nothing of it, on disk when the block ends."""
        with _translated(self.path):
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    # -- facts about the run ------------------------------------------------------------------

    def remember(self, **facts: str) -> None:
        """Keep named facts about the run; a fact that is there is replaced."""
        with self._writing():
            self._db.executemany("insert or replace into meta values (?, ?)", facts.items())

    def facts(self) -> dict[str, str]:
        with _translated(self.path):
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
        with _translated(self.path):
            rows = self._db.execute("select id, info from source order by id").fetchall()
        found = {}
        for number, text in rows:
            packed = json.loads(text)
            names = {key: tuple(packed[key]) for key in ("header", "labels")}
            found[number] = SourceInfo(**packed | names)
        return found

    # -- preparing ----------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget rows of a preparation that did not come to its end. Nothing was sent then."""
        with self._writing():
            for table in ("outcome", "attempt", "record", "source"):
                self._db.execute(f"delete from {table}")  # noqa: S608 - names are ours

    def add(self, first_seq: int, batch: Sequence[Prepared]) -> None:
        """Add rows in source order; the first of them gets *first_seq*."""
        records = []
        verdicts = []
        for seq, item in enumerate(batch, first_seq):
            row = item.row
            records.append(
                (
                    seq,
                    item.source,
                    row.sheet,
                    row.number,
                    _pack(list(row.cells.values())),
                    _pack_problems(row.problems) if row.problems else "[]",
                    item.email,
                    item.contact,
                    _pack(item.warnings) if item.warnings else "[]",
                    item.body,
                )
            )
            if item.verdict is not None:
                verdicts.append(_verdict_line(seq, item.verdict))
        with self._writing():
            self._db.executemany("insert into record values (?,?,?,?,?,?,?,?,?,?)", records)
            self._db.executemany("insert into outcome values (?,?,?,?,?,?,?,?,?)", verdicts)

    def add_verdicts(self, verdicts: Iterable[tuple[int, Verdict]]) -> None:
        """Settle rows that give way without being sent."""
        with self._writing():
            self._db.executemany(
                "insert or replace into outcome values (?,?,?,?,?,?,?,?,?)",
                (_verdict_line(seq, verdict) for seq, verdict in verdicts),
            )

    def rejudge(self, seq: int, judged: Prepared) -> None:
        """Put a second judgement of a row in the place of the first."""
        with self._writing():
            self._db.execute(
                "update record set email = ?, contact = ?, warnings = ?, body = ? where seq = ?",
                (
                    judged.email,
                    judged.contact,
                    json.dumps(judged.warnings, ensure_ascii=False),
                    judged.body,
                    seq,
                ),
            )
            self._db.execute("delete from outcome where seq = ?", (seq,))
            if judged.verdict is not None:
                self._db.execute(
                    "insert into outcome values (?,?,?,?,?,?,?,?,?)",
                    _verdict_line(seq, judged.verdict),
                )

    def replace_body(self, seq: int, body: bytes, warnings: Sequence[str]) -> None:
        """Give a row the form that rows of its contact were merged into."""
        with self._writing():
            self._db.execute(
                "update record set body = ?, warnings = ? where seq = ?",
                (body, json.dumps(list(warnings), ensure_ascii=False), seq),
            )

    def index(self) -> None:
        """Make the index that finding shared contacts needs; once all rows are in."""
        with self._writing():
            self._db.execute(_INDEX)

    def shared_contacts(self) -> Iterator[list[tuple[int, Row, bytes, tuple[str, ...]]]]:
        """Yield the sendable rows of each contact that has several, in file order.

        Each is (seq, row, body, warnings). Rows that already ended on the server's side count:
        the policy's choice must be the same in a resumed run.
        """
        keys = self._db.execute(
            "select email from record where email <> '' and body is not null"
            " group by email having count(*) > 1 order by min(seq)"
        ).fetchall()
        for (email,) in keys:
            rows = self._db.execute(
                f"select r.seq, r.body, r.warnings, {_ROW} from record r"  # noqa: S608
                " where r.email = ? and r.body is not null order by r.seq",
                (email,),
            ).fetchall()
            sources = self.sources()
            yield [
                (seq, _row(sources, place), body, tuple(json.loads(warnings)))
                for seq, body, warnings, *place in rows
            ]

    def count_shared_contacts(self) -> int:
        """Number of sendable rows beyond the first of their contact."""
        query = """select coalesce(sum(n - 1), 0) from (select count(*) as n from record
                   where email <> '' and body is not null group by email having n > 1)"""
        return int(self._one(query))

    def judged(self, *statuses: Status) -> Iterator[tuple[int, int, Row]]:
        """Yield (seq, source, row) of the rows that ended in one of *statuses*."""
        marks = ",".join("?" * len(statuses))
        sources = self.sources()
        for seq, *place in self._paged(
            f"select r.seq, {_ROW} from outcome o join record r using (seq)"  # noqa: S608
            f" where o.status in ({marks}) and r.seq > ? order by r.seq limit {CHUNK}",
            statuses,
        ):
            yield seq, place[0], _row(sources, place)

    def forget(self, *statuses: Status) -> None:
        """Forget how rows ended that ended in *statuses*, so that they are judged again."""
        marks = ",".join("?" * len(statuses))
        with self._writing():
            self._db.execute(
                f"delete from outcome where status in ({marks})",  # noqa: S608
                statuses,
            )

    # -- delivery -----------------------------------------------------------------------------

    def reopen(self, *, retry_failed: bool = False, resend_unknown: bool = False) -> None:
        """Make the rows pending that a resumed run sends again.

        Bare rows that were on their way when the last run died become ``unknown`` first: the
        server may hold them, and sending again would make a second contact.
        """
        with self._writing():
            self._db.execute(
                f"""insert into outcome
                    select r.seq, 'unknown', 'INTERRUPTED',
                        'sent, but the run was interrupted before the answer came',
                        (select count(*) from attempt a
                         where a.seq = r.seq and a.result is not 'withdrawn'),
                        null, (select max(started_at) from attempt a where a.seq = r.seq), null, 0
                    from record r
                    where r.email = '' and r.seq in (select seq from attempt)
                    and not exists (select 1 from outcome o where o.seq = r.seq)
                    and {_IN_DOUBT}"""  # noqa: S608
            )
            self._db.execute(
                "delete from outcome where again = 1 and status in ('failed','unknown','not_sent')"
            )
            if retry_failed:
                self._db.execute("delete from outcome where status = 'failed'")
            if resend_unknown:
                self._db.execute("delete from outcome where status = 'unknown'")

    def pending(
        self, *, limit: int | None = None, only: Collection[int] | None = None
    ) -> Iterator[Pending]:
        """Yield the rows that are still to be sent, in source order, as they are now.

        Args:
            limit: At most so many.
            only: None but these, by seq.
        """
        query = f"""
            select r.seq, r.email, r.contact, r.source, r.row, r.body,
                (select count(*) from attempt a
                 where a.seq = r.seq and a.result is not 'withdrawn'),
                (select coalesce(max(number), 0) + 1 from attempt a where a.seq = r.seq),
                {_IN_DOUBT}
            from record r
            where r.body is not null and r.seq > ?
            and not exists (select 1 from outcome o where o.seq = r.seq)
            order by r.seq limit {CHUNK}"""  # noqa: S608
        sources = self.sources()
        several = len(sources) > 1
        wanted = (line for line in self._paged(query) if only is None or line[0] in only)
        for number, line in enumerate(wanted):
            if limit is not None and number >= limit:
                return
            seq, email, contact, source, row, body, attempts, next_number, in_doubt = line
            place = f"row {row} of {sources[source].name}" if several else f"row {row}"
            yield Pending(
                seq, email, contact, place, bytes(body), attempts, next_number, bool(in_doubt)
            )

    def count_pending(self) -> int:
        return int(
            self._one(
                "select count(*) from record r where r.body is not null"
                " and not exists (select 1 from outcome o where o.seq = r.seq)"
            )
        )

    def commit(self, entries: Iterable[Entry]) -> None:
        """Write *entries* in one transaction; all are on disk when it returns.

        Raises:
            StorageError: None of them is written: a full disk, permissions.
        """
        with self._writing():
            for kind, lines in _by_kind(entries).items():
                self._db.executemany(_ENTRY_STATEMENTS[kind], lines)

    # -- reading back -------------------------------------------------------------------------

    def count_records(self) -> int:
        """Number of rows in the journal."""
        return int(self._one("select coalesce(max(seq), 0) from record"))

    def counts(self) -> dict[Status, int]:
        """Rows by status, all statuses named. Their sum is the number of rows in the journal."""
        found = dict.fromkeys(Status, 0)
        with _translated(self.path):
            for status, number in self._db.execute(
                "select status, count(*) from outcome group by status"
            ):
                found[Status(status)] += number
            open_rows = self.count_records() - sum(found.values())
            if open_rows:
                doubtful = self._one(
                    f"""select count(*) from record r
                        where r.seq in (select seq from attempt)
                        and not exists (select 1 from outcome o where o.seq = r.seq)
                        and {_IN_DOUBT}"""  # noqa: S608
                )
                found[Status.UNKNOWN] += doubtful
                found[Status.NOT_SENT] += open_rows - doubtful
        return found

    def count_requests(self) -> int:
        """Requests made for rows, over all resumes."""
        return int(self._one("select count(*) from attempt where result is not 'withdrawn'"))

    def count_requests_since(self, moment: str) -> int:
        """Requests made for rows since *moment* (RFC 3339 UTC)."""
        with _translated(self.path):
            found = self._db.execute(
                "select count(*) from attempt where started_at >= ? and result is not 'withdrawn'",
                (moment,),
            ).fetchone()
        return int(found[0])

    def count_codes(self) -> dict[str, int]:
        """Rows by error code, most frequent first; rows without a code do not count."""
        with _translated(self.path):
            return dict(
                self._db.execute(
                    "select error_code, count(*) as n from outcome where error_code <> ''"
                    " group by error_code order by n desc, error_code"
                )
            )

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one outcome per row, in source order."""
        for _, _, outcome in self.results():
            yield outcome

    def result(self, seq: int) -> tuple[Row, Outcome]:
        """Return a row that is in the journal, and how it stands."""
        _, row, outcome = next(self.results(after=seq - 1))
        return row, outcome

    def results(self, *statuses: Status, after: int = 0) -> Iterator[tuple[int, Row, Outcome]]:
        """Yield (source number, row, outcome) in source order, of *statuses* or of all.

        Args:
            after: The seq behind which to begin.
        """
        wanted = frozenset(statuses)
        facts = self.facts()
        stopped = facts.get("stopped", "")
        dry_run = "dry_run" in facts
        sources = self.sources()
        query = f"""
            select r.seq, {_ROW}, r.contact, r.warnings, r.body,
                o.status, o.error_code, o.message, o.attempts, o.http_status, o.finished_at,
                o.elapsed_ms,
                (select count(*) from attempt a
                 where a.seq = r.seq and a.result is not 'withdrawn' and o.seq is null),
                o.seq is null and {_IN_DOUBT}
            from record r left join outcome o on o.seq = r.seq
            where r.seq > ? order by r.seq limit {CHUNK}"""  # noqa: S608
        for line in self._paged(query, after=after):
            place, (contact, warnings, body) = line[1:6], line[6:9]
            status, code, message, attempts, http_status, finished_at, elapsed_ms = line[9:16]
            if status is None:
                attempts, in_doubt = line[16:18]
                status, code, message = _open_row(in_doubt, stopped, body if dry_run else None)
                finished_at = ""
            if wanted and status not in wanted:
                continue
            row = _row(sources, place)
            yield (
                place[0],
                row,
                Outcome(
                    source=row.source,
                    sheet=row.sheet,
                    row=row.number,
                    contact=contact,
                    status=Status(status),
                    error_code=code,
                    message=message,
                    warnings=tuple(json.loads(warnings)) if warnings != "[]" else (),
                    attempts=attempts,
                    http_status=http_status,
                    finished_at=finished_at,
                    elapsed_ms=elapsed_ms,
                ),
            )

    def bodies(self) -> Iterator[tuple[Status, bytes]]:
        """Yield (status, form without the key) of every row that was to be sent, in source order."""
        query = f"""
            select r.seq, r.body, o.status, {_IN_DOUBT}
            from record r left join outcome o on o.seq = r.seq
            where r.body is not null and r.seq > ? order by r.seq limit {CHUNK}"""  # noqa: S608
        for _, body, status, in_doubt in self._paged(query):
            if status is None:
                yield (Status.UNKNOWN if in_doubt else Status.NOT_SENT), body
            else:
                yield Status(status), body

    def payloads(self) -> Iterator[tuple[int, str, bytes, Status]]:
        """Yield (seq, e-mail, form without the key, status) of every row that has a form."""
        query = f"""
            select r.seq, r.email, r.body, o.status, {_IN_DOUBT}
            from record r left join outcome o on o.seq = r.seq
            where r.body is not null and r.seq > ? order by r.seq limit {CHUNK}"""  # noqa: S608
        for seq, email, body, status, in_doubt in self._paged(query):
            open_status = Status.UNKNOWN if in_doubt else Status.NOT_SENT
            yield seq, email, body, open_status if status is None else Status(status)

    def contacts(self, *sources: int) -> Iterator[str]:
        """Yield the e-mail of every row that has one, refused rows too; of *sources* or of all."""
        wanted = frozenset(sources)
        query = f"""
            select r.seq, r.email, r.source from record r
            where r.email <> '' and r.seq > ? order by r.seq limit {CHUNK}"""  # noqa: S608
        for _, email, source in self._paged(query):
            if not wanted or source in wanted:
                yield email

    def attempts(self, seq: int) -> list[Attempt]:
        """Return every attempt made for a row, first to last."""
        with _translated(self.path):
            rows = self._db.execute(
                "select number, started_at, coalesce(result, ''), coalesce(message, ''),"
                " http_status, elapsed_ms from attempt where seq = ? order by number",
                (seq,),
            ).fetchall()
        return [Attempt(*row) for row in rows]

    def sent_form(self, row: int, *, source: int = 1) -> tuple[int, bytes | None] | None:
        """Return (seq, form without the key) of the row with that number, if there is one."""
        with _translated(self.path):
            found = self._db.execute(
                "select seq, body from record where source = ? and row = ?", (source, row)
            ).fetchone()
        return (found[0], found[1]) if found else None

    def _one(self, query: str) -> int:
        with _translated(self.path):
            return int(self._db.execute(query).fetchone()[0])

    def _paged(
        self, query: str, first: Sequence[object] = (), *, after: int = 0
    ) -> Iterator[Sequence[Any]]:
        """Yield lines by chunks, each in a statement of its own.

        The last parameter of *query* is the seq to go on behind, its first column the seq. A long
        open statement would keep the WAL from being checkpointed while rows are being settled.
        """
        while True:
            with _translated(self.path):
                chunk = self._db.execute(query, (*first, after)).fetchall()
            yield from chunk
            if len(chunk) < CHUNK:
                return
            after = chunk[-1][0]


# In the order in which they are written: what came of an attempt follows its intent.
_ENTRY_STATEMENTS: Mapping[type, str] = {
    Intent: "insert into attempt (seq, number, started_at, body_sha256) values (?,?,?,?)",
    Unsettled: "update attempt set result = ?, message = ?, http_status = ?, elapsed_ms = ?"
    " where seq = ? and number = ?",
    Settled: "insert into outcome values (?,?,?,?,?,?,?,?,?)",
}


def _by_kind(entries: Iterable[Entry]) -> dict[type, list[tuple[object, ...]]]:
    """Sort *entries* into lines for the statements; within a kind the order stays."""
    lines: dict[type, list[tuple[object, ...]]] = {kind: [] for kind in _ENTRY_STATEMENTS}
    for e in entries:
        if isinstance(e, Intent):
            lines[Intent].append((e.seq, e.number, e.started_at, e.body_sha256))
        elif isinstance(e, Settled):
            lines[Settled].append(
                (e.seq, e.status, e.error_code, e.message, e.attempts, e.http_status,
                 e.finished_at, e.elapsed_ms, int(e.again))
            )  # fmt: skip
        else:
            lines[Unsettled].append(
                (e.result, e.message, e.http_status, e.elapsed_ms, e.seq, e.number)
            )
    return lines


_pack = json.JSONEncoder(ensure_ascii=False).encode

_ROW = "r.source, r.sheet, r.row, r.cells, r.problems"


def _row(sources: dict[int, SourceInfo], place: Sequence[Any]) -> Row:
    number, sheet, row, cells, problems = place
    info = sources[number]
    return Row(
        source=info.name,
        sheet=sheet,
        number=row,
        cells=dict(zip(info.header, json.loads(cells), strict=True)),
        problems=_unpack_problems(problems) if problems != "[]" else (),
    )


def _open_row(in_doubt: bool, stopped: str, dry_body: bytes | None) -> tuple[Status, str, str]:  # noqa: FBT001
    """Status, code and message of a row without an outcome."""
    if in_doubt:
        return (
            Status.UNKNOWN,
            "INTERRUPTED",
            "sent, but the run ended before a trustworthy answer came",
        )
    if dry_body is not None:
        return Status.NOT_SENT, "DRY_RUN", f"would be sent: {dry_body.decode('ascii')}"
    return Status.NOT_SENT, "RUN_STOPPED", stopped or "the run ended before this row was sent"


def _verdict_line(seq: int, verdict: Verdict) -> tuple[object, ...]:
    return (seq, verdict.status, verdict.error_code, verdict.message, 0, None, "", None, 1)


def _pack_problems(problems: Sequence[Problem]) -> str:
    return json.dumps(
        [[p.code, p.message, p.column, p.field, p.value, p.severity] for p in problems],
        ensure_ascii=False,
    )


def _unpack_problems(text: str) -> tuple[Problem, ...]:
    return tuple(
        Problem(code, message, column, field, value, Severity(severity))
        for code, message, column, field, value, severity in json.loads(text)
    )


def _connect(path: Path) -> sqlite3.Connection:
    with _translated(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            # FULL, not NORMAL: at a power loss NORMAL forgets the last commits, and a forgotten
            # intent of a bare row becomes a second contact. Group commits make it affordable.
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
        except BaseException:
            db.close()
            raise
        return db


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover - Windows cannot open a folder, and needs no sync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Let no SQLite exception pass: say what to do instead."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise StorageError(
            f"{path}: cannot be read or written ({exc}); free some space or mend the permissions, "
            "then run the same command again: nothing is lost"
        ) from exc
    except sqlite3.DatabaseError as exc:
        raise StorageError(
            f"{path}: the journal is damaged ({exc}); restore it from a copy. Starting anew in "
            "another folder would send every row again"
        ) from exc

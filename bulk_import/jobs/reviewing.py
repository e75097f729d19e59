"""All rows of a source, judged and sent nowhere: to look at, filter, explain and correct.

The rows are judged by the stations of a run, into a journal that is thrown away. Beside it stands a
second file with what looking needs: which rows have which problem, and the rows of each filter in
their order, so that any window of a million rows comes at once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

from bulk_import.api.preflight import Directory
from bulk_import.errors import Message, SetupError
from bulk_import.jobs.grid import READY, Cause, Cell, Counts, Filter, Line
from bulk_import.journal import Journal
from bulk_import.journal.packing import as_row
from bulk_import.mapping.advice import follows_advice
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, Row, SourceInfo, Status
from bulk_import.run.changes import SetCounter
from bulk_import.run.inputs import opened_inputs, row_mapper, too_few
from bulk_import.run.judges import Judges, judge, size_of
from bulk_import.run.judging import entered, judge_sources, settle_contacts
from bulk_import.run.passed import Passed
from bulk_import.run.plan import Plan, Tally

JUDGED = "judged.sqlite3"
_VIEW = "view.sqlite3"
_SCHEMA = """
create table problem (seq integer not null, code text not null, col text not null, error integer not null);
create table hit (filter integer not null, pos integer not null, seq integer not null,
                  primary key (filter, pos)) without rowid;
create table filter (id integer primary key, text text not null unique, rows integer not null);
"""
_INDEXES = """
create index problem_code on problem (code, seq);
create index problem_col on problem (col, seq);
create index problem_seq on problem (seq);
"""
# The reasons and warnings of a row, unpacked: code, message, column, field, value, severity.
_UNPACKED = """
insert into problem
select seq, json_extract(p.value, '$[0]'),
       coalesce(nullif(json_extract(p.value, '$[2]'), ''), json_extract(p.value, '$[3]')),
       json_extract(p.value, '$[5]') = 'error'
from (select seq, warnings as list from j.record where warnings is not null {among}
      union all
      select seq, reasons from j.outcome where reasons is not null {among}) r, json_each(r.list) p
"""
_TOGETHER = 1000  # rows that are listened to together
_MOST_TRIED = 20_000  # rows on which a fix is tried
_MOST_FOUND = 50_000  # cells that one replacement changes at most


@dataclass(slots=True)
class Review:
    """The judged rows of one source. For several threads, one after the other."""

    header: tuple[str, ...]
    mapping: ColumnMapping
    tally: Tally
    _journal: Journal
    _db: sqlite3.Connection
    _mapper: RowMapper
    _suppression: SuppressionList
    _sources: dict[int, SourceInfo]
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _sent: bool = False
    _is_closed: bool = False

    @classmethod
    def judge(
        cls,
        folder: Path,
        source: str,
        mapping: ColumnMapping,
        names: Directory | None = None,
        *,
        on_rows: Callable[[int], None] = lambda _: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Read and judge every row of *source*; earlier judgements in *folder* are thrown away.

        Args:
            names: What the account calls its lists; ``None`` = it was not asked.

        Raises:
            SetupError: The source or the mapping cannot be used.
            JudgingStoppedError: ``is_stopping`` said so.
        """
        throw_away(folder)
        mapping = mapping.for_sources([source])
        suppression = SuppressionList.load(mapping.suppress_files())
        tally = Tally()
        with (
            opened_inputs([source], mapping, names) as inputs,
            Judges.opened(size=size_of([source])) as judges,
        ):
            journal = Journal.create(folder / JUDGED, makes_blocks=False)
            try:
                journal.leave_syncs_to_others()
                judge_sources(
                    journal, inputs, suppression, tally, duplicates=mapping.spec.when.duplicate,
                    judges=judges, is_stopping=is_stopping, on_rows=on_rows,
                )  # fmt: skip
                sources = journal.sources()
                db = _view(folder)
            except BaseException:
                journal.close()
                raise
        header = sources[1].header
        mapper = row_mapper(mapping, header, names)
        return cls(header, mapping, tally, journal, db, mapper, suppression, sources)

    def close(self) -> None:
        """Close both files; later questions are answered that the rows are judged again."""
        with self._lock:
            self._is_closed = True
            self._db.close()
            self._journal.close()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._lock:
            if self._is_closed:
                raise SetupError("the rows are being judged again; reload the page")
            yield

    # -- looking ----------------------------------------------------------------------------------

    def overlay(self, run_journal: Path | None) -> None:
        """Show how the rows ended in a run of the same source; ``None`` = no run."""
        with self._in_use():
            if self._sent:
                self._db.execute("detach database s")
            self._sent = run_journal is not None and run_journal.is_file()
            if run_journal is not None and self._sent:
                self._db.execute("attach database ? as s", (_read_only(run_journal),))
            self._forget_filters()

    def counts(self) -> Counts:
        """Return how many rows stand how, and why."""
        with self._in_use():
            statuses = dict(
                self._db.execute(
                    f"""select {self._status()} as st, count(*) from j.record r {self._joins()}
                        group by st order by 2 desc"""  # noqa: S608 - its parts are our own texts
                )
            )
            columns = dict(
                self._db.execute(
                    "select col, count(distinct seq) from problem where error group by col"
                    " order by 2 desc"
                )
            )
            return Counts(sum(statuses.values()), statuses, tuple(self._causes()), columns)

    def accepted(self, seqs: Iterable[int]) -> set[int]:
        """Return which of these rows a run sent and the account accepted: they are not sent again."""
        if not self._sent:
            return set()
        with self._in_use():
            found = self._db.execute(
                f"""select r.seq from j.record r {self._joins()}
                    where r.seq in (select value from json_each(?))
                      and {self._status()} = '{Status.SUCCESS}'""",  # noqa: S608 - its parts are our own texts
                (json.dumps(sorted(set(seqs))),),
            )
            return {seq for (seq,) in found}

    def remarks(self) -> list[Cause]:
        """Return what is remarked of the rows that would be sent, the most frequent first."""
        with self._in_use():
            found = self._db.execute(
                f"""select p.code, count(distinct p.seq)
                    from problem p join j.record r using (seq) {self._joins()}
                    where not p.error and {self._status()} = '{READY}'
                    group by p.code order by 2 desc, 1"""  # noqa: S608 - its parts are our own texts
            )
            return [Cause(code, rows, is_error=False, columns=()) for code, rows in found]

    def count(self, wanted: Filter) -> int:
        """Return how many rows *wanted* has."""
        with self._in_use():
            if wanted.is_empty:
                return self._journal.count_records()
            return self._found(wanted)[1]

    def window(self, wanted: Filter, first: int, rows: int) -> list[Line]:
        """Return *rows* lines from position *first*, from 0."""
        with self._in_use():
            if wanted.is_empty:
                where: tuple[object, ...] = (first + 1, first + rows)
                among = "r.seq between ? and ?"
            else:
                number, _ = self._found(wanted)
                where = (number, first, first + rows - 1)
                among = "r.seq in (select seq from hit where filter = ? and pos between ? and ?)"
            lines = self._db.execute(
                f"""select r.seq, r.row, r.sheet, r.cells, {self._status()}, o.reasons, r.warnings,
                    {"e.message" if self._sent else "''"}
                    from j.record r {self._joins()} where {among} order by r.seq""",  # noqa: S608 - its parts are our own texts
                where,
            ).fetchall()
            return [self._line(*line) for line in lines]

    def position(self, wanted: Filter, seq: int) -> int:
        """Return at which position of *wanted* a row is; the next one's if it is not among them."""
        with self._in_use():
            if wanted.is_empty:
                return seq - 1
            number, rows = self._found(wanted)
            found = self._db.execute(
                "select min(pos) from hit where filter = ? and seq >= ?", (number, seq)
            ).fetchone()
            return int(found[0]) if found[0] is not None else max(0, rows - 1)

    def explain(self, seq: int, column: str) -> Cell:
        """Explain one cell: what becomes of it, and why.

        Raises:
            SetupError: There is no such row or column.
        """
        with self._in_use():
            row = self._row(seq)
            if column not in row.cells:
                raise SetupError(Message("no column {column!r}", column=column))
            record, steps = self._mapper.explain(row)
            own = tuple(step for step in steps if column in step.columns)
            fields = {step.field for step in own}
            problems = tuple(
                p for p in record.problems
                if p.column == column or (not p.column and (not p.field or p.field in fields))
            )  # fmt: skip
            line = self.window(Filter(), seq - 1, 1)[0]
            spec = self.mapping.spec
            followed = {p.code for p in problems if follows_advice(spec, p.field, p.code)}
            return Cell(
                line, column, row.cells[column], own, problems, record.fields, frozenset(followed)
            )

    def refused(self) -> list[Record]:
        """Return the records of rows that are refused, as fixes are tried on them."""
        with self._in_use():
            rows = self._journal.ended_in(Status.INVALID)
            found = (self._mapper.record(row) for _, _, row in rows)
            return [record for _, record in zip(range(_MOST_TRIED), found, strict=False)]

    def warned(self, code: str) -> list[Record]:
        """Return the records of rows to be sent that have the warning *code*, to try fixes on."""
        with self._in_use():
            lines = self.window(Filter(status=READY, code=code), 0, _MOST_TRIED)
            return [self._mapper.record(self._row(line.seq)) for line in lines]

    def first_rows(self, rows: int) -> list[Row]:
        """Return the first rows as they are judged, corrections included."""
        with self._in_use():
            return [
                self._row(seq) for seq in range(1, min(rows, self._journal.count_records()) + 1)
            ]

    def warned_of(self, code: str) -> list[tuple[str, str]]:
        """Return (field, cell) of the warnings with *code*, in the order of the rows."""
        with self._in_use():
            return self._db.execute(
                """select json_extract(p.value, '$[3]'), json_extract(p.value, '$[4]')
                   from j.record r, json_each(r.warnings) p
                   where r.seq in (select seq from problem where code = :code)
                     and json_extract(p.value, '$[0]') = :code order by r.seq limit :most""",
                {"code": code, "most": _MOST_TRIED},
            ).fetchall()

    def examples(self, code: str, rows: int = 3) -> list[tuple[int, str, str]]:
        """Return (row, cell, message) of some rows with the problem *code*."""
        found = []
        for line in self.window(Filter(code=code), 0, rows):
            for problem in self._mapper.record(self._row(line.seq)).problems:
                if problem.code == code:
                    found.append((line.row, problem.value, problem.message))
                    break
        return found

    def plan(self, endpoint: str, titles: Mapping[str, str]) -> Plan:
        """Return what a run of these rows would do."""
        with self._in_use():
            changes = SetCounter()
            for body in self._bodies_left():
                changes.add(body)
            counts = self._journal.counts()
            return Plan(
                endpoint=endpoint,
                rows_read=self._journal.count_records(),
                to_send=self._journal.count_pending(),
                counts={
                    status: number
                    for status, number in counts.items()
                    if number and status not in (Status.NOT_SENT, Status.UNKNOWN)
                },
                changes=changes.names(),
                problems=[
                    *self.tally.problems,
                    *self._shown_by_rows(),
                    *(("all rows", few) for few in self._few()),
                ],
                examples=self.tally.examples,
                titles=titles,
            )

    def _bodies_left(self) -> Iterator[bytes]:
        """Yield the forms of the rows that are still to be sent, those that a run accepted left out."""
        if not self._sent:
            yield from (row.body for row in self._journal.pending())
            return
        left = self._db.execute(
            f"select r.seq from j.record r {self._joins()} where {self._status()} = ? order by r.seq",  # noqa: S608 - our own texts
            (READY,),
        )
        seq = next(left, (0,))[0]
        for row in self._journal.pending():
            if row.seq == seq:
                yield row.body
                seq = next(left, (0,))[0]

    def _shown_by_rows(self) -> Iterator[tuple[str, Problem]]:
        """Yield (source, problem) of what the rows say that would be sent."""
        passed = Passed(self._sources[1], self._mapper)
        if passed.watch.columns:
            rows = (row for _, row, _ in self._journal.results(Status.NOT_SENT))
            while chunk := list(islice(rows, _TOGETHER)):
                heard = passed.watch.heard(chunk, {}, ())
                if heard is not None:
                    passed.add(0, len(chunk), heard)
        yield from passed.findings()

    def _few(self) -> list[Problem]:
        """The problem of a source with too few rows, as a list."""
        few = too_few(self._journal.count_records(), self.mapping)
        return [few] if few is not None else []

    # -- changing ---------------------------------------------------------------------------------

    def cell(self, seq: int, column: str) -> tuple[Row, str]:
        """Return the row and what its cell says now.

        Raises:
            SetupError: There is no such row or column.
        """
        with self._in_use():
            row = self._row(seq)
        if column not in row.cells:
            raise SetupError(Message("no column {column!r}", column=column))
        return row, row.cells[column]

    def contact_of(self, row: Row) -> str:
        """Return who a row is about: its address, or what stands for one."""
        return self._mapper.record(row).email or self._mapper.email_text(row.cells).strip()

    def contacts(self, wanted: Collection[str]) -> list[tuple[int, str]]:
        """Return (seq, contact) of the rows that are about one of *wanted*, by their addresses."""
        at = [self.header.index(name) for name in self._mapper.email_columns]
        cells = ", ".join(f"json_extract(cells, '$[{place}]')" for place in at) or "null"
        with self._in_use():
            rows = self._db.execute(
                f"select seq, email, coalesce({cells}, '') from j.record"  # noqa: S608 - our own texts
            )
            return [
                (seq, key)
                for seq, email, text in rows
                if (key := email or str(text).strip().lower()) in wanted
            ]

    def put(self, changes: Mapping[int, Mapping[str, str]]) -> None:
        """Put other texts into cells, and judge their rows again.

        Args:
            changes: seq -> column -> text.
        """
        with self._in_use():
            for seq, texts in changes.items():
                row = self._row(seq)
                problems = tuple(p for p in row.problems if p.column not in texts)
                better = replace(row, cells={**row.cells, **texts}, problems=problems)
                judged = judge(self._mapper.record(better), self._suppression)
                self._journal.replace_judgement(seq, entered(1, Tally(), better, judged))
            duplicates = self.mapping.spec.when.duplicate
            has_rules = bool(self.mapping.spec.skip or self.mapping.spec.only)
            depends = (
                has_rules or duplicates != "send" or self._mapper.has_unique
            )  # one row's cells may settle another row
            if depends:
                self._journal.index()
                settle_contacts(self._journal, duplicates, {1: self._mapper})
            self._refresh(None if depends else changes.keys())

    def matching(
        self, column: str, find: str, by: str, *, whole: bool, exact: bool
    ) -> Iterator[tuple[int, str, str]]:
        """Yield (seq, text, text with *by* in the place of *find*) of a column's cells.

        Args:
            whole: Only cells that are *find* and nothing else.
            exact: Match case.
        """
        at = self.header.index(column)
        wanted = find if exact else find.casefold()
        with self._in_use():
            cells = self._db.execute(
                f"select seq, json_extract(cells, '$[{at}]') as cell from j.record"  # noqa: S608 - its parts are our own texts
                " where has(cell, ?, ?, ?) order by seq limit ?",
                (wanted, whole, exact, _MOST_FOUND),
            ).fetchall()
        for seq, text in cells:
            yield seq, text, by if whole else _replaced(text, wanted, by, exact=exact)

    # -- within -----------------------------------------------------------------------------------

    def _row(self, seq: int) -> Row:
        if not 1 <= seq <= self._journal.count_records():
            raise SetupError(Message("no row at {seq}", seq=seq))
        place = self._db.execute(
            "select source, sheet, row, cells, problems from j.record where seq = ?", (seq,)
        ).fetchone()
        return as_row(self._sources, place)

    def _status(self) -> str:
        ended = """case when k.seq is not null then 'success'
            when e.status in ('success', 'failed', 'unknown') then e.status end, """
        return f"coalesce({ended if self._sent else ''}o.status, '{READY}')"

    def _joins(self) -> str:
        sent = ""
        if self._sent:
            sent = f"left join s.outcome e using (seq) left join {self._accepted()} k using (seq)"
        return f"left join j.outcome o using (seq) {sent}"

    def _accepted(self) -> str:
        """The rows that were accepted at once, which journals of an earlier version do not list."""
        known = self._db.execute("select 1 from s.sqlite_master where name = 'accepted'").fetchone()
        return "s.accepted" if known else "(select null as seq)"

    def _causes(self) -> Iterator[Cause]:
        columns: dict[str, list[str]] = {}
        for code, column in self._db.execute("select distinct code, col from problem"):
            columns.setdefault(code, []).append(column)
        for code, rows, error in self._db.execute(
            "select code, count(distinct seq), max(error) from problem group by code"
            " order by 3 desc, 2 desc"
        ):
            yield Cause(code, rows, bool(error), tuple(filter(None, columns[code])))

    def _line(
        self, seq: int, row: int, sheet: str, cells: str, status: str, reasons: str | None,
        warnings: str | None, said: str | None,
    ) -> Line:  # fmt: skip
        marks: dict[str, str] = {}
        why = said or ""
        for packed, kind in ((warnings, "warning"), (reasons, "error")):
            for _code, message, column, target, *_ in json.loads(packed) if packed else ():
                place = column or self._mapper.first_column(target)
                marks[place] = kind
                if kind == "error" and not why:
                    why = Message.unpacked(message)
        marks.pop("", None)
        return Line(seq, row, sheet, status, tuple(json.loads(cells)), marks, why)

    def _found(self, wanted: Filter) -> tuple[int, int]:
        """Return the number of a filter and how many rows it has; look for them at first."""
        text = json.dumps([wanted.status, wanted.code, wanted.column, wanted.problems, wanted.text])
        known = self._db.execute("select id, rows from filter where text = ?", (text,)).fetchone()
        if known is not None:
            return int(known[0]), int(known[1])
        where, values = self._where(wanted)
        self._db.execute("begin")
        number = self._db.execute(
            "insert into filter (text, rows) values (?, 0)", (text,)
        ).lastrowid
        self._db.execute(
            f"""insert into hit select ?, row_number() over (order by r.seq) - 1, r.seq
                from j.record r {self._joins()} where {" and ".join(where)}""",  # noqa: S608 - its parts are our own texts
            (number, *values),
        )
        rows = self._db.execute("select count(*) from hit where filter = ?", (number,)).fetchone()
        self._db.execute("update filter set rows = ? where id = ?", (rows[0], number))
        self._db.execute("commit")
        return int(number or 0), int(rows[0])

    def _where(self, wanted: Filter) -> tuple[list[str], list[object]]:
        where: list[str] = []
        values: list[object] = []
        if wanted.status:
            where.append(f"{self._status()} = ?")
            values.append(wanted.status)
        if wanted.problems:
            where.append(f"{self._status()} in ('invalid', 'failed', 'unknown')")
        if wanted.code:
            where.append("r.seq in (select seq from problem where code = ?)")
            values.append(wanted.code)
        if wanted.column and not wanted.text:
            where.append("r.seq in (select seq from problem where col = ?)")
            values.append(wanted.column)
        if wanted.text:
            cell = "r.cells"
            if wanted.column in self.header:
                cell = f"json_extract(r.cells, '$[{self.header.index(wanted.column)}]')"
            where.append(f"has({cell}, ?, 0, 0)")
            values.append(wanted.text.casefold())
        return where or ["1"], values

    def _refresh(self, seqs: Iterable[int] | None) -> None:
        """Take over what judging again found; ``None`` = of all rows."""
        self._db.execute("begin")
        if seqs is None:
            self._db.execute("delete from problem")
            self._db.execute(_UNPACKED.format(among=""))
        else:
            for seq in seqs:
                self._db.execute("delete from problem where seq = ?", (seq,))
                self._db.execute(_UNPACKED.format(among=f"and seq = {int(seq)}"))
        self._forget_filters()
        self._db.execute("commit")

    def _forget_filters(self) -> None:
        self._db.execute("delete from hit")
        self._db.execute("delete from filter")


def throw_away(folder: Path) -> None:
    """Remove the judged rows of *folder*, if there are any."""
    for name in (JUDGED, _VIEW):
        for end in ("", "-wal", "-shm", "-journal"):
            (folder / f"{name}{end}").unlink(missing_ok=True)


def _view(folder: Path) -> sqlite3.Connection:
    """Make what looking needs, beside the journal, readable by its owner alone."""
    path = folder / _VIEW
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = sqlite3.connect(
        path.absolute().as_uri(), uri=True, isolation_level=None, check_same_thread=False,
        timeout=10,
    )  # fmt: skip
    try:
        db.execute("pragma synchronous = off")  # thrown away anyway
        db.execute("pragma journal_mode = memory")
        db.execute("attach database ? as j", (_read_only(folder / JUDGED),))
        db.create_function("has", 4, _has, deterministic=True)
        db.executescript(_SCHEMA)
        db.execute(_UNPACKED.format(among=""))
        db.executescript(_INDEXES)
    except BaseException:
        db.close()
        raise
    return db


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _has(cell: Any, wanted: str, whole: int, exact: int) -> bool:
    text = str(cell) if exact else str(cell).casefold()
    return text == wanted if whole else wanted in text


def _replaced(text: str, wanted: str, by: str, *, exact: bool) -> str:
    if exact:
        return text.replace(wanted, by)
    import re

    return re.sub(re.escape(wanted), lambda _: by, text, flags=re.IGNORECASE)

"""Lets rows go that need neither judging nor sending, while the sources of a night are read.

Two kinds of rows are let go, and nothing is kept of them but the number of their contact: rows whose
mapped cells are those that gave the payload confirmed last, and rows that were judged and gave that
payload again. All others go into the journal. What was let go is kept in temporary tables beside
the state's contacts, so memory does not grow with the source.

A contact with several rows is compared as a whole: when a contact that was let go turns out to have
further rows, the sources are read once more, and all rows of that contact are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from bulk_import.jobs.fingerprints import Digester, digester
from bulk_import.jobs.state import State, translated
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Row, Status
from bulk_import.run.plan import Tally

UNCHANGED = Refusal.because(Status.UNCHANGED, "UNCHANGED", "same as last confirmed")
_AT_ONCE = 500  # values in one look-up

_TABLES = """
drop table if exists temp.seen;
create temp table seen (
    id integer primary key,     -- of the contact
    file integer not null,      -- number of the source
    shape integer,              -- which fields have a value
    cells blob,                 -- their digest, if it is not the one that the state has
    twice integer not null default 0
);
drop table if exists temp.kept;
create temp table kept (seq integer primary key, key text not null, cells blob);
create temp table if not exists contested (id integer primary key)"""
_SEEN = """insert into temp.seen (id, file, shape, cells) values (?, ?, ?, ?)
on conflict (id) do update set twice = 1"""
_BY_CELLS = """select cells, id, key, shape from contact
where cells in ({}) and digest <> '' and id not in (select id from temp.contested)"""
_BY_KEY = """select key, id, digest from contact
where key in ({}) and digest <> '' and cells is not x''
and id not in (select id from temp.contested)"""
# Those that are read twice, and those that have a row in the journal as well.
_CONTESTED = """insert or ignore into temp.contested
select id from temp.seen where twice
union select c.id from temp.kept k join contact c on c.key = k.key where c.id in
(select id from temp.seen)"""


class _Kept(NamedTuple):
    """A row that stays: its place among those that were read together, and its cells' digest."""

    at: int
    judged: JudgedRow
    cells: bytes | None = None

    @property
    def key(self) -> str:
        """The contact that the row is sent for; empty when it is not sent, or has no e-mail."""
        return self.judged.email if self.judged.body is not None else ""


class Sieve:
    """What ``judge_sources`` asks which rows to keep."""

    def __init__(self, state: State, *, full: bool = False, lists_all: bool = False) -> None:
        """Make a sieve.

        Args:
            full: Keep every row.
            lists_all: Keep a line in the journal of rows that are let go, for the report.
        """
        self._state = state
        self._db = state.db
        self._full = full
        self._lists_all = lists_all
        self._digesters: dict[int, Digester | None] = {}
        self._stored = 0
        self.mirrors: dict[str, frozenset[str]] = {}
        self.is_of_now = False
        self.restart()

    def restart(self) -> None:
        """Forget what an earlier reading found, but not which contacts have several rows."""
        self._stored = 0
        self._digesters = {}
        with translated(self._state.path):
            for statement in _TABLES.split(";\n"):
                self._db.execute(statement)

    def needs_another_reading(self) -> bool:
        """Return whether rows were let go whose contact has further rows."""
        with translated(self._state.path):
            before = self._db.total_changes
            self._db.execute(_CONTESTED)
            return self._db.total_changes > before

    def sift(
        self,
        number: int,
        mapper: RowMapper,
        rows: Sequence[Row],
        judge: Callable[[Row], JudgedRow],
        suppression: SuppressionList,
        tally: Tally,
    ) -> list[JudgedRow]:
        """Return the rows that go into the journal, in their order; remember all others.

        Args:
            number: Of the source, from 1.
            judge: Judges one row.
        """
        if number not in self._digesters:
            self._open(number, mapper)
        digest = self._digesters[number]
        digests = list(map(digest, rows)) if digest is not None else [None] * len(rows)
        with translated(self._state.path):
            self._db.execute("begin")
            try:
                kept = self._sifted(number, rows, digests, judge, suppression, tally)
            finally:
                self._db.execute("commit")
        return kept

    def _open(self, number: int, mapper: RowMapper) -> None:
        self._digesters[number] = digester(mapper)
        for bound in mapper.binding.fields:
            self.is_of_now = self.is_of_now or bound.rule.dst == "current"

    def _sifted(
        self,
        number: int,
        rows: Sequence[Row],
        digests: Sequence[bytes | None],
        judge: Callable[[Row], JudgedRow],
        suppression: SuppressionList,
        tally: Tally,
    ) -> list[JudgedRow]:
        known = {} if self._full else self._looked_up(_BY_CELLS, [d for d in digests if d])
        asks = len(suppression) > 0
        seen: list[tuple[int, int, int | None, bytes | None]] = []
        kept: list[_Kept] = []
        for at, (row, cells) in enumerate(zip(rows, digests, strict=True)):
            found = known.get(cells)
            if found is None or (asks and suppression.reason(found[2])):
                kept.append(_Kept(at, judge(row), cells))
                continue
            seen.append((found[1], number, found[3], None))
            tally.let_pass(row)
            if self._lists_all:
                kept.append(_listed(at, number, row, found[2]))
        kept = self._without_same_payload(number, kept, seen)
        self._db.executemany(_SEEN, seen)
        self._db.executemany(
            "insert into temp.kept values (?, ?, ?)",
            ((seq, one.key, one.cells) for seq, one in enumerate(kept, self._stored + 1)),
        )
        self._stored += len(kept)
        return [one.judged for one in kept]

    def _without_same_payload(
        self, number: int, kept: list[_Kept], seen: list[tuple[int, int, int | None, bytes | None]]
    ) -> list[_Kept]:
        """Let judged rows go that have the payload confirmed last; add them to *seen*."""
        emails = {one.key for one in kept if one.key}
        if self._full or not emails:
            return kept
        known = self._looked_up(_BY_KEY, sorted(emails))
        left: list[_Kept] = []
        for one in kept:
            found = known.get(one.key)
            body = one.judged.body or b""
            if found is None or found[2] != digest_of([sha(body)]):
                left.append(one)
                continue
            seen.append((found[1], number, self._state.shape_of(body), one.cells))
            if self._lists_all:
                left.append(_listed(one.at, number, one.judged.row, one.key))
        return left

    def _looked_up(self, query: str, values: Sequence[Any]) -> dict[Any, Sequence[Any]]:
        """Return first column -> line of *query*, for each of *values* that has one."""
        found = {}
        for first in range(0, len(values), _AT_ONCE):
            some = values[first : first + _AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update({line[0]: line for line in self._db.execute(query.format(marks), some)})
        return found


def sha(body: bytes) -> bytes:
    """Return the digest of one row's form."""
    return hashlib.sha256(body).digest()


def digest_of(rows: Iterable[bytes]) -> str:
    """Return the digest of a contact's payload, from those of its rows' forms in file order."""
    return hashlib.sha256(b"".join(rows)).hexdigest()


def _listed(at: int, number: int, row: Row, email: str) -> _Kept:
    """A row that was let go, as the journal lists it: without cells and form."""
    bare = Row(row.source, row.sheet, row.number, {})
    return _Kept(at, JudgedRow(number, bare, email, email, (), None, UNCHANGED))

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
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bulk_import.jobs.fingerprints import Digester, cells_of, clocks_of, digester
from bulk_import.jobs.state import State, translated
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Row, Status
from bulk_import.sources.damage import DamageDetector

UNCHANGED = Refusal.because(Status.UNCHANGED, "UNCHANGED", "same as last confirmed")
_AT_ONCE = 500  # values in one look-up

_TABLES = """
drop table if exists temp.seen;
create temp table seen (
    id integer primary key,     -- of the contact
    shape integer,              -- which fields have a value
    cells blob,                 -- their digest, if it is not the one that the state has
    twice integer not null default 0
);
drop table if exists temp.kept;
create temp table kept (seq integer primary key, key text not null, cells blob);
create temp table if not exists contested (id integer primary key)"""
_SEEN = """insert into temp.seen (id, shape, cells) values (?, ?, ?)
on conflict (id) do update set twice = 1"""
_BY_CELLS = """select cells, id, key, shape from contact
where cells in ({}) and digest <> '' and id not in (select id from temp.contested)"""
_NEXT = """select cells, id, key, shape from contact where id > ? and cells is not null
and digest <> '' and id not in (select id from temp.contested) order by id limit ?"""
_BY_KEY = """select key, id, digest from contact
where key in ({}) and digest <> '' and cells is not x''
and id not in (select id from temp.contested)"""
# Those that are read twice, and those that have a row in the journal as well.
_CONTESTED = """insert or ignore into temp.contested
select id from temp.seen where twice
union select c.id from temp.kept k join contact c on c.key = k.key where c.id in
(select id from temp.seen)"""


_LookAt = Callable[[Sequence[int]], list[Row]]  # positions in a chunk -> their rows
_Seen = tuple[int, int | None, bytes | None]  # a line of `seen`


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that are looked up together.

    Attributes:
        columns: Those whose cells have a say in the payload.
        picked: Their cells, row by row.
        cells: The same, column by column.
    """

    rows: Sequence[Row]
    columns: tuple[str, ...]
    picked: Sequence[tuple[str, ...]]
    cells: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, rows: Sequence[Row], columns: tuple[str, ...]) -> _Chunk:
        picked = cells_of(rows, columns)
        return cls(
            rows, columns, picked, dict(zip(columns, zip(*picked, strict=True), strict=True))
        )

    def looked_at(self, positions: Iterable[int], detector: DamageDetector) -> _Chunk:
        """Return the chunk with some of its rows looked at."""
        rows, some = list(self.rows), sorted(positions)
        for at, row in zip(some, detector.looked_at([rows[at] for at in some]), strict=True):
            rows[at] = row
        return replace(self, rows=rows)


class _Tags:
    """Sees to it that judged rows are warned of tags that look like those of rows that are let go.

    Attributes:
        judged: Rows of the source so far that are judged.
    """

    def __init__(self, mapper: RowMapper, most_told: int) -> None:
        self._mapper = mapper
        self._most_told = most_told
        self._columns = mapper.tag_columns
        self._told: set[tuple[str, ...]] = set()
        self.judged = 0

    def new_in(self, chunk: _Chunk) -> bool:
        """Whether any row has tags that the mapper was not told of."""
        if not self._columns:
            return False
        return not self._told.issuperset(zip(*self._cells(chunk), strict=True))

    def tell(self, at: int, chunk: _Chunk, looked_at: _LookAt) -> bool:
        """Tell the mapper of a row that is let go; return ``False`` if too many are waiting."""
        cells = tuple([column[at] for column in self._cells(chunk)])
        if cells in self._told:
            return True
        if self._mapper.overheard >= self._most_told:
            return False
        if len(self._told) >= self._most_told:
            self._told.clear()  # to be told twice changes nothing
        self._told.add(cells)
        self._mapper.overhear(looked_at([at])[0], self.judged)
        return True

    def _cells(self, chunk: _Chunk) -> list[Sequence[str]]:
        return [chunk.cells[column] for column in self._columns]


class Sieve:
    """What ``judge_sources`` asks which rows to keep."""

    def __init__(
        self,
        state: State,
        *,
        full: bool = False,
        compares: bool = False,
        lists_all: bool = False,
        most_told: int = 10_000,
    ) -> None:
        """Make a sieve.

        Args:
            full: Judge and keep every row.
            compares: Keep every row that is judged: the comparison learns more from it than that
                its payload is the same.
            lists_all: Keep a line in the journal of rows that are let go, for the report.
            most_told: Different cells of tags that are kept until a row is judged that may have a tag
                which looks like one of them.
        """
        self._state = state
        self._db = state.db
        self._full = full
        self._compares = compares or full
        self._lists_all = lists_all
        self._most_told = most_told
        self._digesters: dict[int, Digester | None] = {}
        self._tags: dict[int, _Tags] = {}
        self._stored = 0
        self._expected = 0  # the contact after which the next ones are looked for first; 0: none
        self._waiting: deque[bytes | None] = deque()  # digests of rows that are being judged
        self.clocks = ""  # the offsets of time zones by which the sources were read
        self.restart()

    @property
    def expects_known(self) -> bool:
        """Whether the state has contacts."""
        return not self._full and self._state.count() > 0

    def restart(self) -> None:
        """Forget what an earlier reading found, but not which contacts have several rows."""
        self._stored = 0
        self._digesters.clear()
        self._expected = 0
        self._tags.clear()
        self._waiting.clear()
        with translated(self._state.path):
            for statement in _TABLES.split(";\n"):
                self._db.execute(statement)

    def needs_another_reading(self) -> bool:
        """Return whether rows were let go whose contact has further rows."""
        with translated(self._state.path):
            before = self._db.total_changes
            self._db.execute(_CONTESTED)
            return self._db.total_changes > before

    def unknown(
        self,
        number: int,
        mapper: RowMapper,
        detector: DamageDetector,
        rows: Sequence[Row],
        suppression: SuppressionList,
    ) -> list[Row]:
        """Return the rows that must be judged, in their order; let the others go.

        Args:
            number: Of the source, from 1.
            detector: Looks at those rows. Damage is a function of the cells, so a row is recognized
                without it, except where damage depends on other rows.
        """
        if number not in self._digesters:
            self._digesters[number] = digester(mapper)
            self._tags[number] = _Tags(mapper, self._most_told)
            self.clocks = clocks_of(mapper.binding)
        digest = self._digesters[number]
        columns = digest.columns if digest is not None else tuple(mapper.binding.used_columns)
        chunk = _Chunk.of(rows, columns)
        detector.count(rows, chunk.cells)
        depending = detector.depending(chunk.cells)
        if depending:
            chunk = chunk.looked_at(depending, detector)

        def looked_at(positions: Sequence[int]) -> list[Row]:
            new = [at for at in positions if at not in depending]
            looked = dict(zip(new, detector.looked_at([chunk.rows[at] for at in new]), strict=True))
            return [looked.get(at, chunk.rows[at]) for at in positions]

        return looked_at(self._left(number, chunk, suppression, looked_at))

    def _left(
        self,
        number: int,
        chunk: _Chunk,
        suppression: SuppressionList,
        looked_at: _LookAt,
    ) -> Sequence[int]:
        """Let known rows go; return the positions of the others, whose digests then wait."""
        digest, tags = self._digesters[number], self._tags[number]
        digests = digest.digests(chunk.rows, chunk.picked) if digest is not None else []
        if not digests or self._full or self._lists_all:
            self._waiting.extend(digests or [None] * len(chunk.rows))
            return range(len(chunk.rows))
        asks = len(suppression) > 0
        seen: list[_Seen] = []
        left: list[int] = []
        new_tags = tags.new_in(chunk)
        with translated(self._state.path):
            known = self._known(digests)
            for at, cells in enumerate(digests):
                found = known.get(cells)
                if (
                    found is None
                    or (asks and suppression.reason(found[2]))
                    or (new_tags and not tags.tell(at, chunk, looked_at))
                ):
                    left.append(at)
                    tags.judged += 1
                    self._waiting.append(cells)
                else:
                    seen.append((found[1], found[3], None))
            self._note(_SEEN, seen)
        return left

    def _known(self, digests: Sequence[bytes]) -> dict[bytes, Sequence[Any]]:
        """Return digest -> line of the contact, for each that is the one of a contact.

        A file mostly has its contacts in the order in which the state met them. Then the next lines
        of the state are read at once, which is several times faster than to look each up.
        """
        known: dict[bytes, Sequence[Any]] = {}
        if self._expected:
            lines = self._db.execute(_NEXT, (self._expected, len(digests)))
            following = {line[0]: line for line in lines}
            known = {cells: following[cells] for cells in digests if cells in following}
        if len(known) < len(digests):
            known |= self._looked_up(_BY_CELLS, [one for one in digests if one not in known])
        ids = [line[1] for line in known.values()]
        is_in_order = ids and max(ids) - min(ids) < 2 * len(digests)
        self._expected = max(ids) if is_in_order else 0
        return known

    def kept(self, judged: Sequence[JudgedRow]) -> list[JudgedRow]:
        """Return the judged rows that go into the journal; let those with the same payload go."""
        emails = {one.email for one in judged if one.body is not None and one.email}
        seen: list[_Seen] = []
        kept: list[tuple[JudgedRow, str, bytes | None]] = []
        with translated(self._state.path):
            known = {} if self._compares else self._looked_up(_BY_KEY, sorted(emails))
            for one in judged:
                cells = self._waiting.popleft()
                found = known.get(one.email) if one.body is not None else None
                if found is None or one.body is None or found[2] != digest_of([sha(one.body)]):
                    kept.append((one, one.email, cells))
                    continue
                seen.append((found[1], self._state.shape_of(one.body), cells))
                if self._lists_all:
                    kept.append((_listed(one), "", None))
            self._note(_SEEN, seen)
            self._note(
                "insert into temp.kept values (?, ?, ?)",
                [
                    (seq, email, cells)
                    for seq, (_, email, cells) in enumerate(kept, self._stored + 1)
                ],
            )
        self._stored += len(kept)
        return [one for one, _, _ in kept]

    def _note(self, statement: str, lines: Sequence[Sequence[Any]]) -> None:
        if not lines:
            return
        self._db.execute("begin")
        self._db.executemany(statement, lines)
        self._db.execute("commit")

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


def _listed(judged: JudgedRow) -> JudgedRow:
    """A row that was let go, as the journal lists it: without cells and form."""
    row = judged.row
    bare = Row(row.source, row.sheet, row.number, {})
    return judged._replace(row=bare, body=None, refusal=UNCHANGED)

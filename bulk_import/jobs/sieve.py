"""Lets rows go that need neither judging nor sending, while the sources of a night are read.

Two kinds of rows are let go, and nothing is kept of them but the number of their contact: rows whose
mapped cells are those that gave the payload confirmed last, and rows that were judged and gave that
payload again. All others go into the journal. What was let go is kept in temporary tables beside
the state's contacts, so memory does not grow with the source.

A contact with several rows is compared as a whole: when a contact that was let go turns out to have
further rows, the sources are read once more, and all rows of that contact are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bulk_import.jobs.fingerprints import Digester, cells_of, clocks_of, digester
from bulk_import.jobs.payloads import (
    Remembered,
    digest_alone,
    has_offset,
    mirrors_of,
    remembered,
)
from bulk_import.jobs.state import State, translated
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.binding import Lists
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Row, Status
from bulk_import.normalize.mailboxes import email_key
from bulk_import.run.judging import who_said_no
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.rows import Rows

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
create temp table kept (        -- the rows of the journal
    seq integer primary key,
    key text not null,          -- the e-mail; empty where it says nothing about a contact
    sha blob,                   -- digest of the form; null: it has none
    shape integer, rest blob, mirrored text,  -- of the form, as in the state
    cells blob
);
drop table if exists temp.said_no;
create temp table said_no (mailbox text primary key) without rowid;
create temp table if not exists contested (id integer primary key)"""
_SAID_NO = "insert or ignore into temp.said_no values (?)"
_KEPT = "insert into temp.kept values (?, ?, ?, ?, ?, ?, ?)"
_SEEN = """insert into temp.seen (id, shape, cells) values (?, ?, ?)
on conflict (id) do update set twice = 1"""
_BY_CELLS = """select cells, id, key, shape from contact
where cells in ({}) and digest <> '' and id not in (select id from temp.contested)"""
_NEXT = """select cells, id, key, shape from contact where id > ? and cells is not null
and digest <> '' and id not in (select id from temp.contested) order by id limit ?"""
_SEEN_FOLLOWING = """insert into temp.seen (id, shape)
select id, shape from contact where id > ? and id <= ? and cells is not null
and digest <> '' and id not in (select id from temp.contested) and id not in ({})
on conflict (id) do update set twice = 1"""
_BY_KEY = """select key, id, digest, rest, mirrored from contact
where key in ({}) and digest <> '' and cells is not x''
and id not in (select id from temp.contested)"""
# The few kept rows come first: SQLite would go through all of them for each contact that was let go.
# Those that are read twice, those that have a row in the journal as well, and those that said no there
# under another spelling.
_CONTESTED = """insert or ignore into temp.contested
select id from temp.seen where twice
union select c.id from temp.kept k cross join contact c on c.key = k.key where +c.id in
(select id from temp.seen)
union select c.id from temp.said_no n cross join contact c on c.key = n.mailbox where +c.id in
(select id from temp.seen)"""
_CONTESTED_SPELLINGS = """insert or ignore into temp.contested
select id from contact where key glob '*[^ -~]*' and id in (select id from temp.seen)
and mailbox_of(key) in (select mailbox from temp.said_no)"""


_LookAt = Callable[[Sequence[int]], Rows]  # positions in a chunk -> their rows
_Seen = tuple[int, int | None, bytes | None]  # a line of `seen`


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that are looked up together.

    Attributes:
        columns: Those whose cells have a say in the payload.
        picked: Their cells, row by row.
        cells: The same, column by column.
    """

    rows: Rows
    columns: tuple[str, ...]
    picked: Sequence[tuple[str, ...]]
    cells: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, rows: Rows, columns: tuple[str, ...]) -> _Chunk:
        cells = {column: rows.column(column) for column in columns}
        return cls(rows, columns, cells_of(rows, columns), cells)

    def looked_at(self, positions: Iterable[int], detector: DamageDetector) -> _Chunk:
        """Return the chunk with some of its rows looked at."""
        some = sorted(positions)
        found = detector.damage(Rows.of([self.rows[at] for at in some]))
        damage = {some[at]: problems for at, problems in found.items()}
        return replace(self, rows=self.rows.with_problems(damage))


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
        lists_all: bool = False,
        most_told: int = 10_000,
    ) -> None:
        """Make a sieve.

        Args:
            full: Judge and keep every row.
            lists_all: Keep a line in the journal of rows that are let go, for the report.
            most_told: Different cells of tags that are kept until a row is judged that may have a tag
                which looks like one of them.
        """
        self._state = state
        self._db = state.db
        self._full = full
        self._lists_all = lists_all
        self._most_told = most_told
        self._digesters: dict[int, Digester | None] = {}
        self._mirrors: Mapping[str, Collection[str]] = {}
        self._has_offset = False
        self._tags: dict[int, _Tags] = {}
        self._stored = 0
        self._expected = 0  # the contact after which the next ones are looked for first; 0: none
        self._waiting: deque[bytes | None] = deque()  # digests of rows that are being judged
        self.clocks = ""  # the offsets of time zones by which the sources were read
        self.restart()

    @property
    def expects_known(self) -> bool:
        """Whether the state has contacts."""
        return not self._full and not self._state.is_empty

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

    def needs_another_reading(self, journal: Journal) -> bool:
        """Return whether rows were let go whose contact has further rows.

        Args:
            journal: With the rows that were kept.
        """
        with translated(self._state.path):
            if not self._db.execute("select 1 from temp.seen").fetchone():
                return False
            self._note(_SAID_NO, ((mailbox,) for mailbox, _ in who_said_no(journal)))
            before = self._db.total_changes
            self._db.execute(_CONTESTED)
            if self._db.execute("select 1 from temp.said_no").fetchone():
                self._db.create_function("mailbox_of", 1, email_key, deterministic=True)
                self._db.execute(_CONTESTED_SPELLINGS)
            return self._db.total_changes > before

    def unknown(
        self,
        number: int,
        mapper: RowMapper,
        detector: DamageDetector,
        rows: Sequence[Row],
        suppression: SuppressionList,
    ) -> Rows:
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
            mapping = mapper.binding.mapping
            self._has_offset = has_offset(mapping)
            self._mirrors = mirrors_of(mapping, _ids(mapper.binding.lists))
        digest = self._digesters[number]
        columns = digest.columns if digest is not None else tuple(mapper.binding.used_columns)
        chunk = _Chunk.of(Rows.of(rows), columns)
        detector.count(chunk.rows.numbers, chunk.cells)
        depending = detector.depending(chunk.cells)
        if depending:
            chunk = chunk.looked_at(depending, detector)

        def looked_at(positions: Sequence[int]) -> Rows:
            picked = chunk.rows.picked(positions)
            if not depending:
                return detector.looked_at(picked)
            new = [at for at, before in enumerate(positions) if before not in depending]
            found = detector.damage(picked.picked(new))
            return picked.with_problems({new[at]: problems for at, problems in found.items()})

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
            following = self._following(len(digests))
            others: Sequence[int] = range(len(digests))
            if not asks and not new_tags:
                others = self._let_go(following, digests)
            known = self._known([digests[at] for at in others], following)
            if len(others) == len(digests):
                self._expect(known.values(), len(digests))
            for at in others:
                cells = digests[at]
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

    def _following(self, number: int) -> list[Sequence[Any]]:
        """Return the lines of the contacts that are expected next; none if the order is not known.

        A file mostly has its contacts in the order in which the state met them. Then the next lines
        of the state are read at once, which is several times faster than to look each up.
        """
        if not self._expected:
            return []
        return self._db.execute(_NEXT, (self._expected, number)).fetchall()

    def _let_go(
        self, following: Sequence[Sequence[Any]], digests: Sequence[bytes]
    ) -> Sequence[int]:
        """Let the rows of contacts go that were expected, by one statement, if those are most rows.

        Returns:
            The positions of the other rows.
        """
        given, whole = set(digests), range(len(digests))
        absent = [line[1] for line in following if line[0] not in given]
        if len(given) < len(digests) or 2 * len(absent) > len(following) or not following:
            return whole
        last = max(line[1] for line in following if line[0] in given)
        few = ",".join(str(one) for one in absent if one < last)
        self._note(_SEEN_FOLLOWING.format(few), [(self._expected, last)])
        self._expected = last
        expected = {line[0] for line in following}
        return [at for at in whole if digests[at] not in expected]

    def _known(
        self, digests: Sequence[bytes], following: Sequence[Sequence[Any]]
    ) -> dict[bytes, Sequence[Any]]:
        """Return digest -> line of the contact, for each that is the one of a contact.

        Args:
            following: Lines of contacts that are probably among them.
        """
        lines = {line[0]: line for line in following}
        known = {cells: lines[cells] for cells in digests if cells in lines}
        if len(known) < len(digests):
            known |= self._looked_up(_BY_CELLS, [one for one in digests if one not in known])
        return known

    def _expect(self, lines: Iterable[Sequence[Any]], rows: int) -> None:
        """Note which contacts probably follow those that a number of rows were found to be."""
        ids = [line[1] for line in lines]
        is_in_order = ids and max(ids) - min(ids) < 2 * rows
        self._expected = max(ids) if is_in_order else 0

    def kept(self, judged: Sequence[JudgedRow]) -> list[JudgedRow]:
        """Return the judged rows that go into the journal; let those with the same payload go."""
        seen: list[_Seen] = []
        kept: list[JudgedRow] = []
        notes: list[tuple[object, ...]] = []
        with translated(self._state.path):
            known = self._with_payloads(judged)
            for one in judged:
                cells, form = self._waiting.popleft(), self._remembered(one.body)
                contact = known.get(one.email) if form is not None else None
                if form is None or one.body is None:
                    note: tuple[object, ...] = (one.email, None, None, None, None, cells)
                elif contact is None or not _is_same(contact, form):
                    shape = self._state.shape_of(one.body)
                    note = (one.email, form.sha, shape, form.rest, form.mirrored, cells)
                else:
                    seen.append((contact[1], self._state.shape_of(one.body), cells))
                    if not self._lists_all:
                        continue
                    note, one = ("", None, None, None, None, None), _listed(one)
                kept.append(one)
                notes.append((self._stored + len(kept), *note))
            self._note(_SEEN, seen)
            self._note(_KEPT, notes)
        self._stored += len(kept)
        return kept

    def _with_payloads(self, judged: Sequence[JudgedRow]) -> dict[str, Sequence[Any]]:
        """Return e-mail -> line of the contact, of the rows that may have the payload confirmed last."""
        if self._full:
            return {}
        emails = {one.email for one in judged if one.body is not None and one.email}
        return self._looked_up(_BY_KEY, sorted(emails))

    def _remembered(self, body: bytes | None) -> Remembered | None:
        if body is None:
            return None
        return remembered(body, self._mirrors, has_offset=self._has_offset)

    def _note(self, statement: str, lines: Iterable[Sequence[Any]]) -> None:
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


def _is_same(contact: Sequence[Any], form: Remembered) -> bool:
    """Whether a row is the payload confirmed last, and nothing new is to be remembered of it.

    Args:
        contact: A line of ``_BY_KEY``.
    """
    _, _, digest, rest, held = contact
    return (
        digest == digest_alone(form.sha)
        and (form.rest is None or form.rest == rest)
        and (form.mirrored is None or form.mirrored == held)
    )


def _ids(lists: Lists | None) -> dict[str, str]:
    """Return title of a list -> its id, where it has one."""
    return {title: ids[0] for title, ids in (lists or {}).items() if len(ids) == 1}


def _listed(judged: JudgedRow) -> JudgedRow:
    """A row that was let go, as the journal lists it: without cells and form."""
    row = judged.row
    bare = Row(row.source, row.sheet, row.number, {})
    return judged._replace(row=bare, body=None, refusal=UNCHANGED)

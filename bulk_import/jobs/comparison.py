"""What has changed since the last good night, by set operations over the journal and the state.

The state's connection attaches the night's journal, so nothing per row is held in memory. What the
comparison found out stays in two tables of the journal: a night that was cut off can be compared
again, and taken over::

    seen        contacts whose rows were let go, by their number in the state
    compared    what to remember of each row in the journal, once it is confirmed

Rows that were judged just now, each the only one of a contact that the state does not have, are written
to ``compared`` by one statement. All others are compared contact by contact.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from bulk_import.errors import Message
from bulk_import.jobs.payloads import (
    digest_alone,
    digest_of,
    joined,
    remembered,
    removing,
    sha,
    union,
)
from bulk_import.jobs.sieve import UNCHANGED
from bulk_import.jobs.state import SEVERAL, Presence, State, translated
from bulk_import.journal import Journal
from bulk_import.journal.entries import Refusal
from bulk_import.models import Problem, Status
from bulk_import.normalize.mailboxes import email_key

BARE = "bare:"
# Rows that are never sent say nothing of what the server has.
_NOT_MEANT = frozenset({Status.DUPLICATE, Status.SUPPRESSED, Status.SKIPPED, Status.INVALID})
_BATCH = 1000

_NIGHT = """
create table if not exists night.seen (id integer primary key, shape integer);
create table if not exists night.compared (
    seq integer primary key,
    key text not null,
    sent blob,                -- digest of the form in the journal; null: it is `sha`
    sha blob not null,        -- digest of the form as the source gives it, removals left out
    digest text,              -- of all rows of the contact; null: `sha` is its only one
    cells blob, rest blob, shape integer, mirrored text
)"""
# Nights of an earlier version noted other things of each row.
_EARLIER = """
alter table night.seen rename to seen_earlier;
alter table night.compared rename to compared_earlier"""
_FROM_EARLIER = """
insert into night.seen select id, shape from night.seen_earlier;
insert into night.compared
select seq, key, sent, sha, digest, cells, rest, shape, mirrored from night.compared_earlier;
drop table night.seen_earlier;
drop table night.compared_earlier"""
# Contacts that the account may know otherwise than the state when this night has sent its rows.
_SENDING = """
insert or ignore into sending
select n.key, n.mirrored from night.compared n left join night.ended o using (seq)
where o.seq is null and n.key not like 'bare:%'
    and (n.mirrored is not null or n.key in (select key from contact))
union all
select r.email, null from night.record r left join night.ended o using (seq)
where o.seq is null and r.source in ({})"""
_TEMPORARY = """
drop table if exists temp.rows;
create temp table rows (
    seq integer primary key, key text not null, sent blob not null, sha blob not null,
    status text not null, shape integer not null, rest blob, mirrored text, cells blob
);
drop table if exists temp.compared;
create temp table compared as select * from night.compared where 0"""
# Mailboxes of tonight's rows that say no, or may say no.
REFUSING = "create temp table if not exists refusing (mailbox text primary key)"
_COMPARED = "insert into temp.compared values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
# A night that is compared again: forms that are as they were keep what was found out about them.
_AGAIN = """
update temp.rows set sha = e.sha, rest = e.rest, mirrored = e.mirrored, shape = e.shape,
    cells = e.cells
from night.compared e where e.seq = temp.rows.seq and coalesce(e.sent, e.sha) = temp.rows.sent"""
_CELLS = """
update temp.rows set cells = k.cells from temp.kept k
where k.seq = temp.rows.seq and temp.rows.cells is null"""
# Each the only row of a contact that the state does not have.
_NEW_ONES = """
insert into night.compared
select k.seq, k.key, null, k.sha, null, k.cells, k.rest, k.shape, k.mirrored
from temp.kept k left join night.ended o using (seq)
where k.sha is not null and k.key <> '' and o.seq is null
    and k.key not in (select key from temp.kept group by key having count(*) > 1)
    and not exists (select 1 from contact c where c.key = k.key)"""
_OTHER_ONES = f"""
insert into temp.rows
select k.seq, case k.key when '' then '{BARE}' || lower(hex(k.sha)) else k.key end, k.sha, k.sha,
    coalesce(o.status, '{Status.NOT_SENT}'), k.shape, k.rest, k.mirrored, k.cells
from temp.kept k left join night.ended o using (seq)
where k.sha is not null and k.seq not in (select seq from night.compared)
    and coalesce(o.status, '') not in ({{}})"""
# A contact's cells alone do not give its payload if another row of it has a say.
_SHARED = """
update temp.rows set cells = x'' where key in (
    select r.email from night.outcome o join night.record r using (seq)
    where o.status in ({}) and r.email <> '')"""
_TWINS = f"""
update temp.rows set key = key || ':' || n from (
    select seq as twin, row_number() over (partition by key order by seq) as n
    from temp.rows where key like '{BARE}%')
where twin = temp.rows.seq"""
_GROUPS = """
select r.key, r.seq, r.sent, r.sha, r.status, r.shape, r.rest, r.mirrored, r.cells,
    c.digest, c.rest, c.mirrored
from temp.rows r left join contact c on c.key = r.key order by r.key, r.seq"""


@dataclass(slots=True)
class Found:
    """What a comparison came to.

    Attributes:
        rows: Of the sources.
        contacts: That have a row which may be sent, or that was let go.
        changed: Known contacts whose payload differs.
        moved: Those of them that differ by their time offset alone.
        filled: Field -> rows with a value of it.
        let_go: Rows that the journal does not have: all of them unchanged.
        before: Contacts of the last good night.
        vanished: Those of them that are missing.
        bare: Keys of the rows without e-mail that are to be sent.
    """

    rows: int = 0
    contacts: int = 0
    changed: int = 0
    moved: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    let_go: int = 0
    before: int = 0
    vanished: int = 0
    bare: list[str] = field(default_factory=list)


class Line(NamedTuple):
    """A row of the journal, beside what is remembered of its contact."""

    key: str
    seq: int
    sent: bytes
    sha: bytes
    status: str
    shape: int
    rest: bytes | None
    mirrored: str | None
    cells: bytes | None
    known: str | None
    known_rest: bytes | None
    known_mirrored: str | None


@contextmanager
def attached(state: State, journal: Journal) -> Iterator[None]:
    """Let the state's connection see a journal, as ``night``."""
    with translated(state.path):
        state.db.create_function("mailbox_of", 1, email_key, deterministic=True)
        state.db.create_function("digest_alone", 1, digest_alone, deterministic=True)
        state.db.execute("attach database ? as night", (str(journal.path),))
        try:
            _make_tables(state)
            yield
        finally:
            state.db.execute("detach database night")


def _make_tables(state: State) -> None:
    columns = {line[1]: line[3] for line in state.db.execute("pragma night.table_info(compared)")}
    is_earlier = "file" in columns or columns.get("digest") == 1  # it had to be given
    scripts = (_EARLIER, _NIGHT, _FROM_EARLIER) if is_earlier else (_NIGHT,)
    state.db.execute("begin")
    for script in scripts:
        for statement in script.split(";\n"):
            state.db.execute(statement)
    state.db.execute("commit")


class Comparison:
    """One night's journal beside a job's state, which has it attached."""

    def __init__(
        self,
        state: State,
        journal: Journal,
        missing: Collection[int],
        *,
        full: bool,
        mirrors: Mapping[str, Collection[str]],
        has_offset: bool,
        lists_all: bool = False,
        said_no: Iterable[str] = (),
    ) -> None:
        """Make a comparison.

        Args:
            missing: Numbers of the made-up sources that hold missing contacts.
            full: Send every contact that has an e-mail.
            mirrors: For mirrored parameters, the values that all contacts get.
            has_offset: Whether payloads have time offsets.
            lists_all: Whether rows that were let go are in the journal too.
            said_no: Mailboxes of rows that say no, or may say no, also where the cell was refused.
        """
        self._state = state
        self._db = state.db
        self._journal = journal
        self._missing = missing
        self._full = full
        self._mirrors = mirrors
        self._has_offset = has_offset
        self._lists_all = lists_all
        self._said_no = said_no
        self.spared: list[str] = []  # contacts that only such a row names: they have not vanished
        self._settled: list[tuple[int, Refusal]] = []
        self._reopened: list[int] = []
        self._removals: list[tuple[int, bytes]] = []
        self._noted: list[tuple[object, ...]] = []  # lines of ``compared``

    def settle(
        self, doubtful: Mapping[str, str], *, is_first: bool, trusts_sieve: bool = False
    ) -> Found:
        """Settle the journal's rows that need not be sent; return what was found.

        Args:
            doubtful: Key of a row without e-mail -> the folder of the night that left it in doubt.
            is_first: Whether the sources were read just now; else the night is compared again.
            trusts_sieve: Whether the forms in the journal are those that the sieve saw.
        """
        found = Found()
        for statement in _TEMPORARY.split(";\n"):
            self._db.execute(statement)
        if is_first:
            self._db.execute("delete from night.seen")
            self._db.execute("insert into night.seen select id, shape from temp.seen")
            self._db.execute("delete from night.compared")
        is_noted = is_first and self._one("select count(*) from temp.kept") == self._count_records()
        shapes = self._take_kept(found) if is_noted and trusts_sieve else self._load()
        if is_noted:
            self._db.execute(_CELLS)
        marks = ",".join("?" * len(_NOT_MEANT))
        self._db.execute(_SHARED.format(marks), sorted(_NOT_MEANT))
        shapes.update(
            dict(self._db.execute("select shape, count(*) from night.seen group by shape"))
        )
        for key, lines in groupby(map(Line._make, self._db.execute(_GROUPS)), attrgetter("key")):
            self._group(key, list(lines), doubtful, found)
        self._flush(at_least=1)
        self._db.execute("begin")
        if not is_first:
            self._db.execute("delete from night.compared")
        self._db.execute("insert into night.compared select * from temp.compared")
        self._db.execute("commit")
        self._count(found, shapes)
        return found

    def beside_let_go(self) -> list[int]:
        """Return the rows still to be sent whose contact has another row that was let go, by seq."""
        lines = self._db.execute(
            "select r.seq from night.record r join contact c on c.key = r.email"
            " join night.seen s on s.id = c.id left join night.ended o using (seq)"
            f" where o.seq is null and r.source not in ({self._marks()})"
        )
        return [seq for (seq,) in lines]

    def _take_kept(self, found: Found) -> Counter[int | None]:
        """Compare what is new, and fill ``temp.rows`` with the rest, from what the sieve noted.

        Returns:
            Shape -> rows.
        """
        self._db.execute("begin")
        found.contacts += self._db.execute(_NEW_ONES).rowcount
        marks = ",".join("?" * len(_NOT_MEANT))
        self._db.execute(_OTHER_ONES.format(marks), sorted(_NOT_MEANT))
        self._db.execute("commit")
        self._db.execute(_TWINS)
        lines = "select shape, count(*) from temp.kept where sha is not null group by shape"
        return Counter(dict(self._db.execute(lines)))

    def _load(self) -> Counter[int | None]:
        """Fill ``temp.rows`` from the journal; return shape -> rows."""
        shapes: Counter[int | None] = Counter()
        self._db.execute("begin")
        self._db.executemany(
            "insert into temp.rows values (?, ?, ?, ?, ?, ?, ?, ?, null)", self._rows(shapes)
        )
        self._db.execute("commit")
        self._db.execute(_AGAIN)
        self._db.execute(_TWINS)
        return shapes

    def _rows(self, shapes: Counter[int | None]) -> Iterator[tuple[object, ...]]:
        for seq, email, body, status in self._journal.payloads(without=tuple(self._missing)):
            shape = self._state.shape_of(body)
            shapes[shape] += 1
            if status in _NOT_MEANT:
                continue
            digest, rest, held = remembered(body, self._mirrors, has_offset=self._has_offset)
            key = email or f"{BARE}{digest.hex()}"
            yield seq, key, digest, digest, status, shape, rest, held

    # -- one contact ----------------------------------------------------------------------------

    def _group(
        self, key: str, lines: Sequence[Line], doubtful: Mapping[str, str], found: Found
    ) -> None:
        is_alone = len(lines) == 1
        digest = digest_of(line.sha for line in lines)
        known, is_bare = lines[0].known, key.startswith(BARE)
        rest = self._rest(lines)
        found.contacts += 1
        sent = lines[-1].sent
        if known != digest or (self._full and not is_bare):
            self._reopened += [line.seq for line in lines if line.status == Status.UNCHANGED]
            if known and known != digest:
                found.changed += 1
                found.moved += rest is not None and rest == lines[0].known_rest
            if is_bare:
                found.bare.append(key)
            sent = self._with_removals(lines)
        else:
            why = _in_doubt_since(doubtful[key]) if key in doubtful else UNCHANGED
            self._settled += [(line.seq, why) for line in lines if line.status == Status.NOT_SENT]
        cells = lines[0].cells if is_alone and not is_bare else SEVERAL
        held = union(line.mirrored for line in lines) if self._mirrors else None
        for line in lines:
            form = sent if line is lines[-1] else line.sent
            self._noted.append(
                (
                    line.seq, key, None if form == line.sha else form, line.sha,
                    None if is_alone else digest, cells, rest, line.shape, held,
                )
            )  # fmt: skip
        self._flush(at_least=_BATCH)

    def _rest(self, lines: Sequence[Line]) -> bytes | None:
        if not self._has_offset:
            return None
        return lines[0].rest if len(lines) == 1 else joined(line.rest for line in lines)

    def _with_removals(self, lines: Sequence[Line]) -> bytes:
        """Let the contact's last row remove what left its mirrored columns; return its digest."""
        last = lines[-1]
        before = json.loads(lines[0].known_mirrored or "{}")
        if last.status not in (Status.NOT_SENT, Status.UNCHANGED) or last.sent != last.sha:
            return last.sent
        now = json.loads(union(line.mirrored for line in lines)) if self._mirrors else {}
        gone = {
            name: [value for value in before.get(name, ()) if value not in kept]
            for name, always in self._mirrors.items()
            for kept in [{*now.get(name, ()), *always}]
        }
        if not any(gone.values()):
            return last.sent
        body = removing(self._journal.form(last.seq), gone)
        self._removals.append((last.seq, body))
        return sha(body)

    def _flush(self, *, at_least: int) -> None:
        """Write what the groups so far came to; to the journal by its own connection."""
        if len(self._noted) >= at_least:
            self._db.execute("begin")
            self._db.executemany(_COMPARED, self._noted)
            self._db.execute("commit")
            self._noted = []
        if len(self._settled) + len(self._reopened) + len(self._removals) < at_least:
            return
        self._journal.forget_rows(self._reopened)
        self._journal.add_refusals(self._settled)
        self._journal.replace_forms(self._removals)
        self._reopened, self._settled, self._removals = [], [], []

    # -- all of them ----------------------------------------------------------------------------

    def _count(self, found: Found, shapes: Mapping[int | None, int]) -> None:
        seen = self._one("select count(*) from night.seen")
        found.let_go = 0 if self._lists_all else seen
        found.contacts += seen
        found.rows = found.let_go + self._count_records()
        found.before = self._one(
            "select count(*) from contact where presence = ? and key not like 'bare:%'",
            Presence.HERE,
        )
        found.vanished = self._note_vanished()
        names = dict(self._db.execute("select id, names from shape"))
        filled: Counter[str] = Counter()
        for shape, rows in shapes.items():
            for name in names.get(shape, "").split():
                filled[name] += rows
        found.filled = dict(filled)

    def _note_vanished(self) -> int:
        """List the missing contacts in ``temp.vanished``; return how many the last night held."""
        self._db.execute("drop table if exists temp.vanished")
        self._db.execute(
            "create temp table vanished as select key, presence, mailbox_of(key) as mailbox"
            f" from contact where presence in ({Presence.HERE:d}, {Presence.OWED:d})"
            f" and key not like 'bare:%' and not {here(self._missing)}"
        )
        self._db.execute(REFUSING)
        self._db.execute("delete from temp.refusing")
        self._db.executemany(
            "insert or ignore into temp.refusing values (?)", ((one,) for one in self._said_no)
        )
        if self._one("select count(*) from temp.vanished"):
            # Another spelling of a mailbox is the same contact.
            self._db.execute(
                "delete from temp.vanished where mailbox in (select mailbox_of(email) from"
                f" night.record where email <> '' and source not in ({self._marks()}))"
                " or mailbox in (select mailbox_of(key) from contact join night.seen using (id))"
            )
        among = "mailbox in (select mailbox from temp.refusing)"
        found = self._db.execute(f"select key from temp.vanished where {among}").fetchall()
        self.spared = [key for (key,) in found]
        self._db.execute(f"delete from temp.vanished where {among}")
        return self._one("select count(*) from temp.vanished where presence = ?", Presence.HERE)

    def note_sending(self, missing: Collection[int]) -> None:
        """Note in the state which contacts the rows are of that are about to be sent.

        Args:
            missing: As for the comparison, with what was queued since.
        """
        self._db.execute("delete from sending")
        self._db.execute(_SENDING.format(",".join(map(str, missing))))

    def vanished(self) -> list[str]:
        """Return the contacts that are missing and not acted on yet."""
        queued = f"select email from night.record where source in ({self._marks()})"
        lines = self._db.execute(
            f"select key from temp.vanished where key not in ({queued}) order by key"
        )
        return [key for (key,) in lines]

    def returned(self) -> list[int]:
        """Return the queued rows of missing contacts that are in a source after all, by seq."""
        if not self._missing:
            return []
        lines = self._db.execute(
            "select r.seq from night.record r left join night.ended o using (seq)"
            f" where o.seq is null and r.source in ({self._marks()}) and mailbox_of(r.email) in"
            f" (select mailbox_of(email) from night.record where source not in ({self._marks()})"
            " union all select mailbox from temp.refusing)"
        )
        return [seq for (seq,) in lines]

    def _count_records(self) -> int:
        rows = self._one("select coalesce(max(seq), 0) from night.record")
        if not self._missing:
            return rows
        return rows - self._one(
            f"select count(*) from night.record where source in ({self._marks()})"
        )

    def _marks(self) -> str:
        return ",".join(map(str, self._missing))

    def _one(self, query: str, *values: object) -> int:
        return int(self._db.execute(query, values).fetchone()[0])


def here(missing: Collection[int]) -> str:
    """Return the condition under which a contact is in a source of the attached night."""
    marks = ",".join(map(str, missing))
    # The plus signs: else SQLite goes through all rows of the night and collects their contacts in memory.
    return (
        "(+id in (select id from night.seen) or +key in (select email from night.record"
        f" where email <> '' and source not in ({marks})))"
    )


def _in_doubt_since(run_dir: str) -> Refusal:
    message = Message(
        "sent by the night in {run_dir}, which was cut off before the answer came; not "
        "sent again, that would make a second contact",
        run_dir=run_dir,
    )
    return Refusal(Status.UNKNOWN, (Problem("INTERRUPTED", message),), again=False)

"""The lists of people of a re-tagging in a scratch database, compared by SQL.

Each segment has two rosters: who is on its new list, and who was in the segment. Of somebody with
several rows the first counts. What the comparison finds goes through these tables::

    person, refusal, doubt      as read: rows with an address; who said no; cells that are no address
    change, held                who comes, who leaves, and who would leave but for a doubtful cell
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from bulk_import.errors import Message
from bulk_import.jobs.calls import CALLS
from bulk_import.jobs.holding import (
    SHEET_SAYS_NO,
    Doubt,
    Place,
    Resembling,
    may_be,
    more_blanks,
)
from bulk_import.jobs.scratch import Found, Scratch
from bulk_import.normalize.mailboxes import email_key

LEAVES, COMES, HELD = range(3)  # kinds of changes

_SCHEMA = f"""{CALLS}
create table person (
    id integer primary key,      -- in the order in which lists are read
    roster integer not null,
    key text not null,
    address text not null,       -- empty: it is the key
    place integer,               -- null: known from earlier runs alone
    row integer,
    heard integer                -- what the row says of consent: a line of `heard`
);
create table heard (             -- of the list that is being read
    id integer primary key,
    why text not null            -- the cell that says no
);
create table refusal (
    roster integer not null, key text not null, primary key (roster, key)
) without rowid;
create table doubt (
    id integer primary key,
    roster integer not null,
    place integer not null,
    row integer not null,
    text text not null,
    candidates text,             -- JSON; null: of a cell beside an address, that address
    said_no text not null
);
create table change (
    kind integer not null,
    segment integer not null,
    person integer not null,
    primary key (kind, segment, person)
) without rowid;
create table held (
    segment integer not null,
    person integer not null,
    doubt integer not null,      -- the doubtful cell, or one of the reasons below
    rank real not null,          -- among all whom that holds
    primary key (segment, person)
) without rowid;
create table resembling (        -- doubtful cells that resemble anybody
    doubt integer primary key
);
"""
_INDEX = "create index if not exists person_key on person (roster, key)"
ADDRESS = "case p.address when '' then p.key else p.address end"
_NOT_REFUSED = "not exists (select 1 from refusal r where r.roster = {} and r.key = p.key)"
_COMES = f"""
insert into change select {COMES}, :segment, min(p.id) from person p
where p.roster = :new and {_NOT_REFUSED.format(":new")}
    and not exists (select 1 from person o where o.roster = :old and o.key = p.key
                    and {_NOT_REFUSED.format(":old")})
group by p.key order by min(p.id)"""
_LEAVES = f"""
insert into change select {LEAVES}, :segment, min(p.id) from person p
where p.roster = :old and {_NOT_REFUSED.format(":old")} and {_NOT_REFUSED.format(":new")}
    and not exists (select 1 from person n where n.roster = :new and n.key = p.key)
group by p.key order by min(p.id)"""
_LEAVING = f"""
select c.person, p.key from change c join person p on p.id = c.person
where c.kind = {LEAVES} and c.segment = ? order by c.person"""
_UNSURE = """select min(id) as number from doubt where roster = ? and said_no = ''
    group by text, candidates"""
_HELD = f"""
select {ADDRESS}, h.doubt from held h join person p on p.id = h.person
where h.segment = ? order by h.doubt, h.rank, h.person"""
_WHY_HELD = """
select h.doubt from person p join held h on h.person = p.id
where p.roster = ? and p.key = ? and h.segment = ?"""
# Reasons to hold everybody.
_BLANKS, _TOO_MANY = 0, -1
AT_A_TIME = 5_000  # contacts that are compared with each doubtful cell
_DOUBT = """
select d.id, l.source, l.sheet, d.row, d.text, d.candidates, d.said_no
from doubt d join place l on l.id = d.place where {} order by d.id"""


class PersonRow(NamedTuple):
    """A row with an address.

    Attributes:
        address: As written, lower-cased; empty if it is the key.
        place: What ``Rosters.place`` returned.
        heard: Number of the combination of cells that speak of consent; ``None`` without any.
    """

    key: str
    address: str
    place: int
    row: int
    heard: int | None


class DoubtRow(NamedTuple):
    """A cell that is no address, or that is not to be used."""

    place: int
    row: int
    text: str
    candidates: tuple[str, ...] = ()
    said_no: str = ""


def new_of(segment: int) -> int:
    """Return the number of the roster of a segment's new list."""
    return 2 * segment


def old_of(segment: int) -> int:
    """Return the number of the roster of who was in a segment."""
    return 2 * segment + 1


class Rosters(Scratch):
    """The rosters of some segments, which have numbers from 0.

    Args:
        most_compared: Pairs of a contact and a doubtful cell; if there are more, everybody is held.
    """

    def __init__(self, *, most_compared: int = 500_000_000) -> None:  # takes some minutes
        super().__init__(_SCHEMA)
        self._most_compared = most_compared
        self._places: dict[tuple[str, str], int] = {}

    # -- reading ----------------------------------------------------------------------------------

    def place(self, source: str, sheet: str) -> int:
        """Return the number of a file and its sheet."""
        known = self._places.get((source, sheet))
        if known is None:
            known = self._places[source, sheet] = len(self._places)
            self.write("insert into place values (?, ?, ?)", (known, _whole(source), _whole(sheet)))
        return known

    def add(self, roster: int, rows: Iterable[PersonRow]) -> None:
        """Add rows of a list."""
        self.write_all(
            "insert into person (roster, key, address, place, row, heard)"
            f" values ({roster:d}, ?, ?, ?, ?, ?)",
            rows,
        )

    def add_known(self, roster: int, addresses: Iterable[str]) -> None:
        """Add people who are known from earlier runs."""
        keyed = ((email_key(address), address) for address in addresses)
        self.write_all(
            f"insert into person (roster, key, address) values ({roster:d}, ?, ?)",
            ((key, "" if address == key else address) for key, address in keyed),
        )

    def add_doubts(self, roster: int, doubts: Iterable[DoubtRow]) -> None:
        """Add cells that are no address, or that are not to be used."""
        self.write_all(
            "insert into doubt (roster, place, row, text, candidates, said_no)"
            f" values ({roster:d}, ?, ?, ?, ?, ?)",
            (
                (one.place, one.row, _whole(one.text), json.dumps(one.candidates), one.said_no)
                for one in doubts
            ),
        )

    def refuse(self, roster: int, keys: Iterable[str]) -> None:
        """Remember who is not to be written to."""
        self.write_all(
            f"insert or ignore into refusal values ({roster:d}, ?)", ((key,) for key in keys)
        )

    def last_person(self) -> int:
        """Return the number of the row that was added last."""
        return self.number("select coalesce(max(id), 0) from person")

    def refuse_heard(self, roster: int, after: int, whys: Mapping[int, str]) -> None:
        """Remember who said no on the list that was read just now.

        Args:
            after: The number of the last row before that list.
            whys: Combination of cells -> the one that says no.
        """
        if not whys:
            return
        self.write_all(
            "insert into heard values (?, ?)", ((at, _whole(why)) for at, why in whys.items())
        )
        self.write(
            f"""insert into doubt (roster, place, row, text, said_no)
                select p.roster, p.place, p.row, {ADDRESS}, h.why
                from person p join heard h on h.id = p.heard where p.id > ? order by p.id""",
            (after,),
        )
        self.write(
            "insert or ignore into refusal select p.roster, p.key from person p"
            " join heard h on h.id = p.heard where p.id > ?",
            (after,),
        )
        self.write("delete from heard")

    def index(self) -> None:
        """Prepare for comparing, when all lists are read."""
        self.write(_INDEX)

    def share_refusals(self, segments: int) -> None:
        """Let whoever says no on one new list say no on all of them: nothing is sent to them at all."""
        for segment in range(segments):
            self.write(
                "insert or ignore into refusal select ?, key from refusal where roster % 2 = 0",
                (new_of(segment),),
            )

    # -- one roster -------------------------------------------------------------------------------

    def count(self, roster: int) -> int:
        """Return how many people are on a roster, without those who said no."""
        return self.number(
            "select count(distinct p.key) from person p where p.roster = :roster"
            f" and {_NOT_REFUSED.format(':roster')}",
            {"roster": roster},
        )

    def people(self, roster: int) -> Found[str]:
        """Return the addresses on a roster, in order, without those who said no."""
        query = f"""
            select {ADDRESS} from person p
            where p.id in (select min(id) from person where roster = :roster group by key)
                and {_NOT_REFUSED.format(":roster")} order by p.id"""
        return Found(self, query, {"roster": roster}, str, count=self.count(roster))

    def doubts(self, *rosters: int, said_no: bool | None = None) -> Found[Doubt]:
        """Return the doubtful cells of rosters.

        Args:
            said_no: Those alone that say that somebody is not to be written to, or the others.
        """
        among = f"d.roster in ({','.join(map(str, rosters))})"
        among += {None: "", True: " and d.said_no <> ''", False: " and d.said_no = ''"}[said_no]
        count = self.number(f"select count(*) from doubt d where {among}")
        return Found(self, _DOUBT.format(among), {}, _doubt, count=count)

    # -- comparing --------------------------------------------------------------------------------

    def compare(self, segment: int, blanks: int, *, accept: bool) -> None:
        """Find who comes into a segment, who leaves it, and who is held.

        Args:
            blanks: Rows without an address beyond those that there were before.
            accept: Hold nobody.
        """
        numbers = {"segment": segment, "new": new_of(segment), "old": old_of(segment)}
        self.write(_COMES, numbers)
        self.write(_LEAVES, numbers)
        if not accept:
            self._hold(segment, blanks)
            self.write(
                f"delete from change where kind = {LEAVES} and segment = ? and person in"
                " (select person from held where segment = ?)",
                (segment, segment),
            )

    def changes(self, kind: int, segment: int) -> Found[str]:
        """Return the addresses of who comes, in order of the list, or of who leaves, by address."""
        query = f"""
            select {ADDRESS} as email from change c join person p on p.id = c.person
            where c.kind = :kind and c.segment = :segment
            order by {"c.person" if kind == COMES else "email"}"""
        numbers = {"kind": kind, "segment": segment}
        count = self.number(
            "select count(*) from change where kind = :kind and segment = :segment", numbers
        )
        return Found(self, query, numbers, str, count=count)

    def held(self, segment: int, blanks: int) -> Held:
        """Return who would leave but for a doubtful cell."""
        return Held(self, segment, blanks)

    def _hold(self, segment: int, blanks: int) -> None:
        leaving = f"from change where kind = {LEAVES} and segment = :segment"
        numbers = {"segment": segment}
        count = self.number(f"select count(*) {leaving}", numbers)
        doubts = self.doubts(new_of(segment), said_no=False)
        if not count or not (doubts or blanks > 0):
            return
        if blanks > 0 or len(doubts) * count > self._most_compared:
            why = _BLANKS if blanks > 0 else _TOO_MANY
            self.write(f"insert into held select :segment, person, {why}, 0 {leaving}", numbers)
            return
        nobody = self._hold_resembling(segment)
        if nobody is not None:  # that cell may be anybody's
            self.write(
                f"""insert into held select :segment, person, :doubt, 0 {leaving}
                    on conflict do update set doubt = excluded.doubt, rank = excluded.rank
                    where held.doubt > excluded.doubt""",
                numbers | {"doubt": nobody},
            )

    def _hold_resembling(self, segment: int) -> int | None:
        """Hold whom a doubtful cell resembles; return the first cell that resembles nobody."""
        leaving = self.lines(_LEAVING, (segment,))
        while chunk := list(islice(leaving, AT_A_TIME)):
            among = Resembling(key for _, key in chunk)
            held, resembling = [], []
            for number, doubt in self._unsure(segment):
                near = among.near(doubt)
                held += [(segment, chunk[among.keys[key]][0], number, rank) for key, rank in near]
                resembling += [(number,)] if near or doubt.candidates else []
            self.write_all("insert or ignore into held values (?, ?, ?, ?)", held)
            self.write_all("insert or ignore into resembling values (?)", resembling)
        found = self.line(
            f"select min(number) from ({_UNSURE}) where number not in (select doubt from resembling)",
            (new_of(segment),),
        )
        return found[0] if found is not None else None

    def _unsure(self, segment: int) -> Iterator[tuple[int, Doubt]]:
        """Yield the doubtful cells of a new list, equal ones once."""
        query = f"{_DOUBT.format(f'd.id in (select number from ({_UNSURE}))')}"
        for number, *line in self.lines(query, (new_of(segment),)):
            yield number, _doubt(number, *line)


class Held(Mapping[str, str]):
    """Address -> why it loses nothing although it is not on the new list, the likeliest first."""

    def __init__(self, rosters: Rosters, segment: int, blanks: int) -> None:
        self._rosters, self._segment, self._blanks = rosters, segment, blanks
        self._count = rosters.number("select count(*) from held where segment = ?", (segment,))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for address, _ in self._rosters.lines(_HELD, (self._segment,)):
            yield address

    def __getitem__(self, address: str) -> str:
        numbers = (old_of(self._segment), email_key(address), self._segment)
        found = self._rosters.line(_WHY_HELD, numbers)
        if found is None:
            raise KeyError(address)
        return self._why(found[0])

    def _why(self, number: int) -> str:
        if number == _BLANKS:
            return more_blanks(self._blanks)
        if number == _TOO_MANY:
            unsure = len(self._rosters.doubts(new_of(self._segment), said_no=False))
            return Message("{n:,} cells are not understood and may be any of them", n=unsure)
        return may_be(
            next(
                _doubt(*line) for line in self._rosters.lines(_DOUBT.format("d.id = ?"), (number,))
            )
        )


def _whole(text: str) -> str:
    """Return *text* with half characters replaced: neither SQLite nor a CSV file can hold them."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def _doubt(
    _number: int, source: str, sheet: str, row: int, text: str, candidates: str | None, said_no: str
) -> Doubt:
    named = (text,) if candidates is None else tuple(json.loads(candidates))
    why = SHEET_SAYS_NO if said_no == SHEET_SAYS_NO else said_no  # so that a page can translate it
    return Doubt(Place(source, sheet, row), text, named, why)

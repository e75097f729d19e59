"""What decides about the call of a contact: what happens to it in each segment, and where it is listed.

All that is known of a contact is brought together in one table of the scratch database, ``touched``,
and is read contact by contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from bulk_import.jobs.calls import Line
from bulk_import.jobs.rosters import ADDRESS, COMES, HELD, LEAVES, Rosters, new_of, old_of

_TABLES = (
    """
create table touched (
    key text not null,
    code integer not null,
    address text,
    person integer,
    place integer,
    row integer,
    primary key (key, code)
) without rowid""",
    """
create table sorted (
    position integer not null, email text not null, place integer, row integer, changes text not null
)""",
)
_CHANGES = f"""
select c.kind, c.segment, c.person, p.key, {ADDRESS}, p.place, p.row
from change c join person p on p.id = c.person order by c.kind, c.segment, c.person"""
_TOUCH_CHANGES = f"""
insert into touched
select p.key, c.kind * :segments + c.segment, {ADDRESS}, c.person, p.place, p.row
from change c join person p on p.id = c.person order by p.key"""
_TOUCH_HELD = f"""
insert into touched
select p.key, {HELD} * :segments + h.segment, null, h.person, p.place, p.row
from held h join person p on p.id = h.person order by p.key"""
# Of contacts with an event, where they are listed in segments in which nothing happens to them.
_ELSEWHERE = """not exists (
    select 1 from touched x where x.key = t.key and x.code in (:own0, :own1, :own2))"""
_TOUCH_LISTED = f"""
insert into touched
select t.key, :code, null, min(p.id), p.place, p.row
from (select distinct key from touched where code < :events) t
join person p on p.roster = :roster and p.key = t.key
where {_ELSEWHERE} group by t.key"""
_TOUCH_REFUSED = f"""
insert into touched (key, code)
select t.key, :code from (select distinct key from touched where code < :events) t
join refusal r on r.roster = :roster and r.key = t.key where {_ELSEWHERE}"""
_TOUCHED = "select key, code, address, person, place, row from touched order by key, code"


class Effect(NamedTuple):
    """What a call changes.

    Attributes:
        event: Which of the contact's events is the first to change something: the call's place in
            the plan is that event's.
        changes: As ``calls.packed`` makes it.
    """

    event: int
    changes: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody whom a re-tagging touches.

    Attributes:
        events: (kind, segment) of what happens to them, as ``LEAVES`` and ``COMES``, in order.
        now: The segments in which they are now.
    """

    events: tuple[tuple[int, int], ...]
    now: frozenset[int]


def calls_of(
    rosters: Rosters, segments: int, effect_of: Callable[[Contact], Effect | None]
) -> Iterator[Line]:
    """Yield the calls that follow from the changes, in order.

    Args:
        segments: How many there are.
        effect_of: What is to be changed of a contact.
    """
    if segments == 1:
        return _calls_alone(rosters, effect_of)
    _touch(rosters, segments)
    lines = (
        line
        for _, found in groupby(rosters.lines(_TOUCHED), itemgetter(0))
        if (line := _call(list(found), segments, effect_of)) is not None
    )
    rosters.write_all("insert into sorted values (?, ?, ?, ?, ?)", lines)
    return map(Line._make, rosters.lines("select * from sorted order by position"))


def _calls_alone(rosters: Rosters, effect_of: Callable[[Contact], Effect | None]) -> Iterator[Line]:
    """Yield the calls of a plan with one segment, where each contact has one change."""
    for kind, segment, person, _, address, place, row in rosters.lines(_CHANGES):
        now = frozenset({segment} if kind == COMES else ())
        effect = effect_of(Contact(((kind, segment),), now))
        if effect is not None:
            yield Line(_position(kind, person), address, place, row, effect.changes)


def _touch(rosters: Rosters, segments: int) -> None:
    """Bring together what decides about the call of each contact."""
    for table in _TABLES:
        rosters.write(table)
    codes = _Codes(segments)
    rosters.write(_TOUCH_CHANGES, {"segments": segments})
    rosters.write(_TOUCH_HELD, {"segments": segments})
    for segment in range(segments):
        own = {f"own{kind}": codes.change(kind, segment) for kind in (LEAVES, COMES, HELD)}
        own["events"] = codes.change(HELD, 0)
        for roster in (new_of(segment), old_of(segment)):
            numbers = own | {"roster": roster}
            rosters.write(_TOUCH_LISTED, numbers | {"code": codes.listed(roster)})
            rosters.write(_TOUCH_REFUSED, numbers | {"code": codes.refused(roster)})


@dataclass(frozen=True, slots=True)
class _Codes:
    """Numbers of what is known of a contact in a plan of some segments."""

    segments: int

    def change(self, kind: int, segment: int) -> int:
        return kind * self.segments + segment

    def listed(self, roster: int) -> int:
        return 3 * self.segments + roster

    def refused(self, roster: int) -> int:
        return 5 * self.segments + roster


def _position(code: int, person: int) -> int:
    return code << 40 | person


def _call(
    lines: Sequence[tuple[Any, ...]],
    segments: int,
    effect_of: Callable[[Contact], Effect | None],
) -> Line | None:
    """Return the call of a contact, from its lines in ``touched``; ``None`` when nothing changes."""
    known = {line[1]: line for line in lines}
    events = [code for code in known if code < 2 * segments]
    if not events:
        return None
    contact = _contact(tuple(events), frozenset(known), segments)
    effect = effect_of(contact)
    if effect is None:
        return None
    first, spelled = known[events[effect.event]], known[events[0]]
    _, _, _, _, place, row = _placed(known, segments)
    return Line(_position(first[1], first[3]), spelled[2], place, row, effect.changes)


@lru_cache(maxsize=4096)
def _contact(events: tuple[int, ...], known: frozenset[int], segments: int) -> Contact:
    now = frozenset(s for s in range(segments) if _is_in(s, known, _Codes(segments)))
    return Contact(tuple((code // segments, code % segments) for code in events), now)


def _is_in(segment: int, known: frozenset[int], codes: _Codes) -> bool:
    """Whether a contact is in a segment from now on, as far as that is known."""
    if codes.change(COMES, segment) in known or codes.change(HELD, segment) in known:
        return True
    if codes.change(LEAVES, segment) in known:
        return False
    new, old = new_of(segment), old_of(segment)
    if codes.refused(new) not in known:
        return codes.listed(new) in known
    # Who says no on the new list keeps what the segment gave.
    return codes.listed(old) in known and codes.refused(old) not in known


def _placed(known: Mapping[int, tuple[Any, ...]], segments: int) -> tuple[Any, ...]:
    """Return the line with the place of a contact: on the last new list, else on an earlier one."""
    codes = _Codes(segments)
    wanted: list[tuple[int, ...]] = [
        (codes.change(COMES, s), codes.listed(new_of(s))) for s in reversed(range(segments))
    ]
    wanted += [
        (codes.change(LEAVES, s), codes.change(HELD, s), codes.listed(old_of(s)))
        for s in reversed(range(segments))
    ]
    found = (known[code] for among in wanted for code in among if code in known)
    placed = (line for line in found if line[4] is not None)
    return next(placed, (None,) * 6)

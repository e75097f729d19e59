"""The calls of a plan, one for each contact, in a scratch database and in the order of the plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from copy import copy
from typing import NamedTuple

from bulk_import.api.fields import OPPOSITE
from bulk_import.jobs.holding import Place
from bulk_import.jobs.scratch import Scratch

Call = dict[str, dict[str, None]]  # parameter -> values, as the keys of a dict: in order, once each

CALLS = """
create table place (             -- a file and its sheet
    id integer primary key,
    source text not null,
    sheet text not null,
    unique (source, sheet)
);
create table call (
    position integer primary key,
    email text not null,
    place integer,               -- null: on no list
    row integer,
    effect integer not null      -- what it changes: many calls change the same
);
"""
_ITEMS = """
select c.email, c.effect, p.source, p.sheet, c.row
from call c left join place p on p.id = c.place order by c.position"""


class Line(NamedTuple):
    """A call before it is stored.

    Attributes:
        position: Calls are ordered by it.
        place: A line of ``place``; ``None`` for who is on no list.
        changes: As ``packed`` makes it.
    """

    position: int
    email: str
    place: int | None
    row: int | None
    changes: str


def packed(changes: Mapping[str, Iterable[str]]) -> str:
    """Return a call as text; parameters without values are left out."""
    return json.dumps([(name, list(values)) for name, values in changes.items() if values])


class Calls(Mapping[str, Call]):
    """E-mail -> call. Filled once; read from the database whenever it is asked for."""

    def __init__(self, scratch: Scratch, lines: Iterable[Line]) -> None:
        self._scratch = scratch
        self._numbers: dict[str, int] = {}  # of effects
        self._effects: list[Call] = []
        scratch.write_all("insert into call values (?, ?, ?, ?, ?)", map(self._stored, lines))
        self._count = scratch.number("select count(*) from call")

    def _stored(self, line: Line) -> tuple[object, ...]:
        number = self._numbers.setdefault(line.changes, len(self._effects))
        if number == len(self._effects):
            changes = json.loads(line.changes)
            self._effects.append({name: dict.fromkeys(values) for name, values in changes})
        return (line.position, line.email, line.place, line.row, number)

    def reversed(self) -> Calls:
        """Return the calls that give back what these take, and take what they give."""
        found = copy(self)
        found._effects = [
            {OPPOSITE[name]: values for name, values in effect.items()} for effect in self._effects
        ]
        return found

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for email, *_ in self._scratch.lines(_ITEMS):
            yield email

    def __getitem__(self, email: str) -> Call:
        found = self._scratch.line("select effect from call where email = ?", (email,))
        if found is None:
            raise KeyError(email)
        return self._effects[int(found[0])]

    def items(self) -> ItemsView[str, Call]:
        return _Items(self)

    def placed(self) -> Iterator[tuple[str, Call, Place | None]]:
        """Yield (e-mail, call, where the person is on a list)."""
        for email, effect, source, sheet, row in self._scratch.lines(_ITEMS):
            place = None if source is None else Place(source, sheet, row)
            yield email, self._effects[effect], place

    @property
    def used(self) -> list[str]:
        """The parameters that any call has."""
        return [name for name in OPPOSITE if any(effect.get(name) for effect in self._effects)]

    def totals(self) -> dict[str, Counter[str]]:
        """Return parameter -> value -> contacts, in the order in which the calls have them."""
        found: dict[str, Counter[str]] = {}
        for effect, contacts in self._scratch.lines(
            "select effect, count(*) from call group by effect order by min(position)"
        ):
            for name, values in self._effects[effect].items():
                found.setdefault(name, Counter()).update(dict.fromkeys(values, contacts))
        return found


class _Items(ItemsView[str, Call]):
    """The items of calls, by one query."""

    _mapping: Calls

    def __iter__(self) -> Iterator[tuple[str, Call]]:
        for email, call, _ in self._mapping.placed():
            yield email, call

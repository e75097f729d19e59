"""Who is in which segment: what the state of segments knows, and what runs have confirmed since.

The state remembers each membership as a contact with the key ``segment TAB address``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, Protocol

from bulk_import.jobs.state import State, translated
from bulk_import.normalize.mailboxes import email_key
from bulk_import.system.clock import now_s
from bulk_import.system.files import replaced

MOVES = "segments.csv"  # in a run's folder: who comes into which segment, and who leaves it
_MOVES_EARLIER = "segments.json"  # of versions that kept all of them in memory
_COMES, _LEAVES, _BLANKS = "gains", "loses", "blanks"
_HEADER = ("segment", "move", "contact")

_NAMES = """
select distinct substr(key, 1, instr(key, char(9)) - 1) from contact
where instr(key, char(9)) > 0 order by 1"""
_MEMBERS = "select substr(key, ?) from contact where key >= ? and key < ? order by key"
_CONFIRMED = """
insert into contact (key, digest, night, sent_at, presence)
select m.segment || char(9) || m.email, '1', 0, ?, 0 from temp.move m
where m.is_gain {among}
on conflict (key) do update set digest = excluded.digest, night = excluded.night,
    sent_at = excluded.sent_at, presence = excluded.presence, cells = null, rest = null,
    shape = null, mirrored = null"""
_GONE = """
delete from contact where key in (
    select m.segment || char(9) || m.email from temp.move m where not m.is_gain {among})"""
_AMONG = "and m.key in (select key from temp.accepted)"


class Changing(Protocol):
    """What changes in a segment."""

    @property
    def gains(self) -> Iterable[str]: ...
    @property
    def loses(self) -> Iterable[str]: ...
    @property
    def blanks(self) -> int: ...
    @property
    def held(self) -> Mapping[str, str]: ...


class Move(NamedTuple):
    """A line of the file of moves.

    Attributes:
        what: Who comes, who leaves, or how many rows of the new list have no address.
        contact: An address, or that number.
    """

    segment: str
    what: str
    contact: str


def segment_names(state: State) -> list[str]:
    """Return the segments that somebody is in."""
    with translated(state.path):
        return [name for (name,) in state.db.execute(_NAMES)]


def members_of(state: State, segment: str) -> Iterator[str]:
    """Yield the addresses of who is in a segment."""
    first, last = f"{segment}\t", f"{segment}\n"  # a line feed is what follows a tab
    with translated(state.path):
        for (email,) in state.db.execute(_MEMBERS, (len(first) + 1, first, last)):
            if "\t" not in email:  # of a segment whose name continues after a tab
                yield email


def moves_of(differences: Mapping[str, Changing]) -> Iterator[Move]:
    """Yield who comes and who leaves; rows without an address only where they held nobody back."""
    for name, found in differences.items():
        yield from (Move(name, _COMES, email) for email in found.gains)
        yield from (Move(name, _LEAVES, email) for email in found.loses)
        if not found.held:
            yield Move(name, _BLANKS, str(found.blanks))


def write_moves(folder: Path, moves: Iterable[Move]) -> None:
    """Write moves into the folder of a run, for whoever takes over what it confirms.

    Raises:
        StorageError: They cannot be written.
    """
    with replaced(folder / MOVES) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(_HEADER)
        writer.writerows(moves)
        text.flush()
        text.detach()


def has_moves(folder: Path) -> bool:
    """Whether a folder has moves of a re-tagging."""
    return (folder / MOVES).exists() or (folder / _MOVES_EARLIER).exists()


def read_moves(folder: Path) -> Iterator[Move]:
    """Yield the moves in the folder of a run."""
    if not (folder / MOVES).exists():
        yield from _moves_of_an_earlier_version(folder)
        return
    with (folder / MOVES).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines, None)
        yield from map(Move._make, lines)


def _moves_of_an_earlier_version(folder: Path) -> Iterator[Move]:
    for name, found in json.loads((folder / _MOVES_EARLIER).read_bytes()).items():
        yield from (Move(name, _COMES, email) for email in found["gains"])
        yield from (Move(name, _LEAVES, email) for email in found["loses"])
        if "blanks" in found:
            yield Move(name, _BLANKS, str(found["blanks"]))


def learn(state: State, moves: Iterable[Move], accepted: Iterable[str] | None) -> None:
    """Remember who is in which segment now.

    Args:
        accepted: Addresses whose row was accepted; ``None`` = no row was needed.
    """
    blanks: dict[str, int] = state.get_json("blanks") or {}
    with _tables(state):
        _fill(state, _people(moves, blanks), accepted)
        among = "" if accepted is None else _AMONG
        with state.transaction():
            state.db.execute(_GONE.format(among=among))
            state.db.execute(_CONFIRMED.format(among=among), (now_s(),))
            state.put(blanks=json.dumps(blanks))


def _people(moves: Iterable[Move], blanks: dict[str, int]) -> Iterator[Move]:
    """Yield the moves of people; put the others into *blanks*."""
    for move in moves:
        if move.what == _BLANKS:
            blanks[move.segment] = int(move.contact)
        else:
            yield move


@contextmanager
def _tables(state: State) -> Iterator[None]:
    """Have temporary tables for the block: they are files without a name, for their owner alone."""
    with translated(state.path):
        state.db.execute("create temp table move (segment, is_gain, email, key)")
        state.db.execute("create temp table accepted (key primary key) without rowid")
        try:
            yield
        finally:
            state.db.execute("drop table temp.move")
            state.db.execute("drop table temp.accepted")


def _fill(state: State, moves: Iterable[Move], accepted: Iterable[str] | None) -> None:
    state.db.execute("begin")
    state.db.executemany(
        "insert into temp.move values (?, ?, ?, ?)",
        (
            (move.segment, move.what == _COMES, move.contact, email_key(move.contact))
            for move in moves
        ),
    )
    state.db.executemany(
        "insert or ignore into temp.accepted values (?)",
        ((email_key(email),) for email in accepted or ()),
    )
    state.db.execute("commit")

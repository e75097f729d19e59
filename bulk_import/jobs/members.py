"""Who is on a list: the addresses of spreadsheets, without those who said no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

from bulk_import.errors import (
    Message,
    SetupError,
    SourceError,
)
from bulk_import.jobs.holding import Doubt, Place
from bulk_import.mapping.consent import heard, refusing_cells, speaks_of
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT, contents_of
from bulk_import.mapping.suggesting.own_address import own_address, own_address_column
from bulk_import.models import Row
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.mailboxes import email_key
from bulk_import.normalize.result import NormalizeError
from bulk_import.sources import SourceOptions, expand_sources, open_source
from bulk_import.sources.remote import shown

# (question, columns) -> the chosen column, or None
Choose = Callable[[str, Sequence[str]], str | None]


@dataclass(frozen=True, slots=True)
class Members:
    """Who is on a list.

    Attributes:
        people: Key -> address, normalized and lower-cased, in order.
        doubts: Cells that are no address, or that say that the person is not to be written to.
        blanks: Rows without an address that have other cells.
        read: What was read of each list, for people: file, sheet, column.
        places: Key -> the first row of that person.
        said_no: Keys of those who are not to be written to by what a row of theirs says.
    """

    people: Mapping[str, str]
    doubts: tuple[Doubt, ...]
    blanks: int
    column: str
    read: tuple[str, ...]
    places: Mapping[str, Place] = field(default_factory=dict)
    said_no: frozenset[str] = frozenset()

    @property
    def emails(self) -> tuple[str, ...]:
        return tuple(self.people.values())

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(doubt.text for doubt in self.doubts)


def read_members(
    patterns: Sequence[str],
    *,
    column: str | None = None,
    sheet: str | None = None,
    choose: Choose | None = None,
    ignore_consent: bool = False,
) -> Members:
    """Read the addresses of lists.

    Args:
        column: The column with the addresses; ``None`` = the contacts' own, found by name and cells.
        sheet: Of workbooks.
        choose: Asked when it is not certain which column that is.
        ignore_consent: Take people too whose row says no in a column of consent.

    Raises:
        SetupError: No column holds the contacts' addresses, or several may; a source cannot be read.
    """
    people = _People()
    columns: list[str] = []
    read: list[str] = []
    options = SourceOptions(sheet=sheet, may_be_bare=True, may_take_subscribed=True)
    for path in expand_sources(patterns):
        found = _column(path, options, column, choose)
        if not found:
            read.append(Message("{path}: no rows", path=shown(path)))
            continue
        columns.append(found)
        with open_source(path, options) as source:
            where = f"sheet {source.sheet!r}, " if source.sheet else ""
            export = next((str(p) for p in source.problems if p.code == "ARCHIVE_EXPORT"), "")
            where += f"{export}; " if export else ""
            is_bare = any(problem.code == "HEADER_ABSENT" for problem in source.problems)
            bare = " (no header: the first line is an address too)" if is_bare else ""
            said = [f"; {p}" for p in source.problems if p.code == "SHEET_SAYS_NO"]
            read.append(f"{shown(path)}: {where}column {found!r}{bare}{''.join(said)}")
            people.add(path, source, found, _Consent(() if ignore_consent else source.header))
    return people.members(", ".join(dict.fromkeys(columns)), tuple(read))


class _People:
    """Gathers the people of several lists."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._places: dict[str, Place] = {}
        self._doubts: list[Doubt] = []
        self._said_no: set[str] = set()
        self._blanks = 0

    def add(self, path: str, rows: Iterable[Row], column: str, consent: _Consent) -> None:
        """Take the people of a list."""
        for row in rows:
            text = row.cells[column].strip()
            broken = next((p for p in row.problems if p.is_error and p.column == column), None)
            if not text and broken is None:
                self._blanks += any(cell.strip() for cell in row.cells.values())
                continue
            place = Place(path, row.sheet, row.number)
            try:
                if broken is not None:
                    raise NormalizeError(broken.code, broken.message)
                address = normalize_email(text).value.lower()
                key = email_key(address)
                self._people.setdefault(key, address)
                self._places.setdefault(key, place)
                consent.see(address, place, row.cells)
            except NormalizeError as exc:
                self._doubts.append(Doubt(place, text or exc.code, exc.candidates))
                if exc.code == "EMAIL_SAYS_NO":
                    self._said_no.update(map(email_key, exc.candidates))
        for address, place, why in consent.refusals():
            self._doubts.append(Doubt(place, address, (address,), why))
            self._said_no.add(email_key(address))

    def members(self, column: str, read: tuple[str, ...]) -> Members:
        """Return who is on the lists. Who said no in any row of them is left alone."""
        people = {k: address for k, address in self._people.items() if k not in self._said_no}
        return Members(
            people, tuple(self._doubts), self._blanks, column, read, self._places,
            frozenset(self._said_no),
        )  # fmt: skip


class _Consent:
    """What the columns of consent say of the people on a list."""

    def __init__(self, header: Iterable[str]) -> None:
        self._columns = [column for column in header if speaks_of(column)]
        self._rows: list[tuple[str, Place, tuple[str, ...]]] = []

    def see(self, address: str, place: Place, cells: Mapping[str, str]) -> None:
        """Note the row of somebody."""
        if self._columns:
            self._rows.append(
                (address, place, tuple([heard(name, cells[name]) for name in self._columns]))
            )

    def refusals(self) -> Iterator[tuple[str, Place, str]]:
        """Yield (address, place, the cell that says no); after the last row."""
        refusing = [
            refusing_cells(column, Counter(cells[at] for _, _, cells in self._rows))
            for at, column in enumerate(self._columns)
        ]
        for address, place, cells in self._rows:
            why = (
                f"{column}: {cell.strip()!r}"
                for column, cell, no in zip(self._columns, cells, refusing, strict=True)
                if cell in no
            )
            if first := next(why, ""):
                yield address, place, first


def _column(path: str, options: SourceOptions, chosen: str | None, choose: Choose | None) -> str:
    """The column with the contacts' own addresses; ``""`` for a list without any row."""
    with ExitStack() as stack:
        try:
            source = stack.enter_context(open_source(path, options))
        except SourceError as exc:
            if exc.code == "SOURCE_EMPTY":
                return ""
            raise
        rows = list(islice(source, ROWS_LOOKED_AT))
        if not rows:
            return ""
        try:
            return own_address_column(source.header, rows, source=path, chosen=chosen)
        except SetupError as exc:
            found = own_address(source.header, contents_of(source.header, rows))
            likely = [one.column for one in (*found.rivals, *found.own, *found.foreign)]
            answer = choose(str(exc), likely) if choose and likely and chosen is None else None
            if answer is None:
                raise
            return answer

"""Who is on a list: the addresses of spreadsheets, without those who said no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from bulk_import.errors import (
    Message,
    SetupError,
    SourceError,
)
from bulk_import.jobs.holding import SHEET_SAYS_NO, Doubt
from bulk_import.jobs.rosters import DoubtRow, PersonRow, Rosters
from bulk_import.mapping.consent import heard, refusing_cells
from bulk_import.mapping.consent_headers import speaks_of
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT, contents_of
from bulk_import.mapping.suggesting.own_address import own_address, own_address_column
from bulk_import.models import Row
from bulk_import.normalize.consent import names_refusals
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.mailboxes import Mailboxes, email_key, mailboxes
from bulk_import.normalize.result import NormalizeError
from bulk_import.sources import Source, SourceOptions, expand_sources, open_source
from bulk_import.sources.remote import shown

# (question, columns) -> the chosen column, or None
Choose = Callable[[str, Sequence[str]], str | None]

_SAYS_NO = "EMAIL_SAYS_NO"
_BATCH = 1000  # rows that are stored together


@dataclass(frozen=True, slots=True)
class Members:
    """Who is on a list, as it is in the rosters.

    Attributes:
        blanks: Rows without an address that have other cells.
        read: What was read of each list, for people: file, sheet, column.
    """

    rosters: Rosters
    roster: int
    blanks: int
    column: str
    read: tuple[str, ...]

    @property
    def emails(self) -> Sequence[str]:
        """The addresses, normalized and lower-cased, in order, without those who said no."""
        self.rosters.index()
        return self.rosters.people(self.roster)

    @property
    def doubts(self) -> Sequence[Doubt]:
        """Cells that are no address, or that say that the person is not to be written to."""
        return self.rosters.doubts(self.roster)


def read_members(
    rosters: Rosters,
    roster: int,
    patterns: Sequence[str],
    *,
    column: str | None = None,
    sheet: str | None = None,
    choose: Choose | None = None,
    ignore_consent: bool = False,
) -> Members:
    """Read the addresses of lists into a roster.

    People on a sheet whose name says no ("Unsubscribed") are left alone, also where that sheet is
    beside the one that is read.

    Args:
        column: The column with the addresses; ``None`` = the contacts' own, found by name and cells.
        sheet: Of workbooks.
        choose: Asked when it is not certain which column that is.
        ignore_consent: Take people too whose row or sheet says no.

    Raises:
        SetupError: No column holds the contacts' addresses, or several may; a source cannot be read.
        StorageError: There is no room for the roster.
    """
    columns: list[str] = []
    read: list[str] = []
    reader = _Reader(rosters, roster, ignore_consent=ignore_consent)
    options = SourceOptions(sheet=sheet, may_be_bare=True, may_take_subscribed=True)
    for path in expand_sources(patterns):
        found = _column(path, options, column, choose)
        if not found:
            read.append(Message("{path}: no rows", path=shown(path)))
            continue
        columns.append(found)
        with open_source(path, options) as source:
            read.append(_told(path, source, found, ignore_consent=ignore_consent))
            reader.add(path, source, found)
            refusing = [p.value for p in source.problems if p.code == "SHEET_SAYS_NO"]
        for name in () if ignore_consent else refusing:
            count = reader.add_refusing(path, replace(options, sheet=name))
            read.append(
                Message(
                    "{path}: sheet {name!r}, whose name says no: {count:,} addresses, left alone",
                    path=shown(path),
                    name=name,
                    count=count,
                )
            )
    return Members(rosters, roster, reader.blanks, ", ".join(dict.fromkeys(columns)), tuple(read))


def _told(path: str, source: Source, column: str, *, ignore_consent: bool) -> str:
    """Return what is read of a list, for people."""
    where = f"sheet {source.sheet!r}, " if source.sheet else ""
    export = next((str(p) for p in source.problems if p.code == "ARCHIVE_EXPORT"), "")
    where += f"{export}; " if export else ""
    is_bare = any(problem.code == "HEADER_ABSENT" for problem in source.problems)
    bare = " (no header: the first line is an address too)" if is_bare else ""
    said = [f"; {p}" for p in source.problems if p.code == "SHEET_SAYS_NO" and ignore_consent]
    return f"{shown(path)}: {where}column {column!r}{bare}{''.join(said)}"


@dataclass(slots=True)
class _Taken:
    """What some rows of a list hold."""

    people: list[PersonRow] = field(default_factory=list)
    doubts: list[DoubtRow] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # keys of who is not to be written to


class _Reader:
    """Reads lists into a roster.

    Attributes:
        blanks: Rows so far without an address that have other cells.
    """

    def __init__(self, rosters: Rosters, roster: int, *, ignore_consent: bool) -> None:
        self.blanks = 0
        self._rosters, self._roster = rosters, roster
        self._ignores_consent = ignore_consent

    def add(self, path: str, source: Source, column: str) -> None:
        """Take the people of a list."""
        consent = _Consent.of(source, is_ignored=self._ignores_consent)
        after = self._rosters.last_person()
        while rows := list(islice(source, _BATCH)):
            taken = _Taken()
            for row in rows:
                self._take(path, row, column, consent, taken)
            self._store(taken)
        self._rosters.refuse_heard(self._roster, after, consent.whys())

    def add_refusing(self, path: str, options: SourceOptions) -> int:
        """Leave the people alone who are on a sheet whose name says no.

        Returns:
            The number of addresses on it.
        """
        addresses = 0
        try:
            with open_source(path, options) as source:
                first = list(islice(source, ROWS_LOOKED_AT))
                columns = _columns_of_contacts(source.header, first)
                rest = chain(first, source)
                while rows := list(islice(rest, _BATCH)):
                    taken = _Taken()
                    for row in rows:
                        self._take_refusing(path, row, columns, taken)
                    self._store(taken)
                    addresses += len(taken.refused)
        except SourceError as exc:
            if exc.code != "SOURCE_EMPTY":
                raise
        return addresses

    def _store(self, taken: _Taken) -> None:
        self._rosters.add(self._roster, taken.people)
        self._rosters.add_doubts(self._roster, taken.doubts)
        self._rosters.refuse(self._roster, taken.refused)

    def _take(self, path: str, row: Row, column: str, consent: _Consent, taken: _Taken) -> None:
        text = row.cells[column].strip()
        broken = remark = None
        if row.problems:
            broken = next((p for p in row.problems if p.is_error and p.column == column), None)
            remark = next((p for p in row.problems if p.code == _SAYS_NO and not p.column), None)
        if not text and broken is None:
            self.blanks += any(cell.strip() for cell in row.cells.values())
            return
        place = self._rosters.place(path, row.sheet)
        try:
            if broken is not None:
                raise NormalizeError(broken.code, broken.message)
            address = normalize_email(text).value.lower()
            key = email_key(address)
            if remark is not None:  # under no heading, so that no rule can look at it
                said_no = DoubtRow(place, row.number, address, (address,), repr(remark.value))
                taken.doubts.append(said_no)
                taken.refused.append(key)
                return
            written = "" if address == key else address
            taken.people.append(PersonRow(key, written, place, row.number, consent.note(row)))
        except NormalizeError as exc:
            named = tuple(exc.candidates)
            taken.doubts.append(DoubtRow(place, row.number, text or exc.code, named))
            if exc.code == _SAYS_NO:
                taken.refused.extend(map(email_key, named))

    def _take_refusing(self, path: str, row: Row, columns: Sequence[str], taken: _Taken) -> None:
        place = self._rosters.place(path, row.sheet)
        for text in (row.cells[column].strip() for column in columns):
            found = mailboxes(text) if "@" in text else Mailboxes()
            for address in dict.fromkeys(one.lower() for one in found.addresses):
                doubt = DoubtRow(place, row.number, address, (address,), SHEET_SAYS_NO)
                taken.doubts.append(doubt)
                taken.refused.append(email_key(address))
            if not found.is_whole:  # whoever that is
                taken.doubts.append(DoubtRow(place, row.number, text))


def _columns_of_contacts(header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the columns of a table without those that hold other people's addresses."""
    foreign = {
        one.column for one in own_address(header, contents_of(header, rows)).foreign if one.whose
    }
    return [column for column in header if column not in foreign] or [*header]


class _Consent:
    """What the cells beside the addresses of a list say of consent."""

    def __init__(self, columns: Iterable[str], *, is_refused: bool = False) -> None:
        """Make it.

        Args:
            columns: Those that speak of consent.
            is_refused: Everybody on the list said no.
        """
        self._columns = list(columns)
        self._is_refused = is_refused
        self._numbers: dict[tuple[str, ...], int] = {}  # of combinations of cells
        self._rows: Counter[int] = Counter()

    @classmethod
    def of(cls, source: Source, *, is_ignored: bool) -> _Consent:
        """Return what is to be heard on a list."""
        if is_ignored:
            return cls(())
        columns = [column for column in source.header if speaks_of(column)]
        return cls(columns, is_refused=names_refusals(source.sheet))

    def note(self, row: Row) -> int | None:
        """Note the row of somebody; return the number of its combination of cells."""
        if not self._columns and not self._is_refused:
            return None
        cells = tuple([heard(column, row.cells[column]) for column in self._columns])
        number = self._numbers.setdefault(cells, len(self._numbers))
        self._rows[number] += 1
        return number

    def whys(self) -> dict[int, str]:
        """Return combination -> the cell that says no; after the last row."""
        if self._is_refused:
            return dict.fromkeys(self._rows, SHEET_SAYS_NO)
        counts: list[Counter[str]] = [Counter() for _ in self._columns]
        for cells, number in self._numbers.items():
            for count, cell in zip(counts, cells, strict=True):
                count[cell] += self._rows[number]
        refusing = [
            refusing_cells(column, count)
            for column, count in zip(self._columns, counts, strict=True)
        ]
        found: dict[int, str] = {}
        for cells, number in self._numbers.items():
            for column, cell, no in zip(self._columns, cells, refusing, strict=True):
                if cell in no:
                    found.setdefault(number, f"{column}: {cell.strip()!r}")
        return found


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

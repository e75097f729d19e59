"""Segments: who is on a list, who was, and what follows from the difference.

The API cannot say who has a tag, so that follows from an earlier list or from the state of earlier
runs. Without either, everybody on the new list gains. Each contact takes one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from bulk_import.api.fields import OPPOSITE
from bulk_import.errors import (
    MappingError,
    Message,
    SettingsError,
    SetupError,
    SourceError,
    StoppedError,
)
from bulk_import.jobs.holding import Doubt, Place, held_back
from bulk_import.mapping.consent import refusing_cells, speaks_of
from bulk_import.mapping.schema import Columns, Part
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT, contents_of
from bulk_import.mapping.suggesting.own_address import own_address, own_address_column
from bulk_import.mapping.yamltext import parse
from bulk_import.models import Row
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.mailboxes import email_key
from bulk_import.normalize.result import NormalizeError
from bulk_import.sources import SourceOptions, expand_sources, open_source
from bulk_import.sources.remote import shown

MAX_LOSE = 0.3  # the brake: share of a segment that may leave it at once
_ADDING = ("add_tags", "add_to_lists")
# (question, columns) -> the chosen column, or None
Choose = Callable[[str, Sequence[str]], str | None]


class Segment(Part):
    """A segment of a plan file: who is in it, and what goes with it."""

    source: Columns
    previous: Columns = ()
    column: str | None = Field(default=None, description="The column with the addresses.")
    ignore_consent: bool = Field(
        default=False, description="Tag people too whose row says no in a column of consent."
    )
    sheet: str | None = None
    add_tags: Columns = ()
    remove_tags: Columns = ()
    add_to_lists: Columns = ()
    remove_from_lists: Columns = ()

    @field_validator("add_tags", "remove_tags", "add_to_lists", "remove_from_lists")
    @classmethod
    def _one_each(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if "," in value:
                raise ValueError(
                    Message(
                        "TAG_COMMA: {value!r} has a comma in it, which the API takes for a "
                        "separator; give each tag or list by itself",
                        value=value,
                    )
                )
            if not value.strip():
                raise ValueError("a tag or list without a name")
        return values

    @classmethod
    def made(cls, **values: Any) -> Segment:
        """Return a segment.

        Raises:
            SettingsError: A value does not make sense; the message names it.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as exc:
            raise SettingsError(
                "\n".join(
                    f"{'.'.join(map(str, error['loc'][:1]))}: "
                    f"{error['msg'].removeprefix('Value error, ')}"
                    for error in exc.errors()
                )
            ) from None

    def changes(self) -> dict[str, tuple[str, ...]]:
        """Parameter -> what somebody gets who comes into the segment."""
        return {name: values for name in OPPOSITE if (values := getattr(self, name))}


class _PlanFile(Part):
    version: str
    segments: dict[str, Segment] = Field(min_length=1)


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


@dataclass(frozen=True, slots=True)
class Difference:
    """What a segment's new list changes.

    Attributes:
        before: How many were in the segment.
        held: Address -> why it does not lose although it is not on the list.
        blanks: Rows of the new list without an address.
        read: What was read of each list, for people.
    """

    gains: tuple[str, ...]
    loses: tuple[str, ...]
    stays: int
    doubts: tuple[Doubt, ...] = ()
    before: int = 0
    now: int = 0
    held: Mapping[str, str] = field(default_factory=dict)
    blanks: int = 0
    read: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(doubt.text for doubt in self.doubts)

    @property
    def leaving(self) -> int:
        """How many are not on the new list any more, those included who lose nothing now."""
        return len(self.loses) + len(self.held)


@dataclass(slots=True)
class RetagPlan:
    """What is to be sent.

    Attributes:
        differences: Segment -> what changes in it.
        calls: E-mail -> parameter -> values; one call for each contact.
        places: Key -> where the person stands: on a new list, else on an earlier one. Nobody who is
            known from the state alone.
    """

    segments: Mapping[str, Segment]
    differences: dict[str, Difference] = field(default_factory=dict)
    calls: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def doubts(self) -> list[Doubt]:
        return [doubt for found in self.differences.values() for doubt in found.doubts]

    @property
    def refused(self) -> list[str]:
        return [doubt.text for doubt in self.doubts]


def load_plan(path: Path) -> dict[str, Segment]:
    """Read a plan file: segment -> sources and what goes with them.

    Raises:
        MappingError: It cannot be used; the message says where and why.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise MappingError.of(Message("cannot be read: {exc}", exc=exc), path) from None
    document = parse(text, str(path))
    try:
        segments = _PlanFile.model_validate(document.tree).segments
    except ValidationError as exc:
        raise MappingError(
            document.problem(error["msg"].removeprefix("Value error, "), error["loc"])
            for error in exc.errors()
        ) from None
    for name, segment in segments.items():
        if not segment.changes():
            raise MappingError([document.problem("names no tag and no list", ("segments", name))])
    return segments


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
            read.append(f"{shown(path)}: {where}column {found!r}{bare}")
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
            self._rows.append((address, place, tuple([cells[name] for name in self._columns])))

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


def plan_retag(
    segments: Mapping[str, Segment],
    known: Mapping[str, Mapping[str, str]] | None = None,
    *,
    blanks_before: Mapping[str, int] | None = None,
    accept: bool = False,
    choose: Choose | None = None,
) -> RetagPlan:
    """Compare every segment's list with its earlier one, or with what is known of earlier runs.

    Args:
        known: Segment -> key -> address of those who are in it, for segments without an earlier list.
        blanks_before: Segment -> rows without an address of the list that was sent last.
        accept: Take from people although damaged cells may be they.
        choose: Asked which column holds the addresses where it is not certain.

    Raises:
        SetupError: A list cannot be read.
    """
    plan = RetagPlan(segments)
    earlier_places: dict[str, Place] = {}
    now: dict[str, Mapping[str, str]] = {}
    leaving: dict[str, dict[str, str]] = {}
    for name, segment in segments.items():
        new = read_members(
            segment.source, column=segment.column, sheet=segment.sheet, choose=choose,
            ignore_consent=segment.ignore_consent,
        )  # fmt: skip
        plan.places |= new.places
        old, blanks = (known or {}).get(name, {}), (blanks_before or {}).get(name, 0)
        if segment.previous:
            earlier = read_members(
                segment.previous, column=segment.column, sheet=segment.sheet, choose=choose,
                ignore_consent=segment.ignore_consent,
            )  # fmt: skip
            old, blanks = earlier.people, earlier.blanks
            earlier_places |= earlier.places
        quiet = {key: old[key] for key in old if key in new.said_no}  # neither gain nor lose
        gone = {key: old[key] for key in old if key not in new.people and key not in quiet}
        more = new.blanks - blanks
        unsure = [doubt for doubt in new.doubts if not doubt.said_no]
        held = {} if accept else held_back(gone, unsure, more)
        now[name], leaving[name] = new.people, {k: e for k, e in gone.items() if k not in held}
        plan.differences[name] = Difference(
            gains=tuple(email for key, email in new.people.items() if key not in old),
            loses=tuple(sorted(leaving[name].values())),
            stays=sum(key in old for key in new.people),
            doubts=new.doubts,
            before=len(old),
            now=len(new.people),
            held={gone[key]: why for key, why in held.items()},
            blanks=new.blanks,
            read=new.read,
        )
        now[name] = {**new.people, **quiet, **{key: gone[key] for key in held}}
    plan.places = earlier_places | plan.places
    _call(plan, now, leaving)
    return plan


def brake(
    plan: RetagPlan,
    *,
    max_lose: float = MAX_LOSE,
    accept: bool = False,
    max_contacts: int | None = None,
) -> None:
    """Stop when a list looks broken rather than changed.

    Args:
        max_lose: Share of a segment that may leave it at once.
        accept: Stop for *max_contacts* alone.
        max_contacts: Most contacts that may be touched.

    Raises:
        StoppedError: Nothing was sent.
    """
    for name, found in () if accept else braked(plan, max_lose=max_lose).items():
        if not found.now:
            raise StoppedError(
                Message(
                    "the brake: the new list of {name!r} has no addresses, {before:,} were "
                    "in the segment; nothing was sent (--accept if that is meant)",
                    name=name,
                    before=found.before,
                )
            )
        raise StoppedError(
            Message(
                "the brake: {leaving:,} of the {before:,} in {name!r} would lose, more than "
                "{max_lose:.0%}; nothing was sent (--accept for once, or --max-lose)",
                leaving=found.leaving,
                before=found.before,
                name=name,
                max_lose=max_lose,
            )
        )
    if max_contacts is not None and len(plan.calls) > max_contacts:
        raise StoppedError(
            Message(
                "{n:,} contacts would be touched, max_contacts allows {max_contacts:,}; "
                "nothing was sent",
                n=len(plan.calls),
                max_contacts=max_contacts,
            )
        )


def braked(plan: RetagPlan, *, max_lose: float = MAX_LOSE) -> dict[str, Difference]:
    """Return the segments whose new list is empty, or that more than *max_lose* would leave."""
    return {
        name: found
        for name, found in plan.differences.items()
        if not found.now or found.leaving > found.before * max_lose
    }


def totals(plan: RetagPlan) -> dict[str, Counter[str]]:
    """Parameter -> value -> contacts."""
    found: dict[str, Counter[str]] = {}
    for changes in plan.calls.values():
        for name, values in changes.items():
            found.setdefault(name, Counter()).update(values.keys())
    return found


def _call(
    plan: RetagPlan,
    now: Mapping[str, Mapping[str, str]],
    leaving: Mapping[str, Mapping[str, str]],
) -> None:
    """Make the calls. What somebody keeps in one segment is not taken because of another."""
    given = _given(plan.segments, now)
    spelled: dict[str, str] = {}  # one call for a contact, however its lists spell it
    for name, segment in plan.segments.items():
        for key, email in leaving[name].items():
            for parameter in _ADDING:
                taking = OPPOSITE[parameter]
                values = _without(getattr(segment, parameter), given.get(parameter, {}), key)
                _add(plan, spelled.setdefault(key, email), taking, values)
    for name, segment in plan.segments.items():
        for email in plan.differences[name].gains:
            key = email_key(email)
            for parameter, wanted in segment.changes().items():
                values = _without(wanted, given.get(OPPOSITE[parameter], {}), key)
                _add(plan, spelled.setdefault(key, email), parameter, values)


Given = Mapping[str, Mapping[str, set[str]]]


def _given(segments: Mapping[str, Segment], now: Mapping[str, Mapping[str, str]]) -> Given:
    """Parameter that adds -> value -> keys of everybody who is to have it."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, segment in segments.items():
        for parameter in _ADDING:
            for value in getattr(segment, parameter):
                found.setdefault(parameter, {}).setdefault(value, set()).update(now[name])
    return found


def _without(values: Iterable[str], given: Mapping[str, set[str]], key: str) -> list[str]:
    """The values that the contact is not to have for the sake of any segment."""
    return [value for value in values if key not in given.get(value, ())]


def _add(plan: RetagPlan, email: str, parameter: str, values: Sequence[str]) -> None:
    if not values:
        return
    changes = plan.calls.setdefault(email, {})
    against = changes.get(OPPOSITE[parameter], {})
    for value in values:
        against.pop(value, None)
        changes.setdefault(parameter, {})[value] = None
    if not against:
        changes.pop(OPPOSITE[parameter], None)

"""Segments: who is on a list, who was, and what follows from the difference.

The API cannot say who has a tag, so that follows from an earlier list or from the state of earlier
runs. Without either, everybody on the new list gains. Each contact takes one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator

from bulk_import.api.fields import OPPOSITE
from bulk_import.errors import (
    MappingError,
    Message,
    SettingsError,
    StoppedError,
)
from bulk_import.jobs.calls import Calls, packed
from bulk_import.jobs.deciding import Contact, Effect, calls_of
from bulk_import.jobs.holding import Doubt
from bulk_import.jobs.members import Choose, Members, read_members
from bulk_import.jobs.rosters import COMES, LEAVES, Rosters, new_of, old_of
from bulk_import.mapping.loading import said_of
from bulk_import.mapping.schema import Columns, Part
from bulk_import.mapping.yamltext import parse

MAX_LOSE = 0.3  # the brake: share of a segment that may leave it at once
_ADDING = ("add_tags", "add_to_lists")


class Segment(Part):
    """A segment of a plan file: who is in it, and what goes with it."""

    source: Columns
    previous: Columns = ()
    column: str | None = Field(default=None, description="The column with the addresses.")
    ignore_consent: bool = Field(
        default=False, description="Tag people too whose row or sheet says no."
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
class Difference:
    """What a segment's new list changes.

    Attributes:
        gains: In the order of the list. Like all that has a line for each contact, it is read from
            the plan's scratch database whenever it is asked for.
        loses: In alphabetical order.
        unsure: Cells of the new list that are no address.
        said_no: Rows of the new list that say that somebody is not to be written to. They neither
            gain nor lose in any segment.
        before: How many were in the segment.
        held: Address -> why it does not lose although it is not on the list.
        blanks: Rows of the new list without an address.
        read: What was read of each list, for people.
    """

    gains: Sequence[str]
    loses: Sequence[str]
    stays: int
    unsure: Sequence[Doubt] = ()
    said_no: Sequence[Doubt] = ()
    before: int = 0
    now: int = 0
    held: Mapping[str, str] = field(default_factory=dict)
    blanks: int = 0
    read: tuple[str, ...] = ()

    @property
    def leaving(self) -> int:
        """How many are no longer on the new list, including those who are held."""
        return len(self.loses) + len(self.held)


@dataclass(slots=True)
class RetagPlan:
    """What is to be sent. Close it, or use it as a context manager: its lists are on disk.

    Attributes:
        differences: Segment -> what changes in it.
        calls: E-mail -> parameter -> values; one call for each contact.
        doubts: The doubtful cells of all new lists.
    """

    rosters: Rosters
    segments: Mapping[str, Segment]
    differences: Mapping[str, Difference]
    calls: Calls
    doubts: Sequence[Doubt]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send, and no cell to be reported."""
        return not self.calls and not self.doubts

    def close(self) -> None:
        """Remove the lists; does nothing the second time."""
        self.rosters.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


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
            document.problem(
                said_of(error, Segment if len(error["loc"]) > 1 else _PlanFile), error["loc"]
            )
            for error in exc.errors()
        ) from None
    for name, segment in segments.items():
        if not segment.changes():
            raise MappingError([document.problem("names no tag and no list", ("segments", name))])
    return segments


def nobody(_segment: str) -> Iterable[str]:
    """Return who is known to be in a segment where nothing is known."""
    return ()


def plan_retag(
    segments: Mapping[str, Segment],
    known: Callable[[str], Iterable[str]] = nobody,
    *,
    blanks_before: Mapping[str, int] = MappingProxyType({}),
    accept: bool = False,
    choose: Choose | None = None,
) -> RetagPlan:
    """Compare each segment's new list with its earlier one, or with what earlier runs left.

    Args:
        known: Segment -> addresses of those who are in it, for segments without an earlier list.
        blanks_before: Segment -> rows without an address of the list that was sent last.
        accept: Take from people although damaged cells may be they.
        choose: Asked which column holds the addresses where it is not certain.

    Returns:
        The plan, to be closed by the caller.

    Raises:
        SetupError: A list cannot be read.
        StorageError: There is no room for the comparison.
    """
    with ExitStack() as stack:
        rosters = stack.enter_context(Rosters())
        lists: list[tuple[Members, int]] = []
        for number, (name, segment) in enumerate(segments.items()):
            new = _read(rosters, new_of(number), segment, segment.source, choose)
            blanks = blanks_before.get(name, 0)
            if segment.previous:
                old = _read(rosters, old_of(number), segment, segment.previous, choose)
                blanks = old.blanks
            else:
                rosters.add_known(old_of(number), known(name))
            lists.append((new, new.blanks - blanks))
        rosters.index()
        rosters.share_refusals(len(segments))
        differences = {
            name: _difference(rosters, number, *lists[number], accept=accept)
            for number, name in enumerate(segments)
        }
        effects = Effects(tuple(segments.values()))
        calls = Calls(rosters, calls_of(rosters, len(segments), effects.of))
        doubts = rosters.doubts(*(new_of(number) for number in range(len(segments))))
        stack.pop_all()
    return RetagPlan(rosters, segments, differences, calls, doubts)


def _read(
    rosters: Rosters, roster: int, segment: Segment, lists: Sequence[str], choose: Choose | None
) -> Members:
    return read_members(
        rosters, roster, lists, column=segment.column, sheet=segment.sheet, choose=choose,
        ignore_consent=segment.ignore_consent,
    )  # fmt: skip


def _difference(
    rosters: Rosters, number: int, new: Members, more_blanks: int, *, accept: bool
) -> Difference:
    rosters.compare(number, more_blanks, accept=accept)
    gains, now = rosters.changes(COMES, number), rosters.count(new_of(number))
    return Difference(
        gains=gains,
        loses=rosters.changes(LEAVES, number),
        stays=now - len(gains),
        unsure=rosters.doubts(new_of(number), said_no=False),
        said_no=rosters.doubts(new_of(number), said_no=True),
        before=rosters.count(old_of(number)),
        now=now,
        held=rosters.held(number, more_blanks),
        blanks=new.blanks,
        read=new.read,
    )


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
        if not found.now and found.said_no:
            raise StoppedError(
                Message(
                    "the brake: everybody on the new list of {name!r} says no, such as {first}; "
                    "nothing was sent (--ignore-consent takes them anyway)",
                    name=name,
                    first=found.said_no[0],
                )
            )
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


class Effects:
    """What is to be changed of contacts. What they keep in one segment another one does not take."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, contact: Contact) -> Effect | None:
        """Return what is to be changed of a contact; ``None`` when that is nothing."""
        given = self._given(contact.now)
        changes: dict[str, dict[str, None]] = {}
        first: int | None = None
        for at, (kind, number) in enumerate(contact.events):
            for parameter, values in self._wanted(kind, self._segments[number]).items():
                kept = given.get(OPPOSITE[parameter], set())
                left = [value for value in values if value not in kept]
                if left:
                    first = at if first is None else first
                    changes.setdefault(parameter, {}).update(dict.fromkeys(left))
        return None if first is None else Effect(first, packed(changes))

    def _given(self, now: Iterable[int]) -> dict[str, set[str]]:
        """Return parameter that adds -> values that somebody has who is in some segments."""
        found: dict[str, set[str]] = {}
        for number in now:
            for parameter in _ADDING:
                found.setdefault(parameter, set()).update(
                    getattr(self._segments[number], parameter)
                )
        return found

    def _wanted(self, kind: int, segment: Segment) -> dict[str, tuple[str, ...]]:
        """Return what somebody gets who comes into a segment, or leaves it."""
        if kind == COMES:
            return segment.changes()
        return {OPPOSITE[parameter]: getattr(segment, parameter) for parameter in _ADDING}

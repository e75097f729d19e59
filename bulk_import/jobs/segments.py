"""Segments: who is on a list, who was, and what follows from the difference.

The API cannot say who has a tag, so that follows from an earlier list or from the state of earlier
runs. Without either, everybody on the new list gains. Each contact takes one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from bulk_import.api.fields import OPPOSITE
from bulk_import.errors import (
    MappingError,
    Message,
    SettingsError,
    StoppedError,
)
from bulk_import.jobs.holding import Doubt, Place, held_back
from bulk_import.jobs.members import Choose, read_members
from bulk_import.mapping.loading import said_of
from bulk_import.mapping.schema import Columns, Part
from bulk_import.mapping.yamltext import parse
from bulk_import.normalize.mailboxes import email_key

MAX_LOSE = 0.3  # the brake: share of a segment that may leave it at once
_ADDING = ("add_tags", "add_to_lists")


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
            document.problem(
                said_of(error, Segment if len(error["loc"]) > 1 else _PlanFile), error["loc"]
            )
            for error in exc.errors()
        ) from None
    for name, segment in segments.items():
        if not segment.changes():
            raise MappingError([document.problem("names no tag and no list", ("segments", name))])
    return segments


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
    """Add to a contact's call. ``_without`` sees to it that nothing is given and taken in one."""
    for value in values:
        plan.calls.setdefault(email, {}).setdefault(parameter, {})[value] = None

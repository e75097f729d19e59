"""Changes tags and lists from lists of people alone: who gains, who loses, who stays.

The API cannot say who has a tag, so that follows from an earlier list or from the state of earlier
runs. Without either, everybody on the new list gains. Each contact takes one call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import Field, ValidationError

from bulk_import.api.fields import OPPOSITE
from bulk_import.errors import MappingError, SettingsError, SetupError, StoppedError
from bulk_import.jobs.importing import import_file_async
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.state import Known, State
from bulk_import.journal import Journal
from bulk_import.mapping.schema import Columns, Part, SuppressSpec
from bulk_import.mapping.suggesting import suggest
from bulk_import.mapping.yamltext import parse
from bulk_import.models import Status, Summary
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.result import NormalizeError
from bulk_import.progress import Progress
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.sending import Confirm
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources, open_source
from bulk_import.stopping import Stop
from bulk_import.system.clock import now_s
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

_EMAIL = "lead_email"


class Segment(Part):
    """A segment of a plan file: who is in it, and what goes with it."""

    source: Columns
    previous: Columns = ()
    add_tags: Columns = ()
    remove_tags: Columns = ()
    add_to_lists: Columns = ()
    remove_from_lists: Columns = ()

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
        emails: Normalized, lower-cased, in order.
        refused: Cells that are not addresses, as written.
    """

    emails: tuple[str, ...]
    refused: tuple[str, ...]
    column: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a segment's new list changes."""

    gains: tuple[str, ...]
    loses: tuple[str, ...]
    stays: int
    refused: tuple[str, ...]


@dataclass(slots=True)
class RetagPlan:
    """What is to be sent.

    Attributes:
        differences: Segment -> what changes in it.
        calls: E-mail -> parameter -> values; one call for each contact.
    """

    segments: Mapping[str, Segment]
    differences: dict[str, Difference] = field(default_factory=dict)
    calls: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)

    @property
    def refused(self) -> list[str]:
        return [text for found in self.differences.values() for text in found.refused]


def load_plan(path: Path) -> dict[str, Segment]:
    """Read a plan file: segment -> sources and what goes with them.

    Raises:
        MappingError: It cannot be used; the message says where and why.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise MappingError.of(f"cannot be read: {exc}", path) from None
    document = parse(text, str(path))
    try:
        segments = _PlanFile.model_validate(document.tree).segments
    except ValidationError as exc:
        raise MappingError(
            document.problem(error["msg"], error["loc"]) for error in exc.errors()
        ) from None
    for name, segment in segments.items():
        if not segment.changes():
            raise MappingError([document.problem("names no tag and no list", ("segments", name))])
    return segments


def read_members(patterns: Sequence[str]) -> Members:
    """Read the addresses of lists; the column is found by its name and contents.

    Raises:
        SetupError: No column holds addresses; a source cannot be read.
    """
    emails: dict[str, None] = {}
    refused: list[str] = []
    columns: list[str] = []
    for path in expand_sources(patterns):
        with open_source(path) as source:
            proposal = suggest(source.header, source)
        found = proposal.fields.get(_EMAIL)
        if not found:
            raise SetupError(f"{path}: no column holds e-mail addresses")
        column = found[0].column
        columns.append(column)
        with open_source(path) as source:
            for row in source:
                text = row.cells[column].strip()
                if not text:
                    continue
                try:
                    emails[normalize_email(text).value.lower()] = None
                except NormalizeError:
                    refused.append(text)
    return Members(tuple(emails), tuple(refused), ", ".join(dict.fromkeys(columns)))


def plan_retag(segments: Mapping[str, Segment], state: State | None = None) -> RetagPlan:
    """Compare every segment's list with its earlier one, or with the state.

    Raises:
        SetupError: A list cannot be read.
    """
    plan = RetagPlan(segments)
    known = _known(state) if state is not None else {}
    for name, segment in segments.items():
        new = read_members(segment.source)
        earlier = segment.previous
        old = set(read_members(earlier).emails) if earlier else known.get(name, set())
        now = set(new.emails)
        gains = tuple(email for email in new.emails if email not in old)
        loses = tuple(sorted(old - now))
        plan.differences[name] = Difference(gains, loses, len(now & old), new.refused)
        for email in loses:
            for parameter in ("add_tags", "add_to_lists"):
                _add(plan, email, OPPOSITE[parameter], getattr(segment, parameter))
    # Coming into a segment outweighs leaving another one with the same tag.
    for name, segment in segments.items():
        for email in plan.differences[name].gains:
            for parameter, values in segment.changes().items():
                _add(plan, email, parameter, values)
    return plan


def write_plan(folder: Path, plan: RetagPlan, suppress: Sequence[Path] = ()) -> tuple[Path, Path]:
    """Write the plan and its reverse as files with mappings; return the plan's two.

    Returns:
        (source, mapping). ``reverse.csv`` and ``reverse.yml`` are beside them.

    Raises:
        StorageError: They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reverse = {
        email: {OPPOSITE[name]: values for name, values in changes.items()}
        for email, changes in plan.calls.items()
    }
    lists = [(path, SuppressSpec(file=str(path))) for path in suppress]
    write_plan_files(folder / "reverse", reverse, suppress=lists)
    # Cells that are no address come along, so that the report accounts for them.
    return write_plan_files(folder / "plan", plan.calls, refused=plan.refused, suppress=lists)


def retag(
    new: Sources,
    settings: Settings,
    *,
    previous: Sources = (),
    state: str | Path | None = None,
    segment: str = "segment",
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    add_to_lists: Sequence[str] = (),
    remove_from_lists: Sequence[str] = (),
    max_contacts: int | None = None,
    suppress: Sequence[str | Path] = (),
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Tag the people on the lists *new*, and untag those who are no longer on them.

    The plan and its reverse are written into the run's folder before anything is sent.

    Args:
        new: Files of the people who belong to the segment now; the column of addresses is found.
        previous: The earlier lists to compare with.
        state: Compare with what earlier runs left in this file instead; made when it is missing.
        segment: The segment's name in the state.
        add_tags, remove_tags, add_to_lists, remove_from_lists: What somebody gets who comes into
            the segment; who leaves it gets the opposite of what was added.
        max_contacts: Stop if more would be touched.
        suppress: Files of contacts that are never sent.

    Raises:
        StoppedError: More contacts than *max_contacts*; nothing was sent.
        BulkImportError: As ``import_file`` raises.
    """
    work = retag_async(
        new, settings, previous=previous, state=state, segment=segment, add_tags=add_tags,
        remove_tags=remove_tags, add_to_lists=add_to_lists, remove_from_lists=remove_from_lists,
        max_contacts=max_contacts, suppress=suppress, confirm=confirm, progress=progress,
    )  # fmt: skip
    return run_blocking(work, "retag_async")


async def retag_async(
    new: Sources,
    settings: Settings,
    *,
    previous: Sources = (),
    state: str | Path | None = None,
    segment: str = "segment",
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    add_to_lists: Sequence[str] = (),
    remove_from_lists: Sequence[str] = (),
    max_contacts: int | None = None,
    suppress: Sequence[str | Path] = (),
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``retag``, for a running event loop. *stop* ends the run from outside."""
    wanted = Segment.model_validate(
        {
            "source": expand_sources(new),
            "previous": expand_sources(previous),
            "add_tags": add_tags,
            "remove_tags": remove_tags,
            "add_to_lists": add_to_lists,
            "remove_from_lists": remove_from_lists,
        }
    )
    if not wanted.changes():
        raise SettingsError("retag: give add_tags, remove_tags, add_to_lists or remove_from_lists")
    with ExitStack() as stack:
        opened = None
        if state is not None:
            path = Path(state)
            stack.enter_context(hold(path.with_name(f"{path.name}.lock"), f"the state {path}"))
            opened = stack.enter_context(State.open(path))
        plan = await asyncio.to_thread(plan_retag, {segment: wanted}, opened)
        if max_contacts is not None and len(plan.calls) > max_contacts:
            raise StoppedError(
                f"{len(plan.calls):,} contacts would be touched, max_contacts allows "
                f"{max_contacts:,}; nothing was sent"
            )
        if not plan.calls and not plan.refused:
            return Summary("", (), "", settings.endpoint, dict.fromkeys(Status, 0), 0)
        folder = Path(settings.run_dir or new_run_dir("retag"))
        source, mapping = write_plan(folder, plan, [Path(file) for file in suppress])
        summary = await import_file_async(
            source, mapping, replace(settings, run_dir=folder),
            confirm=confirm, progress=progress, stop=stop,
        )  # fmt: skip
        if opened is not None and not summary.dry_run and summary.counts[Status.SUCCESS]:
            remember(folder, plan, opened)
        return summary


def remember(run_dir: Path, plan: RetagPlan, state: State) -> None:
    """Store who is in which segment now, for accepted rows only."""
    with Journal.open(run_dir / JOURNAL) as journal:
        accepted = {email for _, email, _, status in journal.payloads() if status is Status.SUCCESS}
    moment = now_s()
    come = [
        Known(_key(name, email), "1", 0, moment)
        for name, found in plan.differences.items()
        for email in found.gains
        if email in accepted
    ]
    gone = [
        _key(name, email)
        for name, found in plan.differences.items()
        for email in found.loses
        if email in accepted
    ]
    state.learn(come, gone)


def totals(plan: RetagPlan) -> dict[str, Counter[str]]:
    """Parameter -> value -> contacts."""
    found: dict[str, Counter[str]] = {}
    for changes in plan.calls.values():
        for name, values in changes.items():
            found.setdefault(name, Counter()).update(values.keys())
    return found


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


def _key(segment: str, email: str) -> str:
    return f"{segment}\t{email}"


def _known(state: State) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for known in state.contacts():
        segment, tab, email = known.key.partition("\t")
        if tab:
            found.setdefault(segment, set()).add(email)
    return found

"""Changes tags and lists from lists of people alone: who gains, who loses, who stays.

What the segments' lists say is compared in ``segments``; here the plan is sent, and what was
confirmed is remembered: of this run, and of runs that a kill cut off or a resume continued.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bulk_import.errors import Message, SettingsError, SetupError
from bulk_import.jobs.importing import import_file_async
from bulk_import.jobs.members import Choose
from bulk_import.jobs.memberships import (
    has_moves,
    learn,
    members_of,
    moves_of,
    read_moves,
    segment_names,
    write_moves,
)
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.segments import (
    MAX_LOSE,
    RetagPlan,
    Segment,
    brake,
    plan_retag,
)
from bulk_import.jobs.state import State, refuse_other_account
from bulk_import.journal import Journal
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.models import Status, Summary
from bulk_import.progress import Progress
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.sending import Confirm
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.stopping import Stop
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

_RUNS = "retag_runs"
_RUNS_REMEMBERED = 20


def write_plan(folder: Path, plan: RetagPlan, suppress: Sequence[Path] = ()) -> tuple[Path, Path]:
    """Write the plan and its reverse as files with mappings; return the plan's two.

    Returns:
        (source, mapping). ``reverse.csv`` and ``reverse.yml`` are beside them.

    Raises:
        StorageError: They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lists = [(path, SuppressSpec(file=str(path))) for path in suppress]
    write_plan_files(folder / "reverse", plan.calls.reversed(), has_places=True, suppress=lists)
    write_moves(folder, moves_of(plan.differences))
    # Cells that are no address come along, so that the report accounts for them.
    return write_plan_files(
        folder / "plan", plan.calls, refused=plan.doubts, has_places=True, suppress=lists
    )


def retag(
    new: Sources,
    settings: Settings,
    *,
    previous: Sources = (),
    state: str | Path | None = None,
    segment: str = "segment",
    column: str | None = None,
    sheet: str | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    add_to_lists: Sequence[str] = (),
    remove_from_lists: Sequence[str] = (),
    max_contacts: int | None = None,
    max_lose: float = MAX_LOSE,
    accept: bool = False,
    ignore_consent: bool = False,
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
        column: The column with the addresses; ``None`` = the contacts' own, found by name and cells.
        sheet: Of workbooks.
        add_tags, remove_tags, add_to_lists, remove_from_lists: What somebody gets who comes into
            the segment; who leaves it gets the opposite of what was added.
        max_contacts: Stop if more would be touched.
        max_lose: The brake: share of the segment that may leave it at once.
        accept: Let the brake pass, and take from people although damaged cells may be they.
        ignore_consent: Tag people too whose row or sheet says no.
        suppress: Files of contacts that are never sent.

    Raises:
        StoppedError: The brake, or more contacts than *max_contacts*; nothing was sent.
        BulkImportError: As ``import_file`` raises.
    """
    work = retag_async(
        new, settings, previous=previous, state=state, segment=segment, column=column, sheet=sheet,
        add_tags=add_tags, remove_tags=remove_tags, add_to_lists=add_to_lists,
        remove_from_lists=remove_from_lists, max_contacts=max_contacts, max_lose=max_lose,
        accept=accept, ignore_consent=ignore_consent, suppress=suppress, confirm=confirm,
        progress=progress,
    )  # fmt: skip
    return run_blocking(work, "retag_async")


async def retag_async(
    new: Sources,
    settings: Settings,
    *,
    previous: Sources = (),
    state: str | Path | None = None,
    segment: str = "segment",
    column: str | None = None,
    sheet: str | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    add_to_lists: Sequence[str] = (),
    remove_from_lists: Sequence[str] = (),
    max_contacts: int | None = None,
    max_lose: float = MAX_LOSE,
    accept: bool = False,
    ignore_consent: bool = False,
    suppress: Sequence[str | Path] = (),
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``retag``, for a running event loop. *stop* ends the run from outside."""
    wanted = Segment.made(
        ignore_consent=ignore_consent,
        source=expand_sources(new),
        previous=expand_sources(previous),
        column=column,
        sheet=sheet,
        add_tags=add_tags,
        remove_tags=remove_tags,
        add_to_lists=add_to_lists,
        remove_from_lists=remove_from_lists,
    )
    if not wanted.changes():
        raise SettingsError("retag: give add_tags, remove_tags, add_to_lists or remove_from_lists")
    with segment_state(state, settings) as opened, ExitStack() as stack:
        plan = stack.enter_context(await _compared({segment: wanted}, opened, accept=accept))
        brake(plan, max_lose=max_lose, accept=accept, max_contacts=max_contacts)
        return await send_plan(
            plan, opened, settings, suppress=[Path(file) for file in suppress],
            confirm=confirm, progress=progress, stop=stop,
        )  # fmt: skip


async def _compared(
    segments: Mapping[str, Segment], state: State | None, *, accept: bool
) -> RetagPlan:
    """As ``compare``, in a thread. Cancelled, it waits for the thread: that uses the state."""
    work = partial(compare, segments, state, accept=accept)
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        if working.exception() is None:
            working.result().close()
        raise


@contextmanager
def segment_state(path: str | Path | None, settings: Settings) -> Iterator[State | None]:
    """Open the state of segments, with what left runs have confirmed; ``None`` without a path.

    Raises:
        BusyError: Another run uses it.
        SetupError: It belongs to another account.
    """
    if path is None:
        yield None
        return
    path = Path(path)
    with (
        hold(path.with_name(f"{path.name}.lock"), f"the state {path}"),
        State.open(path) as state,
    ):
        refuse_other_account(state, settings)
        take_over_runs(state)
        yield state


def compare(
    segments: Mapping[str, Segment],
    state: State | None,
    *,
    accept: bool = False,
    choose: Choose | None = None,
) -> RetagPlan:
    """``plan_retag``, with what the state knows.

    Returns:
        The plan, to be closed by the caller.

    Raises:
        SetupError: A segment's name differs from a known one by case alone; a list cannot be read.
    """
    if state is None:
        return plan_retag(segments, accept=accept, choose=choose)
    known = segment_names(state)
    for name in segments:
        near = similar_name(name, known)
        if near:
            raise SetupError(
                Message(
                    "--segment {name!r}: {path} has no such segment, but {near!r}; give that "
                    "name, or one that differs by more than case",
                    name=name,
                    path=state.path,
                    near=near,
                )
            )
    return plan_retag(
        segments, partial(members_of, state), blanks_before=state.get_json("blanks") or {},
        accept=accept, choose=choose,
    )  # fmt: skip


def similar_name(name: str, known: Collection[str]) -> str:
    """Return the known segment whose name differs from an unknown *name* by case or blanks alone."""
    folded = " ".join(name.casefold().split())
    if name in known:
        return ""
    return next((other for other in known if " ".join(other.casefold().split()) == folded), "")


async def send_plan(
    plan: RetagPlan,
    state: State | None,
    settings: Settings,
    *,
    suppress: Sequence[Path] = (),
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """Write a plan into the run's folder, close it, send it, remember what was accepted.

    Raises:
        BulkImportError: As ``import_file`` raises.
    """
    if plan.is_empty:
        if state is not None and not settings.dry_run:
            learn(state, moves_of(plan.differences), accepted=None)
        return Summary("", (), "", settings.endpoint, dict.fromkeys(Status, 0), 0)
    folder = Path(settings.run_dir or new_run_dir("retag"))
    source, mapping = await asyncio.to_thread(_written, folder, plan, suppress)
    plan.close()  # sending may take hours
    if progress is not None:
        progress.say(
            Message("{source}: the plan; reverse.csv beside it takes it back", source=source)
        )
    if state is not None and not settings.dry_run:
        _note_run(state, folder)
    summary = await import_file_async(
        source, mapping, replace(_for_plans(settings), run_dir=folder),
        confirm=confirm, progress=progress, stop=stop,
    )  # fmt: skip
    if state is not None and not settings.dry_run:
        take_over_runs(state)
    return summary


def _for_plans(settings: Settings) -> Settings:
    """Return the settings for the run of a plan.

    Its rows are judged by this process before any is sent: that takes seconds for a million, and
    another process would take a third more memory.
    """
    policy = replace(settings.policy, read_ahead_bytes=-1, workers=settings.policy.workers or 1)
    return replace(settings.with_strict_lists(), policy=policy)


def _written(folder: Path, plan: RetagPlan, suppress: Sequence[Path]) -> tuple[Path, Path]:
    if (folder / JOURNAL).exists():
        raise SetupError(
            Message(
                "{folder}: holds a run already; `bulk-import resume {folder}` continues it, "
                "another folder takes a new one",
                folder=folder,
            )
        )
    return write_plan(folder, plan, suppress)


def _note_run(state: State, folder: Path) -> None:
    """Remember where a run is before it begins: what it confirms is taken over, whoever ends it."""
    runs = [*(state.get_json(_RUNS) or ()), [str(folder.resolve()), ""]]
    state.put(**{_RUNS: json.dumps(runs[-_RUNS_REMEMBERED:])})


def take_over_runs(state: State) -> None:
    """Take over what runs have confirmed since: a killed one, or one that a resume continued."""
    runs: list[tuple[str, str]] = [tuple(run) for run in state.get_json(_RUNS) or ()]
    kept = []
    for folder, seen in runs:
        path = Path(folder)
        if not (path / JOURNAL).exists() or not has_moves(path):
            continue  # nothing was sent, or the folder is gone
        with Journal.open(path / JOURNAL) as journal:
            accepted = journal.counts()[Status.SUCCESS]
            if accepted and not state.get("endpoint"):
                state.put(endpoint=journal.facts().get("endpoint", ""))
            mark = str(accepted)
            if mark != seen:
                learn(state, read_moves(path), journal.accepted_contacts())
        kept.append((folder, mark))
    state.put(**{_RUNS: json.dumps(kept)})

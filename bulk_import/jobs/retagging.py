"""Changes tags and lists from lists of people alone: who gains, who loses, who stays.

What the segments' lists say is compared in ``segments``; here the plan is sent, and what was
confirmed is remembered: of this run, and of runs that a kill cut off or a resume continued.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulk_import.api.fields import OPPOSITE
from bulk_import.errors import Message, SettingsError, SetupError
from bulk_import.jobs.importing import import_file_async
from bulk_import.jobs.members import Choose
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.segments import (
    MAX_LOSE,
    RetagPlan,
    Segment,
    brake,
    plan_retag,
)
from bulk_import.jobs.state import Known, State, refuse_other_account
from bulk_import.journal import Journal
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.models import Status, Summary
from bulk_import.normalize.mailboxes import email_key
from bulk_import.progress import Progress
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.sending import Confirm
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.stopping import Stop
from bulk_import.system.clock import now_s
from bulk_import.system.files import replaced
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

MOVES = "segments.json"  # in a run's folder: who comes into which segment, and who leaves it
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
    reverse = {
        email: {OPPOSITE[name]: values for name, values in changes.items()}
        for email, changes in plan.calls.items()
    }
    lists = [(path, SuppressSpec(file=str(path))) for path in suppress]
    write_plan_files(folder / "reverse", reverse, places=plan.places, suppress=lists)
    # Cells that are no address come along, so that the report accounts for them.
    with replaced(folder / MOVES) as file:
        file.write(json.dumps(_moves(plan), ensure_ascii=False).encode())
    return write_plan_files(
        folder / "plan", plan.calls, refused=plan.doubts, places=plan.places, suppress=lists
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
        ignore_consent: Tag people too whose row says no in a column of consent.
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
    with segment_state(state, settings) as opened:
        plan = await asyncio.to_thread(compare, {segment: wanted}, opened, accept=accept)
        brake(plan, max_lose=max_lose, accept=accept, max_contacts=max_contacts)
        return await send_plan(
            plan, opened, settings, suppress=[Path(file) for file in suppress],
            confirm=confirm, progress=progress, stop=stop,
        )  # fmt: skip


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

    Raises:
        SetupError: A segment's name differs from a known one by case alone; a list cannot be read.
    """
    if state is None:
        return plan_retag(segments, accept=accept, choose=choose)
    known = members_of(state)
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
        segments, known, blanks_before=state.get_json("blanks") or {}, accept=accept, choose=choose
    )


def similar_name(name: str, known: Mapping[str, object]) -> str:
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
    """Write a plan into the run's folder, send it, remember what was accepted.

    Raises:
        BulkImportError: As ``import_file`` raises.
    """
    if not plan.calls and not plan.refused:
        if state is not None and not settings.dry_run:
            _learn(state, _moves(plan), accepted=None)
        return Summary("", (), "", settings.endpoint, dict.fromkeys(Status, 0), 0)
    folder = Path(settings.run_dir or new_run_dir("retag"))
    source, mapping = _written(folder, plan, suppress)
    if state is not None and not settings.dry_run:
        _note_run(state, folder)
    summary = await import_file_async(
        source, mapping, replace(settings.with_strict_lists(), run_dir=folder),
        confirm=confirm, progress=progress, stop=stop,
    )  # fmt: skip
    if state is not None and not settings.dry_run:
        take_over_runs(state)
    return summary


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
        if not (path / JOURNAL).exists() or not (path / MOVES).exists():
            continue  # nothing was sent, or the folder is gone
        with Journal.open(path / JOURNAL) as journal:
            accepted = {
                email_key(email)
                for _, email, _, status in journal.payloads()
                if status is Status.SUCCESS
            }
            endpoint = journal.facts().get("endpoint", "")
        if accepted and not state.get("endpoint"):
            state.put(endpoint=endpoint)
        mark = str(len(accepted))
        if mark != seen:
            _learn(state, json.loads((path / MOVES).read_bytes()), accepted)
        kept.append((folder, mark))
    state.put(**{_RUNS: json.dumps(kept)})


def members_of(state: State) -> dict[str, dict[str, str]]:
    """Segment -> key -> address of those who are in it."""
    found: dict[str, dict[str, str]] = {}
    for known in state.contacts():
        segment, tab, email = known.key.partition("\t")
        if tab:
            found.setdefault(segment, {})[email_key(email)] = email
    return found


def _moves(plan: RetagPlan) -> dict[str, dict[str, Any]]:
    """Who comes and who leaves; rows without an address only where they held nobody back."""
    return {
        name: {
            "gains": found.gains,
            "loses": found.loses,
            **({} if found.held else {"blanks": found.blanks}),
        }
        for name, found in plan.differences.items()
    }


def _learn(state: State, moves: Mapping[str, dict[str, Any]], accepted: set[str] | None) -> None:
    """Remember who is in which segment now.

    Args:
        accepted: Keys of the contacts whose row was accepted; ``None`` = no row was needed.
    """
    moment = now_s()
    come: list[Known] = []
    gone: list[str] = []
    for name, found in moves.items():
        gains, loses = found["gains"], found["loses"]
        come += [Known(f"{name}\t{e}", "1", 0, moment) for e in gains if _is_done(e, accepted)]
        gone += [f"{name}\t{e}" for e in loses if _is_done(e, accepted)]
    fresh = {name: found["blanks"] for name, found in moves.items() if "blanks" in found}
    blanks = (state.get_json("blanks") or {}) | fresh
    state.learn(come, gone, facts={"blanks": json.dumps(blanks)})


def _is_done(email: str, accepted: set[str] | None) -> bool:
    return accepted is None or email_key(email) in accepted

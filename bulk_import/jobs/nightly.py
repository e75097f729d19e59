"""The nightly sync: sends what changed, repeats what failed, and stops at a broken export.

A night is an ordinary run. Between judging and sending, rows with the payload that was confirmed
last become ``unchanged``, contacts that vanished get the mapping's ``on_missing`` action, and the
brake compares the source with the last good night. At the end, what the run's journal confirms is
stored in the state. A night that was cut off is either resumed, or taken over: the next night first
stores what its journal confirms, and writes its reports.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bulk_import.errors import BulkImportError, Message, SetupError, StoppedError
from bulk_import.jobs.brake import Brake
from bulk_import.jobs.night import NightJob, SyncOptions, options_of, stats_of
from bulk_import.jobs.state import State, refuse_other_account
from bulk_import.jobs.takeover import seed as seed_with
from bulk_import.jobs.takeover import take_over_left_run
from bulk_import.mapping.loading import AnyMapping, ColumnMapping
from bulk_import.models import Summary
from bulk_import.progress import Progress, Silence
from bulk_import.run.folder import RunFolder, new_run_dir
from bulk_import.run.inputs import mapping_for, opened_inputs
from bulk_import.run.run import Run
from bulk_import.run.sending import Confirm, Steer
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.sources.remote import is_remote, shown
from bulk_import.stopping import Stop, StoppingError, in_thread
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

_NIGHTS_REMEMBERED = 14
_BRAKE = Brake()
_Found = TypeVar("_Found")


def sync(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    state: str | Path,
    full: bool = False,
    accept: bool = False,
    seed: str | Path | None = None,
    brake: Brake = _BRAKE,
    wait_lock_s: float = 0.0,
    report_all: bool = False,
    fewer_files: bool = False,
    judge_all: bool = False,
    newest: int = 0,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Send what has changed since the last good run with the same *state*, and what failed then.

    Args:
        source, mapping, confirm, progress: As of ``import_file``.
        state: The job's state file; made when it is missing.
        full, accept, seed, brake, wait_lock_s, report_all, fewer_files, judge_all, newest: As of
            ``SyncOptions``.

    Raises:
        BusyError: Another run of the job is at work.
        BulkImportError: As ``import_file`` raises.
    """
    work = sync_async(
        source, mapping, settings, state=state, full=full, accept=accept, seed=seed, brake=brake,
        wait_lock_s=wait_lock_s, report_all=report_all, fewer_files=fewer_files, judge_all=judge_all,
        newest=newest, confirm=confirm, progress=progress,
    )  # fmt: skip
    return run_blocking(work, "sync_async")


async def sync_async(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    state: str | Path,
    full: bool = False,
    accept: bool = False,
    seed: str | Path | None = None,
    brake: Brake = _BRAKE,
    wait_lock_s: float = 0.0,
    report_all: bool = False,
    fewer_files: bool = False,
    judge_all: bool = False,
    newest: int = 0,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``sync``, for a running event loop. *stop* ends the run from outside."""
    options = SyncOptions(
        Path(state), full, accept, Path(seed) if seed is not None else None, brake, wait_lock_s,
        report_all, fewer_files, judge_all, newest,
    )  # fmt: skip
    return await sync_night(
        source, mapping, settings, options, confirm=confirm, progress=progress, stop=stop
    )


async def sync_night(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    options: SyncOptions,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """Bring the account up to date with *source*.

    Raises:
        BusyError: Another night of the job is at work.
        BulkImportError: As ``import_file`` raises.
    """
    settings = settings if settings.dry_run else settings.ready_to_send()
    watch, ends = progress or Silence(), stop or Stop()
    paths = await _asked(lambda: expand_sources(source, options.newest), ends)
    if "-" in paths:
        raise SetupError("sync reads files, not standard input: it compares their times")
    loaded = await mapping_for(mapping, paths)
    made_folder(options.state.parent)
    async with _alone(options.state, options.wait_lock_s, ends):
        run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(paths[0])
        RunFolder(run_dir).refuse_earlier_run()
        with State.open(options.state) as state:
            refuse_other_account(state, settings)
            take_over_left_run(state, watch)
            if options.seed is not None and state.is_empty:
                seed_with(state, options.seed, settings)
            stats = await _asked(lambda: stats_of(paths), ends)
            job = NightJob(
                state, loaded, options, paths, run_dir, stats, watch, dry=settings.dry_run
            )
            if not settings.dry_run:
                _note_night(state, paths, loaded, run_dir)
            strict = settings.with_strict_lists()
            run = Run(
                run_dir, loaded, strict, confirm, watch, ends,
                adjust=job.adjust, job=job.facts(), sieve=job.sieve, names=job.names,
            )  # fmt: skip
            summary = await run.begin(lambda found: opened_inputs(paths, loaded, found), paths)
            if not settings.dry_run:
                job.finish(summary)
            return summary


async def resume_night(
    run_dir: Path,
    facts: Mapping[str, str],
    mapping: ColumnMapping,
    settings: Settings,
    *,
    accept: bool = False,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    steer: Steer | None = None,
) -> Summary:
    """Continue a night that was interrupted: compare, brake, send what is left, update the state.

    Args:
        facts: Of the night's journal.
        accept: Skip the brake.

    Raises:
        SetupError: The state is gone, or a later night of the job has begun.
        BulkImportError: As ``sync_night`` raises.
    """
    path = Path(facts["state"])
    if not await asyncio.to_thread(path.exists):
        raise SetupError(
            Message(
                "{run_dir}: a night of the job {path}, and that file is gone; nothing was "
                "sent. Restore it, or run `bulk-import sync` with the same --state to start "
                "again",
                run_dir=run_dir,
                path=path,
            )
        )
    options = options_of(facts, accept=accept)
    watch, ends = progress or Silence(), stop or Stop()
    async with _alone(path, 0, ends):
        with State.open(path, create=False) as state:
            refuse_other_account(state, settings)
            if not _is_latest(state, facts):
                raise SetupError(
                    Message(
                        "{run_dir}: a later night of the job {path} has begun; nothing was "
                        "sent. Run `bulk-import sync` again: it sends what is left",
                        run_dir=run_dir,
                        path=path,
                    )
                )
            paths = json.loads(facts["paths"])
            stats = await _asked(lambda: stats_of(paths, facts), ends)
            job = NightJob(state, mapping, options, paths, run_dir, stats, watch, facts)
            strict = settings.with_strict_lists()
            run = Run(
                run_dir, mapping, strict, confirm, watch, ends,
                adjust=job.adjust, steer=steer, job=facts, sieve=job.sieve,
            )  # fmt: skip
            summary = await run.go_on(None)
            job.finish(summary)
            return summary


async def _asked(work: Callable[[], _Found], stop: Stop) -> _Found:
    """Return what *work* finds out, perhaps elsewhere, while signals are handled.

    Raises:
        StoppedError: The run is to end before it began.
    """
    try:
        return await stop.unless(in_thread(work))
    except StoppingError:
        raise StoppedError(
            Message("{reason}; nothing was sent", reason=Message.of(stop.reason)),
            exit_code=stop.code,
        ) from None


def _is_latest(state: State, facts: Mapping[str, str]) -> bool:
    """Whether no other night has compared its source with *state* since the one of *facts*."""
    latest = state.get("latest", "0")
    number, mine = int(latest.split(":")[0]), int(facts["night"].split(":")[0])
    return mine > number or facts["night"] == latest


def _lock_of(state: Path) -> Path:
    return state.with_name(f"{state.name}.lock")


@asynccontextmanager
async def _alone(state: Path, wait_s: float, stop: Stop) -> AsyncIterator[None]:
    """Hold the job's lock; wait for another night to end, at most *wait_s* seconds."""
    await _free(_lock_of(state), wait_s, stop)
    with hold(_lock_of(state), Message("the job of {state}", state=state)):
        yield


def _note_night(state: State, paths: Sequence[str], mapping: ColumnMapping, run_dir: Path) -> None:
    """Remember what a night reads and where its run is, for people who look at the job."""
    runs = [str(run_dir.resolve()), *(state.get_json("runs") or ())]
    state.put(
        paths=json.dumps(
            [shown(path) if is_remote(path) else str(Path(path).resolve()) for path in paths]
        ),
        mapping=str(Path(mapping.name).resolve()),
        runs=json.dumps(list(dict.fromkeys(runs))[:_NIGHTS_REMEMBERED]),
    )


async def _free(lock: Path, wait_s: float, stop: Stop) -> None:
    """Wait until the lock is free, at most *wait_s* seconds.

    Raises:
        StoppedError: The run is to end before it began.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while loop.time() < until:
        try:
            with hold(lock, "the job"):
                return
        except BulkImportError:
            try:
                await stop.nap(min(0.5, max(0.01, until - loop.time())))
            except StoppingError:
                raise StoppedError(
                    Message("{reason}; nothing was sent", reason=Message.of(stop.reason)),
                    exit_code=stop.code,
                ) from None

"""Import spreadsheets or a DataFrame, or continue a run that stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_import.errors import Message, SetupError
from bulk_import.jobs import nightly
from bulk_import.jobs.night import JOB
from bulk_import.journal import Journal
from bulk_import.mapping.loading import AnyMapping, load_mapping, parse_mapping
from bulk_import.models import Summary
from bulk_import.progress import Progress, Silence
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.inputs import Names, frame_input, mapping_for, opened_inputs
from bulk_import.run.plan import Input
from bulk_import.run.run import Run
from bulk_import.run.sending import Confirm, Steer
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.sources.frame import frame_rows
from bulk_import.sources.kept import forget
from bulk_import.stopping import Stop
from bulk_import.system.loop import run_blocking

if TYPE_CHECKING:
    import pandas


def import_file(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Import spreadsheets, or continue the run in ``settings.run_dir``.

    Args:
        source: A path or several; globs are expanded, ``-`` is standard input.
        mapping: A mapping file, what such a file says as a dict, or a mapping that is loaded already.
        confirm: Called with the plan before the first row is sent; false = send nothing.
        progress: Receives what happens, for showing.

    Raises:
        BulkImportError: Nothing was sent, or the run could not finish; the class says what to do
            next.
    """
    work = import_file_async(source, mapping, settings, confirm=confirm, progress=progress)
    return run_blocking(work, "import_file_async")


async def import_file_async(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    steer: Steer | None = None,
) -> Summary:
    """As ``import_file``, for a running event loop.

    Args:
        confirm: May answer later (an awaitable).
        stop: Ends the run from outside.
        steer: Given the pace when sending begins: holds the run, or changes its rate.
    """
    paths = expand_sources(source)
    loaded = await mapping_for(mapping, paths)
    if not settings.dry_run:
        settings = settings.ready_to_send()
    run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(paths[0])
    ends = stop or Stop()
    run = Run(run_dir, loaded, settings, confirm, progress or Silence(), ends, steer=steer)
    if (run_dir / JOURNAL).exists():
        return await run.go_on(paths)
    return await run.begin(lambda directory: opened_inputs(paths, loaded, directory), paths)


async def resume_async(
    run_dir: str | Path,
    settings: Settings,
    *,
    accept: bool = False,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    steer: Steer | None = None,
    corrections: Path | None = None,
    corrections_by: str | None = None,
) -> Summary:
    """Continue a run where it stopped, as the job that it belongs to. Needs only folder and key.

    A night of a ``sync`` compares and brakes again, and its state learns what is confirmed.

    Args:
        accept: Skip a night's brake.
        corrections, corrections_by: Instead of those with which the run began; rows that were
            refused for their cells are judged again with them.
    """
    run_dir = Path(run_dir)
    forget()  # who has unsubscribed since is in the archive that is there now
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
    if "dry_run" in facts:
        raise SetupError(
            Message(
                "{run_dir}: a rehearsal (--dry-run); run the import without it", run_dir=run_dir
            )
        )
    mapping = parse_mapping(
        facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
    )
    if facts.get("sheet"):
        mapping = mapping.with_sheet(facts["sheet"])
    mapping = mapping.with_corrections(
        corrections or facts.get("corrections"), corrections_by or facts.get("corrections_by")
    )
    settings = replace(settings, endpoint=settings.endpoint or facts["endpoint"], run_dir=run_dir)
    settings, ends = settings.ready_to_send(), stop or Stop()
    if facts.get("job") == JOB:
        return await nightly.resume_night(
            run_dir, facts, mapping, settings,
            accept=accept, confirm=confirm, progress=progress, stop=ends, steer=steer,
        )  # fmt: skip
    run = Run(run_dir, mapping, settings, confirm, progress or Silence(), ends, steer=steer)
    return await run.go_on(None)


def resume(
    run_dir: str | Path,
    settings: Settings,
    *,
    accept: bool = False,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """As ``resume_async``, for callers without an event loop."""
    work = resume_async(run_dir, settings, accept=accept, confirm=confirm, progress=progress)
    return run_blocking(work, "resume_async")


def import_frame(
    frame: pandas.DataFrame,
    mapping: AnyMapping,
    settings: Settings,
    *,
    name: str = "frame",
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Import a DataFrame, or continue its run in ``settings.run_dir``.

    Missing values are empty cells, whole floats lose their ``.0``. Row numbers in the report are
    those that the frame would have in a spreadsheet: from 2.

    Args:
        name: What reports call the frame.

    Raises:
        BulkImportError: As ``import_file`` raises.
    """
    work = import_frame_async(
        frame, mapping, settings, name=name, confirm=confirm, progress=progress
    )
    return run_blocking(work, "import_frame_async")


async def import_frame_async(
    frame: pandas.DataFrame,
    mapping: AnyMapping,
    settings: Settings,
    *,
    name: str = "frame",
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    steer: Steer | None = None,
) -> Summary:
    """As ``import_frame``, for a running event loop; *stop* and *steer* as of ``import_file_async``."""
    loaded = load_mapping(mapping)
    if not settings.dry_run:
        settings = settings.ready_to_send()

    @contextmanager
    def inputs(names: Names | None) -> Iterator[Iterator[Input]]:
        yield iter([frame_input(frame, name, loaded, names)])

    run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(name)
    ends = stop or Stop()
    run = Run(run_dir, loaded, settings, confirm, progress or Silence(), ends, steer=steer)
    if (run_dir / JOURNAL).exists():
        info, _ = frame_rows(frame, name)
        return await run.go_on([], inputs=inputs, frame=info)
    return await run.begin(inputs)

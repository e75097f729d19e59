"""The public functions: import, resume, check, and the reports of runs that are over."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bulk_import.api.client import new_runner
from bulk_import.api.preflight import Directory
from bulk_import.delivery.stopping import Stop
from bulk_import.errors import BulkImportError, SetupError
from bulk_import.fixes import Fix, tested_fixes
from bulk_import.folder import JOURNAL, new_run_dir
from bulk_import.inputs import opened_inputs, row_mapper
from bulk_import.journal import Journal
from bulk_import.mapping.loading import ColumnMapping, load_mapping, parse_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, SourceInfo, Status, Summary
from bulk_import.preparing import Input, Plan, judged
from bulk_import.progress import Progress, Silence
from bulk_import.report.bundle import write_bundle
from bulk_import.reporting import report, summarize
from bulk_import.run import Run
from bulk_import.sending import Confirm
from bulk_import.settings import Settings
from bulk_import.sources import expand_sources
from bulk_import.sources.frame import frame_rows

if TYPE_CHECKING:
    import pandas

Sources = str | Path | Sequence[str | Path]
T = TypeVar("T")

_MOST_TRIED = 20_000  # refused rows on which fixes are tried


@dataclass(frozen=True, slots=True)
class Checked:
    """What ``check_file`` found.

    Attributes:
        sources: What each source was detected to be.
        rows: Rows of each source.
        problems: (place, problem) of every row, errors and warnings.
        fixes: Changes of the mapping that were tried on the refused rows.
    """

    sources: tuple[SourceInfo, ...]
    rows: tuple[int, ...]
    plan: Plan
    problems: tuple[tuple[str, Problem], ...]
    fixes: tuple[Fix, ...] = ()

    @property
    def exit_code(self) -> int:
        return 1 if self.plan.counts.get(Status.INVALID) else 0


# -- the public functions -------------------------------------------------------------------------


def import_file(
    source: Sources,
    mapping: str | Path | ColumnMapping,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Import spreadsheets, or go on with the run in ``settings.run_dir``.

    Args:
        source: A path or several; globs are expanded, ``-`` is standard input.
        mapping: A mapping file, or one that is loaded already.
        confirm: Asked once before the first row is sent.
        progress: Told how it goes.

    Raises:
        BulkImportError: Nothing was sent, or the run could not be brought to its end; the class
            says what to do next.
    """
    return _run(import_file_async(source, mapping, settings, confirm=confirm, progress=progress))


async def import_file_async(
    source: Sources,
    mapping: str | Path | ColumnMapping,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``import_file``, for a running event loop. *stop* ends the run from outside."""
    names = [source] if isinstance(source, str | Path) else list(source)
    paths = expand_sources([str(name) for name in names])
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    if not settings.dry_run:
        settings = settings.ready_to_send()
    run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(paths[0])
    run = Run(run_dir, loaded, settings, confirm, progress or Silence(), stop or Stop())
    if (run_dir / JOURNAL).exists():
        return await run.go_on(paths)
    return await run.begin(lambda directory: opened_inputs(paths, loaded, directory), paths)


async def resume_async(
    run_dir: str | Path,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """Go on with a run where it stopped. Needs only its folder (and the key)."""
    run_dir = Path(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
    if "dry_run" in facts:
        raise SetupError(f"{run_dir}: a rehearsal (--dry-run); run the import without it")
    mapping = parse_mapping(
        facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
    )
    if facts.get("sheet"):
        mapping = mapping.with_sheet(facts["sheet"])
    settings = replace(settings, endpoint=settings.endpoint or facts["endpoint"], run_dir=run_dir)
    run = Run(
        run_dir, mapping, settings.ready_to_send(), confirm, progress or Silence(), stop or Stop()
    )
    return await run.go_on(None)


def resume(run_dir: str | Path, settings: Settings, *, progress: Progress | None = None) -> Summary:
    """As ``resume_async``, for callers without an event loop."""
    return _run(resume_async(run_dir, settings, progress=progress))


def import_frame(
    frame: pandas.DataFrame,
    mapping: str | Path | ColumnMapping,
    settings: Settings,
    *,
    name: str = "frame",
    progress: Progress | None = None,
) -> Summary:
    """Import a DataFrame; missing values are empty cells, whole floats lose their ``.0``.

    Row numbers in the report are those that the frame would have in a spreadsheet: from 2.
    """
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    if not settings.dry_run:
        settings = settings.ready_to_send()
    info, rows = frame_rows(frame, name)

    @contextmanager
    def inputs(directory: Directory | None) -> Iterator[Iterator[Input]]:
        yield iter([Input(info, rows, row_mapper(loaded, info.header, directory))])

    run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(name)
    if (run_dir / JOURNAL).exists():
        raise SetupError(f"{run_dir}: holds a run already; resume it, or choose another folder")

    async def run() -> Summary:
        watch = progress or Silence()
        return await Run(run_dir, loaded, settings, None, watch, Stop()).begin(inputs)

    return _run(run())


def check_file(source: Sources, mapping: str | Path | ColumnMapping) -> Checked:
    """Do everything but the network: read, map and judge every row.

    Raises:
        SetupError: The sources or the mapping cannot be used at all.
    """
    names = [source] if isinstance(source, str | Path) else list(source)
    paths = expand_sources([str(name) for name in names])
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    suppression = SuppressionList.load(loaded.suppress_files())
    plan = Plan(endpoint="")
    found: list[tuple[str, Problem]] = []
    infos: list[SourceInfo] = []
    rows: list[int] = []
    fixes: list[Fix] = []
    with opened_inputs(paths, loaded, None) as inputs:
        for number, opened in enumerate(inputs, 1):
            infos.append(opened.info)
            plan.problems += [(opened.info.name, problem) for problem in opened.problems]
            before = plan.rows_read
            refused: list[Record] = []
            for row in opened.rows:
                place = f"{row.source}: row {row.number}" if len(paths) > 1 else f"row {row.number}"
                record = opened.mapper.record(row)
                found += [(place, problem) for problem in record.problems]
                if not record.is_valid and len(refused) < _MOST_TRIED:
                    refused.append(record)
                item = judged(record, number, suppression, plan)
                plan.rows_read += 1
                if item.verdict is None:
                    plan.to_send += 1
                else:
                    status = item.verdict.status
                    plan.counts[status] = plan.counts.get(status, 0) + 1
            plan.problems += [(opened.info.name, problem) for problem in opened.findings()]
            rows.append(plan.rows_read - before)
            fixes += tested_fixes(loaded, opened.info.header, refused)
    return Checked(tuple(infos), tuple(rows), plan, tuple(found), tuple(fixes))


def write_reports(run_dir: Path, *, safe: bool = False, redact: bool = False) -> Summary:
    """Write the reports of a run again from its journal; arguments as of ``report``.

    Raises:
        SetupError: There is no journal.
        StorageError: They cannot be written.
    """
    with Journal.open(run_dir / JOURNAL) as journal:
        return report(journal, run_dir, safe=safe, redact=redact)


def write_support_bundle(run_dir: Path, path: Path) -> int:
    """Write a support archive of a run without anybody's data; return the number of its rows.

    Raises:
        SetupError: There is no journal.
        StorageError: It cannot be written.
    """
    with Journal.open(run_dir / JOURNAL) as journal:
        mapping = journal.facts().get("mapping_text", "")
        return write_bundle(path, summarize(journal, run_dir), mapping, journal.results())


def list_runs(folder: Path) -> list[Summary]:
    """Return the summaries of the runs in *folder*, oldest first."""
    found = []
    for journal_path in sorted(folder.glob(f"*/{JOURNAL}")):
        try:
            with Journal.open(journal_path) as journal:
                found.append(summarize(journal, journal_path.parent))
        except BulkImportError:
            continue
    return found


def _run(work: Coroutine[None, None, T]) -> T:
    with new_runner() as runner:
        return runner.run(work)

"""Everything but the network: every row read, mapped and judged, and what would repair the refused ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulk_import.jobs.fixes import Fix, tested_fixes
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, SourceInfo, Status
from bulk_import.run.changes import SetCounter
from bulk_import.run.inputs import frame_input, opened_inputs
from bulk_import.run.judges import Judge, Judges, size_of
from bulk_import.run.plan import Input, Plan, Tally
from bulk_import.sources import Sources, expand_sources

if TYPE_CHECKING:
    import pandas

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


def check_file(
    source: Sources, mapping: AnyMapping, *, workers: int = 0, cluster: str = ""
) -> Checked:
    """Do everything but the network: read, map and judge every row.

    Args:
        source: A path or several; globs are expanded.
        mapping: A mapping file, what such a file says as a dict, or a mapping that is loaded already.
        workers: Processes that judge rows; 0 = as many as the size of the sources is worth.
        cluster: Address of a scheduler of dask.distributed whose workers judge; empty = this machine.

    Raises:
        SetupError: The sources or the mapping cannot be used at all.
    """
    loaded = load_mapping(mapping)
    paths = expand_sources(source)
    with (
        opened_inputs(paths, loaded, None) as inputs,
        Judges.opened(workers, cluster, size=size_of(paths)) as judges,
    ):
        return _check(inputs, loaded, judges, has_several=len(paths) > 1)


async def check_file_async(
    source: Sources, mapping: AnyMapping, *, workers: int = 0, cluster: str = ""
) -> Checked:
    """As ``check_file``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(check_file, source, mapping, workers=workers, cluster=cluster)


def check_frame(frame: pandas.DataFrame, mapping: AnyMapping, *, name: str = "frame") -> Checked:
    """As ``check_file``, for a DataFrame; its rows are numbered from 2, as in a spreadsheet.

    Raises:
        SetupError: The mapping cannot be used, or does not fit the columns.
    """
    loaded = load_mapping(mapping)
    return _check([frame_input(frame, name, loaded, None)], loaded, Judges())


async def check_frame_async(
    frame: pandas.DataFrame, mapping: AnyMapping, *, name: str = "frame"
) -> Checked:
    """As ``check_frame``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(check_frame, frame, mapping, name=name)


def _check(
    inputs: Iterable[Input], loaded: ColumnMapping, judges: Judges, *, has_several: bool = False
) -> Checked:
    suppression = SuppressionList.load(loaded.suppress_files())
    tally, sets = Tally(), SetCounter()
    counts: Counter[Status] = Counter()
    found: list[tuple[str, Problem]] = []
    infos: list[SourceInfo] = []
    rows: list[int] = []
    fixes: list[Fix] = []
    for opened in inputs:
        infos.append(opened.info)
        tally.open(opened)
        before = tally.rows_read
        refused: list[Record] = []
        judge = Judge(opened.info.name, opened.info.header, opened.mapper, suppression)
        for part, judgements in judges.judged(judge, opened.rows):
            tally.read(len(part))
            for row, judged in zip(part, judgements, strict=True):
                if judged.problems:
                    place = (
                        f"{row.source}: row {row.number}" if has_several else f"row {row.number}"
                    )
                    found += [(place, problem) for problem in judged.problems]
                if judged.body is not None:
                    sets.add(judged.body)
                elif judged.refusal is not None:
                    counts[judged.refusal.status] += 1
                    if judged.refusal.status is Status.INVALID:
                        tally.refuse(row.number, judged.refusal.reasons)
                        refused.append(
                            Record(row, judged.email, judged.contact, (), judged.problems)
                        )
            del refused[_MOST_TRIED:]
        tally.end(opened)
        rows.append(tally.rows_read - before)
        fixes += tested_fixes(loaded, opened.info.header, refused)
    plan = Plan(
        endpoint="",
        rows_read=tally.rows_read,
        to_send=tally.rows_read - counts.total(),
        counts=counts,
        changes=sets.names(),
        problems=tally.problems,
        examples=tally.examples,
    )
    return Checked(tuple(infos), tuple(rows), plan, tuple(found), tuple(fixes))

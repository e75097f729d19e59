"""Everything but the network: what `run` would say of every row, and what would repair the refused ones.

A check is a run into a journal that is thrown away: the same code judges rows, settles duplicates
and suppression, and counts.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_import.codes import look_up
from bulk_import.errors import SourceError
from bulk_import.jobs.fixes import Fix, drops_fields, fixes_of_dropped, tested_fixes
from bulk_import.jobs.naming import has_unordered_names, left_whole, order_fixes
from bulk_import.journal import Journal
from bulk_import.mapping.advice import follows_advice
from bulk_import.mapping.lists import ListReport
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.schema import MappingSpec
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Outcome, Problem, Record, Row, SourceInfo, Status
from bulk_import.run.changes import OTHERS, SetCounter
from bulk_import.run.contacts import contact_findings
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import frame_input, opened_inputs, refuse_as_a_whole
from bulk_import.run.judges import Judges, size_of
from bulk_import.run.judging import WHOLE_ROWS, judge_sources
from bulk_import.run.plan import Input, Plan, Tally
from bulk_import.sources import Sources, expand_sources

if TYPE_CHECKING:
    import pandas

_MOST_TRIED = 20_000  # refused rows on which fixes are tried
_MOST_PLACES = 1000  # that a cause keeps: memory must not grow with the file

OnRow = Callable[[Outcome], None]


@dataclass(slots=True)
class Cause:
    """One kind of problem in one column.

    Attributes:
        follows_advice: Whether the mapping already has the option that the catalogue recommends.
        rows: Rows that have it; a row counts once.
        places: The first of them, with their problem: (``row 8``, problem).
    """

    code: str
    column: str
    is_error: bool
    follows_advice: bool = False
    rows: int = 0
    places: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def fix(self) -> str:
        """What the user does about it, given the mapping; empty for a code that is in no catalogue."""
        known = look_up(self.code)
        if known is None:
            return ""
        return known.otherwise if self.follows_advice else known.fix

    def add(self, place: str, problem: Problem) -> None:
        """Count a row."""
        self.rows += 1
        if len(self.places) < _MOST_PLACES:
            self.places.append((place, problem))


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        sources: What each source was detected to be.
        rows: Rows of each source.
        plan: What a run would do.
        refusal: Why a run would refuse the sources as a whole and send nothing; else empty.
        causes: What refuses rows, the most frequent first, then what is doubtful.
        fixes: Changes of the mapping that were tried on the refused rows.
        lists: What became of each suppression list.
        columns: Parameter of tags or lists -> the sources' columns that feed it; none for constants.
    """

    sources: tuple[SourceInfo, ...]
    rows: tuple[int, ...]
    plan: Plan
    causes: tuple[Cause, ...]
    fixes: tuple[Fix, ...] = ()
    refusal: str = ""
    lists: tuple[ListReport, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        """(place, problem) of rows, errors and warnings; at most a thousand of each cause."""
        return [found for cause in self.causes for found in cause.places]

    @property
    def exit_code(self) -> int:
        """1 if a run would refuse rows, or the sources as a whole."""
        return 1 if self.refusal or self.plan.counts.get(Status.INVALID) else 0


def _ignore(_: Outcome) -> None:
    """Do nothing with a row."""


def check_file(
    source: Sources,
    mapping: AnyMapping,
    *,
    on_row: OnRow = _ignore,
    workers: int = 0,
    cluster: str = "",
) -> Checked:
    """Judge every row as `run` would, and send nothing.

    Args:
        source: A path or several; globs are expanded.
        mapping: A mapping file, what such a file says as a dict, or a mapping that is loaded already.
        on_row: Called with what would become of each row, in source order, after all are judged;
            a row that would be sent is ``not_sent``.
        workers: Processes that judge rows; 0 = as many as the size of the sources is worth.
        cluster: Address of a scheduler of dask.distributed whose workers judge; empty = this machine.

    Raises:
        SetupError: The sources or the mapping cannot be used at all.
    """
    paths = expand_sources(source)
    loaded = load_mapping(mapping).for_sources(paths)
    with (
        Judges.opened(workers, cluster, size=size_of(paths)) as judges,
        opened_inputs(paths, loaded, None) as inputs,
    ):
        return _check(inputs, loaded, on_row, judges, has_several=len(paths) > 1)


def contacts_of(source: Sources, mapping: AnyMapping) -> list[str]:
    """Return the contacts that a run would send, in the order of the source, each once.

    Raises:
        SetupError: As ``check_file``.
    """
    found: dict[str, None] = {}

    def note(outcome: Outcome) -> None:
        if outcome.status is Status.NOT_SENT and outcome.contact:
            found[outcome.contact] = None

    check_file(source, mapping, on_row=note)
    return [*found]


async def check_file_async(
    source: Sources,
    mapping: AnyMapping,
    *,
    on_row: OnRow = _ignore,
    workers: int = 0,
    cluster: str = "",
) -> Checked:
    """As ``check_file``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(
        check_file, source, mapping, on_row=on_row, workers=workers, cluster=cluster
    )


def check_frame(
    frame: pandas.DataFrame,
    mapping: AnyMapping,
    *,
    name: str = "frame",
    on_row: OnRow = _ignore,
) -> Checked:
    """As ``check_file``, for a DataFrame; its rows are numbered from 2, as in a spreadsheet.

    Raises:
        SetupError: The mapping cannot be used, or does not fit the columns.
    """
    loaded = load_mapping(mapping)
    return _check([frame_input(frame, name, loaded, None)], loaded, on_row, Judges())


async def check_frame_async(
    frame: pandas.DataFrame,
    mapping: AnyMapping,
    *,
    name: str = "frame",
    on_row: OnRow = _ignore,
) -> Checked:
    """As ``check_frame``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(check_frame, frame, mapping, name=name, on_row=on_row)


def _check(
    inputs: Iterable[Input],
    loaded: ColumnMapping,
    on_row: OnRow,
    judges: Judges,
    *,
    has_several: bool = False,
) -> Checked:
    suppression = SuppressionList.load(loaded.suppress_files())
    tally = Tally(counts_changes=True)
    mappers: list[RowMapper] = []
    heads: list[list[Row]] = []
    has_unique = any(check.unique for check in loaded.spec.checks)
    needs_heads = has_unordered_names(loaded) or drops_fields(loaded)
    with scratch_journal(keeps_cells=has_unique) as journal:
        judge_sources(
            journal,
            _noted(inputs, mappers, heads if needs_heads else None),
            suppression,
            tally,
            duplicates=loaded.spec.when.duplicate,
            judges=judges,
        )
        tally.weigh(journal.settled)
        outcomes = journal.outcomes(only_remarked=on_row is _ignore)
        causes = _causes(outcomes, on_row, loaded.spec, with_source=has_several)
        sources = journal.sources()
        plan = _plan(journal, tally, loaded.spec.when.duplicate, list(sources.values()))
        return Checked(
            sources=tuple(sources.values()),
            rows=tuple(journal.count_rows(number) for number in sources),
            plan=plan,
            causes=causes,
            fixes=(
                *_fixes(journal, loaded),
                *_fixes_of_dropped(journal, loaded, heads),
                *_order_fixes(journal, loaded, heads),
            ),
            refusal=_refusal(tally, loaded),
            lists=suppression.reports,
            columns={
                name: tuple(dict.fromkeys(c for mapper in mappers for c in mapper.columns_of(name)))
                for name in plan.changes
            },
        )


@contextmanager
def scratch_journal(*, keeps_cells: bool = False) -> Iterator[Journal]:
    """Open a journal that is thrown away."""
    with (
        tempfile.TemporaryDirectory(prefix="bulk_import-") as folder,  # mode 0700
        Journal.scratch(Path(folder) / JOURNAL, keeps_cells=keeps_cells) as journal,
    ):
        yield journal


def _noted(
    inputs: Iterable[Input], mappers: list[RowMapper], heads: list[list[Row]] | None
) -> Iterator[Input]:
    """Yield the inputs; note their mappers and, in *heads*, their first rows."""
    for opened in inputs:
        mappers.append(opened.mapper)
        if heads is None:
            yield opened
        else:
            heads.append([])
            rows, bare = (_remembered(one, heads[-1]) for one in (opened.rows, opened.bare_rows))
            yield replace(opened, rows=rows, bare_rows=bare)


def _remembered(rows: Iterable[Row], head: list[Row]) -> Iterator[Row]:
    rest = iter(rows)
    for row in islice(rest, ROWS_LOOKED_AT):
        head.append(row)
        yield row
    yield from rest


def _refusal(tally: Tally, mapping: ColumnMapping) -> str:
    try:
        refuse_as_a_whole(tally.rows_read, tally.codes["EMAIL_MISSING"], mapping)
    except SourceError as exc:
        return str(exc)
    return ""


def _plan(
    journal: Journal,
    tally: Tally,
    duplicates: str,
    sources: Sequence[SourceInfo],
) -> Plan:
    sets = tally.changes
    if (
        journal.count_others() > tally.rows_kept
    ):  # because of other rows, which may have changed forms as well
        sets = SetCounter()
        for beginning, rows in journal.beginnings_to_send(OTHERS).items():
            sets.add(beginning, rows)
    counts = {status: rows for status, rows in journal.counts().items() if rows}
    named = sources[0].name if len(sources) == 1 else "all sources"
    shared = contact_findings(journal, duplicates=duplicates)
    return Plan(
        endpoint="",
        rows_read=tally.rows_read,
        to_send=counts.pop(Status.NOT_SENT, 0),
        counts=counts,
        changes=sets.names(),
        problems=[*tally.problems, *((named, found) for found in shared)],
        examples=tally.examples,
        reasons=journal.count_reasons(),
    )


def _causes(
    outcomes: Iterable[Outcome], on_row: OnRow, spec: MappingSpec, *, with_source: bool
) -> tuple[Cause, ...]:
    found: dict[tuple[str, str, bool], Cause] = {}
    for outcome in outcomes:
        on_row(outcome)
        where = f"row {outcome.row}"
        place = f"{outcome.source}: {where}" if with_source else where
        seen = set()
        reasons = outcome.reasons if outcome.status is Status.INVALID else ()
        for problem in (*reasons, *outcome.warnings):
            key = (problem.code, problem.column, problem.is_error)
            if key not in seen:  # a row counts once
                seen.add(key)
                if key not in found:
                    is_followed = follows_advice(spec, problem.field, problem.code)
                    found[key] = Cause(*key, follows_advice=is_followed)
                found[key].add(place, problem)
    return tuple(sorted(found.values(), key=lambda cause: (not cause.is_error, -cause.rows)))


def _fixes(journal: Journal, mapping: ColumnMapping) -> Iterator[Fix]:
    refused: dict[int, list[Record]] = {}
    remarked = journal.outcomes(only_remarked=True)
    invalid = (outcome for outcome in remarked if outcome.status is Status.INVALID)
    for (_, number, row), outcome in zip(journal.ended_in(Status.INVALID), invalid, strict=True):
        records = refused.setdefault(number, [])
        # No change of the mapping is for a row that is refused because of another row.
        if outcome.error_code not in WHOLE_ROWS and len(records) < _MOST_TRIED:
            email = outcome.contact if "@" in outcome.contact else ""
            records.append(Record(row, email, outcome.contact, (), outcome.reasons))
    for number, info in journal.sources().items():
        yield from tested_fixes(mapping, info.header, refused.get(number, []), ())


def _fixes_of_dropped(
    journal: Journal, mapping: ColumnMapping, heads: Sequence[Sequence[Row]]
) -> Iterator[Fix]:
    """What keeps fields that the first rows of each source are sent without."""
    if drops_fields(mapping):
        for head, info in zip(heads, journal.sources().values(), strict=True):
            yield from fixes_of_dropped(mapping, info.header, head)


def _order_fixes(
    journal: Journal, mapping: ColumnMapping, heads: Sequence[Sequence[Row]]
) -> Iterator[Fix]:
    """``order:`` for the names of each source, where they show it."""
    if not has_unordered_names(mapping):
        return
    whole: dict[str, dict[str, list[str]]] = {}
    for outcome in journal.outcomes(only_remarked=True):
        for name, text in left_whole(outcome.warnings):
            found = whole.setdefault(outcome.source, {}).setdefault(name, [])
            if len(found) < _MOST_TRIED:
                found.append(text)
    for head, info in zip(heads, journal.sources().values(), strict=True):
        yield from order_fixes(mapping, info.header, head, whole.get(info.name, {}))

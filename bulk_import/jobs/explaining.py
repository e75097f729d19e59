"""Explains one row: from its cells to what is sent and, for a run, what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bulk_import.api.form import decode
from bulk_import.errors import SetupError
from bulk_import.jobs.checking import scratch_journal
from bulk_import.journal import Journal
from bulk_import.journal.entries import Attempt
from bulk_import.mapping.loading import ColumnMapping, load_mapping, parse_mapping
from bulk_import.mapping.rows import RowMapper, Step
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import VANISHED, Outcome, Record, Row, SourceInfo, Status
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import opened_inputs, row_mapper
from bulk_import.run.judging import judge_sources
from bulk_import.run.plan import Input, Tally
from bulk_import.system.crash import working_in

_UNANSWERED = frozenset({"INTERRUPTED", "RUN_STOPPED", "DRY_RUN", "LANE_HELD"})


@dataclass(frozen=True, slots=True)
class Explained:
    """A row explained.

    Attributes:
        form: What is, was or would be sent, without the key.
        outcome: How it ended, of a run.
        kept_back: Why the row is not, or was not, sent although its cells are in order; ``""`` =
            it is, or the record's problems say why.
        was_sent: Whether a request was made for it.
        is_refused: Whether the row cannot be sent as it is.
    """

    record: Record
    steps: list[Step]
    form: list[tuple[str, str]]
    outcome: Outcome | None = None
    attempts: tuple[Attempt, ...] = ()
    kept_back: str = ""
    was_sent: bool = False
    is_refused: bool = False


def explain_row(
    source: str, mapping: str | Path | ColumnMapping, number: int, *, sheet: str | None = None
) -> Explained:
    """Explain the row of a spreadsheet with that number.

    All rows are read: another row of the contact may decide whether this one is sent.

    Raises:
        SetupError: There is no such row, or the file or mapping cannot be used.
    """
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    loaded = (loaded.with_sheet(sheet) if sheet else loaded).for_sources([source])
    has_unique = any(check.unique for check in loaded.spec.checks)
    wanted = _Wanted(number)
    with (
        opened_inputs([source], loaded, None) as inputs,
        scratch_journal(keeps_cells=has_unique) as journal,
    ):
        mappers: list[RowMapper] = []
        judge_sources(
            journal,
            (wanted.watched(opened, mappers) for opened in inputs),
            SuppressionList.load(loaded.suppress_files()),
            Tally(watches_consent=False),
            duplicates=loaded.spec.when.duplicate,
        )
        if wanted.row is None:
            raise SetupError(
                f"{source}: no row {number}: it is blank, the header, or after the last row "
                f"({wanted.last})"
            )
        record, steps = mappers[0].explain(wanted.row)
        _, outcome = journal.result(wanted.seq)
        body = journal.body(wanted.seq)
        return Explained(
            record,
            steps,
            list(decode(body)) if body else list(record.fields),
            kept_back=_kept_back(outcome, record),
            is_refused=outcome.status is Status.INVALID,
        )


class _Wanted:
    """Picks one row out of those that are read."""

    def __init__(self, number: int) -> None:
        self.row: Row | None = None
        self.seq = 0
        self.last = 0
        self._number = number

    def watched(self, source: Input, mappers: list[RowMapper]) -> Input:
        mappers.append(source.mapper)
        return replace(source, rows=self._rows(source.rows), detector=None)

    def _rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        for seq, row in enumerate(rows, 1):
            if row.number == self._number and self.row is None:
                self.row, self.seq = row, seq
            self.last = row.number
            yield row


def _kept_back(outcome: Outcome, record: Record) -> str:
    """Why a row is not sent, where its own cells do not say so; ``""`` otherwise."""
    if outcome.attempts or outcome.status is Status.NOT_SENT:
        return ""
    if outcome.status is Status.INVALID and not record.is_valid:
        return ""
    return outcome.message


def explain_run(run_dir: Path, number: int, *, source: str = "") -> Explained:
    """Explain the row of a run with that number: also what was sent and what was answered.

    Args:
        source: Path or file name of the source, for a run of several that have such a row.

    Raises:
        SetupError: No such run or row, or several.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
        mapping = parse_mapping(
            facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
        )
        info, seq, body = _row_of_run(journal, run_dir, number, source)
        row, outcome = journal.result(seq)
        record, steps = row_mapper(mapping, info.header, None).explain(row)
        return Explained(
            record,
            steps,
            list(decode(body)) if body else [],
            outcome,
            _attempts(journal.attempts(seq), outcome),
            kept_back=_kept_back(outcome, record),
            was_sent=outcome.attempts > 0,
            is_refused=outcome.status is Status.INVALID or not record.is_valid,
        )


def _row_of_run(
    journal: Journal, run_dir: Path, number: int, source: str
) -> tuple[SourceInfo, int, bytes | None]:
    """Return the source, the place and the form of a row."""
    sources = {n: info for n, info in journal.sources().items() if info.kind != VANISHED}
    rows = [found for found in journal.rows_numbered(number) if found[0] in sources]
    names = dict.fromkeys([*(i.name for i in sources.values()), *(name for _, name, _, _ in rows)])
    exact = {name for name in names if name == source}
    meant = exact or {name for name in names if source in ("", Path(name).name)}
    if not meant:
        raise SetupError(f"{run_dir}: the run has no source {source!r}; it has: {', '.join(names)}")
    found = [row for row in rows if row[1] in meant]
    if not found:
        raise SetupError(
            f"{run_dir}: the run has no row {number}{f' of {source}' if source else ''}; "
            f"its sources: {', '.join(names)}"
        )
    if len(found) > 1:
        several = ", ".join(dict.fromkeys(name for _, name, _, _ in found))
        raise SetupError(
            f"{run_dir}: {len(found)} sources have a row {number}; name one with --source: {several}"
        )
    ((of, _, seq, body),) = found
    return sources[of], seq, body


def _attempts(attempts: Sequence[Attempt], outcome: Outcome) -> tuple[Attempt, ...]:
    """Return *attempts*, the last one with the answer that settled the row.

    The journal writes an answer once: with the outcome, if it settles the row.
    """
    if not attempts or attempts[-1].result or outcome.error_code in _UNANSWERED:
        return tuple(attempts)
    last = replace(
        attempts[-1],
        result=outcome.status.value,
        message=" ".join(filter(None, (outcome.error_code, outcome.said))),
        http_status=outcome.http_status,
        elapsed_ms=outcome.elapsed_ms,
    )
    return (*attempts[:-1], last)

"""Explains one row: from its cells to what is sent and, for a run, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bulk_import.api.form import decode
from bulk_import.errors import SetupError
from bulk_import.journal import Journal
from bulk_import.journal.entries import Attempt
from bulk_import.mapping.loading import ColumnMapping, load_mapping, parse_mapping
from bulk_import.mapping.rows import Step
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import VANISHED, Outcome, Record
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import opened_inputs, row_mapper
from bulk_import.system.crash import working_in

_UNANSWERED = frozenset({"INTERRUPTED", "RUN_STOPPED", "DRY_RUN", "LANE_HELD"})


@dataclass(frozen=True, slots=True)
class Explained:
    """A row explained.

    Attributes:
        form: What is sent, without the key.
        outcome: How it ended, of a run.
        kept_back: Which rule or suppression list keeps the row from being sent; ``""`` = none.
    """

    record: Record
    steps: list[Step]
    form: list[tuple[str, str]]
    outcome: Outcome | None = None
    attempts: tuple[Attempt, ...] = ()
    kept_back: str = ""


def explain_row(
    source: str, mapping: str | Path | ColumnMapping, number: int, *, sheet: str | None = None
) -> Explained:
    """Explain the row of a spreadsheet with that number.

    Raises:
        SetupError: There is no such row, or the file or mapping cannot be used.
    """
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    loaded = (loaded.with_sheet(sheet) if sheet else loaded).for_sources([source])
    with opened_inputs([source], loaded, None) as inputs:
        for opened in inputs:
            last = None
            for row in opened.rows:
                if row.number == number:
                    record, steps = opened.mapper.explain(row)
                    return Explained(
                        record, steps, list(record.fields), kept_back=_kept_back(record, loaded)
                    )
                last = row.number
    raise SetupError(
        f"{source}: no row {number}: it is blank, the header, or after the last row ({last})"
    )


def _kept_back(record: Record, mapping: ColumnMapping) -> str:
    """Why a row is not sent although its cells are in order; ``""`` when it is."""
    if record.skipped is not None:
        return str(record.skipped)
    return SuppressionList.load(mapping.suppress_files()).reason(record.email)


def explain_run(run_dir: Path, number: int, *, source: str = "") -> Explained:
    """Explain the row of a run with that number: also what was sent and what was answered.

    Args:
        source: Name of the source, for a run of several that have such a row.

    Raises:
        SetupError: No such run or row, or several.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
        mapping = parse_mapping(
            facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
        )
        found = [
            (info, sent)
            for at, info in journal.sources().items()
            if info.kind != VANISHED
            and source in ("", info.name)
            and (sent := journal.sent_form(number, source=at)) is not None
        ]
        if not found:
            raise SetupError(
                f"{run_dir}: the run has no row {number}{f' of {source}' if source else ''}"
            )
        if len(found) > 1:
            names = ", ".join(info.name for info, _ in found)
            raise SetupError(
                f"{run_dir}: {len(found)} sources have a row {number}; name one with --source: {names}"
            )
        ((info, (seq, body)),) = found
        row, outcome = journal.result(seq)
        record, steps = row_mapper(mapping, info.header, None).explain(row)
        form = list(decode(body)) if body else []
        return Explained(record, steps, form, outcome, _attempts(journal.attempts(seq), outcome))


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

"""One row's journey: from its cells to what is sent, and, of a run, to what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bulk_import.api.form import decode
from bulk_import.errors import SetupError
from bulk_import.journal import Journal
from bulk_import.journal.entries import Attempt
from bulk_import.mapping.loading import ColumnMapping, load_mapping, parse_mapping
from bulk_import.mapping.rows import Step
from bulk_import.models import VANISHED, Outcome, Record
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import opened_inputs, row_mapper
from bulk_import.system.crash import working_in


@dataclass(frozen=True, slots=True)
class Explained:
    """A row explained.

    Attributes:
        form: What is sent, without the key.
        outcome: How it ended, of a run.
    """

    record: Record
    steps: list[Step]
    form: list[tuple[str, str]]
    outcome: Outcome | None = None
    attempts: tuple[Attempt, ...] = ()


def explain_row(
    source: str, mapping: str | Path | ColumnMapping, number: int, *, sheet: str | None = None
) -> Explained:
    """Explain the row of a spreadsheet with that number.

    Raises:
        SetupError: There is no such row, or the file or mapping cannot be used.
    """
    loaded = mapping if isinstance(mapping, ColumnMapping) else load_mapping(mapping)
    loaded = loaded.with_sheet(sheet) if sheet else loaded
    with opened_inputs([source], loaded, None) as inputs:
        for opened in inputs:
            last = None
            for row in opened.rows:
                if row.number == number:
                    record, steps = opened.mapper.explain(row)
                    return Explained(record, steps, list(record.fields))
                last = row.number
    raise SetupError(f"{source}: no row {number}: it is blank, the header, or behind row {last}")


def explain_run(run_dir: Path, number: int) -> Explained:
    """Explain the row of a run with that number: also what was sent and what was answered.

    Raises:
        SetupError: No such run or row.
    """
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
        mapping = parse_mapping(
            facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
        )
        for source, info in journal.sources().items():
            sent = journal.sent_form(number, source=source)
            if sent is None or info.kind == VANISHED:
                continue
            seq, body = sent
            row, outcome = journal.result(seq)
            record, steps = row_mapper(mapping, info.header, None).explain(row)
            form = list(decode(body)) if body else []
            return Explained(record, steps, form, outcome, tuple(journal.attempts(seq)))
    raise SetupError(f"{run_dir}: the run has no row {number}")

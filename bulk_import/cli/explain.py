"""``bulk-import explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import correction_options, source_argument
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.jobs.explaining import Explained
    from bulk_import.models import Outcome


@click.command("explain")
@source_argument(is_one=True)
@click.option("--mapping", "-m", type=click.Path(path_type=Path), help="The mapping file.")
@click.option("--row", type=int, required=True, help="As the spreadsheet program shows it.")
@click.option("--sheet", help="The sheet of a workbook, instead of the mapping's.")
@click.option(
    "--source",
    "of_source",
    default="",
    help="Of a run with several sources: which one, by path or file name.",
)
@correction_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(
    source: str,
    mapping: Path | None,
    row: int,
    sheet: str | None,
    of_source: str,
    corrections: Path | None,
    corrections_by: str | None,
    as_json: bool,
) -> int:
    """Show the journey of one row: cell, normalized value, form field, and the rule at each step.

    SOURCE is a spreadsheet (with --mapping), or the folder of a run: then what was sent and what
    was answered is shown as well. Exit code 1 if the row would be refused.
    """
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.explaining import explain_row, explain_run
    from bulk_import.mapping.loading import load_mapping

    if Path(source).is_dir():
        explained = explain_run(Path(source), row, source=of_source)
    elif mapping is None:
        raise SettingsError("--mapping is missing: which file maps the columns?")
    else:
        loaded = load_mapping(mapping).with_corrections(corrections, corrections_by)
        explained = explain_row(source, loaded, row, sheet=sheet)
    if as_json:
        click.echo(json.dumps(_as_json(explained), ensure_ascii=False, indent=2))
    else:
        _tell(explained)
    return 1 if explained.is_refused else 0


def _tell(explained: Explained) -> None:
    record = explained.record
    place = f"{record.row.source}, row {record.row.number}"
    click.echo(f"{plain(place)}: {plain(record.contact) or 'no contact'}")
    for step in explained.steps:
        columns = ", ".join(step.columns) or "the mapping"
        if not step.raw and not step.value and not step.problems:
            click.echo(f"  {step.field}: nothing in {plain(columns)}")
            continue
        value = repr(plain(step.value)) if step.value else "not sent"
        click.echo(
            f"  {step.field}: {plain(columns)} {plain(step.raw)!r} -> {value}  [{step.rule}]"
        )
        for problem in step.problems:
            click.echo(
                f"      {problem.severity.value}: {plain(problem.code)}: {plain(problem.message)}"
            )
    told = {problem for step in explained.steps for problem in step.problems}
    for problem in record.problems:
        if problem not in told:
            click.echo(f"  {problem.severity.value}: {problem.code}: {plain(problem.message)}")
    _tell_form(explained)
    if explained.outcome:
        click.echo(f"outcome: {plain(_outcome(explained.outcome))}")
    for attempt in explained.attempts:
        status = f", HTTP {attempt.http_status}" if attempt.http_status else ""
        click.echo(
            f"  attempt {attempt.number} at {attempt.started_at}: "
            f"{attempt.result or 'no answer known'}{status} {plain(attempt.message)}"
        )


def _tell_form(explained: Explained) -> None:
    if explained.kept_back:
        click.echo(f"not sent: {plain(explained.kept_back)}")
    elif explained.form and not explained.is_refused:
        click.echo("sent as:" if explained.was_sent else "would be sent as:")
        for name, value in explained.form:
            click.echo(f"  {name} = {plain(value)}")


def _outcome(outcome: Outcome) -> str:
    return " ".join(filter(None, (outcome.status, outcome.error_code, outcome.message)))


def _as_json(explained: Explained) -> dict[str, Any]:
    record = explained.record
    return {
        "source": record.row.source,
        "sheet": record.row.sheet,
        "row": record.row.number,
        "cells": dict(record.row.cells),
        "contact": record.contact,
        "steps": [
            {
                "field": step.field,
                "columns": list(step.columns),
                "raw": step.raw,
                "value": step.value,
                "rule": step.rule,
            }
            for step in explained.steps
        ],
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity.value,
                "column": problem.column,
                "field": problem.field,
                "message": problem.message,
            }
            for problem in record.problems
        ],
        "kept_back": explained.kept_back,
        "form": dict(explained.form),
        "outcome": _outcome(explained.outcome) if explained.outcome else "",
        "attempts": [
            {
                "number": attempt.number,
                "started_at": attempt.started_at,
                "result": attempt.result,
                "message": attempt.message,
                "http_status": attempt.http_status,
                "elapsed_ms": attempt.elapsed_ms,
            }
            for attempt in explained.attempts
        ],
    }

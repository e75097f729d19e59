"""``bulk-import check``."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.asking import counted
from bulk_import.cli.options import (
    correction_options,
    judging_options,
    newest_option,
    source_argument,
)
from bulk_import.cli.terminal import plain
from bulk_import.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

    from bulk_import.jobs.checking import Checked, OnRow
    from bulk_import.mapping.lists import ListReport
    from bulk_import.models import Outcome

_ROWS_SHOWN = 8
_NAMES, _WHYS = 10, 5


@click.command("check")
@source_argument()
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option("--sheet", help="The sheet of a workbook, instead of the mapping's.")
@newest_option
@correction_options
@judging_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(
    source: tuple[str, ...],
    mapping: Path,
    sheet: str | None,
    newest: int | None,
    corrections: Path | None,
    corrections_by: str | None,
    workers: int | None,
    cluster: str | None,
    as_json: bool,
) -> int:
    """Read and judge every row of SOURCE…, send nothing.

    Problems come grouped by cause, with row numbers and a fix. Exit code 1 if rows would be refused.
    """
    from bulk_import.jobs.checking import check_file
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.sources import expand_sources

    paths = expand_sources(source, newest or 0)
    loaded = load_mapping(mapping).with_corrections(corrections, corrections_by)
    loaded = loaded.with_sheet(sheet) if sheet else loaded
    check = partial(check_file, paths, loaded, workers=workers or 0, cluster=cluster or "")
    if as_json:
        return _print_json(lambda on_row: check(on_row=on_row))
    checked = check()
    _tell(checked, {name for name, rule in loaded.spec.fields.items() if rule.always})
    return checked.exit_code


def _print_json(check: Callable[[OnRow], Checked]) -> int:
    """Print one object; its rows are printed one by one, so that memory does not grow with them."""
    before = '{\n  "rows": [\n'

    def print_row(outcome: Outcome) -> None:
        nonlocal before
        click.echo(before + json.dumps(_row_as_json(outcome), ensure_ascii=False), nl=False)
        before = ",\n"

    checked = check(print_row)
    rest = json.dumps(_as_json(checked), ensure_ascii=False, indent=2)
    click.echo((before if before != ",\n" else "") + "\n],\n" + rest.removeprefix("{\n"))
    return checked.exit_code


def _tell(checked: Checked, constants: Set[str]) -> None:

    plan = checked.plan
    _tell_sources(checked)
    click.echo(f"{plan.rows_read:,} rows read; {plan.to_send:,} would be sent")
    for status, number in plan.counts.items():
        # The causes of refused rows are listed below, with their rows.
        why = plan.reasons.get(status, {}) if status is not Status.INVALID else {}
        click.echo(
            f"  {number:,} {status.value}" + (f": {plain(counted(why, _WHYS))}" if why else "")
        )
    for name, counter in plan.changes.items():
        shown = ", ".join(f"{plain(value)} ({n:,})" for value, n in counter.most_common(_NAMES))
        more = f" and {len(counter) - _NAMES:,} more" if len(counter) > _NAMES else ""
        click.echo(
            f"  {_what_changes(name, checked.columns.get(name, ()), constants)}: {shown}{more}"
        )
    for cause in checked.causes:
        kind = "refused" if cause.is_error else "warning"
        rows = _rows([place for place, _ in cause.places[:_ROWS_SHOWN]])
        more = f" and {cause.rows - _ROWS_SHOWN:,} more" if cause.rows > _ROWS_SHOWN else ""
        where = f" in column {plain(cause.column)}" if cause.column else ""
        click.echo(f"\n{cause.rows:,} x {cause.code} ({kind}){where}: {rows}{more}")
        click.echo(f"  such as: {plain(cause.places[0][1].message)}")
        if cause.fix:
            click.echo(f"  fix: {cause.fix}")
    if checked.fixes:
        click.echo("\nchanges of the mapping that were tried on these rows:")
    for fix in checked.fixes:
        costs = f" ({fix.costs})" if fix.costs else ""
        click.echo(plain(f"  `{fix.change}` {fix.effect}{costs}"))


def _rows(places: Sequence[str]) -> str:
    """ "rows 3, 8"; with the names of several sources as they are."""
    if not all(place.startswith("row ") for place in places):
        return ", ".join(places)
    numbers = ", ".join(place.removeprefix("row ") for place in places)
    return f"row{'s' * (len(places) > 1)} {numbers}"


def _what_changes(name: str, columns: Sequence[str], constants: Set[str]) -> str:
    """ "tags to add, from column Segments": in the words of the file, not of the API."""
    from bulk_import.api.fields import FIELDS

    title = FIELDS[name].title
    sources = [f"from column{'s' * (len(columns) > 1)} {', '.join(map(plain, columns))}"]
    sources = sources * bool(columns) + ["for every row"] * (name in constants)
    return f"{title[0].lower()}{title[1:]}, {' and '.join(sources)}"


def _tell_sources(checked: Checked) -> None:
    for info in checked.sources:
        click.echo(plain(f"{info.name}: {_seen_as(info)}"))
    for report in checked.lists:
        click.echo(plain(str(report)))
    for name, problem in checked.plan.problems:
        click.echo(plain(f"{name}: {problem}"))
    if checked.refusal:
        click.echo(f"a run would send nothing: {plain(checked.refusal)}")


def _seen_as(info: Any) -> str:
    if info.name.endswith(".sql"):  # kept as JSON, which nobody has seen
        return f"the rows of a query, {_columns(len(info.header))}"
    how = [info.kind]
    if info.sheet:
        how.append(f"sheet {info.sheet!r}")
    if info.encoding:
        how.append(info.encoding)
    delimiter = info.dialect.get("delimiter")
    if delimiter:
        how.append("delimiter tab" if delimiter == "\t" else f"delimiter {delimiter!r}")
    if info.header_row:  # objects and queries have none
        how.append(f"header in row {info.header_row}")
    how.append(_columns(len(info.header)))
    return ", ".join(how)


def _columns(number: int) -> str:
    return f"{number:,} column{'s' * (number != 1)}"


def _row_as_json(outcome: Outcome) -> dict[str, Any]:
    is_sent = outcome.status is Status.NOT_SENT
    return {
        "source": outcome.source,
        "sheet": outcome.sheet,
        "row": outcome.row,
        "contact": outcome.contact,
        "status": "to_send" if is_sent else outcome.status.value,
        "error_code": "" if is_sent else outcome.error_code,
        "message": "" if is_sent else outcome.message,
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity.value,
                "column": problem.column,
                "field": problem.field,
                "message": problem.message,
                "value": problem.value,
            }
            for problem in (*outcome.reasons, *outcome.warnings)
        ],
    }


def _as_json(checked: Checked) -> dict[str, Any]:
    plan = checked.plan
    return {
        "sources": [
            {
                "source": info.name,
                "kind": info.kind,
                "sheet": info.sheet,
                "encoding": info.encoding,
                "delimiter": info.dialect.get("delimiter", ""),
                "header_row": info.header_row,
                "header": list(info.header),
                "rows": rows,
                "problems": [
                    {
                        "code": problem.code,
                        "severity": problem.severity.value,
                        "column": problem.column,
                        "message": problem.message,
                    }
                    for name, problem in plan.problems
                    if name == info.name
                ],
            }
            for info, rows in zip(checked.sources, checked.rows, strict=True)
        ],
        "suppression_lists": [_list_as_json(report) for report in checked.lists],
        "rows_read": plan.rows_read,
        "to_send": plan.to_send,
        "counts": {status.value: number for status, number in plan.counts.items()},
        "changes": {name: dict(counter) for name, counter in plan.changes.items()},
        "columns": {name: list(columns) for name, columns in checked.columns.items()},
        "refusal": checked.refusal,
        "causes": [
            {
                "code": cause.code,
                "severity": "error" if cause.is_error else "warning",
                "column": cause.column,
                "rows": cause.rows,
                "first": cause.places[0][0],
            }
            for cause in checked.causes
        ],
        "fixes": [
            {
                "change": fix.change,
                "code": fix.code,
                "rows": fix.rows,
                "repaired": fix.repaired,
                "costs": fix.costs,
            }
            for fix in checked.fixes
        ],
        "exit_code": checked.exit_code,
    }


def _list_as_json(report: ListReport) -> dict[str, Any]:
    return {
        "file": report.name,
        "entries": report.understood,
        "not_understood": [{"place": entry.place, "text": entry.text} for entry in report.unknown],
    }

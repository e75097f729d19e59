"""``bulk-import check``."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import correction_options, judging_options
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.jobs.checking import Checked
    from bulk_import.models import Problem

_ROWS_SHOWN = 8


@click.command("check")
@click.argument("source", nargs=-1, required=True)
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option("--sheet", help="The sheet of a workbook, instead of the mapping's.")
@correction_options
@judging_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(
    source: tuple[str, ...],
    mapping: Path,
    sheet: str | None,
    corrections: Path | None,
    corrections_by: str | None,
    workers: int | None,
    cluster: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Read and judge every row of SOURCE…, send nothing.

    Problems come grouped by cause, with row numbers and a fix. Exit code 1 if rows would be refused.
    """
    from bulk_import.jobs.checking import check_file
    from bulk_import.mapping.loading import load_mapping

    loaded = load_mapping(mapping).with_corrections(corrections, corrections_by)
    if sheet:
        loaded = loaded.with_sheet(sheet)
    checked = check_file(source, loaded, workers=workers or 0, cluster=cluster or "")
    if as_json:
        click.echo(json.dumps(_as_json(checked), ensure_ascii=False, indent=2))
    else:
        _tell(checked)
    return checked.exit_code


def _tell(checked: Checked) -> None:
    from bulk_import.codes import catalogue

    plan = checked.plan
    for info in checked.sources:
        click.echo(f"{info.name}: {_seen_as(info)}")
    for name, problem in plan.problems:
        click.echo(f"{name}: {plain(str(problem))}")
    click.echo(f"{plan.rows_read:,} rows read; {plan.to_send:,} would be sent")
    for status, number in plan.counts.items():
        click.echo(f"  {number:,} {status.value}")
    for name, counter in plan.changes.items():
        shown = ", ".join(f"{value} ({n:,})" for value, n in counter.most_common(10))
        click.echo(f"  {name}: {shown}")
    known = catalogue()
    for (is_error, code, column), found in _grouped(checked).items():
        kind = "refused" if is_error else "warning"
        rows = ", ".join(place.removeprefix("row ") for place, _ in found[:_ROWS_SHOWN])
        more = f" and {len(found) - _ROWS_SHOWN:,} more" if len(found) > _ROWS_SHOWN else ""
        where = f" in column {column}" if column else ""
        click.echo(f"\n{len(found):,} x {code} ({kind}){where}: rows {rows}{more}")
        click.echo(f"  such as: {plain(found[0][1].message)}")
        if code in known:
            click.echo(f"  fix: {known[code].fix}")
    if checked.fixes:
        click.echo("\nchanges of the mapping that were tried on these rows:")
    for fix in checked.fixes:
        costs = f" ({fix.costs})" if fix.costs else ""
        click.echo(
            f"  `{fix.change}` makes {fix.repaired:,} of {fix.rows:,} rows with {fix.code} valid{costs}"
        )


def _seen_as(info: Any) -> str:
    how = [info.kind]
    if info.sheet:
        how.append(f"sheet {info.sheet!r}")
    if info.encoding:
        how.append(info.encoding)
    delimiter = info.dialect.get("delimiter")
    if delimiter:
        how.append(f"delimiter {'tab' if delimiter == chr(9) else delimiter!r}")
    how.append(f"header in row {info.header_row}, {len(info.header)} columns")
    return ", ".join(how)


def _grouped(checked: Checked) -> dict[tuple[bool, str, str], list[tuple[str, Problem]]]:
    groups: dict[tuple[bool, str, str], list[tuple[str, Problem]]] = defaultdict(list)
    for place, problem in checked.problems:
        groups[problem.is_error, problem.code, problem.column].append((place, problem))
    ordered = sorted(groups.items(), key=lambda item: (not item[0][0], -len(item[1])))
    return dict(ordered)


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
        "rows_read": plan.rows_read,
        "to_send": plan.to_send,
        "counts": {status.value: number for status, number in plan.counts.items()},
        "changes": {name: dict(counter) for name, counter in plan.changes.items()},
        "problems": [
            {
                "place": place,
                "code": problem.code,
                "severity": problem.severity.value,
                "column": problem.column,
                "field": problem.field,
                "message": problem.message,
                "value": problem.value,
            }
            for place, problem in checked.problems
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

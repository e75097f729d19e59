"""``bulk-import runs``."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("runs")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(folder: Path, as_json: bool) -> int:
    """List the runs in FOLDER (runs/, or the home of a fleet), oldest first."""
    from bulk_import.jobs.history import list_runs, state_of
    from bulk_import.models import Status
    from bulk_import.report.summary import as_json as to_json

    found = list_runs(folder)
    if as_json:
        click.echo(
            json.dumps(
                [to_json(summary) | {"state": state_of(summary)} for summary in found],
                ensure_ascii=False,
                indent=2,
            )
        )
        return 0
    if not found:
        click.echo(f"no runs in {folder}", err=True)
    for summary in found:
        counts = ", ".join(
            f"{summary.counts[status]:,} {status.value}"
            for status in Status
            if summary.counts.get(status)
        )
        click.echo(f"{summary.run_dir}\n    {counts or 'no rows'}; {state_of(summary)}")
    return 0

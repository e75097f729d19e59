"""``bulk-import report``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--report-safe", is_flag=True, help="Neutralize formula-like cells in report.csv.")
@click.option("--redact", is_flag=True, help="Leave contacts and messages out of report.html.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on stdout.")
def command(run_dir: Path, report_safe: bool, redact: bool, as_json: bool) -> int:
    """Write the reports of RUN_DIR again from its journal. Sends nothing."""
    from bulk_import.cli.running import exit_code, tell
    from bulk_import.jobs.history import rewrite_reports

    summary = rewrite_reports(run_dir, safe=report_safe, redact=redact)
    tell(summary, as_json=as_json, quiet=False)
    return exit_code(summary)

"""``bulk-import rehearse``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulk_import.cli.options import (
    correction_options,
    judging_options,
    sending_options,
    source_argument,
)


@click.command("rehearse")
@source_argument()
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option("--sheet", help="The sheet of a workbook, instead of the mapping's.")
@correction_options
@click.option("--latency-ms", type=click.FloatRange(0), default=150, show_default=True,
              help="Time of one answer; it is not waited for.")  # fmt: skip
@click.option("--throttle", type=click.FloatRange(0), default=0,
              help="Requests per second that it lets through; 0 = all.")  # fmt: skip
@click.option("--plan", type=click.Path(dir_okay=False, path_type=Path),
              help="Faults as of `sandbox --plan`; #3 is the third contact that is sent.")  # fmt: skip
@click.option("--run-dir", type=click.Path(file_okay=False, path_type=Path),
              help="The rehearsal's folder. [a new one under runs/]")  # fmt: skip
@judging_options
@sending_options
def command(
    source: tuple[str, ...],
    mapping: Path,
    sheet: str | None,
    corrections: Path | None,
    corrections_by: str | None,
    latency_ms: float,
    throttle: float,
    plan: Path | None,
    run_dir: Path | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    **options: Any,
) -> int:
    """Send SOURCE… to a private sandbox instead of the account, and estimate the real run.

    Everything is as in `run`, but no account is touched and no key is needed. Nothing is waited
    for: --rate, --latency-ms and the pauses that --throttle or --plan cause are simulated, and the
    estimate includes them.
    Lists are taken as the mapping names them: whether the account has them only `run` finds out.
    """
    from bulk_import.cli.running import run_and_tell
    from bulk_import.jobs.rehearsing import Rehearsal
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.models import Summary
    from bulk_import.sandbox.faults import FaultPlan
    from bulk_import.sandbox.rehearsal import as_duration
    from bulk_import.settings import Settings

    loaded = load_mapping(mapping).with_corrections(corrections, corrections_by)
    loaded = loaded.with_sheet(sheet) if sheet else loaded
    given = {name: value for name, value in options.items() if value is not None}
    rehearsal = Rehearsal(
        source, loaded, Settings(run_dir=run_dir, **given),
        latency_ms=latency_ms, throttle=throttle, plan=FaultPlan.load(plan) if plan else None,
    )  # fmt: skip

    def after(summary: Summary) -> None:
        found = rehearsal.estimate(summary)
        click.echo(
            f"the real run would take about {as_duration(found.seconds)} (bound by {found.bound_by})",
            err=True,
        )

    return run_and_tell(
        lambda _confirm, progress, stop: rehearsal.run(progress, stop),
        yes=True, as_json=as_json, quiet=quiet, log_file=log_file, after=after,
    )  # fmt: skip

"""``bulk-import sync``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulk_import.cli.options import (
    account_options,
    correction_options,
    judging_options,
    newest_option,
    sending_options,
    settings_from,
    source_argument,
)
from bulk_import.cli.telling import telling

_SHARE = click.FloatRange(0, 1)


@click.command("sync")
@source_argument()
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option(
    "--state", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="What the job remembers from night to night; made when missing.",
)  # fmt: skip
@click.option("--full", is_flag=True, help="Send every contact with an e-mail, changed or not.")
@click.option("--accept", is_flag=True, help="Let the brake pass this once.")
@click.option(
    "--seed", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For a new state: take the accepted rows of that run folder for sent.",
)  # fmt: skip
@click.option("--wait-lock", "wait_lock_s", type=float, default=0, metavar="S",
              help="Wait for another run of the job to end.")  # fmt: skip
@click.option("--max-rows-fewer", type=_SHARE, default=0.3, show_default=True,
              help="The brake: share of rows that may be lost.")  # fmt: skip
@click.option("--max-rows-more", type=click.FloatRange(0), default=1.0, show_default=True,
              help="The brake: share of rows that may be added; 1 = twice as many.")  # fmt: skip
@click.option("--max-changed", type=_SHARE, default=0.5, show_default=True,
              help="The brake: share of contacts that may change.")  # fmt: skip
@click.option("--max-vanished", type=_SHARE, default=0.2, show_default=True,
              help="The brake: share of contacts that may vanish.")  # fmt: skip
@click.option("--max-blanked", type=_SHARE, default=0.3, show_default=True,
              help="The brake: share of a field's values that may be lost.")  # fmt: skip
@click.option("--dry-run", is_flag=True, default=None, help="Everything but the network.")
@click.option("--run-dir", type=click.Path(file_okay=False, path_type=Path),
              help="The run's folder. [a new one under runs/]")  # fmt: skip
@click.option("--fewer-files", is_flag=True,
              help="Files that are missing tonight are gone for good.")  # fmt: skip
@click.option("--judge-all", is_flag=True,
              help="Judge every row again; recognize none by its cells.")  # fmt: skip
@click.option("--report-all", is_flag=True, help="List unchanged rows in report.csv too.")
@click.option("--keep-runs", type=click.IntRange(1), metavar="N",
              help="Delete all but the N newest finished nights of this job.")  # fmt: skip
@newest_option
@correction_options
@account_options
@judging_options
@sending_options
@telling("sync")
def command(
    source: tuple[str, ...],
    mapping: Path,
    state: Path,
    full: bool,
    accept: bool,
    seed: Path | None,
    wait_lock_s: float,
    max_rows_fewer: float,
    max_rows_more: float,
    max_changed: float,
    max_vanished: float,
    max_blanked: float,
    fewer_files: bool,
    judge_all: bool,
    report_all: bool,
    keep_runs: int | None,
    newest: int | None,
    corrections: Path | None,
    corrections_by: str | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    **options: Any,
) -> int:
    """Send what changed since the last good run of this job, and what failed then.

    Contacts that vanished get what the mapping's on_missing says. Before the first request the
    brake compares the source with that of the last good run and stops (exit 3) when rows,
    contacts or fields are lost, or too many change.
    """
    from bulk_import.cli.running import run_and_tell
    from bulk_import.jobs.brake import Brake
    from bulk_import.jobs.night import SyncOptions
    from bulk_import.jobs.nightly import sync_night
    from bulk_import.jobs.retention import delete_old_nights
    from bulk_import.mapping.loading import load_mapping

    loaded = load_mapping(mapping).with_corrections(corrections, corrections_by)
    settings = settings_from(ends_when_closed=True, **options)
    brake = Brake(max_rows_fewer, max_changed, max_vanished, max_blanked, rows_more=max_rows_more)
    night = SyncOptions(
        state, full, accept, seed, brake, wait_lock_s, report_all, fewer_files, judge_all,
        newest or 0,
    )  # fmt: skip

    def after(summary: Any) -> None:
        if keep_runs is not None:
            delete_old_nights(Path(summary.run_dir), state, keep_runs)

    return run_and_tell(
        lambda confirm, progress, stop: sync_night(
            source, loaded, settings, night, confirm=confirm, progress=progress, stop=stop
        ),
        yes=True,  # made for nobody watching: it has the brake
        as_json=as_json,
        quiet=quiet,
        log_file=log_file,
        after=after,
    )

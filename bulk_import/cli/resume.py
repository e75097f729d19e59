"""``bulk-import resume``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulk_import.cli.options import (
    account_options,
    correction_options,
    judging_options,
    sending_options,
    settings_from,
)
from bulk_import.cli.telling import telling


@click.command("resume")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--retry-failed", is_flag=True, default=None, help="Send rows again that the API refused."
)
@click.option(
    "--resend-unknown", is_flag=True, default=None,
    help="Send rows without e-mail again whose end is unknown: may make second contacts.",
)  # fmt: skip
@click.option("--accept", is_flag=True, help="For a night: let the brake pass this once.")
@correction_options
@account_options
@judging_options
@sending_options
@telling("resume")
def command(
    run_dir: Path,
    accept: bool,
    corrections: Path | None,
    corrections_by: str | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    **options: Any,
) -> int:
    """Continue the run in RUN_DIR where it stopped, as the job that it belongs to.

    Rows with a confirmed answer are left alone. Rows that were not sent, or whose end is unknown
    and that have an e-mail, are sent; rows that were refused for their cells are judged
    again, with their corrections if there are any. A night of a sync compares and brakes again.
    The run keeps its pace (--rate, --concurrency, --daily-limit, --window), unless you give another.
    """
    from bulk_import.cli.continuing import kept_pace
    from bulk_import.cli.running import run_and_tell
    from bulk_import.jobs.importing import resume_async

    settings = settings_from(**kept_pace(run_dir, options))
    return run_and_tell(
        lambda confirm, progress, stop: resume_async(
            run_dir,
            settings,
            confirm=confirm,
            progress=progress,
            stop=stop,
            corrections=corrections,
            corrections_by=corrections_by,
            accept=accept,
        ),
        yes=yes,
        as_json=as_json,
        quiet=quiet,
        log_file=log_file,
    )

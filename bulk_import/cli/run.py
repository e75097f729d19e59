"""``bulk-import run``."""

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


@click.command("run")
@source_argument()
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option("--sheet", help="The sheet of a workbook, instead of the mapping's.")
@click.option("--dry-run", is_flag=True, default=None, help="Everything but the network.")
@click.option(
    "--run-dir", type=click.Path(file_okay=False, path_type=Path),
    help="The run's folder; a run that is there is continued. [a new one under runs/]",
)  # fmt: skip
@click.option(
    "--read-first", "read_ahead_bytes", flag_value=-1, type=int, default=None,
    help="Judge every row before the first is sent, of long files too.",
)  # fmt: skip
@newest_option
@correction_options
@account_options
@judging_options
@sending_options
@telling("run")
def command(
    source: tuple[str, ...],
    mapping: Path,
    sheet: str | None,
    newest: int | None,
    corrections: Path | None,
    corrections_by: str | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    **options: Any,
) -> int:
    """Import SOURCE… (paths, globs, or - for standard input).

    Every row is read and judged before the first one is sent; of files above 1 MB, where nobody is
    asked (--yes), every row is read first and then judged ahead of sending. It shows what it is
    about to do and asks; where nobody can be asked and --yes is absent, it sends nothing. The run's
    folder holds report.csv, rejects.* and summary.json; after an interruption the same command with
    --run-dir, or `bulk-import resume`, continues.
    """
    from bulk_import.cli.running import run_and_tell
    from bulk_import.jobs.importing import import_file_async
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.sources import expand_sources

    settings = settings_from(**options)
    paths = expand_sources(source, newest or 0)
    loaded = load_mapping(mapping)
    loaded = loaded.with_corrections(corrections, corrections_by)
    if sheet:
        loaded = loaded.with_sheet(sheet)
    return run_and_tell(
        lambda confirm, progress, stop: import_file_async(
            paths, loaded, settings, confirm=confirm, progress=progress, stop=stop
        ),
        yes=yes or settings.dry_run,
        as_json=as_json,
        quiet=quiet,
        log_file=log_file,
    )

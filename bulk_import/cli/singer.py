"""``bulk-import singer``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import account_options, settings_from

if TYPE_CHECKING:
    from bulk_import.jobs.singer import Poured


@click.command("singer")
@click.option(
    "--mapping", "-m", required=True, type=click.Path(path_type=Path), help="The mapping file."
)
@click.option("--stream", metavar="NAME", help="The stream with the contacts. [the only one]")
@click.option("--batch-size", type=click.IntRange(1, 100_000), default=1000, show_default=True,
              help="Records of a run.")  # fmt: skip
@click.option("--runs", type=click.Path(file_okay=False, path_type=Path), default="runs/singer",
              show_default=True, help="Folder of the batches; it must outlive the pipeline.")  # fmt: skip
@click.option("--rate", type=float, metavar="N",
              help="Requests per second for the whole run; 0 = no limit. [2]")  # fmt: skip
@click.option("--concurrency", type=int, metavar="N", help="Requests in flight. [4]")
@click.option("--max-failures", metavar="N|P%", help="Stop when more rows of a batch fail.")
@click.option("--no-preflight", "preflight", flag_value=False, default=None,
              help="Do not ask for the account's lists before each batch.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="No messages.")
@account_options
def command(
    mapping: Path,
    stream: str | None,
    batch_size: int,
    runs: Path,
    quiet: bool,
    **options: Any,
) -> int:
    """Be the target of a Singer tap: read its messages from standard input, and send the records.

    A STATE is written to standard output when every record before it has ended, never sooner. A
    pipeline that is killed starts again from there; what was sent before is recognized. It does
    not ask. Exit code 1 if rows were refused; they are in the runs' folders.
    """
    from bulk_import.jobs.batches import send_batch
    from bulk_import.jobs.singer import lines_of, pour
    from bulk_import.mapping.loading import load_mapping

    loaded = load_mapping(mapping)
    settings = settings_from(**options).ready_to_send()

    def forward(state: str) -> None:
        click.echo(state)
        sys.stdout.flush()

    poured = pour(
        lines_of(sys.stdin.buffer),
        lambda rows: send_batch(rows, loaded, settings, runs),
        forward, stream=stream, batch_size=batch_size,
    )  # fmt: skip
    if not quiet:
        _tell(poured, runs)
    return poured.exit_code


def _tell(poured: Poured, runs: Path) -> None:
    click.echo(
        f"records: {poured.records:,}, batches: {poured.batches:,}, STATE passed on: {poured.states:,}",
        err=True,
    )
    for stream, records in poured.others.items():
        click.echo(f"stream {stream}: {records:,} records left out", err=True)
    if poured.refused or poured.unknown:
        codes = ", ".join(f"{code} x{rows:,}" for code, rows in poured.refused.most_common())
        click.echo(f"rows that did not make it: {codes}; {runs} has their reports", err=True)

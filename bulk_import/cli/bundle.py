"""``bulk-import bundle``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("bundle")
@click.argument("run_dir", type=click.Path(file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="The archive. [RUN_DIR/bundle.zip]")  # fmt: skip
def command(run_dir: Path, output: Path | None) -> int:
    """Write a support archive of a run: the same shapes, but nobody's names, addresses or numbers.

    Letters and digits are replaced by others, equal cells by equal ones. Look into it before you
    send it: headers and the mapping are as you wrote them, except for the mapping's comments.
    """
    from bulk_import.jobs.history import write_support_bundle

    path = output or run_dir / "bundle.zip"
    count = write_support_bundle(run_dir, path)
    click.echo(f"{path}: {count:,} rows, disguised; headers and the mapping are not")
    return 0

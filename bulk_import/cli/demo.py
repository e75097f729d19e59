"""`bulk-import demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"),
    show_default=True, help="Where the demo writes; the folder of an earlier demo is replaced.",
)  # fmt: skip
def command(folder: Path) -> int:
    """Import a sample of invented contacts into the built-in stand-in for the API.

    Nothing leaves this computer, and no account is needed.

    Example: bulk-import demo --folder /tmp/demo
    """
    from bulk_import.sandbox.demo import demonstrate

    return demonstrate(folder)

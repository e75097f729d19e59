"""``bulk-import undo``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("undo")
@click.argument("run_dir", type=click.Path(file_okay=False, path_type=Path))
def command(run_dir: Path) -> int:
    """Write the reverse of a run's tags and lists as a file to check and run. Sends nothing.

    What contacts had before the run cannot be asked: a tag that the run added is taken away even
    from those who had it already. Fields (names, phones, …) cannot be undone.
    """
    from bulk_import.jobs.undoing import undo

    plan = undo(run_dir)
    click.echo(f"{plan.contacts:,} contacts; look at {plan.source}, then:")
    click.echo(f"  bulk-import check {plan.source} -m {plan.mapping}")
    account = f"--endpoint {plan.endpoint}" if plan.endpoint else "--account LOGIN"
    click.echo(f"  bulk-import run {plan.source} -m {plan.mapping} {account}")
    click.echo("cannot be known: what each contact had before the run", err=True)
    if plan.without_email:
        click.echo(f"cannot be undone: {plan.without_email:,} contacts without e-mail", err=True)
    if plan.unknown:
        click.echo(
            f"left out: {plan.unknown:,} rows whose fate is unknown; settle them first (resume)",
            err=True,
        )
    return 0

"""``bulk-import state``."""

from __future__ import annotations

from pathlib import Path

import click

_STATE = click.argument("state", type=click.Path(dir_okay=False, path_type=Path))


@click.group("state")
def command() -> None:
    """Look into the state file of a sync, or make it forget."""


@command.command("show")
@_STATE
@click.option("--contact", help="Only this e-mail address.")
def show(state: Path, contact: str | None) -> int:
    """Show what STATE remembers: account, last good run, contacts."""
    from bulk_import.jobs.state import State

    with State.open(state, read_only=True) as opened:
        if contact:
            wanted = contact.strip().lower()
            found = opened.contact(wanted)
            if found is None or not found.digest:
                click.echo(f"{wanted}: its data are not confirmed; it would be sent")
                return 1
            click.echo(f"{found.key}: confirmed {found.sent_at}, payload {found.digest[:12]}")
            return 0
        last = opened.get_json("last") or {}
        click.echo(f"account: {opened.get('endpoint') or 'none yet'}")
        click.echo(f"good runs: {opened.get('night', '0')}")
        click.echo(f"contacts: {opened.count():,}")
        if last:
            click.echo(f"last good run: {last['rows']:,} rows, {last['contacts']:,} contacts")
        if opened.get("left_run"):
            click.echo(f"cut off: {opened.get('left_run')} (the next sync takes it over)")
    return 0


@command.command("forget")
@_STATE
@click.argument("contact", nargs=-1, required=True)
def forget(state: Path, contact: tuple[str, ...]) -> int:
    """Forget CONTACT… (e-mail addresses): the next sync sends them again."""
    from bulk_import.jobs.state import State

    with State.open(state, create=False) as opened:
        number = opened.forget(name.strip().lower() for name in contact)
    click.echo(f"{number} of {len(contact)} forgotten")
    return 0 if number else 1

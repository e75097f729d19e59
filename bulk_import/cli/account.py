"""What ``lists`` and ``managers`` share: ask the account, print what it has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import settings_from
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.api.preflight import Directory


def ask_account(**options: Any) -> Directory:
    """Return what the account has. Changes nothing there."""
    from bulk_import.api.client import Client
    from bulk_import.api.preflight import preflight
    from bulk_import.system.loop import run

    settings = settings_from(**options).ready_to_send()

    async def ask() -> Directory:
        async with Client.connect(settings) as client:
            return await preflight(client, with_managers=True)

    return run(ask())


def show(entries: Any, *, as_json: bool, what: str) -> None:
    """Print entries: id and title."""
    if as_json:
        known = [{"id": entry.id, "title": entry.title} for entry in entries]
        click.echo(json.dumps(known, ensure_ascii=False, indent=2))
        return
    if not entries:
        click.echo(f"the account has no {what}", err=True)
    width = max((len(entry.id) for entry in entries), default=0)
    for entry in entries:
        click.echo(plain(f"{entry.id:<{width}}  {entry.title}"))

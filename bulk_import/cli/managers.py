"""``bulk-import managers``."""

from __future__ import annotations

from typing import Any

import click

from bulk_import.cli.options import account_options


@click.command("managers")
@account_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(as_json: bool, **options: Any) -> int:
    """Show the account's personal managers: id, name. Changes nothing."""
    from bulk_import.cli.account import ask_account, show

    show(ask_account(**options).managers, as_json=as_json, what="managers")
    return 0

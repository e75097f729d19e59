"""``bulk-import lists``."""

from __future__ import annotations

from typing import Any

import click

from bulk_import.cli.options import account_options


@click.command("lists")
@account_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(as_json: bool, **options: Any) -> int:
    """Show the account's lists: id for the API, title. Changes nothing."""
    from bulk_import.cli.account import ask_account, show

    show(ask_account(**options).lists, as_json=as_json, what="lists")
    return 0

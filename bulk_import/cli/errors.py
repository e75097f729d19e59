"""``bulk-import errors``."""

from __future__ import annotations

import click


@click.command("errors")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain CODE of a report, or all codes: what happened and how to fix it."""
    from bulk_import.codes import catalogue

    known = catalogue()
    if code is None:
        for entry in known.values():
            click.echo(f"{entry.name:<26}  {entry.cause}")
        return 0
    found = known.get(code.strip().upper())
    if found is None:
        import difflib

        near = difflib.get_close_matches(code.upper(), known, 3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise click.UsageError(f"no such code: {code}.{hint}")
    click.echo(f"{found.name}\n  cause:   {found.cause}\n  fix:     {found.fix}")
    if found.example:
        click.echo(f"  example: {found.example}")
    return 0

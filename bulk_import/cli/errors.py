"""``bulk-import errors``."""

from __future__ import annotations

import click


@click.command("errors")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain CODE of a report, or all codes: what happened and how to fix it."""
    from bulk_import.codes import catalogue, look_up

    known = catalogue()
    if code is None:
        for entry in known.values():
            click.echo(f"{entry.name:<26}  {entry.cause}")
        return 0
    name = code.strip().upper()
    found = look_up(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, known, 3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise click.UsageError(f"no such code: {code}.{hint}")
    also = known.get(f"HTTP_{name}") if name.isdigit() else None  # a person means either
    for entry in filter(None, (found, also)):
        click.echo(f"{entry.name}\n  cause:   {entry.cause}\n  fix:     {entry.fix}")
        if entry.example:
            click.echo(f"  example: {entry.example}")
    return 0

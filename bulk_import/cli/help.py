"""``bulk-import help``."""

from __future__ import annotations

import click

from bulk_import.system.shipped import shipped


@click.command("help")
@click.argument("name", metavar="[COMMAND|GUIDE]", required=False)
@click.option("--man", is_flag=True, help="As a manual page, for `man -l -`.")
@click.pass_context
def command(ctx: click.Context, name: str | None, man: bool) -> int:
    """Show the help of COMMAND, a GUIDE such as nightly, or the help of the program."""
    root = ctx.find_root()
    program = root.command
    assert isinstance(program, click.Group)  # noqa: S101 - for the type checker
    if name is not None:
        is_command = program.get_command(root, name) is not None
        guide = _guide(name if is_command or name.endswith(".md") else f"{name}.md")
        if guide is not None:
            click.echo_via_pager(guide)
            return 0
    shown: click.Command = program
    context = root
    if name is not None:
        _, found, _ = program.resolve_command(root, [name])
        assert found is not None  # noqa: S101 - an unknown name has failed
        shown, context = found, click.Context(found, info_name=name, parent=root)
    if man:
        from bulk_import.cli.helping import manual_page

        click.echo(manual_page(shown, context))
    else:
        click.echo(shown.get_help(context))
        if name is None:
            click.echo(f"\nGuides (bulk-import help GUIDE):\n  {' '.join(_guides())}")
    return 0


def _guide(name: str) -> str | None:
    """Return the text of a guide; ``None`` for what is none."""
    return shipped(f"docs/{name}").read_text("utf-8") if name in _guides() else None


def _guides() -> list[str]:
    names = (path.name for path in shipped("docs").glob("*.md"))
    return sorted(name for name in names if name != "index.md")

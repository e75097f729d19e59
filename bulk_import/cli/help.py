"""``bulk-import help``."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("name", metavar="[COMMAND]", required=False)
@click.option("--man", is_flag=True, help="As a manual page, for `man -l -`.")
@click.pass_context
def command(ctx: click.Context, name: str | None, man: bool) -> int:
    """Show the help of COMMAND, or of the program."""
    root = ctx.find_root()
    program = root.command
    assert isinstance(program, click.Group)  # noqa: S101 - for the type checker
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
    return 0

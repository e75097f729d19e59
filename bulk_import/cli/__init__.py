"""The command line: flags in, one library call, an exit code out. Commands load when they are used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

COMMANDS = {
    "app": "The whole job in a browser, on this computer.",
    "run": "Import spreadsheets.",
    "resume": "Continue a run where it stopped.",
    "rehearse": "A run against a private sandbox, with an estimate of the real one.",
    "init": "Propose a mapping for a spreadsheet.",
    "check": "Everything but the network: what would be sent, what is wrong.",
    "explain": "One row's journey: cell, value, form field, answer.",
    "sync": "Nightly: only what changed, with a brake.",
    "retag": "Tags from lists: who gains, who loses, who stays.",
    "singer": "The target of a Singer tap: records in, confirmed STATE out.",
    "state": "Look into the state of a sync, or make it forget.",
    "tags": "Tags that are probably one, and the lines that join them.",
    "fleet": "Many accounts from one file: each job in a process of its own.",
    "undo": "The reverse of a run's tags and lists, as a file.",
    "report": "Write the reports of a run again.",
    "runs": "Earlier runs, oldest first.",
    "bundle": "A support archive of a run without anybody's data.",
    "schedule": "A systemd unit and timer, or a cron line, for a nightly command.",
    "doctor": "What a job needs: what is missing, and what to do.",
    "lists": "The account's lists and their ids.",
    "managers": "The account's personal managers and their ids.",
    "fields": "What the API takes.",
    "errors": "The catalogue of error codes: cause and fix.",
    "sandbox": "A local stand-in for the API, to try things on.",
    "demo": "Import a sample into the stand-in, and show the result.",
    "help": "Show the help of a command; --man as a manual page.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name; imports one when it is called, so that --help comes at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from bulk_import.cli.helping import HelpfulCommand

        module = importlib.import_module(f"bulk_import.cli.{cmd_name}")
        return HelpfulCommand.of(cmd_name, module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from bulk_import import __version__

        click.echo(f"bulk-import {__version__}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="The API key comes from INFLUENCERSOFT_API_KEY, .env, --api-key-file or a profile; there is no "
    "option for the key itself. Exit codes: 0 all well, 1 some rows did not make it, 2 nothing was sent, "
    "3 stopped, 4 busy, 5 cannot write, 70 a bug, 130/143 interrupted.",
)
@click.option(
    "--version", "-V", is_flag=True, expose_value=False, is_eager=True, callback=_version,
    help="Show the version.",
)  # fmt: skip
def cli() -> None:
    """Put a spreadsheet of contacts into InfluencerSoft / JustClick: exactly, politely, resumably,
    with every row accounted for.

    Begin with `bulk-import check contacts.xlsx -m mapping.yml`: it sends nothing.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    from functools import partial

    from bulk_import.cli.boundary import guarded
    from bulk_import.system.garbage import end_without_collection

    end_without_collection()
    given = list(sys.argv[1:] if args is None else args)
    command = partial(cli.main, args=given, prog_name="bulk-import", standalone_mode=False)
    sys.exit(guarded(command, given))

"""``bulk-import schedule``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

_UNATTENDED = ("sync", "fleet")  # made for nobody watching; the others need --yes
_ASKING = ("run", "retag")


@click.command(
    "schedule", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True}
)
@click.option("--at", "times", multiple=True, metavar="HH:MM", default=["01:00"], show_default=True,
              help="When, by the local clock; may be given several times.")  # fmt: skip
@click.option("--cron", "as_cron", is_flag=True, help="A line for cron instead of systemd's units.")
@click.option("--name", default="bulk-import", show_default=True, help="The unit's name.")
@click.option("--user", help="The user who runs it. [you]")
@click.option("--mail", metavar="ADDRESS", default="",
              help="Who hears of a failure. [the system's log; for cron, its owner]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the units there instead of printing them.")  # fmt: skip
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    times: tuple[str, ...],
    as_cron: bool,
    name: str,
    user: str | None,
    mail: str,
    output: Path | None,
    command_line: tuple[str, ...],
) -> int:
    """Print what runs COMMAND_LINE (sync …) every night: a systemd unit and timer, or a cron line.

    The command is checked now, and runs in the current folder with its paths as they are written. It
    is not run. Exit code 1 (some rows were refused) is no failure of the unit; any other is reported.
    """
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.scheduling import Schedule, as_text, cron, units
    from bulk_import.system.files import made_folder, replaced

    options = _understood(command_line)
    is_fleet = command_line[0] == "fleet"
    for note in _notes(options):
        click.echo(f"note: {note}", err=True)
    has_key = (
        is_fleet or options.get("api_key_file") or options.get("profile") or Path(".env").is_file()
    )
    schedule = Schedule(
        name=name,
        words=[*_program(), *command_line],
        folder=Path.cwd(),
        times=times,
        user=user or _me(),
        needs_key=not has_key,
        has_keys_of_jobs=is_fleet,
        mail=mail,
        timeout_s=options.get("timeout_s") or 30.0,
    )
    if as_cron:
        if output is not None:
            raise SettingsError("--cron and -o: a cron line is for `crontab -e`; leave -o out")
        click.echo(cron(schedule), nl=False)
        return 0
    files = units(schedule)
    if output is None:
        click.echo(as_text(files, name), nl=False)
        return 0
    taken = [file for file in files if (made_folder(output) / file).exists()]
    if taken:
        raise SettingsError(
            f"{output / taken[0]}: is there already; delete it, or give another --name"
        )
    for file, text in files.items():
        with replaced(output / file) as written:
            written.write(text.encode())
        (output / file).chmod(0o644)  # as every unit; it holds no key
        click.echo(str(output / file))
    return 0


def _understood(words: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of the command, read as it would read them itself.

    Raises:
        SettingsError: It is none that can run unattended.
        click.UsageError: It would be refused.
    """
    from bulk_import.cli import COMMANDS, cli
    from bulk_import.errors import SettingsError

    name, *arguments = words
    known = [known for known in (*_UNATTENDED, *_ASKING) if known in COMMANDS]
    found = cli.get_command(click.Context(cli), name) if name in known else None
    if found is None:
        raise SettingsError(f"schedule {name}: give a command that sends: {', '.join(known)}")
    options = found.make_context(f"bulk-import {name}", arguments).params
    if name in _ASKING and not options.get("yes"):
        raise SettingsError(f"schedule {name}: nobody will be there to be asked; add --yes")
    return options


def _notes(options: dict[str, Any]) -> Iterator[str]:
    """Yield what will not work as it is now, or should not be written into a unit."""
    from bulk_import.sources.remote import is_remote, shown

    for name in ("mapping", "jobs", "api_key_file", "config"):
        if options.get(name) is not None and not Path(options[name]).exists():
            yield f"{options[name]}: not here now; the command runs in this folder, {Path.cwd()}"
    has_profiles = options.get("profile") or "at_once" in options
    if has_profiles and not options.get("config") and (base := os.environ.get("XDG_CONFIG_HOME")):
        how = "config: FILE in the file of jobs" if "at_once" in options else "--config FILE"
        yield (
            f"XDG_CONFIG_HOME is {base} here and not where the command will run: if the profiles are "
            f"there, name their file ({how})"
        )
    for path in options.get("source") or options.get("new") or ():
        if is_remote(path) and shown(path) != path:
            yield (
                f"{shown(path)}: holds a token that everybody can read in a unit; a bearer token goes "
                "into BULK_IMPORT_SOURCE_TOKEN"
            )


def _program() -> list[str]:
    """Return the words that start this program from any folder."""
    called = Path(sys.argv[0])
    if called.stem == "bulk-import" and called.is_file():
        return [str(called.absolute())]
    return [sys.executable, "-m", "bulk_import"]


def _me() -> str:
    """Return the name of the user, as the system knows it; the number of one who has none."""
    if os.name == "nt":  # pragma: no cover - there is no systemd either
        return os.environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

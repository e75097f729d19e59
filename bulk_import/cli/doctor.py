"""``bulk-import doctor``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import account_options, settings_from
from bulk_import.cli.terminal import plain
from bulk_import.errors import EXIT_SETUP

if TYPE_CHECKING:
    from bulk_import.jobs.doctor import Check

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("doctor")
@click.option("--mapping", "-m", type=_FILE, help="Look at this mapping and its lists too.")
@click.option("--state", type=_FILE, help="Look at the state file of a sync too.")
@click.option(
    "--run-dir", type=click.Path(file_okay=False, path_type=Path),
    help="Where the run's folder will be. [runs/]",
)  # fmt: skip
@account_options
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(mapping: Path | None, state: Path | None, as_json: bool, **options: Any) -> int:
    """Check what a job needs: key, address, clock, TLS, proxy, disk, folders, state, optional parts.

    Asks the account for its lists and changes nothing. Ends with 0 when a job would run, with 2 when
    something is missing; each line says what to do.
    """
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.doctor import examine, is_well
    from bulk_import.settings import Settings
    from bulk_import.system.loop import run

    origin = _key_from(options)
    settings: Settings | SettingsError
    try:
        settings = settings_from(**options)
    except SettingsError as exc:
        settings = exc
    checks = run(examine(settings, key_from=origin, mapping=mapping, state=state))
    well = is_well(checks)
    if as_json:
        found = {"well": well, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(checks)
    return 0 if well else EXIT_SETUP


def _show(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        first, *more = plain_lines(check.found)
        click.echo(f"{check.verdict:<5} {check.name:<{width}}  {first}")
        for line in more:
            click.echo(f"{'':<{width + 8}}{line}")
        for line in plain_lines(check.advice) if check.advice else ():
            click.echo(f"{'':<{width + 8}}-> {line}")
    missing = sum(check.verdict == "bad" for check in checks)
    click.echo(
        f"\n{missing} to be corrected before a job can run" if missing else "\nA job would run."
    )


def plain_lines(text: str) -> list[str]:
    """Return the lines of *text* without control characters; at least one."""
    return [plain(line) for line in text.splitlines()] or [""]


def _key_from(options: dict[str, Any]) -> str:
    """Return where the key will come from: a path, or words."""
    from bulk_import.errors import SettingsError
    from bulk_import.system.environment import KEY_VARIABLE
    from bulk_import.system.profiles import load_profile

    if options.get("api_key_file"):
        return str(options["api_key_file"])
    if options.get("profile"):
        try:
            profile = load_profile(options["profile"], options.get("config"), os.environ)
        except SettingsError:
            return ""  # said where the settings are made
        if profile.api_key_file or profile.api_key_env:
            return str(profile.api_key_file or f"the variable {profile.api_key_env}")
    return f"the variable {KEY_VARIABLE}" if os.environ.get(KEY_VARIABLE) else ".env"

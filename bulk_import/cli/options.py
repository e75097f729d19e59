"""Options that several commands share, and how they become Settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

_FILE = click.Path(dir_okay=False, path_type=Path)


def _profile_defaults(ctx: click.Context, _param: object, name: str | None) -> str | None:
    """Make what the profile says of a run's end (notify, metrics file) the default of those options.

    They are asked for when all eager options are known, --config among them.
    """
    if name is not None and not ctx.resilient_parsing:
        import os

        from bulk_import.system.profiles import load_profile

        def said(what: str) -> Any:
            # While options are read, click keeps a mark of its own for one that was not given.
            config = ctx.params.get("config")
            profile = load_profile(name, config if isinstance(config, Path) else None, os.environ)
            return getattr(profile, what) or None

        ctx.default_map = {what: partial(said, what) for what in ("notify", "metrics_file")}
    return name


_QUERIES = "bulk_import.queries"  # in the context, until the sources are known


def _note_queries(ctx: click.Context, _param: object, paths: Any) -> None:
    found = (paths,) if isinstance(paths, str) else tuple(paths or ())
    for path in found:
        if not path.lower().endswith(".sql"):
            raise click.BadParameter(f"{path!r}: name the file with the query ….sql")
    ctx.meta[_QUERIES] = found


def source_argument(
    name: str = "source", *, is_required: bool = True, is_one: bool = False
) -> Callable[[Command], Command]:
    """The sources of a command: SOURCE…, and --query for those that are in a database."""

    def join(ctx: click.Context, _param: click.Parameter, given: Any) -> Any:
        sources = given if isinstance(given, tuple) else (given,) if given else ()
        sources = (*sources, *ctx.meta.get(_QUERIES, ()))
        if is_required and not sources and not ctx.resilient_parsing:
            dots = "" if is_one else "..."
            raise click.UsageError(f"Missing argument '{name.upper()}{dots}' or --query FILE.")
        if is_one and len(sources) > 1:
            raise click.UsageError(f"Give one of {name.upper()} and --query FILE.")
        return next(iter(sources), None) if is_one else sources

    def decorate(command: Command) -> Command:
        option = click.option(
            "--query", multiple=not is_one, metavar="FILE", expose_value=False, is_eager=True,
            callback=_note_queries, type=click.Path(exists=True, dir_okay=False),
            help="A .sql file with one SELECT, for the database in BULK_IMPORT_DATABASE.",
        )  # fmt: skip
        argument = click.argument(name, nargs=1 if is_one else -1, required=False, callback=join)
        return argument(option(command))

    return decorate


def account_options(command: Command) -> Command:
    """Which account, and where its key is."""
    for option in reversed(
        (
            # Eager: the profile gives defaults to other options.
            click.option(
                "--config", type=_FILE, is_eager=True,
                help="The file with the profiles. [~/.config/bulk_import/config.toml]",
            ),
            click.option(
                "--profile", metavar="NAME", is_eager=True, callback=_profile_defaults,
                help="An account with its key, pace and notification, from that file.",
            ),
            click.option("--account", metavar="LOGIN", help="The account's login."),
            click.option(
                "--endpoint", metavar="URL", help="Instead of --account: the account's address."
            ),
            click.option("--api-key-file", type=_FILE, help="A file that holds the API key alone."),
            click.option(
                "--ca-file", type=_FILE, help="Certificates to trust besides the system's."
            ),
            click.option(
                "--proxy",
                metavar="URL",
                help="HTTP proxy to the account; with a password: in BULK_IMPORT_PROXY.",
            ),
            click.option(
                "--timeout",
                "timeout_s",
                type=float,
                metavar="S",
                help="Seconds for one request. [30]",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


class _Number(click.IntRange):
    """A number that an option may have; a source in its place was not meant for one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            self.fail(
                f"{value!r} is not a number; write --newest=1, or --newest behind the sources",
                param,
            )
        return super().convert(value, param, ctx)


def newest_option(command: Command) -> Command:
    """Which matches of a pattern."""
    return click.option(
        "--newest", is_flag=False, flag_value=1, type=_Number(1), metavar="[N]", default=None,
        help="Only the N newest files that a pattern matches. [1]",
    )(command)  # fmt: skip


def correction_options(command: Command) -> Command:
    """Corrected cells, besides those that are found by themselves."""
    for option in reversed(
        (
            click.option(
                "--corrections", type=_FILE, metavar="FILE",
                help="Corrected cells. [NAME.corrections.csv beside the source, if it is there]",
            ),
            click.option(
                "--corrections-by", type=click.Choice(["row", "contact"]),
                help="How corrections find their rows; contact replays them on another export. [row]",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _seconds(_ctx: object, _param: object, text: str | None) -> tuple[float, ...] | None:
    """Read ``60,300,900``; an empty text means no pause at all."""
    if text is None:
        return None
    try:
        waits = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        waits = (-1.0,)
    if not all(0 <= wait <= 86_400 for wait in waits):
        raise click.BadParameter(f"{text!r}: give seconds, such as 60,300,900")
    return waits


def _wait_options(command: Command) -> Command:
    """How long a run waits before it stops."""
    for option in reversed(
        (
            click.option(
                "--quota-waits", "quota_waits_s", metavar="S,S,…", callback=_seconds,
                help="Pauses after the API's code 8, then the run stops. [60,300,900]",
            ),
            click.option(
                "--retry-after-cap", "retry_after_cap_s", type=float, metavar="S",
                help="Stop when the server asks for a longer pause. [600]",
            ),
            click.option(
                "--connect-deadline", "connect_deadline_s", type=float, metavar="S",
                help="Stop when no connection was made for so long. [60]",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def sending_options(command: Command) -> Command:
    """How a run sends."""
    for option in reversed(
        (
            click.option(
                "--rate", type=float, metavar="N",
                help="Requests per second for the whole run; 0 = no limit. [2]",
            ),
            click.option("--concurrency", type=int, metavar="N", help="Requests in flight. [4]"),
            click.option(
                "--max-attempts", type=int, metavar="N",
                help="Requests for one row that gets no trustworthy answer. [5]",
            ),
            click.option(
                "--daily-limit", type=int, metavar="N",
                help="Requests a day into the account, by all runs; the rest waits.",
            ),
            click.option(
                "--window", metavar="HH:MM-HH:MM",
                help="Send only in these hours of the local clock.",
            ),
            click.option("--limit", type=int, metavar="N", help="Send at most N rows."),
            click.option(
                "--canary", type=int, metavar="N",
                help="Send N rows of different shapes first; continue only if all are accepted.",
            ),
            click.option(
                "--max-failures", metavar="N|P%", help="Stop when more rows than that fail."
            ),
            click.option(
                "--verify-hash", type=click.Choice(["off", "warn", "require"]),
                help="Check the hash of the answers. [off]",
            ),
            click.option(
                "--trust-503", is_flag=True, default=None,
                help="Take a 503 without Retry-After for 'not processed'.",
            ),
            click.option(
                "--no-preflight", "preflight", flag_value=False, default=None,
                help="Do not ask for the account's lists before the first row.",
            ),
            click.option(
                "--strict-suppress/--no-strict-suppress", default=None,
                help="Refuse a suppression list with entries that are not understood.",
            ),
            click.option(
                "--report-safe", is_flag=True, default=None,
                help="Neutralize formula-like cells in report.csv too.",
            ),
            click.option(
                "--log-file", type=_FILE, help="Append what happens to this file, as JSON lines."
            ),
            click.option("--yes", "-y", is_flag=True, help="Do not ask before sending."),
            click.option("--json", "as_json", is_flag=True, help="The summary as JSON on stdout."),
            click.option("--quiet", "-q", is_flag=True, help="No progress, no summary."),
        )
    ):  # fmt: skip
        command = option(command)
    return _wait_options(command)


def judging_options(command: Command) -> Command:
    """Who judges rows."""
    for option in (
        click.option(
            "--cluster", metavar="ADDRESS",
            help="Judge rows on the workers of that dask scheduler; sending stays here.",
        ),
        click.option(
            "--workers", type=click.IntRange(1, 1000), metavar="N",
            help="Processes that judge rows, this one among them. "
            "[one, or one per processor for large sources]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def settings_from(**options: Any) -> Any:
    """Return Settings from flags, profile, key file, environment and ``.env``."""
    from bulk_import.cli.telling import remember
    from bulk_import.settings import Settings
    from bulk_import.system.crash import conceal

    settings = Settings.from_env(
        account=options.pop("account", None) or "",
        endpoint=options.pop("endpoint", None) or "",
        api_key_file=options.pop("api_key_file", None),
        profile=options.pop("profile", None) or "",
        **options,
    )
    conceal(settings.api_key)
    remember(account=settings.endpoint, is_dry=settings.dry_run)
    return settings

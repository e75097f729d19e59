"""``bulk-import app``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("app")
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), required=False
)
@click.option(
    "--profile",
    metavar="NAME",
    default="",
    help="The account to begin with, from the file of profiles.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the profiles. [~/.config/bulk_import/config.toml]",
)
@click.option("--port", type=int, default=0, help="0 = any free one. [0]")
@click.option("--no-browser", is_flag=True, help="Print the link only.")
def command(folder: Path, profile: str, config: Path | None, port: int, no_browser: bool) -> int:
    """Do the whole job in a browser, on this computer: match, review and fix, plan, send, result.

    FOLDER [.] is where spreadsheets are opened from and runs are kept. The page is served on 127.0.0.1
    alone, and its link works once; nothing leaves this computer but the calls to your account.
    Example: bulk-import app contacts/
    """
    from bulk_import.app.server import serve
    from bulk_import.errors import SettingsError
    from bulk_import.settings import Settings

    home = folder.absolute()
    if not home.is_dir():
        raise SettingsError(f"{folder}: there is no such folder")
    settings = Settings.from_env(
        profile=profile, config=config if profile else None, dotenv=home / ".env"
    )

    def ready(link: str) -> None:
        click.echo(link)
        click.echo("Open this link (it works once). Ctrl-C ends the page.", err=True)
        if not no_browser:
            click.launch(link)

    def again(link: str) -> None:
        click.echo(f"{link}\nAnother link to the page, because it was asked for.", err=True)

    try:
        serve(home, settings, port=port, ready=ready, again=again, profile=profile, config=config)
    except OSError as exc:
        raise SettingsError(f"--port {port}: {exc.strerror or exc}; choose another") from None
    click.echo("Ended. What was not sent is kept; start the page again to continue.", err=True)
    return 0

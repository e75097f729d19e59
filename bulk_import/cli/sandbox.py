"""``bulk-import sandbox``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bulk_import.sandbox.faults import FaultPlan

_SHARE = click.FloatRange(0, 1)


@click.command("sandbox")
@click.option("--port", type=int, default=8017, show_default=True, help="0 = any free one.")
@click.option("--key", default=None, help="The key it accepts. [sandbox#key=1%+;2]")
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where contacts are kept. [in memory]",
)
@click.option("--latency-ms", type=float, default=0, help="Added to every answer.")
@click.option("--jitter-ms", type=float, default=0, help="Added at random.")
@click.option("--throttle", type=float, default=0, help="Requests per second that pass; 0 = all.")
@click.option(
    "--throttle-with",
    type=click.Choice(["429", "503", "8"]),
    default="429",
    show_default=True,
    help="How the others are turned away.",
)
@click.option(
    "--retry-after",
    type=click.Choice(["seconds", "date", "none", "junk", "huge"]),
    default="seconds",
    show_default=True,
    help="The form of Retry-After.",
)
@click.option("--retry-after-s", type=float, default=1, help="What Retry-After asks for.")
@click.option("--error-500", type=_SHARE, default=0, help="Share answered 500, nothing applied.")
@click.option("--error-502", type=_SHARE, default=0, help="Share applied and answered 502.")
@click.option("--html-200", type=_SHARE, default=0, help="Share answered with a web page.")
@click.option("--lost", type=_SHARE, default=0, help="Share applied and never answered.")
@click.option("--dropped", type=_SHARE, default=0, help="Share closed before anything is applied.")
@click.option("--refuse", type=_SHARE, default=0, help="Share refused with code 3.")
@click.option("--quota-after", type=int, default=0, help="After N requests, answers with code 8 …")
@click.option("--quota-burst", type=int, default=0, help="… that many times.")
@click.option("--fatal-after", type=int, default=0, help="After N requests, only fatal answers.")
@click.option("--fatal-code", type=int, default=4, show_default=True, help="Which code that is.")
@click.option(
    "--redirect",
    type=click.Choice(["0", "307", "308", "302"]),
    default="0",
    help="Redirect to the PascalCase method.",
)
@click.option("--code-as-text", is_flag=True, help="error_code as a string.")
@click.option("--no-result", is_flag=True, help="Answers without result.")
@click.option(
    "--close-every", type=int, default=0, help="Close the connection after every Nth answer."
)
@click.option("--activation", is_flag=True, help="Successes say that a mail was sent.")
@click.option(
    "--plan",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV file of faults: contact,attempt,fault,latency_ms; the same each time.",
)
@click.option("--seed", type=int, default=1, help="Of the chance in all this.")
def command(
    port: int, key: str | None, database: Path | None, plan: Path | None, **faults: Any
) -> int:
    """Serve a local stand-in for the API on 127.0.0.1 until Ctrl-C, and its contacts at /.

    It keeps contacts as the service does, counts every request, and misbehaves as told.
    """  # fmt: skip
    from bulk_import.errors import SettingsError
    from bulk_import.sandbox.app import DEFAULT_KEY
    from bulk_import.sandbox.faults import Faults
    from bulk_import.sandbox.server import run_sandbox

    faults["redirect"] = int(faults["redirect"])
    used_key = key or DEFAULT_KEY

    def ready(url: str) -> None:
        click.echo(url)
        click.echo(
            f"a sandbox is at {url} (open it in a browser); in another terminal:\n"
            f"  export INFLUENCERSOFT_API_KEY='{used_key}'\n"
            f"  bulk-import run contacts.xlsx -m mapping.yml --endpoint {url}",
            err=True,
        )

    try:
        run_sandbox(
            port=port,
            key=used_key,
            database=database,
            faults=Faults(**faults),
            plan=_loaded(plan) if plan else None,
            ready=ready,
        )
    except OSError as exc:
        raise SettingsError(f"--port {port}: {exc.strerror or exc}; choose another") from None
    return 0


def _loaded(path: Path) -> FaultPlan:
    from bulk_import.errors import SettingsError
    from bulk_import.sandbox.faults import FaultPlan

    plan = FaultPlan.load(path)
    if plan.has_places:
        raise SettingsError(
            f"--plan {path}: #3 is a place in a source, which `rehearse --plan` has; give e-mails here"
        )
    return plan

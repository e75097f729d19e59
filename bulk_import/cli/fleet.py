"""``bulk-import fleet``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulk_import.cli.terminal import plain
from bulk_import.errors import EXIT_INTERRUPTED, EXIT_TERMINATED

if TYPE_CHECKING:
    from bulk_import.jobs.fleet.outcome import FleetSummary
    from bulk_import.jobs.fleet.plan import Fleet
    from bulk_import.jobs.fleet.supervision import Interruption

_NAMES = {
    signal.SIGINT: ("Ctrl-C", EXIT_INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", EXIT_TERMINATED),
}


@click.command("fleet")
@click.argument("jobs", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="JOB", help="Run that job alone; may be repeated.")
@click.option("--accept", is_flag=True, help="Let the brakes of the jobs pass this once.")
@click.option("--plan", "is_plan", is_flag=True,
              help="Show what would be run, and start nothing.")  # fmt: skip
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path),
    help="Where each job has its folder, on a disk of the machine that runs it. [fleet/ beside JOBS]",
)  # fmt: skip
@click.option("--at-once", type=click.IntRange(1, 1000), default=8, show_default=True, metavar="N",
              help="Jobs at a time on this machine.")  # fmt: skip
@click.option(
    "--cluster", metavar="ADDRESS",
    help="Run the jobs on the workers of that dask scheduler. [workers on this machine]",
)  # fmt: skip
@click.option("--metrics-file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the outcome for Prometheus' textfile collector.")  # fmt: skip
@click.option("--notify", metavar="URL",
              help="Tell that address how the jobs ended: a webhook, or a service of Apprise.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The table as JSON on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress, no table.")
def command(
    jobs: Path,
    only: tuple[str, ...],
    accept: bool,
    is_plan: bool,
    home: Path | None,
    at_once: int,
    cluster: str | None,
    metrics_file: Path | None,
    notify: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the jobs of the file JOBS: each an ordinary run, sync or retag of one account.

    Jobs of one account run one after the other, accounts side by side. A job whose process or
    worker dies is started again and continues from its journal; the same command continues what
    was interrupted. Nobody is asked: syncs and retags have their brakes. The exit code is that of the
    job that needs you most.
    """
    from bulk_import.api.webhook import check_webhook
    from bulk_import.jobs.fleet.outcome import write_fleet_metrics
    from bulk_import.jobs.fleet.plan import load_fleet
    from bulk_import.jobs.fleet.supervision import FleetOptions, Interruption, run_fleet

    webhook = check_webhook(notify) if notify else ""
    fleet = load_fleet(jobs)
    _check_options(fleet)
    fleet = fleet.only(only)
    if accept:
        fleet = fleet.accepting()
    home = (home or jobs.parent / "fleet").absolute()
    if is_plan:
        _show_plan(fleet, home)
        return 0
    interruption = Interruption()

    def say(text: str) -> None:
        if not quiet:
            with suppress(OSError):
                click.echo(plain(text), err=True)

    with _listening(interruption):
        options = FleetOptions(home, cluster or "", at_once)
        summary = run_fleet(fleet, options, tell=say, interruption=interruption)
    _tell(summary, as_json=as_json, quiet=quiet)
    if metrics_file is not None:
        write_fleet_metrics(metrics_file, summary)
    _notify(summary, webhook, fleet)
    return summary.exit_code


def _check_options(fleet: Fleet) -> None:
    """Refuse options of jobs that their commands do not have, before anything starts."""
    import difflib
    import importlib

    from bulk_import.errors import SettingsError

    for job in fleet.jobs:
        found = importlib.import_module(f"bulk_import.cli.{job.kind}").command
        known = {name for param in found.params for name in (*param.opts, *param.secondary_opts)}
        for name, *_ in job.options:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0][2:]}?" if near else ""
                raise SettingsError(
                    f"{fleet.path}: jobs.{job.name}.options: {job.kind} has no {name}{hint}"
                )


def _show_plan(fleet: Fleet, home: Path) -> None:
    import shlex

    for job in fleet.jobs:
        parts = [
            job.kind,
            *job.arguments,
            *(text for o in (*job.shared, *job.options) for text in o),
        ]
        click.echo(f"{job.name}: bulk-import {plain(shlex.join(parts))}")
    accounts = len({job.account for job in fleet.jobs})
    click.echo(
        f"{len(fleet.jobs)} jobs of {accounts} accounts, in {home}; nothing was started", err=True
    )


def _tell(summary: FleetSummary, *, as_json: bool, quiet: bool) -> None:
    from bulk_import.jobs.fleet.outcome import as_text

    if as_json:
        import json

        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
    elif not quiet:
        for line in as_text(summary).splitlines():
            click.echo(plain(line))


def _notify(summary: FleetSummary, webhook: str, fleet: Fleet) -> None:
    """Tell the fleet's address, and those of jobs that have their own."""
    from bulk_import.api.webhook import notify

    messages = [("--notify", webhook, summary.as_json())] if webhook else []
    for end in summary.ends:
        if end.name in fleet.notify:
            message = end.as_json() | {"stopped": end.message}
            messages.append((f"notify of {end.name}", fleet.notify[end.name], message))
    for whose, url, message in messages:
        trouble = notify(url, message)
        if trouble:
            click.echo(f"{whose}: not delivered: {trouble}", err=True)


@contextmanager
def _listening(interruption: Interruption) -> Iterator[None]:
    """First signal: jobs finish what is in flight. Second: leave; the jobs follow by themselves."""

    def heard(number: int, _frame: object) -> None:
        name, code = _NAMES[signal.Signals(number)]
        if interruption.code:
            os.write(2, b"Stopped at once. Nothing is lost; run the same command to continue.\n")
            os._exit(code)
        interruption.reason = f"interrupted by {name}; run the same command to continue"
        interruption.code = code
        os.write(2, f"{name}: the jobs finish what is in flight (again: leave at once)\n".encode())

    before = {number: signal.signal(number, heard) for number in _NAMES}
    try:
        yield
    finally:
        sys.stderr.flush()
        for number, handler in before.items():
            signal.signal(number, handler)

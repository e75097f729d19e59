"""``bulk-import retag``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import account_options, sending_options, settings_from
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.jobs.retagging import RetagPlan, Segment

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SAMPLES = 3


@click.command("retag")
@click.argument("new", nargs=-1)
@click.option("--previous", multiple=True, metavar="OLD", help="The earlier list to compare with.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path),
              help="Compare with what earlier runs left here; made when missing.")  # fmt: skip
@click.option("--plan", "plan_file", type=_FILE,
              help="Several segments: a YAML file, segment -> source, tags and lists.")  # fmt: skip
@click.option("--segment", default="segment", help="The segment's name in the state.")
@click.option(
    "--add-tag", multiple=True, help="Who comes into the list gets it; who left loses it."
)
@click.option("--remove-tag", multiple=True, help="Who comes into the list loses it.")
@click.option("--add-to-list", multiple=True, help="As --add-tag, a list's id or title.")
@click.option("--remove-from-list", multiple=True, help="As --remove-tag, a list's id or title.")
@click.option("--max-contacts", type=click.IntRange(1), help="Stop if more would be touched.")
@click.option("--suppress", multiple=True, type=_FILE, help="A file of contacts never to send.")
@click.option("--dry-run", is_flag=True, default=None, help="Everything but the network.")
@click.option("--run-dir", type=click.Path(file_okay=False, path_type=Path),
              help="The run's folder. [a new one under runs/]")  # fmt: skip
@account_options
@sending_options
def command(
    new: tuple[str, ...],
    previous: tuple[str, ...],
    state: Path | None,
    plan_file: Path | None,
    segment: str,
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    add_to_list: tuple[str, ...],
    remove_from_list: tuple[str, ...],
    max_contacts: int | None,
    suppress: tuple[Path, ...],
    dry_run: bool | None,
    run_dir: Path | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    **options: Any,
) -> int:
    """Tag the people on the lists NEW…, and untag those who are no longer on them.

    No mapping is needed: the column with the addresses is found. Who is new gains, who is on OLD
    (or in the state) and not on NEW loses, who stays is not touched. The plan and its reverse are
    written into the run's folder before anything is sent.
    """
    from contextlib import ExitStack

    from bulk_import.cli.running import run_and_tell
    from bulk_import.errors import SettingsError, StoppedError
    from bulk_import.jobs.importing import import_file_async
    from bulk_import.jobs.retagging import plan_retag, remember, write_plan
    from bulk_import.jobs.state import State
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.models import Status, Summary
    from bulk_import.run.folder import new_run_dir
    from bulk_import.system.crash import working_in
    from bulk_import.system.files import made_folder
    from bulk_import.system.locks import hold

    if plan_file is not None and new:
        raise SettingsError("NEW and --plan exclude each other: the plan names its lists")
    segments = (
        _from_plan(plan_file)
        if plan_file is not None
        else _from_options(
            segment, new, previous, add_tag, remove_tag, add_to_list, remove_from_list
        )
    )
    with ExitStack() as stack:
        opened = None
        if state is not None:
            stack.enter_context(hold(state.with_name(f"{state.name}.lock"), f"the state {state}"))
            opened = stack.enter_context(State.open(state))
        plan = plan_retag(segments, opened)
        _show(plan)
        if not plan.calls and not plan.refused:
            click.echo("nothing to send", err=True)
            return 0
        if max_contacts is not None and len(plan.calls) > max_contacts:
            raise StoppedError(
                f"{len(plan.calls):,} contacts would be touched, --max-contacts allows "
                f"{max_contacts:,}; nothing was sent"
            )
        folder = made_folder(run_dir or new_run_dir("retag"))
        working_in(folder)
        source, mapping = write_plan(folder, plan, suppress)
        click.echo(f"the plan: {source}; its reverse: {folder / 'reverse.csv'}", err=True)
        settings = settings_from(run_dir=folder, dry_run=dry_run, **options)

        def after(summary: Summary) -> None:
            if opened is not None and not summary.dry_run and summary.counts[Status.SUCCESS]:
                remember(folder, plan, opened)

        return run_and_tell(
            lambda confirm, progress, stop: import_file_async(
                str(source), load_mapping(mapping), settings,
                confirm=confirm, progress=progress, stop=stop,
            ),
            yes=yes, as_json=as_json, quiet=quiet, log_file=log_file, after=after,
        )  # fmt: skip


def _from_plan(path: Path) -> dict[str, Segment]:
    from bulk_import.jobs.retagging import load_plan

    return load_plan(path)


def _from_options(
    name: str,
    new: tuple[str, ...],
    previous: tuple[str, ...],
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    add_to_list: tuple[str, ...],
    remove_from_list: tuple[str, ...],
) -> dict[str, Segment]:
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.retagging import Segment

    if not new:
        raise SettingsError("name a list, or --plan FILE")
    segment = Segment(
        source=new, previous=previous, add_tags=add_tag, remove_tags=remove_tag,
        add_to_lists=add_to_list, remove_from_lists=remove_from_list,
    )  # fmt: skip
    if not segment.changes():
        raise SettingsError("give --add-tag, --remove-tag, --add-to-list or --remove-from-list")
    return {name: segment}


def _show(plan: RetagPlan) -> None:
    from bulk_import.jobs.retagging import totals

    for name, found in plan.differences.items():
        click.echo(
            f"{plain(name)}: {len(found.gains):,} gain, {len(found.loses):,} lose, "
            f"{found.stays:,} stay",
            err=True,
        )
        for what, emails in (("gain", found.gains), ("lose", found.loses)):
            if emails:
                more = f" and {len(emails) - _SAMPLES:,} more" if len(emails) > _SAMPLES else ""
                click.echo(f"  {what}: {plain(', '.join(emails[:_SAMPLES]))}{more}", err=True)
        if found.refused:
            click.echo(
                f"  no address: {plain(', '.join(found.refused[:_SAMPLES]))} "
                f"({len(found.refused):,} in all; the report names them)",
                err=True,
            )
    for parameter, counts in totals(plan).items():
        shown = ", ".join(f"{value} ({number:,})" for value, number in counts.most_common(10))
        click.echo(f"  {parameter}: {plain(shown)}", err=True)
    click.echo(f"{len(plan.calls):,} contacts, one call each", err=True)

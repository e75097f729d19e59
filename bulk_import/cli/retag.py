"""``bulk-import retag``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import account_options, sending_options, settings_from, source_argument
from bulk_import.cli.telling import telling, terminable
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.cli.asking import Person
    from bulk_import.jobs.members import Choose
    from bulk_import.jobs.segments import RetagPlan, Segment
    from bulk_import.jobs.state import State

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SAMPLES = 3


@click.command("retag")
@source_argument("new", is_required=False)
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
@click.option("--column", help="The column with the addresses. [the contacts' own]")
@click.option("--sheet", help="The sheet of workbooks.")
@click.option("--max-lose", type=click.FloatRange(0, 1), default=0.3, show_default=True,
              help="The brake: share of a segment that may lose at once.")  # fmt: skip
@click.option("--accept", is_flag=True,
              help="Let the brake pass, and take from people whose cells may only be damaged.")  # fmt: skip
@click.option("--ignore-consent", is_flag=True,
              help="Tag people too whose row or sheet says no.")  # fmt: skip
@click.option("--max-contacts", type=click.IntRange(1), help="Stop if more would be touched.")
@click.option("--suppress", multiple=True, type=_FILE, help="A file of contacts never to send.")
@click.option("--dry-run", is_flag=True, default=None, help="Everything but the network.")
@click.option("--run-dir", type=click.Path(file_okay=False, path_type=Path),
              help="The run's folder. [a new one under runs/]")  # fmt: skip
@account_options
@sending_options
@telling("retag")
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
    column: str | None,
    sheet: str | None,
    max_lose: float,
    accept: bool,
    ignore_consent: bool,
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
    from bulk_import.cli.asking import NOBODY, can_ask, person
    from bulk_import.cli.running import run_and_tell
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.retagging import compare, segment_state, send_plan
    from bulk_import.jobs.segments import brake

    if plan_file is not None and new:
        raise SettingsError("NEW and --plan exclude each other: the plan names its lists")
    segments = (
        _from_plan(plan_file, column, sheet, ignore_consent=ignore_consent)
        if plan_file is not None
        else _from_options(
            segment, source=new, previous=previous, column=column, sheet=sheet, add_tags=add_tag,
            remove_tags=remove_tag, add_to_lists=add_to_list, remove_from_lists=remove_from_list,
            ignore_consent=ignore_consent,
        )
    )  # fmt: skip
    settings = settings_from(run_dir=run_dir, dry_run=dry_run, **options)
    with segment_state(state, settings) as opened, ExitStack() as stack:
        with person() as somebody, terminable():
            asked = None if yes else somebody
            segments = _known_names(segments, opened, asked)
            choose = None if asked is None else _chooser(asked)
            plan = stack.enter_context(compare(segments, opened, accept=accept, choose=choose))
        _show(plan)
        _show_kept_back(plan, suppress)
        brake(plan, max_lose=max_lose, accept=accept, max_contacts=max_contacts)
        if plan.is_empty:
            asyncio.run(send_plan(plan, opened, settings))
            click.echo("nothing to send", err=True)
            return 0
        if not yes and not settings.dry_run and not can_ask():
            raise SettingsError(NOBODY)
        return run_and_tell(
            lambda confirm, progress, stop: send_plan(
                plan, opened, settings, suppress=suppress, confirm=confirm, progress=progress, stop=stop
            ),
            yes=yes or settings.dry_run, as_json=as_json, quiet=quiet, log_file=log_file,
        )  # fmt: skip


def _known_names(
    segments: dict[str, Segment], state: State | None, somebody: Person | None
) -> dict[str, Segment]:
    """Ask about a segment that the state knows by a name of other case; without anybody, keep it."""
    from bulk_import.jobs.memberships import segment_names
    from bulk_import.jobs.retagging import similar_name

    known = segment_names(state) if state is not None and somebody is not None else []
    found: dict[str, Segment] = {}
    for name, segment in segments.items():
        near = similar_name(name, known)
        if near and somebody is not None and somebody.confirms(
            f"The state has the segment {plain(near)!r}, not {plain(name)!r}. Is {plain(near)!r} meant?"
        ):  # fmt: skip
            name = near
        found[name] = segment
    return found


def _chooser(somebody: Person) -> Choose:
    def choose(question: str, columns: Sequence[str]) -> str | None:
        somebody.say(plain(question))
        chosen = somebody.chooses("Which column?", columns)
        return None if chosen is None else columns[chosen]

    return choose


def _from_plan(
    path: Path, column: str | None, sheet: str | None, *, ignore_consent: bool
) -> dict[str, Segment]:
    from bulk_import.jobs.segments import load_plan

    return {
        name: segment.model_copy(
            update={
                "column": column or segment.column,
                "sheet": sheet or segment.sheet,
                "ignore_consent": ignore_consent or segment.ignore_consent,
            }
        )
        for name, segment in load_plan(path).items()
    }


def _from_options(name: str, **values: Any) -> dict[str, Segment]:
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.segments import Segment

    if not values["source"]:
        raise SettingsError("name a list, or --plan FILE")
    segment = Segment.made(**values)
    if not segment.changes():
        raise SettingsError("give --add-tag, --remove-tag, --add-to-list or --remove-from-list")
    return {name: segment}


def _show(plan: RetagPlan) -> None:
    for name, found in plan.differences.items():
        for read in found.read:
            click.echo(f"{plain(name)}: read {plain(read)}", err=True)
        click.echo(
            f"{plain(name)}: {len(found.gains):,} gain, {len(found.loses):,} lose, "
            f"{found.stays:,} stay",
            err=True,
        )
        for what, emails in (("gain", found.gains), ("lose", found.loses)):
            if emails:
                click.echo(f"  {what}: {_some(emails)}", err=True)
        if found.unsure:
            click.echo(f"  not an address: {_some(found.unsure)}", err=True)
        if found.said_no:
            click.echo(
                f"  left alone, because the row says no ({len(found.said_no):,}): "
                f"{_some(found.said_no)} (--ignore-consent tags them anyway)",
                err=True,
            )
        if found.held:
            click.echo(
                f"  not on the new list, but nothing is taken from them ({len(found.held):,}): "
                f"{_some(found.held)}; {plain(next(iter(found.held.values())))} "
                "(--accept takes it anyway)",
                err=True,
            )
    for parameter, counts in plan.calls.totals().items():
        shown = ", ".join(f"{value} ({number:,})" for value, number in counts.most_common(10))
        click.echo(f"  {parameter}: {plain(shown)}", err=True)
    calls = len(plan.calls)
    click.echo(f"{calls:,} call{'' if calls == 1 else 's'}, one for each contact", err=True)


def _show_kept_back(plan: RetagPlan, files: Sequence[Path]) -> None:
    from bulk_import.jobs.keeping_back import kept_back
    from bulk_import.mapping.schema import SuppressSpec
    from bulk_import.mapping.suppression import SuppressionList

    if not files:
        return
    listed = SuppressionList.load([(file, SuppressSpec(file=str(file))) for file in files])
    kept = kept_back(plan, listed, _SAMPLES)
    if kept.emails:
        more = f" and {len(kept) - len(kept.shown):,} more" if len(kept) > len(kept.shown) else ""
        click.echo(
            f"  of these, on a suppression list and not written to ({len(kept):,}): "
            f"{plain(', '.join(kept.shown))}{more}",
            err=True,
        )


def _some(found: Collection[object]) -> str:
    more = f" and {len(found) - _SAMPLES:,} more" if len(found) > _SAMPLES else ""
    return f"{plain(', '.join(map(str, islice(found, _SAMPLES))))}{more}"

"""``bulk-import init``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulk_import.cli.options import source_argument
from bulk_import.cli.terminal import is_interactive, plain

if TYPE_CHECKING:
    from bulk_import.jobs.proposing import Proposed
    from bulk_import.sources import SourceOptions

_FIELD_OF = {"email_column": "lead_email", "tags": "add_tags", "lists": "add_to_lists"}


@click.command("init")
@source_argument(is_one=True, is_required=False)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the mapping goes. [stdout; on a terminal SOURCE.yml]",
)  # fmt: skip
@click.option("--preset", metavar="NAME", help="Whose export it is; `--preset list` lists them.")
@click.option("--sheet", help="The sheet of a workbook.")
@click.option(
    "--header-row", type=click.IntRange(min=0), help="The row with the columns' names; 0: none."
)
@click.option("--encoding", help="Of a text file, such as cp1251.")
@click.option("--delimiter", help="Of a text file: one character, or tab.")
@click.option("--email-column", metavar="COLUMN", help="The contacts' own e-mail address.")
@click.option("--region", metavar="CC", help="Country of phone numbers without a code, or none.")
@click.option("--tags", metavar="COLUMN", help="Send this column as tags; none: no tags.")
@click.option("--lists", metavar="COLUMN", help="Send this column as lists; none: no lists.")
@click.option("--update", is_flag=True, help="Add what is new to the mapping in -o; keep the rest.")
@click.option("--force", is_flag=True, help="Replace the file in -o.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
def command(
    source: str | None,
    output: Path | None,
    preset: str | None,
    sheet: str | None,
    header_row: int | None,
    encoding: str | None,
    delimiter: str | None,
    email_column: str | None,
    region: str | None,
    tags: str | None,
    lists: str | None,
    update: bool,
    force: bool,
    yes: bool,
) -> int:
    """Look at SOURCE and propose a mapping, with how certain it is and why.

    On a terminal it asks what is not certain; every answer can be given by an option as well.
    Without SOURCE, --preset prints the mapping of a product. Exit code 1 if something has to be
    decided before anything can be sent.
    """
    from bulk_import.errors import SettingsError
    from bulk_import.sources import SourceOptions

    if preset == "list":
        return _list_presets()
    if source is None:
        return _write_preset(preset, output, force=force)
    if update and output is None:
        raise SettingsError("--update needs the mapping that it adds to: -o FILE")
    if update and force:
        raise SettingsError("--update adds to the mapping, --force replaces it: give one of them")
    _refuse_existing(output, is_allowed=force or update)
    options = SourceOptions(
        sheet=sheet, header_row=header_row, encoding=encoding, delimiter=delimiter
    )
    answers = {"email_column": email_column, "region": region, "tags": tags, "lists": lists}
    if is_interactive() and not yes:
        from bulk_import.cli.wizard import Wizard

        proposed = Wizard(source, options, answers, preset).proposed()
        output = output or Path(f"{Path(source).stem}.yml")
        _refuse_existing(output, is_allowed=force or update)
    else:
        proposed = _proposed(source, options, answers, preset)
    return _finish(proposed, output, update=update, force=force)


def _proposed(
    source: str, options: SourceOptions, answers: dict[str, str | None], preset: str | None
) -> Proposed:
    from bulk_import.jobs.proposing import propose, try_losses

    proposed = propose(source, options, preset=preset)
    for problem in proposed.problems:
        click.echo(f"{source}: {plain(str(problem))}", err=True)
    if apply_answers(proposed, answers):
        try_losses(proposed)
    return proposed


def apply_answers(proposed: Proposed, answers: dict[str, str | None]) -> bool:
    """Take over what was given by options; return whether there was any."""
    from bulk_import.mapping.suggesting.choosing import choose_column, choose_region

    given = {name: answer for name, answer in answers.items() if answer is not None}
    for name, answer in given.items():
        if name == "region":
            choose_region(proposed.proposal, answer)
        else:
            choose_column(proposed.proposal, _FIELD_OF[name], answer, proposed.header)
    return bool(given)


def _finish(proposed: Proposed, output: Path | None, *, update: bool, force: bool) -> int:
    from bulk_import.jobs.proposing import update_mapping, write_mapping

    source = proposed.source
    if output is None:
        click.echo(proposed.text(), nl=False)
    elif update and output.exists():
        added = update_mapping(output, proposed.proposal)
        for line in added:
            click.echo(f"added {plain(line)}", err=True)
        click.echo(f"{output}: {len(added)} lines added, nothing else changed", err=True)
    else:
        write_mapping(output, proposed.text(output.parent), force=force or update)
        for name, rows in proposed.proposal.dropped.items():
            found = proposed.proposal.fields.get(name, ())
            columns = ", ".join(one.column for one in found) or name
            click.echo(
                f"{plain(columns)}: {rows:,} of the {proposed.proposal.rows:,} rows looked at would go "
                f"without {name}; check says why, and what keeps it",
                err=True,
            )
        command = shlex.join(["bulk-import", "check", source, "-m", str(output)])
        click.echo(f"{output} is written. Next:\n  {command}", err=True)
    for question in proposed.proposal.questions:
        click.echo(f"to decide: {plain(question)}", err=True)
    return 1 if proposed.proposal.questions else 0


def _refuse_existing(output: Path | None, *, is_allowed: bool) -> None:
    """Say it before anybody has answered questions in vain."""
    from bulk_import.errors import SettingsError

    if output is not None and output.exists() and not is_allowed:
        raise SettingsError(
            f"{output}: is there already; --update adds what is new to it, --force replaces it"
        )


def _list_presets() -> int:
    from bulk_import.mapping.suggesting.products import known_products, preset_names

    known = known_products()
    for name in preset_names():
        title = known[name].title if name in known else f"mappings/{name}.yml"
        click.echo(f"{name:22}{title}")
    return 0


def _write_preset(preset: str | None, output: Path | None, *, force: bool) -> int:
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.proposing import preset_mapping, write_mapping

    if preset is None:
        raise SettingsError("name the spreadsheet, or a product with --preset NAME")
    text = preset_mapping(preset)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_mapping(output, text, force=force)
        click.echo(f"{output} is written", err=True)
    return 0

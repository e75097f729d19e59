"""``bulk-import init``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulk_import.cli.terminal import is_interactive, plain

if TYPE_CHECKING:
    from bulk_import.mapping.suggesting import Proposal


@click.command("init")
@click.argument("source")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the mapping goes; never over a file that is there. [stdout]",
)  # fmt: skip
@click.option("--sheet", help="The sheet of a workbook.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask about doubtful columns.")
def command(source: str, output: Path | None, sheet: str | None, yes: bool) -> int:
    """Look at SOURCE and propose a mapping, with how sure it is and why.

    Exit code 1 if something has to be decided before anything can be sent.
    """
    from bulk_import.errors import SettingsError, StorageError
    from bulk_import.mapping.suggesting import as_yaml, suggest
    from bulk_import.sources import SourceOptions, open_source

    if output is not None and output.exists():
        raise SettingsError(f"{output}: is there already; name another file")
    with open_source(source, SourceOptions(sheet=sheet)) as opened:
        for problem in opened.problems:
            click.echo(f"{opened.name}: {plain(str(problem))}", err=True)
        proposal = suggest(opened.header, opened)
    if is_interactive() and not yes:
        _ask(proposal)
    text = as_yaml(proposal, source)
    questions = list(proposal.questions)
    if sheet:
        text = text.replace("version: 1\n", f"version: 1\n\nsource:\n  sheet: {sheet!r}\n", 1)
    if output is None:
        click.echo(text, nl=False)
    else:
        # The samples in it are people's data.
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with os.fdopen(os.open(output, flags, 0o600), "wb") as file:
                file.write(text.encode())
        except OSError as exc:
            raise StorageError(f"{output}: cannot be written: {exc.strerror or exc}") from exc
        click.echo(f"{output} is written; next: bulk-import check {source} -m {output}", err=True)
    for question in questions:
        click.echo(f"to decide: {question}", err=True)
    return 1 if questions else 0


def _ask(proposal: Proposal) -> None:
    """Ask about the columns that the proposal is not sure of."""
    from bulk_import.mapping.suggesting import SURE

    for name, found in list(proposal.fields.items()):
        for suggestion in list(found):
            if suggestion.confidence >= SURE:
                continue
            samples = " | ".join(map(plain, suggestion.samples))
            question = f"Send column {plain(suggestion.column)!r} ({samples}) as {name}?"
            if not click.confirm(question, default=True, err=True):
                found.remove(suggestion)
                proposal.unmapped.append(suggestion)
        if not found:
            del proposal.fields[name]

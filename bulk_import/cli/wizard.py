"""The questions of ``init`` on a terminal: only what is in doubt, and what no option has answered."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bulk_import.cli.asking import counted
from bulk_import.cli.terminal import plain
from bulk_import.models import Status

if TYPE_CHECKING:
    from bulk_import.jobs.proposing import Proposed
    from bulk_import.mapping.suggesting import Suggestion
    from bulk_import.sources import SourceOptions

_DOUBTFUL = 0.45  # from here on an idea is worth a question
_MOST_CHOICES = 20
_SAMPLES = 3
_REASONS = 4


class Wizard:
    """One conversation about one spreadsheet.

    Args:
        answers: Given by options: ``email_column``, ``region``, ``tags``, ``lists``.
    """

    def __init__(
        self,
        source: str,
        options: SourceOptions,
        answers: Mapping[str, str | None],
        preset: str | None,
    ) -> None:
        self._source = source
        self._options = options
        self._answers = dict(answers)
        self._preset = preset

    def proposed(self) -> Proposed:
        """Ask, and return the proposal with the answers in it; then say what a check finds."""
        from bulk_import.cli.init import apply_answers
        from bulk_import.jobs.proposing import propose, try_losses

        self._ask_sheet()
        proposed = propose(self._source, self._options, preset=self._preset)
        if self._ask_encoding(proposed) or self._ask_header(proposed):
            proposed = propose(self._source, self._options, preset=self._preset)
        apply_answers(proposed, self._answers)
        self._tell_product(proposed)
        self._ask_email(proposed)
        self._ask_doubtful(proposed)
        self._ask_region(proposed)
        self._ask_off(proposed, "tags", "add_tags")
        self._ask_off(proposed, "lists", "add_to_lists")
        try_losses(proposed)
        self._tell_check(proposed)
        return proposed

    # -- the file ---------------------------------------------------------------------------------

    def _ask_sheet(self) -> None:
        from bulk_import.sources import sheet_names

        if self._options.sheet is not None:
            return
        names = sheet_names(self._source, self._options.member)
        if len(names) > 1:
            say(f"{self._source} has {len(names)} sheets.")
            self._options = replace(self._options, sheet=names[choose("Which one?", names)])

    def _ask_encoding(self, proposed: Proposed) -> bool:
        """Show what the guessed encoding makes of the file; return whether it has to be read again."""
        is_guessed = any(problem.code == "ENCODING_GUESSED" for problem in proposed.problems)
        if self._options.encoding is not None or not is_guessed:
            return False
        cells = [cell for row in proposed.rows for cell in row.cells.values() if not cell.isascii()]
        for cell in list(dict.fromkeys(cells))[:_SAMPLES]:
            say(f"  {shown(cell, 60)}")
        if confirm(
            f"The file is not UTF-8; it was read as {proposed.encoding}. Is that right?",
            default=True,
        ):
            return False
        encoding = click.prompt("Which encoding (such as cp1251, cp1252, mac_roman)?", err=True)
        self._options = replace(self._options, encoding=encoding)
        return True

    def _ask_header(self, proposed: Proposed) -> bool:
        """The header is in doubt when lines stand above it."""
        if self._options.header_row is not None or proposed.header_row == 1:
            return False
        columns = ", ".join(proposed.header)
        say(f"The header is in row {proposed.header_row}: {shown(columns, 200)}")
        row = click.prompt(
            "In which row are the columns' names?", default=proposed.header_row,
            type=click.IntRange(min=1), err=True,
        )  # fmt: skip
        self._options = replace(self._options, header_row=row)
        return bool(row != proposed.header_row)

    # -- the columns ------------------------------------------------------------------------------

    def _tell_product(self, proposed: Proposed) -> None:
        product = proposed.proposal.product
        if product is not None and self._preset is None:
            say(f"This is an export from {product.title}.")
        if proposed.proposal.fields:
            say("What is certain enough to be sent (field <- column):")
        for name, found in proposed.proposal.fields.items():
            say(f"  {titled(name)} <- {shown(', '.join(s.column for s in found), 50)}")
        for rule in proposed.proposal.rules:
            which = "Only rows are sent where" if rule.section == "only" else "Rows stay out where"
            values = shown(", ".join(rule.values), 60)
            say(f"{which} {shown(rule.column, 40)!r} is one of: {values}.")

    def _ask_email(self, proposed: Proposed) -> None:
        from bulk_import.mapping.suggesting.choosing import NONE, choose_column

        address = proposed.proposal.address
        if self._answers["email_column"] is not None or not address.question:
            return
        say(address.question)
        candidates = [one.column for one in (*address.own, *address.rivals, *address.foreign)]
        names = candidates or list(proposed.header)
        number = choose("Which column?", [*names, "none of them"])
        column = names[number] if number < len(names) else NONE
        choose_column(proposed.proposal, "lead_email", column, proposed.header)

    def _ask_doubtful(self, proposed: Proposed) -> None:
        from bulk_import.mapping.suggesting.choosing import accept

        for suggestion in list(proposed.proposal.unmapped):
            is_open = suggestion not in proposed.proposal.off and suggestion.field
            if not is_open or suggestion.confidence < _DOUBTFUL or suggestion.why == "chosen":
                continue
            if suggestion.field in proposed.proposal.fields:
                continue  # another column has it
            self._show(suggestion)
            if confirm(f"Send it as {titled(suggestion.field)}?", default=False):
                accept(proposed.proposal, suggestion)

    def _ask_region(self, proposed: Proposed) -> None:
        from bulk_import.errors import SetupError
        from bulk_import.mapping.suggesting.choosing import choose_region

        region = proposed.proposal.region
        if self._answers["region"] is not None or region is None or region.is_active:
            return
        say(
            "Some phone numbers have no country code, and nothing says which country they are of. "
            f"{region.share:.0%} would exist in {region.code}; {region.why}."
        )
        while True:
            answer = click.prompt("Two letters of the country, or none?", default="none", err=True)
            try:
                choose_region(proposed.proposal, answer.strip())
            except SetupError as exc:
                say(str(exc))
            else:
                return

    def _ask_off(self, proposed: Proposed, option: str, field: str) -> None:
        from bulk_import.mapping.suggesting.choosing import choose_column

        if self._answers[option] is not None:
            return
        for suggestion in [s for s in proposed.proposal.off if s.field == field]:
            self._show(suggestion)
            say(f"New {option} can start e-mail series.")
            if confirm(f"Send this column as {option}?", default=False):
                choose_column(proposed.proposal, field, suggestion.column, proposed.header)
                return

    def _show(self, suggestion: Suggestion) -> None:
        say(f"Column {shown(suggestion.column, 50)!r}: {suggestion.why}")
        for sample in suggestion.samples:
            say(f"  {shown(sample, 60)}")

    # -- the end ----------------------------------------------------------------------------------

    def _tell_check(self, proposed: Proposed) -> None:
        from bulk_import.errors import SetupError
        from bulk_import.jobs.checking import check_file
        from bulk_import.mapping.loading import parse_mapping

        try:
            checked = check_file(self._source, parse_mapping(proposed.text(), "the proposal"))
        except SetupError as exc:
            say(f"Not ready to be sent: {exc}")
            return
        plan = checked.plan
        say(f"{plan.rows_read:,} rows read; {plan.to_send:,} would be sent.")
        for status, number in plan.counts.items():
            why = plan.reasons.get(status, {}) if status is not Status.INVALID else {}
            say(f"  {number:,} {status.value}" + (f": {counted(why, _REASONS)}" if why else ""))
        for cause in checked.causes:
            if cause.is_error:
                where = f" in column {cause.column}" if cause.column else ""
                say(f"  {cause.rows:,} x {cause.code}{where}")


def titled(field: str) -> str:
    """How questions call a field: ``whole name``, ``e-mail``."""
    from bulk_import.api.fields import FIELDS
    from bulk_import.mapping.suggesting import FULL_NAME

    if field == FULL_NAME:
        return "whole name, split into its parts"
    return FIELDS[field].title


def shown(text: str, width: int) -> str:
    """Return *text* on one line and not wider than *width*."""
    return textwrap.shorten(plain(text), width, placeholder="…") or plain(text)[:width]


def say(text: str) -> None:
    """Print to stderr, wrapped to the terminal; continued lines are indented like the first."""
    width = min(shutil.get_terminal_size().columns, 100) - 1
    indent = " " * (len(text) - len(text.lstrip()))
    for line in textwrap.wrap(
        plain(text), width, subsequent_indent=indent, drop_whitespace=True,
        replace_whitespace=False, break_long_words=True,
    ) or [""]:  # fmt: skip
        click.echo(line, err=True)


def confirm(question: str, *, default: bool) -> bool:
    """Ask for a yes or a no; the question is wrapped, its answer stands on the last line."""
    *lines, last = _wrapped(question, len(" [Y/n]: "))
    for line in lines:
        click.echo(line, err=True)
    return click.confirm(last, default=default, err=True)


def choose(question: str, names: Sequence[str]) -> int:
    """Number the *names*, ask for one, return its position."""
    for number, name in enumerate(names[:_MOST_CHOICES], 1):
        say(f"  {number:2}  {shown(name, 60)}")
    offered = min(len(names), _MOST_CHOICES)
    answer: int = click.prompt(question, type=click.IntRange(1, offered), err=True)
    return answer - 1


def _wrapped(text: str, reserved: int) -> list[str]:
    width = min(shutil.get_terminal_size().columns, 100) - 1 - reserved
    return textwrap.wrap(plain(text), width) or [""]

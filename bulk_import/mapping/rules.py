"""``skip`` and ``only``: the cells that decide whether a row may be sent at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.mapping.consent import EMPTY, SAYS_NO, words_say_no
from bulk_import.mapping.schema import RowRule
from bulk_import.models import Problem
from bulk_import.normalize.consent import folded_cell
from bulk_import.sources.remnants import ERROR_VALUES

# A row that is refused by one of these may be of somebody who said no: no other row of the contact
# is sent either.
MAY_SAY_NO = ("EMAIL_SAYS_NO", "RULE_UNREADABLE")


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule, bound to the columns of the file that it names, which is mostly one.

    Of several, every filled cell is looked at: a rule is not to miss a no because another column
    comes first. The cells are empty when all of them are.

    Attributes:
        section: ``skip`` or ``only``.
        values: Folded cells; ``""`` for an empty one, ``says no`` for any whose words say so.
    """

    section: str
    columns: tuple[str, ...]
    values: frozenset[str]
    because: str

    @classmethod
    def bind(cls, section: str, rule: RowRule, columns: tuple[str, ...]) -> BoundRule:
        folded = {folded_cell(value) for value in rule.values}
        if EMPTY in folded:
            folded.add("")
        return cls(section, columns, frozenset(folded), rule.because)

    def damage(self, cells: Mapping[str, str]) -> Problem | None:
        """Return the problem of a cell that shows a spreadsheet's error: it decides nothing."""
        for column in self.columns:
            cell = cells[column].strip()
            if cell.startswith("#") and cell.upper() in ERROR_VALUES:
                return self._damage(column, cell)
        return None

    def _damage(self, column: str, cell: str) -> Problem:
        message = Message(
            "{cell} stands where the {section} rule looks; repair the cell",
            cell=cell,
            section=self.section,
        )
        return Problem("CELL_ERROR", message, column=column, value=cell)

    def unreadable(self) -> Problem:
        """Return what a damaged cell means for the row and for the others of its contact."""
        why = Message(" ({because})", because=Message.of(self.because)) if self.because else ""
        message = Message(
            "the {section} rule{why} cannot be decided, so the contact is not sent",
            section=self.section,
            why=why,
        )
        return Problem("RULE_UNREADABLE", message, column=self.columns[0])

    def refusal(self, cells: Mapping[str, str]) -> Problem | None:
        """Return why the row may not be sent; ``None`` when this rule lets it pass."""
        filled = [column for column in self.columns if cells[column].strip()]
        found = (self._refusal(column, cells[column]) for column in filled or self.columns[:1])
        return next(filter(None, found), None)

    def _refusal(self, column: str, cell: str) -> Problem | None:
        is_named = folded_cell(cell) in self.values or (
            SAYS_NO in self.values and words_say_no(column, cell)
        )
        if is_named is (self.section == "only"):
            return None
        shown = " ".join(cell.split())
        found = Message("{cell!r}", cell=shown) if shown else Message("empty")
        why = Message(": {because}", because=Message.of(self.because)) if self.because else ""
        message = Message(
            "{found} ({section}{why})", found=found, section=Message(self.section), why=why
        )
        return Problem("SKIPPED", message, column=column, value=cell)

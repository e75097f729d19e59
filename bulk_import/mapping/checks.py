"""``checks``: what a mapping's author demands of cells and values; a row that fails one is refused.

Patterns run in the engine of Rust's regex crate, which pydantic brings along: it has no look-around and
no backreferences, and no pattern makes it take more than time proportional to the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from bulk_import.errors import Message
from bulk_import.mapping.schema import Check
from bulk_import.models import Problem
from bulk_import.normalize.consent import folded_cell
from bulk_import.sources.remnants import ERROR_VALUES

LONGEST_PATTERN = 1000  # characters; the engine refuses what compiles to more than 10 MB
_SHOWN = 60  # characters of a cell in a message
_VALUES_SHOWN = 10


class Pattern:
    """A regular expression that a whole text has to match.

    Raises:
        ValueError: It is none, or needs what the engine does not have.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            raise ValueError(
                Message(
                    "a pattern has at most {longest_pattern:,} characters",
                    longest_pattern=LONGEST_PATTERN,
                )
            )
        whole = Annotated[str, StringConstraints(pattern=rf"\A(?:{text})\z")]
        try:
            self._adapter = TypeAdapter[str](whole)
        except SchemaError as exc:
            reason = str(exc).strip().splitlines()[-1].strip()
            raise ValueError(
                Message(
                    "not a regular expression that can be used: {reason}",
                    reason=reason.removeprefix("error: "),
                )
            ) from None

    def matches(self, text: str) -> bool:
        """Whether all of *text* has the form."""
        try:
            self._adapter.validate_python(text)
        except ValidationError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check, bound to a column of the file or to a field.

    Attributes:
        number: Its place in the mapping.
        column: Where a message points; empty for a field that no column feeds.
        one_of: Folded values that are allowed; empty = any.
    """

    number: int
    check: Check
    column: str
    pattern: Pattern | None
    one_of: frozenset[str]

    @classmethod
    def bind(cls, number: int, check: Check, column: str) -> BoundCheck:
        pattern = None if check.pattern is None else Pattern(check.pattern)
        return cls(number, check, column, pattern, frozenset(map(folded_cell, check.one_of)))

    def damage(self, cells: Mapping[str, str]) -> Problem | None:
        """Return the problem of a cell that shows a spreadsheet's error: it can satisfy nothing."""
        cell = cells[self.column].strip() if not self.check.field else ""
        if not cell.startswith("#") or cell.upper() not in ERROR_VALUES:
            return None
        message = Message("{cell} stands where a check looks; correct the cell", cell=cell)
        return Problem("CELL_ERROR", message, column=self.column, value=cell)

    def problems(self, cells: Mapping[str, str], values: Mapping[str, str]) -> Iterator[Problem]:
        """Yield what is wrong with a row.

        Args:
            values: What would be sent: parameter -> value.
        """
        text = self._text(cells, values)
        if not text:
            if self.check.require:
                yield self._problem("VALUE_REQUIRED", Message("is empty, and must not be"), text)
            return
        if self.pattern is not None and not self.pattern.matches(text):
            what = Message(
                "{short} does not have the form {pattern}",
                short=_short(text),
                pattern=self.check.pattern,
            )
            yield self._problem("VALUE_PATTERN", what, text)
        if self.one_of and not self._is_listed(text):
            allowed = ", ".join(self.check.one_of[:_VALUES_SHOWN])
            more = ", …" if len(self.check.one_of) > _VALUES_SHOWN else ""
            what = Message(
                "{short} is not one of {allowed}{more}",
                short=_short(text),
                allowed=allowed,
                more=more,
            )
            yield self._problem("VALUE_NOT_LISTED", what, text)

    def key(self, cells: Mapping[str, str], values: Mapping[str, str]) -> str:
        """Return what must not come twice; ``""`` for nothing."""
        return folded_cell(self._text(cells, values)) if self.check.unique else ""

    def twice(self, rows: str, cells: Mapping[str, str], values: Mapping[str, str]) -> Problem:
        """Return the problem of a value that *rows* have too."""
        text = self._text(cells, values)
        return self._problem(
            "VALUE_TWICE", Message("{short} is in {rows} too", short=_short(text), rows=rows), text
        )

    def _text(self, cells: Mapping[str, str], values: Mapping[str, str]) -> str:
        if self.check.field:
            return values.get(self.check.field, "")
        return cells[self.column].strip()

    def _is_listed(self, text: str) -> bool:
        if self.check.field in ("add_tags", "remove_tags", "add_to_lists", "remove_from_lists"):
            return all(folded_cell(part) in self.one_of for part in text.split(","))
        return folded_cell(text) in self.one_of

    def _problem(self, code: str, message: str, value: str) -> Problem:
        because = self.check.because
        why = Message(" ({because})", because=Message.of(because)) if because else ""
        return Problem(
            code,
            Message("{message}{why}", message=Message.of(message), why=why),
            column=self.column,
            field=self.check.field or "",
            value=value,
        )


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

"""Rows -> forms, by column: for rows whose cells are all right by themselves, which are nearly all.

``rows.RowMapper`` maps a row field by field, finds all of its problems and can explain each step. Here a
chunk of rows is mapped column by column. As soon as there is an error in a row, a contradiction of two
values or a decision of a rule, the row has no form here and is left to the mapper, with what was found
of its fields. A form that is made here equals the one that would be made there, warnings included; the
tests compare them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bulk_import.api.fields import FIELDS
from bulk_import.mapping.binding import Binding
from bulk_import.mapping.columns import Chunk, Extra, Gate, Tags, column_of
from bulk_import.mapping.normalizers import FieldMapper, Found
from bulk_import.mapping.whole import WholeRow
from bulk_import.models import Problem, Row
from bulk_import.normalize.crosschecks import begins_like, is_offset_of
from bulk_import.sources.rows import Rows

_EMAIL, _PHONE, _OFFSET = "lead_email", "lead_phone", "lead_utc"
_COUNTRIES = ("lead_shipping_country_code", "lead_billing_country_code")
# Of a chunk's rows must be whole as they were read; else the next chunks are left to the mapper.
_FEWEST = 0.25
_PAUSE = 10  # chunks


class Form(NamedTuple):
    """What a row comes to.

    Attributes:
        email: The contact's key.
        body: The form without the account's key.
        warnings: From left to right.
    """

    email: str
    body: bytes
    warnings: tuple[Problem, ...] = ()


class FormMaker:
    """Makes the forms of a source's rows. Holds what it has learned of the columns."""

    def __init__(
        self,
        binding: Binding,
        fields: Sequence[FieldMapper],
        extras: Sequence[FieldMapper],
        whole: WholeRow,
    ) -> None:
        region = binding.mapping.spec.defaults.phone_region
        self._columns = {field.name: column_of(field, region) for field in fields}
        self._order = [name for name in FIELDS if name in self._columns]
        self._tags = [column for column in self._columns.values() if isinstance(column, Tags)]
        self._tag_names = {name for name, one in self._columns.items() if isinstance(one, Tags)}
        self._extras = [Extra(field) for field in extras]
        self._gates = [Gate(rule) for rule in binding.rules]
        self._whole = whole
        self._places = {column: at for at, column in enumerate(binding.header)}
        # The author's checks look at whole rows.
        self._is_possible = _EMAIL in self._columns and not binding.checks
        self._pause = 0
        self._known: dict[int, tuple[Row, dict[str, Found]]] = {}

    def known(self, row: Row) -> dict[str, Found]:
        """Return what ``forms`` has found of the fields of a row for which it has made none."""
        known = self._known.get(id(row))
        return known[1] if known is not None else {}

    def forms(self, rows: Rows) -> list[Form | None]:
        """Return the form of each row; ``None`` for a row that is left to the mapper."""
        self._known = {}
        if not self._is_possible or self._pause:
            self._pause = max(0, self._pause - 1)
            return [None] * len(rows)
        chunk = Chunk(rows)
        try:
            bodies = self._bodies(chunk)
        except UnicodeEncodeError:  # half a character, which the mapper finds
            return [None] * len(rows)
        for gate in self._gates:
            gate.close(chunk)
        for left in (self._incomplete(chunk), self._contradicting(chunk)):
            chunk.left.update(left)
        if len(rows) - len(chunk.spoiled) < _FEWEST * len(rows):
            self._pause = _PAUSE
        self._known = {
            id(rows[at]): (rows[at], self._reusable(chunk.known(at)))
            for at in chunk.left - chunk.spoiled
        }
        emails = chunk.values[_EMAIL]
        forms: list[Form | None] = [
            Form(email.lower(), body[1:].encode("ascii"))
            for email, body in zip(emails, bodies, strict=True)
        ]
        place = self._places.get
        for at, warnings in chunk.warnings.items():
            ordered = sorted(warnings, key=lambda problem: place(problem.column, -1))
            body = bodies[at][1:].encode("ascii")
            forms[at] = Form(emails[at].lower(), body, tuple(ordered))
        for at in chunk.left:
            forms[at] = None
        return forms

    def _reusable(self, known: dict[str, Found]) -> dict[str, Found]:
        """Tags are compared with those of earlier rows, so they are asked for again."""
        for name in self._tag_names & known.keys():
            del known[name]
        return known

    def _bodies(self, chunk: Chunk) -> list[str]:
        """Return the forms, with an ampersand in front of each."""
        Tags.learn(self._tags, chunk.rows)
        parts = {name: column.parts(chunk) for name, column in self._columns.items()}
        ordered = [parts[name] for name in self._order]
        ordered += [extra.parts(chunk) for extra in self._extras]
        return ["".join(of_row) for of_row in zip(*ordered, strict=True)]

    def _incomplete(self, chunk: Chunk) -> Iterator[int]:
        """Yield rows to which something has to be added, or that lack what they need."""
        yield from (at for at, email in enumerate(chunk.values[_EMAIL]) if not email)
        if self._whole.guesses_offset:
            offsets = chunk.values.get(_OFFSET, [""] * len(chunk.rows))
            yield from (at for at, offset in enumerate(offsets) if not offset)

    def _contradicting(self, chunk: Chunk) -> Iterator[int]:
        """Yield rows whose values may contradict each other."""
        values = chunk.values
        for add, remove in self._whole.opposites:
            if add in values and remove in values:
                pairs = zip(values[add], values[remove], strict=True)
                yield from (at for at, (added, removed) in enumerate(pairs) if added and removed)
        countries = self._countries(chunk)
        if not countries:
            return
        if _PHONE in values:
            pairs = zip(values[_PHONE], countries, strict=True)
            yield from (
                at
                for at, (phone, country) in enumerate(pairs)
                if phone and country and not begins_like(phone, country)
            )
        if _OFFSET in values:
            pairs = zip(values[_OFFSET], countries, strict=True)
            yield from (
                at
                for at, (offset, country) in enumerate(pairs)
                if offset and country and not is_offset_of(offset, country)
            )

    @staticmethod
    def _countries(chunk: Chunk) -> list[str]:
        """Return the country of each row; nothing where no row has one."""
        known = [chunk.values[name] for name in _COUNTRIES if name in chunk.values]
        if len(known) < 2:
            return known[0] if known else []
        return [first or second for first, second in zip(*known, strict=True)]

"""One field of many rows at once: what ``forms`` makes forms of.

A column gives each row a part of its form, such as ``&lead_utc=-08``, or an empty one where the field is
not sent. A row with an error is left to the mapper: its part does not matter then.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bulk_import.api.fields import FIELDS, Kind
from bulk_import.api.form import quoted, quoted_all
from bulk_import.mapping.binding import BoundField
from bulk_import.mapping.normalizers import (
    DEPENDENT,
    FieldMapper,
    Found,
    Values,
    by_column,
    placed,
)
from bulk_import.mapping.recognizing import recognizer
from bulk_import.mapping.rules import BoundRule
from bulk_import.models import Problem
from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.crosschecks import has_shape_of
from bulk_import.normalize.phones import plain_phone
from bulk_import.normalize.result import NormalizeError
from bulk_import.sources.rows import Rows

_MOST = 5000  # texts of a column whose results are remembered
_LONGEST_POSTAL_CODE = 10
_COUNTRIES = ("lead_shipping_country_code", "lead_billing_country_code")
DEPENDENT_FIELDS = frozenset(name for name, field in FIELDS.items() if field.kind in DEPENDENT)


class Chunk:
    """A chunk of rows on its way through the columns.

    Attributes:
        spoiled: Positions of the rows with problems of their own.
        left: Positions of the rows that are left to the mapper, those among them.
        values: Field -> its value in each row; ``""`` where it has none.
        warnings: Position of a row -> what is doubtful about it, in the order of its fields.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.spoiled = frozenset(rows.problems)
        self.left = set(self.spoiled)
        self.values: dict[str, list[str]] = {}
        self.warnings: dict[int, list[Problem]] = {}
        self._found: dict[int, dict[str, Found]] = {}
        self._leaving: dict[int, set[str]] = {}

    def warn(self, at: int, bound: BoundField, warnings: Sequence[Problem]) -> None:
        """Note the warnings of a field."""
        placed_here = placed(bound, warnings, self.rows[at].cells)
        self.warnings.setdefault(at, []).extend(placed_here)

    def leave(self, at: int, field: str) -> None:
        """Leave a row to the mapper because of a field."""
        self.left.add(at)
        self._leaving.setdefault(at, set()).add(field)

    def note(self, at: int, field: str, found: Found) -> None:
        """Note what a field's normalizer has found."""
        self._found.setdefault(at, {})[field] = found

    def known(self, at: int) -> dict[str, Found]:
        """Return what is known of the fields of a row that is left, so that it is not found twice.

        Only fields that depend on nothing but their cells, and on the row's country.
        """
        doubted = {problem.field for problem in self.warnings.get(at, ())}
        known = {
            name: Found(values[at], "")
            for name, values in self.values.items()
            if values[at] and name not in doubted
        }
        known.update(self._found.get(at, {}))
        if not self._leaving.get(at, set()).isdisjoint(_COUNTRIES):
            for name in DEPENDENT_FIELDS & known.keys():  # its country is not what was taken for it
                del known[name]
        return known

    def value(self, field: str, at: int) -> str:
        values = self.values.get(field)
        return values[at] if values is not None else ""


class _Made(NamedTuple):
    """What a text comes to.

    Attributes:
        part: Of the form; empty when the field is not sent.
    """

    value: str
    part: str
    warnings: tuple[Problem, ...]


class Column(Protocol):
    """One field of many rows."""

    def parts(self, chunk: Chunk) -> list[str]:
        """Return the field's part of each form; note its values and the rows that are left out."""
        ...


def column_of(field: FieldMapper, default_region: str | None) -> Column:
    """Return the column of a field.

    Args:
        default_region: Of phones.
    """
    if field.bound.field.kind is Kind.PHONE:
        return _Phones(field, default_region)
    if field.bound.field.kind is Kind.POSTAL_CODE:
        return _PostalCodes(field)
    if field.bound.field.kind is Kind.TAGS:
        return Tags(field)
    return _Texts(field)


class _Texts:
    """A field whose value depends on its text alone."""

    def __init__(self, field: FieldMapper) -> None:
        self._field = field
        self._begin = f"&{quoted(field.name)}="
        self._known: dict[str, _Made | None] = {}
        self._has_more_to_say = False  # than values, of any text so far
        self._plain = recognizer(field.bound) if field.takes_text_as_it_is else None

    def parts(self, chunk: Chunk) -> list[str]:
        texts = self._field.picked(chunk.rows)
        if self._plain is None:
            return self._remembered(chunk, texts)
        plain = self._plain(texts)
        values = [value or "" for value in plain]
        parts = self._quoted(values)
        if None in plain:
            for at, value in enumerate(plain):
                if value is None:
                    made = self._made_at(chunk, at, texts[at], {}, {})
                    values[at], parts[at] = self._used(chunk, at, made)
        chunk.values[self._field.name] = values
        return parts

    def _quoted(self, values: Sequence[str]) -> list[str]:
        begin = self._begin
        return [begin + text for text in quoted_all(values)]

    def _remembered(self, chunk: Chunk, texts: list[str]) -> list[str]:
        self._learn_all(texts)
        known = self._known
        found = [known.get(text) for text in texts]
        if self._has_more_to_say:
            pairs = [self._used(chunk, at, made) for at, made in enumerate(found)]
            chunk.values[self._field.name] = [value for value, _ in pairs]
            return [part for _, part in pairs]
        chunk.values[self._field.name] = [made.value for made in found if made is not None]
        return [made.part for made in found if made is not None]

    def _learn_all(self, texts: list[str]) -> None:
        if len(self._known) > _MOST:
            self._known.clear()
        for text in dict.fromkeys(texts):
            if text not in self._known:
                self._learn(text)

    def _learn(self, text: str) -> None:
        made = self._known[text] = self._made(text, {}, {})
        self._has_more_to_say = self._has_more_to_say or made is None or bool(made.warnings)

    def _used(self, chunk: Chunk, at: int, made: _Made | None) -> tuple[str, str]:
        """Return (value, part) for a row; note the warnings, or that the row is left out."""
        if made is None:
            chunk.leave(at, self._field.name)
            return "", ""
        if made.warnings:
            chunk.warn(at, self._field.bound, made.warnings)
        return made.value, made.part

    def _made(self, text: str, values: Values, cells: Mapping[str, str]) -> _Made | None:
        """Return what a text comes to; ``None`` if that is for the mapper to say."""
        known = len(values)
        found = self._field.looked_up(text, values, cells)
        return self._as_made(found) if len(values) == known else None

    def _made_at(
        self, chunk: Chunk, at: int, text: str, values: Values, cells: Mapping[str, str]
    ) -> _Made | None:
        """As ``_made``, and note for the mapper what was found."""
        known = len(values)
        found = self._field.looked_up(text, values, cells)
        if len(values) > known:  # an extension is a value of its own
            return None
        chunk.note(at, self._field.name, found)
        return self._as_made(found)

    def _as_made(self, found: Found) -> _Made | None:
        if any(problem.is_error for problem in found.problems):
            return None
        if found.value is None:
            return _Made("", "", found.problems)
        try:
            return _Made(found.value, self._begin + quoted(found.value), found.problems)
        except UnicodeEncodeError:
            return None


class Tags(_Texts):
    """Tags, which are compared with those of earlier rows: the order of the rows matters."""

    @staticmethod
    def learn(columns: Sequence[Tags], rows: Rows) -> None:
        """Judge what is new among the tags of rows in the order in which the mapper would."""
        picked = [column._field.picked(rows) for column in columns]
        for column in columns:
            if len(column._known) > _MOST:
                column._known.clear()
        for at, texts in enumerate(zip(*picked, strict=True)):
            for column, text in zip(columns, texts, strict=True):
                if text in column._known:
                    continue
                if column._is_refused(rows.problems.get(at, ())):
                    column._has_more_to_say = True
                else:
                    column._learn(text)

    def _learn_all(self, texts: list[str]) -> None:
        """Do nothing: ``learn`` has judged them, but for those in spoiled cells."""

    def _is_refused(self, problems: tuple[Problem, ...]) -> bool:
        return bool(problems) and self._field.is_refused_as_spoiled(by_column(problems), [])


class _Dependent(_Texts, ABC):
    """A field whose value depends on the row's country as well."""

    def parts(self, chunk: Chunk) -> list[str]:
        texts = self._field.picked(chunk.rows)
        plain = self._plain_values(chunk, texts)
        values = [value or "" for value in plain]
        parts = self._quoted(values)
        for at, value in enumerate(plain):
            if value is None:
                values[at], parts[at] = self._mapped(chunk, at, texts[at])
        chunk.values[self._field.name] = values
        return parts

    @abstractmethod
    def _plain_values(self, chunk: Chunk, texts: list[str]) -> list[str | None]:
        """Return the value of each text that is plain, ``None`` of the others."""

    def _mapped(self, chunk: Chunk, at: int, text: str) -> tuple[str, str]:
        """Return (value, part) of a text that is not plain."""
        values = {name: value for name in _COUNTRIES if (value := chunk.value(name, at))}
        made = self._made_at(chunk, at, text, values, chunk.rows[at].cells)
        is_good = made is not None and self._fits(chunk, at, made.value)
        return self._used(chunk, at, made if is_good else None)

    def _fits(self, chunk: Chunk, at: int, value: str) -> bool:
        """Whether a value says the same as the row's country."""
        return True


class _Phones(_Dependent):
    def __init__(self, field: FieldMapper, default_region: str | None) -> None:
        super().__init__(field)
        self._default = default_region or ""
        self._regions: dict[str, str] = {}

    def _plain_values(self, chunk: Chunk, texts: list[str]) -> list[str | None]:
        if not self._field.takes_text_as_it_is:
            return [None] * len(texts)
        return [
            plain_phone(text, region) if text else None
            for text, region in zip(texts, self._regions_of(chunk), strict=True)
        ]

    def _regions_of(self, chunk: Chunk) -> list[str]:
        """Return the country in which the number of each row is dialled; ``""`` where none is known."""
        rows = chunk.rows
        columns = [chunk.values[name] for name in _COUNTRIES if name in chunk.values]
        regions = [self._default] * len(rows)
        for values in reversed(columns):
            regions = [value or region for value, region in zip(values, regions, strict=True)]
        column = self._field.bound.region_column
        if column:
            cells = rows.column(column)
            own = self._regions
            if len(own) > _MOST:
                own.clear()
            for cell in {*cells} - own.keys():
                own[cell] = _country(cell)
            regions = [own[cell] or region for cell, region in zip(cells, regions, strict=True)]
        return regions


def _country(cell: str) -> str:
    try:
        return normalize_country(cell).value
    except NormalizeError:
        return ""


class _PostalCodes(_Dependent):
    def __init__(self, field: FieldMapper) -> None:
        super().__init__(field)
        self._country = f"lead_{field.bound.field.detail}_country_code"
        # Of a code of digits alone, country and length decide.
        self._lengths: dict[tuple[str, int], bool] = {}

    def _plain_values(self, chunk: Chunk, texts: list[str]) -> list[str | None]:
        if not self._field.takes_text_as_it_is:
            return [None] * len(texts)
        countries = chunk.values.get(self._country) or [""] * len(texts)
        return [
            text if text.isdigit() and text.isascii() and self._is_whole(country, text) else None
            for text, country in zip(texts, countries, strict=True)
        ]

    def _is_whole(self, country: str, text: str) -> bool:
        length = len(text)
        is_whole = self._lengths.get((country, length))
        if is_whole is None:
            code = "1" * length
            try:
                made = normalize_postal_code(code, country=country or None).value
            except NormalizeError:
                made = ""
            is_whole = self._lengths[country, length] = (
                made == code and length <= _LONGEST_POSTAL_CODE and has_shape_of(country, code)
            )
        return is_whole and text.strip("0") != ""

    def _fits(self, chunk: Chunk, at: int, value: str) -> bool:
        return not value or has_shape_of(chunk.value(self._country, at), value)


class Extra:
    """An unverified parameter, passed through as it is."""

    def __init__(self, field: FieldMapper) -> None:
        self._field = field
        self._begin = f"&{quoted(field.name)}="

    def parts(self, chunk: Chunk) -> list[str]:
        texts = [*map(self._field.meant, self._field.picked(chunk.rows))]
        parts = [self._begin + text for text in quoted_all(texts)]
        for at, text in enumerate(texts):
            if not text.strip():
                parts[at] = self._begin if self._field.bound.clears else ""
        return parts


class Gate:
    """A rule that may keep rows from being sent."""

    def __init__(self, rule: BoundRule) -> None:
        self._rule = rule
        self._known: dict[tuple[str, ...], bool] = {}

    def close(self, chunk: Chunk) -> None:
        """Leave out the rows about which the rule has anything to say."""
        columns = self._rule.columns
        cells = [*zip(*map(chunk.rows.column, columns), strict=True)]
        if len(self._known) > _MOST:
            self._known.clear()
        for of_row in {*cells} - self._known.keys():
            self._known[of_row] = self._lets_pass(dict(zip(columns, of_row, strict=True)))
        chunk.left.update(at for at, of_row in enumerate(cells) if not self._known[of_row])

    def _lets_pass(self, cells: Mapping[str, str]) -> bool:
        return self._rule.damage(cells) is None and self._rule.refusal(cells) is None

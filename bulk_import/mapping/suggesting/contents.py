"""What the cells of a column are like: how many are filled, how many differ, what they look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from bulk_import.errors import Message
from bulk_import.models import Row
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.result import NormalizeError

ROWS_LOOKED_AT = 2_000
_VALUES_JUDGED = 200  # distinct values on which the slower tests are made
_PLACEHOLDERS = frozenset(
    {"-", "--", "n/a", "na", "#n/a", "null", "none", "nil", "nan", "\\n", "(null)", "<null>"}
)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"
    r"|\d{1,2}:\d\d(?::\d\d)?|\d{1,2}\.? [^\W\d]+\.?,? \d{4}.*|[^\W\d]+ \d{1,2},? \d{4}.*"
)
_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*[AaPp]\.?[Mm]\.?)?")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d[\d\s.,]*%?")
_PHONE = re.compile(
    r"'?\+?[\d\s().,/\-\u2010-\u2015\u00a0]+(?:E\+?\d+)?(?:\s*(?:x|ext\.?)\s*\d+)?", re.I
)

_DECIMAL = re.compile(r"\d+[.,]\d{1,2}")
_PHONE_AS_FLOAT = re.compile(r"\d{9,15}[.,]0")  # 79161234567.0, as programs write a number column


@dataclass(slots=True)
class _Counts:
    filled: int = 0
    values: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Content:
    """The cells of one column.

    Attributes:
        rows: That were looked at, blank ones included.
        values: Text -> how often; no blanks and no placeholders such as ``NULL``.
    """

    rows: int
    values: Mapping[str, int]

    @cached_property
    def filled(self) -> int:
        return sum(self.values.values())

    @property
    def is_empty(self) -> bool:
        return not self.values

    @property
    def distinct(self) -> int:
        return len(self.values)

    @cached_property
    def most(self) -> int:
        """Rows that hold the commonest value."""
        return max(self.values.values(), default=0)

    @cached_property
    def samples(self) -> tuple[str, ...]:
        return tuple(value[:40] for value in islice(self.values, 2))

    def share(self, is_one: Callable[[str], bool]) -> float:
        """The share of the filled cells that *is_one* accepts, 0 to 1."""
        looked = list(islice(self.values.items(), _VALUES_JUDGED))
        total = sum(times for _, times in looked)
        return sum(times for value, times in looked if is_one(value)) / total if total else 0.0

    @cached_property
    def emails(self) -> float:
        return self.share(is_email)

    @cached_property
    def phones(self) -> float:
        return self.share(is_phone)

    @cached_property
    def countries(self) -> float:
        return self.share(is_country_name)

    @cached_property
    def offsets(self) -> float:
        return self.share(is_offset)

    @cached_property
    def dates(self) -> float:
        return self.share(is_date)

    @cached_property
    def links(self) -> float:
        return self.share(lambda cell: _URL.match(cell) is not None)

    @cached_property
    def numbers(self) -> float:
        return self.share(lambda cell: _NUMBER.fullmatch(cell) is not None)

    @cached_property
    def letters(self) -> float:
        """Cells with letters, no digits and no @: names, cities, words."""
        return self.share(is_words)

    @cached_property
    def with_digits(self) -> float:
        return self.share(lambda cell: any(char.isdigit() for char in cell))

    @cached_property
    def several_words(self) -> float:
        return self.share(lambda cell: len(cell.split()) > 1)

    @cached_property
    def length(self) -> float:
        """Characters of a filled cell, on average."""
        total = sum(len(value) * times for value, times in self.values.items())
        return total / self.filled if self.filled else 0.0


def counted(content: Content) -> str:
    """Say how many cells are filled, and how many of them differ."""
    return Message(
        "{n:,} distinct value in {filled:,} cells"
        if content.distinct == 1
        else "{n:,} distinct values in {filled:,} cells",
        n=content.distinct,
        filled=content.filled,
    )


def contents_of(
    header: Sequence[str], rows: Iterable[Row], *, most: int = ROWS_LOOKED_AT
) -> dict[str, Content]:
    """Return what each column of a table holds.

    Args:
        most: Rows that are looked at.
    """
    counts = {column: _Counts() for column in header}
    number = 0
    for row in islice(rows, most):
        number += 1
        for column, text in row.cells.items():
            cell = text.strip()
            if cell and cell.casefold() not in _PLACEHOLDERS and column in counts:
                counts[column].values[cell] += 1
    return {column: Content(number, dict(found.values)) for column, found in counts.items()}


def _works(normalize: Callable[[str], object]) -> Callable[[str], bool]:
    def works(cell: str) -> bool:
        try:
            normalize(cell)
        except NormalizeError:
            return False
        return True

    return works


_accepted_email = _works(lambda cell: normalize_email(cell, several="first"))
is_country_name = _works(normalize_country)
is_offset = _works(normalize_utc_offset)


def is_email(cell: str) -> bool:
    """Whether a cell holds an e-mail address, or several."""
    return "@" in cell and _accepted_email(cell)


def is_phone(cell: str) -> bool:
    """Whether a cell has the shape of a phone number, with or without a country code."""
    digits = sum(char.isdigit() for char in cell)
    if not 6 <= digits <= 15 or digits < 0.5 * len(cell) or is_date(cell):
        return False
    return _PHONE.fullmatch(cell) is not None and (
        not _DECIMAL.fullmatch(cell) or _PHONE_AS_FLOAT.fullmatch(cell) is not None
    )


def is_date(cell: str) -> bool:
    return _DATE.fullmatch(cell) is not None


def is_time(cell: str) -> bool:
    """Whether a cell is a time of day, without a date."""
    return _TIME.fullmatch(cell) is not None


def is_words(cell: str) -> bool:
    """Whether a cell is made of letters: a name, a city, a word."""
    return "@" not in cell and any(c.isalpha() for c in cell) and not any(c.isdigit() for c in cell)

"""Parts of a postal address. The card joins them with commas, so stray ones at the edges go."""

from __future__ import annotations

import re
from functools import lru_cache

from bulk_import.normalize.result import Normalized, NormalizeError
from bulk_import.normalize.text import clean, clean_line

LONGEST_POSTAL_CODE = 16

_EDGES = " \t\n,;"
_COMMAS = re.compile(r"\s*,(?:\s*,)+\s*")
_LINES = re.compile(r"\s*,?\s*\n\s*")
_POSTAL = re.compile(r"(?=.*\d)(?![0 -]+\Z)[0-9A-Z](?:[0-9A-Z -]*[0-9A-Z])?")
# A word is a place or "or"; letters of a code come in threes, but for islands' ("FIQQ 1ZZ").
_WORD = re.compile(
    r"(?!CEDEX)[A-Z]{5}|\b(?:OR|AND|UND|OU|ET)\b|\b(?!BFPO|[A-Z]{4} ?\d[A-Z]{2}\Z)[A-Z]{4}\b"
)
_MOST_DIGITS = 10
_FLOAT = re.compile(r"(\d{3,9})[.,]0{1,2}")  # three zeros can be a thousands separator's
_SCIENTIFIC = re.compile(r"\d+E\d+")
_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d|\d\d-\d\d-(?:19|20)\d\d")
_SHORT_ZIP4 = re.compile(r"\d{3,4}-\d{4}")
_DIGITS = {  # countries whose codes have leading zeros that spreadsheets lose: length of a code
    "US": 5, "DE": 5, "FR": 5, "IT": 5, "ES": 5, "FI": 5, "TR": 5, "MX": 5, "UA": 5, "EE": 5,
    "HR": 5, "RS": 5, "MY": 5, "ID": 5, "TH": 5, "RU": 6, "KZ": 6, "BY": 6, "RO": 6, "IN": 6,
    "CN": 6, "SG": 6, "KR": 5, "LT": 5, "LK": 5, "PE": 5, "PR": 5, "NO": 4, "AU": 4, "ZA": 4,
    "GE": 4, "AM": 4, "JP": 7, "BR": 8,
}  # fmt: skip


@lru_cache(maxsize=4096)
def normalize_address(text: str) -> Normalized:
    """Return a street, second line, state or city on one line without stray commas.

    Raises:
        NormalizeError: ``ADDRESS_INVALID`` when nothing is left.
    """
    line = _LINES.sub(", ", clean(text))
    line = _COMMAS.sub(", ", clean_line(line)).strip(_EDGES)
    if not line:
        raise NormalizeError("ADDRESS_INVALID", "nothing but commas")
    return Normalized(line, "address.line")


@lru_cache(maxsize=4096)
def normalize_city(text: str) -> Normalized:
    """Return a city; as ``normalize_address``, and what has no letter is refused.

    Raises:
        NormalizeError: ``ADDRESS_INVALID``.
    """
    found = normalize_address(text)
    if not any(char.isalpha() for char in found.value):
        raise NormalizeError("ADDRESS_INVALID", f"{found.value!r} has no letter, so it is no city")
    return Normalized(found.value, "address.city")


@lru_cache(maxsize=4096)
def normalize_postal_code(text: str, *, country: str | None = None) -> Normalized:
    """Return a postal code: letters upper case, zeros kept, a float's ``.0`` undone.

    Args:
        country: Alpha-2, to notice a code that lost its zeros.

    Raises:
        NormalizeError: ``POSTAL_CODE_INVALID``; ``POSTAL_CODE_ZERO_LOST``.
    """
    line = clean_line(text).strip(_EDGES + "'.").upper()
    exact = _FLOAT.fullmatch(line)
    rule = "postal_code.float" if exact else "postal_code.text"
    if exact:
        line = exact[1]
    if (
        not _POSTAL.fullmatch(line)
        or len(line) > LONGEST_POSTAL_CODE
        or _SCIENTIFIC.fullmatch(line)
        or _DATE.fullmatch(line)
        or _WORD.search(line)
        or sum(map(str.isdigit, line)) > _MOST_DIGITS
    ):
        raise NormalizeError("POSTAL_CODE_INVALID", f"{line!r} is not a postal code")
    whole = _with_zeros(line, country or "")
    if whole != line:
        raise NormalizeError(
            "POSTAL_CODE_ZERO_LOST",
            f"{line!r} is too short for a code of {country}: the spreadsheet dropped a leading "
            f"zero; {whole} is meant",
            candidates=[whole],
        )
    return Normalized(line, rule)


def _with_zeros(line: str, country: str) -> str:
    """The code with the zeros that a spreadsheet took away, as far as that can be seen."""
    if country == "US" and _SHORT_ZIP4.fullmatch(line):
        return line.zfill(10)
    length = _DIGITS.get(country, 0)
    lost = line.isdigit() and length - 2 <= len(line) < length
    return line.zfill(length) if lost else line

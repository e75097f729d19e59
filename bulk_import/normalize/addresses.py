"""Parts of a postal address. The card joins them with commas, so stray ones at the edges go."""

from __future__ import annotations

import re

from bulk_import.errors import Message
from bulk_import.normalize.result import Normalized, NormalizeError
from bulk_import.normalize.text import clean, clean_line, remembered

LONGEST_POSTAL_CODE = 16

_EDGES = " \t\n,;"
_COMMAS = re.compile(r"\s*,(?:\s*,)+\s*")
_LINES = re.compile(r"\s*,?\s*\n\s*")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_BERMUDA = re.compile(r"[A-Z]{2} ?[A-Z]{2}")  # HM GX, without a digit
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
# Countries some of whose codes begin with 0: digits of a code, and how many zeros can be in front. A code
# of any other country is short for another reason: none of India, Russia, Belarus, Thailand, Indonesia,
# Croatia, Serbia or Estonia begins with 0.
_ZEROS = {
    "US": (5, 2), "PR": (5, 2), "DE": (5, 1), "FR": (5, 1), "IT": (5, 2), "ES": (5, 1), "FI": (5, 2),
    "TR": (5, 1), "MX": (5, 1), "UA": (5, 1), "MY": (5, 1), "KZ": (6, 1), "RO": (6, 1), "CN": (6, 1),
    "SG": (6, 1), "KR": (5, 1), "LT": (5, 2), "LK": (5, 2), "PE": (5, 1), "NO": (4, 2), "AU": (4, 1),
    "ZA": (4, 2), "GE": (4, 1), "AM": (4, 2), "JP": (7, 2), "BR": (8, 1), "DZ": (5, 1),
    "GT": (5, 1), "KW": (5, 1),
}  # fmt: skip
_DIGITS_OF_DISTRICT = 2  # Peru: "Lima 27" is written beside the codes of five digits


@remembered
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


@remembered
def normalize_city(text: str) -> Normalized:
    """Return a city; as ``normalize_address``, and what has no letter is refused.

    Raises:
        NormalizeError: ``ADDRESS_INVALID``.
    """
    found = normalize_address(text)
    if not any(char.isalpha() for char in found.value):
        raise NormalizeError(
            "ADDRESS_INVALID",
            Message("{value!r} has no letter, so it is no city", value=found.value),
        )
    if "@" in found.value or _LINK.match(found.value):
        raise NormalizeError(
            "ADDRESS_INVALID",
            Message("{value!r} is an e-mail address or a link, not a city", value=found.value),
        )
    return Normalized(found.value, "address.city")


@remembered
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
    if country == "BM" and _BERMUDA.fullmatch(line):
        return Normalized(line, rule)
    if (
        not _POSTAL.fullmatch(line)
        or len(line) > LONGEST_POSTAL_CODE
        or _SCIENTIFIC.fullmatch(line)
        or _DATE.fullmatch(line)
        or _WORD.search(line)
        or sum(map(str.isdigit, line)) > _MOST_DIGITS
    ):
        raise NormalizeError(
            "POSTAL_CODE_INVALID", Message("{line!r} is not a postal code", line=line)
        )
    _refuse_short(line, country)
    return Normalized(line, rule)


def _refuse_short(line: str, country: str | None) -> None:
    """Refuse a code that lost digits, with the zeros that a spreadsheet took away where these are all."""
    if country == "US" and _SHORT_ZIP4.fullmatch(line):
        raise _zero_lost(line, country, line.zfill(10))
    if country not in _ZEROS or not line.isdigit():
        return
    length, most_zeros = _ZEROS[country]
    is_district = country == "PE" and len(line) <= _DIGITS_OF_DISTRICT
    if len(line) >= length or is_district:
        return
    if len(line) >= length - most_zeros:
        raise _zero_lost(line, country, line.zfill(length))
    raise NormalizeError(
        "POSTAL_CODE_INVALID",
        Message(
            "{line!r} is too short for a code of {country}, which has {length} digits",
            line=line,
            country=country,
            length=length,
        ),
    )


def _zero_lost(line: str, country: str, whole: str) -> NormalizeError:
    return NormalizeError(
        "POSTAL_CODE_ZERO_LOST",
        Message(
            "{line!r} is too short for a code of {country}: the spreadsheet dropped a "
            "leading zero; {whole} is meant",
            line=line,
            country=country,
            whole=whole,
        ),
        candidates=[whole],
    )

"""Which number digits are: with country code, as dialled in a region, of a former plan; else why none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bulk_import.errors import Message
from bulk_import.normalize import numbering
from bulk_import.normalize.numbering import Number
from bulk_import.normalize.result import NormalizeError

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# Prefixes of the past, still in many lists: what was dialled in front of numbers of today's length.
FORMER_PREFIX = {
    "MX": re.compile(r"(?:01|044|045)(?=\d{10}\Z)"),
    "UA": re.compile(r"8(?=0\d{9}\Z)"),
}
_FORMER_MEXICAN_MOBILE = re.compile(r"521(?=\d{10}\Z)")
_TRUNK_ZERO = re.compile(r"^(\+\s*\d{1,3}[\s.-]*)\(0\)")
_CODE_AND_AGAIN = re.compile(r"\+\s*(\d{1,3})\D*(?:\+|\b00)\s*\1(?=\D*\d)")  # +49 +49 151
_CODE_AND_GROUP = re.compile(r"\+\s*(\d{1,3})[\s.()-]+\1(?=[\s.()-])")  # +49 49 151
_PLUS_EIGHT = re.compile(
    r"\+\s*8(?=[\s(-])"
)  # Russia's own prefix with a plus: no country has the code 8
_DIALLED_WITH_EIGHT = frozenset({"RU", "KZ"})
# Longest number of a landline where libphonenumber allows for more: beyond it, digits that begin with
# the country's code are that code without its plus.
_LONGEST_LANDLINE = {"DE": 11, "ID": 10, "XK": 8}
# Plans that changed: (code, length of old numbers, what happened).
_CHANGED = {
    55: (10, "Brazil put a 9 in front of its mobile numbers by 2016: +55, area, 9 and eight digits"),
    225: (8, "Ivory Coast's numbers have ten digits since 2021: 01, 05, 07 for mobiles, 2x for landlines "
             "in front of the old eight"),
    229: (8, "Benin's numbers have ten digits since 2024: 01 in front of the old eight"),
    241: (7, "Gabon's numbers have eight digits after the 0 since 2019"),
}  # fmt: skip
NO_DIGITS = re.compile(r"\D")


DOUBLED = "phone.code_doubled"


def with_its_zero(number: str) -> str:
    """``+44 (0)20 …`` has a zero that is dialled at home only; Italy's ``+39 (0)6 …`` keeps it."""
    if not _TRUNK_ZERO.match(number):
        return number
    without = _TRUNK_ZERO.sub(r"\1", number)
    code, _ = numbering.split(NO_DIGITS.sub("", without))
    if not code or numbering.has_trunk_zero(code):
        return without
    kept = numbering.read(NO_DIGITS.sub("", number))
    return number if kept and kept.is_assigned else without


def is_of_the_past(found: Number) -> bool:
    """Whether the number has the length that all numbers of its country had before its plan changed."""
    old = _CHANGED.get(found.code)
    return old is not None and len(found.national) == old[0]


def read_digits(number: str, digits: str, region: str | None) -> tuple[Number | None, str]:
    """Read *number* internationally, else as dialled in *region*; say by which rule."""
    number = number.lstrip(" (")
    if number.startswith("+"):
        if digits.startswith("8") and _PLUS_EIGHT.match(number):
            return _with_eight(digits, region)
        return _international(number, digits)
    if digits.startswith("00"):
        found, how = _international(f"+{number.lstrip('0')}", digits[2:])
        candidates = [(found, how or "phone.prefix_00")]
    elif digits.startswith("011") and region in (None, "US", "CA"):
        candidates = [(numbering.read(digits[3:]), "phone.prefix_011")]
    else:
        candidates = []
    if region:
        candidates += _as_dialled(digits, region)
    return _one_that_exists(number, candidates)


def _international(number: str, digits: str) -> tuple[Number | None, str]:
    """A number with its country code in front; once only, if it was typed twice."""
    former = digits if digits[:3] != "521" else _FORMER_MEXICAN_MOBILE.sub("52", digits)
    found = numbering.read(former)
    if found:
        begin = str(found.code)
        national = digits[len(begin) :]
    else:
        code, national = numbering.split(digits)
        begin = str(code) if code else "no code"
    if national.startswith(begin):
        once = numbering.read(national)
        is_marked = _CODE_AND_AGAIN.match(number) is not None
        is_real = found is not None and found.is_assigned and not _too_long_for_landline(found)
        is_same = found is not None and once is not None and found.e164 == once.e164
        if once is not None and once.is_assigned and (is_marked or is_same or not is_real):
            return once, DOUBLED
        if once is not None and once.is_assigned and _CODE_AND_GROUP.match(number):
            raise _two_readings(number, [found.e164 if found else "", once.e164])
        if is_marked:
            return None, ""
    if former is digits or found is None or found.e164.startswith("+521"):
        return found, ""
    return found, "phone.former_prefix" if former != digits else ""


def _with_eight(digits: str, region: str | None) -> tuple[Number | None, str]:
    """``+8 (495) …``: no country has the code 8, but in Russia and Kazakhstan it is dialled first."""
    found = numbering.read(digits, region) if region in _DIALLED_WITH_EIGHT else None
    return (found, "phone.national") if found and found.is_assigned else (None, "")


def _too_long_for_landline(found: Number) -> bool:
    longest = _LONGEST_LANDLINE.get(numbering.main_region(found.code))
    return longest is not None and len(found.national) > longest


def _as_dialled(digits: str, region: str) -> list[tuple[Number | None, str]]:
    """Readings of digits without plus or international prefix in front."""
    candidates = [(numbering.read(digits, region), "phone.national")]
    old = FORMER_PREFIX.get(region)
    if old and old.match(digits):
        candidates.append((numbering.read(old.sub("", digits), region), "phone.former_prefix"))
    # The country code typed without its plus.
    code = str(numbering.calling_code(region))
    if digits.startswith(code) and len(digits) > len(code) + 6:
        abroad = numbering.read(_FORMER_MEXICAN_MOBILE.sub("52", digits))
        at_home = candidates[0][0]
        if abroad and abroad.is_assigned and at_home and _too_long_for_landline(at_home):
            candidates.pop(0)
        candidates.append((abroad, "phone.missing_plus"))
    return candidates


def _one_that_exists(
    number: str, candidates: list[tuple[Number | None, str]]
) -> tuple[Number | None, str]:
    exist = [(found, how) for found, how in candidates if found and found.is_assigned]
    if exist:
        readings = list(dict.fromkeys(found.e164 for found, _ in exist))
        if len(readings) > 1:
            raise _two_readings(number, readings)
        return exist[0]
    return next(((found, how) for found, how in candidates if found), (None, ""))


def _two_readings(number: str, readings: list[str]) -> NormalizeError:
    return NormalizeError(
        "PHONE_AMBIGUOUS",
        Message(
            "{number!r} can be {readings}; write it with + and the country code",
            number=number,
            readings=Message.any_of(readings),
        ),
        candidates=readings,
    )


def refusal(shown: str, number: str, digits: str, region: str | None) -> NormalizeError:
    """Return why digits that no plan has are refused."""
    import phonenumbers

    if len(digits) < 5:
        return NormalizeError(
            "PHONE_INVALID", Message("{shown!r} is too short for a phone number", shown=shown)
        )
    if _PLUS_EIGHT.match(number.lstrip(" (")):
        return NormalizeError(
            "PHONE_INVALID",
            Message(
                "{shown!r}: no country has the code 8; write +7 if Russia is meant", shown=shown
            ),
        )
    if region is None and not number.lstrip(" (").startswith("+"):
        return NormalizeError(
            "PHONE_NO_COUNTRY",
            Message(
                "{shown!r} has no country code; write +… or give a country column or phone_region",
                shown=shown,
            ),
        )
    try:
        parsed = phonenumbers.parse(
            ("+" if number.lstrip(" (").startswith("+") else "") + digits, region
        )
    except phonenumbers.NumberParseException:
        return NormalizeError(
            "PHONE_INVALID", Message("{shown!r} is in no country's numbering plan", shown=shown)
        )
    return wrong_number(shown, parsed)


def wrong_number(shown: str, parsed: PhoneNumber) -> NormalizeError:
    """Return what is wrong with a number that cannot exist."""
    import phonenumbers

    where = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    old = _CHANGED.get(parsed.country_code or 0)
    if old and len(phonenumbers.national_significant_number(parsed)) == old[0]:
        return NormalizeError(
            "PHONE_INVALID",
            Message("{shown!r} is a number of the past: {change}", shown=shown, change=old[1]),
        )
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    results = phonenumbers.ValidationResult
    if reason == results.TOO_SHORT:
        message = Message("{shown!r} is too short for {where}", shown=shown, where=where)
    elif reason == results.TOO_LONG:
        message = Message("{shown!r} is too long for {where}", shown=shown, where=where)
    elif reason == results.IS_POSSIBLE_LOCAL_ONLY:
        message = Message(
            "{shown!r} is a local number of {where} without its area code", shown=shown, where=where
        )
    elif reason == results.INVALID_COUNTRY_CODE:
        message = Message("{shown!r} is in no country's numbering plan", shown=shown)
    else:
        message = Message(
            "{shown!r} is not a number of {where}: no such area or operator code, or a wrong length",
            shown=shown,
            where=where,
        )
    return NormalizeError("PHONE_INVALID", message)

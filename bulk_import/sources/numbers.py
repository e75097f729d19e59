"""What a spreadsheet stores as a number -> the digits that the person sees and means.

A cell's number format says how it is shown: ``00000`` keeps a postal code's zeros, ``0%`` makes
0.15 a 15%, a date format makes 45000 a day. Excel keeps 15 digits; a longer whole number has lost
its end before we ever see it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

DIGITS_KEPT = 15  # IEEE 754 doubles, as Excel treats them

# ECMA-376, part 1, 18.8.30: formats that are not written into the file.
_BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yy h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mmss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}  # fmt: skip

_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_DATE_LETTERS = re.compile(r"[ymdhs]|AM/PM", re.IGNORECASE)
_MASK = re.compile(r"[0#]+(?:[^0#.,%eE?]+[0#]+)+|0{2,}")
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a day, as serial dates count - spreadsheets know no zones
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - a day, as serial dates count
_LAST_DAY = 2_958_465  # 9999-12-31


def built_in_format(number: int) -> str:
    """Return the format that a number stands for when the file does not say."""
    return _BUILT_IN.get(number, "General")


@lru_cache(maxsize=512)
def is_date_format(code: str) -> bool:
    """Whether a number format shows a date or a time."""
    if code in ("General", "@"):
        return False
    plain = _QUOTED.sub("", code.split(";")[0])
    return bool(_DATE_LETTERS.search(plain)) and not re.search(r"[0#?]\s*E[+-]", plain)


@lru_cache(maxsize=8192)
def shown(raw: str, code: str, *, epoch_1904: bool = False) -> str:
    """Return the text of a numeric cell.

    Args:
        raw: As written in the file: ``79161234567``, ``7.9161234567E10``, ``0.1``.
        code: The cell's number format.

    Raises:
        ValueError: Not a number.
    """
    if code == "General" and raw.isascii() and raw.isdigit() and len(raw) <= DIGITS_KEPT:
        return raw
    if is_date_format(code):
        return iso_date(float(raw), with_1904=epoch_1904, code=code)
    try:
        number = Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"{raw!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{raw!r} is not a number")
    mask = _mask(code)
    if mask and number == number.to_integral_value() and number >= 0:
        return _masked(f"{number:f}".split(".")[0], mask)
    if "%" in _QUOTED.sub("", code.split(";")[0]):
        return plain_number(number * 100) + "%"
    return plain_number(number)


def plain_number(number: Decimal) -> str:
    """Return a number without exponent and trailing zeros, at the 15 digits that Excel keeps."""
    if number == number.to_integral_value():
        return f"{number:f}".split(".")[0].replace("-0", "0") if not number else f"{number:.0f}"
    rounded = f"{number:.{DIGITS_KEPT}g}"
    text = f"{Decimal(rounded):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_rounded(text: str) -> bool:
    """Whether a whole number has more digits than a spreadsheet keeps."""
    digits = text.lstrip("-")
    return digits.isdigit() and len(digits) > DIGITS_KEPT


def iso_date(serial: float, *, with_1904: bool, code: str = "") -> str:
    """Return a date serial as ``2024-05-12``, ``2024-05-12 14:30`` or ``14:30:00``.

    Raises:
        ValueError: Before the calendar of spreadsheets begins, or behind its end.
    """
    if not 0 <= serial <= _LAST_DAY + 1:
        raise ValueError(f"{serial:g} is not a date")
    has_date = re.search(r"[yd]", _QUOTED.sub("", code), re.IGNORECASE) or not code
    epoch = _EPOCH_1904 if with_1904 else _EPOCH_1900
    # Excel believes that 1900 was a leap year; days before the phantom 29 February are one off.
    shift = 1 if not with_1904 and serial < 60 and serial >= 1 else 0
    moment = epoch + timedelta(days=serial + shift)
    moment = (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
    if serial < 1 and not has_date:
        return f"{moment:%H:%M:%S}"
    if moment.hour == moment.minute == moment.second == 0:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}" + (f":{moment:%S}" if moment.second else "")


@lru_cache(maxsize=512)
def _mask(code: str) -> str:
    """The mask of a format like ``00000`` or ``000-00-0000``; ``""`` for any other format."""
    first = _LITERAL.sub(lambda match: match[1] or match[2] or "", code.split(";")[0])
    first = re.sub(r"\[[^\]]*\]|_.|\*.", "", first).strip()
    return first if _MASK.fullmatch(first.lstrip("(+ ")) else ""


def _masked(digits: str, mask: str) -> str:
    """Put *digits* into a mask from the right; what is left over goes in front."""
    digits = digits.zfill(mask.count("0"))
    if not mask.strip("0"):
        return digits
    made: list[str] = []
    rest = list(digits)
    first = min(mask.find(char) for char in "0#" if char in mask)
    for at in range(len(mask) - 1, -1, -1):
        if mask[at] in "0#":
            if rest:
                made.append(rest.pop())
        elif rest or at < first:
            made.append(mask[at])
    lead = len(mask[:first])  # what is left over goes behind an opening bracket
    text = "".join(reversed(made))
    return text[:lead] + "".join(rest) + text[lead:]

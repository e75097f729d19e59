"""Stored numbers of a spreadsheet -> the text that a person sees in the cell.

A cell's number format says how it is shown: ``00000`` keeps a postal code's zeros, ``0%`` makes
0.15 a 15%, a date format makes 45000 a day. Excel keeps 15 digits; a longer whole number has
lost its last digits before we read it.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from bulk_import.errors import Message
from bulk_import.sources.formats import Section, compiled, number_text

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

_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a day, as serial dates count
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - a day, as serial dates count
_LAST_DAY = 2_958_465  # 9999-12-31
_LARGEST_EXPONENT = 308  # of an IEEE 754 double
_DAY_S = 86_400
_DURATION = re.compile(
    r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?", re.IGNORECASE
)

# A number as some country groups it; a leading plus, a mask or a unit say more than the value.
_GROUPED = re.compile(
    r"-?\d{1,3}(?:([.,'\u2019\u00a0\u202f ])\d{3})*(?:[.,]\d+)?|-?\d+(?:[.,]\d+)?"
)
_SCIENTIFIC = re.compile(r"-?\d(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)


def built_in_format(number: str | int) -> str:
    """Return the format code of a built-in format number."""
    try:
        return _BUILT_IN.get(int(number), "General")
    except ValueError:
        return "General"


@lru_cache(maxsize=8192)
def shown(raw: str, code: str, *, epoch_1904: bool = False) -> str:
    """Return the text of a numeric cell.

    Args:
        raw: As written in the file: ``79161234567``, ``7.9161234567E10``, ``0.1``.
        code: The cell's number format.

    Raises:
        ValueError: Not a number, or not a date where the format shows one.
    """
    if raw.isascii() and raw.isdigit() and len(raw) <= DIGITS_KEPT:
        if code == "General":
            return raw
        zeros = compiled(code).zeros
        if zeros > 1:
            return raw.zfill(zeros)
    number = stored_number(raw)
    form = compiled(code)
    if form.is_plain:
        return plain_number(number)
    section, _ = form.section(number)
    if section is not None and section.is_date:
        return _date_text(float(raw), section, epoch_1904=epoch_1904)
    return number_text(number, code, plain_number)


def stored_number(raw: str) -> Decimal:
    """Return a number that a file stores.

    Raises:
        ValueError: Not a number, or one that no spreadsheet program can hold: written out,
            ``1E999999999`` would fill the memory.
    """
    try:
        number = Decimal(raw)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError(Message("{raw!r} is not a number", raw=raw[:40]))
    return number


def plain_number(number: Decimal) -> str:
    """Return a number without exponent and trailing zeros, at the 15 digits that Excel keeps."""
    if number == number.to_integral_value():
        return f"{number:f}".split(".")[0].replace("-0", "0") if not number else f"{number:.0f}"
    rounded = f"{number:.{DIGITS_KEPT}g}"
    text = f"{Decimal(rounded):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_rounded(raw: str) -> bool:
    """Whether a whole number has more digits than a spreadsheet keeps.

    Args:
        raw: As written in the file: ``12345678901234567890``, ``1.2345678901234567E19``.
    """
    if len(raw) <= DIGITS_KEPT and "e" not in raw.lower():
        return False
    try:
        number = stored_number(raw)
    except ValueError:
        return False
    return number == number.to_integral_value() and abs(number) >= 10**DIGITS_KEPT


def rounded(text: str) -> str:
    """Return the message for a number for which ``is_rounded`` is true."""
    return Message(
        "{text} has more than {digits_kept} digits; a spreadsheet keeps {digits_kept} of "
        "a number, the rest is lost; format the column as text and enter it again",
        text=text,
        digits_kept=DIGITS_KEPT,
    )


def iso_text(value: str) -> str:
    """Return a cell that is stored as an ISO 8601 date, time or duration, as ``shown`` would.

    Raises:
        ValueError: It is none of them.
    """
    duration = _DURATION.fullmatch(value)
    if duration is not None and value not in ("P", "PT"):
        days, hours, minutes, seconds = (
            float((part or "0").replace(",", ".")) for part in duration.groups()
        )
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        if total > _LAST_DAY * _DAY_S:
            raise ValueError(Message("{raw!r} is not a number", raw=value[:40]))
        return duration_text(total, with_seconds=False)
    if "T" not in value and "-" not in value.lstrip("-") and ":" in value:
        moment = time.fromisoformat(value)
        return duration_text(
            moment.hour * 3600 + moment.minute * 60 + moment.second, with_seconds=False
        )
    # The zone says where the file was written; spreadsheet programs show the time without it.
    return moment_text(datetime.fromisoformat(value).replace(tzinfo=None, microsecond=0))


def only_groups(shown: str, number: Decimal) -> bool:
    """Return whether a shown text is the number itself, grouped, rounded or in powers of ten."""
    if _SCIENTIFIC.fullmatch(shown):
        return True
    if not _GROUPED.fullmatch(shown):
        return False
    digits = re.sub(r"[^\d]", "", shown)
    if len(digits) > 1 and digits[0] == "0" and not re.match(r"-?0[.,]", shown):
        return False  # 02139
    decimals = len(match[1]) if (match := re.search(r"[.,](\d+)$", shown)) else 0
    for places in {decimals, 0}:
        if abs(abs(number) - Decimal(digits or "0").scaleb(-places)) * 2 <= Decimal(1).scaleb(
            -places
        ):
            return True
    return False


def moment_of(serial: float, *, epoch_1904: bool) -> datetime:
    """Return the moment that a date serial stands for, to the second.

    Raises:
        ValueError: Before the calendar of spreadsheets begins, or after its end.
    """
    if not 0 <= serial < _LAST_DAY + 1:
        raise ValueError(Message("{serial:g} is not a date", serial=serial))
    epoch = _EPOCH_1904 if epoch_1904 else _EPOCH_1900
    # Excel believes that 1900 was a leap year; days before the phantom 29 February are one off.
    shift = 1 if not epoch_1904 and 1 <= serial < 60 else 0
    try:
        moment = epoch + timedelta(days=serial + shift, microseconds=500_000)
    except OverflowError:  # of the calendar from 1904, or half a second before its end
        raise ValueError(Message("{serial:g} is not a date", serial=serial)) from None
    return moment.replace(microsecond=0)


def moment_text(moment: datetime) -> str:
    """Return ``2024-05-12``, ``2024-05-12 14:30`` or ``2024-05-12 14:30:15``."""
    if moment.hour == moment.minute == moment.second == 0:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}" + (f":{moment:%S}" if moment.second else "")


def duration_text(seconds: float, *, with_seconds: bool) -> str:
    """Return ``09:05``, ``25:30`` or ``25:30:07``; a minus sign in front of a negative one."""
    whole = round(abs(seconds))
    text = f"{whole // 3600:02d}:{whole % 3600 // 60:02d}"
    if with_seconds or whole % 60:
        text += f":{whole % 60:02d}"
    return f"-{text}" if seconds < 0 and whole else text


def _date_text(serial: float, section: Section, *, epoch_1904: bool) -> str:
    if section.elapsed:
        return duration_text(serial * _DAY_S, with_seconds=section.has_seconds)
    moment = moment_of(serial, epoch_1904=epoch_1904)
    if section.has_day:
        return moment_text(moment)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return duration_text(seconds, with_seconds=section.has_seconds)

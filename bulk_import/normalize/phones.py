"""Phone -> E.164, with libphonenumber, after undoing what people and spreadsheets do to numbers.

Cleaning comes first and is ours; whether a number can exist is libphonenumber's word. A number
that is too short, too long or in no known area is refused with what is wrong.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from bulk_import.errors import Message
from bulk_import.normalize import numbering
from bulk_import.normalize.numbering import Number
from bulk_import.normalize.phone_reading import (
    DOUBLED,
    FORMER_PREFIX,
    NO_DIGITS,
    is_of_the_past,
    read_digits,
    refusal,
    with_its_zero,
    wrong_number,
)
from bulk_import.normalize.phone_text import (
    LABEL,
    PLACE_ON_GLOBE,
    in_plain_signs,
    no_number,
    unrounded,
    without_words,
)
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean, clean_line, remembered

LONGEST = 250  # characters of a cell that can hold a phone at all

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=|whatsapp://send\?phone=)"
    r"(?:%2B|\+)?(\d+)(?:[/?&#].*)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:tel|callto|sms|phone)\s*:\s*(?://)?", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\s*(?:[,;|&]|\s/\s|//|/(?=\s*[+(0-9])|\bor\b|\band\b|\bили\b|\bи\b|\boder\b|\bou\b|"
    r"\s(?=\+)|(?<=\d{10})\s(?=\d{10})|\s(?=[^\W\d_]+\s*:\s*[+(\d]))\s*",
    re.IGNORECASE,
)
_OPENING, _CLOSING = "#=\"'`«“‘‹<¡¿ ", "\"'`»“”‘’›>!?… "
_SQUARE = str.maketrans("[]{}", "()()")
_NO_EXCHANGE = re.compile(r"\+1\d{3}[01]")  # in North America none begins so
# A number that `_single` reads as it stands: of ASCII, without "(0)" and without two blanks together.
_PLAIN = re.compile(r"(?!\+8[^0-9])(?!\+.*\(0\))[+(]?[0-9](?:[().\-/]? ?[().\-/]?[0-9])*")
_NUMBER_CHARS = re.compile(r"[\d\s().\-/+*~_'\\]+")
_MARKS = re.compile(r"[~_'\\*]")
_PLACEHOLDERS = re.compile(r"(\d)\1{6,}|0?123456789\d?")
_FILLED = re.compile(r"\d{0,2}0{7,}")  # of a national number: nobody has it
_IN_ORDER = re.compile(r"0?123456789\d?")
_GUESSED = frozenset({"phone.national", "phone.missing_plus", DOUBLED})


@dataclass(frozen=True, slots=True)
class NormalizedPhone(Normalized):
    """A number and its extension.

    Attributes:
        extension: Digits behind the number that only a switchboard understands; may be empty.
    """

    extension: str = ""


@remembered
def normalize_phone(
    text: str,
    *,
    region: str | None = None,
    strict: bool = False,
    several: Literal["first", "refuse"] = "first",
) -> NormalizedPhone:
    """Return the number in *text* as E.164.

    Args:
        text: A cell: a number with any decoration, a ``tel:`` URI, a ``wa.me`` link, what a
            spreadsheet made of a number.
        region: Alpha-2 of the country in which a number without country code is dialled.
        strict: Refuse numbers that are possible but not assigned, instead of warning.
        several: What to do about more than one number in a cell.

    Raises:
        NormalizeError: ``PHONE_*``; the message says what is wrong with it.
    """
    line = clean_line(text)
    if not line:
        raise NormalizeError("PHONE_INVALID", "empty; write a number such as +14155550123")
    if len(line) > LONGEST:
        raise NormalizeError("PHONE_INVALID", "too long for a phone number")
    line = in_plain_signs(line)
    if not _E164.fullmatch(line):
        line = line.translate(_SQUARE).lstrip(_OPENING).rstrip(_CLOSING)
    if _E164.fullmatch(line):
        return _canonical(line, line, None, "phone.e164", (), strict=strict)
    link = _LINK.fullmatch(line)
    if link:
        return _canonical(line, "+" + link[1], None, "phone.link", (), strict=strict)
    scheme = _SCHEME.match(line)
    line = line[scheme.end() :] if scheme else line
    restored = unrounded(line)
    if restored:
        return _canonical(line, restored, region, "phone.spreadsheet", (), strict=strict)
    try:
        return _from_parts(line, region, strict=strict, several=several)
    except NormalizeError:
        cleaned = clean(text)
        if "\n" not in cleaned:
            raise
        apart = in_plain_signs(clean_line(cleaned.replace("\n", "; ")))
        with suppress(NormalizeError):
            return _from_parts(apart, region, strict=strict, several=several)
        raise


def plain_phone(text: str, region: str) -> str | None:
    """Return the number in *text*, if there is nothing to say about it; it is much quicker.

    Args:
        region: Alpha-2; ``""`` where none is known.

    Returns:
        What ``normalize_phone`` would return without a note and an extension, else ``None``.
    """
    if not _PLAIN.fullmatch(text) or text.count(".") == 1:
        return None
    is_international = text[0] == "+"
    digits = text[1:] if is_international else text
    if not digits.isdigit():
        digits = NO_DIGITS.sub("", digits)
    if _PLACEHOLDERS.fullmatch(digits):
        return None
    if is_international:
        found = numbering.as_it_stands(digits, None)
        if found is None or found.national.startswith(str(found.code)):
            return None
    else:
        former = FORMER_PREFIX.get(region)
        if not region or (former and former.match(digits)):
            return None
        if digits.startswith(str(numbering.calling_code(region))):
            return None
        found = numbering.as_it_stands(digits, region)
        if found is None:
            return None
    if (
        "0000000" in found.national
        or "123456789" in found.national
        or not found.national.strip("0")
    ):
        return None
    return found.e164


def _from_parts(
    line: str, region: str | None, *, strict: bool, several: Literal["first", "refuse"]
) -> NormalizedPhone:
    try:
        return _single(line, region, (), strict=strict)
    except NormalizeError as whole:
        parts = [part for part in _SEVERAL.split(line) if sum(c.isdigit() for c in part) >= 5]
        if len(parts) < 2:
            raise
        numbers = []
        for part in parts:
            with suppress(NormalizeError):
                numbers.append(_single(part, region, (), strict=strict))
        if not numbers:
            raise whole from None
        distinct = list(dict.fromkeys(number.value for number in numbers))
        if len(distinct) == 1 and len(numbers) == len(parts):
            return numbers[0]
        if several == "refuse" or len(numbers) < len(parts):
            raise NormalizeError(
                "PHONE_SEVERAL",
                Message("{line!r} holds {n} numbers; leave one", line=line, n=len(parts)),
                candidates=distinct,
            ) from None
        first = numbers[0]
        note = Note(
            "PHONE_FIRST_OF_SEVERAL",
            Message(
                "{line!r} holds several numbers; {value} is used", line=line, value=first.value
            ),
        )
        return NormalizedPhone(
            first.value, "phone.first_of_several", (*first.notes, note), first.extension
        )


def _single(
    line: str, region: str | None, notes: tuple[Note, ...], *, strict: bool
) -> NormalizedPhone:
    # A cell without a word has no label, no extension and nothing around the number.
    is_bare = _NUMBER_CHARS.fullmatch(line) is not None
    bare, extension, words = (line, "", []) if is_bare else without_words(line)
    dropped = [one for one in words if not LABEL.fullmatch(one)]
    if dropped:
        text = " ".join(dropped)
        notes = (
            *notes,
            Note(
                "PHONE_TEXT_DROPPED", Message("{text!r} beside the number is not sent", text=text)
            ),
        )
    bare = bare.strip(" .,;:")
    is_number = _NUMBER_CHARS.fullmatch(bare) and not PLACE_ON_GLOBE.fullmatch(bare)
    if not is_number or not any(c.isdigit() for c in bare):
        raise no_number(line)
    bare = with_its_zero(_MARKS.sub(" ", bare))
    rule = "phone.text_around" if words else "phone.number"
    found = _canonical(line, bare, region, rule, notes, strict=strict)
    return NormalizedPhone(found.value, found.rule, found.notes, extension)


def _canonical(
    shown: str,
    number: str,
    region: str | None,
    rule: str,
    notes: tuple[Note, ...],
    *,
    strict: bool,
) -> NormalizedPhone:
    bare = number.removeprefix("+")
    digits = bare if bare.isdecimal() else NO_DIGITS.sub("", number)
    if _PLACEHOLDERS.fullmatch(digits):
        raise NormalizeError(
            "PHONE_INVALID", Message("{shown!r} is a placeholder, not a phone number", shown=shown)
        )
    found, how = read_digits(number, digits, region)
    if found is None:
        raise refusal(shown, number, digits, region)
    is_filled = "0000000" in found.national and _FILLED.fullmatch(found.national)
    if is_filled or (found.national[0] == "0" and not found.national.strip("0")):
        raise NormalizeError(
            "PHONE_INVALID", Message("{shown!r} is a placeholder, not a phone number", shown=shown)
        )
    if "123456789" in found.national and _IN_ORDER.fullmatch(found.national):
        notes = (
            *notes,
            Note("PHONE_PLACEHOLDER", Message("{shown!r} looks like a placeholder", shown=shown)),
        )
    if how == DOUBLED:
        notes = (
            *notes,
            Note(
                "PHONE_CODE_DOUBLED",
                Message(
                    "{shown!r} has its country code twice; {e164} is sent",
                    shown=shown,
                    e164=found.e164,
                ),
            ),
        )
    if not found.is_assigned:
        # Without a plus the region may be the wrong guess, so only a number that exists will do.
        if strict or how in _GUESSED or _cannot_exist(found) or is_of_the_past(found):
            raise wrong_number(shown, numbering.to_library(found))
        notes = (
            *notes,
            Note(
                "PHONE_UNASSIGNED",
                Message("{shown!r} has the right length but no operator uses it", shown=shown),
            ),
        )
    return NormalizedPhone(found.e164, how or rule, notes)


def _cannot_exist(found: Number) -> bool:
    """Whether a number that nobody has is a number with a digit lost or added."""
    return bool(_NO_EXCHANGE.match(found.e164)) or numbering.is_cut(found)


def region_of_number(number: str) -> str:
    """Return the country of a canonical number such as ``+14155550123``; empty if it has none."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.region_code_for_number(parsed) or "")

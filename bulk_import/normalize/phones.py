"""Phone -> E.164, with libphonenumber, after undoing what people and spreadsheets do to numbers.

Cleaning comes first and is ours; whether a number can exist is libphonenumber's word. A number
that is too short, too long or in no known area is refused with what is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from bulk_import.errors import Message
from bulk_import.normalize import numbering
from bulk_import.normalize.numbering import Number
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean, clean_line

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

LONGEST = 250  # characters of a cell that can hold a phone at all

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SCIENTIFIC = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_FLOAT = re.compile(r"(\+?\d{7,15})[.,]0{1,2}")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=|whatsapp://send\?phone=)"
    r"(?:%2B|\+)?(\d+)(?:[/?&#].*)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:tel|callto|sms|phone)\s*:\s*(?://)?", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:[,;]?\s*(?:extension|ext|extn|доб(?:ав(?:очный|\.)?)?|внутр?|вн|poste|anexo|ramal|durchwahl|"
    r"interno|int|x|#)[\s.:=№]*|;ext=|,(?=\d+#))(\d{1,7})\s*[)#]?\s*$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^(?:\(?(?:tel(?:efon|ephone|éfono|efono|efone)?|phone|ph|mobile|mob|cell(?:ular)?|work|home|office|"
    r"main|fax|whats\s?app|viber|telegram|handy|mobil|móvil|movil|portable|tél(?:éphone)?|"
    r"telem[óo]vel|gsm|kom|komórka|cep|(?:telefon|handy|mobil|ruf)nummer|"
    r"手机|电话|電話|携帯|номер|номер\s+телефона|т|тел(?:ефон)?|моб(?:ильный)?|сот(?:овый)?|раб(?:очий)?|дом(?:ашний)?)(?:\s(?:no|nr|number)\b)?"
    r"(?![^\W\d_])\)?\s*[.:№#-]*\s*)+",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\s*[(\[]?\s*[^\W\d_][^\d]*$")
_IN_BRACKETS = re.compile(r"\s*\(\s*([^()\d]*[^\W\d_][^()\d]*)\)\s*$")
_NAME_AHEAD = re.compile(r"[^\W\d_][^\d/@#+]*?[\s:.,-]+(?=\+|\(?\d+[\s().-]+\d)")
# What a number behind it is the number of, if not a telephone's.
_OTHER_NUMBER = re.compile(
    r"\b(?:id|инн|снилс|огрн|iban|isbn|ssn|vat|tax|order|invoice|acc(?:oun)?t|card|zip|ext|"
    r"extension|box|suite|apt|кв|паспорт|заказ|счет|счёт|карта|индекс|доб|rooms?|\w*nummer|rechnung|konto)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\s*(?:[,;|&]|\s/\s|//|/(?=\s*[+(0-9])|\bor\b|\band\b|\bили\b|\bи\b|\boder\b|\bou\b|"
    r"\s(?=\+)|(?<=\d{10})\s(?=\d{10})|\s(?=[^\W\d_]+\s*:\s*[+(\d]))\s*",
    re.IGNORECASE,
)
_OPENING, _CLOSING = "#=\"'`«“‘‹<¡¿ ", "\"'`»“”‘’›>!?… "
_SQUARE = str.maketrans("[]{}", "()()")
# Prefixes of the past, still in many lists: what was dialled in front of numbers of today's length.
_FORMER_PREFIX = {
    "MX": re.compile(r"(?:01|044|045)(?=\d{10}\Z)"),
    "UA": re.compile(r"8(?=0\d{9}\Z)"),
}
_FORMER_MEXICAN_MOBILE = re.compile(r"521(?=\d{10}\Z)")
_NO_EXCHANGE = re.compile(r"\+1\d{3}[01]")  # in North America none begins so
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
_KEYPAD = re.compile(r"(?=(?:.*?[A-Za-z]){3})[\d\s().+/-]*\d{3}[\s().-]*[A-Za-z][A-Za-z\d\s-]{2,}")
_KEYS = {letter: digit for digit, letters in enumerate(
    "abc def ghi jkl mno pqrs tuv wxyz".split(), 2) for letter in letters}  # fmt: skip
# Plans that changed: (code, length of old numbers, what happened).
_CHANGED = {
    55: (10, "Brazil put a 9 in front of its mobile numbers by 2016: +55, area, 9 and eight digits"),
    225: (8, "Ivory Coast's numbers have ten digits since 2021: 01, 05, 07 for mobiles, 2x for landlines "
             "in front of the old eight"),
    229: (8, "Benin's numbers have ten digits since 2024: 01 in front of the old eight"),
    241: (7, "Gabon's numbers have eight digits after the 0 since 2019"),
}  # fmt: skip
# A number that `_single` reads as it stands: of ASCII, without "(0)" and without two blanks together.
_PLAIN = re.compile(r"(?!\+8[^0-9])(?!\+.*\(0\))[+(]?[0-9](?:[().\-/]? ?[().\-/]?[0-9])*")
_LONGEST_PLAIN = 40
_NEVER_PLAIN = ("00", "011", "521")  # prefixes from abroad, and one of Mexico's past
_NUMBER_CHARS = re.compile(r"[\d\s().\-/+*~_'\\]+")
_NO_DIGITS = re.compile(r"\D")
_MARKS = re.compile(r"[~_'\\*]")
_DECIMAL = re.compile(r"-?[1-9]\d?\.\d{4,9}")  # a place on the globe
_PLACEHOLDERS = re.compile(r"(\d)\1{6,}|0?123456789\d?")
_FILLED = re.compile(r"\d{0,2}0{7,}")  # of a national number: nobody has it
_IN_ORDER = re.compile(r"0?123456789\d?")


_DOUBLED = "phone.code_doubled"
_GUESSED = frozenset({"phone.national", "phone.missing_plus", _DOUBLED})


@dataclass(frozen=True, slots=True)
class NormalizedPhone(Normalized):
    """A number and its extension.

    Attributes:
        extension: Digits behind the number that only a switchboard understands; may be empty.
    """

    extension: str = ""


@lru_cache(maxsize=8192)
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
    line = _plain(line)
    if not _E164.fullmatch(line):
        line = line.translate(_SQUARE).lstrip(_OPENING).rstrip(_CLOSING)
    if _E164.fullmatch(line):
        return _canonical(line, line, None, "phone.e164", (), strict=strict)
    link = _LINK.fullmatch(line)
    if link:
        return _canonical(line, "+" + link[1], None, "phone.link", (), strict=strict)
    line = _SCHEME.sub("", line, count=1) if _SCHEME.match(line) else line
    restored = _restored(line)
    if restored:
        return _canonical(line, restored, region, "phone.spreadsheet", (), strict=strict)
    try:
        return _from_parts(line, region, strict=strict, several=several)
    except NormalizeError:
        cleaned = clean(text)
        if "\n" not in cleaned:
            raise
        apart = _plain(clean_line(cleaned.replace("\n", "; ")))
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
    if not _PLAIN.fullmatch(text) or text.count(".") == 1 or len(text) > _LONGEST_PLAIN:
        return None
    is_international = text[0] == "+"
    digits = text[1:] if is_international else text
    if not digits.isdigit():
        digits = _NO_DIGITS.sub("", digits)
    if digits.startswith(_NEVER_PLAIN) or _PLACEHOLDERS.fullmatch(digits):
        return None
    if is_international:
        found = numbering.as_it_stands(digits, None)
        if found is None or found.national.startswith(str(found.code)):
            return None
    else:
        former = _FORMER_PREFIX.get(region)
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


def _plain(line: str) -> str:
    """Fold every digit, dash, plus and blank of Unicode to its plain form; drop apostrophes."""
    if line.isascii():
        return line.lstrip("'`").strip()
    folded = []
    for char in line:
        if char.isdecimal():
            folded.append(str(unicodedata.decimal(char)))
        elif unicodedata.category(char) == "Pd" or char in "\u2212\u30fc\uff70\u02d7":
            folded.append("-")
        elif char in "\uff0b\ufe62\u207a\u2795":
            folded.append("+")
        elif char.isspace() or (unicodedata.category(char) == "So" and char != "№"):
            folded.append(" ")
        elif char in "\u00b7\u2022\u30fb\u2219\u2027\u3002\uff0e\u2024":
            folded.append(".")
        else:
            folded.append(
                {"（": "(", "）": ")", "，": ",", "；": ";", "／": "/", "：": ":"}.get(char, char)
            )
    return "".join(folded).lstrip("'`\u2018\u2019\u02bc\u00b4\u2032").strip()


def _restored(line: str) -> str | None:
    """Undo a float or scientific notation, if no digit is lost."""
    exact = _FLOAT.fullmatch(line)
    if exact:
        return exact[1]
    match = _SCIENTIFIC.fullmatch(line)
    if match is None:
        return None
    fraction, exponent = match[2] or "", int(match[3])
    if len(fraction) < exponent:
        digits = (match[1] + fraction).ljust(exponent + 1, "0")
        # Exact only when the fraction carries every digit but trailing zeros; a number that was
        # shortened for display looks the same, so only a full-length mantissa is believed.
        raise NormalizeError(
            "PHONE_SCIENTIFIC",
            Message(
                "{line!r}: the spreadsheet rounded the number (about {digits}); format the "
                "column as text or number without decimals and export it again",
                line=line,
                digits=digits,
            ),
        )
    kept, lost = fraction[:exponent], fraction[exponent:]
    if lost.strip("0"):
        raise NormalizeError("PHONE_INVALID", Message("{line!r} is not a phone number", line=line))
    return match[1] + kept


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
            try:
                numbers.append(_single(part, region, (), strict=strict))
            except NormalizeError:
                continue
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
    bare, extension, words = (line, "", []) if is_bare else _without_words(line)
    dropped = [one for one in words if not _LABEL.fullmatch(one)]
    if dropped:
        text = " ".join(dropped)
        notes = (
            *notes,
            Note(
                "PHONE_TEXT_DROPPED", Message("{text!r} beside the number is not sent", text=text)
            ),
        )
    bare = bare.strip(" .,;:")
    is_number = _NUMBER_CHARS.fullmatch(bare) and not _DECIMAL.fullmatch(bare)
    if not is_number or not any(c.isdigit() for c in bare):
        raise _no_number(line)
    bare = _with_its_zero(_MARKS.sub(" ", bare))
    rule = "phone.text_around" if words else "phone.number"
    found = _canonical(line, bare, region, rule, notes, strict=strict)
    return NormalizedPhone(found.value, found.rule, found.notes, extension)


def _no_number(line: str) -> NormalizeError:
    if _KEYPAD.fullmatch(line) and not _DECIMAL.fullmatch(line):
        digits = "".join(str(_KEYS.get(char.lower(), char)) for char in line)
        return NormalizeError(
            "PHONE_INVALID",
            Message(
                "{line!r} has letters of a keypad for digits; write {digits}, if that is meant",
                line=line,
                digits=digits,
            ),
        )
    return NormalizeError(
        "PHONE_INVALID", Message("{line!r} is not a phone number such as +14155550123", line=line)
    )


def _with_its_zero(number: str) -> str:
    """``+44 (0)20 …`` has a zero that is dialled at home only; Italy's ``+39 (0)6 …`` keeps it."""
    if not _TRUNK_ZERO.match(number):
        return number
    without = _TRUNK_ZERO.sub(r"\1", number)
    code, _ = numbering.split(_NO_DIGITS.sub("", without))
    if not code or numbering.has_trunk_zero(code):
        return without
    kept = numbering.read(_NO_DIGITS.sub("", number))
    return number if kept and kept.is_assigned else without


def _without_words(line: str) -> tuple[str, str, list[str]]:
    """(number, extension, words that stood around them)."""
    words, extension = [], ""
    note = _IN_BRACKETS.search(line)
    if note and note.start():
        line = line[: note.start()]
        words.append(note[1].strip())
    match = _EXTENSION.search(line)
    if match and sum(c.isdigit() for c in line[: match.start()]) >= 5:
        extension, line = match[1], line[: match.start()].rstrip(" (,;")
    bare = _LABEL.sub("", line).strip()
    tail = _NOTE.search(bare)
    if tail and tail.start() and tail[0][0] in " ([":  # words behind the number, not inside it
        bare = bare[: tail.start()].strip()
        words.append(tail[0].strip(" ()[]"))
    ahead = _NAME_AHEAD.match(bare)
    if ahead and not _OTHER_NUMBER.search(ahead[0]):
        bare = bare[ahead.end() :]
        words.append(ahead[0].strip(" :.,-"))
    return bare, extension, words


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
    digits = bare if bare.isdecimal() else _NO_DIGITS.sub("", number)
    if _PLACEHOLDERS.fullmatch(digits):
        raise NormalizeError(
            "PHONE_INVALID", Message("{shown!r} is a placeholder, not a phone number", shown=shown)
        )
    found, how = _parse(number, digits, region)
    if found is None:
        raise _refusal(shown, number, digits, region)
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
    if how == _DOUBLED:
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
        if strict or how in _GUESSED or _cannot_exist(found) or _is_of_the_past(found):
            raise _wrong(shown, numbering.to_library(found))
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


def _is_of_the_past(found: Number) -> bool:
    """Whether the number has the length that all numbers of its country had before its plan changed."""
    old = _CHANGED.get(found.code)
    return old is not None and len(found.national) == old[0]


def _parse(number: str, digits: str, region: str | None) -> tuple[Number | None, str]:
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
            return once, _DOUBLED
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
    old = _FORMER_PREFIX.get(region)
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


def _refusal(shown: str, number: str, digits: str, region: str | None) -> NormalizeError:
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
    return _wrong(shown, parsed)


def _wrong(shown: str, parsed: PhoneNumber) -> NormalizeError:
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


def region_of_number(number: str) -> str:
    """Return the country of a canonical number such as ``+14155550123``; empty if it has none."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.region_code_for_number(parsed) or "")

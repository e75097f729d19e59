"""What stands around the digits of a phone number, and what a spreadsheet made of them."""

from __future__ import annotations

import re
import unicodedata

from bulk_import.errors import Message
from bulk_import.normalize.result import NormalizeError

_SCIENTIFIC = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_FLOAT = re.compile(r"(\+?\d{7,15})[.,]0{1,2}")
_EXTENSION = re.compile(
    r"(?:[,;]?\s*(?:extension|ext|extn|доб(?:ав(?:очный|\.)?)?|внутр?|вн|poste|anexo|ramal|durchwahl|"
    r"interno|int|x|#)[\s.:=№]*|;ext=|,(?=\d+#))(\d{1,7})\s*[)#]?\s*$",
    re.IGNORECASE,
)
LABEL = re.compile(
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
_KEYPAD = re.compile(r"(?=(?:.*?[A-Za-z]){3})[\d\s().+/-]*\d{3}[\s().-]*[A-Za-z][A-Za-z\d\s-]{2,}")
_KEYS = {letter: digit for digit, letters in enumerate(
    "abc def ghi jkl mno pqrs tuv wxyz".split(), 2) for letter in letters}  # fmt: skip
PLACE_ON_GLOBE = re.compile(r"-?[1-9]\d?\.\d{4,9}")  # a place on the globe


def in_plain_signs(line: str) -> str:
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


def unrounded(line: str) -> str | None:
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


def no_number(line: str) -> NormalizeError:
    """Return the error of a text that is no phone number; of keypad letters it says the digits."""
    if _KEYPAD.fullmatch(line) and not PLACE_ON_GLOBE.fullmatch(line):
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


def without_words(line: str) -> tuple[str, str, list[str]]:
    """(number, extension, words that stood around them)."""
    words, extension = [], ""
    note = _IN_BRACKETS.search(line)
    if note and note.start():
        line = line[: note.start()]
        words.append(note[1].strip())
    match = _EXTENSION.search(line)
    if match and sum(c.isdigit() for c in line[: match.start()]) >= 5:
        extension, line = match[1], line[: match.start()].rstrip(" (,;")
    bare = LABEL.sub("", line).strip()
    tail = _NOTE.search(bare)
    if tail and tail.start() and tail[0][0] in " ([":  # words behind the number, not inside it
        bare = bare[: tail.start()].strip()
        words.append(tail[0].strip(" ()[]"))
    ahead = _NAME_AHEAD.match(bare)
    if ahead and not _OTHER_NUMBER.search(ahead[0]):
        bare = bare[ahead.end() :]
        words.append(ahead[0].strip(" :.,-"))
    return bare, extension, words

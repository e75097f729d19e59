"""Damage that can be seen in a single cell.

``MÃ¼ller`` is UTF-8 read in another encoding, ``4.49E+11`` has lost digits, and a phone that reads
``2024-05-12`` was turned into a date.
"""

from __future__ import annotations

import re

from bulk_import.errors import Message
from bulk_import.models import Problem, Severity
from bulk_import.sources.remnants import remnant

CUT_LENGTHS = (255, 32_767)  # old Excel's cell, today's cell

_SCIENTIFIC = re.compile(r"[+-]?\d[.,]\d+E\+\d{1,3}")
# Whole words: "Maria 85" is somebody, "Mar 85" is March.
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    "Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?"
    rf"|(?:\d{{1,2}}[- ])?{_MONTH}[- ]\d{{2,4}}"
    rf"|\d{{1,2}}-{_MONTH}"
    r"|\d{1,2}-(?:янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)"
)
_LONG_NUMBER = re.compile(r"\d{15}0+")
_LOST = re.compile(r"[?\s.,-]*\?{3,}[?\s.,-]*")

# What UTF-8 was mistaken for, most frequent first, and how many letters prove it: a pair of
# Cyrillic letters can be a word, a pair like `Ã¼` cannot.
MISTAKEN = (("cp1252", 1), ("cp1251", 2), ("mac-roman", 1), ("cp437", 1), ("cp866", 2))
# The letters and signs that people's data really has: Latin, Greek, Cyrillic, punctuation.
_PLAUSIBLE = re.compile(
    "[\x20-\x7e\u00a0-\u017f\u0218-\u021b\u0386-\u03ce\u0400-\u045f\u0490\u0491\u1e9e"
    "\u2010-\u203a\u20ac\u20bd\u2116\u2122]*"
)

# Half of a letter of UTF-8, and a sign that is its other half.
TORN = re.compile("[ÃÂÐÑ][\u00a1-\u00a9\u00ac-\u00b9\u00bc-\u00bf]|[ÃÐÑ][€‚ƒ„†‡‰‹Œ]")
LOST_MARKS = (
    "\ufffd",
    "ï¿½",
)  # what stands for a letter that could not be read; and read wrongly again
SIGN_ROLES = frozenset({"name", "city"})
SIGN_INSIDE = re.compile(r"[^\W\d_][°±²³µ¶§©®¬¦¤][^\W\d_]")
ACCENTED = re.compile(r"(?<![^\W\d_])[\u00b8\u00a8\u00c0-\u00ff]{3,}(?![^\W\d_])")
_CYRILLIC_VOWEL = re.compile("[аеёиоуыэюя]", re.IGNORECASE)
DATES_REFUSED_IN = frozenset({"phone", "name", "postal_code"})
DATES_DOUBTED_IN = frozenset({"tags", "list_ids"})


def spoiled(text: str, role: str) -> Problem | None:
    """Return the damage of a cell, if there is any.

    Args:
        text: Not empty.
        role: What the column holds; ``text`` for anything.
    """
    if not text.isascii() and (mangled := _mangled(text, role)):
        return mangled
    problem = remnant(text, role)
    if problem is not None:
        return problem
    length = len(text)
    if length in CUT_LENGTHS:
        return _warning(
            "TEXT_CUT",
            Message(
                "exactly {length:,} characters, the most that some programs keep: the end is "
                "probably cut off",
                length=length,
            ),
            text[:40],
        )
    if length > 32 or role == "email":
        return None
    return _shortened(text, role) or _dated(text, role)


def _shortened(text: str, role: str) -> Problem | None:
    """A number that lost its digits, a text that lost its letters."""
    length = len(text)
    first = text[0]
    if first in "0123456789+-" and role != "phone" and _SCIENTIFIC.fullmatch(text):
        # The phone normalizer restores what can be restored and refuses the rest.
        return _error(
            "NUMBER_SCIENTIFIC",
            Message(
                "{text} is a long number that was shortened, its digits are lost; format the "
                "column as text and enter it again",
                text=text,
            ),
            text,
        )
    if length > 15 and first in "123456789" and _LONG_NUMBER.fullmatch(text):
        return _warning(
            "NUMBER_ROUNDED",
            Message(
                "{text} has {length} digits that end in zeros: a spreadsheet keeps 15 and "
                "makes the rest zeros",
                text=text,
                length=length,
            ),
            text,
        )
    if first in "?-. " and _LOST.fullmatch(text):
        return _error(
            "TEXT_LOST",
            "question marks stand where an earlier program could not write the letters; export "
            "the data again as UTF-8",
            text,
        )
    return None


def _dated(text: str, role: str) -> Problem | None:
    """A date in a column that holds something else."""
    if role in DATES_REFUSED_IN and DATE.fullmatch(text):
        return _error(
            "VALUE_IS_DATE",
            Message(
                "{text} is a date where a {role} should be; a spreadsheet program has turned "
                "the value into one. Format the column as text and enter it again",
                text=text,
                role=Message(role.replace("_", " ")),
            ),
            text,
        )
    if role in DATES_DOUBTED_IN and DATE.fullmatch(text):
        return _warning(
            "VALUE_IS_DATE",
            Message(
                "{text} looks like something that a spreadsheet program has turned into a date",
                text=text,
            ),
            text,
        )
    return None


def _mangled(text: str, role: str) -> Problem | None:
    """What an earlier program did to the letters of a text beyond ASCII."""
    if any(lost in text for lost in LOST_MARKS):
        return _error(
            "TEXT_LOST",
            "the cell holds \ufffd, which stands for a letter that an earlier program could "
            "not read; export the data again from where it is still whole",
            text,
        )
    meant = unmistaken(text)
    if meant:
        return _error(
            "TEXT_MOJIBAKE",
            Message(
                "{text!r} is {meant!r} in the wrong encoding; import the file that it comes "
                "from as UTF-8 and export it again",
                text=text[:60],
                meant=meant[:60],
            ),
            text,
        )
    if TORN.search(text) or (role in SIGN_ROLES and SIGN_INSIDE.search(text)):
        return _error(
            "TEXT_MOJIBAKE",
            Message(
                "{text!r} was read in the wrong encoding and lost letters on the way; export "
                "the data again from where it is still whole",
                text=text[:60],
            ),
            text,
        )
    foreign = _in_another_script(text) if role != "email" else ""
    if foreign:
        return _error(
            "TEXT_MOJIBAKE",
            Message(
                "{text!r} is {foreign!r} in the wrong encoding; export the data again from "
                "where it is still whole",
                text=text[:60],
                foreign=foreign[:60],
            ),
            text,
        )
    return None


def unmistaken(text: str) -> str:
    """Return what *text* was before UTF-8 was read as another encoding; ``""`` if it was not."""
    for encoding, fewest in MISTAKEN:
        try:
            meant = as_bytes(text, encoding).decode("utf-8")
        except UnicodeError:
            continue
        letters = sum(char > "\x7f" for char in meant)
        if letters >= fewest and _PLAUSIBLE.fullmatch(meant):
            return unmistaken(meant) or meant  # some texts went through it twice
    return ""


def _in_another_script(text: str) -> str:
    """Return the Cyrillic words of cp1251 that were read as cp1252: ``Àííà`` was Анна.

    No language of the West has words of three and more letters that all bear accents.
    """
    for word in ACCENTED.findall(text):
        try:
            meant = str(word).encode("cp1252").decode("cp1251")
        except UnicodeError:
            continue
        has_case = meant.istitle() or meant.islower() or meant.isupper()
        if has_case and meant.isalpha() and _CYRILLIC_VOWEL.search(meant):
            return meant
    return ""


def as_bytes(text: str, encoding: str) -> bytes:
    if encoding != "cp1252":
        return text.encode(encoding)
    # Programs let the five bytes that cp1252 leaves free pass as control characters.
    return b"".join(
        char.encode("latin-1") if "\x80" <= char <= "\x9f" else char.encode("cp1252")
        for char in text
    )


def _error(code: str, message: str, value: str) -> Problem:
    return Problem(code, message, value=value)


def _warning(code: str, message: str, value: str) -> Problem:
    return Problem(code, message, value=value, severity=Severity.WARNING)

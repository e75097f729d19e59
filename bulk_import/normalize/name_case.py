"""The letter case of names, changed only where a mapping asks for it."""

from __future__ import annotations

import re

from bulk_import.normalize.name_words import PARTICLES

_LETTERS = re.compile(r"[^\W\d_]+")
_TURKISH = frozenset("ıİşŞğĞ")  # whose i cannot be told from others'


def titled(name: str, *, is_family: bool = False) -> str:
    """Return a name that was typed in capitals or in small letters with capitals in front.

    Words in mixed case stay as they are, and so do words that may be Turkish; particles inside a
    name become small, at the start of a family name as well.

    >>> titled("ANNA VAN DER BERG-O'NEILL"), titled("иван"), titled("McDonald")
    ("Anna van der Berg-O'Neill", 'Иван', 'McDonald')
    """
    if not _TURKISH.isdisjoint(name):
        return name
    words = name.split(" ")
    return " ".join(
        word.lower()
        if (at or is_family) and at < len(words) - 1 and word.lower() in PARTICLES
        else _capitalized(word)
        for at, word in enumerate(words)
    )


def _capitalized(word: str) -> str:
    if not (word.isupper() or word.islower()):
        return word
    return _LETTERS.sub(lambda match: _first_up(match[0][0]) + match[0][1:].lower(), word)


def _first_up(letter: str) -> str:
    capital = letter.title()
    return capital if len(capital) == 1 else letter  # no word begins with ß

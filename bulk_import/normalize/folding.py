"""How names are compared: case, accents, punctuation and little words do not matter."""

from __future__ import annotations

import re
import unicodedata

_NOT_WORDS = re.compile(r"[^\w\s]|_")
_BLANKS = re.compile(r"\s+")
_LITTLE = frozenset(
    {
        "the",
        "of",
        "and",
        "der",
        "die",
        "das",
        "la",
        "le",
        "les",
        "el",
        "et",
        "und",
        "y",
        "de",
        "del",
        "du",
        "des",
        "e",
        "i",
        "и",
    }
)
_SAINT = {"st": "saint", "ste": "saint", "sankt": "saint", "sint": "saint", "sainte": "saint"}
_SHORTENED = {
    "rep": "republic",
    "dem": "democratic",
    "fed": "federated",
    "utd": "united",
    "gt": "great",
    "is": "islands",
    "респ": "республика",
}
# Latin letters that do not decompose into a base letter and an accent.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ŀ": "l",
        "ħ": "h",
        "ŋ": "n",
        "ə": "e",
        "ʻ": "",
        "ʼ": "",
        "’": "",
        "‘": "",
        "'": "",
        "`": "",
        "´": "",
        "ё": "е",
    }
)


def fold(text: str) -> str:
    """Return the words of *text*, lower-cased, without accents and punctuation.

    >>> fold("Côte d’Ivoire"), fold("St. Kitts & Nevis")
    ('cote divoire', 'saint kitts and nevis')
    """
    text = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    # Only marks on Latin, Greek and Cyrillic letters are accents; elsewhere they are vowels.
    kept = []
    base_is_european = False
    for char in text:
        if unicodedata.combining(char):
            if not base_is_european or char == "\u0306":  # й is not и
                kept.append(char)
            continue
        base_is_european = char < "\u0530" or "\u1e00" <= char < "\u2000"
        kept.append(char)
    text = unicodedata.normalize("NFKC", "".join(kept)).replace("&", " and ")
    words = _BLANKS.sub(" ", _NOT_WORDS.sub(" ", text)).split()
    return " ".join(_SAINT.get(word, word) for word in words)


def written_out(folded: str) -> str:
    """Return a folded name with its shortened words at full length.

    >>> written_out("korea dem peoples rep")
    'korea democratic peoples republic'
    """
    return " ".join(_SHORTENED.get(word, word) for word in folded.split())


def core(folded: str) -> str:
    """Return the words of a folded name that carry meaning, in alphabetical order.

    Inverted forms ("korea republic of") and plain ones ("republic of korea") come out alike.
    """
    return " ".join(sorted(word for word in folded.split() if word not in _LITTLE))

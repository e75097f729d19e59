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
        "臺": "台",
        # One letter of Arabic script under several code points.
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ة": "ه",
        "ہ": "ه",
        "ۀ": "ه",
        "ـ": "",
    }
)


def fold(text: str) -> str:
    """Return the words of *text*, lower-cased, without accents and punctuation.

    >>> fold("Côte d’Ivoire"), fold("St. Kitts & Nevis")
    ('cote divoire', 'saint kitts and nevis')
    """
    if text.isascii():
        text = text.lower().replace("'", "").replace("`", "")
    else:
        text = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
        text = unicodedata.normalize("NFKC", _without_accents(text))
    words = _BLANKS.sub(" ", _only_words(text.replace("&", " and "))).split()
    return " ".join(_SAINT.get(word, word) for word in words)


def _without_accents(text: str) -> str:
    """Accents on letters of Europe and the Near East go; elsewhere marks are vowels and stay."""
    kept = []
    is_accent = False
    for char in text:
        if unicodedata.combining(char):
            if not is_accent or char == "\u0306":  # й is not и
                kept.append(char)
            continue
        is_accent = char < "\u0700" or "\u1e00" <= char < "\u2000"
        kept.append(char)
    return "".join(kept)


def _only_words(text: str) -> str:
    """Blanks for punctuation. Vowel signs of Indic and Thai letters are no punctuation."""
    if text.isascii():
        return _NOT_WORDS.sub(" ", text)
    return "".join(
        char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in text
    )


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

"""Evidence for a file's language beside its special letters: ASCII words, countries of addresses.

A name such as ``Boldù`` reads in several encodings. Among Italian names, or addresses that end in
``.it``, the Italian reading is meant.
"""

from __future__ import annotations

import re
from collections import Counter

from bulk_import.sources.text.letters import LANGUAGES, chances_of, trigrams

_MOST_WORDS = 200  # distinct ones; more add time and no evidence
_WEIGHT = 0.05  # of words: some are names of another language
_OF_ADDRESS = 1.5  # nats for each address in a country of another language
_MOST_OF_ADDRESSES = 6.0  # nats
_MOST_AGAINST = 14.0  # nats
_WORD = re.compile(rb"(?<![\w.@\x80-\xff-])[A-Za-z]{4,}(?![\w.@\x80-\xff-])")
_ADDRESS = re.compile(rb"@[\w-]+(?:\.[\w-]+)*\.([A-Za-z]{2})(?![\w.-])")
# Countries in which nearly everybody writes one language.
_COUNTRIES = {
    "de": "German", "at": "German", "fr": "French", "es": "Spanish", "mx": "Spanish", "ar": "Spanish", "cl": "Spanish",
    "pe": "Spanish", "it": "Italian", "pt": "Portuguese", "br": "Portuguese", "dk": "Danish", "no": "Norwegian", "se": "Swedish",
    "fi": "Finnish", "is": "Icelandic", "nl": "Dutch", "ee": "Estonian", "pl": "Polish", "cz": "Czech", "sk": "Slovak",
    "hu": "Hungarian", "ro": "Romanian", "md": "Romanian", "hr": "Croatian", "si": "Slovene", "tr": "Turkish", "lv": "Latvian",
    "lt": "Lithuanian", "gr": "Greek", "cy": "Greek", "il": "Hebrew", "sa": "Arabic", "eg": "Arabic", "ae": "Arabic",
    "ir": "Persian", "ru": "Russian", "ua": "Ukrainian", "by": "Belarusian", "bg": "Bulgarian", "rs": "Serbian",
    "mk": "Macedonian", "th": "Thai", "vn": "Vietnamese",
}  # fmt: skip


def company(plain: bytes) -> dict[str, float]:
    """Return the evidence against each language in lines of a file: nats, from 0 down to -14."""
    words, countries = _by_words(plain), _by_countries(plain)
    return {
        language: max(words.get(language, 0.0) + countries.get(language, 0.0), -_MOST_AGAINST)
        for language in LANGUAGES
    }


def _by_words(plain: bytes) -> dict[str, float]:
    """How well words within ASCII fit each language, without addresses and codes."""
    found = Counter(match.decode().lower() for match in _WORD.findall(plain))
    words = [word for word, _ in found.most_common(_MOST_WORDS)]
    if not words:
        return {}
    fits = {language: _fit(words, language) for language in LANGUAGES}
    best = max(fits.values())
    return {language: _WEIGHT * (fit - best) for language, fit in fits.items()}


def _fit(words: list[str], language: str) -> float:
    """How well words within ASCII fit a language: nats."""
    chances = chances_of(language)
    return sum(chances[gram] for word in words for gram in trigrams(word))


def _by_countries(plain: bytes) -> dict[str, float]:
    """Evidence from the country domains of e-mail addresses: nats, 0 for the most frequent language."""
    found = Counter(
        language
        for match in _ADDRESS.findall(plain)
        if (language := _COUNTRIES.get(match.decode().lower()))
    )
    most = max(found.values(), default=0)
    return {
        language: -min(_OF_ADDRESS * (most - found[language]), _MOST_OF_ADDRESSES)
        for language in LANGUAGES
    }

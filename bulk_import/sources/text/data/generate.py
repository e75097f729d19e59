"""Writes ``letters.json``: how often letters follow each other in the languages of old encodings.

``python -m bulk_import.sources.text.data.generate``, by hand, when CLDR has news. The words are names of
countries, languages, scripts, currencies, cities, months and days in CLDR, as Babel ships them.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

from bulk_import.sources.text.languages import EDGE, FLOOR, LANGUAGES, alphabet

_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_TOLD = 10  # tenths of nats are exact enough
_CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")  # the encodings of Windows have these


def words(locale: str) -> Counter[str]:
    """Return the words of a locale in CLDR, in small letters."""
    from babel import Locale

    data = Locale.parse(locale)
    texts = [
        *data.territories.values(),
        *data.languages.values(),
        *data.scripts.values(),
        *data.currencies.values(),
        *(zone["city"] for zone in data.time_zones.values() if "city" in zone),
        *(name for context in data.months.values() for name in context["wide"].values()),
        *(name for context in data.days.values() for name in context["wide"].values()),
    ]
    found: Counter[str] = Counter()
    for text in texts:
        found.update(_WORD.findall(unicodedata.normalize("NFC", str(text)).translate(_CEDILLAS)))
    return found


def pairs(locale: str, language: str) -> dict[str, int]:
    """Return pairs with a letter beyond ASCII -> minus the logarithm of their share, in tenths."""
    counts: Counter[str] = Counter()
    known = alphabet(language)
    for word, times in words(locale).items():
        padded = f"{EDGE}{word.lower()}{EDGE}"
        for first, second in pairwise(padded):
            counts[first + second] += min(times, 3)
    total = sum(counts.values())
    shares = {
        pair: math.log(times / total)
        for pair, times in counts.items()
        if not pair.isascii() and all(char in known or char.isascii() for char in pair)
    }
    return {pair: round(-share * _TOLD) for pair, share in sorted(shares.items()) if share > FLOOR}


def main() -> None:
    made = {language: pairs(locale, language) for language, (locale, _) in LANGUAGES.items()}
    path = Path(__file__).with_name("letters.json")
    path.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{path}: {sum(map(len, made.values())):,} pairs, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

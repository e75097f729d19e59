"""Detects East Asian encodings, by chardetng and by the frequency of characters in names.

chardetng (Firefox's detector) needs a number of characters. If a text has few, every other encoding that
can decode it is a rival, unless its characters are much rarer in names of people and places (counted by
``data/generate.py``).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import cache

# As chardetng names them -> the superset that programs really write.
_SUPERSETS = {
    "Shift_JIS": "cp932", "EUC-JP": "euc-jp", "EUC-KR": "cp949", "GBK": "gb18030",
    "gb18030": "gb18030", "Big5": "big5",
}  # fmt: skip
_LANGUAGES = {
    "cp932": "Japanese", "euc-jp": "Japanese", "cp949": "Korean", "gb18030": "Chinese", "big5": "Taiwanese"
}  # fmt: skip
_ENOUGH = 0.7  # of the characters beyond ASCII
_FEW = 15  # distinct characters: with fewer, the others must be much rarer
_MARGIN = 12.0  # nats
_KINDS = 6000  # characters that a language could use
_WRONG = -16.0  # nats; a character of another script


def east_asian_encoding(sample: bytes) -> tuple[str, list[str]]:
    """Return the encoding of an East Asian text, and those in which it reads about as well.

    The encoding is ``""`` if the sample does not read like one of these languages.
    """
    from chardetng_py import detect

    encoding = _SUPERSETS.get(detect(sample), "")
    readings = east_asian_readings(sample)
    text = readings.pop(encoding, None)
    if text is None:
        return "", []
    if len({char for char in text if char > "\x7f"}) >= _FEW:
        return encoding, []
    best = _score(text, encoding) - _MARGIN
    near = (name for name, other in readings.items() if other != text)
    return encoding, [name for name in near if _score(readings[name], name) > best]


def east_asian_readings(sample: bytes) -> dict[str, str]:
    """Return the sample in the encodings in which it reads like a language of theirs."""
    found = {}
    for encoding in _LANGUAGES:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _share(text) >= _ENOUGH:
            found[encoding] = text
    return found


def _score(text: str, encoding: str) -> float:
    """How usual the characters beyond ASCII are in names of the encoding's language: nats."""
    counts, total = _counts(_LANGUAGES[encoding])
    unseen = len(counts) / _KINDS  # Witten and Bell's way
    return sum(
        math.log((counts[char] + unseen) / (total + len(counts)))
        if char in counts or "\u4e00" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3"
        else _WRONG
        for char in text
        if char > "\x7f"
    )


@cache
def _counts(language: str) -> tuple[Counter[str], int]:
    from importlib import resources

    file = resources.files("bulk_import.sources.text.data").joinpath("characters.json")
    groups: dict[str, str] = json.loads(file.read_text("utf-8"))[language]
    counts = Counter({char: int(times) for times, chars in groups.items() for char in chars})
    return counts, counts.total()


def _share(text: str) -> float:
    """Share of characters beyond ASCII that are East Asian and not beside a Latin letter.

    One beside a Latin letter is an accented letter of some Western encoding.
    """
    good = total = 0
    for at, char in enumerate(text):
        if char > "\x7f":
            total += 1
            company = not (_is_latin(text[at - 1 : at]) or _is_latin(text[at + 1 : at + 2]))
            good += company and (
                "\u3000" <= char <= "\u30ff"
                or "\u4e00" <= char <= "\u9fff"
                or "\uac00" <= char <= "\ud7a3"
                or "\uff00" <= char <= "\uff60"
            )
    return good / total if total >= 2 else 0.0


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()

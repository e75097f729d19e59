"""Blanks and invisible characters. Nothing that a person can see is touched.

Text is not composed to NFC: a value arrives as it was typed, and the server compares bytes anyway.
Comparisons that should not care (tags that look alike) fold for themselves.
"""

from __future__ import annotations

import re
from functools import lru_cache

remembered = lru_cache(maxsize=8192)  # what the cells of a column came to: they repeat

# Marks of copying and pasting: byte order mark, zero-width space, soft hyphen, word joiner,
# bidirectional controls and isolates, invisible operators, interlinear marks.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# Joiners shape Persian and Indic words and tie emoji together; at an edge or beside plain Latin or
# Cyrillic text they mean nothing.
_STRAY_JOINER = re.compile(
    "^[\u200c\u200d]+|[\u200c\u200d]+$"
    "|(?<=[\x00-\u052f])[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\u052f])"
)
# C0 and C1 controls but for tab, line feed and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANKS = re.compile(r"\s+")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")


def clean(text: str) -> str:
    """Return *text* without outer blanks, control and invisible characters; inner lines stay.

    >>> clean(" \\ufeffAnna\\u200b ")
    'Anna'
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _INVISIBLE.sub("", text)
    text = _CONTROL.sub("", text)
    text = _LINE_ENDS.sub("\n", text).strip()
    while True:  # removing a joiner may bring another to an edge
        shorter = _STRAY_JOINER.sub("", text).strip()
        if shorter == text:
            return text
        text = shorter


def clean_line(text: str) -> str:
    """Return *text* cleaned and on one line, each run of blanks a single blank."""
    text = clean(text)
    if "  " not in text and text.isascii() and text.isprintable():
        return text
    return _BLANKS.sub(" ", text)

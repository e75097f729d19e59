"""Finds the few cells of a column that may be damaged, quickly; ``spoiled`` then examines those.

The cells are joined, and a few searches over the joined text prove that none has a character or pattern
that every damaged cell has. If a search finds something, the cells are halved until few are left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bulk_import.sources.remnants import STRICT, UTF7, WORDS
from bulk_import.sources.spoiled import (
    ACCENTED,
    CUT_LENGTHS,
    DATE,
    DATES_DOUBTED_IN,
    DATES_REFUSED_IN,
    LOST_MARKS,
    MISTAKEN,
    SIGN_INSIDE,
    SIGN_ROLES,
    TORN,
    as_bytes,
)

_APART = "\x1e"  # between the cells; cells that hold it are all suspicious
_FEW = 8  # cells that are not halved any further
# Notations, placeholders and error values have one of these.
_MARKS = re.compile(r"[&<%=\\{\[#*?$]")
_MARKS_OF_STRICT = re.compile(r"[#=?]")
_ERROR_NUMBER = re.compile(r"[Ee][Rr]{2}:\d")
_FLOAT = re.compile(rf"\.0\s*{_APART}")
_LONG_NUMBER = re.compile(rf"{_APART}[1-9]\d{{14}}")
_DATE = re.compile(rf"{_APART}(?:{DATE.pattern}){_APART}")
_DATED = DATES_REFUSED_IN | DATES_DOUBTED_IN


def suspicious(texts: Sequence[str], role: str) -> Sequence[str]:
    """Return all of *texts* that may be spoiled, possibly with some that are not.

    Args:
        texts: Cells of one column; none is empty.
        role: What the column holds; ``text`` for anything.
    """
    if not _may_be_spoiled(texts, role):
        return ()
    if len(texts) <= _FEW:
        return texts
    half = len(texts) // 2
    return [*suspicious(texts[:half], role), *suspicious(texts[half:], role)]


def _may_be_spoiled(texts: Sequence[str], role: str) -> bool:
    joined = f"{_APART}{_APART.join(texts)}{_APART}"
    return (
        joined.count(_APART) != len(texts) + 1
        or max(map(len, texts)) >= CUT_LENGTHS[0]
        or (not joined.isascii() and _may_be_mangled(joined, role))
        or _may_be_remnant(texts, joined, role)
        or (role != "email" and _may_be_changed(joined, role))
    )


def _may_be_mangled(joined: str, role: str) -> bool:
    """Whether letters beyond ASCII may be what a wrong encoding made of others."""
    return (
        any(lost in joined for lost in LOST_MARKS)
        or any(pattern.search(joined) for pattern in (TORN, ACCENTED, *_mistaken()))
        or (role in SIGN_ROLES and SIGN_INSIDE.search(joined) is not None)
    )


def _may_be_remnant(texts: Sequence[str], joined: str, role: str) -> bool:
    """Whether there may be a word or a notation that is no value."""
    if role in STRICT:
        return (_MARKS_OF_STRICT.search(joined) or _ERROR_NUMBER.search(joined)) is not None
    return (
        _MARKS.search(joined) is not None
        or "_x" in joined
        or ("+" in joined and UTF7.search(joined) is not None)
        or not WORDS.isdisjoint(map(str.strip, texts))
        or (_FLOAT.search(joined) or _ERROR_NUMBER.search(joined)) is not None
    )


def _may_be_changed(joined: str, role: str) -> bool:
    """Whether there may be a number or date that a spreadsheet program has made."""
    return (
        "E+" in joined
        or "???" in joined
        or _LONG_NUMBER.search(joined) is not None
        or (role in _DATED and _DATE.search(joined) is not None)
    )


@cache
def _mistaken() -> tuple[re.Pattern[str], ...]:
    """For each encoding: a cell all of whose letters beyond ASCII can be UTF-8 that was read in it."""
    return tuple(_readable_as_utf8(encoding) for encoding, _ in MISTAKEN)


def _readable_as_utf8(encoding: str) -> re.Pattern[str]:
    letters: dict[int, str] = dict.fromkeys(range(128, 256), "")
    upper = bytes(range(128, 256))
    # Trying every character would take a third of a second.
    for char in sorted({*upper.decode(encoding, "ignore"), *upper.decode("latin-1")}):
        try:
            made = as_bytes(char, encoding)
        except UnicodeError:
            continue
        letters[made[0]] += re.escape(char)

    def among(first: int, last: int) -> str:
        return f"[{''.join(letters[byte] for byte in range(first, last + 1))}]"

    rest = among(0x80, 0xBF)
    two = f"{among(0xC2, 0xDF)}{rest}"
    three = f"{among(0xE0, 0xEF)}{rest}{{2}}"
    four = f"{among(0xF0, 0xF4)}{rest}{{3}}"
    others = rf"[^{_APART}\x80-\U0010ffff]*+"
    return re.compile(rf"{_APART}{others}(?:(?:{two}|{three}|{four}){others})++{_APART}")

"""Tags that are probably one: case, blanks, hyphens, another alphabet, one slip of the finger."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from bulk_import.normalize.tags import LOOKS

MOST_TAGS = 20_000  # different ones that are compared
_FEWEST_LETTERS = 5  # of a tag in which one slip is looked for: "sale" and "male" are two words
_JOINTS = re.compile(r"[\s\-‐‑‒–—_.·]+")
_DIGITS = re.compile(r"\d+")
_LATIN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "e",
        "ж": "zh", "з": "z", "и": "i", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m",
        "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h",
        "ц": "c", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e",
        "ю": "iu", "я": "ia",
    }
)  # fmt: skip
# Several ways to write one sound in Latin letters, made one; the longer ones first.
_SPELLINGS = (
    ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("ts", "c"), ("tz", "c"), ("yu", "iu"), ("ju", "iu"),
    ("ya", "ia"), ("ja", "ia"), ("yo", "e"), ("jo", "e"), ("ye", "e"), ("je", "e"), ("y", "i"),
    ("j", "i"), ("w", "v"), ("x", "ks"), ("ii", "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tags that are probably one.

    Attributes:
        tag: The commonest spelling; of equals the one that came first.
        rows: In which it stands.
        others: (tag, rows, how it differs), the commonest first.
        slips: Likewise, where one letter differs: a person has to look at each.
    """

    tag: str
    rows: int
    others: tuple[tuple[str, int, str], ...] = ()
    slips: tuple[tuple[str, int, str], ...] = ()


def clusters(tags: Mapping[str, int]) -> list[Cluster]:
    """Return the groups of look-alikes among *tags*, the largest first.

    Args:
        tags: Tag -> rows that have it, in the order in which they came; more than ``MOST_TAGS`` are
            not compared.
    """
    compared = dict(sorted(tags.items(), key=lambda one: -one[1])[:MOST_TAGS])
    groups: dict[str, list[str]] = {}
    for tag in compared:
        groups.setdefault(_joined(tag), []).append(tag)
    _join_alphabets(groups)
    slips = _slips(groups, compared)
    found = []
    for key, members in groups.items():
        if key in slips:
            continue
        first = members[0]
        found.append(
            Cluster(
                first,
                compared[first],
                tuple((tag, compared[tag], _difference(first, tag)) for tag in members[1:]),
                tuple(
                    (tag, compared[tag], "one letter")
                    for other, target in slips.items()
                    if target == key
                    for tag in groups[other]
                ),
            )
        )
    return sorted(
        (one for one in found if one.others or one.slips),
        key=lambda one: -(one.rows + sum(rows for _, rows, _ in (*one.others, *one.slips))),
    )


def _joined(tag: str) -> str:
    """What spellings of one tag share: neither case nor accents nor what stands between words."""
    text = unicodedata.normalize("NFKD", tag).casefold()
    kept = "".join(char for char in text if not unicodedata.combining(char) or char == "\u0306")
    joined = _JOINTS.sub("", unicodedata.normalize("NFC", kept))
    return joined or tag


def _join_alphabets(groups: dict[str, list[str]]) -> None:
    """Join groups in other alphabets to the one in Latin letters that sounds, or looks, the same."""
    latin: dict[str, str] = {}
    for key in groups:
        if key.isascii():
            latin.setdefault(_sound(key), key)
    for key in [key for key in groups if not key.isascii()]:
        looks = key.translate(LOOKS)
        target = looks if looks in groups and looks != key else latin.get(_sound(key))
        if target is not None and target in groups:
            groups[target] += groups.pop(key)
    # The order of the tags is that of their rows: the first of a group is the commonest.


def _sound(key: str) -> str:
    text = key.translate(_LATIN)
    for spelling, plain in _SPELLINGS:
        text = text.replace(spelling, plain)
    return text


def _slips(groups: Mapping[str, Sequence[str]], rows: Mapping[str, int]) -> dict[str, str]:
    """Group -> the commoner group from which one letter differs."""
    common = sorted(groups, key=lambda key: -rows[groups[key][0]])
    rank = {key: at for at, key in enumerate(common)}
    buckets: dict[str, list[str]] = {}
    for key in common:
        if sum(char.isalpha() for char in key) >= _FEWEST_LETTERS:
            for part in _shortened(key):
                buckets.setdefault(part, []).append(key)
    found: dict[str, str] = {}
    for near in buckets.values():
        for at, key in enumerate(near):
            for other in near[:at]:
                if _is_slip(other, key) and rank[other] < rank.get(found.get(key, ""), len(rank)):
                    found[key] = other
    # A slip of a slip is none: only groups that are no slip themselves are what was meant.
    return {key: target for key, target in found.items() if target not in found}


def _shortened(key: str) -> Iterator[str]:
    """*key*, and *key* without each of its characters: two that differ by one slip share one."""
    yield from {key, *(key[:at] + key[at + 1 :] for at in range(len(key)))}


def _is_slip(one: str, other: str) -> bool:
    """Whether one letter differs; another number is another tag: "webinar 2024" and "webinar 2025"."""
    return (
        one != other
        and _DIGITS.findall(one) == _DIGITS.findall(other)
        and OSA.distance(one, other, score_cutoff=1) <= 1
    )


def _difference(first: str, tag: str) -> str:
    if first.casefold() == tag.casefold():
        return "case"
    if " ".join(first.split()).casefold() == " ".join(tag.split()).casefold():
        return "blanks"
    if _joined(first) != _joined(tag):
        return "alphabet"
    if _JOINTS.sub("", first).casefold() == _JOINTS.sub("", tag).casefold():
        return "blanks or hyphens"
    return "accents"

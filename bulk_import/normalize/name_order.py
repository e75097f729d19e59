"""Which word of a name is the given one, by what is known of both: lists of names, endings, capitals.

Where the words do not say it, nothing is said: in Russia, Hungary and East Asia lists are written
family name first as often as not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Literal, NamedTuple

Order = Literal["first_last", "last_first"]

_UNKNOWN = 0.05  # of a language: how much a word that no list has is worth as either name
_CERTAIN = 8.0  # times that one order has to be likelier than the other
_SEVERAL = 2  # languages that must have a name which alone decides
_USUAL = 3.0  # times that given names come first where Latin letters are written
_CYRILLIC = re.compile("[\u0400-\u052f]")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
# Endings of family names, for words that no list has.
_FAMILY_ENDING = re.compile(
    r".{2,}(?:[оеё]ва?|[иы]на?|[сц]к(?:ий|ая|ой|и|а)|[сц]ьк(?:ий|а)|енко|ч[ую]к|щ[ую]к|[ую]к|[ая]н|ян|дзе|"
    r"швили|[иы]х|ец|ейко|айло|бай|баев|баева|вић|ић|евић)",
    re.IGNORECASE,
)
_LATIN_FAMILY = re.compile(
    r"o'.{3,}|mc.{3,}|.{2,}(?:s+on|dóttir|dottir|sen|[oe]v|[oe]va|ová|sk[iyýaáe]|skaya|skyi|ck[iya]|wicz|czyk|enko|"
    r"shvili|opoulos|poulou|akis|idis|oğlu|oglu|ić|ič|yan|dze|ienė|aitė|auskas|evičius|escu|eanu|[qk]vist|"
    r"quist|ström|strom|gren|berg|mann|stein|feld|baum)"
)
_TURKISH = frozenset("İıŞşĞğ")
_INITIAL = re.compile(r"[^\W\d_]\.?")
_MIDDLE = re.compile(r"[^\W\d_]\.?|[A-Za-z'-]+(?:ovich|evich|yich|ovna|evna|ichna)")
_GREEK_FAMILY = re.compile(r".{2,}(?:όπουλος|οπούλου|ίδης|ίδου|άκης|άκη|έας|ίου|ου)")
_SHARE = 0.9  # of the names that show an order must show this one
_FEWEST = 5


class Known(NamedTuple):
    """In how many languages a word is a given and a family name.

    Attributes:
        kind: ``es`` for a family name of Spain or Portugal, ``ea`` for one of East Asian letters.
    """

    given: float
    family: float
    kind: str = ""

    @property
    def is_given(self) -> bool:
        return self.given >= 1 and self.given >= _CERTAIN / 2 * self.family

    @property
    def is_family(self) -> bool:
        return self.family >= 1 and self.family >= _CERTAIN / 2 * self.given


@cache
def _names() -> dict[str, Known]:
    text = resources.files("bulk_import.normalize.data").joinpath("names.tsv").read_text("utf-8")
    found: dict[str, Known] = {}
    for line in text.splitlines():
        given, family, kind, names = line.split("\t")
        found.update(dict.fromkeys(names.split("|"), Known(float(given), float(family), kind)))
    return found


@lru_cache(maxsize=8192)
def known(word: str) -> Known:
    """Return what the lists know of a word; of one with hyphens, what they know of its parts."""
    key = unicodedata.normalize("NFC", word).casefold().strip(".,").replace("’", "'")
    names = _names()
    found = names.get(key) or names.get(key.replace("ё", "е")) or _in_turkish(word)
    if found is None and "-" in key:
        parts = [names.get(part) for part in key.split("-")]
        if all(parts):
            both = [part for part in parts if part]
            found = Known(min(p.given for p in both), min(p.family for p in both), both[0].kind)
    if found is None:
        endings = (_FAMILY_ENDING,) if _CYRILLIC.search(key) else (_LATIN_FAMILY, _GREEK_FAMILY)
        return Known(0, float(any(ending.fullmatch(key) for ending in endings)))
    return found


def _in_turkish(word: str) -> Known | None:
    """What the lists know of a word whose capital I is that of ı."""
    if _TURKISH.isdisjoint(word):
        return None
    small = word.replace("İ", "i").replace("I", "ı").lower()
    names = _names()
    return names.get(small) or names.get(small.replace("i", "i\u0307", 1))


def order_of_two(one: str, other: str) -> Order | None:
    """Return the order of two words, ``None`` where it cannot be told."""
    first, second = known(one), known(other)
    likelihood = _times(first.given, second.family) / _times(first.family, second.given)
    by_capitals = _by_capitals(one, other)
    if by_capitals:
        is_against = likelihood < 1 if by_capitals == "first_last" else likelihood > 1
        return None if is_against else by_capitals
    is_cyrillic = _CYRILLIC.search(one + other) is not None
    if _is_unknown(first) or _is_unknown(second):
        return _by_the_known_one(first, second, is_cyrillic=is_cyrillic)
    if likelihood * (1.0 if is_cyrillic else _USUAL) >= _CERTAIN:
        return "first_last"
    is_turned = second.is_given and first.family >= 1
    return "last_first" if is_turned and likelihood <= 1 / _CERTAIN else None


def _is_unknown(word: Known) -> bool:
    return not (word.given or word.family)


def _by_the_known_one(first: Known, second: Known, *, is_cyrillic: bool) -> Order | None:
    """One word is in no list: the other must be one kind of name far more often than the other."""
    if first.is_given and not (is_cyrillic and first.family):
        return "first_last"
    if second.is_family and not second.given and not is_cyrillic:
        return "first_last"
    return None


def _times(given: float, family: float) -> float:
    return (given + _UNKNOWN) * (family + _UNKNOWN)


def is_weak(one: str, other: str) -> bool:
    """Whether one word alone decides the order, and is known as either name or hardly known."""
    first, second = known(one), known(other)
    return _is_unknown(second) and (first.family > 0 or first.given < _SEVERAL)


def _by_capitals(one: str, other: str) -> Order | None:
    """``DUPONT Marie``: who writes one name in capitals means the family's."""
    loud = [word.isupper() and len(word.strip(".")) > 2 for word in (one, other)]
    quiet = [word[:1].isupper() and not word.isupper() for word in (one, other)]
    if loud[0] and quiet[1]:
        return "last_first"
    return "first_last" if loud[1] and quiet[0] else None


def together(name: str) -> tuple[str, str] | None:
    """(family, given) of a name in East Asian letters without a blank, where but one way is known."""
    if not _EAST_ASIAN.fullmatch(name[0]) or len(name) > 6:
        return None
    splits = [(name[:at], name[at:]) for at in range(1, min(len(name), 4))]
    known_both = [
        (family, given) for family, given in splits if known(family).family and known(given).given
    ]
    if len(known_both) == 1 and not (len(known_both[0][0]) == 1 and known(name[:2]).family):
        return known_both[0]
    if known_both:
        return None
    possible = [
        (family, given)
        for family, given in splits
        if known(family).family and 1 <= len(given) <= 2 and len(family) <= 2
    ]
    return possible[0] if len(possible) == 1 and len(name) in (2, 3) else None


def is_east_asian(text: str) -> bool:
    return _EAST_ASIAN.search(text) is not None


def order_of_column(names: Iterable[str]) -> Order | None:
    """Return the order that most names of a column show; ``None`` where they are mixed or silent.

    Args:
        names: Whole names of two words; others say nothing.
    """
    found = [
        order
        for words in map(str.split, names)
        if len(words) == 2 and (order := order_of_two(words[0], words[1]))
    ]
    orders: tuple[Order, ...] = ("last_first", "first_last")
    return next(
        (
            order
            for order in orders
            if len(found) >= _FEWEST and found.count(order) > _SHARE * len(found)
        ),
        None,
    )


def of_three(words: Sequence[str]) -> tuple[str, str, str] | None:
    """(first, middle, last) of three words, where the lists tell which is which.

    The last name is of two words where the second of three may be a middle or a family name.
    """
    one, two, three = map(known, words)
    if one.is_given and not three.is_given:
        if (two.is_given and two.kind != "es") or _MIDDLE.fullmatch(words[1]):
            return (words[0], words[1], words[2])
        return (words[0], "", f"{words[1]} {words[2]}")
    if _INITIAL.fullmatch(words[0]) and two.given and not three.is_given:
        return (words[0], words[1], words[2])
    if one.is_family and two.is_given and three.is_given:
        return (words[1], words[2], words[0])
    if three.is_family and two.is_given and not one.family:
        return (words[0], words[1], words[2])
    return None


def is_double_surname(one: str, other: str) -> bool:
    """Whether two words are a father's and a mother's name, as Spain and Portugal join them."""
    first, second = known(one), known(other)
    return first.kind == "es" and first.is_family and second.kind == "es" and second.family > 0

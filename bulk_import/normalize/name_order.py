"""Which word of a name is the given one, by what is known of both: lists of names, endings, capitals.

Where the words do not say it, nothing is said: in Russia, Hungary and East Asia lists are written
family name first as often as not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from bulk_import.normalize.name_lists import CERTAIN, CYRILLIC, EAST_ASIAN, Known, known

Order = Literal["first_last", "last_first"]

_UNKNOWN = 0.05  # of a language: how much a word that no list has is worth as either name
_SEVERAL = 2  # languages that must have a name which alone decides
_USUAL = 3.0  # times that given names come first where Latin letters are written
_HANGUL = re.compile("[\uac00-\ud7af]")
_INITIAL = re.compile(r"[^\W\d_]\.?")
_MIDDLE = re.compile(r"[^\W\d_]\.?|[A-Za-z'-]+(?:ovich|evich|yich|ovna|evna|ichna)")
_DIGIT = re.compile(r"\d")
_SHORT = 5  # letters; a shorter word in capitals may be an abbreviation
_SHARE = 0.9  # of the names that show an order must show this one
_FEWEST = 5
_TOLD = 0.1  # of the names must show one


def order_of_two(one: str, other: str) -> Order | None:
    """Return the order of two words, ``None`` where it cannot be told."""
    first, second = known(one), known(other)
    forwards = (first.given + _UNKNOWN) * (second.family + _UNKNOWN)
    backwards = (first.family + _UNKNOWN) * (second.given + _UNKNOWN)
    likelihood = forwards / backwards
    by_capitals = _by_capitals(one, other)
    if by_capitals:
        is_against = likelihood < 1 if by_capitals == "first_last" else likelihood > 1
        return None if is_against else by_capitals
    is_cyrillic = CYRILLIC.search(one + other) is not None
    if first.is_sure != second.is_sure:
        by_ending = _by_sure_endings(first, second)
        if by_ending:
            return by_ending
    if _is_unknown(first) or _is_unknown(second):
        return _by_the_known_one(first, second, is_cyrillic=is_cyrillic)
    if likelihood * (1.0 if is_cyrillic else _USUAL) >= CERTAIN:
        is_doubtful = second.is_given or (
            second.given and first.given < _SEVERAL and not first.given_in & second.family_in
        )
        return None if is_doubtful else "first_last"
    return "last_first" if likelihood <= 1 / CERTAIN and _is_turned(first, second) else None


def _is_turned(first: Known, second: Known) -> bool:
    """Whether two words are a family and a given name of one language, and of none the other way.

    Cristea is a family name in Moldova and Gal a given one in Slovenia: that proves nothing.
    """
    of_one_language = bool(first.family_in & second.given_in)
    either_way = bool(first.given_in & second.family_in)
    is_given = second.is_given or (not first.given and second.given > second.family)
    return is_given and not first.is_given and of_one_language and not either_way


def _is_unknown(word: Known) -> bool:
    return not (word.given or word.family)


def _by_the_known_one(first: Known, second: Known, *, is_cyrillic: bool) -> Order | None:
    """One word is in no list: the other must be one kind of name, and hardly ever the other."""
    if first.is_given and first.given >= CERTAIN * first.family:
        return "first_last"
    if is_cyrillic:
        return None
    return "first_last" if second.is_family and not second.given else None


def _by_sure_endings(first: Known, second: Known) -> Order | None:
    """Of two words just one ends as no given name does, and no list has it as one."""
    if (second if first.is_sure else first).is_family:
        return None
    return "last_first" if first.is_sure else "first_last"


def is_weak(one: str, other: str) -> bool:
    """Whether one word alone decides the order, and is known in one language or as either name."""
    first = known(one)
    return _is_unknown(known(other)) and (first.family > 0 or first.given < _SEVERAL)


def has_abbreviation(words: Sequence[str]) -> bool:
    """Whether a short word in capitals beside others is no known name: ``KKB Prasetyo``, ``Lima SA``."""
    if _DIGIT.search(" ".join(words)):
        return True
    loud = [word for word in words if word.isupper()]
    if not loud or len(loud) == len(words):
        return False
    short = [word for word in loud if 1 < len(word) < _SHORT and "." not in word]
    return any(_is_unknown(known(word)) for word in short)


def _by_capitals(one: str, other: str) -> Order | None:
    """``DUPONT Marie``: who writes one name in capitals means the family's."""
    if not (one.isupper() or other.isupper()):
        return None
    loud = [word.isupper() and len(word.strip(".")) > 2 for word in (one, other)]
    quiet = [word[:1].isupper() and not word.isupper() for word in (one, other)]
    if loud[0] and quiet[1]:
        return "last_first"
    return "first_last" if loud[1] and quiet[0] else None


def together(name: str) -> tuple[str, str] | None:
    """(family, given) of a name in East Asian letters without a blank, where but one way is known."""
    if not EAST_ASIAN.fullmatch(name[0]):
        return None
    splits = [(name[:at], name[at:]) for at in range(1, len(name))]
    known_both = [
        (family, given) for family, given in splits if known(family).family and known(given).given
    ]
    if len(known_both) == 1 and not (len(known_both[0][0]) == 1 and known(name[:2]).family):
        return known_both[0]
    if known_both:
        return None
    possible = [(family, given) for family, given in splits if known(family).family]
    return possible[0] if len(possible) == 1 and len(name) <= 3 else None


def order_of_column(names: Iterable[str]) -> Order | None:
    """Return the order that most names of a column show; ``None`` where they are mixed or silent.

    Args:
        names: Whole names of two or three words; others say nothing.
    """
    without_comma = [name.split() for name in names if "," not in name]
    found = [order for words in without_comma if (order := _order_of(words))]
    fewest = max(_FEWEST, _TOLD * len(without_comma))
    orders: tuple[Order, ...] = ("last_first", "first_last")
    return next(
        (
            order
            for order in orders
            if len(found) >= fewest and found.count(order) > _SHARE * len(found)
        ),
        None,
    )


def _order_of(words: list[str]) -> Order | None:
    if len(words) == 2 and not is_weak(words[0], words[1]):
        return order_of_two(words[0], words[1])
    parts = of_three(words) if len(words) == 3 else None
    if parts is None:
        return None
    return "first_last" if parts[0] == words[0] else "last_first"


def of_three(words: Sequence[str]) -> tuple[str, str, str] | None:
    """(first, middle, last) of three words, where the lists tell which is which.

    The last name is of two words where the second of three may be a middle or a family name.
    """
    one, two, three = map(known, words)
    if one.given > one.family and _MIDDLE.fullmatch(words[1]) and not three.is_given:
        return (words[0], words[1], words[2])
    if one.is_given and not three.is_given:
        if (two.is_given and not two.is_iberian) or _MIDDLE.fullmatch(words[1]):
            return (words[0], words[1], words[2])
        return (words[0], "", f"{words[1]} {words[2]}")
    if is_spanish(words[0], words[1]) and not three.is_given:
        return (words[0], "", f"{words[1]} {words[2]}")
    if _INITIAL.fullmatch(words[0]) and two.given and not three.is_given:
        return (words[0], words[1], words[2])
    if one.is_family and two.is_given and three.is_given:
        return (words[1], words[2], words[0])
    if three.is_family and two.is_given and one.given >= one.family:
        return (words[0], words[1], words[2])
    return None


def is_spanish(one: str, other: str) -> bool:
    """Whether two words are a given name and a family name of Spain, which another one follows."""
    first, second = known(one), known(other)
    return first.given > 0 and second.is_iberian and second.is_family and not second.given


def is_spanish_of_four(words: Sequence[str]) -> bool:
    """Whether four words are two given names and two family names of Spain or Portugal."""
    is_given = known(words[0]).is_given and known(words[1]).given > 0
    return is_given and is_double_surname(words[2], words[3])


def is_surely_other(one: str, other: str, *, order: Order) -> bool:
    """Whether two words are known as names in the other order than *order*, and never in this one."""
    given, family = (
        (known(one), known(other)) if order == "last_first" else (known(other), known(one))
    )
    is_other = given.given_in & family.family_in
    return bool(is_other) and not (given.family or family.given)


def may_be_given(name: str) -> bool:
    """Whether a word in East Asian letters is short enough for a given name."""
    return len(name) <= (2 if _HANGUL.match(name) else 4)


def is_double_surname(one: str, other: str) -> bool:
    """Whether two words are a father's and a mother's name, as Spain and Portugal join them."""
    first, second = known(one), known(other)
    return first.is_iberian and first.is_family and second.is_iberian and not second.is_given


def is_middle(word: str) -> bool:
    """Whether a word between two names is no part of the last one: a given name, an initial."""
    return known(word).is_given or _MIDDLE.fullmatch(word) is not None

"""Which word of a name is the given one, by what is known of both: lists of names, endings, capitals.

Where the words do not say it, nothing is said: in Russia, Hungary and East Asia lists are written
family name first as often as not.
"""

from __future__ import annotations

import functools
import operator
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
_HANGUL = re.compile("[\uac00-\ud7af]")
# Endings of family names, for words that no list has.
_FAMILY_ENDING = re.compile(
    r".{2,}(?:[оеё]ва?|[иы]на?|[сц]к(?:ий|ая|ой|и|а)|[сц]ьк(?:ий|а)|енко|ч[ую]к|щ[ую]к|[ую]к|[ая]н|ян|дзе|"
    r"швили|[иы]х|ец|ейко|айло|бай|баев|баева|вић|ић|евић)",
    re.IGNORECASE,
)
# Of these no given names end so.
_SURELY_FAMILY = re.compile(
    r".{2,}(?:[оеё]ва?|[сц]к(?:ий|ая|ой|и|а)|[сц]ьк(?:ий|а)|енко|[чщ][ую]к|швили|дзе|ейко|вић|евић)"
)
_SURELY_FAMILY_ELSEWHERE = re.compile(
    r".{2,}(?:[oe]va?|yeva?|[oe]wsk[iay]|ovsk[iyý]|[iyí][nń]sk[iayý]|sk(?:iy|yi|aya)|enko|shvili|wicz|opoulos|auskas|"
    r"evičius|escu|შვილი|ძე|յան)"
)
_LATIN_FAMILY = re.compile(
    r"o'.{3,}|mc.{3,}|.{2,}(?:s+on|dóttir|dottir|sen|[oe]v|[oe]va|ová|sk[iyýaáe]|skaya|skyi|ck[iya]|wicz|czyk|enko|"
    r"shvili|opoulos|poulou|akis|idis|oğlu|oglu|ić|ič|yan|dze|ienė|aitė|auskas|evičius|escu|eanu|[qk]vist|"
    r"quist|ström|strom|gren|berg|mann|stein|feld|baum)"
)
_TURKISH = frozenset("İıŞşĞğ")
_STROKES = str.maketrans("ıłøđ", "ilod")
_INITIAL = re.compile(r"[^\W\d_]\.?")
_MIDDLE = re.compile(r"[^\W\d_]\.?|[A-Za-z'-]+(?:ovich|evich|yich|ovna|evna|ichna)")
_DIGIT = re.compile(r"\d")
_SHORT = 5  # letters; a shorter word in capitals may be an abbreviation
_GREEK_FAMILY = re.compile(r".{2,}(?:όπουλος|οπούλου|ίδης|ίδου|άκης|άκη|έας|ίου|ου)")
_SHARE = 0.9  # of the names that show an order must show this one
_FEWEST = 5
_TOLD = 0.1  # of the names must show one


class Known(NamedTuple):
    """In which languages a word is a given and a family name.

    Attributes:
        given: Number of languages.
        family: Likewise; also of a word that only ends like a family name.
        given_in: The languages, a bit each.
        family_in: Likewise.
    """

    given: float
    family: float
    given_in: int = 0
    family_in: int = 0

    @property
    def is_given(self) -> bool:
        return self.given >= 1 and self.given >= _CERTAIN / 2 * self.family

    @property
    def is_family(self) -> bool:
        return self.family >= 1 and self.family >= _CERTAIN / 2 * self.given

    @property
    def is_iberian(self) -> bool:
        """Whether it is a family name of Spain or Portugal, where people have two."""
        return bool(self.family_in & _languages("es pt"))


@cache
def _bits() -> dict[str, int]:
    return {}


def _languages(codes: str) -> int:
    """The bits of languages, separated by blanks."""
    bits = _bits()
    mask = 0
    for code in codes.split():
        mask |= 1 << bits.setdefault(code, len(bits))
    return mask


@cache
def _names() -> dict[str, Known]:
    return _table("names.tsv")


@cache
def _east_asian_names() -> dict[str, Known]:
    """Names in East Asian letters. They are many, and read only where one occurs."""
    return _table("names_east_asian.tsv")


@cache
def _american_names() -> dict[str, Known]:
    """Names of people in the United States, without accents: they come from everywhere."""
    return _table("names_us.tsv")


@cache
def _russian_names() -> dict[str, Known]:
    """Names of a Russian dictionary. Read only where Cyrillic letters occur."""
    return _table("names_russian.tsv")


def _table(file: str) -> dict[str, Known]:
    text = resources.files("bulk_import.normalize.data").joinpath(file).read_text("utf-8")
    found: dict[str, Known] = {}
    for line in text.splitlines():
        given, family, names = line.split("\t")
        given_in, family_in = _languages(given), _languages(family)
        of = Known(given_in.bit_count(), family_in.bit_count(), given_in, family_in)
        found.update(dict.fromkeys(names.split("|"), of))
    return found


@lru_cache(maxsize=8192)
def known(word: str) -> Known:
    """Return what the lists know of a word; of one with hyphens, what they know of its parts."""
    if _EAST_ASIAN.match(word):
        return _east_asian_names().get(word) or Known(0, 0)
    key = unicodedata.normalize("NFC", word).casefold().strip(".,").replace("’", "'")
    names = _names()
    found = names.get(key) or names.get(key.replace("ё", "е")) or _in_turkish(word)
    if found is None and "-" in key:
        found = _of_parts([names.get(part) for part in key.split("-")])
    counted = _counted(key)
    if found is None:
        if counted and counted.given and not counted.family:
            return counted
        found = _by_ending(key)
    return found if counted is None else _united(found, counted)


def _by_ending(key: str) -> Known:
    """What the ending says of a word that no list of names has."""
    endings = (_FAMILY_ENDING,) if _CYRILLIC.search(key) else (_LATIN_FAMILY, _GREEK_FAMILY)
    is_family = any(ending.fullmatch(key) for ending in endings)
    return Known(0, 1, 0, ~_languages("es pt")) if is_family else Known(0, 0)


def _counted(key: str) -> Known | None:
    """What a dictionary of Russian or the names of the United States say of a word."""
    if _CYRILLIC.search(key):
        return _russian_names().get(key) or _russian_names().get(key.replace("ё", "е"))
    bare = key if key.isascii() else _without_accents(key)
    return _american_names().get(bare.replace("'", "")) if bare.isascii() else None


def _without_accents(key: str) -> str:
    decomposed = unicodedata.normalize("NFKD", key.translate(_STROKES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _united(one: Known, other: Known) -> Known:
    given_in, family_in = one.given_in | other.given_in, one.family_in | other.family_in
    # A word that ends like a family name is one in nearly any language: not so many of them.
    families = one.family if family_in < 0 else family_in.bit_count()
    return Known(given_in.bit_count(), families, given_in, family_in)


def _of_parts(parts: Sequence[Known | None]) -> Known | None:
    """What a name with hyphens is: what all its parts are."""
    found = [part for part in parts if part]
    if len(found) < len(parts):
        return None
    given_in = functools.reduce(operator.and_, (part.given_in for part in found))
    family_in = functools.reduce(operator.and_, (part.family_in for part in found))
    if not (given_in or family_in):
        return None
    return Known(given_in.bit_count(), family_in.bit_count(), given_in, family_in)


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
    forwards = (first.given + _UNKNOWN) * (second.family + _UNKNOWN)
    backwards = (first.family + _UNKNOWN) * (second.given + _UNKNOWN)
    likelihood = forwards / backwards
    by_capitals = _by_capitals(one, other)
    if by_capitals:
        is_against = likelihood < 1 if by_capitals == "first_last" else likelihood > 1
        return None if is_against else by_capitals
    is_cyrillic = _CYRILLIC.search(one + other) is not None
    by_ending = _by_sure_endings(first, second, (one, other), is_cyrillic=is_cyrillic)
    if by_ending:
        return by_ending
    if _is_unknown(first) or _is_unknown(second):
        return _by_the_known_one(first, second, is_cyrillic=is_cyrillic)
    if likelihood * (1.0 if is_cyrillic else _USUAL) >= _CERTAIN:
        is_doubtful = second.is_given or (
            second.given and first.given < _SEVERAL and not first.given_in & second.family_in
        )
        return None if is_doubtful else "first_last"
    return "last_first" if likelihood <= 1 / _CERTAIN and _is_turned(first, second) else None


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
    if first.is_given and first.given >= _CERTAIN * first.family:
        return "first_last"
    if is_cyrillic:
        return None
    return "first_last" if second.is_family and not second.given else None


def _by_sure_endings(
    first: Known, second: Known, words: tuple[str, str], *, is_cyrillic: bool
) -> Order | None:
    """Whether just one word ends as no given name does, and no list has it as one."""
    ending = _SURELY_FAMILY if is_cyrillic else _SURELY_FAMILY_ELSEWHERE
    sure = [
        not of.given and ending.fullmatch(word.casefold()) is not None
        for of, word in zip((first, second), words, strict=True)
    ]
    if sure[0] == sure[1]:
        return None
    other = second if sure[0] else first
    if other.is_family:
        return None
    return "last_first" if sure[0] else "first_last"


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
    return first.is_iberian and first.is_family and second.is_iberian


def is_middle(word: str) -> bool:
    """Whether a word between two names is no part of the last one: a given name, an initial."""
    return known(word).is_given or _MIDDLE.fullmatch(word) is not None

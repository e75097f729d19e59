"""In which languages a word is a given and a family name: lists of names, and endings for the others."""

from __future__ import annotations

import functools
import operator
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from bulk_import.normalize.text import remembered

CERTAIN = 8.0  # times that one order has to be likelier than the other
CYRILLIC = re.compile("[\u0400-\u052f]")
EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
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
# How all of these end: a regular expression for every word would cost more than the rest.
_SURE_ENDINGS = tuple(
    "ov ova ev eva ski ska sky ský skiy skyi skaya enko shvili wicz opoulos auskas čius escu "
    "შვილი ძე յան".split()
)
_LATIN_FAMILY = re.compile(
    r"o'.{3,}|mc.{3,}|.{2,}(?:s+on|dóttir|dottir|sen|[oe]v|[oe]va|ová|sk[iyýaáe]|skaya|skyi|ck[iya]|wicz|czyk|enko|"
    r"shvili|opoulos|poulou|akis|idis|oğlu|oglu|ić|ič|yan|dze|ienė|aitė|auskas|evičius|escu|eanu|[qk]vist|"
    r"quist|ström|strom|gren|berg|mann|stein|feld|baum)"
)
_TURKISH = frozenset("İıŞşĞğ")
_STROKES = str.maketrans("ıłøđ", "ilod")
_GREEK_FAMILY = re.compile(r".{2,}(?:όπουλος|οπούλου|ίδης|ίδου|άκης|άκη|έας|ίου|ου)")


class Known(NamedTuple):
    """In which languages a word is a given and a family name.

    Attributes:
        given: Number of languages.
        family: Likewise; also of a word that only ends like a family name.
        given_in: The languages, a bit each.
        family_in: Likewise.
        is_sure: It ends as no given name does, and no list has it as one.
    """

    given: float
    family: float
    given_in: int = 0
    family_in: int = 0
    is_sure: bool = False

    @property
    def is_given(self) -> bool:
        return self.given >= 1 and self.given >= CERTAIN / 2 * self.family

    @property
    def is_family(self) -> bool:
        return self.family >= 1 and self.family >= CERTAIN / 2 * self.given

    @property
    def is_iberian(self) -> bool:
        """Whether it is a family name of Spain or Portugal, where people have two."""
        return bool(self.family_in & languages("es pt"))


_IN_NO_LIST = Known(0, 0)


@cache
def _bits() -> dict[str, int]:
    return {}


@cache
def languages(codes: str) -> int:
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
        given_in, family_in = languages(given), languages(family)
        of = Known(given_in.bit_count(), family_in.bit_count(), given_in, family_in)
        found.update(dict.fromkeys(names.split("|"), of))
    return found


@remembered
def known(word: str) -> Known:
    """Return what the lists know of a word; of one with hyphens, what they know of its parts."""
    if EAST_ASIAN.match(word):
        return _east_asian_names().get(word) or Known(0, 0)
    key = unicodedata.normalize("NFC", word).casefold().strip(".,").replace("’", "'")
    names = _names()
    found = names.get(key) or names.get(key.replace("ё", "е")) or _in_turkish(word)
    if found is None and "-" in key:
        found = _of_parts([names.get(part) for part in key.split("-")])
    counted = _counted(key)
    if found is None:
        is_given = counted is not None and counted.given and not counted.family
        found = _IN_NO_LIST if is_given else _by_ending(key)
    if counted is not None:
        found = _united(found, counted)
    return found if found.given or not _ends_surely(key) else found._replace(is_sure=True)


def _ends_surely(key: str) -> bool:
    if not key.isascii() and CYRILLIC.search(key):
        return _SURELY_FAMILY.fullmatch(key) is not None
    return key.endswith(_SURE_ENDINGS) and _SURELY_FAMILY_ELSEWHERE.fullmatch(key) is not None


@cache
def _family_by_ending() -> Known:
    return Known(0, 1, 0, ~languages("es pt"))


def _by_ending(key: str) -> Known:
    """What the ending says of a word that no list of names has."""
    if key.isascii():
        is_family = _LATIN_FAMILY.fullmatch(key) is not None
    else:
        endings = (_FAMILY_ENDING,) if CYRILLIC.search(key) else (_LATIN_FAMILY, _GREEK_FAMILY)
        is_family = any(ending.fullmatch(key) for ending in endings)
    return _family_by_ending() if is_family else _IN_NO_LIST


def _counted(key: str) -> Known | None:
    """What a dictionary of Russian or the names of the United States say of a word."""
    if key.isascii():
        return _american_names().get(key.replace("'", ""))
    if CYRILLIC.search(key):
        return _russian_names().get(key) or _russian_names().get(key.replace("ё", "е"))
    bare = _without_accents(key)
    return _american_names().get(bare.replace("'", "")) if bare.isascii() else None


def _without_accents(key: str) -> str:
    decomposed = unicodedata.normalize("NFKD", key.translate(_STROKES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _united(one: Known, other: Known) -> Known:
    given_in, family_in = one.given_in | other.given_in, one.family_in | other.family_in
    # A word that ends like a family name is one in nearly any language: fewer of them count.
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

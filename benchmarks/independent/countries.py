"""Countries by every name that packages know, misspelt names, and what is no country."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.independent import REFUSED, Case, case, stored

_SLIPS = "one slip"
# (set, text, code) of data that are plainly wrong, which is why they are left out: the name is a
# neighbour's in the list, and that neighbour has it as well or in the other sources.
_MISTAKES = {
    ("iso-codes (pycountry), official names", "República de Zàmbia", "GM"): "Catalan, of Zambia",
    ("iso-codes (pycountry), names", "المالديف", "MD"): "Arabic for the Maldives, not Moldova",
    ("iso-codes (pycountry), names", "Доминикана", "DM"): "the Dominican Republic; CLDR: Доминика",
    ("CLDR, names", "موریتانیا", "MU"): "Mauritania in Pashto and Dari; given to Mauritius in bgn",
    ("world-countries, official names", "Republika Sudanu", "SS"): "of Sudan",
    ("world-countries, official names", "Tádzsik Köztársaság", "TZ"): "of Tajikistan",
    ("world-countries, official names", "인도 공화국", "IO"): "of India",
    ("world-countries, names", "پاپوآ گینه نو", "GN"): "Papua New Guinea",
    (
        "world-countries, official names",
        "Republika WybrzeŻa Kości Słoniowej",
        "CM",
    ): "of Ivory Coast",
}
# Texts of sets of what is no country that name one nevertheless, and so are left out.
_COUNTRIES_AFTER_ALL = {
    "Ma Cao": "Vietnamese for Macao; the zone's city is the whole territory",
    "Sankt Helena": "St. Helena, as CLDR abbreviates it; likewise",
    "Кокосові острови": "the Cocos Islands; likewise",
    "Острова Кайман": "the Cayman Islands; likewise",
    "Bosnien": "Bosnia in German, Danish, Norwegian and Swedish; a Bosnian in French",
}


def cases() -> Iterator[Case]:
    """Yield each text once.

    Where packages disagree, CLDR's word counts if it has but one, and a code is what ISO 3166 says;
    anything else has to be refused. A name that is a code as well must be of one country (``Lao``).
    """
    meanings: dict[str, set[str]] = defaultdict(set)
    by_cldr: dict[str, set[str]] = defaultdict(set)
    category: dict[str, str] = {}
    for where, text, code in _named():
        meanings[text].add(code)
        category.setdefault(text, where)
        if where.startswith(("CLDR", "ISO")):
            by_cldr[_plain(text)].add(code)
    codes_of_iso = {
        text: next(iter(meanings[text]))
        for text, where in category.items()
        if where.startswith("ISO")
    }
    for text, codes in meanings.items():
        codes = by_cldr[_plain(text)] if len(codes) > 1 and by_cldr[_plain(text)] else codes
        is_other = codes_of_iso.get(text.upper(), min(codes)) not in codes
        if len(codes) == 1 and not is_other:
            yield case(category[text], text, next(iter(codes)))
        elif text not in codes_of_iso:
            yield case("names of several countries", text, REFUSED)
    folded = {_plain(text) for text in meanings}
    for where, text, expected in stored("countries"):
        if expected == REFUSED and _plain(text) not in folded and text not in _COUNTRIES_AFTER_ALL:
            yield case(where, text, REFUSED)
    for where, text, code in stored("countries"):
        if where.startswith(_SLIPS) and _plain(text) not in folded:
            yield case(where, text, code)
    yield from _no_names(folded)


def _plain(text: str) -> str:
    """Without case and accents: two texts that differ by them alone are one word to whoever reads."""
    parts = unicodedata.normalize("NFKD", text.casefold().replace("st.", "saint"))
    return "".join(char for char in parts if not unicodedata.combining(char) or char > "\u0400")


def _named() -> Iterator[tuple[str, str, str]]:
    for where, text, expected in sorted(stored("countries"), key=_codes_first):
        is_meant = (where, text, expected) not in _MISTAKES
        if expected != REFUSED and is_meant and not where.startswith(_SLIPS):
            yield where, text, expected


def _codes_first(line: tuple[str, str, str]) -> bool:
    return not line[0].startswith("ISO")


def _no_names(known: set[str]) -> Iterator[Case]:
    for where, text, parts in stored("names"):
        if where.endswith("company"):
            yield case("companies (faker-js)", text, REFUSED)
        elif where.removeprefix("faker-js, ") in ("en_US", "de", "fr", "es", "ru", "it", "pl"):
            yield case("people (faker-js)", text, REFUSED)
            first = parts.split(" / ")[0]
            if _plain(first) not in known:
                yield case("first names (faker-js)", first, REFUSED)

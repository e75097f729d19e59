"""Countries by every name that packages know, misspelt names, and what is no country."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.independent import REFUSED, Case, case, stored

_SLIPS = "one slip"


def cases() -> Iterator[Case]:
    """Yield each text once.

    Where packages disagree, CLDR's word counts if it has but one, and a code is what ISO 3166 says;
    anything else has to be refused.
    """
    meanings: dict[str, set[str]] = defaultdict(set)
    by_cldr: dict[str, set[str]] = defaultdict(set)
    category: dict[str, str] = {}
    for where, text, code in _named():
        meanings[text].add(code)
        category.setdefault(text, where)
        if where.startswith(("CLDR", "ISO")):
            by_cldr[_plain(text)].add(code)
    codes_of_iso = {text for text, where in category.items() if where.startswith("ISO")}
    for text, codes in meanings.items():
        codes = by_cldr[_plain(text)] if len(codes) > 1 and by_cldr[_plain(text)] else codes
        is_other = text.upper() in codes_of_iso and text not in codes_of_iso
        if len(codes) == 1 and not is_other:
            yield case(category[text], text, next(iter(codes)))
        elif text not in codes_of_iso:
            yield case("names of several countries", text, REFUSED)
    folded = {_plain(text) for text in meanings}
    for where, text, expected in stored("countries"):
        if expected == REFUSED and _plain(text) not in folded:
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
        if expected != REFUSED and not where.startswith(_SLIPS):
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

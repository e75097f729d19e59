"""Countries by every name that packages know, misspelt names, and what is no country."""

from __future__ import annotations

import gettext
import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pycountry

from benchmarks.independent import REFUSED, Case, case, stored

_SLIPS_IN = ("en", "de", "fr", "es", "ru", "pl", "it", "pt")
_PER_LANGUAGE = 150
_SHORTEST_SLIP = 6


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
    names = {text for text, codes in meanings.items() if len(codes) == 1}
    yield from _misspelt(names, {text.casefold(): next(iter(meanings[text])) for text in names})
    yield from _no_names(folded)


def _plain(text: str) -> str:
    """Without case and accents: two texts that differ by them alone are one word to whoever reads."""
    parts = unicodedata.normalize("NFKD", text.casefold().replace("st.", "saint"))
    return "".join(char for char in parts if not unicodedata.combining(char) or char > "\u0400")


def _named() -> Iterator[tuple[str, str, str]]:
    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3, country.numeric):
            yield "ISO codes (pycountry)", code, country.alpha_2
    for where, text, expected in stored("countries"):
        if expected != REFUSED:
            yield where, text, expected
    yield from _translated()


def _translated() -> Iterator[tuple[str, str, str]]:
    """The translations of ISO 3166 that iso-codes keeps and pycountry ships."""
    folder = Path(pycountry.__file__).parent / "locales"
    for language in sorted(path.name for path in folder.iterdir()):
        known = gettext.translation("iso3166-1", folder, languages=[language], fallback=True)
        for country in pycountry.countries:
            for kind, name in (
                ("names", country.name),
                ("official names", getattr(country, "official_name", "")),
                ("names", getattr(country, "common_name", "")),
            ):
                if name and (found := known.gettext(name)) != name:
                    yield f"iso-codes (pycountry), {kind}", found, country.alpha_2


def _misspelt(names: set[str], meaning: dict[str, str]) -> Iterator[Case]:
    """One slip inside a name of CLDR, drawn with a fixed seed; a slip that makes another name is none."""
    import babel

    chance = random.Random(21)
    for language in _SLIPS_IN:
        territories = babel.Locale(language).territories
        known = sorted(
            name
            for name in map(str, territories.values())
            if name in names and len(name) >= _SHORTEST_SLIP
        )
        for _ in range(_PER_LANGUAGE):
            name = chance.choice(known)
            slipped = _slip(name, chance)
            if slipped.casefold() not in meaning and slipped != name:
                yield case("one slip in a name (CLDR)", slipped, meaning[name.casefold()])


def _slip(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return name[:at] + name[at] + name[at:]
    if kind == 2:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    letter = chance.choice([char for char in name[1:] if char.isalpha()]).lower()
    return name[:at] + letter + name[at + 1 :]


def _no_names(known: set[str]) -> Iterator[Case]:
    for where, text, parts in stored("names"):
        if where.endswith("company"):
            yield case("companies (faker-js)", text, REFUSED)
        elif where.removeprefix("faker-js, ") in ("en_US", "de", "fr", "es", "ru", "it", "pl"):
            yield case("people (faker-js)", text, REFUSED)
            first = parts.split(" / ")[0]
            if _plain(first) not in known:
                yield case("first names (faker-js)", first, REFUSED)

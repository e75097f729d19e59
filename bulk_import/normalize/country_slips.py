"""Countries by misspelt names: one slip inside a word, where no other country is near."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bulk_import.errors import Message
from bulk_import.normalize.country_names import (
    ADVICE,
    Named,
    code_named,
    guessed_country,
    listed_countries,
    rare_names,
    usual_names,
)
from bulk_import.normalize.folding import fold
from bulk_import.normalize.result import Normalized, NormalizeError

_SHORTEST_FUZZY = 5  # letters; shorter names are too near to each other
_SHORTEST_CHANGED = 7  # letters of a name in which another letter is no other word
_OF_PEOPLE = ("ian", "ean", "ese", "ish", "er", "ien", "ienne", "ais", "aise", "ois", "oise")
_SHORTEST_LOST = 6  # likewise, of one that may have lost a letter
_FEWEST_OF_WORD = 3
_FEWEST_SHARING = 3  # countries that share a word which does not distinguish them
_LONG = 12  # letters of a name in which two slips are not another word
_NOT_INFLECTED = frozenset({"known", "iso", "en"})
_SEVERAL = frozenset("or oder ou или або not".split())


@cache
def near_names() -> tuple[str, ...]:
    """Names that a misspelt one is compared with: those of all languages."""
    return (*_near_first(), *_comparable(rare_names()))


@cache
def _near_first() -> tuple[str, ...]:
    return _comparable(usual_names())


def _comparable(table: dict[str, Named]) -> tuple[str, ...]:
    return tuple(
        name
        for name, (_, source) in table.items()
        if source != "!" and len(name) >= _SHORTEST_FUZZY and name.replace(" ", "").isalpha()
    )


@cache
def _near_undoubled() -> dict[str, frozenset[str]]:
    """Names without doubled letters -> codes."""
    found: dict[str, set[str]] = {}
    for name in near_names():
        found.setdefault(_undoubled(name), set()).add(code_named(name))
    return {name: frozenset(codes) for name, codes in found.items()}


@cache
def _kinds() -> frozenset[str]:
    """Words that names of several countries share: ``kingdom``, ``republic``, ``islands``."""
    codes: dict[str, set[str]] = {}
    for name, (code, _) in usual_names().items():
        for word in name.split() if " " in name else ():
            codes.setdefault(word, set()).add(code)
    return frozenset(word for word, of in codes.items() if len(of) >= _FEWEST_SHARING)


def by_similarity(line: str) -> Normalized:
    """One slip inside a word (two in a long name), if no other country in any language is near."""
    folded = fold(line)
    if (
        len(folded) < _SHORTEST_FUZZY
        or not folded.replace(" ", "").isalpha()
        or not _SEVERAL.isdisjoint(folded.split())
    ):
        raise NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is not a country; {advice}", line=line, advice=ADVICE),
        )
    doubled = _near_undoubled().get(_undoubled(folded), frozenset())
    if len(doubled) == 1:
        return guessed_country(line, next(iter(doubled)), "country.similar")
    code, codes = _nearest(folded)
    if code:
        return guessed_country(line, code, "country.similar")
    raise NormalizeError(
        "COUNTRY_UNKNOWN",
        Message(
            "{line!r} is not a country (did you mean {codes}?); {advice}",
            line=line,
            codes=listed_countries(codes),
            advice=ADVICE,
        )
        if codes
        else Message("{line!r} is not a country; {advice}", line=line, advice=ADVICE),
        candidates=codes,
    )


def _nearest(folded: str) -> tuple[str, list[str]]:
    """(the country that *folded* is a slip for or ``""``, all that are near).

    Slips are looked for in the names of the languages that most lists are written in; no name of
    another country may be as near in any language.
    """
    allowed = 1 if len(folded) < _LONG else 2
    near = _within(allowed + 1, folded, _near_first())
    slips = [name for name, distance in near if distance <= allowed and _is_slip(folded, name)]
    nearest = min((distance for _, distance in near), default=0)
    around = {code_named(name) for name, distance in near if distance <= nearest + 1}
    in_any = _within(nearest, folded, near_names()) if slips else []
    around |= {code_named(name) for name, _ in in_any}
    at_one = {code_named(name) for name, distance in in_any if distance == 1}
    if slips and len(around) == 1:
        return around.pop(), []
    if len(at_one) == 1 and any(_is_letter_lost(folded, name) for name in slips):
        return at_one.pop(), []
    return "", sorted(around)


def _within(most: int, folded: str, names: Sequence[str]) -> list[tuple[str, int]]:
    """(name, how many slips away it is) of *names* that are at *most* that far away."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extract(folded, names, scorer=OSA.distance, score_cutoff=most, limit=None)
    return [(name, int(distance)) for name, distance, _ in near]


def _is_slip(folded: str, name: str) -> bool:
    """Whether every word that differs does so by one slip of typing (a long one by two)."""
    typed, meant = folded.split(), name.split()
    if len(typed) != len(meant):
        return sorted(folded.replace(" ", "")) == sorted(name.replace(" ", ""))
    pairs = [(one, other) for one, other in zip(typed, meant, strict=True) if one != other]
    if len(meant) == 1:
        return all(_is_slip_of_word(one, other) for one, other in pairs)
    return all(
        _is_letter_lost(one, other)
        or (other in _kinds() and one not in _kinds() and _is_one_slip(one, other))
        or (usual_names()[name][1] in _NOT_INFLECTED and _is_slip_of_word(one, other))
        for one, other in pairs
    )


def _is_one_slip(typed: str, meant: str) -> bool:
    from rapidfuzz.distance import OSA

    is_near = typed[0] == meant[0] and not typed.startswith(meant)  # Guinean is a person
    return is_near and len(meant) >= _SHORTEST_FUZZY and OSA.distance(typed, meant) == 1


def _is_letter_lost(typed: str, meant: str) -> bool:
    """A letter lost or two swapped, not another letter."""
    from rapidfuzz.distance import OSA

    if OSA.distance(typed, meant) != 1 or len(meant) < _FEWEST_OF_WORD:
        return False
    return len(typed) < len(meant) or sorted(typed) == sorted(meant)


def _is_slip_of_word(typed: str, meant: str) -> bool:
    """Whether the difference is one of typing: what changes an ending makes a person of a land."""
    from rapidfuzz.distance import OSA

    if typed[0] != meant[0] or OSA.distance(typed, meant) > (1 if len(typed) < _LONG else 2):
        return False
    if typed + "d" == meant or typed + "s" == meant:  # Polan, Netherland
        return True
    if sorted(typed) == sorted(meant):  # two letters swapped
        return True
    if typed.endswith(_OF_PEOPLE):
        return False
    is_lost = len(typed) < len(meant)
    return (
        len(meant) >= (_SHORTEST_LOST if is_lost else _SHORTEST_CHANGED)
        and typed[-2:] == meant[-2:]
    )


def _undoubled(folded: str) -> str:
    return re.sub(r"(.)\1+", r"\1", folded)

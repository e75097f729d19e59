"""Countries by their official names: what is left without ``republic``, ``kingdom``, ``islands``."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from bulk_import.normalize.country_names import (
    ambiguous_country,
    code_named,
    iso_codes,
    look_up,
    rare_names,
    usual_names,
)
from bulk_import.normalize.country_slips import near_names
from bulk_import.normalize.folding import core
from bulk_import.normalize.result import Normalized

# What a state is, in front of a name or after it, that is also known without it.
_REPUBLIC = re.compile(
    r"^(?:(?:the )?(?:republic|kingdom|repubblica|reppublica|regno|republika|republik|koenigreich|"
    r"konigreich|kralovstvi|kralovstvo|krolestwo|koninkrijk|royaume|republique|republica|reino|"
    r"kraljevina|jamhuri|республика|республіка|рэспубліка|королевство|королівство|кралство|"
    r"кралевство|кралство) (?:(?:of|de|du|do|da|del|della|di|d|des|van) )?(?:(?:the|la|le|les|el) )?|the )"
    r"|(?: (?:republic|kingdom|republika|republikken|republiken|cumhuriyeti|kralligi|koztarsasag|"
    r"kiralysag|tasavalta|vabariik|republik|respublika|respublikasi|республика|республикасы))? ?(?<= )the$"
    r"| (?:republic|kingdom|republika|republikken|republiken|cumhuriyeti|kralligi|koztarsasag|"
    r"kiralysag|tasavalta|vabariik|республика|республикасы)$"
)
# Beginnings of the words for kinds of states.
_SHORTEST_BEGINNING = 5
_BEGIN_ALIKE = frozenset("NG NE".split())  # république nigérienne is of Niger
_KIND = re.compile(
    "(?:"
    + "|".join(
        "republ repubb reppubl respubl cumhur koztars tasaval vabar kingd kralov kralj kralev krolest "
        "konigr koenigr konungar kuning koninkr kongeri kongedom kiralys krall royaum reino regno regat "
        "королев королів кралев кралст республ республік рэспубл републ princip prenslig furstent "
        "fuerstent furstend furstev vorsten fyrsted knezev knjaz ksiest hercegs ruhtin vurstir княж кнеж "
        "sultan султан emir штат staat stat estado etat drzav panstw allam valtio riik devlet "
        "государст федер feder saves savez sojuz union unie islam ислам democr demokr демокр народ narod "
        "people popul volks folk lidov ludow nepi nepkoz kansan rahva halk socialis sozialis sosyalis "
        "szocialis социал cooperat kooperat bolivar боливар plurin multinat hasem hashem haschem "
        "hachem commonwealth mancomun communaut comunidad gemeinsch gemenebest samvald toplulug wspolnot "
        "spolecenstv liittovalt statsforb zvaz allamszov uhendus baili bejliv baljuw balia vogtei "
        "independ indepen unabhang nezavis niezalez bagims onafhank fuggetlen sovereign suver souver "
        "soberan hertogd hertig herceg duch ducado ducato grand grao gran grosshe groot velik velke velke "
        "storher suurher nagyherc autonom territ teritor объедин".split()
    )
    + ")"
)
_ADJECTIVE = re.compile(
    "([sckz]k|ск|цк|зк)(?:aja|oje|ych|ich|im|ej|ou|yj|ij|y|a|e|i|o|ая|ое|ий|а|о|и|е)$"
)
# Two states share each of these names; what stands beside it decides.
_NOT_BY_A_PART = frozenset("CN TW KR KP CG CD DM DO GN GW GQ SD SS MK WS AS".split())
# Without the kind of state no more is left of these than "united" or "Africa": others are, too.
_NOT_BY_ESSENCE = _NOT_BY_A_PART | frozenset("GB US AE ZA CF TZ".split())
_ISLANDS = re.compile(
    r"^(?:the )?(?:islands?|isles?|isl?|islas?|iles?|isole|isola|ilhas?|inseln?|eilanden|wyspy|"
    r"острова?|острів|острови|остров|ostrovy?|otoci|insulele|illes|oarna) "
    r"|[ ](?:islands?|isles?|isl?|islas?|iles?|isole|ilhas?|inseln?|eilanden|wyspy|острова?|острови|"
    r"oarna|oerne|oene|oyene|saaret|saared|szigetek|adalari|ostrovy|salos|salas)$"
)
_OF_ISLANDS = frozenset(
    "AX FO FK KY CK SB MH MP VG VI TC CC CX NF MV SC KM BS CV MU FJ KI TO TV PN BM PH GL JE GG IM "
    "PW NR VU PF NC GS IO HM AW CW BB JM MT CY IS".split()
)


@cache
def words_of_names() -> dict[str, str]:
    """The words of a name in alphabetical order -> code, where no two countries share them."""
    return _unshared(core)


@cache
def _essences() -> dict[str, str]:
    """Likewise of what remains of an official name without the kind of state."""
    return _unshared(_essence)


def _unshared(words_of: Callable[[str], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (usual_names(), rare_names()):
        for name, (code, source) in table.items():
            words = words_of(name) if " " in name else ""
            if " " in words or (words and words_of is _essence):
                is_shared = source == "!" or found.setdefault(words, code) != code
                found[words] = "" if is_shared else code
    return found


def _essence(folded: str) -> str:
    """The words that say which state it is: ``royaume de norvege`` is ``norvege``."""
    words = (word for word in folded.split() if not _KIND.match(word))
    return core(" ".join(_ADJECTIVE.sub(r"\1", word) for word in words))


def without_its_kind(line: str, folded: str) -> Normalized | None:
    """``Niger Republic``, ``Färöer-Inseln``: a known name and what kind of land it is."""
    for kind, allowed in (
        (_REPUBLIC, iso_codes().alpha2 - _NOT_BY_A_PART),
        (_ISLANDS, _OF_ISLANDS),
    ):
        shorter = kind.sub("", folded, count=1).strip()
        found = look_up(shorter) if shorter and shorter != folded else None
        if found and found[1] == "!":
            raise ambiguous_country(line, found[0].split())
        if found and found[0] in allowed:
            return Normalized(found[0], f"country.name.{found[1]}")
    return _by_essence(line, folded)


def _by_essence(line: str, folded: str) -> Normalized | None:
    """``Afgánsky islamský štát``: an official name in other words than the tables have."""
    words = folded.split()
    kinds = [word for word in words if _KIND.match(word)]
    if not kinds or len(kinds) == len(words):
        return None
    essence = _essence(folded)
    named = look_up(essence)
    if named and named[1] == "!":
        raise ambiguous_country(line, named[0].split())
    code = (named[0] if named else _essences().get(essence, "")) if essence else ""
    if not code and " " not in essence and not essence.startswith("centr"):
        code = _by_beginning(essence)
    if not code or code in _NOT_BY_ESSENCE:
        return None
    return Normalized(code, "country.words")


def _by_beginning(word: str) -> str:
    """``afghansk``, ``irlann``: the adjective or the genitive of the only name that begins so."""
    for length in range(len(word), _SHORTEST_BEGINNING - 1, -1):
        codes = _beginnings().get(word[:length])
        if codes:
            return next(iter(codes)) if len(codes) == 1 and not codes & _BEGIN_ALIKE else ""
    return ""


@cache
def _beginnings() -> dict[str, frozenset[str]]:
    """Beginning of a name of one word -> codes."""
    found: dict[str, set[str]] = {}
    for name in near_names():
        if " " not in name:
            for length in range(_SHORTEST_BEGINNING, len(name) + 1):
                found.setdefault(name[:length], set()).add(code_named(name))
    return {beginning: frozenset(codes) for beginning, codes in found.items()}

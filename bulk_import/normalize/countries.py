"""Country -> ISO 3166-1 alpha-2, by an index over CLDR and ISO names. Refuses what is not certain.

A continent, a city, a demonym, a language or a company is not in the index and so is refused; names
that several countries share are refused with the candidates. Near misses are taken only where a
single country is near and the slip is inside the word: "German" is a person, not a misspelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from bulk_import.errors import Message
from bulk_import.normalize.folding import core, fold, written_out
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line

LONGEST = 100  # characters; no country's name is longer
_SHORTEST_FUZZY = 5  # letters; shorter names are too near to each other
_SHORTEST_CHANGED = 7  # letters of a name in which another letter is no other word
# Algérien is a person in French, Algerien the country in German; estonià is a person in Catalan.
_OF_PEOPLE_ABROAD = re.compile("[éè].*ien(?:ne)?$|ià$|^gal[éê]s$")
_OF_PEOPLE = ("ian", "ean", "ese", "ish", "er", "ien", "ienne", "ais", "aise", "ois", "oise")
_SHORTEST_LOST = 6  # likewise, of one that may have lost a letter
_FEWEST_OF_WORD = 3
_FEWEST_SHARING = 3  # countries that share a word which does not distinguish them
_MANY = 200  # names near a misspelt one, at most
_LONG = 12  # letters of a name in which two slips are not another word
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FLAG_OF_HOME_NATION = re.compile(
    "\U0001f3f4\U000e0067\U000e0062[\U000e0061-\U000e007a]+\U000e007f"
)
_TRAILING = re.compile(r"(.+?)(?:\s*[(\[,;/|–—-]|\s)\s*([A-Za-z]{2,3})\s*[)\]]?")
_LEADING = re.compile(r"\s*[(\[]?([A-Za-z]{2,3})[)\]]?(?:\s*[-–—:,|/]|\s)\s*(.+)")
_LOCALE = re.compile(r"[a-z]{2}[-_][A-Z]{2}")  # de-DE is a language
_AROUND = " .,;:!\"'()[]{}<>"
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
_NOT_INFLECTED = frozenset({"known", "iso", "en"})
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
_ELISION = re.compile(r"\b[dlDL]['’](?=\w)")
_ADJECTIVE = re.compile(
    "([sckz]k|ск|цк|зк)(?:aja|oje|ych|ich|im|ej|ou|yj|ij|y|a|e|i|o|ая|ое|ий|а|о|и|е)$"
)
# Two states share each of these names; what stands beside it decides.
_NOT_BY_A_PART = frozenset("CN TW KR KP CG CD DM DO GN GW GQ SD SS MK WS AS".split())
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
_PARENTS = {
    "CN": "HK MO TW", "US": "PR GU VI AS MP UM", "FR": "GF GP MQ RE YT PF NC WF BL MF PM TF",
    "DK": "GL FO", "FI": "AX", "NL": "AW CW SX BQ", "NO": "SJ BV", "NZ": "CK NU TK",
    "GB": "GI FK BM KY VG TC AI MS SH PN IO GS GG JE IM", "AU": "CX CC NF HM",
}  # fmt: skip
_PARENT = {part: whole for whole, parts in _PARENTS.items() for part in parts.split()}
_ARTICLE = re.compile(r"^(?:la|le|les|los|las|el|die|der|il|gli) ")
_WITH_ARTICLE = frozenset({"iso", "en", "known", "fr", "es", "de", "it"})
_SEVERAL = frozenset("or oder ou или або not".split())
# Endings of Russian and Ukrainian cases, and those of the nominative that they may come from.
_WITH_CASES = frozenset({"ru", "uk", "known"})
_CASES = (
    ("ии", "ия"), ("ию", "ия"), ("ы", "а"), ("и", "а"), ("и", "ь"),
    ("е", "а"), ("у", "а"), ("а", ""), ("у", ""), ("е", ""), ("я", "й"),
    ("я", "ь"), ("ю", "й"), ("е", "й"), ("ю", "ь"), ("е", "ь"),
)  # fmt: skip
_DOTTED = re.compile(r"(?:\w\.\s?)+\w?\.?")
_ADVICE = Message("write the country's name or its two-letter code (ISO 3166), such as US")


@dataclass(frozen=True, slots=True)
class _Codes:
    """ISO 3166-1: alpha-2 in use, and what the other codes stand for."""

    alpha2: frozenset[str]
    alpha3: dict[str, str]
    numeric: dict[str, str]
    english: dict[str, str]


Named = tuple[str, str]  # (code, where the name is from)


@cache
def _codes() -> _Codes:
    rows = [line.split("\t") for line in _read("countries_codes.tsv").splitlines()]
    return _Codes(
        alpha2=frozenset(code for code, *_ in rows),
        alpha3={alpha3: code for code, alpha3, *_ in rows},
        numeric={numeric: code for code, _, numeric, _ in rows if numeric},
        english={code: name for code, _, _, name in rows},
    )


@cache
def _names() -> dict[str, Named]:
    """Folded name -> country, in the languages that most lists are written in."""
    return _table("countries.tsv")


@cache
def _more_names() -> dict[str, Named]:
    """Likewise in all other languages. Of a name that is refused: (candidates, ``!``)."""
    return _table("countries_rest.tsv")


def _table(file: str) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for line in _read(file).splitlines():
        source, code, names = line.split("\t")
        found.update(dict.fromkeys(names.split("|"), (code, source)))
    return found


def _read(file: str) -> str:
    return resources.files("bulk_import.normalize.data").joinpath(file).read_text("utf-8")


def _lookup(folded: str) -> Named | None:
    return _names().get(folded) or _more_names().get(folded)


@cache
def _cores() -> dict[str, str]:
    """The words of a name in alphabetical order -> code, where no two countries share them."""
    return _unshared(core)


@cache
def _essences() -> dict[str, str]:
    """Likewise of what remains of an official name without the kind of state."""
    return _unshared(_essence)


def _unshared(words_of: Callable[[str], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (_names(), _more_names()):
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


@cache
def _near() -> tuple[str, ...]:
    """Names that a misspelt one is compared with: those of all languages."""
    return (*_near_first(), *_comparable(_more_names()))


@cache
def _near_first() -> tuple[str, ...]:
    return _comparable(_names())


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
    for name in _near():
        found.setdefault(_undoubled(name), set()).add(_code_of(name))
    return {name: frozenset(codes) for name, codes in found.items()}


@cache
def _kinds() -> frozenset[str]:
    """Words that names of several countries share: ``kingdom``, ``republic``, ``islands``."""
    codes: dict[str, set[str]] = {}
    for name, (code, _) in _names().items():
        for word in name.split() if " " in name else ():
            codes.setdefault(word, set()).add(code)
    return frozenset(word for word, of in codes.items() if len(of) >= _FEWEST_SHARING)


def _code_of(name: str) -> str:
    found = _lookup(name)
    return found[0] if found else ""


def country_name(code: str) -> str:
    """Return the English name of an alpha-2 code."""
    return _codes().english.get(code, code)


def is_country(code: str) -> bool:
    """Whether *code* is an alpha-2 code in use, upper case."""
    return code in _codes().alpha2


@lru_cache(maxsize=4096)
def normalize_country(text: str) -> Normalized:
    """Return the alpha-2 code of the country that *text* names.

    Args:
        text: A name in one of about eighty languages, a code (alpha-2, alpha-3, numeric), an
            abbreviation, a flag.

    Raises:
        NormalizeError: ``COUNTRY_UNKNOWN`` or ``COUNTRY_AMBIGUOUS``.

    Source:
        ISO 3166-1; Unicode CLDR; ``data/countries_more.tsv`` for what neither has.
    """
    line = clean_line(text)
    if not line:
        raise NormalizeError("COUNTRY_UNKNOWN", Message("empty; {advice}", advice=_ADVICE))
    if len(line) > LONGEST:
        raise NormalizeError(
            "COUNTRY_UNKNOWN", Message("too long for a country; {advice}", advice=_ADVICE)
        )
    if not line.isascii() and _OF_PEOPLE_ABROAD.search(line.lower()):
        raise NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is a person or a language; {advice}", line=line, advice=_ADVICE),
        )
    found = _by_code(line) or _by_flag(line) or _by_name(line) or _by_parts(line)
    return found or _by_ending(line) or _by_similarity(line)


def _by_code(line: str) -> Normalized | None:
    codes = _codes()
    whole = unicodedata.normalize("NFKC", line)
    line = whole.strip(_AROUND)
    if line != whole and not line.isupper():  # "St." is no code
        return None
    compact = line.replace(".", "").replace(" ", "") if _DOTTED.fullmatch(line) else line
    upper = compact.upper() if compact.isascii() else compact
    if compact != line and _lookup(fold(line)):  # "R.U." is the United Kingdom in Italian
        return None
    if len(upper) == 2 and upper in codes.alpha2:
        return _alpha2(line, compact, upper)
    if len(upper) == 3 and upper in codes.alpha3:
        return _alpha3(line, compact, codes.alpha3[upper])
    number = line.removesuffix(".0")
    if number.isascii() and number.isdigit() and len(number) <= 3:
        code = codes.numeric.get(number.zfill(3))
        if code is not None:
            return Normalized(code, "country.numeric")
    return None


def _alpha2(line: str, typed: str, code: str) -> Normalized:
    """``AO`` and ``ao`` are Angola; ``Ao`` may as well be Austria, as Vietnam calls it."""
    if typed.istitle():
        _refuse_other_name(line, typed, code)
    return Normalized(code, "country.alpha2")


def _alpha3(line: str, typed: str, code: str) -> Normalized:
    """``NGA`` is Nigeria; ``Nga`` may as well be Russia, as Vietnam calls it."""
    if not typed.isupper():
        _refuse_other_name(line, typed, code)
    return Normalized(code, "country.alpha3")


def _refuse_other_name(line: str, typed: str, code: str) -> None:
    named = _lookup(fold(typed))
    if named and named[1] != "!" and named[0] != code:
        raise _ambiguous(line, [code, named[0]])


def _by_flag(line: str) -> Normalized | None:
    if _FLAG_OF_HOME_NATION.fullmatch(line):
        return Normalized("GB", "country.flag")
    flag = _FLAG.search(line)
    if flag is None:
        return None
    code = "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in flag[0])
    rest = (line[: flag.start()] + line[flag.end() :]).strip()
    if code not in _codes().alpha2 or (rest and _try(rest) != {code}):
        return None
    return Normalized(code, "country.flag")


def _by_name(line: str) -> Normalized | None:
    folded = fold(line)
    found = _known(line, folded) or _known(line, written_out(folded))
    if found is None:
        found = _without_its_kind(line, written_out(fold(_ELISION.sub("", line))))
    if found is None and _ARTICLE.match(folded):
        bare = _known(line, _ARTICLE.sub("", folded, count=1))
        found = bare if bare and bare.rule.rsplit(".", 1)[-1] in _WITH_ARTICLE else None
    return found


def _without_its_kind(line: str, folded: str) -> Normalized | None:
    """``Niger Republic``, ``Färöer-Inseln``: a known name and what kind of land it is."""
    for kind, allowed in ((_REPUBLIC, _codes().alpha2 - _NOT_BY_A_PART), (_ISLANDS, _OF_ISLANDS)):
        shorter = kind.sub("", folded, count=1).strip()
        found = _lookup(shorter) if shorter and shorter != folded else None
        if found and found[1] == "!":
            raise _ambiguous(line, found[0].split())
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
    named = _lookup(essence)
    if named and named[1] == "!":
        raise _ambiguous(line, named[0].split())
    code = (named[0] if named else _essences().get(essence, "")) if essence else ""
    if not code and " " not in essence and not essence.startswith("centr"):
        code = _by_beginning(essence)
    if not code or code in _NOT_BY_A_PART:
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
    for name in _near():
        if " " not in name:
            for length in range(_SHORTEST_BEGINNING, len(name) + 1):
                found.setdefault(name[:length], set()).add(_code_of(name))
    return {beginning: frozenset(codes) for beginning, codes in found.items()}


def _known(line: str, folded: str) -> Normalized | None:
    for candidate in (folded, folded.replace(" ", "")):
        found = _lookup(candidate)
        if found and found[1] == "!":
            raise _ambiguous(line, found[0].split())
        if found:
            return Normalized(found[0], f"country.name.{found[1]}")
    code = _cores().get(core(folded)) if " " in folded else None
    return Normalized(code, "country.words") if code else None


def _by_parts(line: str) -> Normalized | None:
    """``United States (US)``, ``US - United States``, ``Deutschland / Germany``, ``China, Hong Kong``."""
    if _LOCALE.fullmatch(line):
        return None
    for pattern, name_first in ((_TRAILING, True), (_LEADING, False)):
        match = pattern.fullmatch(line)
        if match:
            name, code = (match[1], match[2]) if name_first else (match[2], match[1])
            by_code = _by_code(code)
            if by_code is not None and by_code.value in _try(name):
                return Normalized(by_code.value, "country.name_and_code")
    for separator in ("/", "|", "(", ",", " - ", ":"):
        if separator in line:
            parts = [part.strip(" )") for part in line.split(separator)]
            found = _common([_try(part) for part in parts if part])
            if len(parts) > 1 and found:
                return Normalized(found, "country.two_names")
    return None


def _common(meanings: list[frozenset[str]]) -> str:
    """The one country that all parts can mean, or that belongs to what the others mean."""
    if len(meanings) == 1:  # "Ghana (" and nothing more
        return next(iter(meanings[0])) if len(meanings[0]) == 1 else ""
    possible = {
        code
        for code in frozenset().union(*meanings)
        if all(code in codes or _PARENT.get(code) in codes for codes in meanings)
    }
    return possible.pop() if len(possible) == 1 else ""


def _try(text: str) -> frozenset[str]:
    """The codes that *text* can mean exactly; none for what is no country."""
    line = clean_line(text)
    try:
        found = (_by_code(line) or _by_name(line)) if line else None
    except NormalizeError as exc:
        return frozenset(exc.candidates)
    return frozenset({found.value}) if found else frozenset()


def _by_ending(line: str) -> Normalized | None:
    """``Германии``, ``Казахстана``: a name in another case, as in an address."""
    folded = fold(line)
    if not folded or not "а" <= folded[-1] <= "я":
        return None
    nominatives = (
        _lookup(folded[: -len(ending)] + nominative)
        for ending, nominative in _CASES
        if folded.endswith(ending) and len(folded) > len(ending) + 2
    )
    codes = {found[0] for found in nominatives if found and found[1] in _WITH_CASES}
    return _guessed(line, codes.pop(), "country.inflected") if len(codes) == 1 else None


def _by_similarity(line: str) -> Normalized:
    """One slip inside a word (two in a long name), if no other country in any language is near."""
    folded = fold(line)
    if (
        len(folded) < _SHORTEST_FUZZY
        or not folded.replace(" ", "").isalpha()
        or not _SEVERAL.isdisjoint(folded.split())
    ):
        raise NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is not a country; {advice}", line=line, advice=_ADVICE),
        )
    doubled = _near_undoubled().get(_undoubled(folded), frozenset())
    if len(doubled) == 1:
        return _guessed(line, next(iter(doubled)), "country.similar")
    code, codes = _nearest(folded)
    if code:
        return _guessed(line, code, "country.similar")
    raise NormalizeError(
        "COUNTRY_UNKNOWN",
        Message(
            "{line!r} is not a country (did you mean {codes}?); {advice}",
            line=line,
            codes=_listed(codes),
            advice=_ADVICE,
        )
        if codes
        else Message("{line!r} is not a country; {advice}", line=line, advice=_ADVICE),
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
    around = {_code_of(name) for name, distance in near if distance <= nearest + 1}
    in_any = _within(nearest, folded, _near()) if slips else []
    around |= {_code_of(name) for name, _ in in_any}
    at_one = {_code_of(name) for name, distance in in_any if distance == 1}
    if slips and len(around) == 1:
        return around.pop(), []
    if len(at_one) == 1 and any(_is_letter_lost(folded, name) for name in slips):
        return at_one.pop(), []
    return "", sorted(around)


def _within(most: int, folded: str, names: Sequence[str]) -> list[tuple[str, int]]:
    """(name, how many slips away it is) of *names* that are at *most* that far away."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extract(folded, names, scorer=OSA.distance, score_cutoff=most, limit=_MANY)
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
        or (_names()[name][1] in _NOT_INFLECTED and _is_slip_of_word(one, other))
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


def _guessed(line: str, code: str, rule: str) -> Normalized:
    note = Note(
        "COUNTRY_GUESSED",
        Message(
            "{line!r} is taken for {country_name} ({code})",
            line=line,
            country_name=country_name(code),
            code=code,
        ),
    )
    return Normalized(code, rule, (note,))


def _ambiguous(line: str, candidates: list[str]) -> NormalizeError:
    if not candidates:
        return NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is not a country; {advice}", line=line, advice=_ADVICE),
        )
    return NormalizeError(
        "COUNTRY_AMBIGUOUS",
        Message(
            "{line!r} does not say which country; write one of {candidates}",
            line=line,
            candidates=_listed(candidates),
        ),
        candidates=candidates,
    )


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(f"{code} ({country_name(code)})" for code in codes[:6])

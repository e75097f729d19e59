"""Country -> ISO 3166-1 alpha-2, by an index over CLDR and ISO names. Refuses what is not certain.

A continent, a city, a demonym, a language or a company is not in the index and so is refused; names
that several countries share are refused with the candidates. Near misses are taken only where a
single country is near and the slip is inside the word: "German" is a person, not a misspelling.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from bulk_import.normalize.folding import core, fold, written_out
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line

LONGEST = 100  # characters; no country's name is longer
_FUZZY_LANGUAGES = frozenset({"iso", "en", "known", "ru", "de", "fr", "es"})
_SHORTEST_FUZZY = 5  # letters; shorter names are too near to each other
_SHORTEST_CHANGED = 7  # letters of a name in which another letter is no other word
_OF_PEOPLE = ("ian", "ean", "ese", "ish", "er")
_MIDDLING = 9  # letters of a name whose last but one may be wrong
_LONG = 12  # letters of a name in which two slips are not another word
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FLAG_OF_HOME_NATION = re.compile(
    "\U0001f3f4\U000e0067\U000e0062[\U000e0061-\U000e007a]+\U000e007f"
)
_TRAILING = re.compile(r"(.+?)(?:\s*[(\[,;/|–—-]|\s)\s*([A-Za-z]{2,3})\s*[)\]]?")
_LEADING = re.compile(r"\s*[(\[]?([A-Za-z]{2,3})[)\]]?(?:\s*[-–—:,|/]|\s)\s*(.+)")
_LOCALE = re.compile(r"[a-z]{2}[-_][A-Z]{2}")  # de-DE is a language
_AROUND = " .,;:!\"'()[]{}<>"
# Words before or behind a name that is also known without them.
_GENERAL = re.compile(
    r"^(?:the|republic(?: of(?: the)?)?|kingdom of(?: the)?|"
    r"republika|republik|republique(?: du| de| d)?|republica (?:de|do|del)|республика|"
    r"королевство) | the$"
)
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
_ADVICE = "write the country's name or its two-letter code (ISO 3166), such as US"


@dataclass(frozen=True, slots=True)
class _Index:
    names: dict[str, tuple[str, str]]  # folded name -> (code, where the name is from)
    cores: dict[str, str]
    refused: dict[str, str]  # folded name -> candidates, separated by blanks
    alpha2: frozenset[str]
    alpha3: dict[str, str]
    numeric: dict[str, str]
    english: dict[str, str]
    fuzzy: tuple[str, ...]
    undoubled: dict[str, frozenset[str]]  # name without doubled letters -> codes


@cache
def _index() -> _Index:
    text = (
        resources.files("bulk_import.normalize.data").joinpath("countries.json").read_text("utf-8")
    )
    data = json.loads(text)
    codes = data["codes"]
    names = {name: (code, source) for name, (code, source) in data["names"].items()}
    fuzzy = [
        name
        for name, (_, source) in names.items()
        if source in _FUZZY_LANGUAGES and len(name) >= _SHORTEST_FUZZY
    ]
    undoubled: dict[str, set[str]] = {}
    for name in fuzzy:
        undoubled.setdefault(_undoubled(name), set()).add(names[name][0])
    return _Index(
        names=names,
        cores=data["cores"],
        refused=data["refused"],
        alpha2=frozenset(codes),
        alpha3={alpha3: code for code, (alpha3, _, _) in codes.items()},
        numeric={numeric: code for code, (_, numeric, _) in codes.items() if numeric},
        english={code: name for code, (_, _, name) in codes.items()},
        fuzzy=tuple(fuzzy),
        undoubled={name: frozenset(codes) for name, codes in undoubled.items()},
    )


def country_name(code: str) -> str:
    """Return the English name of an alpha-2 code."""
    return _index().english.get(code, code)


def is_country(code: str) -> bool:
    """Whether *code* is an alpha-2 code in use, upper case."""
    return code in _index().alpha2


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
        raise NormalizeError("COUNTRY_UNKNOWN", f"empty; {_ADVICE}")
    if len(line) > LONGEST:
        raise NormalizeError("COUNTRY_UNKNOWN", f"too long for a country; {_ADVICE}")
    found = _by_code(line) or _by_flag(line) or _by_name(line) or _by_parts(line)
    return found or _by_ending(line) or _by_similarity(line)


def _by_code(line: str) -> Normalized | None:
    index = _index()
    whole = unicodedata.normalize("NFKC", line)
    line = whole.strip(_AROUND)
    if line != whole and not line.isupper():  # "St." is no code
        return None
    compact = line.replace(".", "").replace(" ", "") if _DOTTED.fullmatch(line) else line
    upper = compact.upper() if compact.isascii() else compact
    if len(upper) == 2 and upper in index.alpha2:
        return Normalized(upper, "country.alpha2")
    if len(upper) == 3 and upper in index.alpha3:
        return Normalized(index.alpha3[upper], "country.alpha3")
    number = line.removesuffix(".0")
    if number.isascii() and number.isdigit() and len(number) <= 3:
        code = index.numeric.get(number.zfill(3))
        if code is not None:
            return Normalized(code, "country.numeric")
    return None


def _by_flag(line: str) -> Normalized | None:
    if _FLAG_OF_HOME_NATION.fullmatch(line):
        return Normalized("GB", "country.flag")
    flag = _FLAG.search(line)
    if flag is None:
        return None
    code = "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in flag[0])
    rest = (line[: flag.start()] + line[flag.end() :]).strip()
    if code not in _index().alpha2 or (rest and _try(rest) != code):
        return None
    return Normalized(code, "country.flag")


def _by_name(line: str) -> Normalized | None:
    folded = fold(line)
    found = _known(line, folded) or _known(line, written_out(folded))
    if found is None:
        shorter = _GENERAL.sub("", written_out(folded), count=1)
        found = _known(line, shorter) if shorter != folded else None
    if found is None and _ARTICLE.match(folded):
        bare = _known(line, _ARTICLE.sub("", folded, count=1))
        found = bare if bare and bare.rule.rsplit(".", 1)[-1] in _WITH_ARTICLE else None
    return found


def _known(line: str, folded: str) -> Normalized | None:
    index = _index()
    for candidate in (folded, folded.replace(" ", "")):
        if candidate in index.refused:
            raise _ambiguous(line, index.refused[candidate].split())
        if candidate in index.names:
            code, source = index.names[candidate]
            return Normalized(code, f"country.name.{source}")
    words = core(folded)
    if words in index.cores:
        return Normalized(index.cores[words], "country.words")
    return None


def _by_parts(line: str) -> Normalized | None:
    """``United States (US)``, ``US - United States``, ``Deutschland / Germany``."""
    if _LOCALE.fullmatch(line):
        return None
    for pattern, name_first in ((_TRAILING, True), (_LEADING, False)):
        match = pattern.fullmatch(line)
        if match:
            name, code = (match[1], match[2]) if name_first else (match[2], match[1])
            by_code, by_name = _by_code(code), _try(name)
            if by_code is not None and by_code.value == by_name:
                return Normalized(by_code.value, "country.name_and_code")
    for separator in ("/", "|", "(", ",", " - "):
        if separator in line:
            parts = [part.strip(" )") for part in line.split(separator)]
            codes = {_try(part) for part in parts if part}
            if len(parts) > 1 and len(codes) == 1 and None not in codes:
                return Normalized(str(codes.pop()), "country.two_names")
    return None


def _try(text: str) -> str | None:
    """The code that *text* names exactly, if it does."""
    line = clean_line(text)
    try:
        found = (_by_code(line) or _by_name(line)) if line else None
    except NormalizeError:
        return None
    return found.value if found else None


def _by_ending(line: str) -> Normalized | None:
    """``Германии``, ``Казахстана``: a name in another case, as in an address."""
    index, folded = _index(), fold(line)
    if not folded or not "а" <= folded[-1] <= "я":
        return None
    nominatives = (
        folded[: -len(ending)] + nominative
        for ending, nominative in _CASES
        if folded.endswith(ending) and len(folded) > len(ending) + 2
    )
    codes = {
        index.names[name][0]
        for name in nominatives
        if name in index.names and index.names[name][1] in _WITH_CASES
    }
    return _guessed(line, codes.pop(), "country.inflected") if len(codes) == 1 else None


def _by_similarity(line: str) -> Normalized:
    """One slip inside the word (two in a long one), if exactly one country is that near."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    folded = fold(line)
    index = _index()
    if (
        len(folded) < _SHORTEST_FUZZY
        or not folded.replace(" ", "").isalpha()
        or not _SEVERAL.isdisjoint(folded.split())
    ):
        raise NormalizeError("COUNTRY_UNKNOWN", f"{line!r} is not a country; {_ADVICE}")
    doubled = index.undoubled.get(_undoubled(folded), frozenset())
    if len(doubled) == 1:
        return _guessed(line, next(iter(doubled)), "country.similar")
    allowed = 1 if len(folded) < _LONG else 2
    near = process.extract(
        folded, index.fuzzy, scorer=OSA.distance, score_cutoff=allowed + 1, limit=12
    )
    nearest = min((distance for _, distance, _ in near), default=0)
    codes = {index.names[name][0] for name, distance, _ in near if distance <= nearest + 1}
    if len(codes) == 1 and any(
        distance <= allowed and _is_slip(folded, name) for name, distance, _ in near
    ):
        return _guessed(line, codes.pop(), "country.similar")
    raise NormalizeError(
        "COUNTRY_UNKNOWN",
        f"{line!r} is not a country"
        + (f" (did you mean {_names(sorted(codes))}?)" if codes else "")
        + f"; {_ADVICE}",
        candidates=sorted(codes),
    )


def _is_slip(folded: str, name: str) -> bool:
    """Whether the difference is one of typing: what changes an ending makes a person of a land."""
    if folded[0] != name[0]:
        return False
    if len(folded) == len(name) and sorted(folded) == sorted(name):  # two letters swapped
        return True
    if len(name) < _SHORTEST_CHANGED or folded.endswith(_OF_PEOPLE):
        return False
    if folded + "s" == name:
        return True
    if len(folded) >= _LONG:
        return folded[-1] == name[-1] or len(folded) == len(name)
    if len(folded) >= _MIDDLING and folded[-1] not in "ao":
        return folded[-1] == name[-1]
    return folded[-2:] == name[-2:]


def _undoubled(folded: str) -> str:
    return re.sub(r"(.)\1+", r"\1", folded)


def _guessed(line: str, code: str, rule: str) -> Normalized:
    note = Note("COUNTRY_GUESSED", f"{line!r} is taken for {country_name(code)} ({code})")
    return Normalized(code, rule, (note,))


def _ambiguous(line: str, candidates: list[str]) -> NormalizeError:
    if not candidates:
        return NormalizeError("COUNTRY_UNKNOWN", f"{line!r} is not a country; {_ADVICE}")
    return NormalizeError(
        "COUNTRY_AMBIGUOUS",
        f"{line!r} does not say which country; write one of {_names(candidates)}",
        candidates=candidates,
    )


def _names(codes: list[str]) -> str:
    return ", ".join(f"{code} ({country_name(code)})" for code in codes[:6])

"""Country -> ISO 3166-1 alpha-2, by an index over CLDR and ISO names. Refuses what is not certain.

A continent, a city, a demonym, a language or a company is not in the index and so is refused; names
that several countries share are refused with the candidates. Near misses are taken only where a
single country is near and the slip is inside the word: "German" is a person, not a misspelling.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from bulk_import.normalize.folding import core, fold
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line

LONGEST = 100  # characters; no country's name is longer
_FUZZY_LANGUAGES = frozenset({"iso", "en", "known", "ru", "de", "fr", "es"})
_SHORTEST_FUZZY = 5  # letters; shorter names are too near to each other
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FLAG_OF_HOME_NATION = re.compile(
    "\U0001f3f4\U000e0067\U000e0062[\U000e0061-\U000e007a]+\U000e007f"
)
_TRAILING = re.compile(r"(.+?)\s*[(\[,;/|–—-]\s*([A-Za-z]{2,3})\s*[)\]]?")
_LEADING = re.compile(r"\s*[(\[]?([A-Za-z]{2,3})[)\]]?\s*[-–—:,|/]\s*(.+)")
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


@cache
def _index() -> _Index:
    text = (
        resources.files("bulk_import.normalize.data").joinpath("countries.json").read_text("utf-8")
    )
    data = json.loads(text)
    codes = data["codes"]
    names = {name: (code, source) for name, (code, source) in data["names"].items()}
    return _Index(
        names=names,
        cores=data["cores"],
        refused=data["refused"],
        alpha2=frozenset(codes),
        alpha3={alpha3: code for code, (alpha3, _, _) in codes.items()},
        numeric={numeric: code for code, (_, numeric, _) in codes.items() if numeric},
        english={code: name for code, (_, _, name) in codes.items()},
        fuzzy=tuple(
            name
            for name, (_, source) in names.items()
            if source in _FUZZY_LANGUAGES and len(name) >= _SHORTEST_FUZZY
        ),
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
    return found or _by_similarity(line)


def _by_code(line: str) -> Normalized | None:
    index = _index()
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
    index = _index()
    folded = fold(line)
    for candidate in (folded, folded.removeprefix("the "), folded.replace(" ", "")):
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
    for pattern, name_first in ((_TRAILING, True), (_LEADING, False)):
        match = pattern.fullmatch(line)
        if match:
            name, code = (match[1], match[2]) if name_first else (match[2], match[1])
            by_code, by_name = _by_code(code), _try(name)
            if by_code is not None and by_code.value == by_name:
                return Normalized(by_code.value, "country.name_and_code")
    for separator in ("/", "|", "(", " - "):
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


def _by_similarity(line: str) -> Normalized:
    """One slip inside the word (two in a long one), if exactly one country is that near."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    folded = fold(line)
    index = _index()
    if len(folded) < _SHORTEST_FUZZY or not folded.replace(" ", "").isalpha():
        raise NormalizeError("COUNTRY_UNKNOWN", f"{line!r} is not a country; {_ADVICE}")
    allowed = 1 if len(folded) < 9 else 2
    near = process.extract(
        folded, index.fuzzy, scorer=OSA.distance, score_cutoff=allowed + 1, limit=12
    )
    codes = {index.names[name][0] for name, _, _ in near}
    inside = [
        name
        for name, distance, _ in near
        if distance <= allowed and name[0] == folded[0] and name[-2:] == folded[-2:]
    ]
    if inside and len(codes) == 1:
        code = codes.pop()
        name = country_name(code)
        return Normalized(
            code,
            "country.similar",
            (Note("COUNTRY_GUESSED", f"{line!r} is taken for {name} ({code})"),),
        )
    raise NormalizeError(
        "COUNTRY_UNKNOWN",
        f"{line!r} is not a country"
        + (f" (did you mean {_names(sorted(codes))}?)" if codes else "")
        + f"; {_ADVICE}",
        candidates=sorted(codes),
    )


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

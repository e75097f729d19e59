"""Country -> ISO 3166-1 alpha-2, by an index over CLDR and ISO names. Refuses what is not certain.

A continent, a city, a demonym, a language or a company is not in the index and so is refused; names
that several countries share are refused with the candidates. Near misses are taken only where a
single country is near and the slip is inside the word: "German" is a person, not a misspelling.
"""

from __future__ import annotations

import re
import unicodedata

from bulk_import.errors import Message
from bulk_import.normalize.country_names import (
    ADVICE,
    ambiguous_country,
    guessed_country,
    iso_codes,
    look_up,
)
from bulk_import.normalize.country_slips import by_similarity
from bulk_import.normalize.country_words import without_its_kind, words_of_names
from bulk_import.normalize.folding import core, fold, written_out
from bulk_import.normalize.result import Normalized, NormalizeError
from bulk_import.normalize.text import clean_line, remembered

LONGEST = 100  # characters; no country's name is longer
# Algérien is a person in French, Algerien the country in German; estonià is a person in Catalan.
_OF_PEOPLE_ABROAD = re.compile("\\S*(?:[éè]\\S*ien(?:ne)?|ià)|gal[éê]s")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FLAG_OF_HOME_NATION = re.compile(
    "\U0001f3f4\U000e0067\U000e0062[\U000e0061-\U000e007a]+\U000e007f"
)
_TRAILING = re.compile(r"(.+?)(?:\s*[(\[,;/|–—-]|\s)\s*([A-Za-z]{2,3})\s*[)\]]?")
_LEADING = re.compile(r"\s*[(\[]?([A-Za-z]{2,3})[)\]]?(?:\s*[-–—:,|/]|\s)\s*(.+)")
_LOCALE = re.compile(r"[a-z]{2}[-_][A-Z]{2}")  # de-DE is a language
_AROUND = " .,;:!\"'()[]{}<>"
_ELISION = re.compile(r"\b[dlDL]['’](?=\w)")
_PARENTS = {
    "CN": "HK MO TW", "US": "PR GU VI AS MP UM", "FR": "GF GP MQ RE YT PF NC WF BL MF PM TF",
    "DK": "GL FO", "FI": "AX", "NL": "AW CW SX BQ", "NO": "SJ BV", "NZ": "CK NU TK",
    "GB": "GI FK BM KY VG TC AI MS SH PN IO GS GG JE IM", "AU": "CX CC NF HM",
}  # fmt: skip
_PARENT = {part: whole for whole, parts in _PARENTS.items() for part in parts.split()}
_ARTICLE = re.compile(r"^(?:la|le|les|los|las|el|die|der|il|gli) ")
_WITH_ARTICLE = frozenset({"iso", "en", "known", "fr", "es", "de", "it"})
# Endings of Russian and Ukrainian cases, and those of the nominative that they may come from.
_WITH_CASES = frozenset({"ru", "uk", "known"})
_CASES = (
    ("ии", "ия"), ("ию", "ия"), ("ы", "а"), ("и", "а"), ("и", "ь"),
    ("е", "а"), ("у", "а"), ("а", ""), ("у", ""), ("е", ""), ("я", "й"),
    ("я", "ь"), ("ю", "й"), ("е", "й"), ("ю", "ь"), ("е", "ь"),
)  # fmt: skip
_DOTTED = re.compile(r"(?:\w\.\s?)+\w?\.?")


@remembered
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
        raise NormalizeError("COUNTRY_UNKNOWN", Message("empty; {advice}", advice=ADVICE))
    if len(line) > LONGEST:
        raise NormalizeError(
            "COUNTRY_UNKNOWN", Message("too long for a country; {advice}", advice=ADVICE)
        )
    if not line.isascii() and _OF_PEOPLE_ABROAD.fullmatch(line.lower()):
        raise NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is a person or a language; {advice}", line=line, advice=ADVICE),
        )
    found = _by_code(line) or _by_flag(line) or _by_name(line) or _by_parts(line)
    return found or _by_ending(line) or by_similarity(line)


def _by_code(line: str) -> Normalized | None:
    codes = iso_codes()
    whole = unicodedata.normalize("NFKC", line)
    line = whole.strip(_AROUND)
    if line != whole and not line.isupper():  # "St." is no code
        return None
    compact = line.replace(".", "").replace(" ", "") if _DOTTED.fullmatch(line) else line
    upper = compact.upper() if compact.isascii() else compact
    if compact != line and look_up(fold(line)):  # "R.U." is the United Kingdom in Italian
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
    named = look_up(fold(typed))
    if named and named[1] != "!" and named[0] != code:
        raise ambiguous_country(line, [code, named[0]])


def _by_flag(line: str) -> Normalized | None:
    if _FLAG_OF_HOME_NATION.fullmatch(line):
        return Normalized("GB", "country.flag")
    flag = _FLAG.search(line)
    if flag is None:
        return None
    code = "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in flag[0])
    rest = (line[: flag.start()] + line[flag.end() :]).strip()
    named = _try(rest) if rest else {code}
    if code not in iso_codes().alpha2 or not named:
        return None
    if named != {code}:
        raise ambiguous_country(line, sorted({code, *named}))
    return Normalized(code, "country.flag")


def _by_name(line: str) -> Normalized | None:
    folded = fold(line)
    found = _known(line, folded) or _known(line, written_out(folded))
    if found is None:
        found = without_its_kind(line, written_out(fold(_ELISION.sub("", line))))
    if found is None and _ARTICLE.match(folded):
        bare = _known(line, _ARTICLE.sub("", folded))
        found = bare if bare and bare.rule.rpartition(".")[2] in _WITH_ARTICLE else None
    return found


def _known(line: str, folded: str) -> Normalized | None:
    for candidate in (folded, folded.replace(" ", "")):
        found = look_up(candidate)
        if found and found[1] == "!":
            raise ambiguous_country(line, found[0].split())
        if found:
            return Normalized(found[0], f"country.name.{found[1]}")
    code = words_of_names().get(core(folded)) if " " in folded else None
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
        look_up(folded[: -len(ending)] + nominative)
        for ending, nominative in _CASES
        if folded.endswith(ending) and len(folded) > len(ending) + 2
    )
    codes = {found[0] for found in nominatives if found and found[1] in _WITH_CASES}
    return guessed_country(line, codes.pop(), "country.inflected") if len(codes) == 1 else None

"""Names and codes of countries: the tables, and what is said of a name that is no sure one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bulk_import.errors import Message
from bulk_import.normalize.result import Normalized, NormalizeError, Note

ADVICE = Message("write the country's name or its two-letter code (ISO 3166), such as US")


@dataclass(frozen=True, slots=True)
class _Codes:
    """ISO 3166-1: alpha-2 in use, and what the other codes stand for."""

    alpha2: frozenset[str]
    alpha3: dict[str, str]
    numeric: dict[str, str]
    english: dict[str, str]


Named = tuple[str, str]  # (code, where the name is from)


@cache
def iso_codes() -> _Codes:
    """Return the codes of ISO 3166-1 in use."""
    rows = [line.split("\t") for line in _read("countries_codes.tsv").splitlines()]
    return _Codes(
        alpha2=frozenset(code for code, *_ in rows),
        alpha3={alpha3: code for code, alpha3, *_ in rows},
        numeric={numeric: code for code, _, numeric, _ in rows if numeric},
        english={code: name for code, _, _, name in rows},
    )


@cache
def usual_names() -> dict[str, Named]:
    """Folded name -> country, in the languages that most lists are written in."""
    return _table("countries.tsv")


@cache
def rare_names() -> dict[str, Named]:
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


def look_up(folded: str) -> Named | None:
    """Return (code, source) of a folded name; (candidates, ``!``) of one that is refused."""
    return usual_names().get(folded) or rare_names().get(folded)


def code_named(name: str) -> str:
    """Return the code of a folded name, ``""`` for one that no table has."""
    found = look_up(name)
    return found[0] if found else ""


def country_name(code: str) -> str:
    """Return the English name of an alpha-2 code."""
    return iso_codes().english.get(code, code)


def is_country(code: str) -> bool:
    """Whether *code* is an alpha-2 code in use, upper case."""
    return code in iso_codes().alpha2


def guessed_country(line: str, code: str, rule: str) -> Normalized:
    """Return a country that *line* probably names, with a warning."""
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


def ambiguous_country(line: str, candidates: list[str]) -> NormalizeError:
    """Return the error of a text that names several countries, or one of the past."""
    if not candidates:
        return NormalizeError(
            "COUNTRY_UNKNOWN",
            Message("{line!r} is not a country; {advice}", line=line, advice=ADVICE),
        )
    return NormalizeError(
        "COUNTRY_AMBIGUOUS",
        Message(
            "{line!r} does not say which country; write one of {candidates}",
            line=line,
            candidates=listed_countries(candidates),
        ),
        candidates=candidates,
    )


def listed_countries(codes: Sequence[str]) -> str:
    """Return the first codes with their names, for a message."""
    return ", ".join(f"{code} ({country_name(code)})" for code in codes[:6])

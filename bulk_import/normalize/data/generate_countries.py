"""Make ``countries.tsv`` and ``countries_rest.tsv``: folded names of countries -> alpha-2 code.

    python -m bulk_import.normalize.data.generate_countries FOLDER     (needs the dev group)

FOLDER holds the unpacked npm packages ``cldr-localenames-full`` and ``cldr-dates-full`` and
``i18n-iso-countries``. Sources: names of territories of the Unicode CLDR with all alternatives
(Unicode License v3); ISO 3166-1 and ISO 3166-3 with the translations of iso-codes, as pycountry ships
them (LGPL 2.1); i18n-iso-countries (MIT). What these do not have is in ``countries_more.tsv``.

A line is a source (a language, ``iso``, ``known``), a code and the names that it gives, separated by
``|``. The source ``!`` has candidates for a code: a name that several countries share, or that is no
country and would be taken for one, is refused. ``countries.tsv`` has the languages that most lists are
written in, the other file those of the rest of the world: it is only read for names that the first
does not have.
"""

from __future__ import annotations

import contextlib
import gettext
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from bulk_import.normalize.folding import fold

HERE = Path(__file__).parent
MAIN = ("known", "iso", "en", "ru", "de", "fr", "es", "pt", "it", "nl", "pl", "uk", "tr")
# Whose words for regions, languages and cities are looked at.
_LANGUAGES = (
    "en ru de fr es pt it nl pl uk tr sv da no fi cs sk hu ro bg el he ar fa hi zh ja ko vi id ms th "
    "ka hy kk az uz et lv lt hr sr bs sl sq mk be bn ur ca eu gl is af sw".split()
)
# Not countries of ISO 3166-1, but CLDR names them.
NOT_COUNTRIES = frozenset(
    {"EZ", "QO", "EU", "UN", "ZZ", "XA", "XB", "CP", "DG", "EA", "IC", "AC", "TA", "CQ"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_NORDIC = str.maketrans({"å": "aa", "ø": "oe", "æ": "ae", "Å": "Aa", "Ø": "Oe", "Æ": "Ae"})
# A name that this many languages give to one country is not another's because of one translator.
_WELL_KNOWN = 4
_SHORTEST_NEAR = 5  # letters; shorter names of countries are all near each other
_FORMER = {  # of ISO 3166-3: what became one country of today; the others are refused
    "BUMM": "MM", "BYAA": "BY", "DYBJ": "BJ", "HVBF": "BF", "RHZW": "ZW", "TPTL": "TL",
    "VDVN": "VN", "ZRCD": "CD", "AIDJ": "DJ", "GEHH": "KI", "NHVU": "VU", "SKIN": "IN",
    "CSHH": "CZ SK", "CSXX": "RS ME", "YUCS": "RS ME HR SI BA MK XK", "SUHH": "RU UA BY KZ",
    "ANHH": "CW SX BQ", "DDDE": "!DE", "YDYE": "!YE",
}  # fmt: skip
Name = tuple[str, str, str]  # name, code, source


def main() -> None:
    """Write the data files and say what was left out."""
    folder = Path(sys.argv[1])
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[tuple[str, str], str] = {}
    seen: set[tuple[str, str, str]] = set()
    for name, code, source in sorted(set(_all_names(folder)), key=_by_source):
        folded = fold(name)
        if not folded or (folded, code, source) in seen:
            continue
        seen.add((folded, code, source))
        votes[folded][code] += 1
        first.setdefault((folded, code), source)
    more, refused = _more()
    names, disputed = _settled(votes)
    refused = {**disputed, **refused}
    table = {name: (code, first[name, code]) for name, code in names.items() if name not in refused}
    for name, code in more.items():
        table[name] = (code, "known")
        refused.pop(name, None)
    for name, codes in former():
        folded = fold(name)
        if folded not in table and folded not in refused:
            if len(codes) == 2:
                table[folded] = (codes, "known")
            else:
                refused[folded] = codes.strip("!")
    _write(table, refused)
    _write_codes()
    refused |= _mistakable(folder, table, votes) | _too_near(table)
    table = {name: of for name, of in table.items() if name not in refused}
    _write(table, refused)


def _by_source(name: Name) -> tuple[int, Name]:
    for at, languages in enumerate((MAIN, _LANGUAGES)):
        if name[2] in languages:
            return (at * len(MAIN) + languages.index(name[2]), name)
    return (len(MAIN) + len(_LANGUAGES), name)


def _settled(votes: dict[str, Counter[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """(name -> the code that it has, name -> candidates where the sources disagree)."""
    names, disputed = {}, {}
    for name, counts in votes.items():
        (code, most), *others = counts.most_common()
        if not others or (most >= _WELL_KNOWN and all(n * _WELL_KNOWN <= most for _, n in others)):
            names[name] = code
        else:
            disputed[name] = " ".join(sorted(counts))
    return names, disputed


def _write(table: dict[str, tuple[str, str]], refused: dict[str, str]) -> None:
    lines: dict[bool, dict[tuple[str, str], list[str]]] = {
        True: defaultdict(list), False: defaultdict(list),
    }  # fmt: skip
    for name, (code, source) in sorted(table.items()):
        lines[source in MAIN][source, code].append(name)
    for name, codes in sorted(refused.items()):
        lines[False]["!", codes].append(name)
    for is_main, file in ((True, "countries.tsv"), (False, "countries_rest.tsv")):
        text = "".join(
            f"{source}\t{code}\t{'|'.join(names)}\n"
            for (source, code), names in sorted(lines[is_main].items())
        )
        (HERE / file).write_text(text, "utf-8")
        print(
            f"{sum(map(len, lines[is_main].values()))} names, {len(text.encode())} bytes -> {file}"
        )


# -- sources ---------------------------------------------------------------------------------------


def _all_names(folder: Path) -> Iterator[Name]:
    for name, code, source in (*_cldr(folder), *_iso(), *_i18n(folder)):
        yield name, code, source
        if source == "de":
            yield name.translate(_UMLAUTS), code, source
        if source in ("da", "nb", "no", "nn"):
            yield name.translate(_NORDIC), code, source


def _countries() -> frozenset[str]:
    import pycountry

    return frozenset({country.alpha_2 for country in pycountry.countries} | {"XK"})


def territories(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, code with its alternative, name) of CLDR."""
    for path in sorted((folder / "cldr-localenames-full" / "main").glob("*/territories.json")):
        locale = path.parent.name
        loaded = json.loads(path.read_text("utf-8"))
        names = loaded["main"][locale]["localeDisplayNames"]["territories"]
        for code, name in names.items():
            yield locale.split("-")[0], code, name


def _cldr(folder: Path) -> Iterator[Name]:
    countries = _countries() - NOT_COUNTRIES
    for language, code, name in territories(folder):
        bare = code.split("-alt-")[0]
        if bare in countries and name != bare and not _is_code(name):
            yield name, bare, language


def _is_code(name: str) -> bool:
    """A short name that may be some country's code: ``AS`` for the United States in Indonesian."""
    return len(name) == 2 and name.isascii()


def _iso() -> Iterator[Name]:
    import pycountry

    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name"):
            name = getattr(country, attribute, "")
            if name:
                yield name, country.alpha_2, "iso"
                for language, translated in _translations("iso3166-1", name):
                    if not _is_code(translated):
                        yield translated, country.alpha_2, language


def former() -> Iterator[tuple[str, str]]:
    """Yield (name, what became of the country) in every language."""
    import pycountry

    for country in pycountry.historic_countries:
        for name in (country.name, getattr(country, "official_name", "")):
            if name and country.alpha_4 in _FORMER:
                yield name, _FORMER[country.alpha_4]
                for _, translated in _translations("iso3166-3", name):
                    yield translated, _FORMER[country.alpha_4]


def _translations(domain: str, name: str) -> Iterator[tuple[str, str]]:
    for language, known in _catalogues(domain):
        translated = known.gettext(name)
        if translated != name:
            yield language, translated


_LOADED: dict[str, list[tuple[str, gettext.NullTranslations]]] = {}


def _catalogues(domain: str) -> list[tuple[str, gettext.NullTranslations]]:
    import pycountry

    if domain not in _LOADED:
        folder = Path(pycountry.__file__).parent / "locales"
        _LOADED[domain] = [
            (name.split("_")[0].split("@")[0],
             gettext.translation(domain, folder, languages=[name], fallback=True))
            for name in sorted(path.name for path in folder.iterdir())
        ]  # fmt: skip
    return _LOADED[domain]


def _i18n(folder: Path) -> Iterator[Name]:
    for path in sorted((folder / "i18n-iso-countries" / "langs").glob("*.json")):
        for code, names in json.loads(path.read_text("utf-8"))["countries"].items():
            for name in [names] if isinstance(names, str) else names:
                if not _is_code(name):
                    yield name, code, path.stem.split("-")[0]


def _more() -> tuple[dict[str, str], dict[str, str]]:
    more: dict[str, str] = {}
    refused: dict[str, str] = {}
    for line in (HERE / "countries_more.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, code = line.split("\t")
            if code.startswith("!"):
                refused[fold(name)] = code[1:].strip()
            else:
                more[fold(name)] = code
    return more, refused


def _write_codes() -> None:
    import pycountry
    from babel import Locale

    english = Locale("en").territories
    codes = {c.alpha_2: [c.alpha_3, c.numeric, english[c.alpha_2]] for c in pycountry.countries}
    codes["XK"] = ["XKX", "", "Kosovo"]  # user-assigned, and in wide use
    lines = ("\t".join((code, *of)) + "\n" for code, of in sorted(codes.items()))
    (HERE / "countries_codes.tsv").write_text("".join(lines), "utf-8")


# -- what is no country ----------------------------------------------------------------------------


def _mistakable(
    folder: Path, table: dict[str, tuple[str, str]], votes: dict[str, Counter[str]]
) -> dict[str, str]:
    """Regions, languages and cities that would be taken for a country."""
    from bulk_import.normalize.countries import normalize_country
    from bulk_import.normalize.result import NormalizeError

    found: dict[str, str] = {}
    for folded, (text, is_region) in sorted(_no_countries(folder).items()):
        if folded in table:
            code, source = table[folded]
            is_known = source in MAIN or (
                votes[folded][code] >= _WELL_KNOWN if is_region else source in _LANGUAGES
            )
            if not is_known:
                found[folded] = code
            continue
        with contextlib.suppress(NormalizeError):
            found[folded] = normalize_country(text).value
    print(f"{len(found)} words that are no countries")
    return found


def _too_near(table: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Names in languages of few that are a letter away from another country's in a language of many."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    known = [
        name
        for name, (_, source) in table.items()
        if source in MAIN and name.isascii() and len(name) >= _SHORTEST_NEAR
    ]
    found = {}
    for name, (code, source) in table.items():
        if (
            source in MAIN
            or source in _LANGUAGES
            or not name.isascii()
            or len(name) < _SHORTEST_NEAR
        ):
            continue
        near = process.extract(name, known, scorer=OSA.distance, score_cutoff=1, limit=20)
        others = {table[one][0] for one, _, _ in near} - {code}
        if others:
            found[name] = " ".join(sorted({code, *others}))
    print(f"{len(found)} names too near to another country's")
    return found


def _no_countries(folder: Path) -> dict[str, tuple[str, bool]]:
    """Folded word -> (as it is written, whether it is a region of the world)."""
    found: dict[str, tuple[str, bool]] = {}
    for _, code, name in territories(folder):
        if code.isdigit() or code in ("EU", "UN", "EZ"):
            found[fold(name)] = (name, True)
    for locale in _LANGUAGES:
        base = folder / "cldr-localenames-full" / "main" / locale / "languages.json"
        times = folder / "cldr-dates-full" / "main" / locale / "timeZoneNames.json"
        languages = json.loads(base.read_text("utf-8"))["main"][locale]
        zones = json.loads(times.read_text("utf-8"))["main"][locale]["dates"]["timeZoneNames"]
        names = languages["localeDisplayNames"]["languages"].values()
        for name in (*names, *_cities(zones["zone"])):
            found.setdefault(fold(name), (name, False))
    found.pop("", None)
    return found


def _cities(node: dict[str, object]) -> Iterator[str]:
    for key, value in node.items():
        if key == "exemplarCity" and isinstance(value, str):
            yield value
        elif isinstance(value, dict) and key not in ("long", "short"):
            yield from _cities(value)


if __name__ == "__main__":
    main()

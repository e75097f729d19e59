"""Make ``countries.json``: folded names of countries in many languages -> alpha-2 code.

    python -m bulk_import.normalize.data.generate_countries      (needs the dev group)

Sources: territory names of the Unicode CLDR (through babel; Unicode License v3), ISO 3166-1 codes
and English names (through pycountry). What these do not have stands in ``countries_more.tsv``.
A name that two countries share is left out: it must be refused.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bulk_import.normalize.folding import core, fold

HERE = Path(__file__).parent
# fmt: off
LANGUAGES = (
    "en", "ru", "de", "fr", "es", "pt", "it", "nl", "pl", "uk", "tr", "sv", "da", "nb", "fi",
    "cs", "sk", "hu", "ro", "bg", "el", "he", "ar", "fa", "hi", "zh", "zh_Hant", "ja", "ko",
    "vi", "id", "ms", "th", "ka", "hy", "kk", "az", "uz", "et", "lv", "lt", "hr", "sr",
    "sr_Latn", "bs", "sl", "sq", "mk", "be", "bn", "ur", "ca", "eu", "gl", "ga", "cy", "is",
    "mt", "lb", "af", "sw", "tg", "tk", "ky", "mn", "my", "km", "lo", "si", "ta", "te", "ml",
    "kn", "gu", "mr", "pa", "ne", "fil", "yue", "am", "ast", "fo", "fy", "gd", "rm", "zu", "ps",
    "ku",
)
# fmt: on
# Not countries of ISO 3166-1, but CLDR names them.
NOT_COUNTRIES = frozenset(
    {"EZ", "QO", "EU", "UN", "ZZ", "XA", "XB", "CP", "DG", "EA", "IC", "AC", "TA", "CQ"}
)


def main() -> None:
    """Write the data file and say what was left out."""
    names: dict[str, dict[str, str]] = defaultdict(dict)  # folded -> code -> where from
    for name, code, source in _all_names():
        names[fold(name)].setdefault(code, source)
    ambiguous = {name: sorted(codes) for name, codes in names.items() if len(codes) > 1}
    cores: dict[str, set[str]] = defaultdict(set)
    for name, codes in names.items():
        cores[core(name)].update(codes)
    more, refused = _more()
    table = {
        name: [code, source]
        for name, codes in sorted(names.items())
        for code, source in codes.items()
        if len(codes) == 1 and name not in refused
    }
    for name, code in more.items():
        table[name] = [code, "known"]
    by_core = {
        key: next(iter(codes))
        for key, codes in sorted(cores.items())
        if len(codes) == 1 and key not in table and " " in key and key not in refused
    }
    refused = {**{name: " ".join(codes) for name, codes in ambiguous.items()}, **refused}
    refused = {name: codes for name, codes in refused.items() if name not in more}
    path = HERE / "countries.json"
    path.write_text(
        json.dumps(
            {"codes": _codes(), "names": table, "cores": by_core, "refused": refused},
            ensure_ascii=False,
            indent=0,
        )
        + "\n",
        "utf-8",
    )
    print(f"{len(table)} names, {len(by_core)} word sets, {len(refused)} refused -> {path.name}")


def _all_names() -> Iterator[tuple[str, str, str]]:
    import pycountry
    from babel import Locale, UnknownLocaleError

    countries = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    for country in pycountry.countries:
        yield country.name, country.alpha_2, "iso"
        for attribute in ("official_name", "common_name"):
            if getattr(country, attribute, ""):
                yield getattr(country, attribute), country.alpha_2, "iso"
    for language in LANGUAGES:
        try:
            territories = Locale.parse(language).territories
        except (UnknownLocaleError, ValueError):
            continue
        for code, name in territories.items():
            if code in countries and code not in NOT_COUNTRIES and name != code:
                yield name, code, language


def _codes() -> dict[str, list[str]]:
    import pycountry
    from babel import Locale

    english = Locale("en").territories
    codes = {c.alpha_2: [c.alpha_3, c.numeric, english[c.alpha_2]] for c in pycountry.countries}
    codes["XK"] = ["XKX", "", "Kosovo"]  # user-assigned, and in wide use
    return dict(sorted(codes.items()))


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


if __name__ == "__main__":
    main()

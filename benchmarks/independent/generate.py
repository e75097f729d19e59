"""Write the sets of ``benchmarks/independent`` that come from packages which are not installed here.

    python -m benchmarks.independent.generate FOLDER     (needs npm, node and the bench group;
                                                          FOLDER keeps the packages)

Each line of ``countries.tsv.xz``, ``zones.tsv.xz`` and ``names.tsv.xz``: set, text, what it is
(a code, an IANA zone, ``first / middle / last``; ``!`` where an answer would be wrong). NOTICE names
versions and licences.
"""

from __future__ import annotations

import gettext
import json
import lzma
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = (
    "cldr-core@48.2.0",
    "cldr-localenames-full@48.2.0",
    "cldr-dates-full@48.2.0",
    "countries-list@3.4.1",
    "world-countries@5.1.0",
    "@faker-js/faker@10.6.0",
    "disposable-email-domains@1.0.62",
    "tlds@1.261.0",
)
HERE = Path(__file__).parent
REFUSED = "!"
Line = tuple[str, str, str]
# Not countries of ISO 3166-1 although CLDR names them like one.
_NO_COUNTRIES = frozenset("EZ QO EU UN ZZ XA XB CP DG EA IC AC TA CQ".split())
_EVERY_HOST = 100  # of 120,000
_SLIPS_IN = ("en", "de", "fr", "es", "ru", "pl", "it", "pt")
_PER_LANGUAGE = 150
_SHORTEST_SLIP = 6
_LANGUAGES_OF_NEGATIVES = (
    "en ru de fr es pt it nl pl uk tr sv da nb fi cs sk hu ro bg el hr sr id vi et lv lt ca".split()
)


def main() -> None:
    folder = Path(sys.argv[1])
    packages = {name.rsplit("@", 1)[0]: _package(folder, name) for name in PACKAGES}
    localenames = packages["cldr-localenames-full"] / "main"
    dates = packages["cldr-dates-full"] / "main"
    _write(
        "countries",
        [
            *_cldr(localenames),
            *_iso(),
            *_misspelt(localenames),
            *_world(packages["world-countries"]),
            *_countries_list(packages["countries-list"]),
            *_no_countries(localenames, dates, packages["world-countries"]),
        ],
    )
    _write("zones", [*_zone_names(dates), *_windows_zones(packages["cldr-core"])])
    _write("names", _names(packages["@faker-js/faker"]))
    _write("domains", _domains(packages))


def _package(folder: Path, name: str) -> Path:
    """Return the unpacked folder of an npm package."""
    target = folder / name.replace("/", "-").replace("@", "-")
    if not target.exists():
        target.mkdir(parents=True)
        packed = subprocess.run(
            ["npm", "pack", name, "--silent"],
            cwd=target,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        with tarfile.open(target / packed) as archive:
            archive.extractall(target, filter="data")
    return target / "package"


def _write(name: str, lines: Iterable[Line]) -> None:
    kept = sorted({line for line in lines if line[1].strip()})
    text = "".join("\t".join(" ".join(part.split()) for part in line) + "\n" for line in kept)
    (HERE / f"{name}.tsv.xz").write_bytes(lzma.compress(text.encode(), preset=9))
    print(f"{name}: {len(kept)} lines")


def _load(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))


# -- countries -------------------------------------------------------------------------------------


def territories(localenames: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (locale, code with its alt, name) of CLDR."""
    for path in sorted(localenames.glob("*/territories.json")):
        locale = path.parent.name
        names = _load(path)["main"][locale]["localeDisplayNames"]["territories"]  # type: ignore[index]
        for code, name in names.items():
            yield locale, code, name


def _cldr(localenames: Path) -> Iterator[Line]:
    for _, code, name in territories(localenames):
        bare, _, alt = code.partition("-alt-")
        if len(bare) == 2 and bare not in _NO_COUNTRIES and name != bare:
            yield f"CLDR, {'alternatives' if alt else 'names'}", name, bare


def _iso() -> Iterator[Line]:
    """Codes, and the translations of ISO 3166 that iso-codes keeps and pycountry ships."""
    import pycountry

    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3, country.numeric):
            yield "ISO codes (pycountry)", code, country.alpha_2
    folder = Path(pycountry.__file__).parent / "locales"
    for language in sorted(path.name for path in folder.iterdir()):
        known = gettext.translation("iso3166-1", folder, languages=[language], fallback=True)
        for country in pycountry.countries:
            for kind in ("name", "official_name", "common_name"):
                name = getattr(country, kind, "")
                if name and (found := known.gettext(name)) != name:
                    is_official = kind == "official_name"
                    where = f"iso-codes (pycountry), {'official ' if is_official else ''}names"
                    yield where, found, country.alpha_2


def _misspelt(localenames: Path) -> Iterator[Line]:
    """One slip inside a name, drawn with a fixed seed."""
    chance = random.Random(21)
    names = [
        (locale, name, code)
        for locale, code, name in territories(localenames)
        if locale in _SLIPS_IN and len(code) == 2 and code not in _NO_COUNTRIES
    ]
    for language in _SLIPS_IN:
        known = [of[1:] for of in names if of[0] == language and len(of[1]) >= _SHORTEST_SLIP]
        for name, code in chance.choices(known, k=_PER_LANGUAGE):
            slipped = _slip(name, chance)
            if slipped != name:
                yield "one slip in a name (CLDR)", slipped, code


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


def _world(package: Path) -> Iterator[Line]:
    for country in _load(package / "countries.json"):  # type: ignore[attr-defined]
        code = country["cca2"]
        native = (country["name"].get("native") or {}).values()
        for names in (country["name"], *native, *country["translations"].values()):
            yield "world-countries, names", names["common"], code
            yield "world-countries, official names", names["official"], code
        for name in country["altSpellings"]:
            yield "world-countries, other spellings", name, code


def _countries_list(package: Path) -> Iterator[Line]:
    for code, country in _load(package / "countries.min.json").items():  # type: ignore[attr-defined]
        if code in _NO_COUNTRIES:
            continue
        for name in (country["name"], country["native"], *country.get("alias", ())):
            yield "countries-list", name, code


def _no_countries(localenames: Path, dates: Path, world: Path) -> Iterator[Line]:
    for _, code, name in territories(localenames):
        if code.isdigit() or code in ("EU", "UN", "EZ"):
            yield "continents and regions (CLDR)", name, REFUSED
    for locale in _LANGUAGES_OF_NEGATIVES:
        path = localenames / locale / "languages.json"
        names = _load(path)["main"][locale]["localeDisplayNames"]["languages"]  # type: ignore[index]
        for name in names.values():
            yield "languages (CLDR)", name, REFUSED
    for country in _load(world / "countries.json"):  # type: ignore[attr-defined]
        for demonym in (country.get("demonyms") or {}).values():
            for text in demonym.values():
                yield "people of a country (world-countries)", text, REFUSED
    for locale in _LANGUAGES_OF_NEGATIVES:
        for _, city in _cities(dates, locale):
            yield "cities (CLDR)", city, REFUSED


# -- zones -----------------------------------------------------------------------------------------


def _cities(dates: Path, locale: str) -> Iterator[tuple[str, str]]:
    """Yield (IANA zone, its city as *locale* writes it)."""
    names = _load(dates / locale / "timeZoneNames.json")["main"][locale]["dates"]["timeZoneNames"]  # type: ignore[index]

    def walk(node: dict[str, object], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for key, value in node.items():
            if key == "exemplarCity" and isinstance(value, str):
                yield "/".join(path), value
            elif isinstance(value, dict) and key not in ("long", "short"):
                yield from walk(value, (*path, key))

    yield from walk(names["zone"], ())


def _zone_names(dates: Path) -> Iterator[Line]:
    for locale in _LANGUAGES_OF_NEGATIVES:
        for zone, city in _cities(dates, locale):
            if not zone.startswith("Etc/"):
                yield "cities (CLDR)", city, zone
    for locale in ("ja", "zh", "ko", "ar", "he", "th", "hi"):
        for zone, city in _cities(dates, locale):
            if not zone.startswith("Etc/"):
                yield "cities (CLDR)", city, zone


def _windows_zones(core: Path) -> Iterator[Line]:
    loaded = _load(core / "supplemental" / "windowsZones.json")
    for zone in loaded["supplemental"]["windowsZones"]["mapTimezones"]:  # type: ignore[index]
        of = zone["mapZone"]
        if of["_territory"] == "001":
            yield "Windows zones (CLDR)", of["_other"], of["_type"]


# -- names -----------------------------------------------------------------------------------------


def _names(package: Path) -> Iterator[Line]:
    script = HERE / "names.mjs"
    made = subprocess.run(
        ["node", script, package / "dist"], check=True, capture_output=True, text=True
    ).stdout
    for line in made.splitlines():
        locale, text, parts = line.split("\t")
        yield f"faker-js, {locale}", text, parts


# -- domains ---------------------------------------------------------------------------------------


def _domains(packages: dict[str, Path]) -> Iterator[Line]:
    for top in _load(packages["tlds"] / "index.json"):  # type: ignore[attr-defined]
        yield "top-level domains (tlds)", top, top
    hosts = _load(packages["disposable-email-domains"] / "index.json")
    for host in sorted(hosts)[::_EVERY_HOST]:  # type: ignore[call-overload]
        yield "disposable-email-domains", host, host


if __name__ == "__main__":
    main()

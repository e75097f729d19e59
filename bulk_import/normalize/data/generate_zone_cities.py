"""Make ``zone_cities.tsv``: cities as many languages write them -> the IANA zone that is called so.

    python -m bulk_import.normalize.data.generate_zone_cities FOLDER

FOLDER holds the unpacked npm package ``cldr-dates-full``. Source: ``exemplarCity`` of the Unicode CLDR
(Unicode License v3). A city in several zones is left out unless they show the same time.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bulk_import.normalize.folding import fold

HERE = Path(__file__).parent
LANGUAGES = (
    "en ru de fr es pt it nl pl uk tr sv da no fi cs sk hu ro bg el he ar fa hi zh zh-Hant ja ko vi id "
    "ms th ka hy kk az uz et lv lt hr sr bs sl sq mk be ca eu gl is"
).split()
_NO_CITIES = ("Etc/",)


def main() -> None:
    folder = Path(sys.argv[1])
    zones: dict[str, set[str]] = defaultdict(set)
    for language in LANGUAGES:
        path = folder / "cldr-dates-full" / "main" / language / "timeZoneNames.json"
        names = json.loads(path.read_text("utf-8"))["main"][language]["dates"]["timeZoneNames"]
        for zone, city in cities(names["zone"]):
            if not zone.startswith(_NO_CITIES) and fold(city):
                zones[fold(city)].add(zone)
    names_of: dict[str, list[str]] = defaultdict(list)
    for city, found in sorted(zones.items()):
        if len(found) == 1:
            names_of[next(iter(found))].append(city)
    path = HERE / "zone_cities.tsv"
    path.write_text(
        "".join(f"{zone}\t{'|'.join(names)}\n" for zone, names in sorted(names_of.items())), "utf-8"
    )
    print(f"{sum(map(len, names_of.values()))} cities of {len(names_of)} zones -> {path.name}")


def cities(node: dict[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield (zone, city) of CLDR's tree."""
    for key, value in node.items():
        if key == "exemplarCity" and isinstance(value, str):
            yield "/".join(path), value
        elif isinstance(value, dict) and key not in ("long", "short"):
            yield from cities(value, (*path, key))


if __name__ == "__main__":
    main()

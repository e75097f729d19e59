"""Make ``zone_names.tsv``: names of clock time in many languages -> the IANA zone that shows it.

    python -m bulk_import.normalize.data.generate_zone_names FOLDER

FOLDER holds the unpacked npm packages ``cldr-core`` and ``cldr-dates-full``. Source: the metazones of the
Unicode CLDR (Unicode License v3), in use today: "Central European Time" is what Europe/Paris shows.

A line is a zone, ``daylight`` or ``standard``, and the names, separated by ``|``. Left out: names of
Windows zones and of countries ("Brazil" in Russian, which has several times), names that two zones
share, summer times that are not in use any more.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from bulk_import.normalize import zones
from bulk_import.normalize.country_names import look_up
from bulk_import.normalize.data.generate_zone_cities import LANGUAGES
from bulk_import.normalize.folding import fold

HERE = Path(__file__).parent
_SHORTEST = 5  # letters; "GMT" is an abbreviation


def main() -> None:
    """Write the table."""
    folder = Path(sys.argv[1])
    zone_of = _zones_of(_json(folder / "cldr-core" / "supplemental" / "metaZones.json"))
    meant: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for language in LANGUAGES:
        path = folder / "cldr-dates-full" / "main" / language / "timeZoneNames.json"
        names = _json(path)["main"][language]["dates"]["timeZoneNames"].get("metazone", {})
        for metazone, forms in names.items():
            for kind, name in forms.get("long", {}).items():
                if metazone in zone_of:
                    meant[fold(name)].add((zone_of[metazone], kind))
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    windows = {fold(known) for known in zones.windows_names()}
    for name, found in sorted(meant.items()):
        key = _settled(found)
        if key and len(name) >= _SHORTEST and name not in windows and not look_up(name):
            lines[key].append(name)
    text = "".join(
        f"{zone}\t{kind}\t{'|'.join(names)}\n" for (zone, kind), names in sorted(lines.items())
    )
    (HERE / "zone_names.tsv").write_text(text, "utf-8")
    print(
        f"{sum(map(len, lines.values()))} names of {len(lines)} times, {len(text.encode())} bytes"
    )


def _settled(found: set[tuple[str, str]]) -> tuple[str, str] | None:
    """The one (zone, kind) that a name stands for; a name of several kinds is the generic one."""
    if len({zone for zone, _ in found}) > 1:
        return None
    zone = next(iter(found))[0]
    standard, summer = zones.both(zone)
    if {kind for _, kind in found} != {"daylight"}:
        return zone, "standard"
    return (zone, "daylight") if standard != summer else None


def _zones_of(supplemental: Any) -> dict[str, str]:
    """Metazone -> the zone that stands for it in the world, where that zone still keeps it."""
    table = supplemental["supplemental"]["metaZones"]
    now: dict[str, str] = {}
    _collect(table["metazoneInfo"]["timezone"], (), now)
    return {
        entry["mapZone"]["_other"]: entry["mapZone"]["_type"]
        for entry in table["metazones"]
        if entry["mapZone"]["_territory"] == "001"
        and now.get(entry["mapZone"]["_type"]) == entry["mapZone"]["_other"]
    }


def _collect(node: Any, path: tuple[str, ...], now: dict[str, str]) -> None:
    for key, value in node.items():
        if isinstance(value, list):
            for use in value:
                if "_to" not in use["usesMetazone"]:
                    now["/".join((*path, key))] = use["usesMetazone"]["_mzone"]
        else:
            _collect(value, (*path, key), now)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


if __name__ == "__main__":
    main()

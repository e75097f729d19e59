"""Time zones of the tz database and of Windows, and what clocks show in them and in countries.

Zones come from the tzdata package alone, so every machine answers alike.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo


@cache
def names() -> dict[str, str]:
    """Lower-cased IANA name -> the name itself, from the tzdata package."""
    found = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return {name.lower(): name for name in found}


@cache
def windows_names() -> dict[str, str]:
    """Lower-cased Windows zone id or city list -> IANA name (``data/windows_zones.json``)."""
    path = resources.files("bulk_import.normalize.data").joinpath("windows_zones.json")
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


@cache
def load(name: str) -> ZoneInfo:
    """Return the zone of an IANA name."""
    area = resources.files("tzdata.zoneinfo")
    for part in name.split("/"):
        area = area.joinpath(part)
    with area.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def both(name: str) -> tuple[str, str]:
    """(standard, summer) offset of a zone in the tz database's latest full year."""
    info = load(name)
    offsets = {}
    for month in range(1, 13):
        moment = datetime(2025, month, 1, 12, tzinfo=UTC).astimezone(info)
        offsets[minutes_east(moment.utcoffset())] = True
    # Ireland's law calls winter time the odd one; the smaller offset is what everybody means.
    return written(min(offsets)), written(max(offsets))


def minutes_east(offset: timedelta | None) -> int:
    """Return an offset in minutes."""
    return round((offset or timedelta()).total_seconds() / 60)


def written(minutes: int) -> str:
    """Return minutes east of UTC as ``+03`` or ``+05:30``."""
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{hours:02d}" + (f":{rest:02d}" if rest else "")


def offset_of_country(alpha2: str) -> str | None:
    """Return the one offset of a country, ``None`` where it has several or changes its clocks."""
    found = offsets_in_country(alpha2)
    return next(iter(found)) if len(found) == 1 else None


def offsets_in_country(alpha2: str) -> frozenset[str]:
    """Return every offset that a clock in the country shows in the course of a year."""
    return _country_offsets().get(alpha2, frozenset())


@cache
def _country_offsets() -> dict[str, frozenset[str]]:
    offsets: dict[str, set[str]] = {}
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            offsets.setdefault(country, set()).update(both(zone))
    return {country: frozenset(found) for country, found in offsets.items()}

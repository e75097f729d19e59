"""Time zones of the tz database and of Windows, and what clocks show in them and in countries.

Zones come from the tzdata package alone, so every machine answers alike.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from bulk_import.normalize.text import remembered

_COUNTED = re.compile(r"[+-]\d")  # Etc/GMT-3, where the hyphen is a minus
_WEEKS = [timedelta(weeks=week) for week in range(53)]  # no change of clocks is undone within one
# Ireland's law calls its winter time the odd one; winter time is what everybody else means.
_LATER_IS_STANDARD = frozenset({"Europe/Dublin", "Eire"})


@cache
def names() -> dict[str, str]:
    """Lower-cased IANA name -> the name itself, from the tzdata package."""
    found = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return {name.lower(): name for name in found}


def letters_of(name: str) -> str:
    """Return a lower-cased name without blanks, hyphens and underscores."""
    return name.replace(" ", "").replace("-", "").replace("_", "")


@cache
def spelled_otherwise() -> dict[str, str]:
    """Letters of a name -> IANA name, of zones in whose names a hyphen is no minus."""
    return {letters_of(name): zone for name, zone in names().items() if not _COUNTED.search(name)}


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
def cities() -> dict[str, str]:
    """Folded city -> IANA name, in some fifty languages (``data/zone_cities.tsv``)."""
    path = resources.files("bulk_import.normalize.data").joinpath("zone_cities.tsv")
    found = {}
    for line in path.read_text("utf-8").splitlines():
        zone, names = line.split("\t")
        found.update(dict.fromkeys(names.split("|"), zone))
    return found


@cache
def clock_names() -> dict[str, tuple[str, str]]:
    """Folded name of a clock time -> (IANA name, ``standard`` or ``daylight``): "Central European Time".

    In some fifty languages (``data/zone_names.tsv``). ``daylight`` names say that it is summer.
    """
    path = resources.files("bulk_import.normalize.data").joinpath("zone_names.tsv")
    found = {}
    for line in path.read_text("utf-8").splitlines():
        zone, kind, names = line.split("\t")
        found.update(dict.fromkeys(names.split("|"), (zone, kind)))
    return found


@cache
def reference() -> datetime:
    """The moment that counts where none is given: the end of the tz database's own year."""
    import tzdata

    return datetime(int(tzdata.IANA_VERSION[:4]), 12, 31, tzinfo=UTC)


@remembered
def both(name: str, at: datetime | None = None) -> tuple[str, str]:
    """(standard, summer) offset of a zone by the rules in force at *at*; alike where nothing changes.

    Standard is what clocks show when summer time is not in force; summer, the other offset that they
    show within a year from *at*.
    """
    info = load(name)
    moment = at or reference()
    now = moment.astimezone(info)
    standard = minutes_east(now.utcoffset()) - minutes_east(now.dst())
    shown = [minutes_east((moment + week).astimezone(info).utcoffset()) for week in _WEEKS]
    if name in _LATER_IS_STANDARD:
        standard = min(shown)
    others = [minutes for minutes in shown if minutes != standard]
    return written(standard), written(others[0] if others else standard)


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

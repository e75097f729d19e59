"""Offsets of the tz database in every written form; Windows and IANA names; labels with cities of CLDR."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from benchmarks.independent import REFUSED, Case, case, stored

_YEAR_END = datetime(2026, 12, 31, tzinfo=UTC)
_HALF_HOURS = (-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765)


def cases() -> Iterator[Case]:
    for minutes in [*range(-720, 841, 60), *_HALF_HOURS]:
        yield from _written(minutes)
    zones = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    for zone in zones:
        yield case("IANA zones (tzdata)", zone, _standard(zone))
        yield case(
            "HubSpot's form of IANA zones", zone.lower().replace("/", "_slash_"), _standard(zone)
        )
        yield case("IANA zone and offset", f"{zone} {_text(_minutes(zone))}", _standard(zone))
    for where, city, zone in stored("zones"):
        if where.startswith("Windows"):
            yield case(where, city, _standard(zone))
        elif zone in zones:
            yield case(
                f"labels with {where}", f"(UTC{_text(_minutes(zone))}) {city}", _standard(zone)
            )
    for text in (
        "-300",
        "+100",
        "+030",
        "-480",
        "300",
        "+545",
        "-60",
        "IST",
        "CST",
        "BST",
        "+15",
        "-13",
        "+03:20",
    ):
        yield case("minutes or hours, several zones, none", text, REFUSED)


def _minutes(zone: str) -> int:
    """The standard offset at the end of the year, as ``zoneinfo`` has it."""
    area = resources.files("tzdata.zoneinfo")
    for part in zone.split("/"):
        area = area.joinpath(part)
    with area.open("rb") as file:
        now = _YEAR_END.astimezone(ZoneInfo.from_file(file))
    offset, summer = now.utcoffset(), now.dst()
    standard = (offset or timedelta()) - max(summer or timedelta(), timedelta())
    return round(standard.total_seconds() / 60)


def _standard(zone: str) -> str:
    return _short(_minutes(zone))


def _short(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02}" + (f":{rest:02}" if rest else "")


def _text(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02}:{rest:02}"


def _written(minutes: int) -> Iterator[Case]:
    full, expected = _text(minutes), _short(minutes)
    sign, hours, rest = full[0], int(full[1:3]), full[4:]
    short = f"{sign}{hours}" + (f":{rest}" if rest != "00" else "")
    for text in (
        full, short, full.replace(":", ""), f"UTC{full}", f"UTC{short}", f"GMT{full}", f"GMT {short}",
        f"UTC {full}", f"(UTC{full})", f"({full})", f"{full} UTC", f"{short} GMT", f"utc{short}",
        f"{full}:00", full.replace("-", "\u2212"), f"GMT{full.replace(':', '')}", f"UTC/GMT {short}",
        f"{short}h" if rest == "00" else full, f"UTC{short} (standard)", f"UTC{short} (DST)",
        full.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ):  # fmt: skip
        yield case("written offsets", text, expected)

"""Abbreviations, zones and cities beside the tz database: what clocks of today show, or a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bulk_import.normalize import offset_forms as forms
from bulk_import.normalize import zones
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.result import NormalizeError

SUMMER = datetime(2026, 7, 15, tzinfo=UTC)
WINTER = datetime(2026, 1, 15, tzinfo=UTC)

# Abbreviation -> offset by the national laws and the tz database's files.
WINTERS = {
    "Z": "+00", "UTC": "+00", "GMT": "+00", "UT": "+00", "ZULU": "+00", "WET": "+00", "CET": "+01", "MEZ": "+01",
    "MET": "+01", "EET": "+02", "SAST": "+02", "CAT": "+02", "MSK": "+03", "МСК": "+03", "TRT": "+03", "EAT": "+03",
    "SAMT": "+04", "YEKT": "+05", "OMST": "+06", "NOVT": "+07", "KRAT": "+07", "IRKT": "+08", "YAKT": "+09",
    "VLAT": "+10", "MAGT": "+11", "PETT": "+12", "UZT": "+05", "PKT": "+05", "NPT": "+05:45", "ICT": "+07",
    "WIB": "+07", "WITA": "+08", "WIT": "+09", "HKT": "+08", "SGT": "+08", "PHT": "+08", "AWST": "+08", "JST": "+09",
    "KST": "+09", "ACST": "+09:30", "AEST": "+10", "NZST": "+12", "BRT": "-03", "ART": "-03", "NST": "-03:30",
    "EST": "-05", "MST": "-07", "AKST": "-09", "HST": "-10",
}  # fmt: skip
SUMMERS = {
    "CEST": "+02", "MESZ": "+02", "EEST": "+03", "EDT": "-04", "MDT": "-06", "PDT": "-07",
    "AKDT": "-08", "AEDT": "+11", "ACDT": "+10:30", "NZDT": "+13", "MSD": "+04",
}  # fmt: skip
SHARED = {
    "IST": ("+05:30", "+01", "+02"), "CST": ("-06", "+08", "-05"), "BST": ("+01", "+06"), "AST": ("-04", "+03"),
    "ADT": ("-03", "+04"), "GST": ("+04", "-02"), "AMT": ("+04", "-04"), "ECT": ("-05", "-04"), "SST": ("+08", "-11"),
    "WST": ("+08", "+13"), "CT": ("-06", "-05"), "ET": ("-05", "-04"), "MT": ("-07", "-06"), "PT": ("-08", "-07"),
    "PST": ("-08", "+08"), "CDT": ("-05", "-04"), "WEST": ("+01",),
}  # fmt: skip


@pytest.mark.parametrize(("short", "offset"), WINTERS.items())
def test_an_abbreviation_of_one_zone_is_its_offset_in_any_case(short, offset):
    for text in (short, f" {short}. ", *([] if short in forms.WORDS else [short.lower()])):
        found = normalize_utc_offset(text)
        assert (found.value, found.notes) == (offset, ())


@pytest.mark.parametrize(
    "text", ["Est", "est", "Cat", "wet", "Art", "eat", "West", "north", "South", "WEST", "ouest"]
)
def test_a_word_or_a_direction_is_no_abbreviation(text):
    """A column "Zone" may hold parts of the country: nord, sud, est, ouest."""
    with pytest.raises(NormalizeError):
        normalize_utc_offset(text)


@pytest.mark.parametrize(("short", "offset"), SUMMERS.items())
def test_an_abbreviation_of_summer_time_is_taken_as_written_and_named(short, offset):
    found = normalize_utc_offset(short.lower())
    assert (found.value, found.rule) == (offset, "utc_offset.abbreviation")
    assert [(note.code, note.message) for note in found.notes] == [
        (
            "UTC_OFFSET_SUMMER",
            f"'{short.lower()}' is summer time: {offset} is taken as written",
        )
    ]


@pytest.mark.parametrize(("short", "offsets"), SHARED.items())
def test_an_abbreviation_of_several_zones_is_refused_with_all_of_them(short, offsets):
    with pytest.raises(NormalizeError) as caught:
        normalize_utc_offset(short.lower())
    assert (caught.value.code, caught.value.candidates) == ("UTC_OFFSET_AMBIGUOUS", offsets)
    assert str(caught.value).startswith(f"'{short.lower()}' can mean {offsets[0]} ")


@pytest.mark.parametrize(("short", "offsets"), SHARED.items())
def test_an_offset_beside_an_abbreviation_of_several_zones_says_which(short, offsets):
    for offset in offsets:
        found = normalize_utc_offset(f"{short} (UTC{offset})")
        assert (found.value, found.rule) == (offset, "utc_offset.stated")
    with pytest.raises(NormalizeError) as caught:
        normalize_utc_offset(f"{short} (UTC+12)")
    assert caught.value.candidates == tuple(sorted((*offsets, "+12")))


def _short_names() -> dict[str, set[str]]:
    """What the tz database itself calls the clocks of all zones in a winter and in a summer."""
    found: dict[str, set[str]] = {}
    for name in zones.names().values():
        for moment in (WINTER, SUMMER):
            clock = moment.astimezone(zones.load(name))
            short = clock.tzname() or ""
            if short.isalpha():
                found.setdefault(short, set()).add(
                    zones.written(zones.minutes_east(clock.utcoffset()))
                )
    return found


def test_no_abbreviation_of_the_tz_database_is_taken_for_another_zones_offset():
    names = _short_names()
    assert len(names) > 40
    for short, shown in names.items():
        try:
            told = {normalize_utc_offset(short).value}
        except NormalizeError as refused:
            told = set(refused.candidates) or shown
        assert shown <= told, short


def _over_a_year(name: str, moment: datetime) -> set[str]:
    clock = zones.load(name)
    days = (moment + timedelta(days=day) for day in range(365))
    return {zones.written(zones.minutes_east(day.astimezone(clock).utcoffset())) for day in days}


def test_the_two_offsets_of_a_zone_are_those_that_its_clocks_show_in_a_year():
    for name in list(zones.names().values())[::7]:
        assert set(zones.both(name, WINTER)) == _over_a_year(name, WINTER), name


@pytest.mark.parametrize(
    ("zone", "offsets"),
    [
        ("Europe/Berlin", ("+01", "+02")), ("Europe/Dublin", ("+00", "+01")), ("Eire", ("+00", "+01")),
        ("Europe/London", ("+00", "+01")), ("America/New_York", ("-05", "-04")), ("America/St_Johns", ("-03:30", "-02:30")),
        ("Australia/Lord_Howe", ("+10:30", "+11")), ("Australia/Adelaide", ("+09:30", "+10:30")),
        ("America/Santiago", ("-04", "-03")), ("Pacific/Chatham", ("+12:45", "+13:45")), ("Asia/Tokyo", ("+09", "+09")),
        ("Asia/Kathmandu", ("+05:45", "+05:45")), ("Pacific/Kiritimati", ("+14", "+14")),
    ],
)  # fmt: skip
def test_winter_comes_first_in_the_north_and_in_the_south_whenever_it_is_asked(zone, offsets):
    assert zones.both(zone, SUMMER) == zones.both(zone, WINTER) == offsets


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "+00"), (-60, "-01"), (60, "+01"), (-210, "-03:30"), (345, "+05:45"), (765, "+12:45"), (-30, "-00:30")],
)  # fmt: skip
def test_minutes_are_written_with_a_sign_and_only_as_needed(minutes, text):
    assert zones.written(minutes) == text
    assert zones.minutes_east(timedelta(minutes=minutes)) == minutes


def test_seconds_of_local_mean_time_are_rounded_and_no_offset_is_none():
    assert zones.minutes_east(timedelta(hours=2, minutes=30, seconds=17)) == 150
    assert zones.minutes_east(timedelta(minutes=2, seconds=31)) == 3
    assert zones.minutes_east(None) == 0


def test_the_moment_that_counts_by_itself_is_the_end_of_the_databases_year():
    import tzdata

    assert zones.reference() == datetime(int(tzdata.IANA_VERSION[:4]), 12, 31, tzinfo=UTC)


def test_the_offsets_of_a_country_are_those_of_all_its_zones_in_all_seasons():
    assert zones.offsets_in_country("DE") == {"+01", "+02"}
    assert zones.offsets_in_country("IN") == {"+05:30"}
    assert zones.offsets_in_country("NZ") == {"+12", "+13", "+12:45", "+13:45"}
    assert zones.offsets_in_country("ZZ") == frozenset()
    assert [zones.offset_of_country(code) for code in ("IN", "NZ", "DE", "ZZ")] == [
        "+05:30",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("america_slash_new_york", "-05"), ("etc_slash_gmt_minus_3", "+03"), ("etc_slash_gmt_plus_3", "-03"),
        ("america_slash_port_hyphen_au_hyphen_prince", "-05"), ("Etc/GMT-14", "+14"), ("Etc/GMT+12", "-12"),
        ("new york", "-05"), ("New_York", "-05"), ("Europe/Moscow", "+03"), ("europe/moscow", "+03"),
        ("America/Port au Prince", "-05"), ("America/Los Angeles", "-08"), ("Asia / Tokyo", "+09"),
        ("US/Eastern", "-05"), ("Japan", "+09"), ("EST5EDT", "-05"), ("Hawaiian Standard Time", "-10"),
        ("W. Europe Standard Time", "+01"), ("Russian Standard Time", "+03"), ("Буэнос-Айрес", "-03"), ("Москва", "+03"),
        ("Нью-Йорк", "-05"), ("Токио", "+09"), ("Moscow, Minsk", "+03"), ("Москва, Волгоград", "+03"),
        ("Мельбурн, Сидней", "+10"), ("Paris, Madrid", "+01"),
    ],
)  # fmt: skip
def test_zones_and_cities_are_known_as_people_and_programs_write_them(text, value):
    assert normalize_utc_offset(text).value == value


@pytest.mark.parametrize(
    "text",
    [
        "Paris, Texas", "Moscow, Idaho", "London, Ontario", "Moscow, Tokyo", "Москва, Токио", "Eastern", "Pacific",
        "Portland", "Narnia", "Etc", "Europe", "Etc/GMT+15", "GMT+3, Narnia", "Moscow (summer)", "Knox, Indiana",
        "Europe/Atlantis", "America/Argentina",
    ],
)  # fmt: skip
def test_a_place_that_is_no_one_zone_is_refused(text):
    with pytest.raises(NormalizeError):
        normalize_utc_offset(text)


# What programs write that name times by CLDR: browsers, Android, Java, calendars.
CLOCK_NAMES = [
    ("Central European Time", "+01", "utc_offset.zone.standard"),
    ("Moscow Standard Time", "+03", "utc_offset.zone"),
    ("Eastern European Standard Time", "+02", "utc_offset.zone.standard"),
    ("Mitteleuropäische Zeit", "+01", "utc_offset.zone.standard"),
    ("heure normale d’Europe centrale", "+01", "utc_offset.zone.standard"),
    ("Москва, стандартное время", "+03", "utc_offset.zone"),
    ("日本標準時", "+09", "utc_offset.zone"),
    ("hora estándar de Perú", "-05", "utc_offset.zone"),
    ("Central European Summer Time", "+02", "utc_offset.clock_name"),
    ("Mitteleuropäische Sommerzeit", "+02", "utc_offset.clock_name"),
    ("Australian Eastern Daylight Time", "+11", "utc_offset.clock_name"),
    ("-05:00 Peru Time - Lima, Callao", "-05", "utc_offset.label"),
    ("(UTC+12:00) Coordinated Universal Time+12", "+12", "utc_offset.label"),
    ("GMT+0300 (Moscow Standard Time)", "+03", "utc_offset.stated"),
    ("GMT+0200 (Central European Summer Time)", "+02", "utc_offset.stated"),
]


@pytest.mark.parametrize(("text", "offset", "rule"), CLOCK_NAMES)
def test_a_clock_time_by_its_name_is_the_offset_of_its_zone(text, offset, rule):
    found = normalize_utc_offset(text)
    assert (found.value, found.rule) == (offset, rule)


def test_the_name_of_a_summer_time_is_said_to_be_one():
    (note,) = normalize_utc_offset("Eastern European Summer Time").notes
    assert note.code == "UTC_OFFSET_SUMMER"


@pytest.mark.parametrize(
    "text", ["GMT+0100 (Moscow Standard Time)", "GMT+0100 (Central European Summer Time)"]
)
def test_an_offset_beside_the_name_of_another_clock_is_refused(text):
    with pytest.raises(NormalizeError, match="leave one of the two"):
        normalize_utc_offset(text)


def test_every_clock_name_is_an_offset_of_its_zone():
    """Of the whole table: none is read as something else on its way to it."""
    wrong = []
    for name, (zone, kind) in zones.clock_names().items():
        try:
            value = normalize_utc_offset(name).value
        except NormalizeError:
            continue
        standard, summer = zones.both(zone)
        if value != (summer if kind == "daylight" else standard):
            wrong.append((name, value, zone))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "offset"),
    [("EET/EEST", "+02"), ("CET / CEST", "+01"), ("GMT/BST", "+00"), ("PST/PDT", "-08"), ("IST/IDT", None), ("CST/CDT", None)],
)  # fmt: skip
def test_a_pair_of_abbreviations_is_the_winter_of_the_one_zone_that_has_both(text, offset):
    if offset is None:
        with pytest.raises(NormalizeError):
            normalize_utc_offset(text)
        return
    found = normalize_utc_offset(text)
    assert (found.value, found.rule, found.notes[0].code) == (
        offset,
        "utc_offset.pair",
        "UTC_OFFSET_DST",
    )
    with pytest.raises(NormalizeError):
        normalize_utc_offset(text, dst="current", at=SUMMER)


@pytest.mark.parametrize(
    ("text", "offset"),
    [("America/New_York (EST/EDT)", "-05"), ("Asia/Kolkata (IST)", "+05:30"), ("Europe/Moscow (MSK)", "+03"), ("Asia/Manila (PST)", "+08")],
)  # fmt: skip
def test_an_abbreviation_beside_its_zone_says_nothing_new(text, offset):
    assert normalize_utc_offset(text).value == offset


@pytest.mark.parametrize("text", ["Europe/Moscow (IST)", "Asia/Tokyo (EST)"])
def test_an_abbreviation_beside_another_zone_is_refused(text):
    with pytest.raises(NormalizeError):
        normalize_utc_offset(text)


# Towns that are called like the last part of a zone or like a city of one in another language, and
# have another clock (GeoNames): Granada in Spain, Jaipur in India, Victoria in Canada.
@pytest.mark.parametrize(
    "town",
    "Granada|Guadalupe|Canton|Jaipur|Victoria|San Juan|San Luis|Norfolk|Davis|Midway|Chatham|Mérida|St. John's|"
    "Santa Luzia|São Vicente|Vincennes|Stanley|Center|Восток|Гранада".split("|"),
)
def test_a_town_with_namesakes_under_another_clock_is_refused(town):
    with pytest.raises(NormalizeError):
        normalize_utc_offset(town)
    assert normalize_utc_offset(f"(UTC+05:00) {town}").value == "+05"  # the offset says it

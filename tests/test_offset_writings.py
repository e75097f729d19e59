"""Ways to write an offset from UTC: each one that people use is read, and what may be another one is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.result import NormalizeError

ADVICE = "write an offset such as +03 or a zone such as Europe/Moscow"
SUMMER = datetime(2026, 7, 15, 12, tzinfo=UTC)


def _refused(text: str, **options) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(NormalizeError) as caught:
        normalize_utc_offset(text, **options)
    return caught.value.code, str(caught.value), caught.value.candidates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # signs, brackets, quotation marks
        ("UTC+3", "+03"), ("utc +3", "+03"), ("GMT-5", "-05"), ("(+3)", "+03"), ("( -03:30 )", "-03:30"), ("'+3'", "+03"),
        ("`+3`", "+03"), ("«UTC+3»", "+03"), ("[UTC+3]", "+03"), ("UTC+3.", "+03"), ("±0", "+00"), ("UTC±0", "+00"),
        ("UTC+/-0", "+00"), ("UTC−3", "-03"), ("UTC–3", "-03"), ("＋３", "+03"), ("+٣", "+03"), ("ＵＴＣ＋３", "+03"),
        # the name behind, or twice
        ("+3 UTC", "+03"), ("-3GMT", "-03"), ("+03:30 UTC", "+03:30"), ("UTC/GMT +3", "+03"), ("GMT/UTC-3", "-03"),
        ("UTC: +3", "+03"), ("UTC (+3)", "+03"), ("GMT(-03:30)", "-03:30"), ("Z+3", "+03"), ("UT-3", "-03"),
        # hours and minutes
        ("+0300", "+03"), ("-0330", "-03:30"), ("0530", "+05:30"), ("5:30", "+05:30"), ("05:30", "+05:30"),
        ("-3:30", "-03:30"), ("03:00:00", "+03"), ("+03:00:00", "+03"), ("UTC+03:00:00", "+03"), ("-12:00", "-12"),
        ("+3.30", "+03:30"), ("UTC+3h30", "+03:30"), ("UTC+3 h 30 min", "+03:30"), ("UTC+5 ч 30 мин.", "+05:30"),
        ("3h", "+03"), ("3 hours", "+03"), ("3 часа", "+03"), ("5 ч.", "+05"), ("+3 часа", "+03"), ("GMT +3 h", "+03"),
        # fractions of an hour
        ("+5½", "+05:30"), ("+5.5", "+05:30"), ("5,5", "+05:30"), ("5.50", "+05:30"), ("+5.75", "+05:45"),
        ("-3.5", "-03:30"), ("UTC+12.75", "+12:45"), ("3.0", "+03"), ("3,00", "+03"), ("-3.0", "-03"), ("0.0", "+00"),
        # words
        ("UTC plus 3", "+03"), ("UTC minus 5", "-05"), ("UTC MINUS 5", "-05"), ("Gmt Plus 5", "+05"),
        ("UTC минус 5", "-05"), ("МСК плюс 2", "+05"), ("МСК МИНУС 1", "+02"), ("по москве", "+03"),
        ("Московское время", "+03"), ("Moscow time", "+03"), ("universal time", "+00"), ("Greenwich Mean Time", "+00"),
        ("Coordinated Universal Time", "+00"),
        # counted from Moscow
        ("МСК", "+03"), ("MSK+0", "+03"), ("MSK-1", "+02"), ("МСК+9", "+12"), ("МСК + 2", "+05"),
        ("МСК+2:00", "+05"), ("MSK+0200", "+05"), ("мск+2 ч.", "+05"), ("МСК +4 часа", "+07"), ("МСК-1 час", "+02"),
        # the bare number
        ("3", "+03"), ("-3", "-03"), ("0", "+00"), ("-0", "+00"), ("14", "+14"), ("-12", "-12"), ("03", "+03"), ("UTC", "+00"),
        ("UTC 3", "+03"), ("GMT0", "+00"), ("UTC+14", "+14"), ("+12:45", "+12:45"), ("+13:45", "+13:45"),
    ],
)  # fmt: skip
def test_every_way_to_write_an_offset_is_read(text, value):
    found = normalize_utc_offset(text)
    assert (found.value, found.notes) == (value, ())


@pytest.mark.parametrize(
    "text",
    [
        "+14:15", "+15", "-12:15", "-13", "15", "1445", "+05:20", "+5:10", "+99", "МСК+10", "МСК-2", "UTC+3:60",
        "UTC+3:3", "GMT+3:", "+3+3", "--3", "UTC++3", "+", "-", "(", "()", "Moscow (UTC+3", "UTC+3)", "03.30",
        "Екатеринбург (МСК+2)", "МСК+2:30", "MSK+1030", "5.33", "1:2:3", "24:00", "12h60", "UTC+3 h h", "UTC+", "+3 (", "UTC+3 или +4", "12345", "+12345",
    ],
)  # fmt: skip
def test_what_is_nearly_an_offset_is_refused(text):
    assert _refused(text)[0] == "UTC_OFFSET_INVALID"


def test_the_widest_offsets_are_named_where_one_is_wider():
    assert _refused("+14:15") == (
        "UTC_OFFSET_INVALID",
        f"'+14:15' is no offset in use (-12 to +14); {ADVICE}",
        (),
    )


@pytest.mark.parametrize("text", ["300", "+300", "-330", "+ 180"])
def test_three_digits_are_hours_or_minutes(text):
    assert _refused(text) == (
        "UTC_OFFSET_AMBIGUOUS",
        f"{text!r} can be hours and minutes or minutes alone; {ADVICE}",
        (),
    )


def test_a_cell_of_many_characters_is_shown_by_its_beginning():
    assert _refused("x" * 60)[1] == f"'{'x' * 60}' is not an offset from UTC; {ADVICE}"
    assert _refused("x" * 61)[1] == f"'{'x' * 59}…' is not an offset from UTC; {ADVICE}"


def test_a_label_may_be_as_long_as_the_longest_of_windows_and_no_longer():
    label = "(UTC+03:00) " + "x" * 108
    assert normalize_utc_offset(label).value == "+03"
    assert _refused(label + "x")[0] == "UTC_OFFSET_INVALID"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("GMT+3 (summer)", "+03"), ("UTC+2, DST", "+02"), ("UTC+3 (летнее время)", "+03"), ("+2 (Sommerzeit)", "+02"),
        ("UTC-4 (daylight time)", "-04"), ("UTC+2 (verano)", "+02"),
    ],
)  # fmt: skip
def test_an_offset_of_summer_is_taken_as_written_and_said_so(text, value):
    found = normalize_utc_offset(text)
    assert (found.value, found.rule) == (value, "utc_offset.number")
    assert [(note.code, note.message) for note in found.notes] == [
        ("UTC_OFFSET_SUMMER", f"{text!r} is summer time: {value} is taken as written")
    ]


def test_summer_in_hours_from_moscow_is_counted_from_moscow():
    found = normalize_utc_offset("МСК+1 (лето)")
    assert (found.value, [note.code for note in found.notes]) == ("+04", ["UTC_OFFSET_SUMMER"])


@pytest.mark.parametrize(
    "text", ["GMT+1 (winter)", "UTC+1, standard", "UTC+1 (зимнее время)", "+1 (std)"]
)
def test_an_offset_of_winter_is_the_standard_one(text):
    found = normalize_utc_offset(text)
    assert (found.value, found.rule, found.notes) == ("+01", "utc_offset.number", ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Moscow (UTC+3)", "+03"), ("+03 (MSK)", "+03"), ("UTC+3 Moscow", "+03"), ("Moscow UTC+3", "+03"),
        ("Moscow, UTC+3", "+03"), ("UTC+3, Moscow", "+03"), ("UTC+3 / Moscow", "+03"), ("Narnia (UTC+3)", "+03"),
        ("Europe/Moscow +03:00", "+03"), ("+03:00 Europe/Moscow", "+03"), ("(UTC+3) Europe/Moscow", "+03"),
        ("Europe/Moscow (UTC+03:00)", "+03"), ("Etc/GMT+3 -03", "-03"), ("Japan +9", "+09"), ("UTC+9 Japan", "+09"),
        ("+3 (UTC+3)", "+03"), ("-04 (EDT)", "-04"), ("New York (UTC-4)", "-04"), ("New York (UTC-5)", "-05"),
        ("Dublin (UTC+1)", "+01"), ("Dublin (UTC+0)", "+00"), ("Москва (UTC+3)", "+03"), ("по Москве (UTC+3)", "+03"),
        ("МСК (UTC+3)", "+03"), ("МСК+2 (UTC+5)", "+05"), ("America/New_York -0400", "-04"),
    ],
)  # fmt: skip
def test_an_offset_beside_a_zone_that_shows_it_is_that_offset(text, value):
    found = normalize_utc_offset(text)
    assert (found.value, found.notes) == (value, ())


@pytest.mark.parametrize(
    ("text", "name", "stated", "candidates"),
    [
        ("Moscow (UTC+7)", "Moscow", "+07", ("+03", "+07")), ("+07 (MSK)", "MSK", "+07", ("+03", "+07")),
        ("UTC+3 Japan", "Japan", "+03", ("+03", "+09")), ("Europe/Moscow +04:00", "Europe/Moscow", "+04", ("+03", "+04")),
        ("New York (UTC-6)", "New York", "-06", ("-04", "-05", "-06")), ("-05 (EDT)", "EDT", "-05", ("-04", "-05")),
        ("+3 (UTC+4)", "+3", "+04", ("+03", "+04")), ("МСК+2 (UTC+6)", "МСК+2", "+06", ("+05", "+06")),
        ("по Москве (UTC+4)", "по Москве", "+04", ("+03", "+04")), ("GMT0 +3", "GMT0", "+03", ("+00", "+03")),
        ("Tokyo UTC+8", "Tokyo", "+08", ("+08", "+09")),
    ],
)  # fmt: skip
def test_an_offset_beside_a_zone_that_never_shows_it_is_refused_with_both(
    text, name, stated, candidates
):
    assert _refused(text) == (
        "UTC_OFFSET_AMBIGUOUS",
        f"{text!r}: {name} is not at {stated}; leave one of the two",
        candidates,
    )


@pytest.mark.parametrize(
    "text", ["UTC+3 Narnia", "Narnia UTC+3", "UTC+3 MSK+1", "Street 5 (UTC+3)"]
)
def test_an_offset_beside_what_is_no_zone_is_refused_unless_one_is_in_brackets(text):
    assert _refused(text)[0] == "UTC_OFFSET_INVALID"


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("(UTC+03:00) Moscow, St. Petersburg", "+03", "utc_offset.zone"),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "+05:30", "utc_offset.zone"),
        ("(UTC) Coordinated Universal Time", "+00", "utc_offset.zone"),
        ("(GMT+0530) Somewhere", "+05:30", "utc_offset.label"),
        ("(UTC+14:00) Narnia", "+14", "utc_offset.label"),
        ("(UTC-12:00) Narnia", "-12", "utc_offset.label"),
    ],
)
def test_the_label_of_windows_is_read_with_or_without_a_zone_that_is_known(text, value, rule):
    found = normalize_utc_offset(text)
    assert (found.value, found.rule, found.notes) == (value, rule, ())


def test_the_label_of_a_zone_with_summer_time_says_which_of_the_two_is_used():
    text = "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"
    winter, summer = (
        normalize_utc_offset(text),
        normalize_utc_offset(text, dst="current", at=SUMMER),
    )
    assert (winter.value, winter.rule) == ("+01", "utc_offset.zone.standard")
    assert (summer.value, summer.rule) == ("+02", "utc_offset.zone.current")
    assert [note.message for note in (*winter.notes, *summer.notes)] == [
        "Europe/Berlin changes between +01 and +02; +01, its standard (winter) offset, is used",
        "Europe/Berlin changes between +01 and +02; +02, the offset in force on 2026-07-15, is used",
    ]


@pytest.mark.parametrize(
    ("text", "value", "now"), [("(UTC+04:00) Moscow", "+04", "+03"), ("(UTC-04:30) Caracas", "-04:30", "-04"), ("(UTC+10:00) Tokyo", "+10", "+09"), ("(UTC+00:00) Berlin", "+00", "+01")]
)  # fmt: skip
def test_a_label_an_hour_beside_its_zone_is_of_former_years_and_counts_as_written(text, value, now):
    zones = {
        "+03": "Europe/Moscow",
        "-04": "America/Caracas",
        "+09": "Asia/Tokyo",
        "+01": "Europe/Berlin",
    }
    zone = zones[now]
    found = normalize_utc_offset(text)
    assert (found.value, found.rule) == (value, "utc_offset.label")
    assert [(note.code, note.message) for note in found.notes] == [
        (
            "UTC_OFFSET_OTHER_ZONE",
            f"{text!r}: {zone} is at {now} now; {value}, as written, is used",
        )
    ]


@pytest.mark.parametrize(
    ("text", "zone", "candidates"),
    [
        ("(UTC+05:00) Moscow", "Europe/Moscow", ("+03", "+05")),
        ("(UTC+01:45) Moscow", "Europe/Moscow", ("+01:45", "+03")),
        ("(UTC-05:15) Caracas", "America/Caracas", ("-04", "-05:15")),
        ("(UTC+02:00) Tokyo, Osaka", "Asia/Tokyo", ("+02", "+09")),
    ],
)
def test_a_label_more_than_an_hour_beside_its_zone_is_refused(text, zone, candidates):
    code, why, offered = _refused(text)
    assert (code, offered) == ("UTC_OFFSET_AMBIGUOUS", candidates)
    stated = next(offset for offset in candidates if offset not in ("+03", "-04", "+09"))
    assert why == f"{text!r}: {zone} is not at {stated}; leave one of the two"


@pytest.mark.parametrize(
    "text", ["(UTC+03:00) +4", "(UTC+03:00) ...", "(UTC+15:00) Narnia", "(UTC+03:20) Narnia"]
)
def test_a_label_without_a_name_or_with_another_offset_is_refused(text):
    assert _refused(text)[0] == "UTC_OFFSET_INVALID"


def test_the_offset_of_today_needs_the_moment_only_where_clocks_change():
    assert normalize_utc_offset("Asia/Tokyo", dst="current").value == "+09"
    code, why, _ = _refused("Europe/Berlin", dst="current")
    assert (code, why) == ("UTC_OFFSET_INVALID", "dst: current needs to know the moment")
    north, south = (
        normalize_utc_offset(zone, dst="current", at=SUMMER)
        for zone in ("Europe/Berlin", "Australia/Sydney")
    )
    assert (north.value, south.value) == ("+02", "+10")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("+05:30", "+06"), ("+05:45", "+06"), ("+12:45", "+13"), ("-03:30", "-04"), ("+10:15", "+10"), ("+08:45", "+09"),
        ("-09:30", "-10"), ("+05:29", "+05"),
    ],
)  # fmt: skip
def test_an_offset_that_the_field_does_not_take_is_left_out_or_rounded_on_request(value, sent):
    with pytest.raises(NormalizeError) as caught:
        offset_for_api(value)
    assert (caught.value.code, str(caught.value)) == (
        "UTC_OFFSET_HALF_HOUR",
        f"{value} is right, but the field takes whole hours only, so it is not sent; "
        "half_hours: round sends the nearest",
    )
    found = offset_for_api(value, half_hours="round")
    assert (found.value, found.rule) == (sent, "utc_offset.rounded")
    assert [(note.code, note.message) for note in found.notes] == [
        ("UTC_OFFSET_ROUNDED", f"{value} is sent as {sent}")
    ]


def test_an_offset_of_whole_hours_is_sent_as_it_is():
    for rule in ("omit", "round"):
        found = offset_for_api("-11", half_hours=rule)
        assert (found.value, found.rule, found.notes) == ("-11", "utc_offset.whole", ())

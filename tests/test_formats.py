"""Number formats: a number is read as the text that a spreadsheet program shows."""

from __future__ import annotations

import pytest

from bulk_import.sources.formats import decorates_text, shown_text
from bulk_import.sources.numbers import iso_text, moment_of, shown

# What Excel shows. Formats as people type them for phones, codes and years of membership.
SHOWN = [
    ("9162345678", '"+7 "(000) 000-00-00', "+7 (916) 234-56-78"), ("9162345678", r"\+7\(###\)###\-##\-##", "+7(916)234-56-78"),
    ("79162345678", r"\+0", "+79162345678"), ("79162345678", '"+"#', "+79162345678"), ("79162345678", "+0", "+79162345678"),
    ("612345678", '"+34 "000 000 000', "+34 612 345 678"), ("612345678", '"+33 "0 00 00 00 00', "+33 6 12 34 56 78"),
    ("491511234567", '"00"0', "00491511234567"), ("1511234567", '"+49 "0000 000000', "+49 1511 234567"),
    ("2079460000", '"+44 "00 0000 0000', "+44 20 7946 0000"), ("2025550100", '"+1 "(000) 000-0000', "+1 (202) 555-0100"),
    ("5551234", r"[<=9999999]###\-####;\(###\)\ ###\-####", "555-1234"),
    ("4155551234", r"[<=9999999]###\-####;\(###\)\ ###\-####", "(415) 555-1234"),
    ("9162345678", "8-000-000-00-00", "8-916-234-56-78"), ("9162345678", r"\8\ 0", "8 9162345678"),
    ("42", '"ID-"00000', "ID-00042"), ("5", '0"0"', "50"), ("1", '"Yes";;"No"', "Yes"), ("0", '"Yes";;"No"', "No"),
    ("-1", '"Yes";;"No"', ""), ("0", "0;-0;;@", ""), ("-5", "0;-0;;@", "-5"), ("3", "+0;-0;0", "+3"), ("-3", "+0;-0;0", "-3"),
    ("5", ";;;", ""), ("1", '[=1]"one";[=2]"two";0', "one"), ("7", '[=1]"one";[=2]"two";0', "7"),
    ("150", '[>=100]"big "0;"small "0', "big 150"), ("7", '[>=100]"big "0;"small "0', "small 7"),
    ("2139", "00000", "02139"), ("123456", "00000", "123456"), ("2139", "[$-409]00000", "02139"), ("1234567", "000-00-0000", "001-23-4567"),
    ("21391234", "00000-0000", "02139-1234"), ("5", '"№ "0', "№ 5"), ("5", '0" years"', "5 years"), ("5", 'General" kg"', "5 kg"),
    ("-3", '"Nr. "0', "-Nr. 3"), ("12", '0"."00', "0.12"), ("5", "[Red]-0;[Blue]0", "-5"),
    # Quantities keep their digits, without what depends on the reader's country.
    # Divided by a thousand for each comma after the last digit, and not rounded.
    ("1234567", '0,,"M"', "1.234567M"), ("12000", '0.0,"K"', "12K"), ("12345", "#,##0,", "12.345"),
    ("1234.5", "#,##0.00", "1234.5"), ("1234.5", '#,##0.00" р."', "1234.5 р."), ("1234.5", "$#,##0.00", "1234.5"),
    ("-1234.5", "#,##0.00;(#,##0.00)", "-1234.5"), ("12", "[$€-407] #,##0.00", "12"), ("12", "_-* #,##0.00_-", "12"),
    ("0.155", "0.0%", "15.5%"), ("7.9161234567E10", "0.00E+00", "79161234567"), ("0.5", "0", "0.5"), ("0.5", "# ?/?", "0.5"),
    # Days, times, durations.
    ("45323.43098379629", "dd/mm/yyyy hh:mm", "2024-02-01 10:20:37"), ("45323", "mmm-yy", "2024-02-01"),
    ("0.125", "h:mm", "03:00"), ("0.125", "h:mm:ss", "03:00:00"), ("1.0625", "[h]:mm", "25:30"), ("1.0625", "[h]:mm:ss", "25:30:00"),
    ("0.5", "h:mm AM/PM", "12:00"), ("1.5", "h:mm", "12:00"), ("100.25", "[mm]:ss", "2406:00:00"), ("45323", "[$-419]d mmmm yyyy;@", "2024-02-01"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "code", "text"), SHOWN)
def test_a_number_is_read_as_it_is_shown(raw, code, text):
    assert shown(raw, code) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [("@", "x"), ("General", "x"), ('"+"@', "+x"), ('0;0;0;"ID "@', "ID x"), ("0;0;0;", ""), (";;;", ""), ("00000", "x")],
)  # fmt: skip
def test_a_text_is_read_as_its_format_shows_it(code, text):
    assert shown_text("x", code) == text
    assert decorates_text(code) == (text != "x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2024-02-01", "2024-02-01"), ("2024-02-01T00:00:00", "2024-02-01"), ("2024-02-01T10:20:37", "2024-02-01 10:20:37"),
        ("2024-02-01T10:20:00Z", "2024-02-01 10:20"), ("2024-02-01T10:20:37.5+02:00", "2024-02-01 10:20:37"), ("10:20:37", "10:20:37"),
        ("PT25H30M", "25:30"), ("P1DT1H", "25:00"), ("PT10H20M37S", "10:20:37"), ("PT0.4S", "00:00"),
    ],
)  # fmt: skip
def test_iso_dates_times_and_durations(value, text):
    assert iso_text(value) == text


@pytest.mark.parametrize("value", ["", "P", "PT", "tomorrow", "2024-13-01", "25:99"])
def test_what_is_no_date_is_refused(value):
    with pytest.raises(ValueError):
        iso_text(value)


@pytest.mark.parametrize(
    "code",
    ["", '"never closed', "[never closed", "\\", "_", "*", ";", "0;" * 50, "[>x]0", "yyyy" * 99],
)
def test_a_format_that_no_program_writes_raises_nothing(code):
    assert isinstance(shown("12", code), str)


@pytest.mark.parametrize(
    ("serial", "epoch_1904", "moment"),
    [
        (0, False, "1899-12-30 00:00:00"), (0.5, False, "1899-12-30 12:00:00"), (1, False, "1900-01-01 00:00:00"),
        (59, False, "1900-02-28 00:00:00"), (60, False, "1900-02-28 00:00:00"),  # a day that never was
        (61, False, "1900-03-01 00:00:00"), (2_958_465.99, False, "9999-12-31 23:45:36"),
        (0, True, "1904-01-01 00:00:00"), (59, True, "1904-02-29 00:00:00"), (2_957_003, True, "9999-12-31 00:00:00"),
    ],
)  # fmt: skip
def test_the_moment_of_a_serial(serial, epoch_1904, moment):
    assert str(moment_of(serial, epoch_1904=epoch_1904)) == moment


@pytest.mark.parametrize(
    ("serial", "epoch_1904"),
    [
        (-0.5, False), (-1, True), (2_958_466, False), (1e15, False),
        (2_957_004, True),  # the calendar from 1904 ends earlier
        (2_958_465.999_999, False),  # half a second before the end of the last day
    ],
)  # fmt: skip
def test_a_serial_outside_of_the_calendar_is_no_date(serial, epoch_1904):
    with pytest.raises(ValueError, match=r"^[-+.e\d]+ is not a date$"):
        moment_of(serial, epoch_1904=epoch_1904)

"""Stored numbers and moments at their limits: the last digit, the last day, the last second."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bulk_import.sources.formats import compiled, decorates_text, number_text, shown_text
from bulk_import.sources.numbers import (
    built_in_format,
    duration_text,
    is_rounded,
    iso_text,
    only_groups,
    plain_number,
    rounded,
    shown,
    stored_number,
)

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yy h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
    48: "##0.0E+0", 49: "@",
}  # fmt: skip
DAYS = (27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)
TIMES = (32, 33, 34, 35, 55, 56)


def test_every_built_in_format_has_its_code_and_no_other_number_has_one():
    expected = BUILT_IN | dict.fromkeys(DAYS, "yyyy-mm-dd") | dict.fromkeys(TIMES, "h:mm:ss")
    assert {number: built_in_format(number) for number in expected} == expected
    others = set(range(-1, 200)) - set(expected)
    assert {built_in_format(str(number)) for number in others} == {"General"}
    assert (built_in_format("14"), built_in_format("x"), built_in_format("")) == ("mm-dd-yy", "General", "General")  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("0.10", "0.1"), ("100", "100"), ("1E3", "1000"), ("1.50E1", "15"), ("-1.25", "-1.25"), ("1E-3", "0.001"),
        ("0.123456789012345", "0.123456789012345"), ("0.1234567890123456", "0.123456789012346"), ("123456789012345.6", "123456789012346"),
        ("1E308", "1" + "0" * 308), ("1234567890123456789", "1234567890123456789"),
    ],
)  # fmt: skip
def test_a_number_is_written_out_at_fifteen_digits(raw, text):
    assert plain_number(Decimal(raw)) == text
    assert shown(raw, "General") == text


@pytest.mark.parametrize("raw", ["1E308", "-9.99E307", "1E-308", "0"])
def test_a_number_that_a_double_holds_is_stored(raw):
    assert stored_number(raw) == Decimal(raw)


@pytest.mark.parametrize("raw", ["1E309", "1E-309", "x", "", "nan", "-inf", "1,5", "9" * 60 + "x"])
def test_a_number_that_no_double_holds_is_refused_by_its_beginning(raw):
    with pytest.raises(ValueError) as caught:
        stored_number(raw)
    assert str(caught.value) == f"{raw[:40]!r} is not a number"


@pytest.mark.parametrize(
    ("raw", "is_lost"),
    [
        ("999999999999999", False), ("1000000000000000", True), ("-1000000000000000", True), ("-999999999999999", False), ("1E15", True), ("9.9E14", False),
        ("1e15", True), ("1234567890123456.5", False), ("0.1234567890123456789", False), ("999999999999999.0", False), ("x" * 20, False), ("1", False),
    ],
)  # fmt: skip
def test_a_whole_number_of_more_than_fifteen_digits_is_rounded(raw, is_lost):
    assert is_rounded(raw) is is_lost


def test_what_was_rounded_is_said_with_what_to_do():
    assert rounded("1000000000000000") == (
        "1000000000000000 has more than 15 digits; a spreadsheet keeps 15 of a number, the rest is lost; "
        "format the column as text and enter it again"
    )


@pytest.mark.parametrize(
    ("seconds", "with_seconds", "text"),
    [
        (0, False, "00:00"), (0, True, "00:00:00"), (59.4, False, "00:00:59"), (59.5, False, "00:01"), (60, False, "00:01"), (3599, False, "00:59:59"),
        (3600, True, "01:00:00"), (90_000, False, "25:00"), (-0.4, False, "00:00"), (-60, False, "-00:01"), (-3661, True, "-01:01:01"), (360_000, False, "100:00"),
    ],
)  # fmt: skip
def test_a_duration_has_seconds_where_it_needs_them(seconds, with_seconds, text):
    assert duration_text(seconds, with_seconds=with_seconds) == text


LAST_S = 2_958_465 * 86_400


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("P1DT2H3M4S", "26:03:04"), ("P2D", "48:00"), ("PT1M", "00:01"), ("PT1,5S", "00:00:02"), ("PT1.4S", "00:00:01"), ("pt2h", "02:00"),
        (f"PT{LAST_S}S", "71003160:00"), ("09:05", "09:05"), ("09:05:07", "09:05:07"), ("23:59:59.9", "23:59:59"), ("2024-05-12T14:30:15.9", "2024-05-12 14:30:15"),
        ("2024-05-12T00:00:01", "2024-05-12 00:00:01"), ("2024-05-12T00:01", "2024-05-12 00:01"), ("2024-05-12T01:00", "2024-05-12 01:00"),
        ("2024-05-12T23:30:00-05:00", "2024-05-12 23:30"),
    ],
)  # fmt: skip
def test_a_moment_in_iso_8601_is_shown_as_any_other(value, text):
    assert iso_text(value) == text


@pytest.mark.parametrize(("value", "said"), [(f"PT{LAST_S + 1}S", f"'PT{LAST_S + 1}S' is not a number"), ("P" + "9" * 60 + "D", "'P" + "9" * 39 + "' is not a number")])  # fmt: skip
def test_a_duration_longer_than_the_calendar_is_refused(value, said):
    with pytest.raises(ValueError) as caught:
        iso_text(value)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("text", "number", "is_only"),
    [
        ("1,234", "1234", True), ("1.234,50", "1234.5", True), ("1'234", "1234", True), ("1\u00a0234", "1234", True), ("1,23,4", "1234", False),
        ("12", "1.2", False), ("12", "12.5", True), ("13", "12.5", True), ("11", "12.5", False), ("14", "12.5", False), ("12.3", "12.34", True), ("12.4", "12.34", False),
        ("-12", "12", True), ("02139", "2139", False), ("0,5", "0.5", True), ("0", "0", True), ("00", "0", False), ("-0.5", "-0.5", True), ("1E+05", "7", True),
        ("1.2e-3", "7", True), ("12E+5", "1200000", False), ("+5", "5", False), ("5 %", "5", False), ("1.234", "1234", True), ("1.234", "1.234", True), ("", "0", False),
    ],
)  # fmt: skip
def test_a_shown_text_may_only_group_or_round_its_number(text, number, is_only):
    assert only_groups(text, Decimal(number)) is is_only


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        ("123456789012345", "General", "123456789012345"), ("0123", "General", "0123"), ("7", "0", "7"), ("7", "00", "07"), ("0007", "00", "0007"),
        ("1234567890123456", "00", "1234567890123456"), ("-7", "000", "-007"), ("7.5", "000", "7.5"), ("7", "000;-000", "007"), ("-7", "000;-000", "-007"),
        ("0", "000;-000", "000"), ("7", "[>5]000;0", "007"), ("5", "[>5]000;0", "5"), ("5", "[>=5]000;0", "005"), ("5", "[<5]000;0", "5"), ("5", "[<=5]000;0", "005"),
        ("5", "[<>5]000;0", "5"), ("5", "[=5]000;0", "005"), ("-5", '[>9]"big";"low "0;"mid "0', "low 5"), ("5", '[>9]"big";"low "0;"mid "0', "mid 5"),
        ("0", '[>9]"big";"low "0;"mid "0', "mid 0"), ("-5", '[>9]"big "0;"small "0', "-small 5"), ("-7", "00", "-07"), ("1.5", '"a "0.0', "a 1.5"),
        ("1.5", '0.0" kg"', "1.5 kg"), ("-1.5", '0.0;"net "-0.0', "net -1.5"), ("0", '"p"0;"m"0;"z"', "z"), ("1", '"p"0;"m"0;"z"', "p1"), ("-1", '"p"0;"m"0;"z"', "m1"), ("0", '"p"0;"m"0', "p0"),
        ("1500", '0,"K"', "1.5K"), ("1500", "0,000", "1500"), ("1", "0%%", "10000%%"), ("12", "[$USD] 0", "12"), ("12", "[$+7 ]000", "+7 012"),
        ("1.5", "[h]", "36:00"), ("1.5", "[m]", "36:00"), ("1.5", "[ss]", "36:00:00"), ("1.5", "d", "1900-01-01 12:00"), ("45424", "m", "2024-05-12"),
        ("0.5", "h:m", "12:00"), ("0.5", "m:s", "12:00:00"), ("45424.5", "yyyy", "2024-05-12 12:00"), ("0.75", "AM/PM h", "18:00"),
        ("0.500005", "ss.000", "12:00:00"), ("5", "0_)*-x", "5 x"), ("5", r"\#0", "#5"), ("5", '"a" 0 "b"', "a 5 b"), ("-5", '0.0" kg"', "-5 kg"),
    ],
)  # fmt: skip
def test_a_format_decides_what_a_number_shows(raw, code, text):
    assert shown(raw, code) == text


def test_a_format_has_at_most_three_sections_for_numbers_and_one_for_texts():
    form = compiled('0;-0;"none";"ID "@;"never"')
    assert (len(form.numeric), form.zeros, form.is_plain) == (3, 0, False)
    assert shown_text("x", '0;-0;"none";"ID "@;"never"') == "ID x"
    assert shown_text("x", "0;-0;0;") == ""
    assert (compiled("00000").zeros, compiled("00000").is_plain) == (5, False)
    assert [compiled(code).is_plain for code in ("General", "0", "#,##0.00", "0%", "0,", "yyyy", '"a"0')] == [True, True, True, False, False, False, False]  # fmt: skip
    assert [decorates_text(code) for code in ("General", "@", '"+"@', "0;0;0;@")] == [False, False, True, False]  # fmt: skip


def test_a_number_that_no_section_shows_is_written_plainly():
    assert number_text(Decimal(7), "[=1]0;[=2]0", lambda number: f"plain {number}") == "plain 7"

"""Numbering plans of the world: both ways to read a number agree, and what is known of codes is true."""

from __future__ import annotations

import phonenumbers
import pytest

from bulk_import.normalize import numbering
from bulk_import.normalize.numbering import Number
from bulk_import.normalize.phones import normalize_phone, plain_phone
from bulk_import.normalize.result import NormalizeError

FIXED, MOBILE = phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE


def _dressed(region: str) -> list[str]:
    """An example of each region, in the ways in which people dial it at home and abroad."""
    texts = []
    for kind in (FIXED, MOBILE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            national = phonenumbers.national_significant_number(number)
            code = str(number.country_code)
            at_home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            abroad = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)  # fmt: skip
            texts += [national, at_home, abroad, code + national, "00" + code + national, "011" + code + national]  # fmt: skip
    return texts


def _read(text: str, region: str | None) -> tuple[str, bool]:
    try:
        found = normalize_phone(text, region=region)
    except NormalizeError:
        return "", False
    return found.value, not found.notes and not found.extension


def test_the_quick_way_says_what_the_long_way_says_in_every_region():
    quick = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)[::3]:
        for text in _dressed(region):
            for at in (region, ""):
                found = plain_phone(text, at)
                if found is not None:
                    quick += 1
                    assert _read(text, at or None) == (found, True), (text, at)
    assert quick > 300


@pytest.mark.parametrize(
    ("digits", "parts"),
    [
        ("14155552671", (1, "4155552671")), ("7", (7, "")), ("201001234567", (20, "1001234567")), ("491711234567", (49, "1711234567")), ("380441234567", (380, "441234567")),
        ("80012345678", (800, "12345678")), ("999123", (0, "")), ("0123", (0, "")), ("3", (0, "")), ("38", (0, "")), ("", (0, "")),
    ],
)  # fmt: skip
def test_digits_are_split_after_a_code_that_there_is(digits, parts):
    assert numbering.split(digits) == parts


def test_what_is_known_of_codes_and_regions():
    assert [numbering.calling_code(region) for region in ("US", "DE", "GG", "AQ", "ZZ")] == [1, 49, 44, 0, 0]  # fmt: skip
    assert [numbering.main_region(code) for code in (1, 7, 44, 39, 800)] == ["US", "RU", "GB", "IT", "001"]  # fmt: skip
    with_zero = [
        code for code in (49, 44, 33, 61, 39, 1, 7, 34, 800) if numbering.has_trunk_zero(code)
    ]
    assert with_zero == [49, 44, 33, 61]


@pytest.mark.parametrize(
    ("digits", "region", "e164"),
    [
        ("4155552671", "US", "+14155552671"), ("14155552671", None, "+14155552671"), ("01711234567", "DE", "+491711234567"), ("1711234567", "DE", "+491711234567"),
        ("89161234567", "RU", "+79161234567"), ("0669821234", "IT", "+390669821234"), ("390669821234", None, "+390669821234"), ("80012345678", None, "+80012345678"),
        # left to the library
        ("14155552671", "US", None), ("491711234567", "DE", None), ("00491711234567", "DE", None), ("4901711234567", None, None), ("04155552671", "US", None), ("5555555555", "US", None),
        ("999123", None, None), ("123", "ZZ", None), ("0", None, None), ("5552671", "US", None), ("15552671", "US", None),
    ],
)  # fmt: skip
def test_a_number_that_stands_as_it_is_dialled_is_read_without_the_library(digits, region, e164):
    found = numbering.as_it_stands(digits, region)
    assert (found.e164 if found else None) == e164
    assert found is None or found.is_assigned


@pytest.mark.parametrize(
    ("digits", "region", "number"),
    [
        ("14155552671", "US", Number(1, "4155552671", True)), ("5555555555", "US", Number(1, "5555555555", False)), ("15555555555", None, Number(1, "5555555555", False)),
        ("491711234567", "DE", Number(49, "491711234567", True)), ("4901711234567", None, Number(49, "1711234567", True)), ("5552671", "US", None), ("0000000000", "US", None),
        ("12", "US", None), ("1555555555", None, None), ("999123456", None, None), ("", None, None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_the_library_reads_it_or_is_in_no_plan(digits, region, number):
    assert numbering.read(digits, region) == number


@pytest.mark.parametrize(
    ("national", "is_italian", "zeros"),
    [("669821234", None, None), ("0669821234", True, None), ("00669821234", True, 2), ("000", True, 2), ("0", None, None), ("10", None, None), ("00100", True, 2)],
)  # fmt: skip
def test_leading_zeros_are_kept_as_the_library_counts_them(national, is_italian, zeros):
    found = numbering.to_library(Number(39, national, True))
    assert (found.country_code, found.national_number) == (39, int(national))
    assert (found.italian_leading_zero, found.number_of_leading_zeros) == (is_italian, zeros)
    assert phonenumbers.national_significant_number(found) == national


@pytest.mark.parametrize(
    ("code", "national", "is_cut"),
    [(1, "415555267", True), (1, "41555526711", True), (44, "791112345", True), (44, "20794609588", True), (1, "5555555555", False), (49, "123456789", False)],
)  # fmt: skip
def test_a_number_with_a_digit_lost_or_added_at_its_end_is_cut(code, national, is_cut):
    assert not numbering.is_assigned(code, national)
    assert numbering.is_cut(Number(code, national, False)) is is_cut


@pytest.mark.parametrize("code", [1, 7, 39, 44, 47, 61, 212, 262, 358, 590, 599])
def test_of_regions_that_share_a_code_the_right_one_says_whether_a_number_exists(code):
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]:
        for kind in (FIXED, MOBILE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                national = phonenumbers.national_significant_number(number)
                assert numbering.is_assigned(code, national)
                changed = national[:-1], national + "0", "0" + national, national[::-1]
                for other in changed:
                    parsed = phonenumbers.PhoneNumber(code, int(other), italian_leading_zero=other[0] == "0" or None)  # fmt: skip
                    if phonenumbers.national_significant_number(parsed) == other:
                        assert numbering.is_assigned(code, other) == phonenumbers.is_valid_number(parsed)  # fmt: skip


# -- a country's code without its plus ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "region", "value"),
    [
        ("496756508899", "DE", "+496756508899"), ("49286570", "DE", "+4949286570"), ("4917112345678", "DE", "+4917112345678"), ("62217916542", "ID", "+62217916542"), ("38343534499", "XK", "+38343534499"),
        ("298201234", "FO", "+298201234"),
    ],
)  # fmt: skip
def test_digits_too_long_for_a_landline_have_the_countrys_code_in_front(digits, region, value):
    assert normalize_phone(digits, region=region).value == value


@pytest.mark.parametrize(
    ("digits", "region", "candidates"),
    [("49298063513", "DE", ("+4949298063513", "+49298063513")), ("6291629145", "ID", ("+626291629145", "+6291629145")), ("623122410", "ID", ("+62623122410", "+623122410"))],
)  # fmt: skip
def test_digits_that_can_be_a_landline_or_have_the_code_in_front_are_asked_about(
    digits, region, candidates
):
    with pytest.raises(NormalizeError) as caught:
        normalize_phone(digits, region=region)
    assert (caught.value.code, caught.value.candidates) == ("PHONE_AMBIGUOUS", candidates)


@pytest.mark.parametrize(
    ("text", "is_old"), [("+241 9 12 34 56", True), ("+241 06 12 34 567", False), ("+229 97 12 34 56", True), ("+229 01 00 00 00 01", False), ("+55 11 8123 4567", True), ("+55 11 8123 45678", False)]
)  # fmt: skip
def test_a_number_of_the_past_has_the_length_that_all_had_then(text, is_old):
    with pytest.raises(NormalizeError) as caught:
        normalize_phone(text, strict=True)
    assert ("is a number of the past: " in str(caught.value)) is is_old

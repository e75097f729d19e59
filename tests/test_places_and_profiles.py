"""Postal addresses, links to profiles, and values of one contact that do not fit together."""

from __future__ import annotations

import pytest

from bulk_import.normalize.addresses import normalize_address, normalize_city, normalize_postal_code
from bulk_import.normalize.crosschecks import (
    begins_like,
    country_of_phone,
    cross_check,
    has_shape_of,
    is_offset_of,
)
from bulk_import.normalize.result import NormalizeError
from bulk_import.normalize.socials import normalize_social
from bulk_import.normalize.text import clean, clean_line


def _refused(read, *args, **options) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(NormalizeError) as caught:
        read(*args, **options)
    return caught.value.code, str(caught.value), caught.value.candidates


@pytest.mark.parametrize(
    ("text", "line"),
    [(" ,Main St. 1,, Apt 2, ", "Main St. 1, Apt 2"), ("a\nb", "a, b"), ("a,\r\n b", "a, b"), ("a , , b", "a, b"), ("a;b;", "a;b"), ("a  b", "a b"), ("1,2", "1,2")],
)  # fmt: skip
def test_an_address_is_one_line_without_stray_commas(text, line):
    assert (normalize_address(text).value, normalize_address(text).rule) == (line, "address.line")


def test_an_address_of_commas_is_none_and_a_city_has_a_letter():
    for text in ("", ";;", " \n,"):
        assert _refused(normalize_address, text) == ("ADDRESS_INVALID", "nothing but commas", ())
    for text in ("12", "-"):
        assert _refused(normalize_city, text) == (
            "ADDRESS_INVALID",
            f"{text!r} has no letter, so it is no city",
            (),
        )
    assert normalize_city(" Paris 12,").value == "Paris 12"
    assert normalize_city("東京").rule == "address.city"


@pytest.mark.parametrize(
    ("text", "code", "rule"),
    [
        ("90210", "90210", "text"), ("'01067", "01067", "text"), (" tn23 1ab.", "TN23 1AB", "text"), ("90210.0", "90210", "float"), ("123,00", "123", "float"),
        ("123456789.0", "123456789", "float"), ("1234567890", "1234567890", "text"), ("ec1a-1bb", "EC1A-1BB", "text"), ("75001 CEDEX 05", "75001 CEDEX 05", "text"),
        ("CEDEX75001", "CEDEX75001", "text"), ("FIQQ 1ZZ", "FIQQ 1ZZ", "text"), ("BFPO 57", "BFPO 57", "text"), ("A1A1A1A1A1A1A1A1", "A1A1A1A1A1A1A1A1", "text"),
        ("1E", "1E", "text"), ("E45", "E45", "text"), ("2124-05-03", "2124-05-03", "text"), ("0012-3", "0012-3", "text"),
    ],
)  # fmt: skip
def test_a_postal_code_is_kept_as_it_is_written(text, code, rule):
    found = normalize_postal_code(text)
    assert (found.value, found.rule, found.notes) == (code, f"postal_code.{rule}", ())


@pytest.mark.parametrize(
    "text",
    ["", "X", "LONDON", "90210.000", "12.0", "1234567890.0", "00000", "0-0", "12345678901", "1E5", "12E45", "2024-05-03", "1999-12-31", "03-05-2024", "SW1A OR SW1", "10 AND 20",
     "ABCD 1", "A1A1A1A1A1A1A1A1A", "123/4", "12 Főutca", "LYON 75001"],
)  # fmt: skip
def test_what_is_no_postal_code_is_refused(text):
    code, why, _ = _refused(normalize_postal_code, text)
    assert (code, why) == ("POSTAL_CODE_INVALID", f"{text.upper()!r} is not a postal code")


@pytest.mark.parametrize(
    ("text", "country", "whole"),
    [("1067", "DE", "01067"), ("501", "US", "00501"), ("501-1234", "US", "00501-1234"), ("5011-1234", "US", "05011-1234"), ("2700", "PE", "02700"), ("10", "NO", "0010"), ("1067.0", "DE", "01067")],
)  # fmt: skip
def test_a_code_without_its_zeros_is_refused_with_the_whole_one(text, country, whole):
    shown = text.removesuffix(".0")
    assert _refused(normalize_postal_code, text, country=country) == (
        "POSTAL_CODE_ZERO_LOST",
        f"{shown!r} is too short for a code of {country}: the spreadsheet dropped a leading zero; "
        f"{whole} is meant",
        (whole,),
    )


@pytest.mark.parametrize(
    ("text", "country", "length"), [("67", "DE", 5), ("067", "DE", 5), ("50", "US", 5), ("270", "PE", 5), ("1", "NO", 4), ("123456", "BR", 8)]
)  # fmt: skip
def test_a_code_that_lost_more_than_zeros_is_too_short(text, country, length):
    assert _refused(normalize_postal_code, text, country=country) == (
        "POSTAL_CODE_INVALID",
        f"{text!r} is too short for a code of {country}, which has {length} digits",
        (),
    )


@pytest.mark.parametrize(
    ("text", "country"),
    [("01067", "DE"), ("10672", "DE"), ("106723", "DE"), ("27", "PE"), ("1", "PE"), ("50112-1234", "US"), ("501-1234", "DE"), ("106", "GB"), ("106", None), ("1067A", "DE"), ("00501", "US")],
)  # fmt: skip
def test_a_code_of_full_length_or_of_another_kind_is_taken(text, country):
    assert normalize_postal_code(text, country=country).value == text


@pytest.mark.parametrize(
    ("country", "fits", "does_not"),
    [
        ("US", "90210 90210-1234", "9021 902101 90210-123"), ("CA", "K1A0B1", "K1A-0B1 11A0B1"), ("GB", "SW1A1AA M11AE", "SW1A 12345"), ("PL", "00-950 00950", "0-950"),
        ("KZ", "010000 A10A1B2", "10000"), ("NL", "1012AB", "1012 AB1"), ("BR", "01001-000 01001000", "1001000"), ("JP", "100-0001 1000001", "100001"), ("KR", "01000 100-011", "1000"),
        ("LT", "LT-01100 01100", "1100"), ("DK", "DK-1000 1000", "100"), ("BE", "B-1000 1000", "B1000"), ("IL", "61000 6100001", "610000"), ("RS", "11000 110000", "1100"), ("ZZ", "x 1", ""),
    ],
)  # fmt: skip
def test_the_shape_of_postal_codes_of_a_country(country, fits, does_not):
    assert all(has_shape_of(country, code) for code in fits.split())
    assert not any(has_shape_of(country, code) for code in does_not.split())


@pytest.mark.parametrize(
    ("fields", "doubts"),
    [
        ({"lead_phone": "+77012345678", "lead_shipping_country_code": "RU"}, []), ({"lead_phone": "+77012345678", "lead_shipping_country_code": "KZ"}, []),
        ({"lead_phone": "+14165551234", "lead_shipping_country_code": "US"}, []), ({"lead_phone": "+80012345678", "lead_shipping_country_code": "DE"}, []),
        ({"lead_phone": "+14165551234"}, []), ({"lead_shipping_country_code": "DE"}, []), ({"lead_utc": "+03"}, []), ({}, []),
        ({"lead_phone": "+14165551234", "lead_billing_country_code": "DE"}, [("lead_phone", "PHONE_OTHER_COUNTRY", "+14165551234 is a number of CA, the country is DE")]),
        ({"lead_phone": "+4917112345678", "lead_shipping_country_code": "AQ"}, [("lead_phone", "PHONE_OTHER_COUNTRY", "+4917112345678 is a number of DE, the country is AQ")]),
        ({"lead_phone": "+4917112345678", "lead_shipping_country_code": "FR", "lead_billing_country_code": "DE"},
         [("lead_phone", "PHONE_OTHER_COUNTRY", "+4917112345678 is a number of DE, the country is FR")]),
        ({"lead_utc": "+03", "lead_billing_country_code": "DE"}, [("lead_utc", "UTC_OFFSET_OTHER_COUNTRY", "no clock in Germany shows +03")]),
        ({"lead_utc": "+02", "lead_billing_country_code": "DE"}, []),
        ({"lead_shipping_zip": "1", "lead_shipping_country_code": "DE", "lead_billing_zip": "x", "lead_billing_country_code": "US"},
         [("lead_shipping_zip", "POSTAL_CODE_SHAPE", "'1' does not look like a postal code of DE"), ("lead_billing_zip", "POSTAL_CODE_SHAPE", "'x' does not look like a postal code of US")]),
        ({"lead_shipping_zip": "1", "lead_billing_country_code": "DE"}, []), ({"lead_shipping_zip": "", "lead_shipping_country_code": "DE"}, []),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said_of_its_field(fields, doubts):
    assert [(name, note.code, note.message) for name, note in cross_check(fields)] == doubts


def test_numbers_and_offsets_of_countries():
    assert [country_of_phone(one) for one in ("+14155552671", "+77012345678", "+80012345678", "+15555555555", "")] == ["US", "KZ", "", "", ""]  # fmt: skip
    assert [begins_like(*pair) for pair in (("+4917", "DE"), ("+7701", "RU"), ("+1416", "CA"), ("+4917", "AQ"), ("+4817", "DE"))] == [True, True, True, False, False]  # fmt: skip
    assert [is_offset_of(offset, "IN") for offset in ("+05:30", "+05", "+06", "+07", "+04")] == [True, True, True, False, False]  # fmt: skip
    assert not is_offset_of("+01", "ZZ")


@pytest.mark.parametrize(
    ("network", "text", "name", "rule"),
    [
        ("facebook", "https://www.facebook.com/anna.k?x=1", "anna.k", "link"), ("facebook", "fb.com/anna/", "anna", "link"), ("facebook", "m.me/anna#x", "anna", "link"),
        ("facebook", "https://facebook.com/profile.php?id=123&x", "123", "link"), ("facebook", "facebook.com/profile.php?x=1&id=123", "123", "link"),
        ("facebook", "facebook.com/people/Anna-K/1000123", "1000123", "link"), ("facebook", "<https://facebook.com/anna>", "anna", "link"), ("facebook", "facebook.com/@anna;", "anna", "link"),
        ("facebook", "@anna", "anna", "at_name"), ("instagram", "https://instagram.com/anna_k/", "anna_k", "link"), ("instagram", "instagr.am/anna", "anna", "link"),
        ("telegram", "t.me/anna", "anna", "link"), ("telegram", "https://t.me/s/anna?start=1", "anna", "link"), ("telegram", "t.me/+79161234567", "+79161234567", "link"),
        ("telegram", "t.me/+1234567/", "+1234567", "link"), ("telegram", "tg://resolve?domain=anna", "anna", "link"), ("telegram", "https://web.telegram.org/k/#@anna", "anna", "link"),
        ("telegram", "anna.t.me", "anna", "link"), ("telegram", "@an", "an", "at_name"), ("vkontakte", "https://m.vk.com/id1", "id1", "link"), ("vkontakte", "VK.com/anna", "anna", "link"),
        ("linkedin", "https://www.linkedin.com/in/anna-k/", "anna-k", "link"), ("linkedin", "linkedin.com/in/anna-k/de", "anna-k", "link"),
        ("linkedin", "https://de.linkedin.com/in/%C3%A4nna?x", "änna", "link"), ("whatsapp", "+1 415 555 2671", "+14155552671", "phone"),
        ("whatsapp", "https://web.whatsapp.com/send?phone=14155552671&x", "+14155552671", "phone"), ("viber", "viber://chat?number=%2B14155552671", "+14155552671", "phone"),
        ("viber", "viber://add?number=14155552671", "+14155552671", "phone"),
    ],
)  # fmt: skip
def test_a_link_to_a_profile_is_the_name_in_it(network, text, name, rule):
    found = normalize_social(text, network)
    assert (found.value, found.rule) == (name, f"social.{rule}")


@pytest.mark.parametrize(
    ("network", "text"),
    [
        ("facebook", "https://www.facebook.com/groups/x"), ("facebook", "facebook.com/groups"), ("facebook", "facebook.com/anna/photos"), ("facebook", "facebook.com/people/Anna-K"), ("facebook", "Anna K;"),
        ("facebook", "<anna>"), ("facebook", "facebook.com/anna%20k"), ("facebook", "facebook.com/story.php"), ("instagram", "https://instagram.com/p/Cxyz"), ("instagram", "instagram.com/explore"),
        ("instagram", "t.me/anna"), ("telegram", "t.me/+AbCdEf"), ("telegram", "t.me/+123456"), ("telegram", "t.me/joinchat/abc"), ("telegram", "@a"), ("vkontakte", "vk.com/wall-1_2"),
        ("vkontakte", "vk.com/club1"), ("vkontakte", "tg://resolve?domain=anna"), ("linkedin", "https://de.linkedin.com/in/%E4nna"), ("linkedin", "linkedin.com/company/x"),
        ("linkedin", "https://facebook.com/profile.php?id=1"), ("whatsapp", "Anna"), ("whatsapp", "4155552671"), ("viber", "viber://pa?chatURI=x"), ("facebook", "x" * 255),
    ],
)  # fmt: skip
def test_what_is_no_link_to_a_person_is_kept_as_it_is(network, text):
    found = normalize_social(text, network)
    assert (found.value, found.rule) == (text, "social.as_is")


def test_a_profile_is_not_empty_and_not_longer_than_the_field():
    assert _refused(normalize_social, " ", "facebook")[:2] == ("SOCIAL_INVALID", "empty")
    assert _refused(normalize_social, "x" * 256, "facebook")[:2] == (
        "SOCIAL_INVALID",
        "too long for a profile",
    )


@pytest.mark.parametrize(
    ("text", "cleaned", "line"),
    [
        (" a ", "a", "a"), ("a  b", "a  b", "a b"), ("a\r\nb\rc", "a\nb\nc", "a b c"), ("a\u2028b\x85c", "a\nb\nc", "a b c"), ("a\tb", "a\tb", "a b"), ("\ufeffa\u200b", "a", "a"),
        ("a\u00adb", "ab", "ab"), ("a\x00b\x07", "ab", "ab"), ("a\u200db", "ab", "ab"), ("\u200c\u200d", "", ""), ("a\u00a0b", "a\u00a0b", "a b"), ("می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"),
        ("\u200c می \u200c", "می", "می"), ("é", "é", "é"), ("e\u0301", "e\u0301", "e\u0301"), ("", "", ""), ("\u200d \u200da", "a", "a"),
    ],
)  # fmt: skip
def test_what_nobody_can_see_is_taken_away_and_nothing_else(text, cleaned, line):
    assert (clean(text), clean_line(text)) == (cleaned, line)


@pytest.mark.parametrize("text", ["anna@example.org", "https://example.org/x", "www.example.org"])
def test_a_value_of_another_column_is_no_city(text):
    with pytest.raises(NormalizeError, match="not a city"):
        normalize_city(text)

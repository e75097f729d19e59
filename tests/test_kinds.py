"""Kinds of wrong values, each tried over every country, letter or domain that has it."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.names import split_name
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import NormalizeError

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
LOOK_ALIKES = dict(zip("aeopcyxk", "аеорсухк", strict=True))


def _examples():
    for region in REGIONS:
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, number


def _exists(number: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(number))


def _sent(text: str, region: str | None = None) -> tuple[str, list[str]]:
    try:
        found = normalize_phone(text, region=region)
    except NormalizeError:
        return "refused", []
    return found.value, [note.code for note in found.notes]


@pytest.mark.parametrize(
    "spelled", ["+{code} +{code} {rest}", "+{code} {code}{rest}", "00{code}{code}{rest}"]
)
def test_a_doubled_country_code_is_taken_off_with_a_warning_or_the_number_is_refused(spelled):
    wrong = []
    for region, number in _examples():
        national = phonenumbers.national_significant_number(number)
        value, codes = _sent(spelled.format(code=number.country_code, rest=national), None)
        meant = f"+{number.country_code}{national}"
        typed = f"+{number.country_code}{number.country_code}{national}"
        is_right = value == meant and "PHONE_CODE_DOUBLED" in codes
        # +46 46 8123456 is a number in Lund, whose area code is Sweden's country code.
        if not is_right and value not in ("refused", typed if _exists(typed) else ""):
            wrong.append((region, spelled, meant, value, codes))
    assert wrong == []


@pytest.mark.parametrize("region", ["IT", "SM", "VA"])
@settings(deadline=None)
@given(data=st.data())
def test_the_zero_in_brackets_belongs_to_the_number_in_italy(region, data):
    area = data.draw(st.sampled_from(["2", "6", "11", "35", "39", "331", "549", "577"]))
    rest = data.draw(st.from_regex(r"[2-9][0-9]{5}", fullmatch=True))
    code = phonenumbers.country_code_for_region(region)
    value, _ = _sent(f"+{code} (0){area} {rest}")
    assert value in ("refused", f"+{code}0{area}{rest}")


@pytest.mark.parametrize("region", ["DE", "FR", "GB", "NL", "SE", "AT", "CH", "AU"])
def test_the_zero_in_brackets_is_dialled_at_home_elsewhere(region):
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.national_significant_number(number)
    text = f"+{number.country_code} (0){national}"
    assert _sent(text)[0] == f"+{number.country_code}{national}"


def test_a_number_of_zeros_is_no_number():
    numbers = [f"+{code}{'0' * length}" for code in CODES for length in range(6, 12)]
    assert {text for text in numbers if _sent(text)[0] != "refused"} == set()


@pytest.mark.parametrize(("latin", "other"), LOOK_ALIKES.items())
@pytest.mark.parametrize(
    "address", ["peaceoxyk@example.com", "Anna <peaceoxyk@example.com>", "PEACEOXYK@EXAMPLE.COM"]
)
def test_a_cyrillic_letter_in_a_latin_address_is_named(latin, other, address):
    for at, letter in enumerate(address):
        if letter.lower() == latin and "<" not in address[at:]:
            spoilt = (
                address[:at] + (other if letter == latin else other.upper()) + address[at + 1 :]
            )
            with pytest.raises(NormalizeError, match="Cyrillic"):
                normalize_email(spoilt)


@pytest.mark.parametrize("top", ["invalid", "local", "onion", "test", "localhost"])
@pytest.mark.parametrize(
    "spelled",
    ["ann@host.{}", "ANN@HOST.{}", "Ann <ann@host.{}>", "mailto:ann@host.{}", "SMTP:ann@host.{}", '="ann@host.{}"', "ann@host.{}."],
)  # fmt: skip
def test_domains_without_mail_are_refused_in_every_spelling(top, spelled):
    with pytest.raises(NormalizeError):
        normalize_email(spelled.format(top))


@settings(deadline=None)  # the first name reads the lists
@given(st.from_regex(r"[A-ZА-Я][a-zа-я]{1,9} [A-ZА-Я][a-zа-я]{1,9}", fullmatch=True))
def test_two_plain_words_are_told_as_they_are_before_a_remark(name):
    plain, other = split_name(name), split_name(f"{name} (home)")
    assert (plain.first, plain.middle, plain.last) == (other.first, other.middle, other.last)

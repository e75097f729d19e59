"""The short way to read a phone number beside the library's."""

from __future__ import annotations

import re

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import examples

_CODES = [
    "1",
    "7",
    "20",
    "33",
    "34",
    "39",
    "44",
    "49",
    "52",
    "54",
    "55",
    "61",
    "81",
    "86",
    "380",
    "972",
    "800",
    "881",
]


@st.composite
def _dialled(draw):
    """Digits as somebody in some region may type them: real numbers, spoiled ones, noise."""
    region = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    kind = draw(st.sampled_from([0, 1, 2, 3, 4]))  # the commonest types of numbers
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None or draw(st.booleans()):
        digits = draw(st.sampled_from(_CODES)) + draw(
            st.text("0123456789", min_size=4, max_size=12)
        )
    else:
        digits = phonenumbers.national_significant_number(example)
        digits = (
            draw(st.sampled_from(["", "0", "1", "8", "00", str(example.country_code)])) + digits
        )
        keep = draw(st.integers(len(digits) - 2, len(digits)))
        digits = digits[:keep] + draw(st.text("0123456789", max_size=2))
    return digits, draw(st.sampled_from([region, None]))


def _is_local(parsed):
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY


def _looks_like_its_plan(parsed):
    national = phonenumbers.national_significant_number(parsed)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[parsed.country_code]
    return any(
        re.fullmatch(described.national_number_pattern, national)
        and len(national) in described.possible_length
        for region in regions
        if (
            metadata := phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(
                parsed.country_code, region
            )
        )
        and (described := metadata.general_desc).national_number_pattern
    )


@settings(max_examples=examples(1500))
@given(_dialled())
def test_the_short_way_to_read_a_number_is_the_long_way(dialled):
    from bulk_import.normalize import numbering

    digits, region = dialled
    try:
        parsed = phonenumbers.parse(digits if region else "+" + digits, region)
    except phonenumbers.NumberParseException:
        parsed = None
    found = numbering.read(digits, region)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        assert found is None
        return
    if found is None:  # possible by its length alone
        assert not phonenumbers.is_valid_number(parsed)
        assert _is_local(parsed) or not _looks_like_its_plan(parsed)
        return
    assert found.is_assigned or not _is_local(parsed)
    assert found.e164 == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    assert found.is_assigned == phonenumbers.is_valid_number(parsed)
    assert numbering.to_library(found) == parsed

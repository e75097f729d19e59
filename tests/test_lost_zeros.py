"""Postal codes that a spreadsheet took for numbers: what is missing is known where the country's codes allow one way."""

from __future__ import annotations

import pytest

from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.result import NormalizeError

# A real code with as many zeros in front as any code of its country has.
LOWEST = {
    "US": "00501", "PR": "00601", "DE": "01067", "FR": "01000", "IT": "00118", "ES": "01001", "FI": "00100",
    "TR": "01010", "MX": "01000", "UA": "01001", "MY": "01000", "KZ": "010000", "RO": "010011", "CN": "010000",
    "SG": "018956", "KR": "01000", "LT": "00127", "LK": "00100", "PE": "01000", "NO": "0010", "AU": "0800",
    "ZA": "0081", "GE": "0102", "AM": "0010", "JP": "0010010", "BR": "01001000", "DZ": "01000", "GT": "01001",
    "KW": "01000",
}  # fmt: skip


@pytest.mark.parametrize(("country", "code"), LOWEST.items())
def test_the_zeros_that_a_number_lost_are_proposed(country, code):
    with pytest.raises(NormalizeError) as caught:
        normalize_postal_code(code.lstrip("0"), country=country)
    assert (caught.value.code, list(caught.value.candidates)) == ("POSTAL_CODE_ZERO_LOST", [code])


@pytest.mark.parametrize(("country", "code"), LOWEST.items())
def test_more_is_missing_than_zeros(country, code):
    """No code of the country begins with one zero more; a part of one is no code."""
    with pytest.raises(NormalizeError) as caught:
        normalize_postal_code(code.lstrip("0")[:-1], country=country)
    assert caught.value.code != "POSTAL_CODE_ZERO_LOST"


@pytest.mark.parametrize(("country", "code"), LOWEST.items())
def test_a_whole_code_is_sent_as_it_is(country, code):
    assert normalize_postal_code(code, country=country).value == code

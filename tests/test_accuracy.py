"""Every case of the tables is right, and a right answer is its own answer."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from benchmarks.accuracy import independent, ours, verdict
from bulk_import import normalize
from tests.cases import NORMALIZERS, REFUSED, load


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_every_case_is_right(normalizer):
    answer = ours(normalizer)
    assert [case for case in load(normalizer) if verdict(answer, case) != "right"] == []


README = Path(__file__).parent.parent / "benchmarks" / "README.md"
TITLES = (
    "countries", "phones", "offsets", "e-mails", "names", "tag cells", "cells of lists", "address lines",
    "cities", "postal codes", "social profiles",
)  # fmt: skip


def test_the_table_of_our_own_cases_counts_the_cases_that_there_are():
    """The lines of libraries are measured by hand; this compares their number."""
    found = re.findall(
        r"^\| ([\d,]+) ([\w -]+) \| this project \| ([\d,]+) \| (\d+) \| (\d+) \|$",
        README.read_text("utf-8"), re.MULTILINE,
    )  # fmt: skip
    counts = {
        title: f"{len(list(load(n))):,}" for n, title in zip(NORMALIZERS, TITLES, strict=True)
    }
    assert found == [(rows, title, rows, "0", "0") for title, rows in counts.items()]


def test_the_table_of_independent_names_counts_the_names_that_there_are():
    lines = re.findall(
        r"^\| ([\d,]+) names \| .* \| \d+\.\d\d \|", README.read_text("utf-8"), re.MULTILINE
    )
    assert set(lines) == {f"{len(independent('names')):,}"}


@pytest.mark.parametrize(
    "normalizer",
    ["countries", "phones", "offsets", "emails", "addresses", "cities", "postal_codes", "socials"],
)
def test_a_right_answer_is_its_own_answer(normalizer):
    answer = ours(normalizer)
    right = [
        replace(case, text=case.expected) for case in load(normalizer) if case.expected != REFUSED
    ]
    assert [case for case in right if verdict(answer, case) != "right"] == []


def _written(number: phonenumbers.PhoneNumber, region: str) -> list[tuple[str, str | None]]:
    """One number as people and programs of its region write it."""
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    uri = phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    significant = phonenumbers.national_significant_number(number)
    digits = f"{number.country_code}{significant}"
    return [
        (national, region), (abroad, None), (abroad, "US"), (uri, None), (f"00 {abroad[1:]}", "DE"),
        (digits, region), (f"{digits}.0", region), (significant, region), (f"Tel.: {national}", region),
        (f"{national} ext. 12", region), (f"{national} (mobile)", region), (f"{abroad} (Anna)", None),
        (f"Anna: {abroad}", None), (national.replace("-", " "), region),
        (national.replace(" ", "\u00a0").replace("-", "\u2011"), region),
        (f"{abroad}\n{abroad}", None), (f"https://wa.me/{digits}", None),
    ]  # fmt: skip


@pytest.mark.slow
def test_numbers_of_every_region_are_read_in_every_form_or_refused_and_never_wrong():
    read = refused = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            number = phonenumbers.example_number_for_type(region, kind)
            for text, dialled_in in _written(number, region) if number else ():
                try:
                    value = normalize.phone(text, dialled_in)
                except ValueError:  # such as 0123456789, which is an example and a placeholder
                    refused += 1
                    continue
                read += 1
                e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
                assert value == e164, (text, dialled_in)
    assert refused < 0.01 * read

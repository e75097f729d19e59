"""Every case of the tables is right; libraries on the same cases are behind, and more often wrong."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.accuracy import LIBRARIES, ours, verdict
from tests.cases import NORMALIZERS, REFUSED, load


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_every_case_is_right(normalizer):
    answer = ours(normalizer)
    assert [case for case in load(normalizer) if verdict(answer, case) != "right"] == []


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


@pytest.mark.slow
@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_no_library_alone_does_as_well(normalizer, caplog):
    caplog.set_level(logging.CRITICAL)
    cases = list(load(normalizer))
    for answer in LIBRARIES[normalizer]:
        counts = Counter(verdict(answer, case) for case in cases)
        assert counts["right"] < 0.95 * len(cases), answer.__name__
        assert counts["wrong"] > 0, answer.__name__

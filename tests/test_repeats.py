"""Texts that come twice are found while they come; of others, only a few are taken for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.journal.repeats import Repeats
from bulk_import.models import Row, Status


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e"]))), st.integers(3, 20))
def test_every_text_that_comes_twice_is_found_however_small_the_field_is(chunks, bits):
    repeats = Repeats(bits)
    for texts in chunks:
        repeats.add(texts)
    all_texts = [text for texts in chunks for text in texts if text]
    twice = {text for text in all_texts if all_texts.count(text) > 1}
    assert repeats.texts is not None
    assert twice <= repeats.texts <= {*all_texts}


def test_of_different_texts_few_are_taken_for_repeated():
    repeats = Repeats(20)
    repeats.add(f"p{n}@example.org" for n in range(10_000))
    assert repeats.texts is not None
    assert len(repeats.texts) < 200


@pytest.mark.parametrize(("names", "is_told_apart"), [(5, True), (6, False)])
def test_too_many_texts_are_not_told_apart(names, is_told_apart):
    repeats = Repeats(most=5)
    for _ in range(3):
        repeats.add([f"p{n}@example.org" for n in range(names)])
    assert (repeats.texts is not None) == is_told_apart


def _rows(*emails: str) -> list[JudgedRow]:
    return [
        JudgedRow(1, Row("a.csv", "", at, {"E-mail": email}), email, email, (), b"lead_email=x", None)
        for at, email in enumerate(emails, 2)
    ]  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    with Journal.scratch(tmp_path / "journal.sqlite3") as opened:
        yield opened


def test_a_scratch_journal_counts_the_rows_of_each_address(journal):
    journal.add(1, _rows("a@b.org", "c@b.org", "", ""))
    assert journal.rows_per_address() == {}
    journal.add(5, _rows("c@b.org", "d@b.org", "a@b.org", "c@b.org"))
    assert [*journal.rows_per_address().items()] == [("c@b.org", 3), ("a@b.org", 2)]
    assert [*journal.rows_per_address().items()] == [("c@b.org", 3), ("a@b.org", 2)]


def test_rows_without_a_form_do_not_count(journal):
    (refused,) = _rows("c@b.org")
    refused = refused._replace(body=None, refusal=Refusal.because(Status.INVALID, "ROW_EMPTY", "nothing"))  # fmt: skip
    journal.add(1, [*_rows("c@b.org"), refused])
    assert journal.rows_per_address() == {}


def test_rows_of_different_widths_in_one_batch_count_too(journal):
    journal.add(1, _rows("a@b.org"))
    wide = _rows("a@b.org", "b@b.org")
    wide[1] = wide[1]._replace(row=Row("a.csv", "", 3, {"E-mail": "b@b.org", "Name": "B"}))
    journal.add(2, wide)
    assert journal.rows_per_address() == {"a@b.org": 2}


def test_an_address_that_was_corrected_counts_with_its_new_rows(journal):
    journal.add(1, _rows("a@b.org", "c@b.org"))
    journal.replace_judgement(2, _rows("a@b.org")[0])
    assert journal.rows_per_address() == {"a@b.org": 2}


def test_rows_of_an_attempt_that_was_cleared_do_not_count(journal):
    journal.add(1, _rows("a@b.org"))
    journal.clear()
    journal.add(1, _rows("a@b.org", "b@b.org"))
    assert journal.rows_per_address() == {}

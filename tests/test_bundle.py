"""The support archive: the same shapes, equalities and numbers, and nobody's data."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.models import Outcome, Problem, Row, Severity, Status, Summary
from bulk_import.report.bundle import Veil, write_bundle

LETTERS = (
    "abcdefghijklmnopqrstuvwxyz" * 20, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 20, "0123456789" * 40,
    "абвгдежзийклмнопрстуфхцчшщъыьэюя" * 12, "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ" * 12,
)  # fmt: skip


@pytest.mark.parametrize(
    "letters", LETTERS, ids=["lower", "upper", "digits", "cyrillic", "CYRILLIC"]
)
def test_each_alphabet_stays_itself_and_all_of_it_is_used(letters):
    veiled = Veil(b"secret")(letters)
    assert set(veiled) == set(letters)
    assert veiled != letters
    kinds = len(set(letters))
    assert veiled[:kinds] != veiled[kinds : 2 * kinds], "a long text is no repetition"


@given(st.text(min_size=1, max_size=60))
def test_signs_blanks_and_lengths_stay_and_letters_become_letters(text):
    veiled = Veil(b"secret")(text)
    assert len(veiled) == len(text)
    for before, after in zip(text, veiled, strict=True):
        if before.isascii() and not before.isalnum():
            assert after == before
        else:
            assert unicodedata.category(after)[0] == unicodedata.category(before)[0]


def test_equal_texts_have_equal_replacements_within_one_bundle_alone():
    veil = Veil()
    assert veil("Anna Berg") == veil("Anna Berg") != "Anna Berg"
    assert veil("Anna Berg") != Veil()("Anna Berg")
    assert veil("Müller") != "Müller"


@pytest.mark.parametrize(
    "word", ["", "NA", "n/a", "NULL", " none ", "TRUE", "No", "0", "1", "-", "#N/A"]
)
def test_words_that_programs_decide_by_stay(word):
    assert Veil()(word) == word


def results(count):
    for n in range(1, count + 1):
        row = Row("secret.csv", "", n + 1, {"E-mail": f"p{n}@x.org", "Note": "NA"})
        reasons = (Problem("PHONE_INVALID", "'12' is short", "Phone"), Problem("ROW", "whole"))
        warnings = (Problem("ODD", "odd", "Note", severity=Severity.WARNING),)
        outcome = Outcome("secret.csv", "", n + 1, "", Status.INVALID, "X", reasons=reasons, warnings=warnings, attempts=2)  # fmt: skip
        yield 1, row, outcome


SUMMARY = Summary(
    "runs/secret", ("secret.csv", "private.csv"), "secret.yml", "https://secret.example", {Status.INVALID: 3}, 3,
    stopped="secret reason", requests=7,
)  # fmt: skip


@pytest.mark.parametrize(("most", "rows"), [(2, 2), (3, 3), (4, 3)])
def test_the_archive_has_summary_mapping_and_the_first_rows(tmp_path, most, rows):
    path = tmp_path / "bundle.zip"
    assert write_bundle(path, SUMMARY, "version: 1\n", results(3), most_rows=most) == rows
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("summary.json"))
        lines = list(csv.DictReader(io.StringIO(archive.read("rows.csv").decode())))
        assert archive.read("mapping.yml") == b"version: 1\n"
        assert archive.namelist() == ["summary.json", "mapping.yml", "rows.csv"]
    assert b"secret" not in path.read_bytes() + json.dumps(told).encode()
    assert (told["sources"], told["stopped"]) == (["source 1", "source 2"], "stopped")
    assert (told["counts"]["invalid"], told["requests"]) == (3, 7)
    assert [line["row"] for line in lines] == ["2", "3", "4"][:rows]
    assert lines[0] | {"E-mail": ""} == {
        "source": "1", "row": "2", "status": "invalid", "error_code": "X",
        "problems": "PHONE_INVALID (Phone); ROW; ODD (Note)", "attempts": "2", "http_status": "",
        "E-mail": "", "Note": "NA",
    }  # fmt: skip


def test_of_a_run_without_rows_there_is_an_archive_all_the_same(tmp_path):
    assert write_bundle(tmp_path / "b.zip", SUMMARY, "", iter(())) == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.read("rows.csv") == b""

"""The damage detector: what a spreadsheet program has spoiled is named before it is sent."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import import check_file
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Row, Status
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.spoiled import spoiled, unmistaken

MEANT = [
    "Müller Jürgen", "Иван", "Łódź", "café à São", "José Ñandú", "Ελένη", "Привет, мир", "naïve – “quote”",
    "10 € à la carte",
]  # fmt: skip


@pytest.mark.parametrize("meant", MEANT)
@pytest.mark.parametrize(
    "mistaken_for", ["cp1252", "latin-1", "cp1251", "mac-roman", "cp437", "cp866"]
)
def test_utf8_read_as_something_else_is_named_with_what_was_meant(meant, mistaken_for):
    try:
        found = meant.encode().decode(mistaken_for)
    except UnicodeDecodeError:
        found = meant.encode().decode("latin-1")
    assert unmistaken(found) == meant
    problem = spoiled(found, "name")
    assert problem is not None
    assert problem.code == "TEXT_MOJIBAKE"
    assert problem.is_error


@pytest.mark.parametrize(
    "right", [*MEANT, "JOÃO", "SÃO PAULO", "Ærøskøbing", "Рёмер", "РЁ", "Сергей", "漢字", "🎂", "Ωmega", "Ünï",
              "20 °C", "½ price", "„Ä“", "Straße 5", "Ðorđe", "RÉSUMÉ”", "½", "№ 5", "Ё", "Ñ", "señor’s"],
)  # fmt: skip
def test_text_that_is_right_is_left_alone(right):
    assert unmistaken(right) == ""
    assert spoiled(right, "name") is None


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ -"))
def test_russian_words_are_never_called_damaged(text):
    assert unmistaken(text) == ""


@pytest.mark.parametrize(
    ("text", "role", "code"),
    [
        ("M\ufffdller", "name", "TEXT_LOST"),
        ("????? ??????", "name", "TEXT_LOST"),
        ("4.49E+11", "text", "NUMBER_SCIENTIFIC"),
        ("4,49E+11", "postal_code", "NUMBER_SCIENTIFIC"),
        ("1234567890123450000", "text", "NUMBER_ROUNDED"),
        ("x" * 255, "text", "TEXT_CUT"),
        ("x" * 32_767, "text", "TEXT_CUT"),
        ("2024-05-12", "phone", "VALUE_IS_DATE"),
        ("2024-05-12 00:00", "name", "VALUE_IS_DATE"),
        ("5-May", "name", "VALUE_IS_DATE"),
        ("May-05", "postal_code", "VALUE_IS_DATE"),
        ("2024-01-02", "tags", "VALUE_IS_DATE"),
    ],
)
def test_a_cell_that_betrays_itself(text, role, code):
    problem = spoiled(text, role)
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize(
    ("text", "role"),
    [("1E5", "text"), ("Maria 85", "name"), ("Julia 1985", "name"), ("2024-05-12", "text"), ("May", "name"), ("really?", "text"), ("x" * 254, "text"),
     ("123456789012345", "text"), ("June 5th", "tags"), ("2.5E3", "name"), ("What???", "text")],
)  # fmt: skip
def test_a_cell_that_only_looks_like_it(text, role):
    assert spoiled(text, role) is None


def _findings(role: str, values: list[str]) -> list[str]:
    detector = DamageDetector({"C": role})
    rows = [Row("f", "", number, {"C": value}) for number, value in enumerate(values, 2)]
    assert len(list(detector.watched(rows))) == len(values)
    return [problem.message for problem in detector.findings()]


ROLES = ["email", "phone", "name", "postal_code", "tags", "list_ids", "country", "utc", "text"]
near = st.text(alphabet="0123456789aMrJuneEx.,+-? :я½²٣", min_size=1, max_size=18)


@given(
    text=st.one_of(near, st.from_regex(r"[0-9A-Za-z]{1,18}", fullmatch=True)),
    role=st.sampled_from(ROLES),
)
def test_what_rows_are_watched_for_is_what_a_cell_is_asked(text, role):
    [row] = DamageDetector({"A": role}).watched([Row("a.csv", "", 2, {"A": text})])
    asked = spoiled(text, role)
    assert [problem.code for problem in row.problems] == ([asked.code] if asked else [])


def test_a_number_one_digit_short_of_its_peers_is_named_with_its_row():
    peers = [f"7916123{n:04}" for n in range(50)]
    assert _findings("phone", [*peers, "7916123456", *peers]) == [
        "1 numbers have 10 digits, 100 others have 11: a digit is probably missing (rows 52)"
    ]


def test_postal_codes_that_lost_their_zero():
    [message] = _findings("postal_code", [*(f"9{n:04}" for n in range(90)), "2139", "1960"])
    assert "2 codes have 4 digits, 90 others have 5" in message
    assert "rows 92, 93" in message


def test_mixed_lengths_prove_nothing():
    assert _findings("phone", [*(f"7916123{n:04}" for n in range(50)), *["4155550123"] * 20]) == []
    assert _findings("postal_code", ["94103"] * 5 + ["2139"]) == []


def test_damage_refuses_the_row_and_is_told_by_check(tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        ["E-mail", "Name", "Zip", "Note"],
        *[[f"a{n}@example.com", "Ann", f"9{n:04}", "x"] for n in range(40)],
    ]
    rows[5][1] = "MÃ¼ller"
    rows[7][2] = "2139"
    rows[9][3] = "M\ufffdller"  # a column that nobody uses
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    mapping = parse_mapping(
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
        "  lead_shipping_zip: Zip\n", "m.yml", folder=tmp_path,
    )  # fmt: skip
    checked = check_file(path, mapping)
    assert checked.plan.counts == {Status.INVALID: 1}
    assert [(place, problem.code) for place, problem in checked.problems if problem.is_error] == [
        ("row 6", "TEXT_MOJIBAKE")
    ]
    assert [problem.code for _, problem in checked.plan.problems] == ["POSTAL_ZERO_LOST"]


def test_what_a_check_keeps_of_many_warnings_does_not_grow_with_the_file(tmp_path):
    """100,000 warnings cost 64 MB where 10,000 cost 60 (benchmarks/README.md); here the cause of it."""
    path = tmp_path / "a.csv"
    rows = 1500
    path.write_text(
        "E-mail,Phone\n" + "".join(f"a{n}@example.com,12-{n}\n" for n in range(rows)), "utf-8"
    )
    checked = check_file(
        path,
        {
            "version": 1,
            "fields": {
                "lead_email": "E-mail",
                "lead_phone": {"column": "Phone", "bad_value": "drop_field"},
            },
        },
    )
    assert sum(cause.rows for cause in checked.causes) == rows
    assert [len(cause.places) for cause in checked.causes] == [
        min(cause.rows, 1000) for cause in checked.causes
    ]
    assert max(cause.rows for cause in checked.causes) > 1000

"""What programs leave in cells where a value should be: named, never passed on as a name or a tag."""

from __future__ import annotations

import pytest

from bulk_import.models import Row
from bulk_import.sources.damage import DamageDetector, spoiled
from bulk_import.sources.remnants import ERROR_VALUES

WORDY = ["name", "city", "state", "address", "tags", "postal_code", "social"]
NO_VALUES = [
    ("NULL", "VALUE_PLACEHOLDER"), ("null", "VALUE_PLACEHOLDER"), (r"\N", "VALUE_PLACEHOLDER"), ("nan", "VALUE_PLACEHOLDER"),
    ("NaN", "VALUE_PLACEHOLDER"), ("NaT", "VALUE_PLACEHOLDER"), ("<NA>", "VALUE_PLACEHOLDER"), ("none", "VALUE_PLACEHOLDER"),
    ("N/A", "VALUE_PLACEHOLDER"), ("n/a", "VALUE_PLACEHOLDER"), ("(none)", "VALUE_PLACEHOLDER"), ("(blank)", "VALUE_PLACEHOLDER"),
    ("(пусто)", "VALUE_PLACEHOLDER"), ("undefined", "VALUE_PLACEHOLDER"), ("[object Object]", "VALUE_PLACEHOLDER"), ("-", "VALUE_PLACEHOLDER"),
    ("--", "VALUE_PLACEHOLDER"), ("—", "VALUE_PLACEHOLDER"), ("?", "VALUE_PLACEHOLDER"), ("xxx", "VALUE_PLACEHOLDER"),
    ("0000-00-00", "VALUE_PLACEHOLDER"), ("00/00/0000", "VALUE_PLACEHOLDER"), ("1899-12-30", "VALUE_PLACEHOLDER"), (" NULL ", "VALUE_PLACEHOLDER"),
    ("{{first_name}}", "TEXT_TEMPLATE"), ("Hi {{ name }}", "TEXT_TEMPLATE"), ("*|FNAME|*", "TEXT_TEMPLATE"), ("%FIRSTNAME%", "TEXT_TEMPLATE"),
    ("[[name]]", "TEXT_TEMPLATE"), ("${name}", "TEXT_TEMPLATE"), ("<%= name %>", "TEXT_TEMPLATE"), ("{first_name}", "TEXT_TEMPLATE"),
    ("######", "CELL_ERROR"), ("Err:502", "CELL_ERROR"), *((value, "CELL_ERROR") for value in ("#N/A", "#NAME?", "#ЗНАЧ!", "#BEZUG!")),
]  # fmt: skip


@pytest.mark.parametrize("role", WORDY)
@pytest.mark.parametrize(("text", "code"), NO_VALUES)
def test_what_is_no_value_is_named(text, code, role):
    problem = spoiled(text, role)
    assert (problem.code, problem.is_error) == (code, True)


@pytest.mark.parametrize("text", ["0", "TRUE", "нет", "keine"])
def test_what_is_no_name_is_named(text):
    assert spoiled(text, "name").code == "VALUE_PLACEHOLDER"
    assert spoiled(text, "tags") is None


@pytest.mark.parametrize("text", sorted(ERROR_VALUES))
def test_an_error_is_named_in_every_column_that_is_sent(text):
    assert all(
        spoiled(text, role).code == "CELL_ERROR" for role in ("name", "phone", "country", "text")
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("O&#039;Neill", "O'Neill"), ("O&#x27;Neill", "O'Neill"), ("Smith &amp; Co", "Smith & Co"), ("M&uuml;ller", "Müller"),
        ("D&#39;Angelo &amp;amp; Co", "D'Angelo & Co"), ("=?UTF-8?B?TcO8bGxlcg==?=", "Müller"), ("=?iso-8859-1?Q?M=FCller?=", "Müller"),
        ("M=C3=BCller", "Müller"), ("M%C3%BCller", "Müller"), (r"M\u00fcller", "Müller"), ("_x000D_Anna", "Anna"), ("Anna_x0020_Berg", "Anna Berg"),
    ],
)  # fmt: skip
def test_a_text_in_another_notation_is_named_with_what_was_meant(text, meant):
    problem = spoiled(text, "name")
    assert (problem.code, problem.is_error) == ("TEXT_ENCODED", True)
    assert repr(meant) in problem.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<b>Anna</b>", "TEXT_MARKUP"), ("Anna<br>Berg", "TEXT_MARKUP"), ('["a", "b"]', "TEXT_MARKUP"), ('{"a": 1}', "TEXT_MARKUP"),
        ('=CONCATENATE("A","B")', "FORMULA_AS_TEXT"), ("=A1&B1", "FORMULA_AS_TEXT"), ("2110.0", "NUMBER_FLOAT"), ("M?ller", "TEXT_LOST"),
        ("ï¿½", "TEXT_LOST"), ("MÃƒÂ¼ller", "TEXT_MOJIBAKE"), ("Àííà", "TEXT_MOJIBAKE"), ("Ð\u0090Ð½Ð½Ð°", "TEXT_MOJIBAKE"), ("ÐÐ½Ð½Ð°", "TEXT_MOJIBAKE"),
        ("Д°вид", "TEXT_MOJIBAKE"),
    ],
)  # fmt: skip
def test_other_damage_of_names(text, code):
    problem = spoiled(text, "name")
    assert (problem.code, problem.is_error) == (code, True)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("N??ez", "name"), ("Jos?", "name"), ("?ukasz", "name"), ("Jos? Mar?a", "name"), ("Malm?", "city"), ("?????????? S??o", "city"),
        ("Hauptstra?e 5", "address"), ("12/3 Caf?? ?tienne, Montr??al", "address"),
    ],
)  # fmt: skip
def test_letters_that_an_earlier_program_wrote_as_question_marks_are_named(text, role):
    problem = spoiled(text, role)
    assert (problem.code, problem.is_error) == ("TEXT_LOST", True)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Where? Ring twice", "address"), ("maps.example.org/a?q=x", "address"), ("Anna ?", "name"), ("vip?new", "tags"), ("?", "rule"),
        ("Anna", "name"), ("Nancy", "name"), ("Na Li", "name"), ("Ann & Bob", "name"), ("AT&T; x", "address"), ("O'Neill", "name"), ("Jean-Luc", "name"),
        ("https://x.org/M%C3%BCller", "social"), ("100% cotton", "tags"), ("50%", "tags"), ("a_b", "tags"), ("#sale", "tags"), ("#SALE!", "tags"), ("C#", "tags"),
        ("<3", "tags"), ("a < b", "address"), ("2.0", "tags"), ("v1.0", "tags"), ('["vip","news"]', "tags"), ("What?", "address"), ("none of us", "address"),
        ("NA", "country"), ("-", "rule"), ("NULL", "rule"), ("N/A", "rule"), ("ÄÖÜ", "name"), ("«IRMÃ»", "name"), ("São João", "name"), ("ÉTÉ", "city"),
        ("20 °C", "address"), ("Ø. Æ.", "name"), ("=)", "address"), ("{vip,news}", "tags"), ("%", "tags"), ("Zoë", "name"), ("Đặng", "name"),
    ],
)  # fmt: skip
def test_what_is_right_is_left_alone(text, role):
    assert spoiled(text, role) is None


def _problems(rows, **roles):
    detector = DamageDetector(roles)
    given = [Row("f", "", number, cells) for number, cells in enumerate(rows, 2)]
    found = [[(p.column, p.is_error) for p in row.problems] for row in detector.watched(given)]
    return found, [problem.code for problem in detector.findings()]


@pytest.mark.parametrize("surname", ["None", "Null", "Nan", "Nil"])
def test_a_surname_that_is_also_a_missing_value_is_doubted_and_passes(surname):
    rows = [{"Name": "Jane", "Surname": surname}, {"Name": "Ann", "Surname": "Berg"}]
    assert _problems(rows, Name="name", Surname="name") == ([[("Surname", False)], []], [])


def test_it_is_missing_beside_another_missing_value():
    rows = [{"Name": "None", "City": "nan"}, {"Name": "None", "City": "None"}]
    assert _problems(rows, Name="name", City="city")[0] == [[("Name", True), ("City", True)]] * 2


def test_it_is_missing_when_many_rows_have_it_and_the_first_are_told_of():
    found, findings = _problems([{"Surname": "None"}] * 6, Surname="name")
    assert found == [[("Surname", False)]] * 3 + [[("Surname", True)]] * 3
    assert findings == ["VALUE_PLACEHOLDER"]

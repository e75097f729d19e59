"""Looking at many cells at once: whatever the cell-by-cell walk finds, the fast one finds as well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulk_import.mapping.binding import ROLES
from bulk_import.models import Problem, Row
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.remnants import WORDS
from bulk_import.sources.spoiled import MISTAKEN, spoiled
from bulk_import.sources.suspicion import suspicious

_ROLES = sorted({*ROLES.values(), "text", "rule"})
_TELLS = [
    "NULL", " NULL ", "None", "#N/A", "####", "err:502", "Err:502 ", "{{name}}", "*|FNAME|*", "%NAME%", "${a}",
    "O&#039;Neill", "<b>x</b>", "=?UTF-8?B?0JjQstCw0L0=?=", "M%C3%BCller", "M=C3=BCller", "\\u0041", "_x000D_",
    "=SUM(A1:A2)", "= A1", "123.0", "1234.0 ", "Jos?", "M?ller", "???", "? ???.", "4.49E+11", "-1,5E+9",
    "1234567890123450", "123456789012345600", "2024-05-12", "2024-05-12 10:00:00", "12-May", "May-85", "1-янв",
    "x" * 255, "x" * 254, "\ufffd", "ï¿½", "Àííà", "Ïðèâåò", "M°ller", "Ã¼", "Ð€", '[{"a": 1}]', "{}", "(none)",
    "a\x1eb", "\x1e", "NULL\x1e", "\x1e2024-05-12",
]  # fmt: skip
_PLAIN = [
    "Anna", "Müller", "Иван Петров", "Łódź", "Ελένη", "+14155550123", "(415) 555-0123", "p7@example.org",
    "10115", "vip; new", "United States", "-8", "12 Main St", "тАЬ", "ра", "рАА", "СЏ", "√º", "├╝", "\n", " ", "\u00a0",
]  # fmt: skip
_MEANT = st.text(
    st.characters(codec="utf-8", categories=("L", "P", "N")), min_size=1, max_size=4
) | st.sampled_from(["ü", "é à", "Иван", "“quote”", "€", "ñ №"])


@st.composite
def _mistaken(draw) -> str:
    encoding = draw(st.sampled_from([*(name for name, _ in MISTAKEN), "latin-1"]))
    return draw(_MEANT).encode().decode(encoding, errors="replace")


_CELLS = st.lists(
    st.sampled_from(_TELLS)
    | st.sampled_from(_PLAIN)
    | st.sampled_from(sorted(WORDS))
    | _mistaken(),
    min_size=1,
    max_size=3,
).map("".join) | st.text(min_size=1, max_size=20)


@given(role=st.sampled_from(_ROLES), texts=st.lists(_CELLS, min_size=1, max_size=30, unique=True))
@example(role="name", texts=_TELLS)
@example(role="phone", texts=_TELLS)
def test_no_spoiled_cell_escapes_the_look_at_many(role, texts):
    walked = {text for text in texts if spoiled(text, role) is not None}
    assert walked <= set(suspicious(texts, role))


@pytest.mark.parametrize("role", _ROLES)
def test_a_spoiled_cell_among_sound_ones_is_suspicious(role):
    texts = [text for text in {*_TELLS, *WORDS} if spoiled(text, role) is not None]
    among = [["sound", text, "sound too"] for text in texts]
    assert [suspicious(one, role) for one in among] == among


def test_sound_cells_are_not_judged_one_by_one():
    names = [f"Anna{at}" for at in range(1000)]
    russian = [f"Иван Петров {at}" for at in range(1000)]
    german = [f"Jürgen Müller {at}" for at in range(1000)]
    phones = [f"+1415555{at:04d}" for at in range(1000)]
    for texts, role in ((names, "name"), (russian, "name"), (german, "name"), (phones, "phone")):
        assert not suspicious(texts, role)


def test_one_spoiled_cell_costs_only_its_neighbours():
    names = [f"Anna{at}" for at in range(1000)]
    names[700] = "{{first_name}}"
    found = suspicious(names, "name")
    assert "{{first_name}}" in found
    assert len(found) <= 8


def _walked(rows: list[Row], roles: dict[str, str]) -> list[tuple[Problem, ...]]:
    """What each cell by itself says, in the order of the columns; without placeholders."""
    return [
        tuple(
            replace(problem, column=column)
            for column, role in roles.items()
            if row.cells[column] and (problem := spoiled(row.cells[column], role)) is not None
        )
        for row in rows
    ]


@given(st.lists(st.tuples(st.just("") | _CELLS, st.just("") | _CELLS), max_size=40))
def test_rows_have_the_problems_of_their_cells(cells):
    roles = {"Name": "name", "Note": "text"}
    rows = [
        Row("a.csv", "", number, {"Name": name, "Note": note})
        for number, (name, note) in enumerate(cells, 2)
    ]
    found = [row.problems for row in DamageDetector(roles).watched(rows)]
    # Doubtful placeholders are weighed against the others, so their severity and words may differ.
    assert [[(p.code, p.column, p.value) for p in one] for one in found] == [
        [(p.code, p.column, p.value) for p in one] for one in _walked(rows, roles)
    ]


def test_rows_before_a_failure_of_reading_are_not_lost():
    def failing():
        for number in range(2, 702):
            yield Row("a.csv", "", number, {"Name": "nan" if number == 600 else "Anna"})
        raise ValueError("cut off")

    found = []
    with pytest.raises(ValueError, match="cut off"):
        found.extend(DamageDetector({"Name": "name"}).watched(failing()))
    assert [row.number for row in found] == list(range(2, 702))
    assert [row.number for row in found if row.problems] == [600]


def test_a_cell_that_repeats_is_spoiled_in_every_row():
    rows = [
        Row("a.csv", "", number, {"City": "{{city}}" if number % 3 else "Bonn"})
        for number in range(2, 3002)
    ]
    found = list(DamageDetector({"City": "city"}).watched(rows))
    assert [bool(row.problems) for row in found] == [bool(row.number % 3) for row in found]

"""``skip`` and ``only`` of one cell: what keeps a row back, what lets it pass, and what decides nothing."""

from __future__ import annotations

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.rules import BoundRule
from bulk_import.mapping.schema import RowRule
from bulk_import.models import Problem, Record, Row


def rule(*values: str, section: str = "skip", because: str = "") -> BoundRule:
    return BoundRule.bind(
        section, RowRule(column=("Opt",), values=values, because=because), ("Opt",)
    )


def said(bound: BoundRule, cell: str) -> str:
    refusal = bound.refusal({"Opt": cell})
    if refusal is None:
        return ""
    assert (refusal.code, refusal.column, refusal.value) == ("SKIPPED", "Opt", cell)
    return refusal.message


@pytest.mark.parametrize(
    ("section", "values", "kept_back", "passes"),
    [
        ("skip", ["yes"], ["yes", " YES ", "\uff39es"], ["no", "", "yes!", "Yes, please"]),
        ("only", ["yes"], ["no", "", "yes!"], ["yes", " YES "]),
        ("skip", ["empty"], ["", "  ", "empty"], ["no"]),
        ("only", ["empty", "no"], ["yes"], ["", " ", "No", "empty"]),
        ("skip", ["says no"], ["do not e-mail", "vip, unsubscribed"], ["", "no", "vip"]),
        ("only", ["says no"], ["", "vip"], ["do not e-mail", "says no"]),
        ("skip", ["x"], ["x"], ["do not e-mail"]),
    ],
)  # fmt: skip
def test_a_rule_keeps_back_or_lets_pass(section, values, kept_back, passes):
    bound = rule(*values, section=section)
    assert [cell for cell in kept_back if not said(bound, cell)] == []
    assert [cell for cell in passes if said(bound, cell)] == []


def test_a_refusal_names_the_cell_in_one_line_the_section_and_the_reason():
    assert said(rule("a b"), " A\n B ") == "'A B' (skip)"
    assert said(rule("empty", because="nobody asked"), " ") == "empty (skip: nobody asked)"
    assert said(rule("yes", section="only", because="no consent"), "x") == "'x' (only: no consent)"


@pytest.mark.parametrize("cell", ["#N/A", "#n/a", " #REF! ", "#ССЫЛКА!"])
def test_a_cell_with_an_error_of_a_spreadsheet_decides_nothing(cell):
    problem = rule("yes", section="only").damage({"Opt": cell})
    assert problem == Problem(
        "CELL_ERROR",
        f"{cell.strip()} stands where the only rule looks; repair the cell",
        column="Opt",
        value=cell.strip(),
    )


@pytest.mark.parametrize("cell", ["", "N/A", "#1 customer", "yes", "REF!", "#"])
def test_any_other_cell_does(cell):
    assert rule("yes").damage({"Opt": cell}) is None


def test_a_rule_that_cannot_be_decided_says_so_for_the_contact():
    assert rule("x").unreadable() == Problem(
        "RULE_UNREADABLE",
        "the skip rule cannot be decided, so the contact is not sent",
        column="Opt",
    )
    assert rule("x", section="only", because="no consent").unreadable().message == (
        "the only rule (no consent) cannot be decided, so the contact is not sent"
    )


# -- among the cells of a row ------------------------------------------------------------------------

HEADER = ("E-mail", "Work", "A", "B")
MAPPING = """version: 1
fields:
  lead_email: {columns: [E-mail, Work], several: first}
skip: [{column: A, values: [x], because: a}]
only: [{column: B, values: [x]}]
"""


def mapper(text: str = MAPPING) -> RowMapper:
    return RowMapper(bind(parse_mapping(text), HEADER))


def record(*cells: str, problems: tuple[Problem, ...] = ()) -> Record:
    return mapper().record(Row("a.csv", "", 2, dict(zip(HEADER, cells, strict=True)), problems))


def test_the_first_rule_that_refuses_is_named_with_all_addresses_of_the_person():
    skipped = record("a@b.org; c@d.org", "E@f.org", "x", "y").skipped
    assert skipped is not None
    assert (skipped.column, skipped.value) == ("A", "a@b.org; c@d.org; E@f.org")
    one = record("a@b.org", "", "", "").skipped
    assert one is not None
    assert (one.column, one.message, one.value) == ("B", "empty (only)", "")
    assert record("a@b.org", "", "", "x").skipped is None


def test_a_rule_cell_that_reading_found_damaged_refuses_the_row_instead_of_skipping_it():
    torn = Problem("CELL_CUT", "is cut off", column="A", value="x")
    found = record("a@b.org", "c@d.org", "x", "x", problems=(torn,))
    assert found.skipped is None
    assert [(p.code, p.column, p.value) for p in found.errors] == [
        ("CELL_CUT", "A", "x"), ("RULE_UNREADABLE", "A", "a@b.org; c@d.org"),
    ]  # fmt: skip
    found = record("a@b.org", "", "#N/A", "y")
    assert found.skipped is None
    assert [(p.code, p.column) for p in found.errors] == [
        ("CELL_ERROR", "A"), ("RULE_UNREADABLE", "A"),
    ]  # fmt: skip


def test_a_rule_that_refuses_before_a_damaged_cell_is_looked_at_decides():
    found = record("a@b.org", "", "x", "#N/A")
    assert found.skipped is not None
    assert (found.skipped.column, found.errors) == ("A", ())


def test_whether_a_rule_keeps_a_row_back_is_asked_of_its_cells_alone():
    one = mapper()
    cells = dict(zip(HEADER, ("a@b.org", "", "", "x"), strict=True))
    assert not one.keeps_back(cells)
    assert one.keeps_back(cells | {"A": "X"})
    assert one.keeps_back(cells | {"B": ""})
    assert not mapper(MAPPING.partition("skip:")[0]).keeps_back(cells | {"A": "x"})


@pytest.mark.parametrize(
    ("section", "values", "kept_back", "passes"),
    [
        ("skip", ["no"], [("yes", "no"), ("no", "yes"), ("", "no"), ("no", "")], [("yes", "yes"), ("", ""), ("", "yes")]),
        ("only", ["yes"], [("yes", "no"), ("no", "yes"), ("", "no"), ("", "")], [("yes", "yes"), ("", "yes"), ("yes", " ")]),
        ("skip", ["empty"], [("", ""), (" ", "")], [("yes", ""), ("", "yes")]),
        ("only", ["yes", "empty"], [("no", ""), ("", "no")], [("", ""), ("yes", ""), ("", "yes")]),
    ],
)  # fmt: skip
def test_of_several_columns_every_filled_cell_is_looked_at(section, values, kept_back, passes):
    mapping = parse_mapping(
        f"version: 1\nfields: {{lead_email: E-mail}}\n"
        f"{section}: [{{column: [Opt in, Opt-in, Gone], values: {values}}}]\n"
    )
    mapper = RowMapper(bind(mapping, ("E-mail", "Opt in", "Opt-in")))
    rows = [
        Row("a.csv", "", at, {"E-mail": f"p{at}@b.org", "Opt in": one, "Opt-in": other})
        for at, (one, other) in enumerate([*kept_back, *passes], 2)
    ]
    are_sent = [False] * len(kept_back) + [True] * len(passes)
    assert [form is not None for form in mapper.forms(rows)] == are_sent
    records = [mapper.record(row) for row in rows]
    assert [record.skipped is None for record in records] == are_sent


def test_a_refusal_names_the_column_that_says_no_of_several():
    columns = ("Opt", "News")
    bound = BoundRule.bind("skip", RowRule(column=columns, values=("no",)), columns)
    refusal = bound.refusal({"Opt": "yes", "News": "no"})
    assert refusal is not None
    assert (refusal.column, refusal.value) == ("News", "no")


def test_a_damaged_cell_in_any_of_several_columns_decides_nothing():
    columns = ("Opt", "News")
    bound = BoundRule.bind("only", RowRule(column=columns, values=("yes",)), columns)
    problem = bound.damage({"Opt": "yes", "News": "#N/A"})
    assert problem is not None
    assert (problem.column, problem.value) == ("News", "#N/A")

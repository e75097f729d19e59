"""Checks of one's own on one row: what each refuses, in which words, and which cells it cannot judge."""

from __future__ import annotations

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.checks import LONGEST_PATTERN, BoundCheck, Pattern
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.schema import Check
from bulk_import.models import Problem, Row

HEADER = ("E-mail", "No", "Tags")
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n  add_tags: Tags\n"


def bound(**options: object) -> BoundCheck:
    check = Check.model_validate({"column": "No"} | options)
    return BoundCheck.bind(0, check, "No")


def said(check: BoundCheck, cell: str = "", **values: str) -> list[tuple[str, str]]:
    return [(p.code, p.message) for p in check.problems({"No": cell}, values)]


@pytest.mark.parametrize(
    ("options", "good", "bad", "code", "message"),
    [
        ({"require": True}, ["x", " x "], ["", "  "], "VALUE_REQUIRED", "is empty, and must not be"),
        ({"pattern": "[0-9]+"}, ["12", " 12 ", ""], ["1a"], "VALUE_PATTERN", "'1a' does not have the form [0-9]+"),
        ({"one_of": ["A b", "c"]}, [" a  B", "C", ""], ["d"], "VALUE_NOT_LISTED", "'d' is not one of A b, c"),
        ({"unique": True}, ["", "x"], [], "", ""),
    ],
)  # fmt: skip
def test_what_a_check_refuses(options, good, bad, code, message):
    check = bound(**options)
    assert [cell for cell in good if said(check, cell)] == []
    assert [said(check, cell) for cell in bad] == [[(code, message)]] * len(bad)
    because = bound(**options, because="the CRM wants it")
    assert [said(because, cell) for cell in bad] == [[(code, f"{message} (the CRM wants it)")]] * len(bad)  # fmt: skip


def test_a_value_may_fail_in_two_ways():
    check = bound(pattern="[a-z]", one_of=["x"])
    assert [code for code, _ in said(check, "Q")] == ["VALUE_PATTERN", "VALUE_NOT_LISTED"]
    assert [code for code, _ in said(check, "q")] == ["VALUE_NOT_LISTED"]
    assert said(check, "x") == []


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 60), (61, f"{'x' * 60}…")])
def test_a_long_value_is_shown_by_its_beginning(length, shown):
    (_, message), *_ = said(bound(one_of=["a"]), "x" * length)
    assert message == f"{shown!r} is not one of a"


@pytest.mark.parametrize(("number", "more"), [(10, ""), (11, ", …")])
def test_ten_of_the_values_that_are_allowed_are_shown(number, more):
    allowed = [f"v{n}" for n in range(number)]
    ((_, message),) = said(bound(one_of=allowed), "z")
    assert message == f"'z' is not one of {', '.join(allowed[:10])}{more}"


@pytest.mark.parametrize("field", ["add_tags", "remove_tags", "add_to_lists", "remove_from_lists"])
def test_of_tags_and_lists_each_one_has_to_be_allowed(field):
    check = BoundCheck.bind(0, Check(field=field, one_of=("vip", "New")), "Tags")
    assert said(check, **{field: "VIP,new"}) == []
    assert said(check, **{field: "vip,old"}) == [("VALUE_NOT_LISTED", "'vip,old' is not one of vip, New")]  # fmt: skip
    assert said(BoundCheck.bind(0, Check(field="lead_city", one_of=("a,b",)), ""), lead_city="A,b") == []  # fmt: skip


def test_a_check_of_a_field_looks_at_what_would_be_sent_and_points_at_its_column():
    check = BoundCheck.bind(0, Check(field="lead_phone", require=True), "Phone")
    assert said(check, lead_phone="+1") == []
    assert list(check.problems({}, {})) == [
        Problem("VALUE_REQUIRED", "is empty, and must not be", column="Phone", field="lead_phone")
    ]
    assert check.damage({}) is None


@pytest.mark.parametrize("cell", ["#N/A", " #ref! ", "#ССЫЛКА!"])
def test_an_error_of_a_spreadsheet_satisfies_nothing(cell):
    assert bound(require=True).damage({"No": cell}) == Problem(
        "CELL_ERROR", f"{cell.strip()} stands where a check looks; correct the cell", column="No", value=cell.strip(),
    )  # fmt: skip


@pytest.mark.parametrize("cell", ["", "#1", "#", "N/A", "x", "REF!"])
def test_any_other_cell_is_judged(cell):
    assert bound(require=True).damage({"No": cell}) is None


def test_what_may_come_once_is_compared_folded_and_only_where_it_is_asked_for():
    check = bound(unique=True)
    assert [check.key({"No": cell}, {}) for cell in (" A  b", "", " ")] == ["a b", "", ""]
    assert bound(require=True).key({"No": "A"}, {}) == ""
    assert check.twice("row 7", {"No": "A"}, {}) == Problem(
        "VALUE_TWICE", "'A' is in row 7 too", column="No", value="A"
    )


def test_a_pattern_has_a_thousand_characters_at_most():
    assert Pattern("a" * LONGEST_PATTERN).matches("a" * LONGEST_PATTERN)
    with pytest.raises(ValueError, match=r"^a pattern has at most 1,000 characters$"):
        Pattern("a" * (LONGEST_PATTERN + 1))


# -- among the other findings of a row -----------------------------------------------------------------


def codes(checks: str, problems: tuple[Problem, ...] = (), **cells: str) -> list[tuple[str, str]]:
    mapper = RowMapper(bind(parse_mapping(f"{HEAD}checks: {checks}\n"), HEADER))
    row = Row("a", "", 2, {"E-mail": "a@b.org", "No": "", "Tags": ""} | cells, problems)
    return [(p.code, p.column) for p in mapper.record(row).problems]


def test_a_field_that_is_refused_already_is_not_refused_again():
    check = "[{field: add_tags, require: yes}]"
    assert codes(check) == [("VALUE_REQUIRED", "Tags")]
    torn = (Problem("CELL_ERROR", "m", column="Tags", value="#N/A"),)
    assert codes(check, torn, Tags="#N/A") == [("CELL_ERROR", "Tags")]


def test_a_damaged_cell_is_told_once_whatever_looks_at_it():
    checks = "[{column: No, require: yes}, {column: No, pattern: x}]"
    assert codes(checks, No="#N/A") == [("CELL_ERROR", "No")]
    torn = (Problem("CELL_CUT", "m", column="No", value="y"),)
    assert codes(checks, torn, No="y") == [("CELL_CUT", "No")]
    assert codes(checks, No="y") == [("VALUE_PATTERN", "No")]


def test_unique_values_of_a_row_are_given_with_the_number_of_their_check():
    checks = (
        "[{column: No, require: yes}, {column: No, unique: yes}, {field: add_tags, unique: yes}]"
    )
    mapper = RowMapper(bind(parse_mapping(f"{HEAD}checks: {checks}\n"), HEADER))
    cells = {"E-mail": "a@b.org", "No": " X ", "Tags": ""}
    assert mapper.has_unique
    assert list(mapper.unique_keys(cells, {"add_tags": "b"})) == [(1, "x"), (2, "b")]
    assert list(mapper.unique_keys(cells | {"No": ""}, {})) == []
    assert mapper.twice(2, "row 9", cells, {"add_tags": "b"}).message == "'b' is in row 9 too"
    assert not RowMapper(bind(parse_mapping(HEAD), HEADER)).has_unique

"""Rows of one contact made one: what each of them said is kept, and what contradicts is said."""

from __future__ import annotations

import pytest

from bulk_import.mapping.merging import merge_records
from bulk_import.models import Problem, Record, Row, Severity


def made(number: int, problems: tuple[Problem, ...] = (), **fields: str) -> Record:
    row = Row("a.csv", "", number, {"E-mail": f"{number}"})
    return Record(row, "a@b.org", "a@b.org", tuple(fields.items()), problems, others=(f"{number}@x.org",))  # fmt: skip


def warning(code: str, column: str = "") -> Problem:
    return Problem(code, "m", column=column, severity=Severity.WARNING)


def test_the_last_row_stands_for_the_contact_with_the_warnings_of_all():
    once, twice = warning("ONCE"), warning("TWICE", "A")
    merged = merge_records([made(2, (twice,)), made(3, (once, twice)), made(4, (warning("LAST"),))])
    assert merged == made(4, (twice, once, warning("LAST")))


def test_one_row_alone_stays_as_it_is():
    one = made(2, (warning("X"),), lead_first_name="Ann", lead_email="a@b.org")
    assert merge_records([one]).problems == one.problems
    assert dict(merge_records([one]).fields) == dict(one.fields)


@pytest.mark.parametrize(
    ("rows", "conflicts"),
    [
        ([{"add_tags": "x,y"}, {"remove_tags": "y,z"}], [("remove_tags", "y")]),
        ([{"remove_tags": "z,y"}, {"add_tags": "y,x,z"}], [("remove_tags", "y, z")]),
        ([{"add_to_lists": "a"}, {"remove_from_lists": "a"}], [("remove_from_lists", "a")]),
        ([{"add_tags": "x", "add_to_lists": "a"}, {"remove_tags": "x", "remove_from_lists": "a"}],
         [("remove_tags", "x"), ("remove_from_lists", "a")]),
        ([{"add_tags": "x"}, {"remove_tags": "X"}], []),
        ([{"add_tags": "a"}, {"remove_from_lists": "a"}], []),
        ([{"add_tags": ""}, {"remove_tags": ""}], []),
        ([{"add_tags": "x"}, {"lead_first_name": "x"}], []),
    ],
)  # fmt: skip
def test_what_one_row_adds_and_another_removes_is_a_warning_for_each_field(rows, conflicts):
    merged = merge_records([made(n, (warning("OLD"),), **row) for n, row in enumerate(rows, 2)])
    assert merged.problems == (
        warning("OLD"),
        *(
            Problem(
                "MERGE_CONFLICT", f"{both} is added by one row of the contact and removed by another",
                field=field, severity=Severity.WARNING,
            )
            for field, both in conflicts
        ),
    )  # fmt: skip
    assert merged.is_valid


@pytest.mark.parametrize(
    ("values", "united"),
    [
        (["x,y", "y,z", "x"], "x,y,z"), (["", "x"], "x"), (["x", ""], "x"), (["", ""], ""), (["x"], "x"),
        (["x,,y", "z"], "x,y,z"), (["x", "X"], "x,X"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["add_tags", "remove_tags", "add_to_lists", "remove_from_lists"])
def test_tags_and_lists_of_all_rows_are_united_in_their_order(field, values, united):
    merged = merge_records([made(n, **{field: value}) for n, value in enumerate(values, 2)])
    assert merged.fields == ((field, united),)


@pytest.mark.parametrize(
    ("values", "value"),
    [(["a", "b"], "b"), (["a", ""], "a"), (["", "b"], "b"), (["", ""], ""), (["a", "b", ""], "b")],
)
def test_of_other_fields_the_last_that_says_something_wins(values, value):
    merged = merge_records([made(n, lead_city="x", lead_first_name=one) for n, one in enumerate(values, 2)])  # fmt: skip
    assert dict(merged.fields)["lead_first_name"] == value


def test_a_row_that_clears_a_field_does_not_take_what_another_has():
    cleared = merge_records([made(2, lead_phone="+1", add_tags=""), made(3, lead_phone="", add_tags="x")])  # fmt: skip
    assert dict(cleared.fields) == {"lead_phone": "+1", "add_tags": "x"}


def test_known_fields_come_in_the_order_of_the_form_and_others_after_them_as_they_came():
    merged = merge_records(
        [made(2, zeta="1", lead_phone="+1"), made(3, alpha="2", lead_email="a@b.org", zeta="3")]
    )
    assert merged.fields == (
        ("lead_email", "a@b.org"), ("lead_phone", "+1"), ("zeta", "3"), ("alpha", "2"),
    )  # fmt: skip

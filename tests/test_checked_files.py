"""What a check says of a file: causes, their places and fixes, what is refused as a whole, and what it would send."""

from __future__ import annotations

import pandas as pd
import pytest

from bulk_import.jobs.checking import (
    Cause,
    check_file,
    check_file_async,
    check_frame,
    check_frame_async,
    contacts_of,
)
from bulk_import.mapping.advice import follows_advice
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Outcome, Problem, Status

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
PHONES = f"{HEAD}  lead_phone: Phone\n"


def causes(checked) -> list[tuple[str, str, bool, int, list[str]]]:
    return [
        (cause.code, cause.column, cause.is_error, cause.rows, [place for place, _ in cause.places])
        for cause in checked.causes
    ]


ROWS = [
    ["E-mail", "Phone"],
    ["nobody", "12"],
    ["a@b.org", "+14155552671 x7"],
    ["b@b.org", "12"],
    ["c@b.org", "13"],
    ["", "14"],
    ["d@gmial.com", ""],
]


def test_causes_are_counted_by_code_and_column_errors_first_and_the_most_frequent_first(write_csv):
    checked = check_file(write_csv(ROWS), parse_mapping(PHONES))
    assert causes(checked) == [
        ("PHONE_INVALID", "Phone", True, 4, ["row 2", "row 4", "row 5", "row 6"]),
        ("EMAIL_INVALID", "E-mail", True, 1, ["row 2"]),
        ("EMAIL_MISSING", "", True, 1, ["row 6"]),
        ("PHONE_EXTENSION_DROPPED", "Phone", False, 1, ["row 3"]),
        ("EMAIL_TYPO", "E-mail", False, 1, ["row 7"]),
    ]
    assert [place for place, _ in checked.problems] == [
        "row 2", "row 4", "row 5", "row 6", "row 2", "row 6", "row 3", "row 7",
    ]  # fmt: skip
    assert (checked.exit_code, checked.refusal, checked.rows) == (1, "", (6,))
    assert (checked.plan.to_send, checked.plan.counts) == (2, {Status.INVALID: 4})
    assert (checked.plan.endpoint, checked.plan.rows_read) == ("", 6)


def test_a_clean_file_has_no_causes(write_csv):
    checked = check_file(write_csv([["E-mail"], ["a@b.org"], ["b@b.org"]]), parse_mapping(HEAD))
    assert (checked.causes, checked.problems, checked.exit_code) == ((), [], 0)
    assert (checked.fixes, checked.refusal, checked.lists, checked.columns) == ((), "", (), {})
    assert [info.header for info in checked.sources] == [("E-mail",)]


def test_rows_of_several_files_are_told_with_their_file(write_csv):
    one = write_csv([["E-mail"], ["nobody"]], name="one.csv")
    two = write_csv([["E-mail"], ["a@b.org"], ["no one"]], name="two.csv")
    checked = check_file([one, two], parse_mapping(HEAD))
    assert [place for place, _ in checked.problems] == [f"{one}: row 2", f"{two}: row 3"]
    assert checked.rows == (1, 2)


def test_the_fix_of_a_cause_is_another_where_the_mapping_follows_the_advice():
    asked = Cause("UTC_OFFSET_DST", "Zone", is_error=False)
    followed = Cause("UTC_OFFSET_DST", "Zone", is_error=False, follows_advice=True)
    assert (asked.fix, followed.fix) == (
        "dst: current sends the one in force.", "Nothing, if the one in force is wanted.",
    )  # fmt: skip
    assert Cause("NO_SUCH_CODE", "", is_error=True).fix == ""


@pytest.mark.parametrize(
    ("lines", "field", "code", "follows"),
    [
        ("  lead_phone: P\n", "lead_phone", "PHONE_INVALID", False),
        ("  lead_phone: {column: P, bad_value: drop_field}\n", "lead_phone", "PHONE_INVALID", True),
        ("  lead_phone: P\nwhen: {bad_value: drop_field}\n", "lead_phone", "PHONE_INVALID", True),
        ("  lead_phone: {column: P, bad_value: refuse_row}\nwhen: {bad_value: drop_field}\n", "lead_phone", "PHONE_INVALID", False),
        ("when: {bad_value: drop_field}\n", "lead_phone", "PHONE_INVALID", False),
        ("extra: {crm: {column: P, bad_value: drop_field}}\n", "crm", "VALUE_PLACEHOLDER", True),
        ("  lead_phone: {column: P, bad_value: drop_field}\n", "lead_phone", "PHONE_NO_COUNTRY", False),
        ("  lead_phone: {column: P, bad_value: drop_field}\n", "lead_phone", "NO_SUCH_CODE", False),
        ("  lead_first_name: {column: P, part: first}\n", "lead_first_name", "NAME_NOT_SPLIT", False),
        ("  lead_first_name: {column: P, part: first, order: last_first}\n", "lead_first_name", "NAME_NOT_SPLIT", True),
        ("  lead_utc: P\n", "lead_utc", "UTC_OFFSET_DST", False),
        ("  lead_utc: {column: P, dst: current}\n", "lead_utc", "UTC_OFFSET_DST", True),
    ],
)  # fmt: skip
def test_a_mapping_follows_an_advice_by_its_rule_or_else_by_what_holds_for_all(
    lines, field, code, follows
):
    assert follows_advice(parse_mapping(HEAD + lines).spec, field, code) == follows


def test_a_cause_keeps_a_thousand_places_and_counts_all():
    cause = Cause("X", "", is_error=True)
    for number in range(1002):
        cause.add(f"row {number}", Problem("X", "m"))
    assert (cause.rows, len(cause.places), cause.places[-1][0]) == (1002, 1000, "row 999")


def test_advice_that_is_followed_is_known_by_the_field_of_the_cause(write_csv):
    source = write_csv([["E-mail", "Phone"], ["a@b.org", "12"]])
    for option, is_followed in (("refuse_row", False), ("drop_field", True)):
        mapping = f"{HEAD}  lead_phone: {{column: Phone, bad_value: {option}}}\n"
        (cause,) = check_file(source, parse_mapping(mapping)).causes
        assert (cause.is_error, cause.follows_advice) == (not is_followed, is_followed)


# -- a file as a whole -------------------------------------------------------------------------------


def test_a_file_that_a_run_would_refuse_as_a_whole_is_judged_all_the_same(write_csv):
    source = write_csv([["E-mail", "N"], ["a@b.org", "x"], ["", "x"]])
    checked = check_file(source, parse_mapping(f"{HEAD}min_rows: 3\n"))
    assert checked.refusal == (
        "2 rows, and the mapping asks for at least 3 (min_rows); nothing was sent"
    )
    assert (checked.exit_code, checked.plan.to_send) == (1, 1)
    good = check_file(source, parse_mapping(f"{HEAD}min_rows: 2\nwhen: {{no_email: create}}\n"))
    assert good.refusal == ""


def test_the_columns_of_tags_and_lists_are_named_from_all_files(write_csv):
    one = write_csv([["E-mail", "Tags"], ["a@b.org", "x"]], name="one.csv")
    two = write_csv([["E-mail", "Labels"], ["b@b.org", "y"]], name="two.csv")
    mapping = f"{HEAD}  add_tags: [Tags, Labels]\n  remove_tags: {{always: [old]}}\n"
    checked = check_file([one, two], parse_mapping(mapping))
    assert checked.columns == {"add_tags": ("Tags", "Labels"), "remove_tags": ()}


def test_tags_of_rows_that_gave_way_to_others_are_not_counted(write_csv):
    rows = [["E-mail", "Tags"], ["a@b.org", "x"], ["A@b.org", "y"], ["b@b.org", "x"]]
    changes = {}
    for policy in ("send", "last", "merge"):
        mapping = f"{HEAD}  add_tags: Tags\nwhen: {{duplicate: {policy}}}\n"
        checked = check_file(write_csv(rows), parse_mapping(mapping))
        changes[policy] = {name: dict(rows) for name, rows in checked.plan.changes.items()}
    assert changes == {
        "send": {"add_tags": {"x": 2, "y": 1}},
        "last": {"add_tags": {"y": 1, "x": 1}},
        "merge": {"add_tags": {"x": 2, "y": 1}},
    }


# -- every row, and frames ---------------------------------------------------------------------------


def test_each_row_is_told_in_order_with_what_would_become_of_it(write_csv):
    told: list[Outcome] = []
    mapping = parse_mapping(f"{HEAD}skip: [{{column: Phone, values: [12]}}]\n")
    check_file(write_csv(ROWS), mapping, on_row=told.append)
    assert [(outcome.row, outcome.status) for outcome in told] == [
        (2, Status.SKIPPED), (3, Status.NOT_SENT), (4, Status.SKIPPED), (5, Status.NOT_SENT), (6, Status.INVALID), (7, Status.NOT_SENT),
    ]  # fmt: skip


def test_the_contacts_that_would_be_sent_are_listed_once_each_in_order(write_csv):
    rows = [["E-mail"], ["b@b.org"], ["A@b.org"], ["nobody"], ["B@b.org"], [""], ["c@b.org"]]
    assert contacts_of(write_csv(rows), parse_mapping(HEAD)) == ["b@b.org", "a@b.org", "c@b.org"]


async def test_frames_are_checked_as_files_are(write_csv):
    frame = pd.DataFrame([["nobody", "12"], ["a@b.org", ""]], columns=["E-mail", "Phone"])
    mapping = parse_mapping(PHONES)
    told: list[int] = []
    found = check_frame(frame, mapping, name="people", on_row=lambda one: told.append(one.row))
    assert (causes(found)[0][4], told) == (["row 2"], [2, 3])
    assert [info.name for info in found.sources] == ["people"]
    assert causes(await check_frame_async(frame, mapping)) == causes(found)
    assert check_frame(frame, mapping).sources[0].name == "frame"
    source = write_csv([["E-mail", "Phone"], ["nobody", "12"], ["a@b.org", ""]])
    assert causes(await check_file_async(source, mapping)) == causes(found)


@pytest.mark.parametrize("column", ["No", "E-mail"])
def test_a_value_that_may_come_once_is_looked_for_in_all_rows(write_csv, column):
    rows = [["E-mail", "No"], ["a@b.org", "1"], ["b@b.org", "1"], ["b@b.org", "2"]]
    mapping = parse_mapping(f"{HEAD}checks: [{{column: {column}, unique: yes}}]\n")
    (cause,) = check_file(write_csv(rows), mapping).causes
    assert (cause.code, cause.rows) == ("VALUE_TWICE", 2)

"""The judged rows behind the page: what each filter finds, what a cell says, what a correction settles."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.grid import Cause, Counts, Filter, Line
from bulk_import.jobs.reviewing import Review, throw_away
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from bulk_import.run.judging import JudgingStoppedError

HEADER = ["E-mail", "Name", "Phone", "Note"]
ROWS = [
    ["ann@x.org", "Ann", "+14155550123", "first"],
    ["bob@x.org", "Bob", "12", "Second 100%"],
    ["nobody", "NULL", "13", ""],
    ["out@x.org", "Out", "", "second"],
    ["cat@x.org", "Acme Ltd", "", "SECOND"],
    ["skip@x.org", "Sue", "", "leave out"],
]
MAPPING = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: {column: Name, part: first}
  lead_phone: Phone
  add_tags: {always: [vip]}
suppress: [out.csv]
"""
SKIP = "skip: [{column: Note, values: [leave out]}]\n"


def judge(folder: Path, text: str = MAPPING + SKIP, rows: list[list[str]] = ROWS) -> Review:
    (folder / "out.csv").write_text("E-mail\nout@x.org\n")
    (folder / "m.yml").write_text(text)
    (folder / "review").mkdir(exist_ok=True)
    with (folder / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return Review.judge(folder / "review", str(folder / "a.csv"), load_mapping(folder / "m.yml"))


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Iterator[Review]:
    """The rows above, for tests that change nothing."""
    found = judge(tmp_path_factory.mktemp("looked at"))
    yield found
    found.close()


@pytest.fixture
def judged(tmp_path) -> Iterator[Callable[..., Review]]:
    """Judge rows under a mapping, to be changed; what was opened is closed at the end."""
    opened: list[Review] = []

    def open_(*args: str, **options: list[list[str]]) -> Review:
        opened.append(judge(tmp_path, *args, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def seqs(review: Review, wanted: Filter, first: int = 0, rows: int = 10) -> list[int]:
    return [line.seq for line in review.window(wanted, first, rows)]


# -- looking ---------------------------------------------------------------------------------------------


def test_rows_are_counted_by_how_they_stand_and_why_mistakes_before_doubts(review):
    assert review.counts() == Counts(
        6,
        {"ready": 2, "invalid": 2, "suppressed": 1, "skipped": 1},
        (
            Cause("PHONE_INVALID", 2, is_error=True, columns=("Phone",)),
            Cause("EMAIL_INVALID", 1, is_error=True, columns=("E-mail",)),
            Cause("SKIPPED", 1, is_error=True, columns=("Note",)),
            Cause("SUPPRESSED", 1, is_error=True),
            Cause("VALUE_PLACEHOLDER", 1, is_error=True, columns=("Name",)),
            Cause("NAME_NOT_A_PERSON", 1, is_error=False, columns=("Name",)),
        ),
        {"Phone": 2, "": 1, "E-mail": 1, "Name": 1, "Note": 1},
    )


def test_a_line_has_its_cells_the_marks_of_its_columns_and_the_first_reason(review):
    cells = [tuple(row) for row in ROWS]
    assert review.window(Filter(), 0, 10) == [
        Line(1, 2, "", "ready", cells[0], {}),
        Line(2, 3, "", "invalid", cells[1], {"Phone": "error"}, "'12' is too short for a phone number"),
        Line(3, 4, "", "invalid", cells[2], {"E-mail": "error", "Name": "error", "Phone": "error"},
             "'nobody' has no @; write one address such as anna@example.org"),
        Line(4, 5, "", "suppressed", cells[3], {}, "out@x.org is on the suppression list"),
        Line(5, 6, "", "ready", cells[4], {"Name": "warning"}),
        Line(6, 7, "", "skipped", cells[5], {"Note": "error"}, "'leave out' (skip)"),
    ]  # fmt: skip
    assert (seqs(review, Filter(), 2, 3), seqs(review, Filter(), 5, 9)) == ([3, 4, 5], [6])
    assert (seqs(review, Filter(), 6, 1), seqs(review, Filter(), 0, 0)) == ([], [])


FOUND = [
    (Filter(), [1, 2, 3, 4, 5, 6]),
    (Filter(status="ready"), [1, 5]),
    (Filter(status="suppressed"), [4]),
    (Filter(problems=True), [2, 3]),
    (Filter(code="PHONE_INVALID"), [2, 3]),
    (Filter(code="NAME_NOT_A_PERSON"), [5]),
    (Filter(code="NEVER_HEARD_OF"), []),
    (Filter(column="Phone"), [2, 3]),
    (Filter(column="Name"), [3, 5]),
    (Filter(text="second"), [2, 4, 5]),
    (Filter(text="SECOND"), [2, 4, 5]),
    (Filter(text="second", column="Note"), [2, 4, 5]),
    (Filter(text="second", column="Name"), []),
    (Filter(text="ann"), [1]),
    (Filter(text="second", status="ready"), [5]),
    (Filter(text="second", problems=True, code="PHONE_INVALID"), [2]),
    (Filter(column="Name", status="ready"), [5]),
]


@pytest.mark.parametrize(("wanted", "found"), FOUND, ids=[str(wanted) for wanted, _ in FOUND])
def test_a_filter_finds_its_rows_in_their_order_any_window_of_them_and_again(review, wanted, found):
    for _ in range(2):  # the second time, it is known
        assert (review.count(wanted), seqs(review, wanted)) == (len(found), found)
    assert [seqs(review, wanted, at, 1) for at in range(len(found))] == [[seq] for seq in found]
    assert seqs(review, wanted, len(found), 5) == []
    for seq in range(1, 7):
        following = [at for at, other in enumerate(found) if other >= seq]
        assert review.position(wanted, seq) == (following or [max(0, len(found) - 1)])[0]


def test_rows_read_are_told_and_judging_can_be_stopped(tmp_path, judged):
    judged().close()
    mapping, source = load_mapping(tmp_path / "m.yml"), str(tmp_path / "a.csv")
    told: list[int] = []
    Review.judge(tmp_path / "review", source, mapping, on_rows=told.append).close()
    assert sum(told) == 6
    with pytest.raises(JudgingStoppedError):
        Review.judge(tmp_path / "review", source, mapping, is_stopping=lambda: True)
    throw_away(tmp_path / "review")
    throw_away(tmp_path / "review")
    assert os.listdir(tmp_path / "review") == []  # noqa: PTH208 - names alone


def test_what_was_judged_is_readable_by_its_owner_alone_and_gone_when_closed(judged, tmp_path):
    review = judged()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "review").iterdir()} == {0o600}
    review.close()
    for question in (
        review.counts, lambda: review.count(Filter()), lambda: review.window(Filter(), 0, 1),
        lambda: review.put({1: {"Name": "x"}}), lambda: review.cell(1, "Name"), review.refused,
    ):  # fmt: skip
        with pytest.raises(SetupError, match="the rows are being judged again; reload the page"):
            question()


# -- one cell, one problem -------------------------------------------------------------------------------


def test_a_cell_is_explained_with_its_own_problems_and_the_form_of_its_row(review):
    cell = review.explain(2, "Phone")
    assert (cell.line.seq, cell.column, cell.text) == (2, "Phone", "12")
    assert [(step.field, step.rule) for step in cell.steps] == [("lead_phone", "refused")]
    assert [problem.code for problem in cell.problems] == ["PHONE_INVALID"]
    assert cell.form == (
        ("add_tags", "vip"), ("lead_email", "bob@x.org"), ("lead_first_name", "Bob")
    )  # fmt: skip
    assert [p.code for p in review.explain(3, "Name").problems] == ["VALUE_PLACEHOLDER"]
    beside = review.explain(2, "Note")
    assert (beside.steps, beside.problems, beside.followed) == ((), (), frozenset())


def test_advice_that_the_mapping_follows_already_is_marked(review, judged):
    dropping = MAPPING.replace("lead_phone: Phone", "lead_phone: {column: Phone, bad_value: drop_field}")  # fmt: skip
    assert review.explain(2, "Phone").followed == frozenset()
    cell = judged(dropping).explain(2, "Phone")
    assert cell.followed == {problem.code for problem in cell.problems} != set()


@pytest.mark.parametrize("seq", [0, -1, 7, 700])
def test_a_row_or_a_column_that_is_not_there_is_said(review, seq):
    with pytest.raises(SetupError, match=f"no row at {seq}"):
        review.cell(seq, "Name")
    with pytest.raises(SetupError, match="no column 'Nmae'"):
        review.cell(1, "Nmae")
    with pytest.raises(SetupError, match="no column 'Nmae'"):
        review.explain(1, "Nmae")
    assert review.cell(6, "Name")[1] == "Sue"


def test_a_problem_has_examples_and_refused_rows_are_those_that_a_correction_helps(review):
    assert review.examples("PHONE_INVALID") == [
        (3, "12", "'12' is too short for a phone number"), (4, "13", "'13' is too short for a phone number"),
    ]  # fmt: skip
    assert review.examples("PHONE_INVALID", 1) == review.examples("PHONE_INVALID")[:1]
    assert [record.row.number for record in review.refused()] == [3, 4]
    assert [row.number for row in review.first_rows(2)] == [2, 3]
    assert len(review.first_rows(70)) == 6
    assert review.warned_of("NAME_NOT_A_PERSON") == [("lead_first_name", "Acme Ltd")]
    assert review.warned_of("PHONE_INVALID") == []


def test_the_plan_counts_what_is_sent_and_what_is_not(review):
    plan = review.plan("https://shop", {"1": "News"})
    assert (plan.endpoint, plan.rows_read, plan.to_send, plan.titles) == ("https://shop", 6, 2, {"1": "News"})  # fmt: skip
    assert plan.counts == {Status.INVALID: 2, Status.SUPPRESSED: 1, Status.SKIPPED: 1}
    assert plan.changes == {"add_tags": {"vip": 2}}
    assert [place for place, _ in plan.examples] == ["row 3", "row 4"]
    assert plan.problems == []


# -- who a row is about ----------------------------------------------------------------------------------


def test_rows_are_found_by_their_contact_or_by_what_is_in_its_cell(judged):
    review = judged(rows=[*ROWS, ["ANN@X.ORG", "", "", ""], [" Nobody ", "", "", ""]])
    assert review.contacts(["ann@x.org", "nobody", "zoe@x.org"]) == [
        (1, "ann@x.org"), (3, "nobody"), (7, "ann@x.org"), (8, "nobody")
    ]  # fmt: skip
    assert review.contacts([]) == []
    rows = [review.cell(seq, "E-mail")[0] for seq in (1, 8)]
    assert [review.contact_of(row) for row in rows] == ["ann@x.org", "Nobody"]


# -- changing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("find", "whole", "exact", "found"),
    [
        ("second", False, False, {2: "2nd 100%", 4: "2nd", 5: "2nd"}),
        ("SeCoNd", False, False, {2: "2nd 100%", 4: "2nd", 5: "2nd"}),
        ("second", True, False, {4: "2nd", 5: "2nd"}),
        ("Second", False, True, {2: "2nd 100%"}),
        ("SECOND", True, True, {5: "2nd"}),
        ("100%", False, False, {2: "Second 2nd"}),
        (".", False, False, {}),
    ],
)
def test_cells_of_a_column_are_found_as_a_person_means_it(review, find, whole, exact, found):
    matching = review.matching("Note", find, "2nd", whole=whole, exact=exact)
    assert {seq: after for seq, _, after in matching} == found


def test_what_is_put_in_the_place_of_a_text_is_taken_as_it_is(review):
    (found,) = review.matching("Note", "first", r"\1 \g<0>", whole=False, exact=False)
    assert found == (1, "first", r"\1 \g<0>")


@pytest.mark.parametrize("text", [MAPPING + SKIP, MAPPING])
def test_a_corrected_cell_is_judged_again_and_every_filter_knows(judged, text):
    review = judged(text)
    phone, errors = Filter(code="PHONE_INVALID"), Filter(problems=True)
    assert (review.count(phone), review.count(errors)) == (2, 2)
    review.put({2: {"Phone": "+14155550124"}, 3: {"Phone": "+14155550125", "Name": "Ned"}})
    assert (seqs(review, phone), seqs(review, errors)) == ([], [3])
    assert review.cell(2, "Phone")[1] == "+14155550124"
    line = review.window(Filter(), 2, 1)[0]
    assert (line.cells, line.marks) == (
        ("nobody", "Ned", "+14155550125", ""), {"E-mail": "error"}
    )  # fmt: skip
    assert review.counts().columns.get("Phone") is None
    review.put({1: {"E-mail": "gone"}})
    assert seqs(review, errors) == [1, 3]


def test_a_corrected_cell_settles_other_rows_of_its_contact(judged):
    """Under ``duplicate: last``, a row that becomes the same contact takes the place of another."""
    review = judged(MAPPING + "when: {duplicate: last}\n")
    assert review.window(Filter(), 0, 1)[0].status == "ready"
    review.put({5: {"E-mail": "ann@x.org"}})
    assert (review.window(Filter(), 0, 1)[0].status, review.window(Filter(), 4, 1)[0].status) == (
        "duplicate", "ready"
    )  # fmt: skip
    review.put({5: {"E-mail": "cat@x.org"}})
    assert review.window(Filter(), 0, 1)[0].status == "ready"


def test_a_value_that_must_be_unique_is_looked_for_among_all_rows(judged):
    review = judged(MAPPING + "checks: [{column: Note, unique: yes}]\n")
    assert seqs(review, Filter(code="VALUE_TWICE")) == []
    review.put({1: {"Note": "leave out"}})
    assert seqs(review, Filter(code="VALUE_TWICE")) == [1, 6]


def test_a_row_that_no_rule_keeps_back_any_more_is_sent(judged):
    review = judged()
    review.put({6: {"Note": "welcome"}})
    assert seqs(review, Filter(status="ready")) == [1, 5, 6]
    assert review.plan("", {}).to_send == 3


# -- after a run -----------------------------------------------------------------------------------------


def test_without_a_journal_of_a_run_nothing_is_laid_over(review, tmp_path: Path):
    for path in (None, tmp_path / "nowhere.sqlite3", None):
        review.overlay(path)
        assert review.counts().statuses == {"ready": 2, "invalid": 2, "suppressed": 1, "skipped": 1}

"""Messages, problems, errors and summaries: what they say, how they are counted, and how they travel."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from bulk_import.errors import (
    BugError,
    BulkImportError,
    BusyError,
    MappingError,
    MappingProblem,
    Message,
    SettingsError,
    SetupError,
    SourceError,
    StoppedError,
    StorageError,
    packed,
)
from bulk_import.models import (
    Outcome,
    Problem,
    Record,
    Row,
    Severity,
    SourceInfo,
    Status,
    Summary,
    in_words,
)

# -- messages --------------------------------------------------------------------------------------


def test_a_message_remembers_its_template_and_its_values():
    message = Message("{n:,} of {path}: {why}", n=1234, path=Path("a.csv"), why=ValueError("x {y}"))
    assert message == "1,234 of a.csv: x {y}"
    assert message.template == "{n:,} of {path}: {why}"
    assert message.values == {"n": 1234, "path": "a.csv", "why": "x {y}"}
    assert isinstance(message.values["why"], Message)
    assert str(message) is message


@pytest.mark.parametrize("parts", [(), ("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "c", "{d}")])
def test_parts_are_listed_in_words_and_joined_by_punctuation(parts):
    listed = {0: "", 1: "a", 2: "a and b", 3: "a and b and c", 4: "a and b and c and {d}"}[
        len(parts)
    ]
    assert Message.all_of(parts) == listed
    assert Message.any_of(parts) == listed.replace(" and ", " or ")
    assert Message.joined("; ", parts) == "; ".join(parts)
    assert Message.joined("; ", iter(parts)).values == {f"part{at}": part for at, part in enumerate(parts)}  # fmt: skip


def test_a_text_becomes_a_message_without_values_and_a_message_stays():
    message = Message("{n} rows", n=3)
    assert Message.of(message) is message
    assert Message.of(SourceError(message)) is message
    plain = Message.of("50 {%}")
    assert (plain, plain.template, plain.values) == ("50 {%}", "50 {{%}}", {})
    both = message + " more"
    assert (both, both.values["part0"]) == ("3 rows more", message)


def test_a_message_survives_json_and_pickle_with_the_messages_in_it():
    inner = Message("{n} rows", n=3)
    outer = Message("{what} of {name}", what=inner, name="{a}")
    assert outer.packed() == ["{what} of {name}", {"what": ["{n} rows", {"n": 3}], "name": "{a}"}]
    for copy in (Message.unpacked(outer.packed()), pickle.loads(pickle.dumps(outer))):  # noqa: S301 - ours
        assert (copy, copy.template, copy.values) == (outer, outer.template, outer.values)
        assert isinstance(copy.values["what"], Message)
    assert Message.unpacked("as it is") == "as it is"
    assert (packed("text"), packed(inner)) == ("text", ["{n} rows", {"n": 3}])


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exc", "code"),
    [
        (BulkImportError("x"), 1), (SetupError("x"), 2), (SettingsError("x"), 2), (MappingError([]), 2), (SourceError("x"), 2), (BusyError("x"), 4),
        (StorageError("x"), 5), (StoppedError("x"), 3), (StoppedError("x", exit_code=130), 130), (BugError("x"), 70),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)  # fmt: skip
def test_each_error_has_the_exit_code_of_what_to_do_next(exc, code):
    assert exc.exit_code == code


def test_errors_carry_facts_that_programs_ask_for():
    assert (SourceError("x").code, SourceError("x", code="SOURCE_BOMB").code) == ("SOURCE_UNREADABLE", "SOURCE_BOMB")  # fmt: skip
    assert (BugError("x").report, BugError("x", report="y").report) == ("", "y")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (MappingProblem("wrong"), "wrong"), (MappingProblem("wrong", "m.yml"), "m.yml: wrong"), (MappingProblem("wrong", "m.yml", 3, 5), "m.yml:3:5: wrong"),
        (MappingProblem("wrong", "m.yml", 3, 5, "fields.a"), "m.yml:3:5: fields.a: wrong"), (MappingProblem("wrong", path="fields.a"), "fields.a: wrong"),
        (MappingProblem("", "m.yml", 1, 1), "m.yml:1:1"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_mapping_is_named_as_far_as_its_place_is_known(problem, text):
    assert str(problem) == text


def test_mistakes_of_a_mapping_are_named_once_in_the_order_of_the_file():
    last, first = MappingProblem("b", "m.yml", 9, 1), MappingProblem("c", "m.yml", 2, 7)
    second = MappingProblem("a", "m.yml", 2, 8)
    error = MappingError([last, second, first, second])
    assert error.problems == (first, second, last)
    assert str(error) == "m.yml:2:7: c\nm.yml:2:8: a\nm.yml:9:1: b"
    assert error + "\nmore" == f"{error}\nmore"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - ours
    assert (type(copy), copy.problems) == (MappingError, error.problems)
    assert MappingError.of("wrong", Path("m.yml"), 3).problems == (MappingProblem("wrong", "m.yml", 3),)  # fmt: skip


# -- problems, records, outcomes -------------------------------------------------------------------

ERROR = Problem("A", "is wrong", column="Phone", value="x")
WARNING = Problem("B", "is doubtful", field="lead_phone", severity=Severity.WARNING)
BARE = Problem("C", "the row is ragged")


def test_problems_are_said_with_their_column_and_each_once():
    assert [str(problem) for problem in (ERROR, WARNING, BARE)] == [
        "Phone: is wrong",
        "lead_phone: is doubtful",
        "the row is ragged",
    ]
    assert in_words([ERROR, BARE, ERROR]) == "Phone: is wrong; the row is ragged"
    assert in_words([]) == ""
    assert (ERROR.is_error, WARNING.is_error) == (True, False)


def test_a_record_is_valid_without_errors_and_keeps_both_kinds_in_order():
    def record(*problems: Problem) -> Record:
        return Record(Row("a.csv", "", 2, {}), "a@b.org", "a@b.org", (), problems)

    both = record(WARNING, ERROR, BARE)
    assert (both.errors, both.warnings, both.is_valid) == ((ERROR, BARE), (WARNING,), False)
    assert (record(WARNING).is_valid, record().is_valid, record().errors) == (True, True, ())


def test_an_outcome_says_why_a_row_was_refused_else_what_the_server_said():
    outcome = Outcome("a.csv", "", 2, "a@b.org", Status.FAILED, said="code 5")
    assert outcome.message == "code 5"
    refused = Outcome("a.csv", "", 2, "", Status.INVALID, said="code 5", reasons=(ERROR, BARE))
    assert refused.message == "Phone: is wrong; the row is ragged"
    assert (outcome.attempts, outcome.http_status, outcome.elapsed_ms, outcome.finished_at) == (0, None, None, "")  # fmt: skip


def test_the_header_of_a_source_is_in_its_first_row_unless_it_says_otherwise():
    info = SourceInfo("a.csv", "csv")
    assert (info.header_row, info.header, info.dialect) == (1, (), {})


# -- summaries -------------------------------------------------------------------------------------


def summary(counts: dict[Status, int], **more: Any) -> Summary:
    read = more.pop("rows_read", sum(counts.values()))
    full = dict.fromkeys(Status, 0) | counts
    return Summary("", ("a.csv",), "m.yml", "https://h.example", full, read, **more)


@pytest.mark.parametrize("status", Status)
def test_rows_that_need_somebody_end_a_run_with_code_one(status):
    needs = status in (Status.FAILED, Status.INVALID, Status.UNKNOWN)
    assert summary({Status.SUCCESS: 2, status: 1}).exit_code == (1 if needs else 0)


def test_a_stop_wins_over_failed_rows_and_a_bug_over_both():
    assert summary({Status.FAILED: 1}, stop_code=3).exit_code == 3
    bug = summary({Status.FAILED: 1}, stop_code=130, rows_read=2)
    assert (bug.exit_code, bug.balanced) == (70, False)
    assert summary({}).exit_code == 0


def test_a_notebook_shows_the_statuses_that_occur_and_no_markup_of_others(tmp_path):
    found = summary({Status.SUCCESS: 1234}, stopped="<b>", notes=("a & b",), dry_run=True)
    assert found._repr_html_() == (
        "<table><tr><td>success</td><td style='text-align:right'>1,234</td></tr>"
        "<tr><td>rows read</td><td style='text-align:right'>1,234</td></tr></table>"
        "<p>a rehearsal: nothing was sent<br>stopped: &lt;b&gt;<br>a &amp; b<br>nothing to send</p>"
    )
    wrong = Summary(str(tmp_path), (), "", "", {Status.FAILED: 1}, 2)._repr_html_()
    assert wrong.endswith(
        f"<p>the counts do not add up: please report this bug<br>report: {tmp_path}/report.html</p>"
    )


def test_the_report_is_a_table_of_texts_where_na_is_a_name(tmp_path):
    (tmp_path / "report.csv").write_text("row,contact\n2,NA\n3,\n", "utf-8")
    whole = Summary(str(tmp_path), (), "", "", {}, 0)
    assert whole.frame().to_dict("records") == [
        {"row": "2", "contact": "NA"},
        {"row": "3", "contact": ""},
    ]

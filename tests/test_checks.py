"""Checks of one's own: a row that fails is refused with its reason, in a check, a run and the page alike."""

from __future__ import annotations

import pytest

from bulk_import import check_file, import_file_async, load_mapping, resume_async
from bulk_import.errors import MappingError, SourceError
from bulk_import.jobs.reviewing import Review
from bulk_import.mapping.checks import Pattern
from bulk_import.models import Status

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n  lead_phone: Phone\n  add_tags: Tags\n"
DEFAULTS = "defaults: {phone_region: US}\n"
ROWS = [
    ["E-mail", "Phone", "No", "Plan", "Tags"],
    ["a@x.org", "(212) 555-2368", "C-1", "pro", "vip"],
    ["b@x.org", "", "C-2", " PRO ", "vip,new"],
    ["c@x.org", "+49 30 901820", "X-3", "gold", "other"],
    ["d@x.org", "", "c-1", "pro", ""],
    ["e@x.org", "", "C-5", "", ""],
]


def _mapping(tmp_path, checks):
    path = tmp_path / "mapping.yml"
    path.write_text(f"{HEAD}{DEFAULTS}{checks}\n", "utf-8")
    return path


def _found(source, mapping):
    """Row -> (code, message) of what refuses it, by a check."""
    found = {}
    check_file(
        source, mapping,
        on_row=lambda o: o.reasons and found.setdefault(o.row, [(p.code, str(p)) for p in o.reasons]),
    )  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        ("{column: Plan, require: yes}", {6: [("VALUE_REQUIRED", "Plan: is empty, and must not be")]}),
        (
            "{column: Plan, require: yes, because: billing needs it}",
            {6: [("VALUE_REQUIRED", "Plan: is empty, and must not be (billing needs it)")]},
        ),
        (
            r"{field: lead_phone, pattern: '\+1\d{10}'}",
            {4: [("VALUE_PATTERN", r"Phone: '+4930901820' does not have the form \+1\d{10}")]},
        ),
        (
            "{column: No, pattern: 'C-[0-9]'}",
            {
                4: [("VALUE_PATTERN", "No: 'X-3' does not have the form C-[0-9]")],
                5: [("VALUE_PATTERN", "No: 'c-1' does not have the form C-[0-9]")],
            },
        ),
        ("{column: No, pattern: '[CXc]-|.*'}", {}),
        (
            "{column: Plan, one_of: [basic, pro]}",
            {4: [("VALUE_NOT_LISTED", "Plan: 'gold' is not one of basic, pro")]},
        ),
        (
            "{field: add_tags, one_of: [vip, new]}",
            {4: [("VALUE_NOT_LISTED", "Tags: 'other' is not one of vip, new")]},
        ),
        (
            "{column: No, unique: yes}",
            {
                2: [("VALUE_TWICE", "No: 'C-1' is in row 5 too")],
                5: [("VALUE_TWICE", "No: 'c-1' is in row 2 too")],
            },
        ),
        ("{column: [Number, No], require: yes}", {}),
        ("{column: Nowhere, require: yes, optional: yes}", {}),
    ],
)  # fmt: skip
def test_a_row_that_fails_a_check_is_refused_with_the_reason(tmp_path, write_csv, check, refused):
    mapping = _mapping(tmp_path, f"checks:\n  - {check}")
    assert _found(write_csv(ROWS), mapping) == refused


CHECKS = r"""
checks:
  - {column: No, unique: yes}
  - {column: Plan, require: yes, one_of: [basic, pro]}
  - {field: lead_phone, pattern: '\+1\d{10}'}
"""


async def test_a_check_a_run_and_the_page_say_the_same(tmp_path, write_csv, sandbox, settings):
    source, mapping = write_csv(ROWS), _mapping(tmp_path, CHECKS)
    checked = check_file(source, mapping)
    summary = await import_file_async(source, mapping, settings(sandbox))
    (tmp_path / "review").mkdir()
    review = Review.judge(tmp_path / "review", str(source), load_mapping(mapping))
    plan = review.plan("", {})
    review.close()
    assert (checked.plan.to_send, checked.plan.counts) == (1, {Status.INVALID: 4})
    assert (plan.to_send, plan.counts) == (1, {Status.INVALID: 4})
    assert (summary.counts[Status.SUCCESS], summary.counts[Status.INVALID]) == (1, 4)
    assert {contact.email for contact in sandbox.contacts()} == {"b@x.org"}


async def test_a_row_that_was_sent_counts_when_a_corrected_one_gets_its_value(
    tmp_path, write_csv, sandbox, settings
):
    rows = [
        ["E-mail", "Phone", "No", "Plan", "Tags"],
        ["a@x.org", "", "1", "", ""],
        ["b", "", "2", "", ""],
    ]
    source, mapping = write_csv(rows), _mapping(tmp_path, "checks: [{column: No, unique: yes}]")
    await import_file_async(source, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    edits = tmp_path / "edits.csv"
    edits.write_text("sheet,row,column,before,after,at\n,3,E-mail,b,b@x.org,\n,3,No,2,1,\n")
    summary = await resume_async(tmp_path / "run", settings(sandbox), corrections=edits)
    assert summary.counts[Status.INVALID] == 1
    assert {contact.email for contact in sandbox.contacts()} == {"a@x.org"}
    edits.write_text("sheet,row,column,before,after,at\n,3,No,1,3,\n")
    await resume_async(tmp_path / "run", settings(sandbox), corrections=edits)
    assert {contact.email for contact in sandbox.contacts()} == {"a@x.org", "b@x.org"}


def test_a_value_may_stand_once_in_all_files_together(tmp_path, write_csv):
    head = ROWS[0]
    one = write_csv([head, ["a@x.org", "", "7", "", ""]], name="one.csv")
    two = write_csv([[*reversed(head)], ["", "", "7", "", "b@x.org"]], name="two.csv")
    mapping = _mapping(tmp_path, "checks: [{column: No, unique: yes}]")
    causes = check_file([one, two], mapping).causes
    assert [(cause.code, cause.rows) for cause in causes] == [("VALUE_TWICE", 2)]
    assert [problem.message for _, problem in causes[0].places] == [
        f"'7' is in row 2 of {two} too", f"'7' is in row 2 of {one} too"
    ]  # fmt: skip


def test_rows_that_are_not_sent_share_no_value(tmp_path, write_csv):
    rows = [
        ROWS[0],
        ["a@x.org", "", "1", "no", ""],
        ["b@x.org", "", "1", "", ""],
        ["", "", "1", "", ""],
    ]
    checks = "skip: [{column: Plan, values: [no]}]\nchecks: [{column: No, unique: yes}]"
    assert list(_found(write_csv(rows), _mapping(tmp_path, checks))) == [2, 4]


def test_a_damaged_cell_satisfies_no_check_and_is_told_once(tmp_path, write_csv):
    rows = [ROWS[0], ["a@x.org", "", "#N/A", "", ""], ["b@x.org", "x", "1", "", ""]]
    checks = "checks:\n  - {column: No, pattern: '.*'}\n  - {column: No, require: yes}\n  - {field: lead_phone, require: yes}"
    found = _found(write_csv(rows), _mapping(tmp_path, checks))
    assert [code for code, _ in found[2]] == ["VALUE_REQUIRED", "CELL_ERROR"]
    assert [code for code, _ in found[3]] == ["PHONE_INVALID"]  # refused once, not also as missing


@pytest.mark.usefixtures("reader_in_a_thread")
async def test_nothing_is_sent_of_a_source_with_too_few_rows(
    tmp_path, write_csv, sandbox, settings
):
    source, mapping = write_csv(ROWS), _mapping(tmp_path, "min_rows: 6")
    said = "5 rows, and the mapping asks for at least 6 (min_rows)"
    checked = check_file(source, mapping)
    assert (checked.refusal, checked.exit_code) == (f"{said}; nothing was sent", 1)
    for ahead in (-1, 1):
        with pytest.raises(SourceError, match="at least 6") as caught:
            await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=ahead))
        assert caught.value.code == "ROWS_TOO_FEW"
    (tmp_path / "review").mkdir()
    review = Review.judge(tmp_path / "review", str(source), load_mapping(mapping))
    assert [(where, p.message) for where, p in review.plan("", {}).problems] == [("all rows", said)]
    review.close()
    assert sandbox.sent() == []
    assert check_file(source, _mapping(tmp_path, "min_rows: 5")).exit_code == 0


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("{require: yes}", "name a column or a field"),
        ("{column: No, field: lead_phone, require: yes}", "name a column or a field"),
        ("{column: No}", "demands nothing; give require, pattern, one_of or unique"),
        ("{column: No, patern: x}", r"a check has no 'patern' \(did you mean pattern\?\)"),
        ("{field: lead_phon, require: yes}", r"no field 'lead_phon' \(did you mean lead_phone\?\)"),
        ("{field: lead_email, unique: yes}", "use duplicate: refuse"),
        ("{column: No, pattern: '('}", "not a regular expression that can be used: unclosed group"),
        ("{column: No, pattern: '(?=a)'}", "look-around"),
        (r"{column: No, pattern: '(a)\1'}", "backreferences are not supported"),
        ("{column: No, pattern: '(?:a{1000}){1000}'}", "Compiled regex exceeds size limit"),
        (f"{{column: No, pattern: {'a' * 1001}}}", "a pattern has at most 1,000 characters"),
    ],
)  # fmt: skip
def test_a_check_that_makes_no_sense_is_refused_with_its_place(tmp_path, check, said):
    with pytest.raises(MappingError, match=said) as caught:
        load_mapping(_mapping(tmp_path, f"checks:\n  - {check}"))
    assert ":8:" in str(caught.value)


def test_a_column_that_the_file_lacks_is_an_error(tmp_path, write_csv):
    with pytest.raises(MappingError, match="no column 'Numbr'"):
        check_file(write_csv(ROWS), _mapping(tmp_path, "checks: [{column: Numbr, unique: yes}]"))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(.*){50}b", r"[\w\W]{1,900}b"])
def test_no_pattern_takes_more_than_a_moment(pattern):
    """Each of them makes Python's own engine take years; a test that hangs is stopped as failed."""
    assert not Pattern(pattern).matches("a" * 32_767)


def test_a_pattern_means_the_whole_text():
    assert Pattern("a|b").matches("b")
    assert not any(Pattern("a|b").matches(text) for text in ("ab", "b\n", "\nb", " a"))

"""A row explained: from its cells to what is sent, why it is kept back, and which row of which file it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.explaining import explain_row, explain_run
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
TAGGED = f"{HEAD}  add_tags: Tags\n"


# -- of a file -----------------------------------------------------------------------------------------


def test_a_row_is_explained_by_its_steps_and_its_form(write_csv):
    source = write_csv([["E-mail", "Tags"], ["A@b.org", "x, y"], ["nobody", ""]])
    found = explain_row(str(source), parse_mapping(TAGGED), 2)
    assert [(s.field, s.columns, s.raw, s.value, s.rule) for s in found.steps] == [
        ("add_tags", ("Tags",), "x, y", "x,y", "tags.split"),
        ("lead_email", ("E-mail",), "A@b.org", "A@b.org", "email.checked"),
    ]  # fmt: skip
    assert found.form == [("add_tags", "x,y"), ("lead_email", "A@b.org")]
    assert (found.kept_back, found.is_refused, found.was_sent, found.outcome, found.attempts) == ("", False, False, None, ())  # fmt: skip
    bad = explain_row(str(source), parse_mapping(TAGGED), 3)
    assert (bad.kept_back, bad.is_refused, bad.form) == ("", True, [])  # its own cells say why


def test_the_form_is_that_of_the_contact_where_rows_are_merged(write_csv):
    source = write_csv([["E-mail", "Tags"], ["a@b.org", "x"], ["A@b.org", "y"]])
    merged = parse_mapping(f"{TAGGED}when: {{duplicate: merge}}\n")
    last = explain_row(str(source), merged, 3)
    assert dict(last.form) == {"lead_email": "A@b.org", "add_tags": "x,y"}
    assert dict(last.record.fields)["add_tags"] == "y"
    first = explain_row(str(source), merged, 2)
    assert "row 3" in first.kept_back
    assert first.is_refused is False


@pytest.mark.parametrize(
    ("lines", "number", "said", "is_refused"),
    [
        ("when: {duplicate: first}\n", 3, "row 2", False),
        ("when: {duplicate: refuse}\n", 2, "row 3", True),
        ("checks: [{column: Tags, unique: yes}]\n", 2, "'x' is in row 3 too", True),
        ("skip: [{column: Tags, values: [x]}]\n", 2, "Tags: 'x' (skip)", False),
        ("suppress: [stop.csv]\n", 2, "a@b.org is on the suppression list", False),
        ("", 2, "", False),
    ],
)
def test_what_keeps_a_good_row_back_is_said(
    write_csv, tmp_path, monkeypatch, lines, number, said, is_refused
):
    monkeypatch.chdir(tmp_path)
    Path("stop.csv").write_text("a@b.org\n", "utf-8")
    source = write_csv([["E-mail", "Tags"], ["a@b.org", "x"], ["a@b.org", "x"]])
    found = explain_row(str(source), parse_mapping(HEAD + lines), number)
    assert (said in found.kept_back, bool(found.kept_back)) == (True, bool(said))
    assert found.is_refused == is_refused


@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_row_that_is_none_is_refused_with_where_the_file_ends(write_csv, number):
    source = write_csv([["E-mail"], ["a@b.org"], [""], ["b@b.org"], ["c@b.org"]])
    with pytest.raises(SetupError) as caught:
        explain_row(str(source), parse_mapping(HEAD), number)
    assert str(caught.value) == (
        f"{source}: no row {number}: it is blank, the header, or after the last row (5)"
    )


# -- of a run ------------------------------------------------------------------------------------------


@pytest.fixture
def ran(sandbox, settings, tmp_path, write_csv):
    """A run of two files, each with a row 2; the first has three rows."""

    async def run(lines: str = "", **options):
        (tmp_path / "a").mkdir(exist_ok=True)
        one = write_csv([["E-mail"], ["a@b.org"], ["nobody"], ["c@b.org"]], "a/one.csv")
        two = write_csv([["E-mail"], ["d@b.org"]], "two.csv")
        mapping = tmp_path / "m.yml"
        mapping.write_text(HEAD + lines, "utf-8")
        chosen = settings(sandbox, run_dir=tmp_path / "run", **options)
        await import_file_async([one, two], mapping, chosen)
        return tmp_path / "run", one, two

    return run


async def test_a_row_of_a_run_is_explained_with_its_answer(ran):
    run_dir, one, _ = await ran()
    found = explain_run(run_dir, 4)
    assert (found.record.row.source, found.record.row.number, found.form) == (
        str(one), 4, [("lead_email", "c@b.org")],
    )  # fmt: skip
    assert found.outcome is not None
    assert (found.outcome.status, found.was_sent, found.is_refused, found.kept_back) == (
        Status.SUCCESS, True, False, "",
    )  # fmt: skip
    (attempt,) = found.attempts
    assert (attempt.result, attempt.http_status) == ("success", 200)
    refused = explain_run(run_dir, 3)
    assert (refused.was_sent, refused.is_refused, refused.form, refused.attempts, refused.kept_back) == (False, True, [], (), "")  # fmt: skip


async def test_a_row_of_several_files_is_named_by_path_or_by_name(ran):
    run_dir, one, two = await ran()
    found = [explain_run(run_dir, 2, source=name).record.email for name in (str(one), "one.csv", "two.csv")]  # fmt: skip
    assert found == ["a@b.org", "a@b.org", "d@b.org"]
    for number, name, said in (
        (2, "", f"2 sources have a row 2; name one with --source: {one}, {two}"),
        (2, "csv", f"the run has no source 'csv'; it has: {one}, {two}"),
        (4, "two.csv", f"the run has no row 4 of two.csv; its sources: {one}, {two}"),
        (9, "", f"the run has no row 9; its sources: {one}, {two}"),
    ):
        with pytest.raises(SetupError) as caught:
            explain_run(run_dir, number, source=name)
        assert str(caught.value) == f"{run_dir}: {said}"


async def test_a_row_that_was_not_reached_has_no_attempt_and_is_not_kept_back(ran):
    run_dir, *_ = await ran(limit=1)
    found = explain_run(run_dir, 4)
    assert found.outcome is not None
    assert (found.outcome.status, found.was_sent, found.attempts, found.kept_back) == (
        Status.NOT_SENT, False, (), "",
    )  # fmt: skip
    assert found.form == [("lead_email", "c@b.org")]


async def test_a_refusal_of_the_account_is_the_last_attempt(ran, sandbox, settings):
    sandbox.script = lambda number, form: Reply(101, "subscription error: no", apply=False)
    run_dir, *_ = await ran()
    found = explain_run(run_dir, 4)
    (attempt,) = found.attempts
    assert (attempt.result, attempt.message, attempt.http_status) == (
        "failed", "101 subscription error: no", 200,
    )  # fmt: skip
    assert (attempt.elapsed_ms or 0) > 0
    sandbox.script = None
    await resume_async(run_dir, settings(sandbox, retry_failed=True))
    found = explain_run(run_dir, 4)
    assert [one.result for one in found.attempts][-1] == "success"

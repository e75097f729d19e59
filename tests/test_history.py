"""Runs that are over, running or cut off, and what is said of their rows afterwards."""

from __future__ import annotations

import json

import pytest

from bulk_import import import_file_async
from bulk_import.cli import main
from bulk_import.jobs.explaining import explain_run
from bulk_import.jobs.history import list_runs, state_of
from bulk_import.models import Status, Summary
from bulk_import.report.summary import as_text
from bulk_import.run.folder import LOCK
from bulk_import.sandbox.app import Reply
from bulk_import.system.locks import hold


async def test_runs_are_told_apart_by_how_they_stand(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    done = await import_file_async(
        contacts_csv(3), mapping, settings(sandbox, run_dir=tmp_path / "r/a")
    )
    dry = await import_file_async(
        contacts_csv(3), mapping, settings(sandbox, run_dir=tmp_path / "r/b", dry_run=True)
    )
    sandbox.script = lambda number, form: Reply(4, apply=False)
    stopped = await import_file_async(
        contacts_csv(3), mapping, settings(sandbox, run_dir=tmp_path / "r/c")
    )
    assert [state_of(summary).split(":")[0] for summary in list_runs(tmp_path / "r")] == [
        "finished", "rehearsal", "stopped"
    ]  # fmt: skip
    with hold(tmp_path / "r/a" / LOCK, "the run folder"):
        assert state_of(done) == "running"
    assert state_of(done) == "finished"
    assert (state_of(dry), stopped.exit_code) == ("rehearsal", 3)


def test_a_run_without_an_end_says_how_to_continue(tmp_path):
    killed = Summary(str(tmp_path), (), "", "", {}, 0, started_at="2026-11-26T06:00:00Z")
    assert state_of(killed) == f"cut off; `bulk-import resume {tmp_path}` continues it"


async def test_explain_ends_with_the_answer_that_settled_the_row(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    answers = iter(
        [Reply(status=500, raw=b"oops", apply=False), Reply(101, "subscription error: no")]
    )
    sandbox.script = lambda number, form: next(answers)
    summary = await import_file_async(
        contacts_csv(1), mapping, settings(sandbox, run_dir=tmp_path / "r", max_attempts=3)
    )
    explained = explain_run(tmp_path / "r", 2)
    assert summary.counts[Status.UNKNOWN] == 1  # a refusal after a doubtful attempt proves nothing
    assert [attempt.result for attempt in explained.attempts] == ["doubtful", "unknown"]
    assert "101" in explained.attempts[-1].message
    assert explained.attempts[-1].http_status == 200


async def test_a_row_number_of_several_sources_needs_its_source(
    sandbox, settings, write_csv, mapping, tmp_path, capsys
):
    header = ["E-mail", "Name", "Phone", "Tags"]
    one = write_csv([header, ["a@b.org", "", "", ""]], "one.csv")
    two = write_csv([header, ["c@d.org", "", "", ""]], "two.csv")
    await import_file_async([one, two], mapping, settings(sandbox, run_dir=tmp_path / "r"))
    with pytest.raises(SystemExit) as refused:
        main(["explain", str(tmp_path / "r"), "--row", "2"])
    assert refused.value.code == 2
    assert (
        f"2 sources have a row 2; name one with --source: {one}, {two}" in capsys.readouterr().err
    )
    with pytest.raises(SystemExit):
        main(["explain", str(tmp_path / "r"), "--row", "2", "--source", str(two), "--json"])
    assert json.loads(capsys.readouterr().out)["contact"] == "c@d.org"

    with pytest.raises(SystemExit):
        main(["explain", str(tmp_path / "r"), "--row", "2", "--source", "two.csv", "--json"])
    assert json.loads(capsys.readouterr().out)["contact"] == "c@d.org"
    with pytest.raises(SystemExit):
        main(["explain", str(tmp_path / "r"), "--row", "2", "--source", "three.csv"])
    assert f"no source 'three.csv'; it has: {one}, {two}" in capsys.readouterr().err


TWICE = [
    ["E-mail", "Name", "Phone", "Tags"], ["a@b.org", "Ann", "", "vip"], ["a@b.org", "Anna", "", ""],
    ["out@b.org", "", "", ""], ["c@d.org", "", "", ""],
]  # fmt: skip


def _twice(tmp_path, policy):
    (tmp_path / "out.csv").write_text("E-mail\nout@b.org\n")
    file = tmp_path / "m.yml"
    file.write_text(
        "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name, add_tags: Tags}\n"
        f"when: {{duplicate: {policy}}}\nsuppress: [out.csv]\n"
    )
    return file


def _explained(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["explain", *map(str, arguments)])
    return ended.value.code, capsys.readouterr().out


async def test_explain_of_a_run_shows_as_sent_only_what_was_sent(
    sandbox, settings, write_csv, tmp_path, capsys
):
    sandbox.script = lambda number, form: Reply(4, "incorrect hash") if number > 1 else None
    run_dir = tmp_path / "r"
    await import_file_async(
        write_csv(TWICE), _twice(tmp_path, "last"),
        settings(sandbox, run_dir=run_dir, preflight=False, concurrency=1),
    )  # fmt: skip
    said = {row: _explained(capsys, run_dir, "--row", row)[1] for row in (2, 3, 4, 5)}
    assert "\nnot sent: gives way to row 3 of the same contact" in said[2]
    assert "\nsent as:\n  lead_email = a@b.org\n" in said[3]
    assert "\nnot sent: " in said[4]
    assert [row for row, text in said.items() if "sent as:" in text] == [3, 5]


@pytest.mark.parametrize(
    ("policy", "row", "said", "code"),
    [
        ("last", 2, "not sent: gives way to row 3 of the same contact", 0),
        ("first", 3, "not sent: gives way to row 2 of the same contact", 0),
        ("refuse", 2, "not sent: the same contact is in row 3 too", 1),
        ("merge", 3, "would be sent as:\n  add_tags = vip\n  lead_email = a@b.org\n", 0),
        ("merge", 2, "not sent: is merged into row 3", 0),
        ("send", 2, "would be sent as:\n  add_tags = vip", 0),
    ],
)
def test_explain_of_a_source_knows_the_other_rows_of_the_contact(
    write_csv, tmp_path, capsys, policy, row, said, code
):
    mapping = _twice(tmp_path, policy)
    ended, text = _explained(capsys, write_csv(TWICE), "-m", mapping, "--row", row)
    assert said in text
    assert ended == code


def test_a_summary_says_how_many_codes_it_leaves_out():
    counts = {Status.INVALID: 13}
    codes = {f"CODE_{number}": 1 for number in range(13)}
    text = as_text(Summary("", (), "", "", counts, 13, by_code=codes))
    assert "codes: CODE_0 x1, CODE_1 x1, CODE_2 x1, CODE_3 x1, CODE_4 x1 and 8 more" in text

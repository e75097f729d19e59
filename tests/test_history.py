"""Runs that are over, running or cut off, and what is said of their rows afterwards."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from bulk_import import import_file_async, sync_async
from bulk_import.cli import main
from bulk_import.jobs.explaining import explain_run
from bulk_import.jobs.history import (
    LiveCauses,
    list_jobs,
    list_runs,
    read_report,
    state_of,
    write_support_bundle,
)
from bulk_import.mapping.suggesting import as_yaml, suggest
from bulk_import.models import Status, Summary
from bulk_import.report.summary import as_text
from bulk_import.run.folder import JOURNAL, LOCK
from bulk_import.sandbox.app import Reply
from bulk_import.sources import open_source
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


async def test_a_folder_whose_journal_cannot_be_read_hides_no_other_run(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    for name in ("a", "b"):
        options = settings(sandbox, run_dir=tmp_path / "r" / name)
        await import_file_async(contacts_csv(1), mapping, options)
    (tmp_path / "r" / "a" / JOURNAL).write_bytes(b"no database")
    assert [Path(summary.run_dir).name for summary in list_runs(tmp_path / "r")] == ["b"]


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


async def test_jobs_of_a_folder_are_found_with_their_nights(
    sandbox, settings, write_csv, mapping, tmp_path
):
    home = tmp_path / "home"
    (home / "crm" / "deep").mkdir(parents=True)
    header = ["E-mail", "Name", "Phone", "Tags"]
    source = write_csv([header, *([f"p{n}@x.org", "", "", ""] for n in range(30))])
    for folder, rows in ("one", 30), ("two", 2):
        write_csv([header, *([f"p{n}@x.org", "", "", ""] for n in range(rows))], source.name)
        night = settings(sandbox, run_dir=tmp_path / folder)
        await sync_async(source, mapping, night, state=home / "crm" / "crm.db")
    (home / "notes.db").write_bytes(b"SQLite format 4\0 or so")
    (home / "empty.state").write_bytes(b"")
    for elsewhere in home / "crm" / "copy.txt", home / "crm" / "deep" / "crm.db":
        shutil.copy(home / "crm" / "crm.db", elsewhere)

    (job,) = list_jobs(home)
    assert (job.state, job.endpoint) == (home / "crm" / "crm.db", sandbox.url)
    assert (job.contacts, job.night, job.last["rows"]) == (30, 1, 30)
    assert (job.sources, job.mapping) == ((str(source),), str(mapping))
    assert [Path(night.run_dir).name for night in job.nights] == ["two", "one"]
    assert job.is_braked
    shutil.rmtree(tmp_path / "two")
    (job,) = list_jobs(home)
    assert [Path(night.run_dir).name for night in job.nights] == ["one"]
    assert not job.is_braked


async def test_the_report_of_a_run_is_read_from_its_journal(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    sandbox.script = lambda number, form: Reply(3, "no", apply=False) if number == 2 else None
    run_dir = tmp_path / "r"
    summary = await import_file_async(
        contacts_csv(3), mapping, settings(sandbox, run_dir=run_dir, preflight=False, concurrency=1)
    )
    found = read_report(run_dir)
    assert (found.summary.counts, found.summary.requests) == (summary.counts, 3)
    assert dict(found.digest.causes) == {(Status.FAILED, "3"): 1}
    assert sum(found.changes["add_tags"].values()) == 4  # two tags of each row that was accepted
    assert (found.mapping, found.rejects) == (mapping.read_text(), ("rejects.csv",))

    causes = LiveCauses(run_dir)
    assert causes.read() == causes.read() == [("3", 1)]
    causes.close()
    assert LiveCauses(tmp_path / "nothing").read() == []


async def test_the_runs_of_a_fleet_are_found_below_its_home(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    home = tmp_path / "fleet"
    for folder in ("move/run", "night/runs/monday", "night/runs/tuesday"):
        await import_file_async(contacts_csv(1), mapping, settings(sandbox, run_dir=home / folder))
    (home / "night/attempts").mkdir()
    found = [Path(summary.run_dir).relative_to(home).as_posix() for summary in list_runs(home)]
    assert found == ["move/run", "night/runs/monday", "night/runs/tuesday"]


async def test_a_support_bundle_of_a_run_has_its_mapping_and_its_rows(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    await import_file_async(contacts_csv(3), mapping, settings(sandbox, run_dir=tmp_path / "r"))
    assert write_support_bundle(tmp_path / "r", tmp_path / "b.zip") == 3
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.read("mapping.yml").decode() == mapping.read_text()
        assert len(archive.read("rows.csv").splitlines()) == 4


async def test_a_support_bundle_has_nobody_of_the_comments_that_init_writes(
    sandbox, settings, tmp_path
):
    source = tmp_path / "a.csv"
    source.write_text("E-mail,First name\nanna@example.org,Anna\nbo@example.org,Bo\n")
    mapping = tmp_path / "m.yml"
    with open_source(source) as opened:
        mapping.write_text(as_yaml(suggest(opened.header, opened), source.name))
    assert "anna@example.org" in mapping.read_text()
    await import_file_async(source, mapping, settings(sandbox, run_dir=tmp_path / "r"))
    write_support_bundle(tmp_path / "r", tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        packed = archive.read("mapping.yml").decode()
    assert "anna" not in packed.lower()
    assert packed.split() == ["version:", "1", "fields:", "lead_email:", "E-mail", "lead_first_name:", "First", "name"]  # fmt: skip

"""Reports of one moment, written together, by whoever comes first; and what is left in folders."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bulk_import.errors import BugError, BusyError, SetupError, StorageError
from bulk_import.jobs.history import rewrite_reports
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.journal import Journal
from bulk_import.models import Outcome, Row, SourceInfo, Status
from bulk_import.report.rejects import write_rejects
from bulk_import.run import reporting
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults
from bulk_import.system.files import remove_leftovers, replaced, temporary_folder
from bulk_import.system.locks import hold
from tests.conftest import report_of


async def test_a_report_that_is_written_during_the_run_is_whole_and_true(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    """Each row once; what it says of a row agrees with what the server has at that moment."""
    seen = []

    def script(_number, _form):
        if len(sandbox.sent()) % 10 == 5:
            before = {r.form["lead_first_name"] for r in sandbox.sent() if r.applied}
            rewrite_reports(tmp_path / "run")
            lines = report_of(tmp_path / "run")
            names = {f"Person {int(line['row']) - 1}": line["status"] for line in lines}
            assert len(lines) == 60 == len(names)
            assert {n for n, status in names.items() if status == "success"} <= before
            assert not {n for n, status in names.items() if status == "not_sent"} & before
            seen.append(len(before))

    sandbox.script = script
    source = contacts_csv(60, bare=True)
    summary = await import_file_async(source, bare_mapping, settings(sandbox, concurrency=4))
    assert len(seen) == 6
    assert summary.exit_code == 0
    assert {line["status"] for line in report_of(tmp_path / "run")} == {"success"}
    assert not list((tmp_path / "run").glob(".*.part"))
    assert not list((tmp_path / "run").glob(".drafts_*"))


def test_two_processes_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "report.csv"
    with replaced(path) as one, replaced(path) as other:
        one.write(b"one" * 1000)
        other.write(b"other" * 1000)
    assert path.read_bytes() in (b"one" * 1000, b"other" * 1000)


async def test_a_report_that_fails_keeps_no_other_from_being_written(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    def broken(*_args, **_options):
        raise ZeroDivisionError

    with monkeypatch.context() as at:
        at.setattr(reporting, "write_report", broken)
        with pytest.raises(BugError, match=r"while report\.csv was written; the other reports are"):
            await import_file_async(contacts_csv(5), mapping, settings(sandbox))
    run_dir = tmp_path / "run"
    assert (run_dir / "summary.json").is_file()
    assert "5" in (run_dir / "report.html").read_text("utf-8")
    assert not (run_dir / "report.csv").exists()
    rewrite_reports(run_dir)
    assert len(report_of(run_dir)) == 5


@pytest.mark.parametrize(
    ("name", "title"),
    [("Leads 05/2024", "Leads 05-2024"), ("a[b]:c*d?e\\f", "a-b--c-d-e-f"), ("History", "Rejects"),
     ("'quoted'", "quoted"), ("x" * 40, "x" * 31)],
)  # fmt: skip
def test_a_sheet_name_that_a_workbook_cannot_have_is_mapped(tmp_path, name, title):
    info = SourceInfo("a.ods", "ods", sheet=name, header=("E-mail",), labels=("E-mail",))
    row = Row("a.ods", name, 2, {"E-mail": "x"})
    outcome = Outcome("a.ods", name, 2, "", Status.INVALID, "EMAIL_INVALID", "no address")
    (path,) = write_rejects(tmp_path, {1: info}, [(1, row, outcome)])
    assert load_workbook(path).sheetnames[0] == title


async def test_rejects_of_an_earlier_report_go_and_files_of_others_stay(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    sandbox.script = lambda _number, form: (
        Reply(code=3, text="no") if form["lead_email"] == "p2@example.org" else None
    )
    run_dir = tmp_path / "run"
    await import_file_async(contacts_csv(4), mapping, settings(sandbox))
    assert (run_dir / "rejects.csv").is_file()
    (run_dir / "rejects.xlsx").write_bytes(b"mine")
    (run_dir / "rejects_2024.csv").write_bytes(b"mine too")
    sandbox.script = None
    await resume_async(run_dir, settings(sandbox, retry_failed=True))
    assert not (run_dir / "rejects.csv").exists()
    assert (run_dir / "rejects.xlsx").read_bytes() == b"mine"
    assert (run_dir / "rejects_2024.csv").read_bytes() == b"mine too"


async def test_rejects_that_somebody_edited_are_kept_and_the_new_ones_go_beside_them(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    refused = {"p2@example.org", "p3@example.org"}
    sandbox.script = lambda _number, form: (
        Reply(code=3, text="no") if form["lead_email"] in refused else None
    )
    run_dir = tmp_path / "run"
    first = await import_file_async(contacts_csv(5), mapping, settings(sandbox))
    assert first.notes == ()
    (run_dir / "rejects.csv").write_text("what somebody typed", "utf-8")

    refused.remove("p2@example.org")
    second = await resume_async(run_dir, settings(sandbox, retry_failed=True))

    assert (run_dir / "rejects.csv").read_text("utf-8") == "what somebody typed"
    (line,) = (run_dir / "rejects-2.csv").read_text("utf-8-sig").splitlines()[1:]
    assert "p3@example.org" in line
    assert second.notes == (
        "rejects.csv was edited after it was written and is kept; the rows that did not make it are "
        "now in rejects-2.csv",
    )
    assert json.loads((run_dir / "summary.json").read_text())["notes"] == list(second.notes)
    assert 'href="rejects-2.csv"' in (run_dir / "report.html").read_text("utf-8")
    assert 'href="rejects.csv"' not in (run_dir / "report.html").read_text("utf-8")

    refused.clear()
    third = await resume_async(run_dir, settings(sandbox, retry_failed=True))

    assert third.notes == ()
    assert (run_dir / "rejects.csv").read_text("utf-8") == "what somebody typed"
    assert not (run_dir / "rejects-2.csv").exists(), "nobody has edited it"


@pytest.mark.parametrize("name", ["rejects.csv", "report.csv", "report.html", "summary.json"])
async def test_a_run_in_the_folder_of_its_source_does_not_write_over_it(
    sandbox, settings, contacts_csv, mapping, tmp_path, name
):
    folder = tmp_path / "mine"
    folder.mkdir()
    source = shutil.move(contacts_csv(4), folder / name)
    before = Path(source).read_bytes()
    with pytest.raises(SetupError, match=name):
        await import_file_async(source, mapping, settings(sandbox, run_dir=folder))
    assert Path(source).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [name]
    assert sandbox.sent() == []


@pytest.mark.parametrize("left", ["journal.sqlite3-wal", "journal.sqlite3-shm", "journal.mark"])
async def test_a_log_of_a_deleted_journal_is_not_replayed_into_a_new_one(
    sandbox, settings, contacts_csv, write_csv, mapping, tmp_path, left
):
    image, run_dir = tmp_path / "image", tmp_path / "run"

    def script(_number, _form):
        if not image.exists():
            shutil.copytree(run_dir, image)

    sandbox.script = script
    await import_file_async(contacts_csv(20), mapping, settings(sandbox))
    for path in image.iterdir():
        if path.name != left and path.is_file():
            path.unlink()
    corrected = write_csv([["E-mail", "Name", "Phone", "Tags"], ["p1@example.org", "New", "", ""]])
    with pytest.raises(SetupError, match=f"holds {left} of a run, but not its journal"):
        await import_file_async(corrected, mapping, settings(sandbox, run_dir=image))
    assert len(sandbox.sent()) == 20


async def test_a_canary_is_never_more_than_the_limit(sandbox, settings, contacts_csv, mapping):
    summary = await import_file_async(
        contacts_csv(30), mapping, settings(sandbox, canary=8, limit=3)
    )
    assert len(sandbox.sent()) == 3
    assert summary.counts[Status.NOT_SENT] == 27


async def test_a_canary_that_is_smaller_than_asked_for_counts_as_what_it_is(
    sandbox, settings, contacts_csv, mapping
):
    await import_file_async(contacts_csv(30), mapping, settings(sandbox, canary=5, limit=12))
    assert len(sandbox.sent()) == 12


async def test_a_second_run_into_an_account_leaves_no_folder(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    host = f"localhost_{sandbox.url.rpartition(':')[2]}"
    (tmp_path / "state").mkdir()
    with (
        hold(tmp_path / "state" / f"{host}.lock", "the account"),
        pytest.raises(BusyError),
    ):
        await import_file_async(contacts_csv(4), mapping, settings(sandbox))
    assert not (tmp_path / "run").exists()


async def test_only_the_owner_may_look_into_a_run_folder(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    await import_file_async(contacts_csv(4), mapping, settings(sandbox))
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_copies_that_a_killed_process_left_are_removed_and_those_in_use_are_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "bulk_import_left"
    left.mkdir()
    (left / "contacts.csv").write_text("p@example.org")
    with temporary_folder() as used:
        for folder in (left, used):
            os.utime(folder, (1, 1))
        remove_leftovers()
        assert used.is_dir()
        assert not left.exists()
    assert not used.exists()


async def test_a_snapshot_does_not_move(tmp_path):
    with Journal.create(tmp_path / "journal.sqlite3") as journal:
        with journal.snapshot(), journal.another() as other:
            before = journal.facts()
            other.remember(later="1")
            assert journal.facts() == before
        assert journal.facts()["later"] == "1"


async def test_a_slow_report_does_not_replace_those_of_the_end_of_the_run(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    sandbox.use(Faults(fatal_after=4))
    run_dir = tmp_path / "run"
    await import_file_async(contacts_csv(9), mapping, settings(sandbox))
    sandbox.use(Faults())
    loop, real, calls = asyncio.get_running_loop(), reporting.write_page, []

    def write_page(*args, **kwargs):
        calls.append(args)
        real(*args, **kwargs)
        if len(calls) == 1:  # the run is finished while the first report is being written
            work = resume_async(run_dir, settings(sandbox))
            asyncio.run_coroutine_threadsafe(work, loop).result()

    monkeypatch.setattr(reporting, "write_page", write_page)
    told = await asyncio.to_thread(rewrite_reports, run_dir)

    assert {line["status"] for line in report_of(run_dir)} == {"success"}
    assert told.counts[Status.SUCCESS] == 9
    assert json.loads((run_dir / "summary.json").read_text())["counts"]["success"] == 9


async def test_reports_are_written_in_the_end_although_others_write_them_all_the_time(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    run_dir = tmp_path / "run"
    await import_file_async(contacts_csv(2), mapping, settings(sandbox))
    real, calls = reporting.write_page, []

    def write_page(*args, **kwargs):
        calls.append(args)
        real(*args, **kwargs)
        with Journal.open(run_dir / "journal.sqlite3") as journal:
            journal.remember(reported=f"by somebody, {len(calls)}")

    monkeypatch.setattr(reporting, "write_page", write_page)
    (run_dir / "report.csv").write_text("old")
    await asyncio.to_thread(rewrite_reports, run_dir)
    assert len(report_of(run_dir)) == 2
    assert len(calls) == 4


async def test_a_run_that_was_killed_while_it_reported_writes_its_reports_when_it_is_asked_again(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    run_dir = tmp_path / "run"
    source = contacts_csv(3)
    await import_file_async(source, mapping, settings(sandbox))
    for cut in ("", "begun 1234"):
        (run_dir / "report.csv").write_text("of an earlier moment")
        with Journal.open(run_dir / "journal.sqlite3") as journal:
            journal.remember(reported=cut)
        await import_file_async(source, mapping, settings(sandbox))
        assert [line["status"] for line in report_of(run_dir)] == ["success"] * 3
    assert len(sandbox.sent()) == 3


async def test_reports_of_which_some_could_not_be_put_in_place_are_written_again_by_the_same_command(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    run_dir = tmp_path / "run"
    source = contacts_csv(3)
    await import_file_async(source, mapping, settings(sandbox))
    (run_dir / "summary.json").unlink()
    (run_dir / "summary.json").mkdir()
    with pytest.raises(StorageError) as caught:
        await asyncio.to_thread(rewrite_reports, run_dir)
    assert str(caught.value) == f"{run_dir}: cannot be written: Is a directory"
    (run_dir / "summary.json").rmdir()
    for name in ("summary.json", "report.csv"):
        (run_dir / name).write_text("of an earlier moment")
    await import_file_async(source, mapping, settings(sandbox))
    assert [line["status"] for line in report_of(run_dir)] == ["success"] * 3
    assert json.loads((run_dir / "summary.json").read_bytes())["counts"]["success"] == 3
    assert len(sandbox.sent()) == 3


async def test_a_report_that_the_disk_refused_is_named_with_the_command_that_tries_again(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    run_dir = tmp_path / "run"
    await import_file_async(contacts_csv(1), mapping, settings(sandbox))

    def full(*_args: object, **_options: object) -> None:
        raise StorageError("report.html: no space left on device")

    monkeypatch.setattr(reporting, "write_page", full)
    with pytest.raises(StorageError) as caught:
        await asyncio.to_thread(rewrite_reports, run_dir)
    assert str(caught.value) == (
        "report.html: no space left on device; the other reports are written; "
        f"`bulk-import report {run_dir}` tries again"
    )

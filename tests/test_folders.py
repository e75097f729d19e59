"""A run's folder: begun, gone on with, finished, somebody else's, of another run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bulk_import.errors import BusyError, SettingsError, SetupError, StorageError
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.models import Status
from bulk_import.sandbox.faults import Faults
from bulk_import.system.locks import hold
from tests.conftest import report_of


async def test_limit_sends_so_many_and_resume_the_rest(sandbox, settings, contacts_csv, mapping):
    first = await import_file_async(contacts_csv(30), mapping, settings(sandbox, limit=10))
    assert len(sandbox.sent()) == 10
    assert first.counts[Status.NOT_SENT] == 20

    await resume_async(first.run_dir, settings(sandbox))
    assert len(sandbox.sent()) == 30


async def test_a_wrong_key_sends_nothing_and_leaves_nothing_behind(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    with_todays_key = settings(sandbox)
    sandbox.key = "another"

    with pytest.raises(SettingsError, match="API key is wrong"):
        await import_file_async(contacts_csv(5), mapping, with_todays_key)

    assert not (tmp_path / "run").exists()
    assert sandbox.sent() == []


async def test_a_finished_run_sends_nothing_when_it_is_started_again(
    sandbox, settings, contacts_csv, mapping
):
    source = contacts_csv(10)
    await import_file_async(source, mapping, settings(sandbox))
    summary = await import_file_async(source, mapping, settings(sandbox))

    assert summary.counts[Status.SUCCESS] == 10
    assert len(sandbox.sent()) == 10


async def test_a_changed_source_or_mapping_is_refused_with_what_changed(
    sandbox, settings, contacts_csv, mapping
):
    source = contacts_csv(10)
    await import_file_async(source, mapping, settings(sandbox, limit=3))
    text = mapping.read_text("utf-8")

    mapping.write_text(text.replace("lead_first_name: Name", "lead_last_name: Name"), "utf-8")
    with pytest.raises(SetupError, match=r"fields\.lead_first_name, fields\.lead_last_name"):
        await import_file_async(source, mapping, settings(sandbox))
    mapping.write_text("# a comment is no change\n" + text, "utf-8")
    source.write_text(source.read_text("utf-8") + "x@y.org,New,,\n", "utf-8")
    with pytest.raises(SetupError, match="contents differ"):
        await import_file_async(source, mapping, settings(sandbox))

    assert len(sandbox.sent()) == 3


async def test_a_run_is_finished_by_the_version_that_began_it(
    sandbox, settings, contacts_csv, mapping, monkeypatch
):
    """Another version may read a value otherwise: one run would mean two things."""
    source = contacts_csv(10)
    await import_file_async(source, mapping, settings(sandbox, limit=3))
    monkeypatch.setattr("bulk_import.run.identity.__version__", "9.9.9")
    with pytest.raises(
        SetupError, match=r"started by version \S+ of this program, this is 9\.9\.9"
    ):
        await import_file_async(source, mapping, settings(sandbox))
    assert len(sandbox.sent()) == 3

    monkeypatch.undo()
    done = await import_file_async(source, mapping, settings(sandbox))
    assert (done.exit_code, len(sandbox.sent())) == (0, 10)
    monkeypatch.setattr("bulk_import.run.identity.__version__", "9.9.9")
    again = await import_file_async(source, mapping, settings(sandbox))
    assert (again.exit_code, len(sandbox.sent())) == (0, 10), "nothing is left to be sent"


@pytest.mark.parametrize("folder", ["a file/run", "/proc/run"])
async def test_a_folder_that_cannot_be_written_ends_the_run_before_a_request(
    sandbox, settings, contacts_csv, mapping, tmp_path, folder
):
    (tmp_path / "a file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        await import_file_async(
            contacts_csv(3), mapping, settings(sandbox, run_dir=tmp_path / folder)
        )
    assert sandbox.sent() == []


async def test_a_second_run_in_the_same_folder_or_account_is_refused(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    (tmp_path / "run").mkdir()
    with hold(tmp_path / "run" / "journal.lock", "x"), pytest.raises(BusyError, match="process"):
        await import_file_async(contacts_csv(5), mapping, settings(sandbox))

    sandbox.use(Faults(latency_ms=200))
    first = asyncio.create_task(import_file_async(contacts_csv(20), mapping, settings(sandbox)))
    while not sandbox.sent():
        await asyncio.sleep(0.01)
    with pytest.raises(BusyError, match="account"):
        await import_file_async(
            contacts_csv(20), mapping, settings(sandbox, run_dir=tmp_path / "two")
        )
    assert (await first).counts[Status.SUCCESS] == 20


async def test_a_dry_run_sends_nothing_and_reports_what_would_be_sent(
    sandbox, settings, contacts_csv, mapping
):
    summary = await import_file_async(contacts_csv(3), mapping, settings(sandbox, dry_run=True))

    assert summary.exit_code == 0
    assert sandbox.store.count("request") == 0
    line = report_of(Path(summary.run_dir))[0]
    assert line["status"] == "not_sent"
    assert "lead_email=p1%40example.org" in line["message"]


async def test_a_rehearsal_and_a_real_run_never_share_a_folder(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    source = contacts_csv(3)
    await import_file_async(source, mapping, settings(sandbox, dry_run=True))
    with pytest.raises(SetupError, match="rehearsal"):
        await import_file_async(source, mapping, settings(sandbox))
    with pytest.raises(SetupError, match="rehearsal"):
        await resume_async(tmp_path / "run", settings(sandbox))
    real = settings(sandbox, run_dir=tmp_path / "real", limit=1)
    await import_file_async(source, mapping, real)
    with pytest.raises(SetupError, match="real run"):
        await import_file_async(
            source, mapping, settings(sandbox, run_dir=tmp_path / "real", dry_run=True)
        )
    assert len(sandbox.sent()) == 1

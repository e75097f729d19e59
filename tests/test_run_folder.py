"""A run's folder, its account's files, and where a run may begin: nothing that is there is written over."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from bulk_import.errors import BusyError, SetupError, StorageError
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.run.connecting import connected
from bulk_import.run.daily import Day, account_file, midnight, today
from bulk_import.run.folder import JOURNAL, RunFolder, new_run_dir
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError
from bulk_import.system.locks import hold
from tests.conftest import Ear
from tests.judged import judge, settle, source


def refusal(folder: RunFolder) -> str:
    try:
        folder.refuse_earlier_run()
    except SetupError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (["journal.sqlite3", "report.csv"],
         "{run}: holds a run already; nothing was sent. `bulk-import resume {run}` continues it; for a new "
         "run give another folder"),
        (["journal.sqlite3-wal", "journal.mark", "report.csv"],
         "{run}: holds journal.sqlite3-wal and journal.mark of a run, but not its journal (journal.sqlite3); "
         "nothing was sent. Restore that to go on, or import into another folder (rows that were accepted "
         "would be sent again)"),
        (["summary.json"],
         "{run}: holds summary.json of a run, but not its journal (journal.sqlite3); nothing was sent. Restore "
         "that to go on, or import into another folder (rows that were accepted would be sent again)"),
        *((names, f"{{run}}/{names[-1]}: is there already, and the run would write a file of that name; "
           "nothing was sent. Give another --run-dir")
          for names in (["report.csv"], ["report.html"], ["rejects-2.csv"], ["rejects.xlsx", "report.html"])),
        ([], ""), (["journal.lock"], ""), (["rejects.txt", "contacts.csv"], ""),
    ],
)  # fmt: skip
def test_a_run_begins_where_nothing_is_that_it_would_write(tmp_path, there, said):
    run = tmp_path / "run"
    run.mkdir()
    for name in there:
        (run / name).write_text("x")
    assert refusal(RunFolder(run)) == said.format(run=run)
    assert sorted(path.name for path in run.iterdir()) == sorted(there)


def test_folders_of_those_names_are_no_reports_but_cannot_be_written_over(tmp_path):
    folder = RunFolder(tmp_path / "run")
    for name in ("report.csv", "summary.json", "rejects.xlsx"):
        (tmp_path / "run" / name).mkdir(parents=True)
        assert refusal(folder) == ""
        with pytest.raises(StorageError) as caught:
            folder.make()
        assert str(caught.value) == (
            f"{tmp_path / 'run' / name}: is a folder; move it, the report goes here"
        )
        shutil.rmtree(tmp_path / "run")


def test_a_folder_is_made_with_those_above_it_for_its_owner_alone_and_made_twice(tmp_path):
    folder = RunFolder(tmp_path / "a" / "b" / "run")
    assert not folder.path.exists()
    for _ in range(2):
        folder.make()
        assert list(folder.path.iterdir()) == [], "the probe is gone"
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert str(folder) == str(folder.path)


def test_a_folder_that_cannot_be_made_says_why(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        RunFolder(tmp_path / "file" / "run").make()
    assert str(caught.value) == f"{tmp_path / 'file' / 'run'}: cannot be written: Not a directory"


@pytest.mark.parametrize(("missing", "has"), [("", True), ("report.csv", False), ("report.html", False), ("summary.json", False)])  # fmt: skip
def test_reports_are_there_when_all_are(tmp_path, missing, has):
    for name in {"report.csv", "report.html", "summary.json"} - {missing}:
        (tmp_path / name).write_text("x")
    assert RunFolder(tmp_path).has_reports is has


@pytest.mark.parametrize(("with_folder", "also", "is_left"), [(True, "", False), (False, "", True), (True, "mine.csv", True)])  # fmt: skip
def test_what_never_started_is_removed_and_nothing_else(tmp_path, with_folder, also, is_left):
    run = tmp_path / "run"
    run.mkdir()
    made = ["journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm", "journal.reserve", "journal.mark", "journal.lock"]  # fmt: skip
    for name in filter(None, [*made, also]):
        (run / name).write_text("x")
    folder = RunFolder(run)
    folder.clean_up(with_folder=with_folder)
    assert run.exists() is is_left
    assert not is_left or [path.name for path in run.iterdir()] == [also][: bool(also)]
    folder.clean_up(with_folder=with_folder)


def test_folders_of_one_second_are_numbered_from_2(tmp_path):
    for home in (tmp_path / str(n) for n in range(5)):
        names = []
        for _ in range(3):
            made = new_run_dir("a.csv", home)
            made.mkdir(parents=True)
            names.append(made.name)
        if len({name.partition("_")[0] for name in names}) == 1:  # else the clock has ticked
            break
    assert names == [names[0], f"{names[0]}_2", f"{names[0]}_3"]


# -- the account's day -----------------------------------------------------------------------------------

DAY = date(2026, 3, 10)


def used(folder: Path, requests: int) -> Path:
    """The journal of another run with that number of requests."""
    folder.mkdir()
    with Journal.create(folder / JOURNAL, {}) as journal:
        judge(journal, source(*(f"p{n}@b.org" for n in range(requests))))
        for seq in range(1, requests + 1):
            settle(journal, seq, Status.SUCCESS)
    return folder / JOURNAL


def test_an_account_has_a_file_of_its_own_in_the_folder_that_its_runs_share(tmp_path):
    known = Settings(endpoint="https://shop.example.com:8443", state_dir=tmp_path)
    assert account_file(known, "lock") == tmp_path / "shop.example.com_8443.lock"
    assert account_file(Settings(endpoint="https://shop.example.com"), "lock") is None


def test_a_run_is_named_when_it_begins_and_its_number_when_it_ends(tmp_path):
    file, own = tmp_path / "state" / "x.day.json", tmp_path / "own" / JOURNAL
    day = Day(file, own, DAY)
    assert day.begin() == 0
    assert json.loads(file.read_text()) == {"day": "2026-03-10", "runs": {str(own): None}}
    assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    day.end(7, DAY)
    assert json.loads(file.read_text())["runs"] == {str(own): 7}
    assert Day(file, own, DAY).begin() == 0, "its own requests are in its journal"
    assert json.loads(file.read_text())["runs"] == {str(own): None}


def test_what_a_run_used_that_was_cut_off_is_counted_from_its_journal_once(tmp_path):
    cut, damaged, gone = used(tmp_path / "cut", 3), tmp_path / "damaged", tmp_path / "gone"
    damaged.write_bytes(b"no database")
    file, own = tmp_path / "day.json", tmp_path / "own"
    runs = {str(cut): None, str(damaged): None, str(gone): None, str(tmp_path / "ended"): 5}
    file.write_text(json.dumps({"day": "2026-01-01", "runs": runs}))
    day = Day(file, own, date(2026, 1, 1))
    assert day.begin() == 8
    shutil.rmtree(cut.parent)
    day.end(2, date(2026, 1, 1))
    known = {str(cut): 3, str(damaged): 0, str(gone): 0, str(tmp_path / "ended"): 5, str(own): 2}
    assert json.loads(file.read_text())["runs"] == known
    assert Day(file, tmp_path / "next", date(2026, 1, 1)).begin() == 10


def test_requests_of_the_day_before_are_not_counted(tmp_path):
    cut = used(tmp_path / "cut", 3)  # all of 2026-01-01, UTC
    later = date(2026, 1, 3)
    file = tmp_path / "day.json"
    file.write_text(json.dumps({"day": later.isoformat(), "runs": {str(cut): None}}))
    assert Day(file, tmp_path / "own", later).begin() == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"day": 7, "runs": {}}', '{"day": "2026-03-10", "runs": []}', '{"day": "2026-03-10", "runs": {"a": "x"}}'])  # fmt: skip
def test_a_file_that_is_not_whole_counts_as_none(tmp_path, content):
    file = tmp_path / "day.json"
    file.write_text(content)
    assert Day(file, tmp_path / "own", DAY).begin() == 0
    assert json.loads(file.read_text())["day"] == "2026-03-10"


def test_a_run_that_ends_the_day_after_begins_that_day_alone(tmp_path):
    file = tmp_path / "day.json"
    runs = {str(tmp_path / "other"): 5}
    for ends, left in ((DAY, 5), (DAY - timedelta(days=1), 5), (DAY + timedelta(days=1), 0)):
        file.write_text(json.dumps({"day": DAY.isoformat(), "runs": runs}))
        day = Day(file, tmp_path / "own", DAY)
        day.begin()
        day.end(2, ends)
        content = json.loads(file.read_text())
        assert content["day"] == max(DAY, ends).isoformat()
        assert sum(content["runs"].values()) == left + 2


def test_without_a_file_nothing_is_known_and_nothing_is_written(tmp_path):
    day = Day(None, tmp_path / "own", today())
    assert day.begin() == 0
    day.end(5, today())
    assert list(tmp_path.iterdir()) == []
    assert midnight(DAY).endswith("Z")


# -- the account itself ----------------------------------------------------------------------------------


async def connect(options: Settings, ear: Ear, stop: Stop | None = None) -> tuple[bool, bool]:
    """Whether there are a client and what it said of the account."""
    async with connected(options, ear, stop or Stop(), with_managers=False) as (client, directory):
        return client is not None, directory is not None


async def test_a_rehearsal_asks_and_locks_nothing(sandbox, settings, tmp_path):
    assert await connect(settings(sandbox, dry_run=True), Ear()) == (False, False)
    assert not (tmp_path / "state").exists()
    assert sandbox.store.count("request") == 0


@pytest.mark.parametrize("asks", [True, False])
async def test_the_account_is_asked_what_it_has_unless_that_is_switched_off(
    sandbox, settings, asks
):
    assert await connect(settings(sandbox, preflight=asks), Ear()) == (True, asks)


async def test_a_run_that_is_stopped_asks_no_account(sandbox, settings):
    stop = Stop()
    stop.request("Ctrl-C", 130)
    with pytest.raises(StoppingError):
        await connect(settings(sandbox), Ear(), stop)


async def test_an_account_is_locked_for_as_long_as_it_is_used(sandbox, settings, tmp_path):
    options = settings(sandbox, preflight=False)
    lock = account_file(options, "lock")
    assert lock is not None
    async with connected(options, Ear(), Stop(), with_managers=False):
        with pytest.raises(BusyError, match=f"the account {sandbox.url} is in use"), hold(lock, f"the account {sandbox.url}"):  # fmt: skip
            pytest.fail("somebody else holds it")
    with hold(lock, "the account"):
        assert lock.parent.stat().st_mode & 0o777 == 0o700
    assert await connect(settings(sandbox, preflight=False, state_dir=None), Ear()) == (True, False)


@pytest.mark.parametrize(("name", "is_said"), [(".state", True), ("state", False)])
async def test_a_lock_that_only_runs_of_this_folder_see_is_said(
    sandbox, settings, tmp_path, monkeypatch, name, is_said
):
    monkeypatch.chdir(tmp_path)
    folder, ear = Path("runs") / name, Ear()
    await connect(settings(sandbox, preflight=False, state_dir=folder), ear)
    said = (
        f"the lock of the account is in {folder}: only runs that are started in this folder see it "
        "(set BULK_IMPORT_LOCKS to a folder that all runs share)"
    )
    assert (said in ear.told) is is_said
    assert [*folder.iterdir()] != []

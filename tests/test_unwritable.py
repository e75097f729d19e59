"""A place that cannot be written is said with its path, whatever is to be written there, and nothing else happens."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bulk_import.delivery.commits import Reserve
from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.scratch import Scratch
from bulk_import.jobs.state import State
from bulk_import.journal import Journal
from bulk_import.journal.database import translated
from bulk_import.models import Outcome, Row, SourceInfo, Status, Summary
from bulk_import.report.bundle import write_bundle
from bulk_import.report.digest import Digest
from bulk_import.report.metrics import Gauge, write_gauges
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import write_rejects
from bulk_import.report.summary import write_summary
from bulk_import.run.folder import RunFolder
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold

SUMMARY = Summary("r", ("a.csv",), "m.yml", "https://x", {Status.SUCCESS: 1}, 1)
OUTCOME = Outcome("a.csv", "", 2, "", Status.INVALID, "X", said="why")


def rejects(kind):
    info = SourceInfo("a", kind, sheet="S", header=("A",), labels=("A",))
    row = Row("a", "S", 2, {"A": "x"})
    return lambda path: write_rejects(path, {1: info}, [(1, row, OUTCOME)])


def plan_files(path):
    with Scratch(CALLS) as scratch:
        line = Line(1, "a@b.org", None, None, packed({"add_tags": ["x"]}))
        write_plan_files(path, Calls(scratch, [line]))


def lock(path):
    with hold(path, "it"):
        pass


WRITERS = {
    "summary": lambda path: write_summary(path, SUMMARY),
    "report": lambda path: write_report(path, [OUTCOME]),
    "page": lambda path: write_page(path, SUMMARY, Digest(), {}),
    "rejects as text": rejects("csv"),
    "rejects as a workbook": rejects("xlsx"),
    "metrics": lambda path: write_gauges(path, [Gauge("one", "One.", [({}, 1)])]),
    "bundle": lambda path: write_bundle(path, SUMMARY, "", []),
    "journal": Journal.create,
    "state": State.open,
    "reserve": lambda path: Reserve(path).take(),
    "plan files": plan_files,
    "folder": made_folder,
    "run folder": lambda path: RunFolder(path).make(),
    "lock": lock,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_cannot_be_written_is_a_storage_error_with_the_path(tmp_path, write):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("somebody's\n", "utf-8")
    with pytest.raises(StorageError) as caught:
        write(in_the_way / "below")
    assert str(in_the_way) in str(caught.value)
    assert in_the_way.read_text("utf-8") == "somebody's\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_state_that_is_only_to_be_read_is_not_made(tmp_path):
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(SetupError, match="no such state file"):
            State.open(tmp_path / "x.state", **options)
    assert list(tmp_path.iterdir()) == []


# -- what SQLite says --------------------------------------------------------------------------------


def write_to_a_journal_that_may_only_be_read(path):
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.execute("create table one (a)")


def open_a_journal_in_no_folder(path):
    sqlite3.connect(path / "none" / "journal.sqlite3")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (write_to_a_journal_that_may_only_be_read, "attempt to write a readonly database"),
        (open_a_journal_in_no_folder, "unable to open database file"),
    ],
)
def test_a_journal_that_the_disk_refuses_says_what_to_do_and_that_nothing_is_lost(
    tmp_path, happens, why
):
    path = tmp_path / "journal.sqlite3"
    sqlite3.connect(path).close()
    path.touch()
    with pytest.raises(StorageError) as caught, translated(path):
        happens(path)
    assert str(caught.value) == (
        f"{path}: cannot be read or written ({why}); free some space or correct the permissions, then run "
        "the same command again: nothing is lost"
    )
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_a_journal_that_cannot_be_opened_for_want_of_handles_has_that_as_its_cause(tmp_path):
    """SQLite says that it cannot open the file; the system knows why."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(one.name) for one in Path("/proc/self/fd").iterdir())
    free = open_all_below(in_use)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use, hard))
        with pytest.raises(StorageError) as caught, translated(tmp_path):
            sqlite3.connect(tmp_path / "journal.sqlite3")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
        for file in free:
            file.close()
    cause = caught.value.__cause__
    assert (type(cause), cause.args) == (OSError, (24, "Too many open files"))


def open_all_below(highest):
    """Use up the numbers of files that are free below *highest*."""
    opened = []
    while not opened or opened[-1].fileno() < highest:
        opened.append(Path("/dev/null").open())  # noqa: SIM115 - closed by the caller
    opened.pop().close()
    return opened


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: Is a directory"),
        (b"SQLite format 3\0" + b"x" * 1000, "not a usable state file: "),
    ],
)
def test_a_state_that_cannot_be_read_is_named_and_left_as_it_is(tmp_path, content, why):
    path = tmp_path / "job.state"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(StorageError) as caught:
        State.open(path)
    assert str(caught.value).startswith(f"{path}: {why}")
    if content is not None:
        assert path.read_bytes() == content


def test_what_a_state_was_told_in_a_block_that_failed_it_does_not_remember(tmp_path):
    with State.open(tmp_path / "job.state") as state:
        state.put(night="1")
        with suppress(KeyError), state.transaction():
            state.put(night="2")
            raise KeyError
        assert state.get("night") == "1"
        with state.transaction():
            state.put(night="3")
        assert state.get("night") == "3"


def test_a_journal_in_the_place_of_a_folder_is_not_made(tmp_path):
    path = tmp_path / "journal.sqlite3"
    (path / "something").mkdir(parents=True)
    with pytest.raises(StorageError) as caught:
        Journal.create(path)
    assert str(caught.value) == f"{path}: cannot be created: Is a directory"
    assert (path / "something").is_dir()


def test_a_run_does_not_begin_to_send_without_the_mark_beside_its_journal(tmp_path):
    with Journal.create(tmp_path / "journal.sqlite3") as journal:
        journal.mark_path.unlink(missing_ok=True)
        journal.mark_path.mkdir()
        with pytest.raises(StorageError) as caught, journal.deferring_syncs():
            pass
    assert str(caught.value) == f"{tmp_path}/journal.sqlite3-wal: cannot be written: Is a directory"

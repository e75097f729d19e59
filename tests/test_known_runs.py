"""What folders know of runs and of nightly jobs, and what a run that is under way says of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.history import (
    Job,
    LiveCauses,
    list_jobs,
    list_runs,
    read_report,
    rewrite_reports,
    state_of,
    write_support_bundle,
)
from bulk_import.jobs.state import State
from bulk_import.journal import Journal
from bulk_import.journal.entries import Refusal
from bulk_import.models import Status, Summary
from bulk_import.run.folder import JOURNAL, LOCK
from bulk_import.system.crash import watched_scene
from bulk_import.system.locks import hold
from tests.journals import accepted, info, judged, refused


def journal_at(folder: Path, **facts: str) -> Journal:
    folder.mkdir(parents=True)
    return Journal.create(folder / JOURNAL, facts)


def state_at(path: Path, **facts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with State.open(path) as state:
        state.put(**facts)


# -- how a run stands ------------------------------------------------------------------------------------

STANDS = [
    ({"finished_at": "2026-01-01T00:00:00Z"}, "finished"),
    ({"finished_at": "2026-01-01T00:00:00Z", "dry_run": True}, "rehearsal"),
    ({"finished_at": "2026-01-01T00:00:00Z", "stopped": "the brake: x"}, "stopped: the brake: x"),
    ({"stopped": "the limit", "dry_run": True}, "stopped: the limit"),
    ({"dry_run": True}, "cut off; `bulk-import resume {run}` continues it"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "stands"), STANDS)
def test_a_run_stands_as_its_summary_and_its_lock_say(tmp_path, facts, stands):
    summary = Summary(str(tmp_path), (), "", "", {}, 0, **facts)
    assert state_of(summary) == stands.format(run=tmp_path)
    with hold(tmp_path / LOCK, "the run folder"):
        assert state_of(summary) == "running"


# -- folders of runs -------------------------------------------------------------------------------------


def test_runs_are_those_of_a_folder_or_else_those_of_its_jobs(tmp_path):
    assert list_runs(tmp_path / "nowhere") == []
    for path in ("b/run", "a/runs/2", "a/runs/1", "c/other/1"):
        journal_at(tmp_path / path).close()
    assert [Path(run.run_dir).relative_to(tmp_path).as_posix() for run in list_runs(tmp_path)] == [
        "a/runs/1", "a/runs/2", "b/run"
    ]  # fmt: skip
    journal_at(tmp_path / "z").close()
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / JOURNAL).write_bytes(b"no database")
    assert [Path(run.run_dir).name for run in list_runs(tmp_path)] == ["z"]


@pytest.mark.parametrize("question", [rewrite_reports, read_report, lambda run: write_support_bundle(run, run / "b.zip")])  # fmt: skip
def test_what_is_no_run_has_no_reports(tmp_path, question):
    with pytest.raises(SetupError):
        question(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_reports_of_a_run_that_is_under_way_say_that_they_are_of_this_moment(tmp_path):
    with journal_at(tmp_path / "run") as journal:
        journal.add(1, [])
    note = "the run is going on: the reports are of this moment, it writes its own when it ends"
    assert rewrite_reports(tmp_path / "run").notes == ()
    with hold(tmp_path / "run" / LOCK, "the run folder"):
        assert rewrite_reports(tmp_path / "run").notes == (note,)


@pytest.mark.parametrize("work", [rewrite_reports, lambda run: write_support_bundle(run, run / "b.zip")])  # fmt: skip
def test_a_bug_on_the_way_would_be_written_down_beside_the_run(tmp_path, work):
    journal_at(tmp_path / "run").close()
    with watched_scene() as scene:
        work(tmp_path / "run")
    assert scene.folder == tmp_path / "run"


# -- jobs of nights --------------------------------------------------------------------------------------


def test_a_job_is_what_its_state_file_says(tmp_path):
    state_at(
        tmp_path / "a.state", paths='["a.csv", "b.csv"]', endpoint="https://x", night="3", mapping="m.yml",
        last='{"rows": 9}',
    )  # fmt: skip
    (job,) = list_jobs(tmp_path)
    assert job == Job(
        tmp_path / "a.state", "https://x", 0, 3, {"rows": 9}, ("a.csv", "b.csv"), "m.yml", ()
    )  # fmt: skip
    assert not job.is_braked


def test_a_job_that_never_ran_has_no_night(tmp_path):
    state_at(tmp_path / "a.db", paths='["a.csv"]')
    (job,) = list_jobs(tmp_path)
    assert (job.night, job.last, job.nights, job.endpoint) == (0, {}, (), "")


@pytest.mark.parametrize(
    ("name", "is_job"),
    [
        ("a.state", True), ("a.db", True), ("a.sqlite", True), ("a.sqlite3", True), ("one/a.state", True),
        ("one/two/a.state", False), ("a.txt", False), ("a", False),
    ],
)  # fmt: skip
def test_jobs_are_looked_for_by_their_endings_one_folder_deep(tmp_path, name, is_job):
    state_at(tmp_path / name, paths='["a.csv"]')
    assert [job.state for job in list_jobs(tmp_path)] == [tmp_path / name] * is_job


def test_what_is_no_state_of_a_job_hides_no_other(tmp_path):
    state_at(tmp_path / "tags.state")  # of a re-tag: it has no sources
    state_at(tmp_path / "z.state", paths='["a.csv"]')
    Journal.create(tmp_path / "journal.sqlite3").close()
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0 and no more")
    (tmp_path / "b.db").write_bytes(b"SQLite")
    assert [job.state.name for job in list_jobs(tmp_path)] == ["z.state"]


def test_nights_are_those_whose_folders_are_there_newest_first(tmp_path):
    for name in ("two", "one"):
        journal_at(tmp_path / name).close()
    runs = f'["{tmp_path}/two", "{tmp_path}/gone", "{tmp_path}/one"]'
    state_at(tmp_path / "a.state", paths='["a.csv"]', runs=runs)
    (job,) = list_jobs(tmp_path)
    assert [Path(night.run_dir).name for night in job.nights] == ["two", "one"]


@pytest.mark.parametrize(
    ("stopped", "is_braked"), [("the brake: 5 of 6 vanished", True), ("", False), ("the limit", False)]
)  # fmt: skip
def test_a_job_is_braked_if_its_last_night_was(tmp_path, stopped, is_braked):
    last, before = (
        Summary("", (), "", "", {}, 0, stopped=text) for text in (stopped, "the brake: before")
    )
    assert Job(tmp_path, "", 0, 1, {}, (), "", (last, before)).is_braked == is_braked


# -- a run that is under way -----------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path) -> Iterator[Journal]:
    """25 rows: two refused with one code, the others judged."""
    with journal_at(tmp_path / "run") as journal:
        journal.add_source(1, info())
        journal.add(1, [*(judged(n) for n in range(1, 24)), refused(24), refused(25)])
        yield journal


def test_causes_of_a_run_under_way_are_the_most_frequent_codes_as_they_come(running, tmp_path):
    causes = LiveCauses(tmp_path / "run")
    assert causes.read() == [("X", 2)]
    running.commit([accepted(1), accepted(2, error_code="102")])
    assert causes.read() == [("X", 2)]
    running.add_refusals([(n, Refusal.because(Status.SKIPPED, f"C{n:02}", "")) for n in range(3, 23)])  # fmt: skip
    assert causes.read() == [("X", 2), *((f"C{n:02}", 1) for n in range(3, 22))]
    causes.close()


def test_causes_are_none_before_there_is_a_journal(tmp_path):
    causes = LiveCauses(tmp_path / "run")
    assert causes.read() == []
    with journal_at(tmp_path / "run"):
        assert causes.read() == []
    causes.close()
    LiveCauses(tmp_path / "other").close()

"""Journals of earlier versions: a run that was started with one is continued and reported."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bulk_import.jobs.history import rewrite_reports
from bulk_import.jobs.importing import resume_async
from bulk_import.jobs.reviewing import Review
from bulk_import.journal import Journal
from bulk_import.journal.database import FORMAT
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from tests.conftest import report_of

# Runs of 7 rows that were cut off: 2 accepted, 2 refused, 2 in flight (one of them bare), 1 not sent.
DUMPS = Path(__file__).parent / "cases" / "journal"
FIRST_ENDED = {4: "2026-11-26T16:35:30.941Z", 5: "2026-11-26T20:02:54.868Z"}
LINES = (
    "E-mail,Name,Phone,Tags\r\n"
    "p1@example.org,Person 1,(415) 555-0001,vip; new\r\n"
    ",Person 2,(415) 555-0002,new\r\n"
    "not an address,Person 3,(415) 555-0003,new\r\n"
    "p4@example.org,Person 4,(415) 555-0004,\r\n"
    ",Person 5,(415) 555-0005,vip\r\n"
    "p6@example.org,Person 6,8 (415) 555-0006,new\r\n"
    ",Person 7,(415) 555-0007,new\r\n"
)


@pytest.fixture(params=FIRST_ENDED)
def number(request) -> int:
    """The number of an earlier format."""
    return request.param


@pytest.fixture
def former(tmp_path, sandbox, number) -> Path:
    """The folder of such a run."""
    (tmp_path / "contacts.csv").write_text(LINES, "utf-8", newline="")
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    text = (DUMPS / f"format_{number}.sql").read_text("utf-8")
    text = text.replace("/FOLDER", str(tmp_path)).replace("http://SANDBOX", sandbox.url)
    with closing(sqlite3.connect(run_dir / "journal.sqlite3")) as db, db:
        db.executescript(text)
    return run_dir


def the(run_dir: Path, column: str) -> list[str]:
    return [line[column] for line in report_of(run_dir)]


async def test_a_run_that_an_earlier_version_left_unfinished_is_continued(
    former, number, sandbox, settings
):
    summary = await resume_async(former, settings(sandbox))

    assert [request.form["lead_first_name"] for request in sandbox.sent()] == [
        "Person 4",
        "Person 7",
    ]
    assert the(former, "status") == [
        "success", "success", "invalid", "success", "unknown", "invalid", "success",
    ]  # fmt: skip
    assert the(former, "attempts") == ["1", "1", "0", "2", "1", "0", "1"]
    moments = the(former, "finished_at")
    assert moments[0] == FIRST_ENDED[number]
    assert moments[4] == "2026-03-10T11:05:00.000Z"
    assert (len(moments[6]), moments[6][-1]) == (24, "Z")
    assert (summary.balanced, summary.requests, summary.counts[Status.SUCCESS]) == (True, 6, 4)
    assert "not an address" in (former / "rejects.csv").read_text("utf-8")
    with Journal.open(former / "journal.sqlite3") as journal:
        assert journal.facts()["format"] == FORMAT
        assert [len(journal.attempts(seq)) for seq in range(1, 8)] == [1, 1, 0, 2, 1, 0, 1]
        assert journal.count_requests_since("2026-03-11T00:00:00.000Z") == 4


def test_reports_of_a_journal_of_an_earlier_version_are_written_again(former):
    summary = rewrite_reports(former)

    assert the(former, "status") == [
        "success", "success", "invalid", "unknown", "unknown", "invalid", "not_sent",
    ]  # fmt: skip
    assert the(former, "contact")[0] == "p1@example.org"
    assert (summary.balanced, summary.requests) == (True, 4)


async def test_the_page_shows_how_rows_of_an_earlier_version_ended(
    former, tmp_path, bare_mapping, sandbox, settings
):
    """It reads the run's journal as it is: opening it as ours would change it."""
    folder = tmp_path / "desk"
    folder.mkdir()
    review = Review.judge(folder, str(tmp_path / "contacts.csv"), load_mapping(bare_mapping))
    try:
        review.overlay(former / "journal.sqlite3")
        assert review.counts().statuses == {"ready": 3, "success": 2, "invalid": 2}
        review.overlay(None)
        await resume_async(former, settings(sandbox))
        review.overlay(former / "journal.sqlite3")
        assert review.counts().statuses == {"success": 4, "invalid": 2, "unknown": 1}
    finally:
        review.close()

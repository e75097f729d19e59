"""The reports of a journal and the end of an invocation: what is written when, and what the journal remembers of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulk_import.errors import BugError, Message, StorageError
from bulk_import.journal import Journal
from bulk_import.models import SourceInfo, Status, Summary
from bulk_import.run import reporting
from bulk_import.run.ending import Ending
from bulk_import.run.folder import JOURNAL, RunFolder
from bulk_import.run.reporting import (
    are_current,
    reports_end,
    stop_facts,
    stop_reason,
    summarize,
    write_reports,
)
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from tests.conftest import report_of, statuses
from tests.judged import HEADER, begin, judge, settle, source

FACTS = {
    "mapping_name": "m.yml",
    "endpoint": "https://x.org",
    "started_at": "2026-01-01T00:00:00.000Z",
}


@pytest.fixture
def run_dir(tmp_path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def journal(run_dir) -> Iterator[Journal]:
    """Four rows: one accepted, one refused by the API, one that cannot be sent, one that is open."""
    with Journal.create(run_dir / JOURNAL, FACTS) as opened:
        judge(opened, source("a@b.org,Ann,vip;new", "b@b.org,Bob", "nobody", "d@b.org,Dora,vip"))
        settle(opened, 1, Status.SUCCESS)
        settle(opened, 2, Status.FAILED, "3")
        yield opened


def files(run_dir: Path) -> set[str]:
    return {path.name for path in run_dir.iterdir() if not path.name.startswith((".", JOURNAL))}


ALL = {"report.csv", "report.html", "summary.json", "rejects.csv"}


def test_a_summary_says_all_that_the_journal_knows(journal, run_dir):
    counts = dict.fromkeys(Status, 0) | dict.fromkeys((Status.SUCCESS, Status.FAILED, Status.INVALID, Status.NOT_SENT), 1)  # fmt: skip
    plain = Summary(
        run_dir=str(run_dir), sources=("a.csv",), mapping="m.yml", endpoint="https://x.org", counts=counts,
        rows_read=4, requests=2, by_code={"0": 1, "3": 1, "EMAIL_INVALID": 1}, started_at=FACTS["started_at"],
    )  # fmt: skip
    assert summarize(journal, run_dir) == plain
    journal.remember(
        **stop_facts(Message("{n} of many", n=7)), stop_code="3", finished_at="2026-01-01T00:00:09.000Z",
        elapsed_s="9.250", dry_run="1", rows_expected="10", notes='["kept"]',
    )  # fmt: skip
    assert summarize(journal, run_dir) == replace(
        plain, stopped="7 of many", stop_code=3, finished_at="2026-01-01T00:00:09.000Z", elapsed_s=9.25,
        dry_run=True, rows_unread=6, notes=("kept",),
    )  # fmt: skip
    journal.remember(rows_expected="3")
    assert summarize(journal, run_dir).rows_unread == 0


def test_a_journal_in_which_nobody_has_read_anything_counts_its_rows(tmp_path):
    with Journal.create(tmp_path / JOURNAL, {}) as fresh:
        told = summarize(fresh, tmp_path)
    assert (told.rows_read, told.rows_unread, told.mapping, told.endpoint, told.stopped) == (0, 0, "", "", "")  # fmt: skip
    assert (told.stop_code, told.elapsed_s, told.dry_run, told.started_at) == (0, 0.0, False, "")


def test_why_a_run_stopped_is_remembered_as_the_message_it_is():
    told = stop_reason(stop_facts(Message("{done:,} of {rows:,} rows", done=1200, rows=3000)))
    assert isinstance(told, Message)
    assert (told, told.template) == ("1,200 of 3,000 rows", "{done:,} of {rows:,} rows")
    assert stop_facts("") == {"stopped": "", "stopped_as": ""}
    assert stop_reason({}) == stop_reason(stop_facts("")) == ""
    assert stop_reason({"stopped": "of an earlier version"}) == "of an earlier version"


@pytest.mark.parametrize(
    ("reported", "expected"), [(None, False), ("", False), ("begun 12", False), ("begun", False), ("12ab", True)]
)  # fmt: skip
def test_reports_are_current_unless_they_were_begun_or_the_run_has_ended_since(reported, expected):
    assert are_current({} if reported is None else {"reported": reported}) is expected
    assert not are_current({"reported": "12ab"} | reports_end())


def test_all_reports_are_written_and_remembered_as_current(journal, run_dir):
    told = write_reports(journal, run_dir, safe=False)
    assert files(run_dir) == ALL
    assert statuses(run_dir) == ["success", "failed", "invalid", "not_sent"]
    assert told == summarize(journal, run_dir)
    assert json.loads((run_dir / "summary.json").read_text())["counts"]["success"] == 1
    assert (run_dir / "rejects.csv").read_text("utf-8-sig").splitlines()[0].startswith("_row,_status,_reason,E-mail")  # fmt: skip
    facts = journal.facts()
    assert are_current(facts)
    assert list(json.loads(facts["rejects"])) == ["rejects.csv"]
    page = (run_dir / "report.html").read_text("utf-8")
    assert ("b@b.org" in page, "vip" in page) == (True, True)


def test_a_page_that_is_to_be_shown_around_names_nobody(journal, run_dir):
    told = write_reports(journal, run_dir, safe=False, redact=True, note="redacted")
    assert "b@b.org" not in (run_dir / "report.html").read_text("utf-8")
    assert told.notes == ("redacted",)
    assert json.loads((run_dir / "summary.json").read_text())["notes"] == ["redacted"]
    assert write_reports(journal, run_dir, safe=False).notes == ()


def test_a_report_that_follows_the_run_shows_how_its_rows_ended_at_the_end(journal, run_dir):
    def is_over() -> bool:
        answers.append(len(answers))
        if len(answers) == 1:
            with journal.another() as sending:
                settle(sending, 4, Status.FAILED, "8")
        return len(answers) > 1

    answers: list[int] = []
    told = write_reports(journal, run_dir, safe=False, is_over=is_over)
    assert statuses(run_dir) == ["success", "failed", "invalid", "failed"]
    assert (told.counts[Status.NOT_SENT], told.counts[Status.FAILED]) == (0, 2)
    assert len((run_dir / "rejects.csv").read_text("utf-8-sig").splitlines()) == 4
    assert len(answers) == 2, "the report was not begun again"


def test_a_report_that_follows_a_run_is_written_again_if_somebody_else_reports_meanwhile(
    journal, run_dir, monkeypatch
):
    written = []
    real = reporting.write_page

    def write_page(*args: Any, **options: Any) -> None:
        written.append(args)
        real(*args, **options)
        if len(written) == 1:
            with journal.another() as other:
                other.remember(reported="somebody")

    monkeypatch.setattr(reporting, "write_page", write_page)
    write_reports(journal, run_dir, safe=False, is_over=lambda: True)
    assert len(written) == 2
    assert are_current(journal.facts())
    assert journal.facts()["reported"] != "somebody"


def test_the_page_counts_each_row_once_although_the_report_failed_at_its_end(
    journal, run_dir, monkeypatch
):
    pages = []

    def fails_at_its_end(_path: Path, outcomes: Any, *, safe: bool) -> None:
        assert len([*outcomes]) == 4
        assert not safe
        raise StorageError("report.csv: no space left on device")

    monkeypatch.setattr(reporting, "write_report", fails_at_its_end)
    monkeypatch.setattr(reporting, "write_page", lambda *args, **_: pages.append(args))
    with pytest.raises(
        StorageError, match="no space left on device; the other reports are written"
    ):
        write_reports(journal, run_dir, safe=False)
    ((_, _, digest, changes),) = pages
    assert digest.causes == {(Status.FAILED, "3"): 1, (Status.INVALID, "EMAIL_INVALID"): 1}
    assert changes == {"add_tags": {"vip": 1, "new": 1}}
    assert not are_current(journal.facts())


def test_rejects_stay_where_new_ones_could_not_be_written(journal, run_dir, monkeypatch):
    write_reports(journal, run_dir, safe=False)
    before = (run_dir / "rejects.csv").read_bytes()

    def fails(*_args: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as at:
        at.setattr(reporting, "write_rejects", fails)
        with pytest.raises(
            BugError, match=r"\(ZeroDivisionError\) while rejects was written"
        ) as caught:
            write_reports(journal, run_dir, safe=False)
    assert "ZeroDivisionError" in caught.value.report
    assert (run_dir / "rejects.csv").read_bytes() == before
    assert journal.facts()["reported"].startswith("begun ")
    write_reports(journal, run_dir, safe=False)
    assert are_current(journal.facts())


def test_a_bug_of_another_report_stays_a_bug_and_the_first_failure_is_told(
    journal, run_dir, monkeypatch
):
    def bug(*_args: Any, **_options: Any) -> None:
        raise BugError("counts that do not add up", report="where")

    def full(*_args: Any, **_options: Any) -> None:
        raise StorageError("full")

    monkeypatch.setattr(reporting, "write_page", bug)
    monkeypatch.setattr(reporting, "write_summary", full)
    with pytest.raises(
        BugError, match=r"a bug in bulk_import \(BugError\) while report\.html was written"
    ):
        write_reports(journal, run_dir, safe=False)
    assert files(run_dir) == {"report.csv", "rejects.csv"}


def test_rejects_of_an_earlier_report_that_somebody_has_deleted_are_not_missed(journal, run_dir):
    write_reports(journal, run_dir, safe=False)
    (run_dir / "rejects.csv").unlink()
    journal.clear()
    journal.add_source(1, SourceInfo("a.csv", "csv", header=HEADER, labels=HEADER))
    write_reports(journal, run_dir, safe=False)
    assert files(run_dir) == ALL - {"rejects.csv"}
    assert json.loads(journal.facts()["rejects"]) == {}


def test_reports_into_a_folder_that_is_gone_are_a_storage_error(journal, tmp_path):
    with pytest.raises(StorageError) as caught:
        write_reports(journal, tmp_path / "gone", safe=False)
    assert str(caught.value).startswith(f"{tmp_path / 'gone'}")


# -- the end of an invocation --------------------------------------------------------------------------


def ending(run_dir: Path, stop: Stop | None = None, **options: Any) -> Ending:
    return Ending(RunFolder(run_dir), Settings(**options), stop or Stop())


def ended(journal: Journal, run_dir: Path, stop: Stop | None = None) -> dict[str, str]:
    ending(run_dir, stop).remember(journal)
    return journal.facts()


async def test_how_a_run_ended_is_remembered_before_its_reports_are_written(journal, run_dir):
    stop = Stop()
    stop.request("the breaker", 3)
    told = await ending(run_dir, stop).close(journal)
    assert (told.stopped, told.stop_code, told.exit_code) == ("the breaker", 3, 3)
    assert (told.finished_at > FACTS["started_at"], told.finished_at[-1]) == (True, "Z")
    assert files(run_dir) == ALL
    assert are_current(journal.facts())


@pytest.mark.parametrize(
    ("is_settled", "code", "missing", "dry", "finished"),
    [
        (True, 0, "", "", "1"), (False, 0, "", "", ""), (True, 3, "", "", ""), (False, 0, "", "1", "1"),
        (True, 0, "judged", "", ""), (False, 0, "judged", "1", ""),
    ],
)  # fmt: skip
async def test_a_run_is_finished_when_all_is_judged_nothing_is_left_and_nobody_stopped_it(
    tmp_path, is_settled, code, missing, dry, finished
):
    stop = Stop()
    if code:
        stop.request("x", code)
    with Journal.create(tmp_path / JOURNAL, {"dry_run": "1"} if dry else {}) as journal:
        if missing:
            judge(
                journal, source("a@b.org"), sieve=KeepsAll()
            )  # its job has not said that all is judged
        else:
            judge(journal, source("a@b.org"))
        if is_settled:
            settle(journal, 1, Status.SUCCESS)
        facts = ended(journal, tmp_path, stop)
    assert (facts["finished"], facts["stop_code"], facts["reported"]) == (finished, str(code), "")


class KeepsAll:
    """A sieve that knows no row."""

    expects_known = False

    def restart(self) -> None:
        """Do nothing."""

    def unknown(self, _number, _mapper, _detector, rows, _suppression) -> Any:
        return rows

    def kept(self, judged: Any) -> Any:
        return judged


async def test_the_seconds_of_all_invocations_are_summed_up(journal, run_dir):
    journal.remember(elapsed_s="100.5")
    facts = ended(journal, run_dir)
    assert 100.5 <= float(facts["elapsed_s"]) < 105
    assert facts["elapsed_s"].partition(".")[2].isdigit()
    assert len(facts["elapsed_s"].partition(".")[2]) == 3


@pytest.mark.parametrize(
    ("is_unchanged", "removed", "options", "is_written"),
    [
        (True, "", {}, False), (False, "", {}, True), (True, "report.html", {}, True),
        (True, "current", {}, True), (True, "", {"report_safe": True}, True),
    ],
)  # fmt: skip
async def test_reports_are_written_again_unless_they_are_there_and_nothing_has_changed(
    journal, run_dir, is_unchanged, removed, options, is_written
):
    write_reports(journal, run_dir, safe=False)
    if removed == "current":
        journal.remember(**reports_end())
    elif removed:
        (run_dir / removed).unlink()
    (run_dir / "report.csv").write_text("of an earlier moment")
    told = ending(run_dir, **options).reported(journal, is_unchanged=is_unchanged)
    assert told == summarize(journal, run_dir)
    assert ((run_dir / "report.csv").read_text() != "of an earlier moment") is is_written


@pytest.mark.parametrize(
    ("reason", "code", "said"),
    [
        ("", 0, "{run}: the run folder is gone; put it back, then run the same command again"),
        ("Ctrl-C", 130, "{run}: the run folder is gone; put it back, then run the same command again"),
        ("the disk is full", 5, "the disk is full"),
    ],
)  # fmt: skip
async def test_a_folder_that_was_moved_gets_no_reports(journal, run_dir, reason, code, said):
    stop = Stop()
    if code:
        stop.request(reason, code)
    run_dir.rename(run_dir.with_name("moved"))
    with pytest.raises(StorageError) as caught:
        ending(run_dir, stop).reported(journal)
    assert str(caught.value) == said.format(run=run_dir)
    assert not run_dir.exists()


def test_a_row_in_doubt_is_reported_as_such(journal, run_dir):
    begin(journal, 4)
    write_reports(journal, run_dir, safe=False)
    assert [line["status"] for line in report_of(run_dir)][-1] == "unknown"

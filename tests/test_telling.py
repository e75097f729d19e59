"""What a command tells while nobody watches: a line a minute, pauses of the preflight, its metrics."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.preflight import preflight
from bulk_import.cli import main
from bulk_import.cli.heartbeat import Heartbeat, in_words
from bulk_import.cli.logfile import LogFile
from bulk_import.errors import StoppedError
from bulk_import.jobs.retention import delete_old_nights
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.report.metrics import write_metrics
from bulk_import.settings import Patience

# -- a line a minute --------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_says_rows_rate_time_left_and_pauses():
    clock = Clock()
    heart = Heartbeat(Silence(), lambda _line: None, every_s=3600, clock=clock)
    heart.reading(500)
    assert in_words(heart.line()) == "500 rows read"
    heart.sending(1200)
    for _ in range(120):
        heart.settled(Status.SUCCESS)
    clock.now = 60.0
    line = heart.line()
    assert line == {
        "rows_read": 500, "rows": 120, "of": 1200, "rate": 2.0, "eta_s": 540, "paused": "",
    }  # fmt: skip
    assert in_words(line) == "120 of 1,200 rows, 2 a second, about 9 min left"
    heart.paused(30.0, "HTTP 429")
    clock.now = 80.0
    assert in_words(heart.line()) == "120 of 1,200 rows, 0 a second; paused: HTTP 429"
    clock.now = 100.0
    assert heart.line()["paused"] == ""
    heart.close()


def test_lines_come_by_themselves_and_end_with_the_run():
    told: list[dict[str, object]] = []
    two = threading.Event()

    def tell(line: dict[str, object]) -> None:
        told.append(line)
        if len(told) == 2:
            two.set()

    heart = Heartbeat(Silence(), tell, every_s=0.01)
    assert two.wait(60)
    heart.close()
    known = len(told)
    heart.close()
    assert len(told) == known


def test_a_line_in_the_log_is_json(tmp_path):
    log = LogFile(tmp_path / "log", Silence())
    log.beat({"rows": 7, "of": 9, "eta_s": None})
    log.failed("no source")
    log.beat({"rows": 8})  # the run is over
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["begun", "progress", "failed"]
    assert (lines[1]["rows"], lines[1]["of"], lines[1]["eta_s"]) == (7, 9, None)


# -- the preflight ----------------------------------------------------------------------------------


class Account:
    """Answers one after the other, and then with its lists."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = [*answers, Answer(Verdict.SUCCESS, 200, "0", result=[])]
        self.asked = 0

    async def call(self, _method: str) -> Answer:
        self.asked += 1
        return self.answers.pop(0)


def throttled(*, after: float | None = None, quota: bool = False) -> Answer:
    return Answer(Verdict.THROTTLED, 429, text="slow down", retry_after_s=after, is_quota=quota)


async def waits_of(account: Account, patience: Patience) -> list[float]:
    waits: list[float] = []
    told: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await preflight(
        account,  # type: ignore[arg-type] - all that is asked of a client
        patience=patience,
        is_paused=lambda seconds, _why: told.append(seconds),
        sleep=sleep,
    )
    assert told == waits
    return waits


async def test_the_preflight_waits_as_long_as_the_server_asks():
    account = Account(throttled(after=7), throttled(), throttled(), throttled(quota=True))
    waits = await waits_of(account, Patience(quota_waits_s=(60.0,)))
    assert (waits, account.asked) == ([7, 2.0, 4.0, 60.0], 5)


@pytest.mark.parametrize(
    "answers",
    [
        [throttled(after=601)],
        [throttled(quota=True), throttled(quota=True)],
        [throttled(after=1)] * 3,
    ],
    ids=["too long", "quota used up", "too often"],
)
async def test_the_preflight_gives_up_where_sending_would(answers):
    patience = Patience(quota_waits_s=(60.0,), retry_after_cap_s=600, throttles=2)
    with pytest.raises(StoppedError, match="asks to slow down: slow down"):
        await waits_of(Account(*answers), patience)


# -- metrics ----------------------------------------------------------------------------------------


def values(path: Path) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def test_the_last_success_outlives_failures_of_its_job_only(tmp_path):
    path = tmp_path / "a.prom"
    name = "bulk_import_last_success_timestamp_seconds"
    write_metrics(path, None, job="crm", account="shop.example.com", exit_code=1, seconds=2)
    succeeded = values(path)[name]
    assert succeeded > 1_700_000_000
    write_metrics(path, None, job="crm", account="", exit_code=2, seconds=1.5)
    found = values(path)
    assert (found[name], found["bulk_import_exit_code"]) == (succeeded, 2)
    assert found["bulk_import_duration_seconds"] == 1.5
    write_metrics(path, None, job="another", account="", exit_code=70, seconds=1)
    assert values(path)[name] == 0


@pytest.mark.parametrize("command", ["sync", "run"])
def test_a_dry_run_is_no_success_of_its_job(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.prom"
    name = "bulk_import_last_success_timestamp_seconds"
    (tmp_path / "a.csv").write_text("E-mail\nann@example.org\n")
    (tmp_path / "m.yml").write_text("version: 1\nfields:\n  lead_email: E-mail\n")
    write_metrics(path, None, job="crm", account="shop.example.com", exit_code=0, seconds=2)
    succeeded = values(path)[name]
    more = ["--state", "crm.state"] if command == "sync" else ["--yes"]
    with pytest.raises(SystemExit) as ended:
        main(
            [command, "a.csv", "-m", "m.yml", *more, "--dry-run", "--job", "crm", "--quiet",
             "--metrics-file", "a.prom"]
        )  # fmt: skip
    found = values(path)
    assert ended.value.code == found["bulk_import_exit_code"] == 0
    assert found["bulk_import_finished_timestamp_seconds"] > succeeded
    assert found[name] == succeeded


# -- old nights -------------------------------------------------------------------------------------


def test_only_finished_nights_of_this_job_are_deleted(tmp_path):
    state = tmp_path / "crm.state"
    job = {"job": "sync", "state": str(state)}
    folders = {
        "old night": job | {"finished": "1"},
        "taken over": job | {"taken_over": "1"},
        "unfinished night": job,
        "other job": {"job": "sync", "state": str(tmp_path / "b.state"), "finished": "1"},
        "migration": {"finished": "1"},
        "retag": {"job": "retag", "state": str(state), "finished": "1"},
        "newest": job | {"finished": "1"},
    }
    for name, facts in folders.items():
        (tmp_path / name).mkdir()
        Journal.create(tmp_path / name / "journal.sqlite3", facts).close()
    (tmp_path / "something else").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "journal.sqlite3").write_bytes(b"no database")
    gone = delete_old_nights(tmp_path / "newest", state, 1)
    assert {folder.name for folder in gone} == {"old night", "taken over"}
    left = {folder.name for folder in tmp_path.iterdir()}
    assert left == {*folders, "something else", "damaged"} - {"old night", "taken over"}

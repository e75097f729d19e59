"""What a run says while it works: bars, a line a minute, a log for machines, and how to continue."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from bulk_import.cli.continuing import continuing
from bulk_import.cli.heartbeat import Heartbeat, in_words
from bulk_import.cli.logfile import LogFile
from bulk_import.cli.running import exit_code, run_and_tell, tell
from bulk_import.cli.terminal import Bars, plain
from bulk_import.errors import BugError, SettingsError, SourceError, StorageError
from bulk_import.models import Status, Summary
from bulk_import.progress import Silence
from tests.conftest import Ear


class Screen(io.StringIO):
    """An error stream that is a terminal."""

    def isatty(self) -> bool:
        return True


# -- bars ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a [2Jb"), ("a\tb\nc", "a\tb\nc"), ("a\x0bb\x7fc\x9bd\x9fe", "a b c d e"), ("a\u00a0é", "a\u00a0é"),
        ("\x00\x08\x1f", "   "), ("~ ", "~ "),
    ],
)  # fmt: skip
def test_a_text_cannot_drive_the_terminal_and_keeps_lines_and_tabs(text, shown):
    assert plain(text) == shown


def test_bars_count_what_was_read_and_what_came_of_it(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    bars = Bars()
    assert bars.shows
    for rows in (3, 4):
        bars.reading(rows)
    bars.sending(1200)
    bars.expecting(1500)
    for status in (Status.SUCCESS, Status.SUCCESS, Status.FAILED, Status.UNKNOWN, Status.INVALID):
        bars.settled(status)
    bars.say("a message\x1b[2J")
    bars.close()
    bars.close()
    said = screen.getvalue()
    assert "reading: " in said
    assert "sending:   0%|" in said
    assert "a message [2J\n" in said
    assert "0/1200" in said


def test_the_bar_shows_how_many_failed_and_of_how_many(monkeypatch):
    shown: list[str] = []

    class Bar:
        total = 0
        n = 0

        def set_postfix_str(self, text: str, *, refresh: bool) -> None:
            shown.append(f"{self.n} of {self.total}: {text}, at once: {refresh}")

        def update(self, rows: int) -> None:
            self.n += rows

        def close(self) -> None:
            shown.append("closed")

    def tqdm(*, desc: str, total: int | None, **options: object) -> Bar:
        shown.append(f"{desc} {total}")
        assert options == {
            "unit": " rows", "file": sys.stderr, "mininterval": 0.1, "smoothing": 0.05, "dynamic_ncols": True, "leave": False,
        }  # fmt: skip
        bar = Bar()
        bar.total = total or 0
        return bar

    monkeypatch.setattr("tqdm.tqdm", tqdm)
    monkeypatch.setattr(sys, "stderr", Screen())
    bars = Bars()
    bars.settled(Status.SUCCESS)  # before anything is shown
    bars.reading(3)
    bars.sending(2)
    bars.expecting(5)
    for status in (Status.SUCCESS, Status.FAILED, Status.DUPLICATE, Status.UNKNOWN):
        bars.settled(status)
    bars.close()
    assert shown == [
        "reading None", "closed", "sending 2",
        "0 of 5: ok 2, failed 0, at once: False", "1 of 5: ok 2, failed 1, at once: False",
        "2 of 5: ok 2, failed 1, at once: False", "3 of 5: ok 2, failed 2, at once: False", "closed",
    ]  # fmt: skip


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Screen(), True)])
def test_without_a_terminal_or_when_quiet_there_is_no_bar(monkeypatch, stream, quiet):
    monkeypatch.setattr(sys, "stderr", stream)
    bars = Bars(quiet=quiet)
    assert not bars.shows
    bars.reading(3)
    bars.sending(3)
    bars.expecting(4)
    bars.settled(Status.SUCCESS)
    bars.say("a message")
    bars.close()
    assert stream.getvalue() == ("" if quiet else "a message\n")


@pytest.mark.parametrize(("seconds", "said"), [(0.0, 1), (0.4, 1), (1.4, 1), (1.6, 2), (60, 60)])
def test_a_pause_is_told_in_whole_seconds(monkeypatch, seconds, said):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    Bars().paused(seconds, "HTTP 429")
    assert sys.stderr.getvalue() == f"paused for {said} s: HTTP 429\n"  # type: ignore[attr-defined]


def test_messages_that_nobody_reads_end_nothing(monkeypatch):
    class Closed(io.StringIO):
        tries = 0

        def write(self, _text: str) -> int:
            Closed.tries += 1
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    bars = Bars()
    bars.say("x")
    tried = Closed.tries
    bars.say("y")
    assert Closed.tries == tried > 0


# -- a line a minute -------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def heart():
    """A heartbeat on a clock of the test's, and that clock."""
    clock = Clock()
    made = Heartbeat(Silence(), lambda _: None, every_s=3600, clock=clock)
    yield made, clock
    made.close()


def test_the_rate_is_that_of_the_time_since_the_last_line(heart):
    beat, clock = heart
    beat.sending(100)
    assert beat.line()["rate"] == 0.0  # no time has passed
    beat.settled(Status.SUCCESS)
    clock.now = 103.0
    line = beat.line()
    assert (line["rows"], line["rate"], line["eta_s"]) == (1, 0.33, 297)
    beat.settled(Status.INVALID)
    clock.now = 104.0
    assert (beat.line()["rate"], beat.line()["eta_s"]) == (1.0, None)


def test_a_run_that_is_continued_counts_from_its_own_beginning(heart):
    beat, clock = heart
    beat.reading(2)
    beat.reading(3)
    beat.sending(10)
    for _ in range(4):
        beat.settled(Status.SUCCESS)
    clock.now = 110.0
    beat.sending(6)
    beat.settled(Status.SUCCESS)
    clock.now = 112.0
    assert beat.line() == {"rows_read": 5, "rows": 1, "of": 6, "rate": 0.5, "eta_s": 10, "paused": ""}  # fmt: skip
    beat.expecting(11)
    assert beat.line()["of"] == 11


def test_a_pause_is_told_until_it_is_over(heart):
    beat, clock = heart
    beat.paused(5.0, "HTTP 503")
    told = []
    for now in (100.0, 104.9, 105.0, 106.0):
        clock.now = now
        told.append(beat.line()["paused"])
    assert told == ["HTTP 503", "HTTP 503", "", ""]


def test_everything_is_passed_on():
    calls: list[tuple[str, object]] = []

    class Inner:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *values: calls.append((name, values))

    beat = Heartbeat(Inner(), lambda _: None, every_s=3600, clock=Clock())
    beat.reading(2)
    beat.sending(3)
    beat.expecting(4)
    beat.settled(Status.SUCCESS)
    beat.paused(1.0, "b")
    beat.say("a")
    beat.close()
    assert calls == [
        ("reading", (2,)), ("sending", (3,)), ("expecting", (4,)), ("settled", (Status.SUCCESS,)),
        ("paused", (1.0, "b")), ("say", ("a",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("eta", "said"), [(1, "1 min"), (89, "1 min"), (91, "2 min"), (3600, "60 min"), (72_000, "1,200 min")]
)  # fmt: skip
def test_the_time_left_is_said_in_minutes(eta, said):
    line = {"rows_read": 9, "rows": 1000, "of": 2000, "rate": 2.5, "eta_s": eta, "paused": ""}
    assert in_words(line) == f"1,000 of 2,000 rows, 2.5 a second, about {said} left"


# -- a log for machines ----------------------------------------------------------------------------------


def events(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "time"} for line in lines]


def test_a_log_has_what_occurred_and_passes_it_on(tmp_path):
    ear = Ear()
    log = LogFile(tmp_path / "log", ear)  # type: ignore[arg-type] - what it passes on to
    log.reading(2)
    log.reading(5)
    log.sending(6)
    log.expecting(7)
    log.paused(1.23456, "HTTP 429")
    log.say("Grüße")
    counts = {Status.SUCCESS: 6, Status.FAILED: 1, Status.INVALID: 0}
    log.ended(Summary("runs/1", (), "", "", counts, 7, requests=8, elapsed_s=1.23456, stopped="x"))
    log.say("late")
    assert events(tmp_path / "log") == [
        {"level": "info", "event": "begun"},
        {"level": "info", "event": "sending", "rows_read": 7, "to_send": 6},
        {"level": "warning", "event": "paused", "seconds": 1.235, "why": "HTTP 429"},
        {"level": "info", "event": "said", "message": "Grüße"},
        {"level": "error", "event": "ended", "exit_code": 1, "counts": {"success": 6, "failed": 1},
         "requests": 8, "elapsed_s": 1.235, "stopped": "x", "run_dir": "runs/1"},
    ]  # fmt: skip
    assert ear.told == ["paused 1.2 s: HTTP 429", "Grüße", "late"]
    good = LogFile(tmp_path / "log", ear)  # type: ignore[arg-type]
    good.ended(Summary("", (), "", "", {Status.SUCCESS: 1}, 1))
    assert [line["level"] for line in events(tmp_path / "log")[5:]] == ["info", "info"]


def test_a_log_has_a_line_for_each_thousand_rows(tmp_path):
    log = LogFile(tmp_path / "log", Ear())  # type: ignore[arg-type]
    for _ in range(2001):
        log.settled(Status.SUCCESS)
    log.failed("x")
    assert [line.get("rows") for line in events(tmp_path / "log")[1:]] == [1000, 2000, None]


def test_a_log_that_cannot_be_opened_is_refused_and_one_that_cannot_be_written_is_given_up(
    tmp_path,
):
    with pytest.raises(StorageError, match=r"--log-file .*: No such file or directory"):
        LogFile(tmp_path / "no" / "log", Ear())  # type: ignore[arg-type]
    ear = Ear()
    log = LogFile(Path("/dev/full"), ear)  # type: ignore[arg-type]
    log.say("one")
    log.say("two")
    log.failed("three")
    full = "--log-file /dev/full: No space left on device; no more is written"
    assert ear.told == [full, "one", "two"]


# -- the end ---------------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_path, capsys):
    """Run something that ends with a summary: (exit code, standard output, error stream)."""
    (tmp_path / "run").mkdir()

    def run(summary: Summary | Exception, **options: object) -> tuple[int, str, str]:
        async def work(*_: object) -> Summary:
            if isinstance(summary, Exception):
                raise summary
            return summary

        known = {"yes": True, "as_json": False, "quiet": False, "every_s": 3600.0} | options
        code = run_and_tell(work, **known)  # type: ignore[arg-type]
        out, err = capsys.readouterr()
        return code, out, err

    return run


def ended(counts: dict[Status, int], run_dir: object = "", **options: object) -> Summary:
    return Summary(str(run_dir), ("a.csv",), "m.yml", "x", counts, sum(counts.values()), **options)  # type: ignore[arg-type]


GOOD = {Status.SUCCESS: 2}


@pytest.mark.parametrize(
    ("counts", "options", "hint"),
    [
        (GOOD, {}, ""),
        ({Status.SUCCESS: 1, Status.FAILED: 1}, {}, ""),
        ({Status.SUCCESS: 1, Status.NOT_SENT: 1}, {}, "to continue: bulk-import resume {run}\n"),
        (GOOD, {"stop_code": 3, "stopped": "the limit"}, "to continue: bulk-import resume {run}\n"),
        (
            {Status.NOT_SENT: 1},
            {"stop_code": 3, "stopped": "the brake: too many"},
            "if it is meant: bulk-import resume {run} --accept\n",
        ),
        ({Status.NOT_SENT: 1}, {"dry_run": True}, ""),
    ],
)
def test_the_command_that_sends_the_rest_is_printed_where_something_is_left(
    finished, tmp_path, counts, options, hint
):
    run_dir = tmp_path / "run"
    summary = ended(counts, run_dir, **options)
    code, out, err = finished(summary)
    assert (code, err) == (summary.exit_code, hint.format(run=run_dir))
    assert out.startswith(f"{sum(counts.values())} rows read\n")


def test_the_files_of_a_run_are_listed_and_no_others(finished, tmp_path):
    run_dir = tmp_path / "run"
    for name in ("report.csv", "rejects.csv", "report.html", "summary.json", "journal.sqlite3", "reports.txt"):  # fmt: skip
        (run_dir / name).touch()
    _, out, _ = finished(ended(GOOD, run_dir))
    names = ("rejects.csv", "report.csv", "report.html", "summary.json")
    assert out.splitlines()[-4:] == [f"  {run_dir / name}" for name in names]
    assert "reports.txt" not in out


def test_json_or_nothing_is_printed_when_asked(finished, tmp_path):
    summary = ended(GOOD, tmp_path / "run")
    text = finished(summary, as_json=True)[1]
    assert json.loads(text)["counts"]["success"] == 2
    assert text.startswith('{\n  "run_dir": ')
    assert json.loads(finished(summary, as_json=True, quiet=True)[1])["exit_code"] == 0
    assert finished(summary, quiet=True) == (0, "", "")


def test_what_comes_after_a_run_comes_after_its_summary(finished, tmp_path):
    seen: list[Summary] = []
    summary = ended(GOOD, tmp_path / "run")
    finished(summary, after=seen.append)
    assert seen == [summary]


def test_counts_that_do_not_add_up_are_a_bug_and_say_where_to_look(tmp_path):
    lost = Summary("runs/1", (), "", "", {Status.SUCCESS: 1200}, 1300)
    with pytest.raises(BugError) as caught:
        exit_code(lost)
    assert str(caught.value) == (
        "a bug in bulk_import: 1,300 rows were read, 1,200 are accounted for; check runs/1 before you use it"
    )
    assert [exit_code(ended({Status.FAILED: n})) for n in (0, 1)] == [0, 1]


def test_a_run_that_could_not_be_made_is_in_the_log(finished, tmp_path):
    with pytest.raises(SourceError):
        finished(SourceError("a.csv: empty"), log_file=tmp_path / "log")
    assert events(tmp_path / "log") == [
        {"level": "info", "event": "begun"}, {"level": "error", "event": "failed", "message": "a.csv: empty"},
    ]  # fmt: skip


def test_a_summary_that_cannot_be_printed_says_where_it_is(finished, tmp_path, monkeypatch):
    summary = ended(GOOD, tmp_path / "run")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(StorageError) as caught:
            finished(summary)
        monkeypatch.undo()
    assert str(caught.value) == (
        "standard output: No space left on device; the run has ended, its summary is in "
        f"{tmp_path / 'run'}"
    )


def test_where_nobody_can_be_asked_the_work_does_not_begin(monkeypatch):
    def work(*_: object) -> object:
        raise AssertionError

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr("bulk_import.cli.running.can_ask", lambda: False)
    with pytest.raises(SettingsError, match="nobody can be asked here"):
        run_and_tell(work, yes=False, as_json=False, quiet=False)  # type: ignore[arg-type]


CONTINUED: list[tuple[dict[str, object], str]] = [
    ({}, ""),
    ({"yes": True}, " --yes"),
    ({"yes": False, "profile": "", "config": None}, ""),
    ({"profile": "my shop", "config": Path("a.toml")}, " --profile 'my shop' --config a.toml"),
    ({"api_key_file": Path("key"), "ca_file": Path("ca.pem"), "yes": True, "rate": 5.0}, " --api-key-file key --ca-file ca.pem --yes"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "more"), CONTINUED)
def test_the_command_that_continues_has_the_options_that_it_needs_and_can_be_copied(given, more):
    seen: Callable[[], str] = lambda: continuing("my runs/1")  # noqa: E731 - one expression
    context = click.Context(click.Command("run"))
    context.params = given
    with context:
        assert seen() == f"bulk-import resume 'my runs/1'{more}"
    assert seen() == "bulk-import resume 'my runs/1'"


def test_a_summary_is_told_without_control_characters(tmp_path, capsys):
    tell(ended(GOOD, tmp_path, stopped="a\x1b[2Jb"), as_json=False, quiet=False)
    assert "stopped: a [2Jb\n" in capsys.readouterr().out

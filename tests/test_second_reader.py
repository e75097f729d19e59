"""The process that reads and judges while rows are sent, in a thread of this one: each of its messages counts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import psutil
import pytest
from openpyxl import Workbook

from bulk_import.errors import BugError, MappingError, Message
from bulk_import.journal import Journal
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from bulk_import.run import ahead as module
from bulk_import.run.ahead import ReadAhead, ReadingTask, is_possible, serve
from bulk_import.run.corrections import Correction, write_corrections
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import KnownNames, opened_inputs
from bulk_import.run.run import Run
from bulk_import.stopping import Stop
from bulk_import.system.interpreters import NICENESS, start_interpreter
from tests.conftest import Ear, report_of, statuses
from tests.readers import Heard, Pipes, Reader

ENDED = "the process that reads the source ended unexpectedly"
BUG = "a bug in bulk_import (in the process that reads the source)"


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    both = Pipes()
    yield both
    both.close()


# -- what this process makes of the messages -------------------------------------------------------------


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def state(ahead: ReadAhead) -> dict[str, Any]:
    names = ("rows", "rows_kept", "rows_read", "findings", "is_done", "is_reported", "error", "bug")
    return {name: getattr(ahead, name) for name in names}


FRESH: dict[str, Any] = {
    "rows": 0, "rows_kept": 0, "rows_read": 0, "findings": [], "is_done": False, "is_reported": False,
    "error": "", "bug": "",
}  # fmt: skip


async def test_each_message_is_taken_over_and_told_and_the_last_one_ends_the_wait(pipes):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    assert state(ahead) == FRESH
    news: list[dict[str, Any]] = []
    ahead.on_news = lambda: news.append(state(ahead))
    waiting = asyncio.create_task(ahead.judged())
    pipes.say(rows=250, kept=3)
    await until(lambda: len(news) == 1)
    assert not waiting.done()
    finding = Message("{name}: {n:,} cells", name="a.csv", n=1200)
    pipes.say(done=500, findings=[finding.packed()])
    await waiting
    finishing = asyncio.create_task(ahead.finish_reports())
    pipes.say(reported=True)
    await until(lambda: len(news) == 3)
    assert not finishing.done(), "the process has not ended"
    pipes.messages.close()
    assert await finishing
    ahead.close()
    judged = FRESH | {"rows": 250, "rows_kept": 3}
    done = judged | {"is_done": True, "rows_read": 500, "findings": ["a.csv: 1,200 cells"]}
    reported = done | {"is_reported": True}
    assert news == [judged, done, reported, reported]
    assert ahead.findings[0].template == finding.template


async def test_what_it_is_told_are_lines_of_json(pipes):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    task = ReadingTask.of(Path("j"), ["a.csv"], load_mapping({"version": 1, "fields": {"lead_email": "E"}}), None)  # fmt: skip
    ahead.give(task)
    ahead.stop()
    finishing = asyncio.create_task(ahead.finish_reports())
    await asyncio.sleep(0)
    lines = os.read(pipes.incoming, 1 << 16).splitlines()
    assert ReadingTask(**json.loads(lines[0])) == replace(task, paths=["a.csv"])
    assert [json.loads(line) for line in lines[1:]] == [{"stop": True}, {"over": True}]
    pipes.messages.close()
    assert not await finishing
    ahead.close()
    assert (pipes.to_it.closed, pipes.from_it.closed) == (True, True)


@pytest.mark.parametrize(
    ("messages", "error", "is_done"),
    [
        ([], ENDED, False),
        ([{"rows": 250, "kept": 0}], ENDED, False),
        ([{"error": "the disk is full"}], "the disk is full", False),
        ([{"done": 3, "findings": []}], "", True),
        ([{"done": 3, "findings": []}, {"error": "no reports"}], "no reports", True),
    ],
)
async def test_an_end_without_reports_says_why_and_keeps_nobody_waiting(
    pipes, messages, error, is_done
):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    for message in messages:
        pipes.say(**message)
    pipes.messages.close()
    await ahead.judged()
    assert not await ahead.finish_reports()
    assert (ahead.error, ahead.is_done, ahead.bug) == (error, is_done, "")
    ahead.close()


async def test_an_error_alone_ends_the_wait_for_rows(pipes):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    pipes.say(error=Message("{path}: gone", path="a.csv").packed())
    await ahead.judged()
    assert (ahead.error, ahead.error.template, ahead.is_done) == ("a.csv: gone", "{path}: gone", False)  # fmt: skip
    pipes.messages.close()
    ahead.close()


async def test_a_line_that_is_no_message_is_a_bug_with_its_traceback(pipes):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    pipes.messages.write(b"hello from a library\n")
    pipes.messages.close()
    await ahead.judged()
    assert not await ahead.finish_reports()
    assert ahead.error == BUG
    assert "JSONDecodeError" in ahead.bug
    ahead.close()


async def test_telling_a_process_that_has_ended_is_no_error(pipes):
    ahead = ReadAhead(pipes.to_it, pipes.from_it)
    os.close(pipes.incoming)
    pipes.messages.close()
    ahead.stop()
    assert not await ahead.finish_reports()
    assert ahead.error == ENDED
    ahead.close()


@pytest.mark.parametrize(
    ("processors", "is_frozen", "possible"),
    [(1, False, False), (2, False, True), (2, True, False)],
)
def test_two_processors_and_an_interpreter_make_it_possible(
    monkeypatch, processors, is_frozen, possible
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    monkeypatch.setattr(sys, "frozen", is_frozen, raising=False)
    assert is_possible() is possible


# -- the task ----------------------------------------------------------------------------------------------


def test_a_task_says_all_that_the_mapping_and_the_account_know(tmp_path):
    (tmp_path / "m.yml").write_text(
        "version: 1\nsource: {sheet: People, corrections: c.csv, corrections_by: contact}\n"
        "fields: {lead_email: E-mail}\n"
    )
    mapping = load_mapping(tmp_path / "m.yml")
    names = KnownNames({"News": ("7", "8")}, {"Ann": "101"})
    task = ReadingTask.of(
        tmp_path / JOURNAL, ["a.csv", "b.csv"], mapping, names,
        is_report_safe=True, workers=3, cluster="tcp://x:1",
    )  # fmt: skip
    assert asdict(task) | {"at": ""} == {
        "journal": str(tmp_path / JOURNAL), "paths": ("a.csv", "b.csv"), "mapping_text": mapping.text,
        "mapping_name": mapping.name, "mapping_folder": str(tmp_path), "sheet": "People",
        "corrections": "c.csv", "corrections_by": "contact", "lists": {"News": ("7", "8")},
        "managers": {"Ann": "101"}, "at": "", "exports": "[]", "is_report_safe": True, "workers": 3,
        "cluster": "tcp://x:1",
    }  # fmt: skip


def test_a_task_of_an_account_that_nobody_asked_knows_no_names():
    mapping = load_mapping({"version": 1, "fields": {"lead_email": "E"}})
    plain = ReadingTask.of(Path("j"), [], mapping, None)
    unasked = ReadingTask.of(Path("j"), [], mapping, KnownNames())
    assert (plain.lists, plain.managers, unasked.lists, unasked.managers) == (None, None, None, {})
    assert (plain.sheet, plain.corrections, plain.is_report_safe) == ("", "", False)
    assert (plain.workers, plain.cluster) == (0, "")


# -- what it says ------------------------------------------------------------------------------------------


@pytest.fixture
def served(pipes, tmp_path) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """What it says of a task for which nothing is in flight; its journal is in the test's folder."""
    ends: list[threading.Event] = []

    def said_of(task: ReadingTask, heard: Heard | None = None) -> list[dict[str, Any]]:
        heard, gone = heard or Heard(), threading.Event()
        ends.append(gone)
        text = json.dumps(asdict(task)) + '\n{"over": true}\n'
        threading.Thread(target=lambda: (pipes.to_it.write(text.encode()), pipes.to_it.flush())).start()  # fmt: skip
        serve(pipes.incoming, heard, on_gone=gone.set)  # type: ignore[arg-type]
        return heard.said

    yield said_of
    pipes.to_it.close()
    for gone in ends:
        assert gone.wait(20), "it does not notice that nobody is there any more"


@pytest.fixture
def task_of(tmp_path) -> Iterator[Callable[..., ReadingTask]]:
    journals = []

    def make(paths, mapping, names=None, **options: Any) -> ReadingTask:
        path = tmp_path / "run" / JOURNAL
        path.parent.mkdir()
        journals.append(Journal.create(path, {"mapping_name": "m.yml", "endpoint": "http://x"}))
        chosen = {"workers": 1} | options
        return ReadingTask.of(path, list(map(str, paths)), load_mapping(mapping), names, **chosen)

    yield make
    for journal in journals:
        journal.close()


def mixed(write_csv, count: int) -> Path:
    """Contacts of which each tenth has no address."""
    rows = [["E-mail", "Name", "Phone", "Tags"]]
    rows += [["nobody" if n % 10 == 0 else f"p{n}@example.org", f"N{n}", "", ""] for n in range(count)]  # fmt: skip
    return write_csv(rows)


def test_it_tells_of_each_250_rows_then_of_all_then_of_the_reports(
    served, task_of, write_csv, mapping, tmp_path
):
    said = served(task_of([mixed(write_csv, 600)], mapping))
    assert said == [
        {"rows": 250, "kept": 25}, {"rows": 500, "kept": 50}, {"rows": 600, "kept": 60},
        {"done": 600, "findings": []}, {"reported": True},
    ]  # fmt: skip
    assert statuses(tmp_path / "run") == ["invalid", *["not_sent"] * 9] * 60
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        assert (journal.facts()["judged"], journal.facts()["rows_read"]) == ("1", "600")


def test_a_task_longer_than_a_pipe_takes_at_a_time_arrives_whole(
    served, task_of, write_csv, mapping
):
    task = task_of([mixed(write_csv, 1)], mapping)
    long = replace(task, mapping_text=f"{task.mapping_text}# {'x' * 150_000}\n")
    assert served(long)[-1] == {"reported": True}


def test_asked_to_stop_it_ends_after_the_batch_and_says_so(
    pipes, served, task_of, write_csv, mapping, tmp_path
):
    def ask(messages: int) -> None:
        if messages == 1:  # its thread hears both in this order
            pipes.to_it.write(b'{"stop": true}\n')
            pipes.to_it.close()
            assert gone.wait(20)

    gone, heard = threading.Event(), Heard(ask)
    task = task_of([mixed(write_csv, 600)], mapping)
    pipes.to_it.write(json.dumps(asdict(task)).encode() + b"\n")
    pipes.to_it.flush()
    serve(pipes.incoming, heard, on_gone=gone.set)  # type: ignore[arg-type]
    assert heard.said == [
        {"rows": 250, "kept": 25},
        {"error": "stopped before the source was read to its end"},
    ]
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        assert (journal.count_records(), "judged" in journal.facts()) == (250, False)


def test_a_source_that_cannot_be_read_is_said_as_a_message_for_any_language(
    served, task_of, tmp_path, mapping
):
    gone = tmp_path / "gone.csv"
    (said,) = served(task_of([gone], mapping))
    error = Message.unpacked(said["error"])
    assert list(said) == ["error"]
    assert isinstance(error, Message)
    assert error.startswith(f"{gone}: ")


def test_a_bug_is_said_with_its_traceback_and_without_the_text_that_caused_it(
    served, task_of, write_csv, mapping
):
    task = replace(task_of([mixed(write_csv, 3)], mapping), at="p1@example.org")
    (said,) = served(task)
    assert said["error"] == BUG
    assert "ValueError" in said["bug"]
    assert "p1@example.org" not in said["bug"]


def test_the_sheet_the_lists_the_managers_and_the_time_are_those_of_the_task(
    served, task_of, tmp_path
):
    book = Workbook()
    book.active.append(["E-mail"])
    people = book.create_sheet("People")
    for line in (
        ["E-mail", "Lists", "Manager", "Zone"],
        ["a@b.org", "News", "Ann", "Europe/Berlin"],
        ["b@b.org", "Nothing", "Bob", ""],
    ):
        people.append(line)
    book.save(tmp_path / "book.xlsx")
    mapping = {
        "version": 1,
        "fields": {
            "lead_email": "E-mail", "lead_personal_manager": "Manager",
            "add_to_lists": {"column": "Lists"}, "lead_utc": {"column": "Zone", "dst": "current"},
        },
    }  # fmt: skip
    names = KnownNames({"News": ("7",)}, {"Ann": "101"})
    task = task_of([tmp_path / "book.xlsx"], load_mapping(mapping).with_sheet("People"), names)
    said = served(replace(task, at="2026-07-01T12:00:00+00:00"))
    assert said[-2] == {"done": 2, "findings": []}
    first, second = report_of(tmp_path / "run")
    assert (first["sheet"], first["row"], first["status"]) == ("People", "2", "not_sent")
    assert (second["status"], second["error_code"]) == ("invalid", "LIST_UNKNOWN")
    assert "'Bob'" in second["message"]
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        (body,) = [row.body for row in journal.pending()]
    assert dict(part.split("=") for part in body.decode().split("&")) == {
        "add_to_lists": "7", "lead_email": "a%40b.org", "lead_utc": "%2B02", "lead_personal_manager": "101",
    }  # fmt: skip


def test_corrections_that_find_no_row_are_told_at_the_end(
    served, task_of, write_csv, mapping, tmp_path
):
    source = mixed(write_csv, 3)
    lines = [Correction("", 2, "E-mail", "nobody", "some@body.org"), Correction("", 9, "Name", "N9", "Ann")]  # fmt: skip
    write_corrections(tmp_path / "mine.csv", lines)
    task = replace(task_of([source], mapping), corrections=str(tmp_path / "mine.csv"))
    said = served(task)
    (finding,) = map(Message.unpacked, said[-2]["findings"])
    path = tmp_path / "mine.csv"
    assert finding == f"{source}: 1 corrections of {path} found no row (row 9)"
    assert said[-2]["done"] == 3
    assert statuses(tmp_path / "run") == ["not_sent"] * 3


@pytest.mark.parametrize(("is_safe", "cell"), [(True, "'+a@b.org"), (False, "+a@b.org")])
def test_its_report_is_as_safe_as_it_is_asked_to_be(
    served, task_of, write_csv, mapping, tmp_path, is_safe, cell
):
    source = write_csv([["E-mail", "Name", "Phone", "Tags"], ["+a@b.org", "", "", ""]])
    served(task_of([source], mapping, is_report_safe=is_safe))
    (line,) = report_of(tmp_path / "run")
    assert line["contact"] == cell


@pytest.mark.parametrize(("processors", "workers"), [(1, 1), (2, 1), (4, 3)])
def test_with_no_workers_asked_for_it_judges_beside_the_process_that_sends(
    served, task_of, write_csv, mapping, monkeypatch, processors, workers
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    asked = []
    real = module.Judges.opened

    def opened(workers: int, cluster: str) -> Any:
        asked.append((workers, cluster))
        return real(1)

    monkeypatch.setattr(module.Judges, "opened", opened)
    task = task_of([mixed(write_csv, 1)], mapping, workers=0)
    served(task)
    assert asked == [(workers, "")]


def test_as_a_process_it_leaves_signals_to_the_first_one_and_ends_with_it(
    task_of, write_csv, mapping, tmp_path, monkeypatch
):
    """What libraries print there goes where errors go, not between the messages."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "sys.addaudithook(lambda event, _: event == 'sqlite3.connect' and print('hello', flush=True))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    task = task_of([mixed(write_csv, 3)], mapping)
    process = start_interpreter("from bulk_import.run.ahead import work; work()")
    try:
        process.stdin.write(json.dumps(asdict(task)).encode() + b"\n")
        process.stdin.flush()
        said = [json.loads(process.stdout.readline())]
        mine = psutil.Process().nice()
        assert psutil.Process(process.pid).nice() == min(mine + NICENESS, 19)
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        said.append(json.loads(process.stdout.readline()))
        assert said == [{"rows": 3, "kept": 1}, {"done": 3, "findings": []}]
        process.stdin.close()  # as when the first process has died
        assert process.wait(30) == 1
        assert process.stdout.read() == b""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_process_that_is_still_running_is_killed_at_the_end(task_of, mapping, monkeypatch):
    started = []

    def start(_code: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "3"], stdin=PIPE, stdout=PIPE))
        return started[0]

    monkeypatch.setattr(module.interpreters, "start_interpreter", start)
    with pytest.raises(ZeroDivisionError), ReadAhead.start(task_of([], mapping)) as ahead:
        raise ZeroDivisionError
    (process,) = started
    assert (process.returncode, ahead.error) == (-signal.SIGKILL, "")
    assert (process.stdin.closed, process.stdout.closed) == (True, True)


def test_sending_can_begin_while_it_is_storing_rows(tmp_path):
    """The run ended with "another program holds it" when both came together."""
    with Journal.create(tmp_path / JOURNAL, {}) as journal:
        storing = sqlite3.connect(journal.path, isolation_level=None, check_same_thread=False)
        storing.execute("begin immediate")
        ends = threading.Timer(0.05, lambda: storing.execute("commit"))
        ends.start()
        with journal.deferring_syncs():
            assert not storing.in_transaction
        ends.join()
        storing.close()


# -- a whole run -------------------------------------------------------------------------------------------


@pytest.fixture
def run_with(sandbox, settings, mapping) -> Callable[..., Any]:
    """Run with that reader: messages to it go to *ear*."""

    async def run(source, reader, *, ear=None, stop=None, using=mapping, **options: Any) -> Any:
        chosen = settings(sandbox, read_ahead_bytes=0, **options)
        loaded, paths = load_mapping(using), [str(source)]
        one = Run(
            Path(chosen.run_dir), loaded, chosen, None, ear or Ear(), stop or Stop(), start_reader=reader,
        )  # fmt: skip
        return await one.begin(lambda names: opened_inputs(paths, loaded, names), paths)

    return run


class Told(Ear):
    def __init__(self) -> None:
        super().__init__()
        self.totals: list[int] = []

    def sending(self, total: int) -> None:
        self.totals.append(total)

    expecting = sending


@pytest.fixture
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


pytestmark = pytest.mark.usefixtures("two_processors")


async def test_a_whole_run_is_sent_while_it_is_read_and_ends_as_any_other(
    run_with, sandbox, write_csv, tmp_path
):
    ear, reader, source = Told(), Reader(), mixed(write_csv, 60)
    write_corrections(
        tmp_path / "contacts.corrections.csv", [Correction("", 999, "Name", "N", "Ann")]
    )
    summary = await run_with(source, reader, ear=ear)
    assert (summary.exit_code, summary.stopped, summary.rows_read, summary.rows_unread) == (1, "", 60, 0)  # fmt: skip
    assert (summary.counts[Status.SUCCESS], summary.counts[Status.INVALID]) == (54, 6)
    assert [request.email for request in sandbox.sent()][:1] == ["p1@example.org"]
    assert len(sandbox.sent()) == 54
    assert (ear.totals[0], ear.totals[-1]) == (60, 54)
    path = tmp_path / "contacts.corrections.csv"
    assert [said for said in ear.told if said.startswith(f"{source}: ")] == [
        f"{source}: corrections of {path} that are applied: 1",
        f"{source}: 1 corrections of {path} found no row (row 999)",
    ]
    assert reader.said[-1] == {"reported": True}
    assert len(report_of(tmp_path / "run")) == 60
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        facts = journal.facts()
    assert (facts["finished"], facts["rows_expected"], facts["stop_code"]) == ("1", "60", "0")


async def test_a_limit_holds_and_is_what_is_expected_to_be_sent(run_with, sandbox, write_csv):
    ear = Told()
    summary = await run_with(mixed(write_csv, 60), Reader(), ear=ear, limit=20)
    assert (len(sandbox.sent()), summary.counts[Status.NOT_SENT]) == (20, 34)
    assert set(ear.totals) == {20}


async def test_a_source_that_grows_while_it_is_read_stops_the_run(run_with, sandbox, write_csv):
    source = mixed(write_csv, 30)
    surveyed = threading.Event()

    def grow() -> None:
        assert surveyed.wait(20)
        with source.open("a") as file:
            file.write("late@example.org,,,\n")

    sandbox.script = None
    ear = Told()
    ear.sending = lambda total: surveyed.set()  # type: ignore[method-assign]
    summary = await run_with(source, Reader(before=grow), ear=ear)
    assert (summary.exit_code, summary.stopped) == (3, "the source changed while it was read")
    assert summary.counts[Status.SUCCESS] == 28


async def test_a_reader_that_fails_stops_the_run_and_what_was_read_is_sent(
    run_with, sandbox, write_csv, tmp_path
):
    source = mixed(write_csv, 260)

    def vanish(number: int) -> None:
        if number == 1:
            raise ZeroDivisionError

    with pytest.raises(BugError) as caught:
        await run_with(source, Reader(after=vanish), limit=3)
    assert str(caught.value) == BUG
    assert "ZeroDivisionError" in caught.value.report
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        facts = journal.facts()
    assert facts["stopped"] == f"{BUG}; 250 of 260 rows were read, the same command continues"
    assert (facts["stop_code"], facts["finished"]) == ("3", "")
    assert len(sandbox.sent()) == 3


async def test_a_source_that_is_gone_before_it_is_read_again_stops_the_run(
    run_with, sandbox, write_csv, tmp_path
):
    source = mixed(write_csv, 30)
    surveyed = threading.Event()

    def vanish() -> None:
        assert surveyed.wait(20)
        source.unlink()

    ear = Told()
    ear.sending = lambda total: surveyed.set()  # type: ignore[method-assign]
    summary = await run_with(source, Reader(before=vanish), ear=ear)
    assert summary.exit_code == 3
    assert summary.stopped.startswith(f"{source}: ")
    assert summary.stopped.endswith("; 0 of 30 rows were read, the same command continues")
    assert (summary.rows_read, summary.rows_unread, sandbox.sent()) == (0, 30, [])
    assert report_of(tmp_path / "run") == [], "reports are written here where it wrote none"


async def test_an_interrupted_run_stops_the_reader_after_its_batch(run_with, sandbox, write_csv):
    stop = Stop()

    def hold(number: int) -> None:
        if number == 1:
            assert reader.asked_to_stop.wait(20)
            time.sleep(0.05)  # for its thread to hear it

    sandbox.script = lambda _number, _form: stop.request("interrupted", 130)
    reader = Reader(after=hold)
    summary = await run_with(mixed(write_csv, 600), reader, stop=stop, concurrency=1)
    assert reader.said[-1] == {"error": "stopped before the source was read to its end"}
    done = reader.said[-2]["rows"]
    assert done < 600
    assert (summary.exit_code, len(sandbox.sent())) == (130, 1)
    assert summary.stopped == (
        f"interrupted; {done} of 600 rows were read, the same command continues"
    )


async def test_where_cells_say_no_nothing_is_sent_before_all_rows_are_judged(
    run_with, sandbox, write_csv, tmp_path
):
    rows = [["E-mail", "Name", "Phone", "Tags"], *([f"p{n}@example.org", "", "", ""] for n in range(299))]  # fmt: skip
    source = write_csv([*rows, ["p0@example.org unsubscribed", "", "", ""]])
    sent = threading.Event()

    def hold(number: int) -> None:
        if number == 1:
            sent.wait(0.2)

    judged = []

    def script(_number: int, _form: object) -> None:
        sent.set()
        with Journal.open(tmp_path / "run" / JOURNAL) as journal:
            judged.append("judged" in journal.facts())

    sandbox.script = script
    summary = await run_with(source, Reader(after=hold), limit=2)
    assert set(judged) == {True}
    assert [request.email for request in sandbox.sent()] == ["p1@example.org", "p2@example.org"]
    assert summary.counts[Status.NOT_SENT] == 296


async def test_cells_that_say_no_and_that_no_rule_looks_at_send_nothing(
    run_with, sandbox, write_csv, tmp_path
):
    rows = [["E-mail", "Name", "Phone", "Tags", "Unsubscribed"]]
    rows += [[f"p{n}@example.org", "", "", "", "yes" if n % 5 == 0 else "no"] for n in range(50)]
    summary = await run_with(write_csv(rows), Reader())
    assert (summary.exit_code, sandbox.sent()) == (3, [])
    assert summary.stopped.startswith(
        "nothing was sent: cells of 'Unsubscribed' say that people must not be written to"
    )
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        assert json.loads(journal.facts()["unheeded"]) == ["Unsubscribed"]


async def test_a_list_that_cannot_be_used_sends_nothing_and_leaves_nothing(
    run_with, sandbox, write_csv, mapping, tmp_path
):
    mapping.write_text(mapping.read_text("utf-8") + "suppress: gone.csv\n", "utf-8")
    reader = Reader()
    with pytest.raises(MappingError, match=r"gone\.csv"):
        await run_with(mixed(write_csv, 3), reader)
    assert (reader.said, sandbox.sent(), (tmp_path / "run").exists()) == ([], [], False)


DEPENDING: list[tuple[str, dict[str, Any]]] = [
    ("when: {duplicate: last}\n", {}), ("skip: [{column: Tags, values: [no]}]\n", {}),
    ("only: [{column: Tags, values: ['']}]\n", {}), ("checks: [{column: Name, unique: true}]\n", {}),
    ("", {"canary": 1}), ("", {"read_ahead_bytes": -1}), ("", {"read_ahead_bytes": 10**6}),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "options"), [*DEPENDING, ("# one processor\n", {})])
async def test_what_depends_on_all_rows_is_read_first(
    sandbox, settings, write_csv, mapping, monkeypatch, rules, options
):
    if "one processor" in rules:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    mapping.write_text(mapping.read_text("utf-8") + rules, "utf-8")
    source, loaded = write_csv([["E-mail", "Name", "Phone", "Tags"], ["a@b.org", "A", "", ""]]), load_mapping(mapping)  # fmt: skip
    started: list[object] = []
    chosen = settings(sandbox, **({"read_ahead_bytes": 0} | options))
    one = Run(
        Path(chosen.run_dir), loaded, chosen, None, Ear(), Stop(), start_reader=started.append  # type: ignore[arg-type]
    )  # fmt: skip
    await one.begin(lambda names: opened_inputs([str(source)], loaded, names), [str(source)])
    assert (started, len(sandbox.sent())) == ([], 1)


async def test_what_is_no_file_here_is_read_first(sandbox, settings, write_csv, mapping):
    source, loaded, reader = mixed(write_csv, 3), load_mapping(mapping), Reader()
    chosen = settings(sandbox, read_ahead_bytes=0)
    one = Run(Path(chosen.run_dir), loaded, chosen, None, Ear(), Stop(), start_reader=reader)
    await one.begin(lambda names: opened_inputs([str(source)], loaded, names), ["-", str(source)])
    assert (reader.said, len(sandbox.sent())) == ([], 2)


@pytest.mark.parametrize(("smaller", "is_ahead"), [(0, True), (-1, False)])
async def test_from_its_size_on_a_source_is_read_while_rows_are_sent(
    run_with, sandbox, write_csv, settings, mapping, smaller, is_ahead
):
    source, loaded, reader = mixed(write_csv, 3), load_mapping(mapping), Reader()
    chosen = settings(sandbox, read_ahead_bytes=source.stat().st_size - smaller)
    one = Run(Path(chosen.run_dir), loaded, chosen, None, Ear(), Stop(), start_reader=reader)
    await one.begin(lambda names: opened_inputs([str(source)], loaded, names), [str(source)])
    assert bool(reader.said) is is_ahead
    assert len(sandbox.sent()) == 2

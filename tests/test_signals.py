"""Signals at awkward moments: real processes, counted on the server's side."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bulk_import.system.locks import hold
from tests.children import BOTH, Served, interrupted, start, wait_for
from tests.conftest import report_of


@BOTH
def test_a_signal_while_everybody_is_paused_ends_the_run_soon(
    tmp_path, contacts_csv, mapping, number, code
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(40)), "-m", str(mapping), "--run-dir", str(run_dir))
    with Served(tmp_path, throttle=5, retry_after_s=300) as served:
        process = start(*args, url=served.url)
        wait_for(lambda: any(r.answer == "429" for r in served.sent()), "nobody throttles")
        out, _ = interrupted(process, number, code)
        accepted = sum(r.answer == "200" for r in served.sent())
    lines = report_of(run_dir)
    assert "row counts add up" in out
    counted = Counter(line["status"] for line in lines)
    assert counted == {"success": accepted, "not_sent": 40 - accepted}


@BOTH
@pytest.mark.slow
def test_a_signal_while_rows_wait_to_be_repeated_ends_the_run_soon(
    tmp_path, contacts_csv, mapping, number, code
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(3)), "-m", str(mapping), "--run-dir", str(run_dir))
    with Served(tmp_path, error_502=1) as served:
        process = start(*args, url=served.url)
        served.wait_for(7)  # every row was sent twice, and waits for some seconds
        interrupted(process, number, code)
        sent = len(served.sent())
    lines = report_of(run_dir)
    assert {line["status"] for line in lines} == {"unknown"}
    assert sum(int(line["attempts"]) for line in lines) == sent
    with Served(tmp_path) as served:
        journal_of_another_port(run_dir, served.url)
        process = start("resume", str(run_dir), url=served.url)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert {line["status"] for line in report_of(run_dir)} == {"success"}


def journal_of_another_port(run_dir: Path, url: str) -> None:
    """The sandbox came back at another port: for the run it is the same account."""
    from bulk_import.journal import Journal

    with Journal.open(run_dir / "journal.sqlite3") as journal:
        journal.remember(endpoint=url)


@BOTH
@pytest.mark.slow
def test_a_signal_while_a_slow_pipe_is_read_ends_at_once_and_nothing_was_sent(
    tmp_path, mapping, number, code
):
    run_dir = tmp_path / "run"
    with Served(tmp_path) as served:
        process = start("run", "-", "-m", str(mapping), "--run-dir", str(run_dir), url=served.url, env={"TMPDIR": str(tmp_path)},
                        stdin=subprocess.PIPE)  # fmt: skip
        assert process.stdin
        process.stdin.write("E-mail,Name,Phone,Tags\na@b.org,x,,\n")
        process.stdin.flush()
        wait_for((run_dir / "journal.lock").exists, "the run does not begin")
        time.sleep(0.3)  # it asks the account and then reads; the signal may come at any moment
        process.send_signal(number)
        process.wait(5)
        err = process.stderr.read() if process.stderr else ""
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        assert process.returncode == code
        assert "Traceback" not in err
        assert "Fatal" not in err
        assert "nothing was sent" in err
        assert served.sent() == []
    assert not (run_dir / "journal.sqlite3").exists()
    assert list(tmp_path.glob("bulk_import_*")) == [], "what had been read so far"


@BOTH
@pytest.mark.slow
def test_a_signal_while_nobody_answers_yet_ends_at_once(
    tmp_path, contacts_csv, mapping, number, code
):
    with socket.socket() as hole:  # takes connections and says nothing
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        run_dir = tmp_path / "run"
        process = start("run", str(contacts_csv(3)), "-m", str(mapping), "--run-dir", str(run_dir),
                        url=url)  # fmt: skip
        hole.settimeout(30)
        connection, _ = hole.accept()
        with connection:
            _, err = interrupted(process, number, code)
    assert "nothing was sent" in err


@BOTH
@pytest.mark.parametrize("canary", [pytest.param("0", marks=pytest.mark.slow), "2"])
@pytest.mark.slow
def test_a_signal_at_a_question_ends_the_run_with_its_report(
    tmp_path, contacts_csv, mapping, number, code, canary
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(9)), "-m", str(mapping), "--run-dir", str(run_dir), "--canary", canary)  # fmt: skip
    with Served(tmp_path) as served:
        ours, theirs = pty.openpty()
        process = start(*args, url=served.url, asks=True, stdin=theirs, stderr=theirs)
        os.close(theirs)
        said = ""

        def asks(question: str) -> bool:
            nonlocal said
            with contextlib.suppress(OSError):
                said += os.read(ours, 10_000).decode()
            return question in said

        wait_for(
            lambda: asks(
                "Send? [y/N]" if canary == "0" else "Send 2 rows of different shapes first?"
            ),
            "no question",
        )
        if canary != "0":
            os.write(ours, b"y\n")
            wait_for(lambda: asks("Send the other 7?"), "no second question")
        process.send_signal(number)
        out = process.stdout.read()
        with contextlib.suppress(OSError):
            said += os.read(ours, 10_000).decode()
        process.wait(10)
        process.stdout.close()
        os.close(ours)
        assert process.returncode == code, said
        assert "Traceback" not in said
        assert len(served.sent()) == int(canary)
    assert "row counts add up" in out
    assert Counter(line["status"] for line in report_of(run_dir))["not_sent"] == 9 - int(canary)


_ASKS = """
import ctypes, functools, signal
from bulk_import.cli.terminal import wait_for_input

def heard(*_):
    raise KeyboardInterrupt

class Terminal:  # the C library sends the signal: the interpreter sees it after the call that follows
    fileno = functools.partial(ctypes.CDLL(None)["raise"], signal.SIGTERM)  # and returns 0

signal.signal(signal.SIGTERM, heard)
try:
    wait_for_input(Terminal())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_signal_between_a_question_and_its_answer_is_not_lost():
    """Python calls a handler between two of its own steps: a read that has begun is not one."""
    ours, theirs = pty.openpty()
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASKS], stdin=theirs, capture_output=True, text=True, timeout=60
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (asked.stdout, asked.stderr) == ("interrupted\n", "")


@pytest.mark.slow
def test_a_process_that_slept_longer_than_all_timeouts_goes_on(
    tmp_path, contacts_csv, bare_mapping
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(120, bare=True)), "-m", str(bare_mapping), "--run-dir", str(run_dir),
            "--timeout", "0.5")  # fmt: skip
    with Served(tmp_path, latency_ms=20) as served:
        process = start(*args, url=served.url)
        for requests in (20, 60):
            served.wait_for(requests)
            process.send_signal(signal.SIGSTOP)
            time.sleep(1.2)
            process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=60)
        sent = served.sent()
    lines = report_of(run_dir)
    assert "Traceback" not in err
    assert "row counts add up" in out
    assert {line["status"] for line in lines if line["contact"].find("@") > 0} == {"success"}
    assert {line["status"] for line in lines} <= {"success", "unknown"}
    bare = Counter(r.form["lead_first_name"] for r in sent if "lead_email" not in r.form)
    assert set(bare.values()) == {1}


@BOTH
@pytest.mark.slow
def test_a_signal_while_another_night_is_waited_for_ends_at_once(
    tmp_path, contacts_csv, mapping, number, code
):
    state = tmp_path / "crm.state"
    with hold(state.with_name("crm.state.lock"), "the job"):
        process = start("sync", str(contacts_csv(3)), "-m", str(mapping), "--state", str(state), "--wait-lock", "600",
                        url="http://127.0.0.1:1")  # fmt: skip
        status = Path(f"/proc/{process.pid}/status")
        mask = 1 << (signal.SIGTERM - 1)
        wait_for(
            lambda: int(status.read_text().split("SigCgt:")[1].split()[0], 16) & mask != 0,
            "signals are not heard",
        )
        _, err = interrupted(process, number, code)
    assert "nothing was sent" in err


@pytest.mark.slow
def test_behind_the_second_signal_rows_without_email_in_flight_are_unknown_and_never_sent_again(
    tmp_path, contacts_csv, bare_mapping
):
    run_dir = tmp_path / "run"
    args = (
        "run",
        str(contacts_csv(12, bare=True)),
        "-m",
        str(bare_mapping),
        "--run-dir",
        str(run_dir),
    )
    with Served(tmp_path, latency_ms=1500) as served:
        process = start(*args, "--no-preflight", url=served.url)
        served.wait_for(4)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        wait_for(lambda: "finishing" in process.stderr.readline(), "the first signal is not heard")
        interrupted(process, signal.SIGTERM, 143)
        again = start("resume", str(run_dir), "--concurrency", "12", url=served.url)
        again.communicate(timeout=60)
        sent = Counter(
            r.form["lead_first_name"] for r in served.sent() if "lead_email" not in r.form
        )
    assert again.returncode == 1
    statuses = Counter(line["status"] for line in report_of(run_dir))
    assert statuses == {"success": 10, "unknown": 2}
    assert set(sent.values()) == {1}


@BOTH
@pytest.mark.slow
def test_a_signal_while_rows_are_judged_ends_the_run_before_anything_is_sent(
    tmp_path, contacts_csv, mapping, number, code
):
    run_dir = tmp_path / "run"
    args = ("run", contacts_csv(60_000), "-m", mapping, "--run-dir", run_dir, "--read-first")
    with Served(tmp_path) as served:
        process = start(*args, url=served.url)
        wait_for((run_dir / "journal.sqlite3").exists, "the run does not begin")
        out, err = interrupted(process, number, code)
        assert served.sent() == []
    assert "finishing what is in flight" in err
    assert "row counts add up" in out
    assert {line["status"] for line in report_of(run_dir)} <= {"not_sent"}


@BOTH
@pytest.mark.slow
def test_a_second_signal_while_reports_are_written_ends_at_once_and_the_next_run_writes_them(
    tmp_path, contacts_csv, mapping, number, code
):
    """Whatever the first signal has begun, nobody waits for it a second time."""
    run_dir = tmp_path / "run"
    args = (
        "run",
        contacts_csv(60_000),
        "-m",
        mapping,
        "--run-dir",
        run_dir,
        "--read-first",
        "--limit",
        "20",
    )
    with Served(tmp_path) as served:
        process = start(*args, url=served.url)
        served.wait_for(20)
        wait_for(lambda: list(run_dir.glob(".drafts_*")), "no report is written")
        for _ in range(2):
            process.send_signal(number)
            time.sleep(0.2)  # two signals that come together are one
        process.communicate(timeout=30)
        assert process.returncode == code
        again = subprocess.run(
            [sys.executable, "-m", "bulk_import", "report", run_dir],
            capture_output=True,
            check=False,
        )
        assert again.returncode == 0
        assert len(served.sent()) == 20
    counted = Counter(line["status"] for line in report_of(run_dir))
    assert counted == {"success": 20, "not_sent": 59_980}

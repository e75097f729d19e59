"""Real processes: signals at awkward moments, closed pipes, few descriptors, bombs, two at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import random
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bulk_import.locks import hold
from bulk_import.sandbox.app import DEFAULT_KEY
from tests.conftest import report_of
from tests.test_kill import Served
from tests.test_wire import OK, says, wired

BOTH = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
ENVIRONMENT = {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY}


def start(*args: str, url: str, **options) -> subprocess.Popen[str]:
    environment = os.environ | ENVIRONMENT | options.pop("env", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(
        [sys.executable, "-m", "bulk_import", *args, "--endpoint", url, "--rate", "0"],
        env=environment, text=True, **pipes,
    )  # fmt: skip


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def interrupted(process: subprocess.Popen[str], number: int, code: int) -> tuple[str, str]:
    """Send the signal; the process must end soon, with that code and without a traceback."""
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err


@contextlib.contextmanager
def sandbox_process(folder: Path, *options: str):
    server = Served(folder, *options)
    try:
        yield server
    finally:
        server.close()


# -- signals ------------------------------------------------------------------------------------------


@BOTH
def test_a_signal_while_everybody_is_paused_ends_the_run_soon(
    tmp_path, contacts_csv, mapping, number, code
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(40)), "-m", str(mapping), "--run-dir", str(run_dir))
    with sandbox_process(tmp_path, "--throttle", "5", "--retry-after-s", "300") as served:
        process = start(*args, url=served.url)
        wait_for(lambda: any(r.answer == "429" for r in served.sent()), "nobody throttles")
        out, _ = interrupted(process, number, code)
        accepted = sum(r.answer == "200" for r in served.sent())
    lines = report_of(run_dir)
    assert "books: balanced" in out
    counted = Counter(line["status"] for line in lines)
    assert counted == {"success": accepted, "not_sent": 40 - accepted}


@BOTH
def test_a_signal_while_rows_wait_to_be_repeated_ends_the_run_soon(
    tmp_path, contacts_csv, mapping, number, code
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(3)), "-m", str(mapping), "--run-dir", str(run_dir))
    with sandbox_process(tmp_path, "--error-502", "1") as served:
        process = start(*args, url=served.url)
        served.wait_for(7)  # every row was sent twice, and waits for some seconds
        interrupted(process, number, code)
        sent = len(served.sent())
    lines = report_of(run_dir)
    assert {line["status"] for line in lines} == {"unknown"}
    assert sum(int(line["attempts"]) for line in lines) == sent
    with sandbox_process(tmp_path) as served:
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
def test_a_signal_while_a_slow_pipe_is_read_ends_at_once_and_nothing_was_sent(
    tmp_path, mapping, number, code
):
    run_dir = tmp_path / "run"
    with sandbox_process(tmp_path) as served:
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
@pytest.mark.parametrize("canary", ["0", "2"])
def test_a_signal_at_a_question_ends_the_run_with_its_report(
    tmp_path, contacts_csv, mapping, number, code, canary
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(9)), "-m", str(mapping), "--run-dir", str(run_dir), "--canary", canary)  # fmt: skip
    with sandbox_process(tmp_path) as served:
        ours, theirs = pty.openpty()
        process = start(*args, url=served.url, stdin=theirs, stderr=theirs)
        os.close(theirs)
        said = ""

        def asks(question: str) -> bool:
            nonlocal said
            with contextlib.suppress(OSError):
                said += os.read(ours, 10_000).decode()
            return question in said

        wait_for(lambda: asks("Send? [y/N]"), "no question")
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
    assert "books: balanced" in out
    assert Counter(line["status"] for line in report_of(run_dir))["not_sent"] == 9 - int(canary)


def test_a_process_that_slept_longer_than_all_timeouts_goes_on(
    tmp_path, contacts_csv, bare_mapping
):
    run_dir = tmp_path / "run"
    args = ("run", str(contacts_csv(120, bare=True)), "-m", str(bare_mapping), "--run-dir", str(run_dir),
            "--timeout", "0.5")  # fmt: skip
    with sandbox_process(tmp_path, "--latency-ms", "20") as served:
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
    assert "books: balanced" in out
    assert {line["status"] for line in lines if line["contact"].find("@") > 0} == {"success"}
    assert {line["status"] for line in lines} <= {"success", "unknown"}
    bare = Counter(r.form["lead_first_name"] for r in sent if "lead_email" not in r.form)
    assert set(bare.values()) == {1}


# -- surroundings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
def test_nobody_reads_what_is_printed_and_the_run_does_not_care(
    tmp_path, contacts_csv, mapping, stream
):
    """As behind ``| head -1``: the other end of the pipe is closed before anything is written."""
    run_dir = tmp_path / "run"
    reader, writer = os.pipe()
    os.close(reader)
    pipes = {name: writer for name in ("stdout", "stderr") if stream in (name, "both")}
    args = ("run", str(contacts_csv(60)), "-m", str(mapping), "--run-dir", str(run_dir))
    with sandbox_process(tmp_path, "--throttle", "20", "--refuse", "0.1") as served:
        process = start(*args, url=served.url, **pipes)
        os.close(writer)
        _, err = process.communicate(timeout=60)
        accepted = sum(r.applied for r in served.sent())
    assert process.returncode == 1
    assert "Traceback" not in (err or "")
    counted = Counter(line["status"] for line in report_of(run_dir))
    assert counted["success"] == accepted
    assert counted["success"] + counted["failed"] == 60


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_a_c_locale_changes_no_letter(tmp_path, write_csv, mapping, utf8):
    path = write_csv(
        [
            ["E-mail", "Name", "Phone", "Tags"],
            ["a@b.org", "Ёлка 漢字 🎂", "", "Клиент"],
            ["bad é", "x", "", ""],
        ]
    )
    run_dir = tmp_path / "run"
    env = {
        "LC_ALL": "C",
        "LANG": "C",
        "PYTHONUTF8": utf8,
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "",
    }
    with sandbox_process(tmp_path) as served:
        process = start(
            "run", str(path), "-m", str(mapping), "--run-dir", str(run_dir), url=served.url, env=env
        )
        _, err = process.communicate(timeout=60)
        (request,) = served.sent()
    assert process.returncode == 1, err
    assert request.form["lead_first_name"] == "Ёлка 漢字 🎂"
    assert request.form["add_tags"] == "Клиент"
    assert report_of(run_dir)[1]["status"] == "invalid"
    assert "bad é" in (run_dir / "rejects.csv").read_text("utf-8-sig")


def test_forty_file_descriptors_are_enough(tmp_path, contacts_csv, bare_mapping):
    run_dir = tmp_path / "run"
    command = f"ulimit -n 40; exec {sys.executable} -m bulk_import run {contacts_csv(300, bare=True)} -m {bare_mapping} " \
              f"--run-dir {run_dir} --rate 0 --concurrency 64"  # fmt: skip
    with sandbox_process(tmp_path, "--latency-ms", "20") as served:
        done = subprocess.run(
            ["bash", "-c", f"{command} --endpoint {served.url}"],
            env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        sent = served.sent()
    assert done.returncode == 0, done.stderr
    assert {line["status"] for line in report_of(run_dir)} == {"success"}
    assert len(sent) == 300


def test_a_log_that_cannot_be_written_does_not_end_a_run(tmp_path, contacts_csv, mapping):
    run_dir = tmp_path / "run"
    with sandbox_process(tmp_path) as served:
        process = start("run", str(contacts_csv(5)), "-m", str(mapping), "--run-dir", str(run_dir),
                        "--log-file", "/dev/full", url=served.url)  # fmt: skip
        _, err = process.communicate(timeout=60)
        assert len(served.sent()) == 5
    assert process.returncode == 0, err
    assert err.count("/dev/full") == 1


async def test_bombs_and_endless_answers_are_not_kept_in_memory(tmp_path, contacts_csv, mapping):
    packing = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packing.compress(b"\0" * 2**20) for _ in range(1024)) + packing.flush()

    async def endless(_wire, _reader, writer, _body):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n")
        block = b" " * 2**20
        for _ in range(2000):
            writer.write(block)
            await writer.drain()
        return False

    async def endless_head(_wire, _reader, writer, _body):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for at in range(20_000):
            writer.write(b"X-%d: %s\r\n" % (at, b"x" * 4000))
            await writer.drain()
        return False

    turns = iter(range(100))
    harm = [
        says(bomb, "Content-Encoding: gzip"),
        endless,
        endless_head,
        says(OK, f"X-Large: {'x' * 512 * 1024}"),
    ]

    async def harmful(*args):
        return await harm[next(turns) % len(harm)](*args)

    run_dir = tmp_path / "run"
    async with wired(harmful, times=12) as wire:
        process = start("run", str(contacts_csv(12)), "-m", str(mapping), "--run-dir", str(run_dir), "--no-preflight",
                        url=wire.url, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        _, status, used = await asyncio.to_thread(os.wait4, process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert {line["status"] for line in report_of(run_dir)} == {"success"}
    assert used.ru_maxrss < 500 * 1024, "KiB"


# -- two at once --------------------------------------------------------------------------------------


def test_the_second_of_two_runs_is_told_who_is_there_and_the_lock_dies_with_its_holder(
    tmp_path, contacts_csv, mapping
):
    source = str(contacts_csv(200))
    runs = {name: str(tmp_path / name) for name in ("one", "two")}
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    with sandbox_process(tmp_path, "--latency-ms", "100") as served:
        first = start(
            "run", source, "-m", str(mapping), "--run-dir", runs["one"], url=served.url, env=env
        )
        served.wait_for(5)
        for name, what in (("one", "run folder"), ("two", "account")):
            began = time.monotonic()
            second = start(
                "run", source, "-m", str(mapping), "--run-dir", runs[name], url=served.url, env=env
            )
            _, err = second.communicate(timeout=20)
            assert second.returncode == 4
            assert what in err
            assert f"process {first.pid}, started 20" in err
            assert time.monotonic() - began < 10
        first.kill()
        first.communicate()
        assert max(Counter(r.email for r in served.sent()).values()) == 1
        third = start("run", source, "-m", str(mapping), "--run-dir", runs["one"], "--concurrency", "32",
                      url=served.url, env=env)  # fmt: skip
        _, err = third.communicate(timeout=60)
        assert third.returncode == 0, err
        accepted = Counter(r.email for r in served.sent())
    assert len(accepted) == 200
    assert sum(n - 1 for n in accepted.values()) <= 4, "only what was in flight at the kill"


@pytest.mark.slow
def test_killed_while_reports_are_written_there_is_always_a_whole_one(
    tmp_path, contacts_csv, mapping
):
    run_dir = tmp_path / "run"
    source = contacts_csv(4000)
    with source.open("a") as file:
        file.writelines(f"bad{n},x,,\n" for n in range(4000))
    args = [sys.executable, "-m", "bulk_import"]
    subprocess.run(
        [*args, "run", str(source), "-m", str(mapping), "--run-dir", str(run_dir), "--dry-run", "--quiet"], check=False
    )  # fmt: skip
    chance = random.Random(1)  # noqa: S311 - moments, no secrets
    for _ in range(12):
        process = subprocess.Popen([*args, "report", str(run_dir)], stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 1.2))
        process.kill()
        process.wait()
        assert len(report_of(run_dir)) == 8000
        assert (run_dir / "rejects.csv").read_bytes().count(b"\n") == 4001
        assert json.loads((run_dir / "summary.json").read_text())["rows_read"] == 8000
        assert (run_dir / "report.html").read_text().rstrip().endswith("</html>")
    assert subprocess.run([*args, "report", str(run_dir)], capture_output=True).returncode == 1
    assert not [file for file in run_dir.iterdir() if file.name.endswith(".part")]


# -- the end at once, and bugs ------------------------------------------------------------------------


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
    with sandbox_process(tmp_path, "--latency-ms", "1500") as served:
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


def test_the_traceback_of_a_bug_does_not_show_the_key(tmp_path, contacts_csv, mapping):
    bug = (
        "import bulk_import.run, bulk_import.cli\n"
        "async def bug(client, **_): raise ExceptionGroup('bug', [RuntimeError(client._key.reveal())])\n"
        "bulk_import.run.preflight = bug\n"
        f"bulk_import.cli.main(['run', {str(contacts_csv(2))!r}, '-m', {str(mapping)!r}, '--endpoint', 'http://127.0.0.1:1',"
        f" '--run-dir', {str(tmp_path / 'run')!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", bug], env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert "RuntimeError: ***" in done.stderr
    assert DEFAULT_KEY not in done.stderr + done.stdout


@BOTH
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


def test_a_disk_that_is_full_while_rows_are_read_or_reported_loses_nothing(
    tmp_path, contacts_csv, mapping
):
    run_dir = tmp_path / "run"
    with sandbox_process(tmp_path) as served:
        run = f"{sys.executable} -m bulk_import run {contacts_csv(3000)} -m {mapping} --run-dir {run_dir}" \
              f" --rate 0 --concurrency 16 --endpoint {served.url}"  # fmt: skip
        report = f"{sys.executable} -m bulk_import report {run_dir}"

        def shell(command: str) -> tuple[int, str]:
            done = subprocess.run(
                ["bash", "-c", command], env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            return done.returncode, done.stderr

        code, err = shell(f"ulimit -f 200; {run}")
        assert (code, served.sent()) == (5, [])
        assert "free some space" in err
        assert shell(run)[0] == 0
        before = (run_dir / "report.csv").read_bytes()
        code, err = shell(f"ulimit -f 100; {report}")
        assert code == 5
        assert "report.csv: cannot be written" in err
        assert (run_dir / "report.csv").read_bytes() == before
        assert shell(report)[0] == 0
        assert max(Counter(r.email for r in served.sent()).values()) == 1
    assert len(report_of(run_dir)) == 3000

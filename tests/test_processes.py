"""Real processes: closed pipes, few descriptors, bombs, full disks, two at once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter

import pytest

from bulk_import.sandbox.app import DEFAULT_KEY
from tests.children import ENVIRONMENT, Served, start
from tests.conftest import report_of
from tests.wires import OK, says, wired

# -- surroundings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stream",
    [*(pytest.param(name, marks=pytest.mark.slow) for name in ("stdout", "stderr")), "both"],
)
@pytest.mark.slow
def test_nobody_reads_what_is_printed_and_the_run_does_not_care(
    tmp_path, contacts_csv, mapping, stream
):
    """As behind ``| head -1``: the other end of the pipe is closed before anything is written."""
    run_dir = tmp_path / "run"
    reader, writer = os.pipe()
    os.close(reader)
    pipes = {name: writer for name in ("stdout", "stderr") if stream in (name, "both")}
    args = ("run", str(contacts_csv(30)), "-m", str(mapping), "--run-dir", str(run_dir))
    with Served(tmp_path, throttle=15, refuse=0.2) as served:
        process = start(*args, url=served.url, **pipes)
        os.close(writer)
        _, err = process.communicate(timeout=60)
        accepted = sum(r.applied for r in served.sent())
    assert process.returncode == 1
    assert "Traceback" not in (err or "")
    counted = Counter(line["status"] for line in report_of(run_dir))
    assert counted["success"] == accepted
    assert counted["success"] + counted["failed"] == 30


@pytest.mark.parametrize("utf8", ["0", pytest.param("1", marks=pytest.mark.slow)])
@pytest.mark.slow
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
    with Served(tmp_path) as served:
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


@pytest.mark.slow
def test_forty_file_descriptors_are_enough(tmp_path, contacts_csv, bare_mapping):
    run_dir = tmp_path / "run"
    command = f"ulimit -n 40; exec {sys.executable} -m bulk_import run --yes {contacts_csv(100, bare=True)} -m {bare_mapping} " \
              f"--run-dir {run_dir} --rate 0 --concurrency 64"  # fmt: skip
    with Served(tmp_path, latency_ms=20) as served:
        done = subprocess.run(
            ["bash", "-c", f"{command} --endpoint {served.url}"],
            env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        sent = served.sent()
    assert done.returncode == 0, done.stderr
    assert {line["status"] for line in report_of(run_dir)} == {"success"}
    assert len(sent) == 100


@pytest.mark.slow
@pytest.mark.parametrize("most", [16, 24])
def test_a_limit_of_open_files_that_is_too_low_is_named(tmp_path, contacts_csv, mapping, most):
    """Wherever it runs out: in the middle of an import, at the source, at the journal's log."""
    run_dir = tmp_path / "run"
    command = f"ulimit -n {most}; exec {sys.executable} -m bulk_import run --yes {contacts_csv(100)} -m {mapping} " \
              f"--run-dir {run_dir} --rate 0 --concurrency 64"  # fmt: skip
    with Served(tmp_path, latency_ms=20) as served:
        done = subprocess.run(
            ["bash", "-c", f"{command} --endpoint {served.url}"],
            env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
    assert done.returncode in (2, 5), done.stderr
    assert f"this process may have {most} files open at once" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_log_that_cannot_be_written_does_not_end_a_run(tmp_path, contacts_csv, mapping):
    run_dir = tmp_path / "run"
    with Served(tmp_path) as served:
        process = start("run", str(contacts_csv(5)), "-m", str(mapping), "--run-dir", str(run_dir),
                        "--log-file", "/dev/full", url=served.url)  # fmt: skip
        _, err = process.communicate(timeout=60)
        assert len(served.sent()) == 5
    assert process.returncode == 0, err
    assert err.count("/dev/full") == 1


# Linux counts the memory of the process that starts another one as that one's, so a small one starts it.
MEASURED = (
    "import os, subprocess, sys\n"
    "process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    "_, status, used = os.wait4(process.pid, 0)\n"
    "print(os.waitstatus_to_exitcode(status), used.ru_maxrss)\n"
)


@pytest.mark.slow
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
        program = ["run", contacts_csv(12), "-m", mapping, "--run-dir", run_dir, "--no-preflight",
                   "--endpoint", wire.url, "--rate", "0", "--yes"]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", MEASURED, sys.executable, "-m", "bulk_import", *map(str, program)],
            env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    code, most_kib = map(int, done.stdout.split())
    assert code == 0
    assert {line["status"] for line in report_of(run_dir)} == {"success"}
    assert most_kib < 500 * 1024


# -- two at once --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_second_of_two_runs_is_told_who_is_there_and_the_lock_dies_with_its_holder(
    tmp_path, contacts_csv, mapping
):
    source = str(contacts_csv(200))
    runs = {name: str(tmp_path / name) for name in ("one", "two")}
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    with Served(tmp_path, latency_ms=100) as served:
        first = start(
            "run", source, "-m", str(mapping), "--run-dir", runs["one"], url=served.url, env=env
        )
        served.wait_for(5)
        first.send_signal(signal.SIGSTOP)  # or it might be done before the second has begun
        for name, what in (("one", "run folder"), ("two", "account")):
            second = start(
                "run", source, "-m", str(mapping), "--run-dir", runs[name], url=served.url, env=env
            )
            _, err = second.communicate(timeout=60)
            assert second.returncode == 4
            assert what in err
            assert f"process {first.pid}, started 20" in err
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


def test_the_traceback_of_a_bug_does_not_show_the_key(tmp_path, contacts_csv, mapping):
    bug = (
        "import os, bulk_import.run.connecting, bulk_import.cli\n"
        "async def bug(client, **_): raise ExceptionGroup('bug', [RuntimeError(os.environ['INFLUENCERSOFT_API_KEY'])])\n"
        "bulk_import.run.connecting.preflight = bug\n"
        f"bulk_import.cli.main(['run', '--yes', {str(contacts_csv(2))!r}, '-m', {str(mapping)!r}, '--endpoint', 'http://127.0.0.1:1',"
        f" '--run-dir', {str(tmp_path / 'run')!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", bug], env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
    )  # fmt: skip
    crash = (tmp_path / "run" / "crash.txt").read_text("utf-8")
    assert done.returncode == 70
    assert "RuntimeError" in crash
    assert DEFAULT_KEY not in done.stderr + done.stdout + crash


@pytest.mark.slow
def test_a_disk_that_is_full_while_rows_are_read_or_reported_loses_nothing(
    tmp_path, contacts_csv, mapping
):
    run_dir = tmp_path / "run"
    with Served(tmp_path) as served:
        run = f"{sys.executable} -m bulk_import run {contacts_csv(3000)} -m {mapping} --run-dir {run_dir}" \
              f" --yes --rate 0 --concurrency 16 --endpoint {served.url}"  # fmt: skip
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

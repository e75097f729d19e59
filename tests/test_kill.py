"""Kills and signals: real processes, counted on the server's side afterwards."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import read_contacts, read_requests
from tests.conftest import report_of


class Served:
    """A sandbox in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.database = folder / "sandbox.sqlite3"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0",
             "--database", str(self.database), *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()

    def sent(self) -> list:
        return [r for r in read_requests(self.database) if r.method == "addupdatelead"]

    def wait_for(self, requests: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.sent()) < requests:
            assert time.monotonic() < deadline, "the run does not get going"
            time.sleep(0.02)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path, "--latency-ms", "15", "--jitter-ms", "15")
    yield server
    server.close()


def start(served: Served, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bulk_import", *args, "--endpoint", served.url, "--rate", "0", "--concurrency", "8"],
        env=os.environ | {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(served: Served, *args: str) -> tuple[int, str, str]:
    process = start(served, *args)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_killed_run_is_resumed_without_loss_and_without_second_contacts(
    served, contacts_csv, bare_mapping, tmp_path
):
    source, run_dir = contacts_csv(150, bare=True), tmp_path / "run"
    args = ("run", str(source), "-m", str(bare_mapping), "--run-dir", str(run_dir))
    for requests in (40, 90):
        process = start(served, *args)
        served.wait_for(requests)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    code, out, _ = finish(served, *args)

    lines = report_of(run_dir)
    assert "books: balanced" in out
    assert len(lines) == 150
    assert {line["status"] for line in lines} <= {"success", "unknown"}
    unknown = [line for line in lines if line["status"] == "unknown"]
    assert len(unknown) <= 16  # what was in flight at the kills, and has no e-mail
    assert code == (1 if unknown else 0)
    by_name = Counter(
        r.form["lead_first_name"] for r in served.sent() if "lead_email" not in r.form
    )
    assert max(by_name.values()) == 1, "a row without e-mail was sent twice"
    twice = Counter(r.email for r in served.sent() if r.email)
    assert sum(n - 1 for n in twice.values()) <= 16
    assert len(read_contacts(served.database)) >= 150 - len(unknown)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_what_is_in_flight(
    served, contacts_csv, mapping, tmp_path, number, code
):
    source, run_dir = contacts_csv(400), tmp_path / "run"
    process = start(served, "run", str(source), "-m", str(mapping), "--run-dir", str(run_dir))
    served.wait_for(30)
    process.send_signal(number)
    out, err = process.communicate(timeout=35)

    assert process.returncode == code
    assert "Traceback" not in err
    assert "finishing what is in flight" in err
    lines = report_of(run_dir)
    assert len(lines) == 400
    assert {line["status"] for line in lines} == {"success", "not_sent"}
    assert sum(line["status"] == "success" for line in lines) == len(served.sent())
    assert "books: balanced" in out

    assert finish(served, "resume", str(run_dir))[0] == 0
    assert max(Counter(r.email for r in served.sent()).values()) == 1


def test_the_second_signal_leaves_at_once(contacts_csv, mapping, tmp_path):
    slow = Served(tmp_path, "--latency-ms", "4000")
    try:
        run_dir = tmp_path / "run"
        process = start(slow, "run", str(contacts_csv(20)), "-m", str(mapping), "--run-dir", str(run_dir),
                        "--no-preflight")  # fmt: skip
        slow.wait_for(4)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    finally:
        slow.close()

    assert process.returncode == 130
    assert time.monotonic() - began < 1.5
    assert "Traceback" not in err


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process: Linux")
def test_a_disk_that_fills_up_stops_the_run_and_loses_nothing(
    served, contacts_csv, bare_mapping, tmp_path
):
    source, run_dir = contacts_csv(150, bare=True), tmp_path / "run"
    args = ("run", str(source), "-m", str(bare_mapping), "--run-dir", str(run_dir))
    process = start(served, *args)
    served.wait_for(20)
    # From here on no file can grow beyond what the journal's log has now.
    full = (run_dir / "journal.sqlite3-wal").stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 5, err
    assert "Traceback" not in err
    assert "journal.sqlite3" in err
    assert "free some space" in err
    before = len(served.sent())
    assert before < 150

    code, _, err = finish(served, "resume", str(run_dir))
    rows = report_of(run_dir)
    assert len(rows) == 150
    bare = Counter(r.form["lead_first_name"] for r in served.sent() if "lead_email" not in r.form)
    assert max(bare.values()) == 1, "a row without e-mail was sent twice"
    accepted = sum(row["status"] == "success" for row in rows)
    unknown = sum(row["status"] == "unknown" for row in rows)
    assert accepted + unknown == 150
    assert code == (1 if unknown else 0)
    assert len(read_contacts(served.database)) >= accepted
    assert unknown <= 16, "only what was on its way when the disk was full"

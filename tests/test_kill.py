"""Kills and signals: real processes, counted on the server's side afterwards."""

from __future__ import annotations

import resource
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_import.sandbox.contacts import read_contacts
from tests.children import BOTH, Served, finish, interrupted, start
from tests.conftest import report_of, share

pytestmark = pytest.mark.usefixtures("way")

EIGHT = ("--concurrency", "8")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, latency_ms=15, jitter_ms=15) as server:
        yield server


def test_a_killed_run_is_resumed_without_loss_and_without_second_contacts(
    served, contacts_csv, bare_mapping, tmp_path
):
    source, run_dir = contacts_csv(150, bare=True), tmp_path / "run"
    args = ("run", source, "-m", bare_mapping, "--run-dir", run_dir)
    for requests in share((40, 90), parts=2):
        process = start(*args, *EIGHT, url=served.url)
        served.wait_for(requests)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    code, out, _ = finish(*args, *EIGHT, url=served.url)

    lines = report_of(run_dir)
    assert "row counts add up" in out
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


@BOTH
@pytest.mark.slow
def test_the_first_signal_finishes_what_is_in_flight(
    served, contacts_csv, mapping, tmp_path, number, code
):
    source, run_dir = contacts_csv(400), tmp_path / "run"
    process = start("run", source, "-m", mapping, "--run-dir", run_dir, *EIGHT, url=served.url)
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
    assert "row counts add up" in out

    assert finish("resume", run_dir, *EIGHT, url=served.url)[0] == 0
    assert max(Counter(r.email for r in served.sent()).values()) == 1


@pytest.mark.slow
def test_the_second_signal_leaves_at_once(contacts_csv, mapping, tmp_path):
    """Nothing is answered for a minute: a run that waited would outlast the deadline."""
    run_dir = tmp_path / "run"
    with Served(tmp_path, latency_ms=60_000) as slow:
        process = start("run", contacts_csv(20), "-m", mapping, "--run-dir", run_dir, "--no-preflight",
                        "--timeout", "120", url=slow.url)  # fmt: skip
        slow.wait_for(4)
        process.send_signal(signal.SIGINT)
        said = iter(process.stderr.readline, "")
        assert any("finishing" in line for line in said), "the first signal is not heard"
        interrupted(process, signal.SIGINT, 130)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process: Linux")
@pytest.mark.slow
def test_a_disk_that_fills_up_stops_the_run_and_loses_nothing(
    served, contacts_csv, bare_mapping, tmp_path
):
    source, run_dir = contacts_csv(150, bare=True), tmp_path / "run"
    args = ("run", source, "-m", bare_mapping, "--run-dir", run_dir)
    process = start(*args, *EIGHT, url=served.url)
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

    code, _, err = finish("resume", run_dir, *EIGHT, url=served.url)
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

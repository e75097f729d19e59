"""After an interruption the command that continues is printed; it works, and the run keeps its pace."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections import Counter

import pytest
from click.testing import CliRunner

from bulk_import import import_file_async, resume_async
from bulk_import.cli import cli
from bulk_import.cli.continuing import kept_pace
from bulk_import.journal import Journal
from tests.children import ENVIRONMENT, Served, start


def _command(err):
    line = next(line for line in err.splitlines() if "to continue: " in line)
    program, *args = shlex.split(line.partition("to continue: ")[2])
    assert program == "bulk-import"
    return args


@pytest.mark.slow
def test_the_printed_command_continues_and_finishes_the_run(contacts_csv, mapping, tmp_path):
    with Served(tmp_path, latency_ms=15) as served:
        run_dir = tmp_path / "a run"  # the blank has to survive the shell
        process = start(
            "run", contacts_csv(200), "-m", mapping, "--run-dir", run_dir, url=served.url
        )
        served.wait_for(20)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        args = _command(err)
        assert args == ["resume", str(run_dir), "--yes"]
        done = subprocess.run(
            [sys.executable, "-m", "bulk_import", *args], env=os.environ | ENVIRONMENT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, "to continue" in done.stderr) == (0, False)
        assert Counter(Counter(r.email for r in served.sent()).values()) == {1: 200}


def test_leaving_at_once_says_how_to_continue_too(contacts_csv, mapping, tmp_path):
    with Served(tmp_path, latency_ms=60_000) as slow:
        process = start("run", contacts_csv(20), "-m", mapping, "--run-dir", tmp_path / "run",
                        "--no-preflight", "--timeout", "120", url=slow.url)  # fmt: skip
        slow.wait_for(1)
        process.send_signal(signal.SIGINT)
        assert any("finishing" in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert _command(err) == ["resume", str(tmp_path / "run"), "--yes"]


async def test_what_a_limit_or_the_brake_leaves_comes_with_the_command_that_sends_it(
    write_csv, sandbox, tmp_path, monkeypatch
):
    async def said(*arguments):
        monkeypatch.setenv("INFLUENCERSOFT_API_KEY", sandbox.key)
        common = ("-m", mapping, "--endpoint", sandbox.url, "--rate", "0", "--quiet")
        found = await asyncio.to_thread(
            CliRunner().invoke, cli, [str(one) for one in (*arguments, *common)]
        )
        return [line for line in found.stderr.splitlines() if "resume" in line]

    def contacts(name):
        return write_csv([["E-mail", "Name"], *([f"p{n}@example.org", name] for n in range(30))])

    mapping = tmp_path / "m.yml"
    mapping.write_text("version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n")

    run = tmp_path / "limited"
    assert await said("run", contacts("Anna"), "--yes", "--limit", "5", "--run-dir", run) == [
        f"to continue: bulk-import resume {run} --yes"
    ]
    night = ("--state", tmp_path / "x.state", "--run-dir")
    assert await said("sync", contacts("Anna"), *night, tmp_path / "first") == []
    run = tmp_path / "second"
    assert await said("sync", contacts("Bo"), *night, run) == [
        f"if it is meant: bulk-import resume {run} --accept"
    ]
    assert len(sandbox.sent()) == 35
    again = ["resume", str(run), "--accept", "--yes", "--quiet"]
    await asyncio.to_thread(CliRunner().invoke, cli, again)
    assert len(sandbox.sent()) == 65


async def test_a_resume_with_nothing_left_says_so_beside_the_counts_of_the_whole_run(
    write_csv, mapping, sandbox, tmp_path, monkeypatch
):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", sandbox.key)
    rows = [
        ["E-mail", "Name", "Phone", "Tags"],
        ["a@x.org", "Ann", "", ""],
        ["nobody", "B", "", ""],
    ]
    run = tmp_path / "run"
    common = ["--endpoint", sandbox.url, "--rate", "0", "--yes"]
    begin = ["run", write_csv(rows), "-m", mapping, "--run-dir", run, *common]
    for words, is_said in ((begin, False), (["resume", run, *common[2:]], True)):
        found = await asyncio.to_thread(CliRunner().invoke, cli, list(map(str, words)))
        assert ("nothing was left to send" in found.stderr) is is_said, found.stderr
        assert "1 success" in found.stdout
    assert len(sandbox.sent()) == 1


async def test_a_resume_keeps_the_pace_that_it_is_not_told_otherwise(
    write_csv, mapping, sandbox, settings, tmp_path
):
    source = write_csv([["E-mail", "Name", "Phone", "Tags"], ["a@x.org", "Ann", "", ""]])
    run = settings(sandbox, rate=50, concurrency=3, window="00:00-23:59", run_dir=tmp_path / "run")
    await import_file_async(source, mapping, run)
    nothing = {
        "rate": None,
        "concurrency": None,
        "daily_limit": None,
        "window": None,
        "profile": None,
    }
    assert kept_pace(tmp_path / "run", nothing) == nothing | {
        "rate": 50, "concurrency": 3, "daily_limit": 0, "window": "00:00-23:59"
    }  # fmt: skip
    assert kept_pace(tmp_path / "run", nothing | {"rate": 1.0})["rate"] == 1.0
    with_profile = nothing | {"profile": "shop"}
    assert kept_pace(tmp_path / "run", with_profile) == with_profile


async def test_rows_that_are_judged_again_are_read_one_by_one_however_many_there_are(
    write_csv, mapping, sandbox, settings, monkeypatch
):
    """A million refused rows must not be held in memory for a resume."""
    rows = [["E-mail", "Name", "Phone", "Tags"], ["a@b.org", "Ann", "", ""]]
    source = write_csv(rows + [[f"nobody{n}", f"P{n}", "", ""] for n in range(1100)])
    first = await import_file_async(source, mapping, settings(sandbox))
    read: list[int] = []
    ahead: list[int] = []
    ended_in, replace = Journal.ended_in, Journal.replace_judgement

    def counted(journal, *statuses, **options):
        for found in ended_in(journal, *statuses, **options):
            read.append(found[0])
            yield found

    def compared(journal, seq, judged):
        ahead.append(len(read) - len(ahead))
        replace(journal, seq, judged)

    monkeypatch.setattr(Journal, "ended_in", counted)
    monkeypatch.setattr(Journal, "replace_judgement", compared)
    again = await resume_async(first.run_dir, settings(sandbox))
    assert (len(ahead), set(ahead)) == (1100, {1})
    assert again.counts == first.counts

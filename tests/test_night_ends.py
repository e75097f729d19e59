"""Every end of a night is reported: what fails, what webhook and metrics say, the exit code, the state.

Each night is a process of its own, as cron starts it; requests are counted on the server's side.
"""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from bulk_import.jobs.state import State
from bulk_import.sandbox.app import Reply
from bulk_import.system.locks import hold

MAPPING = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n"


@dataclass
class Night:
    """What a case changes before the second night of a job with 30 contacts."""

    folder: Path
    sandbox: Any
    options: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    source: str = ""
    lock: bool = False
    kill_after: int = -1

    def write(self, rows: list[list[str]], header: tuple[str, ...] = ("E-mail", "Name")) -> None:
        with (self.folder / "export.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])


def people(count: int, name: str = "Ann") -> list[list[str]]:
    return [[f"p{n}@example.org", name] for n in range(count)]


def nothing(night: Night) -> None:
    pass


def one_changed(night: Night) -> None:
    night.write([["p0@example.org", "Bob"], *people(30)[1:]])


def source_missing(night: Night) -> None:
    (night.folder / "export.csv").unlink()


def pattern_empty(night: Night) -> None:
    night.source = str(night.folder / "nothing-*.csv")


def no_bytes(night: Night) -> None:
    (night.folder / "export.csv").write_bytes(b"")


def only_header(night: Night) -> None:
    night.write([])


def column_renamed(night: Night) -> None:
    night.write(people(30), ("Mail address", "Name"))


def mapping_broken(night: Night) -> None:
    (night.folder / "m.yml").write_text("version: 1\nfields: [")


def mapping_missing(night: Night) -> None:
    (night.folder / "m.yml").unlink()


def no_key(night: Night) -> None:
    night.environ["INFLUENCERSOFT_API_KEY"] = ""


def wrong_key(night: Night) -> None:
    night.environ["INFLUENCERSOFT_API_KEY"] = "wrong"


def no_account(night: Night) -> None:
    night.options = ["--endpoint", ""]


def wrong_endpoint(night: Night) -> None:
    night.options = ["--endpoint", "ftp://nowhere"]


def server_down(night: Night) -> None:
    night.options = ["--endpoint", "http://127.0.0.1:9"]


def state_damaged(night: Night) -> None:
    (night.folder / "job.state").write_bytes(b"SQLite format 3\0" + b"x" * 5000)


def state_is_something_else(night: Night) -> None:
    (night.folder / "job.state").write_text("E-mail,Name\n")


def quotation_mark_open(night: Night) -> None:
    (night.folder / "export.csv").write_text(
        'E-mail,Name\n"p0@example.org,Ann\n' + "x@y.org,B\n" * 20
    )


def not_text(night: Night) -> None:
    (night.folder / "export.csv").write_bytes(b"%PDF-1.7\n" + bytes(range(256)))


def half_gone(night: Night) -> None:
    night.write(people(10))


def all_changed(night: Night) -> None:
    night.write(people(30, "Eve"))


def mostly_without_address(night: Night) -> None:
    night.write([["", "Ann"]] * 30)


def a_row_refused_for_its_cell(night: Night) -> None:
    night.write([["not an address", "Ann"], *people(30)[1:]])


def a_row_refused_by_the_account(night: Night) -> None:
    one_changed(night)
    night.sandbox.script = lambda _n, form: (
        Reply(code=101, text="no") if form.get("lead_first_name") == "Bob" else None
    )


def answers_that_say_nothing(night: Night) -> None:
    one_changed(night)
    night.options = ["--max-attempts", "1"]
    night.sandbox.script = lambda _n, form: (
        Reply(status=502) if form.get("lead_first_name") == "Bob" else None
    )


def account_closed_meanwhile(night: Night) -> None:
    one_changed(night)
    night.sandbox.script = lambda _n, form: (
        Reply(code=2, text="closed") if form.get("lead_first_name") == "Bob" else None
    )


def another_night_at_work(night: Night) -> None:
    night.lock = True


def report_not_writable(night: Night) -> None:
    (night.folder / "run2").mkdir()
    (night.folder / "run2" / "summary.json").write_text("{}")


def state_folder_impossible(night: Night) -> None:
    night.options = ["--state", str(night.folder / "export.csv" / "job.state")]


def window_nonsense(night: Night) -> None:
    night.options = ["--window", "25:00-26:00"]


def stdin(night: Night) -> None:
    night.source = "-"


def terminated(night: Night) -> None:
    all_changed(night)
    night.options = ["--accept", "--rate", "5"]
    night.kill_after = 3


def a_bug(night: Night) -> None:
    night.environ["PYTHONPATH"] = str(night.folder)
    (night.folder / "sitecustomize.py").write_text(
        "import bulk_import.jobs.comparison as c\n"
        "def broken(*_, **__): raise ZeroDivisionError\n"
        "c.Comparison.settle = broken\n"
    )


# what fails: (exit code, requests of the night, what the message says, contacts confirmed afterwards)
CASES: dict[Callable[[Night], None], tuple[int, int, str, int]] = {
    nothing: (0, 0, "", 30),
    one_changed: (0, 1, "", 30),
    source_missing: (2, 0, "export.csv", 30),
    pattern_empty: (2, 0, "no file has such a name", 30),
    no_bytes: (2, 0, "empty", 30),
    only_header: (3, 0, "no rows", 30),
    column_renamed: (2, 0, "E-mail", 30),
    mapping_broken: (2, 0, "m.yml", 30),
    mapping_missing: (2, 0, "m.yml", 30),
    no_key: (2, 0, "no API key", 30),
    wrong_key: (2, 0, "key", 30),
    no_account: (2, 0, "which account", 30),
    wrong_endpoint: (2, 0, "--endpoint", 30),
    server_down: (2, 0, "the state of", 30),
    state_damaged: (5, 0, "not a usable state file", -1),
    state_is_something_else: (2, 0, "not a state file", -1),
    quotation_mark_open: (2, 0, "quot", 30),
    not_text: (2, 0, "export.csv", 30),
    half_gone: (3, 0, "10 rows, there were 30", 30),
    all_changed: (3, 0, "contacts have changed", 30),
    mostly_without_address: (2, 0, "have no e-mail", 30),
    a_row_refused_for_its_cell: (1, 0, "", 30),
    a_row_refused_by_the_account: (1, 1, "", 30),
    answers_that_say_nothing: (1, 1, "", 29),
    account_closed_meanwhile: (3, 1, "closed", 30),
    another_night_at_work: (4, 0, "in use", 30),
    report_not_writable: (2, 0, "summary.json", 30),
    state_folder_impossible: (5, 0, "export.csv", 30),
    window_nonsense: (2, 0, "--window", 30),
    stdin: (2, 0, "standard input", 30),
    terminated: (143, -1, "SIGTERM", 30),
    a_bug: (70, 0, "a bug", 30),
}


def metrics_of(path: Path) -> dict[str, float]:
    """Read the metrics: name or status -> value; all have the labels of the job."""
    found = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            assert sample.labels["job"] == "job"
            name = sample.name.removeprefix("bulk_import_")
            found[sample.labels.get("status", name)] = sample.value
    return found


def confirmed(path: Path) -> int:
    """Contacts of which the state knows what the server has."""
    with State.open(path, read_only=True) as state:
        return sum(bool(known.digest) for known in state.contacts())


@pytest.mark.slow
@pytest.mark.parametrize("fails", CASES, ids=lambda case: case.__name__)
async def test_every_end_of_a_night_is_told(fails, tmp_path, sandbox):
    code, requests, says, left = CASES[fails]
    told: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", hook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    night = Night(tmp_path, sandbox)
    (tmp_path / "m.yml").write_text(MAPPING)
    night.write(people(30))
    # The modification times are equal: only the contents differ.
    metrics = tmp_path / "import.prom"

    async def run(number: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bulk_import", "sync", night.source or str(tmp_path / "export.csv"),
            "-m", str(tmp_path / "m.yml"), "--state", str(tmp_path / "job.state"),
            "--endpoint", sandbox.url, "--rate", "0", "--run-dir", str(tmp_path / f"run{number}"),
            "--job", "job", "--quiet", "--notify", url, "--metrics-file", str(metrics), *night.options,
            env=os.environ
            | {"INFLUENCERSOFT_API_KEY": sandbox.key, "XDG_STATE_HOME": str(tmp_path)}
            | night.environ,
            cwd=tmp_path, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if night.kill_after >= 0 and number == 2:
            while len(sandbox.sent()) < 30 + night.kill_after:
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGTERM)
        await process.communicate()
        return process.returncode or 0

    assert await run(1) == 0
    well = metrics_of(metrics)["last_success_timestamp_seconds"]
    fails(night)
    if night.lock:
        with hold(tmp_path / "job.state.lock", "the job"):
            assert await run(2) == code
    else:
        assert await run(2) == code
    await runner.cleanup()

    assert [message["exit_code"] for message in told] == [0, code]
    assert says in told[1]["stopped"]
    assert told[1]["job"] == "job"
    assert "example.org" not in str(told)
    found = metrics_of(metrics)
    assert found["exit_code"] == code
    assert (found["last_success_timestamp_seconds"] > well) is (code in (0, 1))
    sent = len(sandbox.sent()) - 30
    assert sent == requests if requests >= 0 else 3 <= sent < 30
    assert found["requests"] == sent
    if left >= 0:
        assert confirmed(tmp_path / "job.state") == left

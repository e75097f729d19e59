"""Commands that start something: with which settings they do, what they print, and what they refuse first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from bulk_import.jobs.fleet.outcome import FleetSummary, JobEnd
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.faults import Faults
from tests.test_cli import exits


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Call a command in the test's folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: exits(capsys, *args)


# -- the sandbox -----------------------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch) -> list[dict[str, Any]]:
    """With what the sandbox would be started, instead of starting it."""
    found: list[dict[str, Any]] = []

    def run_sandbox(**options: Any) -> None:
        options.pop("ready")("http://127.0.0.1:9")
        found.append(options)

    monkeypatch.setattr("bulk_import.sandbox.server.run_sandbox", run_sandbox)
    return found


def test_a_sandbox_without_options_misbehaves_in_nothing(told, started):
    assert told("sandbox") == (
        0,
        "http://127.0.0.1:9\n",
        "a sandbox is at http://127.0.0.1:9 (open it in a browser); in another terminal:\n"
        f"  export INFLUENCERSOFT_API_KEY='{DEFAULT_KEY}'\n"
        "  bulk-import run contacts.xlsx -m mapping.yml --endpoint http://127.0.0.1:9\n",
    )
    assert started == [{"port": 8017, "key": DEFAULT_KEY, "database": None, "faults": Faults(), "plan": None}]  # fmt: skip


def test_every_fault_of_a_sandbox_has_its_option(told, started):
    numbers = {
        "latency-ms": 1.5, "jitter-ms": 2.5, "throttle": 3.5, "retry-after-s": 4.5, "error-500": 0.1, "error-502": 0.2,
        "html-200": 0.3, "lost": 0.4, "dropped": 0.5, "refuse": 0.6, "quota-after": 7, "quota-burst": 8, "fatal-after": 9,
        "fatal-code": 5, "close-every": 11, "seed": 12,
    }  # fmt: skip
    words = [word for name, value in numbers.items() for word in (f"--{name}", value)]
    flags = ("--code-as-text", "--no-result", "--activation", "--redirect", "308", "--throttle-with", "8", "--retry-after", "date")  # fmt: skip
    code, _, err = told("sandbox", "--port", 0, "--key", "k'1", "--database", "d.sqlite3", *words, *flags)  # fmt: skip
    assert (code, "API_KEY='k'1'" in err) == (0, True)
    (given,) = started
    known = {name.replace("-", "_"): value for name, value in numbers.items()}
    others = {"code_as_text": True, "no_result": True, "activation": True, "redirect": 308, "throttle_with": "8", "retry_after": "date"}  # fmt: skip
    assert given["faults"] == Faults(**(known | others))
    assert (given["port"], given["key"], given["database"]) == (0, "k'1", Path("d.sqlite3"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--lost", "1.1"), "'--lost': 1.1 is not in the range 0<=x<=1"),
        (("--refuse", "-0.1"), "'--refuse': -0.1 is not in the range 0<=x<=1"),
        (("--redirect", "301"), "'--redirect': '301' is not one of '0', '307', '308', '302'"),
        (("--plan", "p.csv"), "--plan p.csv: #3 is a place in a source, which `rehearse --plan` has; give e-mails here"),
    ],
)  # fmt: skip
def test_a_fault_that_cannot_be_is_refused(told, started, tmp_path, words, said):
    (tmp_path / "p.csv").write_text("contact,attempt,fault,latency_ms\n#3,1,error_500,\n")
    code, out, err = told("sandbox", *words)
    assert (code, out, said in err, started) == (2, "", True, []), err


def test_a_port_that_is_taken_is_named(told, monkeypatch):
    def taken(**_: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("bulk_import.sandbox.server.run_sandbox", taken)
    assert told("sandbox", "--port", 80) == (
        2, "", "error: --port 80: Address already in use; choose another\n"
    )  # fmt: skip


# -- the page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "is_opened"), [((), True), (("--no-browser",), False)])
def test_the_page_prints_its_link_and_opens_it_unless_told_not_to(told, monkeypatch, tmp_path, more, is_opened):  # fmt: skip
    opened: list[str] = []
    given: list[Any] = []

    def serve(home: Path, settings: Any, *, port: int, ready: Any, again: Any, profile: str, config: Path | None) -> None:  # fmt: skip
        given.append((home, port, profile, config))
        ready("http://127.0.0.1:9/?token=a")
        again("http://127.0.0.1:9/?token=b")

    monkeypatch.setattr("bulk_import.app.server.serve", serve)
    monkeypatch.setattr(click, "launch", opened.append)
    (tmp_path / "home").mkdir()
    assert told("app", "home", "--port", 7, *more) == (
        0,
        "http://127.0.0.1:9/?token=a\n",
        "Open this link (it works once). Ctrl-C ends the page.\n"
        "http://127.0.0.1:9/?token=b\nAnother link to the page, because it was asked for.\n"
        "Ended. What was not sent is kept; start the page again to continue.\n",
    )
    assert opened == ["http://127.0.0.1:9/?token=a"] * is_opened
    assert given == [(tmp_path / "home", 7, "", None)]
    told("app", "--no-browser")
    assert given[1] == (tmp_path, 0, "", None)


def test_a_page_without_its_folder_or_its_port_is_refused(told, monkeypatch):
    assert told("app", "none") == (2, "", "error: none: there is no such folder\n")

    def taken(*_: object, **__: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("bulk_import.app.server.serve", taken)
    assert told("app", "--port", 80) == (
        2, "", "error: --port 80: Permission denied; choose another\n"
    )  # fmt: skip


# -- a fleet ---------------------------------------------------------------------------------------------

JOBS = {
    "a": {"kind": "run", "account": "s", "source": "a.csv", "mapping": "m.yml", "key_env": "K"},
    "b": {"kind": "sync", "account": "t", "source": "a b.csv", "mapping": "m.yml", "key_env": "K",
          "notify": "https://hooks.example.org/b"},
}  # fmt: skip


@pytest.fixture
def fleet(monkeypatch, tmp_path) -> list[Any]:
    """How the fleet would be run, and who would be told, instead of doing it."""
    (tmp_path / "jobs.yml").write_text(json.dumps({"version": 1, "jobs": JOBS}))
    found: list[Any] = []

    def run_fleet(jobs: Any, options: Any, *, tell: Any, interruption: Any) -> FleetSummary:
        found.append((jobs, options))
        tell("a: started\x1b")
        assert interruption.code == 0
        ends = tuple(JobEnd(job.name, job.kind, job.account, 3, message="why") for job in jobs.jobs)
        return FleetSummary(ends, str(options.home), "2026-11-26T01:00:00+00:00", "2026-11-26T01:10:00+00:00")  # fmt: skip

    def notify(url: str, message: Any) -> str:
        found.append((url, message))
        return "refused" if url.endswith("/b") else ""

    monkeypatch.setattr("bulk_import.jobs.fleet.supervision.run_fleet", run_fleet)
    monkeypatch.setattr("bulk_import.api.webhook.notify", notify)
    return found


def test_a_fleet_is_run_from_its_file_told_as_a_table_and_to_whom_it_concerns(told, fleet, tmp_path):  # fmt: skip
    code, out, err = told("fleet", "jobs.yml", "--notify", "https://hooks.example.org/all")
    assert (code, err) == (3, "a: started \nnotify of b: not delivered: refused\n")
    assert [line.split()[0] for line in out.splitlines()] == ["job", "a", "b", "2", "a:", "b:"]
    (jobs, options), (url, whole), (own, message) = fleet
    assert [job.name for job in jobs.jobs] == ["a", "b"]
    assert (options.home, options.cluster, options.at_once) == (tmp_path / "fleet", "", 8)
    assert (url, whole["stopped"]) == ("https://hooks.example.org/all", "a: why; b: why")
    assert (own, message["job"], message["stopped"]) == ("https://hooks.example.org/b", "b", "why")


def test_a_quiet_fleet_of_some_jobs_elsewhere_is_told_as_json_or_not_at_all(told, fleet, tmp_path):
    words = ("fleet", "jobs.yml", "--only", "a", "--accept", "--home", "far", "--at-once", "2", "--cluster", "tcp://x:1")  # fmt: skip
    assert told(*words, "--quiet") == (3, "", "")
    ((jobs, options),) = fleet
    assert [job.name for job in jobs.jobs] == ["a"]
    assert (options.home, options.cluster, options.at_once) == (tmp_path / "far", "tcp://x:1", 2)
    code, out, err = told(*words, "--json", "--metrics-file", "m.prom")
    assert (code, err, json.loads(out)["exit_code"]) == (3, "a: started \n", 3)
    assert 'bulk_import_fleet_job_exit_code{job="a"} 3.0' in (tmp_path / "m.prom").read_text()


def test_the_plan_of_a_fleet_can_be_copied_and_starts_nothing(told, fleet, tmp_path):
    code, out, err = told("fleet", "jobs.yml", "--plan")
    common = f"--mapping {tmp_path}/m.yml --endpoint https://"
    assert (code, out.splitlines(), fleet) == (
        0,
        [
            f"a: bulk-import run {tmp_path}/a.csv {common}s.influencersoft.com",
            f"b: bulk-import sync '{tmp_path}/a b.csv' {common}t.influencersoft.com",
        ],
        [],
    )
    assert err == f"2 jobs of 2 accounts, in {tmp_path}/fleet; nothing was started\n"


def test_an_option_that_is_near_to_none_is_refused_without_a_hint(told, fleet, tmp_path):
    jobs = {"a": JOBS["a"] | {"options": {"qqq": "1"}}}
    (tmp_path / "jobs.yml").write_text(json.dumps({"version": 1, "jobs": jobs}))
    assert told("fleet", "jobs.yml") == (
        2, "", "error: jobs.yml: jobs.a.options: run has no --qqq\n"
    )  # fmt: skip
    assert fleet == []

"""Many accounts: the file of jobs, the job's folder, the loop that supervises, and real processes."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from bulk_import.cli import cli
from bulk_import.errors import BulkImportError, MappingError, SettingsError
from bulk_import.jobs.fleet.engine import SchedulerGoneError, Worker
from bulk_import.jobs.fleet.folder import NOT_OF_RESUME, JobFolder
from bulk_import.jobs.fleet.outcome import FleetSummary, JobEnd, as_text, write_fleet_metrics
from bulk_import.jobs.fleet.places import Places
from bulk_import.jobs.fleet.plan import Fleet, Job, load_fleet
from bulk_import.jobs.fleet.supervision import FleetOptions, Interruption, Supervisor
from bulk_import.jobs.fleet.task import LEASE_LOST, REPEATED, Attempt, run_job
from bulk_import.models import Status
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.system.disks import Mount, network_file_system
from tests.children import Served, wait_for

ROOT = Path(__file__).parent.parent
KEY = {"FLEET_KEY": DEFAULT_KEY}


@pytest.fixture
def jobs_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "jobs.yml"
        path.write_text(text, "utf-8")
        return path

    return write


def job(name: str = "shop", account: str = "shop.influencersoft.com:443", **values) -> Job:
    return Job(name, **{"kind": "run", "account": account, "arguments": (), "shared": ()} | values)


# -- the file of jobs -----------------------------------------------------------------------------


def test_a_file_of_jobs_becomes_the_commands_that_a_person_would_type(jobs_file, tmp_path):
    path = jobs_file(
        "version: 1\n"
        "defaults: {key_env: KEY, mapping: maps/crm.yml, rate: 2}\n"
        "jobs:\n"
        "  move: {kind: run, account: Shop, source: [a.csv, 's3://bucket/b.csv'], rate: 0.5}\n"
        "  night: {kind: sync, endpoint: https://club.example.org, key_file: keys/club, source: c.csv,\n"
        "          window: '22:00-06:00', notify: https://hooks.example.org/x,\n"
        "          options: {max-changed: 0.8, full: , suppress: [x, y]}}\n"
        "  tags: {kind: retag, account: shop, source: vip.csv, add_tags: [vip, 007]}\n"
    )
    fleet = load_fleet(path)
    here = str(tmp_path)
    assert fleet.jobs == (
        Job(
            "move", "run", "shop.influencersoft.com:443",
            (f"{here}/a.csv", "s3://bucket/b.csv", "--mapping", f"{here}/maps/crm.yml"),
            (("--endpoint", "https://shop.influencersoft.com"), ("--rate", "0.5")), (), "KEY",
        ),
        Job(
            "night", "sync", "club.example.org:443",
            (f"{here}/c.csv", "--mapping", f"{here}/maps/crm.yml"),
            (("--endpoint", "https://club.example.org"), ("--api-key-file", f"{here}/keys/club"),
             ("--rate", "2"), ("--window", "22:00-06:00")),
            (("--max-changed", "0.8"), ("--full",), ("--suppress", "x"), ("--suppress", "y")),
        ),
        Job(
            "tags", "retag", "shop.influencersoft.com:443",
            (f"{here}/vip.csv", "--add-tag", "vip", "--add-tag", "007"),
            (("--endpoint", "https://shop.influencersoft.com"), ("--rate", "2")), (), "KEY",
        ),
    )  # fmt: skip
    assert fleet.notify == {"night": "https://hooks.example.org/x"}


def test_a_profile_gives_account_and_notification_and_keeps_its_key(jobs_file, tmp_path):
    config = tmp_path / "accounts.toml"
    config.write_text(
        '[profiles.club]\nendpoint = "https://club.example.org"\napi_key_env = "CLUB"\n'
        'notify = "https://hooks.example.org/club"\n'
    )
    config.chmod(0o600)
    path = jobs_file(
        "version: 1\nconfig: accounts.toml\ndefaults: {key_env: KEY}\n"
        "jobs: {a: {kind: run, profile: club, source: a.csv, mapping: m.yml}}\n"
    )
    fleet = load_fleet(path)
    assert fleet.jobs[0].account == "club.example.org:443"
    assert fleet.jobs[0].shared == (("--profile", "club"), ("--config", str(config)))
    assert fleet.jobs[0].key_variable == ""
    assert fleet.notify == {"a": "https://hooks.example.org/club"}


def test_the_pace_of_an_account_wins_over_the_defaults_and_that_of_a_job_over_both(
    jobs_file, tmp_path
):
    config = tmp_path / "accounts.toml"
    config.write_text(
        '[profiles.slow]\naccount = "slow"\nrate = 1\nwindow = "02:00-03:00"\n[profiles.any]\naccount = "any"\n'
    )
    config.chmod(0o600)
    path = jobs_file(
        "version: 1\nconfig: accounts.toml\n"
        "defaults: {kind: run, source: a.csv, mapping: m.yml, rate: 9, window: '01:00-05:00'}\n"
        "jobs: {a: {profile: slow}, b: {profile: any}, c: {profile: slow, rate: 3}}\n"
    )
    assert [dict(job.shared) for job in load_fleet(path).jobs] == [
        {"--profile": "slow", "--config": str(config)},
        {"--profile": "any", "--config": str(config), "--rate": "9", "--window": "01:00-05:00"},
        {"--profile": "slow", "--config": str(config), "--rate": "3"},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\njobs:\n", "2:1: jobs: a file of jobs has `version: 1` and `jobs:`, name -> job"),
        ("jobs: {a: {kind: run}}", "1:1: version: write `version: 1`"),
        ("version: 1\njobs:\n  a: {kind: sinc}", "3:7: jobs.a.kind: must be 'run', 'sync' or 'retag'"),
        ("version: 1\njobs:\n  a: {kind: run}", "3:3: jobs.a.source: is missing"),
        ("version: 1\njobs: {a: x}", "2:8: jobs.a: a job has kind, account, source, …"),
        (
            "version: 1\njobs: {../a: {kind: run}}",
            "2:8: jobs.../a: a job's name becomes a folder: letters, digits, _ . -, at most 64",
        ),
        (
            "version: 1\njobs:\n  a: {kind: run}\n  A: {kind: run}",
            "4:3: jobs.A: two jobs differ only in case; their folders may be one",
        ),
        (
            "version: 1\njobs: {a: {kind: run, source: a.csv, mapping: m, key_env: K}}",
            "2:8: jobs.a: give one of profile (a name), account (a login), endpoint (an address)",
        ),
        (
            "version: 1\njobs: {a: {kind: run, account: s, source: a.csv, mapping: m}}",
            "2:8: jobs.a: give one of key_file (a file that holds the API key alone) and key_env",
        ),
        (
            "version: 1\njobs: {a: {kind: run, account: a.b, source: a.csv, mapping: m, key_env: K}}",
            "2:23: jobs.a.account: --account 'a.b': give the login alone",
        ),
        (
            "version: 1\njobs: {a: {kind: sync, account: s, source: '-', mapping: m, key_env: K}}",
            "2:8: jobs.a: source: a job reads files, not standard input",
        ),
        (
            "version: 1\njobs: {a: {kind: retag, account: s, source: a.csv, key_env: K}}",
            "2:8: jobs.a: retag: give add_tags, remove_tags, add_to_lists, remove_from_lists, or segments",
        ),
        (
            "version: 1\ndefaults: {rate: quick}\n"
            "jobs: {a: {kind: run, account: s, source: a.csv, mapping: m, key_env: K}}",
            "2:12: jobs.a.rate: must be a number",
        ),
        (
            "version: 1\njobs: {a: {kind: run, account: s, sorce: a, source: a, mapping: m, key_env: K}}",
            "2:35: jobs.a.sorce: not known; did you mean source?",
        ),
        (
            "version: 1\njobs: {a: {kind: run, account: s, source: a, mapping: m, key_env: K, "
            "options: {run-dir: x}}}",
            "jobs.a.options: run-dir: the fleet sets this itself; leave it out",
        ),
        (
            "version: 1\njobs: {a: {kind: run, account: s, source: a, mapping: m, key_env: K, notify: x}}",
            "jobs.a.notify: give an http or https address, or one of Apprise's",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_place(jobs_file, text, message):
    with pytest.raises(MappingError) as caught:
        load_fleet(jobs_file(text))
    assert message in str(caught.value)


def test_the_file_of_the_guide_is_understood(jobs_file, tmp_path, monkeypatch):
    (tmp_path / "bulk_import").mkdir()
    config = tmp_path / "bulk_import" / "config.toml"
    config.write_text('[profiles.bakery]\naccount = "bakery"\napi_key_env = "BAKERY"\n')
    config.chmod(0o600)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    page = (ROOT / "docs" / "agency.md").read_text("utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = jobs_file(text)
    done = CliRunner().invoke(cli, ["fleet", str(path), "--plan"], catch_exceptions=False)
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["bakery-night:", "bulk-import", "sync"],
        ["bakery-vip:", "bulk-import", "retag"],
        ["florist-move:", "bulk-import", "run"],
    ]
    assert load_fleet(path).notify == {"florist-move": "https://hooks.example.com/florist"}


def test_an_option_that_the_command_does_not_have_is_refused_before_anything_starts(jobs_file):
    path = jobs_file(
        "version: 1\njobs: {a: {kind: sync, account: s, source: a, mapping: m, key_env: K, "
        "options: {max-chnged: 1}}}"
    )
    done = CliRunner().invoke(cli, ["fleet", str(path), "--plan"])
    assert str(done.exception) == (
        f"{path}: jobs.a.options: sync has no --max-chnged; did you mean max-changed?"
    )


def test_the_plan_shows_the_commands_and_starts_nothing(jobs_file, tmp_path):
    path = jobs_file(
        "version: 1\ndefaults: {account: s, key_env: K, source: a.csv, mapping: m.yml}\n"
        "jobs: {a: {kind: run}, b: {kind: sync}}"
    )
    done = CliRunner().invoke(cli, ["fleet", str(path), "--plan", "--accept", "--only", "b"])
    assert done.stdout == (
        f"b: bulk-import sync {tmp_path}/a.csv --mapping {tmp_path}/m.yml "
        "--endpoint https://s.influencersoft.com --accept\n"
    )
    assert not (tmp_path / "fleet").exists()


def test_a_job_that_is_not_in_the_file_is_refused(jobs_file):
    path = jobs_file(
        "version: 1\njobs: {a: {kind: run, account: s, key_env: K, source: a, mapping: m}}"
    )
    with pytest.raises(SettingsError, match=r"--only b: no such job in .*; it has a"):
        load_fleet(path).only(("b",))


def test_resume_gets_every_option_of_a_job_that_it_takes():
    """The list of those that it does not take is kept by hand; this finds what is missing in it."""

    def options(name: str) -> set[str]:
        params = importlib.import_module(f"bulk_import.cli.{name}").command.params
        return {opt for param in params for opt in (*param.opts, *param.secondary_opts)}

    ours = {"--state", "--run-dir", "--mapping", "-m", "--plan", "--dry-run", "--wait-lock", "--notify",
            "--metrics-file", "--add-tag", "--remove-tag", "--add-to-list", "--remove-from-list",
            "--column", "--sheet"}  # fmt: skip
    given = {o for o in options("sync") | options("retag") if o.startswith("--")}
    assert given - options("resume") - ours == NOT_OF_RESUME


# -- the folder -----------------------------------------------------------------------------------


def test_a_run_has_one_folder_for_ever(tmp_path):
    one = JobFolder(tmp_path, job(arguments=("a.csv",), shared=(("--rate", "2"),)))
    run_dir = str(tmp_path / "shop" / "run")
    wanted = ("run", "a.csv", "--rate", "2", "--job", "shop", "--run-dir", run_dir, "--yes", "--json",
              "--quiet")  # fmt: skip
    assert one.next("monday").arguments == wanted
    assert one.next("tuesday").arguments == wanted


@pytest.mark.parametrize("kind", ["run", "sync", "retag"])
def test_each_job_has_its_own_name_in_the_metrics_of_its_profile(tmp_path, kind):
    one = JobFolder(tmp_path, job(kind=kind))
    one.make()
    begun = one.next("monday").arguments
    assert begun[begun.index("--job") + 1] == "shop"
    named = JobFolder(tmp_path, job("b", kind=kind, options=(("--job", "mine"),)))
    named.make()
    assert named.next("monday").arguments.count("--job") == 1


def test_an_attempt_that_a_scheduler_repeats_by_itself_is_not_made_again(tmp_path):
    one = JobFolder(tmp_path, job())
    one.make()
    assert one.claim("monday", 1)
    assert not one.claim("monday", 1)
    assert one.claim("monday", 2)
    assert one.claim("tuesday", 1)
    assert [path.name for path in (tmp_path / "shop" / "attempts").iterdir()] == ["tuesday-1"]


def _mount(point: str, kind: str, device: str = "", opts: str = "rw") -> Mount:
    return Mount(device, point, kind, opts)


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        ([_mount("/", "ext4", "/dev/sda1")], ""),
        ([_mount("/", "ext4"), _mount("/srv", "nfs4", "nas:/export")], "nfs4 nas:/export"),
        ([_mount("/", "nfs", "nas:/root"), _mount("/srv/data", "xfs")], ""),
        ([_mount("/", "ext4"), _mount("/srv", "ext4"), _mount("/srv", "cifs", "//nas/x")], "cifs //nas/x"),
        ([_mount("/", "ext4"), _mount("/srv/dat", "nfs4", "nas:/other")], ""),
        ([_mount("/", "NTFS", "Z:", "rw,remote")], "NTFS Z:"),
        ([], ""),
    ],
)  # fmt: skip
def test_a_network_file_system_is_known_by_the_nearest_mount(mounts, found):
    assert network_file_system(Path("/srv/data/fleet"), mounts) == found


# -- places ---------------------------------------------------------------------------------------


def test_an_account_stays_where_its_journals_are(tmp_path):
    memory = tmp_path / "jobs.places.json"
    jobs = [job("a", "a:443"), job("b", "b:443"), job("c", "c:443", worker="one")]
    Places(memory).settle(jobs, {"one": {"b"}, "two": set()})
    assert json.loads(memory.read_text()) == {"a:443": "two", "b:443": "one", "c:443": "one"}

    again = Places(memory)
    again.settle(jobs, {"three": set()})
    assert [again[each.account] for each in jobs] == ["two", "one", "one"]


@pytest.mark.parametrize(
    ("known", "jobs", "hosts", "message"),
    [
        ({}, [job()], {"one": {"shop"}, "two": {"shop"}}, "shop: one and two both have its folder"),
        ({job().account: "one"}, [job(worker="two")], {"two": set()}, "worker: two, but the journals"),
    ],
)  # fmt: skip
def test_journals_on_two_machines_are_refused(tmp_path, known, jobs, hosts, message):
    memory = tmp_path / "places.json"
    memory.write_text(json.dumps(known))
    with pytest.raises(SettingsError, match=message):
        Places(memory).settle(jobs, hosts)


def test_a_damaged_memory_of_places_is_refused_because_an_account_might_move(tmp_path):
    (tmp_path / "places.json").write_text("{")
    with pytest.raises(SettingsError, match="says which machine has the journals of an account"):
        Places(tmp_path / "places.json")


# -- supervision ----------------------------------------------------------------------------------


class _Future:
    def __init__(self, result: object) -> None:
        self._result = result
        self.status = "error" if isinstance(result, Exception) else "finished"
        if result in ("pending", "lost"):
            self.status = str(result)

    def done(self) -> bool:
        return self.status not in ("pending", "lost")

    def result(self, timeout: float) -> object:
        return self._result

    def exception(self, timeout: float) -> object:
        return self._result

    def cancel(self) -> None:
        self.status = "cancelled"


class _Engine:
    """Answers each attempt at a job with what the test has prepared for it."""

    def __init__(
        self, ends: dict[str, list[object]], *, is_local: bool = True, hosts=("vm",)
    ) -> None:
        self.ends = ends
        self.is_local = is_local
        self.hosts = list(hosts)
        self.is_connected = True
        self.started: list[tuple[str, int]] = []
        self.connects = 0
        self.is_dismissed = False

    def workers(self, _home: str) -> dict[str, Worker]:
        return {f"tcp://{host}": Worker(host, "", frozenset()) for host in self.hosts}

    def start(self, one: Job, attempt: Attempt, _addresses: list[str]) -> _Future:
        self.started.append((one.name, attempt.number))
        end = self.ends[one.name].pop(0)
        if isinstance(end, int):
            end = JobEnd(one.name, one.kind, one.account, end)
        if isinstance(end, SchedulerGoneError):
            raise end
        return _Future(end)

    def connect(self) -> None:
        self.connects += 1
        self.is_connected = True

    def dismiss(self) -> None:
        self.is_dismissed = True


@pytest.fixture
def supervised(tmp_path):
    """Run jobs with a prepared engine: (their ends, what was told)."""

    def run(engine: _Engine, *jobs: Job, interruption: Interruption | None = None, **waits):
        told: list[str] = []
        options = FleetOptions(
            tmp_path,
            **{"poll_s": 0.001, "busy_wait_s": 0, "absence_s": 0, "death_wait_s": 0} | waits,
        )
        fleet = Fleet(tmp_path / "jobs.yml", jobs, {})
        supervisor = Supervisor(
            fleet, engine, options, "test", told.append, interruption or Interruption()
        )
        return supervisor.run(), told

    return run


def test_a_job_whose_process_is_killed_is_started_again(supervised):
    engine = _Engine({"shop": [-9, 0]})
    ends, told = supervised(engine, job())
    assert [(end.exit_code, end.attempts) for end in ends] == [(0, 2)]
    assert told == [
        "shop: started on vm",
        "shop: its process was killed (signal 9); its journal continues",
        "shop: continued on vm",
        "shop: ended, exit code 0",
    ]


@pytest.mark.parametrize(
    "end",
    [
        TimeoutError(), JobEnd("shop", "run", "", 143, message=LEASE_LOST),
        JobEnd("shop", "run", "", -1, message=REPEATED),
    ],
)  # fmt: skip
def test_an_attempt_that_came_to_nothing_is_made_again(supervised, end):
    ends, _ = supervised(_Engine({"shop": [end, 1]}), job())
    assert [(e.exit_code, e.attempts) for e in ends] == [(1, 2)]


def test_a_job_that_dies_again_and_again_is_given_up(supervised):
    engine = _Engine({"shop": [-11] * 4})
    ends, _ = supervised(engine, job(), most_deaths=3)
    assert len(engine.started) == 4
    assert (ends[0].exit_code, ends[0].message) == (
        3, "its process was killed (signal 11), 4 times; run the same command to continue"
    )  # fmt: skip


@pytest.mark.parametrize("code", [0, 1, 2, 3, 5, 70, 143])
def test_an_end_that_the_command_has_come_to_by_itself_is_final(supervised, code):
    engine = _Engine({"shop": [code]})
    ends, _ = supervised(engine, job())
    assert (ends[0].exit_code, engine.started) == (code, [("shop", 1)])


def test_a_busy_account_is_waited_for_but_not_for_ever(supervised):
    ends, _ = supervised(_Engine({"shop": [4]}), job())
    assert ends[0].exit_code == 4
    ends, _ = supervised(_Engine({"shop": [4, 4, 0]}), job(), busy_wait_s=60, busy_retry_s=0)
    assert ends[0].exit_code == 0


def test_a_bug_on_a_worker_ends_its_job_and_no_other(supervised):
    engine = _Engine({"shop": [RuntimeError("x")], "club": [0]})
    ends, _ = supervised(engine, job(), job("club", "club:443"))
    assert [(end.name, end.exit_code) for end in ends] == [("shop", 70), ("club", 0)]
    assert ends[0].message == "a bug in bulk_import (RuntimeError: x)"


def test_jobs_of_one_account_run_one_after_the_other(supervised):
    engine = _Engine({"one": [0], "two": [0], "other": [0]})
    supervised(engine, job("one"), job("two"), job("other", "club:443"))
    assert engine.started == [("one", 1), ("other", 1), ("two", 1)]


def test_an_interruption_starts_nothing_new_and_dismisses_the_rest(supervised):
    engine = _Engine({"one": [JobEnd("one", "run", "", 143, message=LEASE_LOST)]})
    ends, _ = supervised(
        engine, job("one"), job("two"), interruption=Interruption("interrupted by SIGTERM", 143)
    )
    assert [(end.exit_code, end.message) for end in ends] == [(143, "interrupted by SIGTERM")] * 2
    assert (engine.started, engine.is_dismissed) == ([], True)


def test_a_scheduler_that_comes_back_gets_the_jobs_again(supervised):
    engine = _Engine({"shop": [SchedulerGoneError("x"), 0]})
    ends, told = supervised(engine, job(), absence_s=60)
    assert (ends[0].exit_code, engine.connects) == (0, 1)
    assert "the scheduler is gone; waiting for it to come back" in told


def test_a_scheduler_that_stays_away_stops_all_jobs(supervised):
    engine = _Engine({"shop": [SchedulerGoneError("x")]})
    engine.is_connected = False
    ends, _ = supervised(engine, job())
    assert (ends[0].exit_code, ends[0].message) == (
        3, "the scheduler is gone; run the same command to continue"
    )  # fmt: skip


def test_jobs_wait_for_the_machine_that_has_their_journals_and_run_on_no_other(
    supervised, tmp_path
):
    (tmp_path / "jobs.places.json").write_text('{"shop.influencersoft.com:443": "away"}')
    engine = _Engine({"shop": [0]}, is_local=False, hosts=("here",))
    ends, _ = supervised(engine, job(), cluster="tcp://x:1")
    assert engine.started == []
    assert (ends[0].exit_code, ends[0].message) == (
        3, "the journals of shop.influencersoft.com:443 are on away, and no worker runs there; start "
        "one (dask worker tcp://x:1), then run the same command to continue",
    )  # fmt: skip


@pytest.mark.parametrize("status", ["pending", "lost"])
def test_a_job_whose_workers_are_all_gone_is_given_to_a_new_one(supervised, status):
    """`lost`: the worker died between the end of the job and the fetching of its answer."""

    class Moving(_Engine):
        def workers(self, home: str) -> dict[str, Worker]:
            found = super().workers(home)
            return {f"{at}:{len(self.started)}": worker for at, worker in found.items()}

    engine = Moving({"shop": [status, 0]}, is_local=False)
    ends, _ = supervised(engine, job(), cluster="tcp://x:1")
    assert (ends[0].exit_code, engine.started) == (0, [("shop", 1), ("shop", 2)])


def test_a_cluster_without_workers_is_refused(supervised):
    with pytest.raises(SettingsError, match="the scheduler has no workers; start one: dask worker"):
        supervised(_Engine({}, is_local=False, hosts=()), job(), cluster="tcp://x:1")


# -- the outcome ----------------------------------------------------------------------------------


def _summary(*ends: JobEnd) -> FleetSummary:
    return FleetSummary(
        ends, "/srv/fleet", "2026-11-26T01:00:00+00:00", "2026-11-26T01:10:00+00:00"
    )


def _end(name: str, code: int, **counts: int) -> JobEnd:
    summary = {"rows_read": sum(counts.values()), "counts": counts, "requests": 7}
    message = "interrupted" if code == 143 else ""
    return JobEnd(name, "run", f"{name}.example.org:443", code, summary, message, "vm", "/r", 2)


def test_the_table_has_a_line_for_each_job_and_their_sums():
    table = as_text(
        _summary(_end("shop", 1, success=1200, invalid=3), _end("club", 143, not_sent=5))
    )
    assert table.splitlines() == [
        "job     account           kind   rows  success  unchanged  failed  unknown  invalid  other  exit",
        "shop    shop.example.org  run   1,203    1,200          0       0        0        3      0     1"
        "  rows need you, started 2 times",
        "club    club.example.org  run       5        0          0       0        0        0      5   143"
        "  interrupted, started 2 times",
        "2 jobs                          1,208    1,200          0       0        0        3      5   143",
        "shop: the report and the rejects are in /r on vm",
        "club: interrupted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 0), ((0, 0), 0), ((0, 1), 1), ((4, 1), 4), ((2, 3), 3), ((143, 3), 143), ((5, 130), 5), ((70, 5), 70)],
)  # fmt: skip
def test_the_exit_code_is_that_of_the_job_that_needs_somebody_most(codes, code):
    assert _summary(*(_end(str(n), c) for n, c in enumerate(codes))).exit_code == code


def test_the_metrics_of_all_jobs_are_in_one_file(tmp_path):
    path = tmp_path / "fleet.prom"
    write_fleet_metrics(path, _summary(_end("shop", 1, success=3, invalid=1)))
    lines = path.read_text().splitlines()
    rows = [line for line in lines if line.startswith("bulk_import_fleet_job_rows")]
    assert len(rows) == len(Status)
    assert 'bulk_import_fleet_job_rows{job="shop",status="invalid"} 1.0' in rows
    assert [line for line in lines if not line.startswith(("#", "bulk_import_fleet_job_rows"))] == [
        "bulk_import_fleet_exit_code 1.0",
        "bulk_import_fleet_finished_timestamp_seconds 1.7956554e+09",
        'bulk_import_fleet_job_exit_code{job="shop"} 1.0',
        'bulk_import_fleet_job_attempts{job="shop"} 2.0',
        'bulk_import_fleet_job_requests{job="shop"} 7.0',
    ]


# -- one job on a worker: a real process ----------------------------------------------------------


class _Lease:
    """A lease that ends when the test wants it to."""

    def __init__(self) -> None:
        self.stops = self.ends = lambda: False

    def should_stop(self) -> bool:
        return bool(self.stops())

    def is_over(self) -> bool:
        return bool(self.ends())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "account").mkdir()
    with Served(tmp_path / "account", latency_ms=5) as server:
        yield server


@pytest.fixture
def real_job(served, contacts_csv, mapping, monkeypatch):
    """A job of 60 contacts that takes about six seconds."""
    monkeypatch.setenv("FLEET_KEY", DEFAULT_KEY)
    return job(
        arguments=(str(contacts_csv(60)), "-m", str(mapping)),
        shared=(("--endpoint", served.url), ("--rate", "10")), key_variable="FLEET_KEY",
    )  # fmt: skip


@pytest.mark.slow
def test_a_lease_that_runs_out_stops_the_command_in_good_order_and_the_next_attempt_continues(
    real_job, served, tmp_path
):
    lease = _Lease()
    lease.stops = lambda: len(served.sent()) >= 5
    first = run_job(real_job, Attempt(str(tmp_path / "home"), "monday", 1), lease)
    assert (first.exit_code, first.message) == (143, LEASE_LOST)
    assert first.count(Status.NOT_SENT) > 0

    quick = Job(**{name: getattr(real_job, name) for name in Job.__slots__} | {
        "shared": (("--endpoint", served.url), ("--rate", "0"))
    })  # fmt: skip
    second = run_job(quick, Attempt(str(tmp_path / "home"), "monday", 2), _Lease())
    assert (second.exit_code, second.count(Status.SUCCESS), second.rows) == (0, 60, 60)
    assert len(served.sent()) == 60


@pytest.mark.slow
def test_a_finished_run_is_left_alone_and_refused_when_its_source_has_changed(
    served, contacts_csv, mapping, monkeypatch, tmp_path
):
    """Sent again by itself, a changed file would make second contacts of its rows without e-mail."""
    monkeypatch.setenv("FLEET_KEY", DEFAULT_KEY)
    source, home = contacts_csv(3), str(tmp_path / "home")
    one = job(
        arguments=(str(source), "-m", str(mapping)),
        shared=(("--endpoint", served.url), ("--rate", "0")), key_variable="FLEET_KEY",
    )  # fmt: skip
    assert run_job(one, Attempt(home, "monday", 1), _Lease()).count(Status.SUCCESS) == 3

    again = run_job(one, Attempt(home, "tuesday", 1), _Lease())
    assert (again.exit_code, again.count(Status.SUCCESS)) == (0, 3)

    before = source.read_text("utf-8")
    source.write_text(before + before.splitlines()[-1].replace("3", "4") + "\n", "utf-8")
    changed = run_job(one, Attempt(home, "wednesday", 1), _Lease())
    assert changed.exit_code == 2
    assert "holds a run that was started differently" in changed.message
    assert len(served.sent()) == 3


@pytest.mark.slow
def test_a_lease_that_is_over_ends_the_command_at_once(real_job, served, tmp_path):
    lease = _Lease()
    lease.ends = lambda: len(served.sent()) >= 2
    end = run_job(real_job, Attempt(str(tmp_path / "home"), "monday", 1), lease)
    assert end.exit_code == -signal.SIGKILL


def test_a_worker_without_the_key_says_which_variable_is_missing(real_job, tmp_path, monkeypatch):
    monkeypatch.delenv("FLEET_KEY")
    end = run_job(real_job, Attempt(str(tmp_path / "home"), "monday", 1), _Lease())
    assert end.exit_code == 2
    assert end.message.endswith("has no FLEET_KEY")


@pytest.mark.slow
def test_a_command_ends_in_good_order_when_its_starter_is_gone(
    served, contacts_csv, mapping, tmp_path
):
    process = subprocess.Popen(
        [sys.executable, "-m", "bulk_import.cli.leashed", "run", str(contacts_csv(100)), "-m", str(mapping),
         "--endpoint", served.url, "--rate", "10", "--yes", "--quiet", "--run-dir", str(tmp_path / "run")],
        stdin=subprocess.PIPE, env=os.environ | {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY},
    )  # fmt: skip
    served.wait_for(3)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 143
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["counts"]["success"] == len(served.sent())
    assert summary["balanced"]


# -- whole fleets ---------------------------------------------------------------------------------


class _Fleet:
    """A fleet of real processes, and the accounts that it sends to."""

    def __init__(self, folder: Path, servers: list[Served], source: Path, mapping: Path) -> None:
        self.folder = folder
        self.servers = servers
        jobs = "\n".join(
            f"  job-{n}: {{kind: {'sync' if n % 2 else 'run'}, endpoint: '{s.url}'}}"
            for n, s in enumerate(servers)
        )
        (folder / "jobs.yml").write_text(
            f"version: 1\ndefaults: {{key_env: FLEET_KEY, rate: 20, source: {source.name}, "
            f"mapping: {mapping.name}}}\njobs:\n{jobs}\n"
        )

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "fleet", str(self.folder / "jobs.yml"), "--json", *options],
            env=os.environ | KEY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def sent(self) -> int:
        return sum(len(server.sent()) for server in self.servers)

    def commands(self) -> list[int]:
        """Processes of the jobs."""
        return [int(line.split()[0]) for line in self._processes() if "cli.leashed" in line]

    def workers(self) -> list[int]:
        """Processes that have started a job."""
        return [int(line.split()[1]) for line in self._processes() if "cli.leashed" in line]

    def _processes(self) -> list[str]:
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
        ).stdout
        return [line for line in listed.splitlines() if str(self.folder) in line]


@pytest.fixture
def fleet(tmp_path, contacts_csv, bare_mapping) -> Iterator[_Fleet]:
    with ExitStack() as stack:
        servers = []
        for number in range(2):
            (tmp_path / f"account-{number}").mkdir()
            server = Served(tmp_path / f"account-{number}", latency_ms=10)
            servers.append(stack.enter_context(server))
        yield _Fleet(tmp_path, servers, contacts_csv(60, bare=True), bare_mapping)


def check_sent(fleet: _Fleet, told: dict) -> None:
    """Nothing lost, no contact without e-mail sent twice, row counts that add up."""
    for server, one in zip(fleet.servers, told["jobs"], strict=True):
        by_name = Counter(r.form["lead_first_name"] for r in server.sent() if not r.email)
        assert max(by_name.values()) == 1
        unknown = one["counts"]["unknown"]
        assert len({r.form["lead_first_name"] for r in server.sent()}) >= 60 - unknown
        assert sum(one["counts"].values()) == one["rows_read"] == 60


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_a_killed_command_is_continued_by_its_fleet(fleet):
    process = fleet.start()
    wait_for(lambda: fleet.sent() > 10, "the fleet does not get going", seconds=150)
    os.kill(fleet.commands()[0], signal.SIGKILL)
    out, err = process.communicate(timeout=180)
    told = json.loads(out)
    assert process.returncode in (0, 1), err
    check_sent(fleet, told)
    assert sorted(one["attempts"] for one in told["jobs"]) == [1, 2]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("victim", ["worker", "parent"])
def test_a_fleet_survives_the_death_of_its_parts(fleet, victim):
    process = fleet.start()
    wait_for(lambda: fleet.sent() > 10, "the fleet does not get going", seconds=150)
    os.kill(fleet.workers()[0] if victim == "worker" else process.pid, signal.SIGKILL)
    out, err = process.communicate(timeout=180)
    if victim == "parent":
        process = fleet.start()
        out, err = process.communicate(timeout=180)
    assert process.returncode in (0, 1), err
    check_sent(fleet, json.loads(out))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_sigterm_ends_a_fleet_in_good_order_and_the_same_command_continues(fleet):
    process = fleet.start()
    wait_for(lambda: fleet.sent() > 10, "the fleet does not get going", seconds=150)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 143, err
    assert {one["exit_code"] for one in json.loads(out)["jobs"]} == {143}
    assert fleet.commands() == []
    process = fleet.start()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    check_sent(fleet, json.loads(out))
    assert fleet.sent() == 120


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_a_mistake_in_the_settings(fleet):
    process = fleet.start("--cluster", "tcp://127.0.0.1:9")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--cluster tcp://127.0.0.1:9: no scheduler answers" in err
    assert not issubclass(SchedulerGoneError, BulkImportError)


@pytest.mark.slow
def test_the_engine_takes_no_port_that_another_program_may_have(tmp_path):
    """A warning of dask about 8787 went into the output of every second fleet of a machine."""
    start = (
        "from contextlib import suppress; import socket\n"
        "from bulk_import.jobs.fleet.engine import opened\n"
        "if __name__ == '__main__':\n"
        "    with socket.socket() as taken:\n"
        "        with suppress(OSError):  # somebody has it\n"
        "            taken.bind(('127.0.0.1', 8787)); taken.listen()\n"
        "        with opened('', 'fleet'):\n"
        "            print('opened')\n"
    )
    (tmp_path / "start.py").write_text(start, "utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "start.py")],
        capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("opened\n", "")

"""Kill jobs, workers, scheduler and parent of a fleet, finish it, and count on the servers' side.

    python -m benchmarks.fleet [--trials 200] [--jobs 12] [--rows 60] [--kills 6] [--mode both]
                               [--start fork] [--seed 1] [--seconds N]

Each trial: as many sandboxes as jobs (two of three a `run`, one of three a `sync`; half of the rows
have no e-mail, so that sending one twice makes a second contact; some answers are lost). In mode
`local` the fleet starts its own workers; jobs, workers and the parent are killed with SIGKILL. In mode
`cluster` scheduler and workers are processes of their own, which this script starts again as an init
system would, and which serve all trials; they are killed as well. A parent that was killed is started
again with the same command.

Counted: rows lost, contacts doubled, rows misreported, row counts that do not add up, and two
processes that sent to one account at a time (`benchmarks.senders` says how). All must be 0. With
`--start fork` commands are forks of a process that has imported the program, so that a trial costs
less processor time (`benchmarks.forks`). `--memory` measures the memory of a job in a fleet
beside that of a single run, without kills. `--plain` kills workers while tasks of dask post the rows
themselves, as people write it: what a scheduler's own retry does. `--control` starts two runs of one account with different
locks: what is counted of them must not be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

from benchmarks import forks
from benchmarks.senders import Senders, Watch
from bulk_import import Settings
from bulk_import.run.daily import account_file
from bulk_import.sandbox.app import DEFAULT_KEY, Sandbox
from bulk_import.sandbox.faults import Faults

_FAULTS = Faults(lost=0.003, error_500=0.003, latency_ms=3, jitter_ms=5)
_MAPPING = """version: 1
fields: {lead_email: E-mail, lead_first_name: Name, lead_phone: Phone}
when: {no_email: create}
"""
_RATE = 15
_DEADLINE_S = 600.0


@dataclass
class Tally:
    """What must all be zero, and what may not."""

    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    misreported: int = 0
    unbalanced: int = 0
    senders: Senders = field(default_factory=Senders)
    unfinished: int = 0
    unknown: int = 0
    rows: int = 0
    requests: int = 0
    starts: int = 0

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if name == "kills":
                self.kills.update(value)
            elif name == "senders":
                self.senders.add(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    @property
    def bad(self) -> int:
        return (
            self.lost + self.doubled + self.misreported + self.unbalanced + self.senders.bad
            + self.unfinished
        )  # fmt: skip


class Server:
    """One account's sandbox, and who sent to it."""

    def __init__(self, locks: Path) -> None:
        self.sandbox = Sandbox(faults=_FAULTS)
        self.url = ""
        self._locks = locks
        self._watch: Watch | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = self.sandbox.application()
        application.middlewares.append(self._noted)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        lock = account_file(Settings(endpoint=self.url, state_dir=self._locks), "lock")
        self._watch = Watch(str(lock))

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        self.sandbox.store.close()

    def senders(self) -> Senders:
        assert self._watch is not None
        for suspect in self._watch.suspects[:5]:
            print(suspect, flush=True)
        return self._watch.found()

    @property
    def _noted(self) -> Any:
        @web.middleware
        async def note(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            # What only looks (lists, managers) is asked before the account is locked.
            if request.path.lower().endswith("/addupdatelead"):
                assert self._watch is not None
                self._watch.note(request.remote or "")
            return await handler(request)

        return note


class Servers:
    """All sandboxes, in a thread of their own."""

    def __init__(self, number: int, locks: Path) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.all: list[Server] = self._do(self._start(number, locks))

    async def _start(self, number: int, locks: Path) -> list[Server]:
        servers = [Server(locks) for _ in range(number)]
        for server in servers:
            await server.start()
        return servers

    def requests(self) -> int:
        async def count() -> int:
            return sum(server.sandbox.store.count("request") for server in self.all)

        return int(self._do(count()))

    def seen(self, server: Server) -> tuple[list[Any], list[Any], Senders]:
        async def look() -> tuple[list[Any], list[Any], Senders]:
            return server.sandbox.sent(), server.sandbox.contacts(), server.senders()

        return self._do(look())  # type: ignore[no-any-return]

    def stop(self) -> None:
        async def stop() -> None:
            for server in self.all:
                await server.stop()

        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


Process = subprocess.Popen[bytes] | forks.Forked


class Machine:
    """What all trials share: the environment, the process that forks, scheduler and workers.

    Attributes:
        locks: Folder of the accounts' locks.
        victims: Names of the processes of the cluster that are there.
    """

    def __init__(self, folder: Path, start: str) -> None:
        self.locks = folder / "locks"
        self.locks.mkdir()
        here = Path(__file__).resolve().parent
        self._folder = folder
        self._forks = ""
        self._environment = os.environ | {
            "FLEET_KEY": DEFAULT_KEY,
            "BULK_IMPORT_LOCKS": str(self.locks),
            "PYTHONPATH": os.pathsep.join([str(here / "marked"), str(here.parent)]),
            "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL": "1s",
            "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver",
        }
        self._forker: subprocess.Popen[bytes] | None = None
        if start == "fork":
            self._forks = str(folder / "forks")
            self._environment[forks.VARIABLE] = self._forks
            self._forker = forks.started(self._forks, self._environment)
        self._port = free_port()
        self._cluster: dict[str, Process] = {}

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    def started(self, module: str, arguments: Sequence[str], out: Any, err: Any) -> Process:
        command = [sys.executable, "-m", module, *arguments]
        start = forks.Forked if self._forks else subprocess.Popen
        return start(command, env=self._environment, stdout=out, stderr=err, start_new_session=True)

    def keep_cluster(self) -> None:
        """Start what of the cluster is not running, as systemd would."""
        own = ["--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard"]
        worker = [
            self.address, "--nthreads", "6", "--memory-limit", "0", "--no-dashboard",
            "--local-directory", str(self._folder / "dask"),
        ]  # fmt: skip
        wanted = {
            "scheduler": ("distributed.cli.dask_scheduler", own),
            "worker-1": ("distributed.cli.dask_worker", worker),
            "worker-2": ("distributed.cli.dask_worker", worker),
        }
        for name, (module, arguments) in wanted.items():
            known = self._cluster.get(name)
            if known is None or known.poll() is not None:
                with (self._folder / f"{name}.txt").open("ab") as log:
                    self._cluster[name] = self.started(module, arguments, log, log)

    def of_cluster(self, *names: str) -> list[Process]:
        return [self._cluster[name] for name in names]

    def jobs(self, folder: Path) -> list[tuple[int, int]]:
        """Return the processes of the commands that run now, each with the one of its worker."""
        if not self._forks:
            found = processes_of(forks.JOB, folder)
            return [(job.pid, job.ppid()) for job in found]
        return [
            (child.process, child.by)
            for child in forks.living(self._forks)
            if child.arguments[0] == forks.JOB
            and any(str(folder) in part for part in child.arguments)
        ]

    def stop(self) -> None:
        for process in (*self._cluster.values(), self._forker):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(30)


class Stage:
    """Files of a trial, and the processes that work on them."""

    def __init__(self, folder: Path, machine: Machine, servers: Servers, rows: int, mode: str):
        self.folder = folder
        self.servers = servers
        self.rows = rows
        self.mode = mode
        self.home = folder / "home"
        self.parent: Process | None = None
        self._machine = machine
        (folder / "m.yml").write_text(_MAPPING, "utf-8")
        write_source(folder / "contacts.csv", rows)
        write_jobs(folder / "jobs.yml", [server.url for server in servers.all])

    def start(self) -> None:
        """Start the fleet, and its cluster if that is not there."""
        self.keep_cluster()
        jobs = str(self.folder / "jobs.yml")
        command = ["fleet", jobs, "--home", str(self.home), "--json", "--at-once", "12"]
        if self.mode == "cluster":
            command += ["--cluster", self._machine.address]
        with (
            (self.folder / "out.json").open("wb") as out,
            (self.folder / "log.txt").open("ab") as log,
        ):
            self.parent = self._machine.started("bulk_import", command, out, log)

    def keep_cluster(self) -> None:
        if self.mode == "cluster":
            self._machine.keep_cluster()

    def jobs(self) -> list[tuple[int, int]]:
        return self._machine.jobs(self.folder)

    def kill(self, what: str, chance: random.Random) -> bool:
        """Kill something; return whether it was there."""
        victims: list[psutil.Process | Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            if what == "parent" and self.parent is not None and self.parent.poll() is None:
                victims = [self.parent]
            elif what == "job":
                victims = [psutil.Process(job) for job, _ in self.jobs()]
            elif what == "worker":
                victims = [psutil.Process(worker) for _, worker in self.jobs() if worker > 1]
            elif what == "scheduler":
                victims = [*self._machine.of_cluster("scheduler")]
            elif what == "nanny":
                victims = [*self._machine.of_cluster("worker-1", "worker-2")]
        if not victims:
            return False
        victim = chance.choice(victims)
        try:
            victim.kill()
            victim.wait(30)
        except (psutil.NoSuchProcess, psutil.TimeoutExpired):
            return False
        return True

    def stop(self) -> None:
        """End everything that is left."""
        if self.parent is not None and self.parent.poll() is None:
            self.parent.kill()
            self.parent.wait(30)
        until = time.monotonic() + 60
        while self.jobs() and time.monotonic() < until:
            time.sleep(0.2)
        for job, _ in self.jobs():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(job).kill()


def processes_of(word: str, folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if word in command and any(str(folder) in part for part in command):
                yield process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_source(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["E-mail", "Name", "Phone"])
        for number in range(1, rows + 1):
            email = f"p{number}@example.org" if number % 2 else ""
            writer.writerow([email, f"Person {number}", f"+1415555{number:04}"])


def write_jobs(path: Path, urls: Sequence[str]) -> None:
    lines = [
        "version: 1",
        f"defaults: {{key_env: FLEET_KEY, mapping: m.yml, source: contacts.csv, rate: {_RATE}}}",
        "jobs:",
    ]
    for number, url in enumerate(urls):
        kind = "sync" if number % 3 == 2 else "run"
        lines.append(f"  job-{number}: {{kind: {kind}, endpoint: '{url}'}}")
    path.write_text("\n".join(lines) + "\n", "utf-8")


def trial(
    folder: Path,
    machine: Machine,
    mode: str,
    jobs: int,
    rows: int,
    kills: int,
    chance: random.Random,
) -> Tally:
    """One fleet, killed here and there, and finished."""
    tally = Tally(rows=jobs * rows)
    servers = Servers(jobs, machine.locks)
    stage = Stage(folder, machine, servers, rows, mode)
    kinds = ["job", "job", "worker", "parent"]
    kinds += ["scheduler", "nanny"] if mode == "cluster" else []
    try:
        stage.start()
        tally.starts += 1
        for _ in range(kills):
            aim = servers.requests() + chance.randrange(1, max(2, jobs * rows // (kills + 1)))
            wait_until(lambda: servers.requests() >= aim or ended(stage), 90)  # noqa: B023 - called at once
            what = chance.choice(kinds)
            tally.kills[what] += stage.kill(what, chance)
            if ended(stage):
                stage.start()
                tally.starts += 1
            stage.keep_cluster()
        tally.starts += finish(stage)
        judge(tally, stage)
    finally:
        stage.stop()
        servers.stop()
    return tally


def ended(stage: Stage) -> bool:
    return stage.parent is not None and stage.parent.poll() is not None


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def finish(stage: Stage) -> int:
    """Let the fleet come to its end, with the same command if it must be; return the starts."""
    starts = 0
    until = time.monotonic() + _DEADLINE_S
    while time.monotonic() < until:
        stage.keep_cluster()
        assert stage.parent is not None
        code = stage.parent.poll()
        if code in (0, 1):
            return starts
        if code is not None:
            starts += 1
            stage.start()
        time.sleep(0.2)
    return starts


def judge(tally: Tally, stage: Stage) -> None:
    """Compare every report with what its server saw."""
    assert stage.parent is not None
    tally.unfinished += stage.parent.poll() not in (0, 1)
    text = (stage.folder / "out.json").read_text("utf-8")
    told = {job["job"]: job for job in json.loads(text or '{"jobs": []}')["jobs"]}
    for number, server in enumerate(stage.servers.all):
        name = f"job-{number}"
        requests, contacts, senders = stage.servers.seen(server)
        tally.requests += len(requests)
        tally.doubled += max(
            0, len(contacts) - len({c.fields["lead_first_name"] for c in contacts})
        )
        bare = Counter(r.form["lead_first_name"] for r in requests if not r.email and r.applied)
        tally.doubled += sum(n > 1 for n in bare.values())
        tally.senders.add(senders)
        applied = {r.form["lead_first_name"] for r in requests if r.applied}
        end = told.get(name, {})
        tally.unbalanced += end.get("rows_read") != sum(end.get("counts", {"": -1}).values())
        tally.unbalanced += end.get("rows_read") != stage.rows
        judge_reports(tally, stage.home / name, applied, stage.rows)


def judge_reports(tally: Tally, folder: Path, applied: set[str], rows: int) -> None:
    """Of nights that were cut off, each has a report; an unknown end is reported once."""
    unknown: set[str] = set()
    for path in folder.rglob("report.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                name = f"Person {int(line['row']) - 1}"
                if line["status"] == "unknown":
                    unknown.add(name)
                tally.misreported += line["status"] == "success" and name not in applied
                is_last = path.parent == max(folder.rglob("report.csv")).parent
                refused = line["status"] in ("failed", "invalid", "not_sent") and is_last
                tally.misreported += refused and name in applied
    names = {f"Person {number}" for number in range(1, rows + 1)}
    tally.lost += len(names - applied - unknown)
    tally.unknown += len(unknown)


def post_all(url: str, source: str, rate: float) -> int:
    """Post every row of a file, in order; what a task of dask is when people write it themselves."""
    import requests

    with requests.Session() as session, Path(source).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
        for row in rows:
            form = {
                "lead_email": row["E-mail"],
                "lead_first_name": row["Name"],
                "lead_phone": row["Phone"],
            }
            sent = {"rpsKey": DEFAULT_KEY} | {name: value for name, value in form.items() if value}
            for _ in range(5):
                with contextlib.suppress(requests.RequestException, ValueError):
                    answer = session.post(f"{url}/api/addupdatelead", data=sent, timeout=30)
                    if answer.status_code == 200 and int(answer.json()["error_code"]) == 0:
                        break
                time.sleep(0.2)
            time.sleep(1 / rate)
    return len(rows)


def plain(
    folder: Path, machine: Machine, jobs: int, rows: int, kills: int, chance: random.Random
) -> None:
    """One trial of the plain pattern: a task for each account, repeated by the scheduler as it does."""
    from distributed import Client

    servers = Servers(jobs, machine.locks)
    write_source(folder / "contacts.csv", rows)
    machine.keep_cluster()
    killed = 0
    try:
        with Client(machine.address, timeout=60) as client:
            client.wait_for_workers(2, timeout=120)
            arguments = (str(folder / "contacts.csv"), _RATE)
            futures = [
                client.submit(post_all, server.url, *arguments, pure=False)
                for server in servers.all
            ]
            for _ in range(kills):
                aim = servers.requests() + chance.randrange(1, max(2, jobs * rows // (kills + 1)))
                wait_until(lambda: servers.requests() >= aim, 90)  # noqa: B023 - called at once
                workers = [each for nanny in machine.of_cluster("worker-1", "worker-2")
                           for each in psutil.Process(nanny.pid).children()
                           if each.cpu_times().user > 0.5]  # fmt: skip
                if workers:
                    chance.choice(workers).kill()
                    killed += 1
            wait_until(lambda: all(future.done() for future in futures), 300)
            ends = Counter(future.status for future in futures)
        people = doubled = lost = 0
        for server in servers.all:
            _, contacts, _ = servers.seen(server)
            names = {contact.fields["lead_first_name"] for contact in contacts}
            people, doubled, lost = (
                people + rows,
                doubled + len(contacts) - len(names),
                lost + rows - len(names),
            )
        print(
            json.dumps(
                {
                    "plain": {
                        "kills": killed,
                        "rows": people,
                        "doubled": doubled,
                        "lost": lost,
                        "tasks": ends,
                    }
                }
            ),
            flush=True,
        )
    finally:
        servers.stop()


def memory(folder: Path, machine: Machine, jobs: int, rows: int) -> None:
    """Print peaks of resident memory: a single run, jobs of a fleet, its workers and its parent."""
    servers = Servers(jobs, machine.locks)
    stage = Stage(folder, machine, servers, rows, "local")
    peaks: dict[int, tuple[str, int]] = {}
    try:
        single = single_run(folder, "single", servers.all[0].url, rate=30)
        while single.poll() is None:
            watch(peaks, "single", single.pid)
            time.sleep(0.05)
        stage.start()
        parent = stage.parent
        assert parent is not None
        while parent.poll() is None:
            watch(peaks, "parent", parent.pid)
            for job, worker in stage.jobs():
                watch(peaks, "job", job)
                watch(peaks, "worker", worker)
            time.sleep(0.1)
    finally:
        stage.stop()
        servers.stop()
    for what in ("single", "job", "worker", "parent"):
        found = sorted(peak for kind, peak in peaks.values() if kind == what)
        print(
            f"{what:7} {len(found):3} processes, peak MB: {', '.join(f'{kb / 1024:.0f}' for kb in found)}"
        )


def single_run(
    folder: Path, name: str, url: str, *, rate: int, module: str = "bulk_import"
) -> subprocess.Popen[bytes]:
    """Start a run of the trial's source outside of the fleet; its locks are in a folder of its own."""
    here = Path(__file__).resolve().parent
    return subprocess.Popen(
        [sys.executable, "-m", module, "run", str(folder / "contacts.csv"), "-m", str(folder / "m.yml"), "--endpoint", url, "--rate", str(rate), "--yes", "--quiet", "--run-dir", str(folder / name)],
        env=os.environ | {
            "INFLUENCERSOFT_API_KEY": DEFAULT_KEY, "BULK_IMPORT_LOCKS": str(folder / f"{name}-locks"),
            "PYTHONPATH": os.pathsep.join([str(here / "marked"), str(here.parent)]),
        },
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def watch(peaks: dict[int, tuple[str, int]], kind: str, process: int) -> None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM"):
                peaks[process] = (kind, int(line.split()[1]))


def control(folder: Path, rows: int = 60) -> Senders:
    """Let two runs with different locks send to one account; return what is counted of them."""
    write_source(folder / "contacts.csv", rows)
    (folder / "m.yml").write_text(_MAPPING, "utf-8")
    (folder / "locks").mkdir()
    servers = Servers(1, folder / "locks")
    try:
        both = [
            single_run(folder, name, servers.all[0].url, rate=10, module=forks.JOB)
            for name in ("one", "two")
        ]
        for run in both:
            with run:
                run.wait(120)
        return servers.seen(servers.all[0])[2]
    finally:
        servers.stop()


def main() -> int:
    """Run the trials; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--mode", choices=["local", "cluster", "both"], default="both")
    parser.add_argument("--start", choices=["fork", "spawn"], default="spawn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no trial later")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--sum", type=Path, metavar="FILE", help="add up what trials printed")
    args = parser.parse_args()
    if args.sum:
        return add_up(args.sum)
    with tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if args.control:
            found = control(folder)
            print(found)
            return int(not found.bad)
        machine = Machine(folder, "spawn" if args.memory else args.start)
        try:
            if args.memory:
                (folder / "memory").mkdir()
                memory(folder / "memory", machine, args.jobs, args.rows)
                return 0
            if args.plain:
                for number in range(args.trials):
                    place = folder / f"plain-{number:04}"
                    place.mkdir()
                    chance = random.Random(f"plain {args.seed} {number}")
                    plain(place, machine, args.jobs, args.rows, args.kills, chance)
                return 0
            return trials(folder, machine, args)
        finally:
            machine.stop()


def trials(folder: Path, machine: Machine, args: argparse.Namespace) -> int:
    """Run the trials, and print a line of JSON for each."""
    modes = ["local", "cluster"] if args.mode == "both" else [args.mode]
    until = time.monotonic() + args.seconds
    bad = 0
    for number in range(args.trials):
        if time.monotonic() > until:
            break
        mode = modes[number % len(modes)]
        chance = random.Random(f"{mode} {args.seed} {number}")
        began = time.monotonic()
        place = folder / f"trial-{number:04}"
        place.mkdir()
        tally = trial(place, machine, mode, args.jobs, args.rows, args.kills, chance)
        if tally.bad:
            bad += 1
            kept = Path(tempfile.mkdtemp(prefix="fleet-bad-"))
            shutil.copytree(place, kept / "trial")
            print(f"not as promised; its files are kept in {kept}", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        told = {
            "commit": commit(), "mode": mode, "start": args.start, "seed": args.seed,
            "number": number, "jobs": args.jobs, "seconds": round(time.monotonic() - began),
            "tally": vars(tally) | {"senders": vars(tally.senders)},
        }  # fmt: skip
        print(json.dumps(told), flush=True)
    return int(bad > 0)


def add_up(path: Path) -> int:
    """Print the sums of trials that were printed to a file, by mode and start."""
    totals: dict[str, Tally] = {}
    numbers: Counter[str] = Counter()
    commits: set[str] = set()
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("{"):
            continue
        told = json.loads(line)
        tally = Tally(**told["tally"])
        tally.kills, tally.senders = (
            Counter(told["tally"]["kills"]),
            Senders(**told["tally"]["senders"]),
        )
        commits.add(told["commit"])
        for name in (f"{told['mode']}, started by {told['start']}", "in all"):
            totals.setdefault(name, Tally()).add(tally)
            numbers[name] += 1
    for name, total in totals.items():
        print(
            f"{name}: {numbers[name]} trials, {total.kills.total()} kills, {total}, bad: {total.bad}"
        )
    print(f"commits: {', '.join(sorted(commits))}")
    return int(totals["in all"].bad > 0)


def commit() -> str:
    """Return the version of the code that is here now; ``+`` = with changes."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

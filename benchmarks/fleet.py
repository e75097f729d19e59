"""Kill jobs, workers, scheduler and parent of a fleet, finish it, and count on the servers' side.

    python -m benchmarks.fleet [--trials 200] [--jobs 12] [--rows 60] [--kills 6] [--mode both]

Each trial: as many sandboxes as jobs (two of three a `run`, one of three a `sync`; half of the rows
have no e-mail, so that sending one twice makes a second contact; some answers are lost). In mode
`local` the fleet starts its own workers; jobs, workers and the parent are killed with SIGKILL. In mode
`cluster` scheduler and workers are processes of their own, which this script starts again as an init
system would; they are killed as well. A parent that was killed is started again with the same command.

Counted: rows lost, contacts doubled, rows misreported, row counts that do not add up, and accounts
that two living processes sent to by turns. All must be 0. `--memory` measures the memory of a job in
a fleet beside that of a single run, without kills.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import itertools
import json
import os
import random
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
    two_senders: int = 0
    unfinished: int = 0
    unknown: int = 0
    rows: int = 0
    requests: int = 0
    starts: int = 0

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if name == "kills":
                self.kills.update(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    @property
    def bad(self) -> int:
        return (
            self.lost + self.doubled + self.misreported + self.unbalanced + self.two_senders
            + self.unfinished
        )  # fmt: skip


class Server:
    """One account's sandbox, and who sent to it: process by process, as the kernel knows them."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(faults=_FAULTS)
        self.url = ""
        self.turns: list[int] = []  # processes, in the order in which they took over
        self.by_turns = 0  # a living process sent again after another had begun
        self._known: set[int] = set()
        self._owners: dict[int, int] = {}  # port of the client -> process
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = self.sandbox.application()
        application.middlewares.append(self._noted)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        self.sandbox.store.close()

    @property
    def _noted(self) -> Any:
        @web.middleware
        async def note(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            assert request.transport is not None
            port = request.transport.get_extra_info("peername")[1]
            self._note(port, request.transport.get_extra_info("sockname")[1])
            return await handler(request)

        return note

    def _note(self, port: int, own: int) -> None:
        # A later connection may have the port of an earlier one, whose process is gone.
        if port not in self._owners or not is_alive(self._owners[port]):
            self._owners[port] = owner_of(port, own, self._known)
        process = self._owners[port]
        if not process or (self.turns and self.turns[-1] == process):
            return
        if process in self.turns and is_alive(process):
            self.by_turns += 1
            print(f"by turns: {self.url}: {self.turns}, then {process}", flush=True)
        self.turns.append(process)


def owner_of(port: int, server: int, known: set[int]) -> int:
    """Return the process that has the TCP connection between two ports of the loopback; 0 = gone.

    Connections to different servers may share a port of the client.

    Args:
        known: Processes to look at first; the one that is found is added.
    """
    wanted = [f"0100007F:{port:04X}", f"0100007F:{server:04X}"]
    inode = ""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        parts = line.split()
        if parts[1:3] == wanted:
            inode = f"socket:[{parts[9]}]"
    if not inode:
        return 0
    others = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    for process in itertools.chain(sorted(known, reverse=True), others):
        if has_socket(process, inode):
            known.add(process)
            return process
    return 0


def has_socket(process: int, inode: str) -> bool:
    folder = Path(f"/proc/{process}")
    try:
        if b"bulk_import.cli.leashed" not in (folder / "cmdline").read_bytes():
            return False
        sockets = list((folder / "fd").iterdir())
    except OSError:
        return False
    for fd in sockets:
        with contextlib.suppress(OSError):
            if str(fd.readlink()) == inode:
                return True
    return False


def is_alive(process: int) -> bool:
    if not process:
        return False
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Servers:
    """All sandboxes, in a thread of their own."""

    def __init__(self, number: int) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.all: list[Server] = self._do(self._start(number))

    async def _start(self, number: int) -> list[Server]:
        servers = [Server() for _ in range(number)]
        for server in servers:
            await server.start()
        return servers

    def requests(self) -> int:
        async def count() -> int:
            return sum(server.sandbox.store.count("request") for server in self.all)

        return int(self._do(count()))

    def seen(self, server: Server) -> tuple[list[Any], list[Any]]:
        async def look() -> tuple[list[Any], list[Any]]:
            return server.sandbox.sent(), server.sandbox.contacts()

        return self._do(look())  # type: ignore[no-any-return]

    def stop(self) -> None:
        async def stop() -> None:
            for server in self.all:
                await server.stop()

        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


class Stage:
    """Files of a trial, and the processes that work on them."""

    def __init__(self, folder: Path, servers: Servers, rows: int, mode: str) -> None:
        self.folder = folder
        self.servers = servers
        self.rows = rows
        self.mode = mode
        self.home = folder / "home"
        self._environment = os.environ | {
            "FLEET_KEY": DEFAULT_KEY,
            "BULK_IMPORT_LOCKS": str(folder / "locks"),
            "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL": "1s",
        }
        self._port = free_port()
        self.parent: subprocess.Popen[bytes] | None = None
        self._cluster: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "m.yml").write_text(_MAPPING, "utf-8")
        write_source(folder / "contacts.csv", rows)
        write_jobs(folder / "jobs.yml", [server.url for server in servers.all])

    def start(self) -> None:
        """Start the fleet, and its cluster if that is not there."""
        if self.mode == "cluster":
            self.keep_cluster()
        command = [
            "fleet",
            str(self.folder / "jobs.yml"),
            "--home",
            str(self.home),
            "--json",
            "--at-once",
            "12",
        ]
        if self.mode == "cluster":
            command += ["--cluster", f"tcp://127.0.0.1:{self._port}"]
        with (
            (self.folder / "out.json").open("wb") as out,
            (self.folder / "log.txt").open("ab") as log,
        ):
            self.parent = self._started([sys.executable, "-m", "bulk_import", *command], out, log)

    def keep_cluster(self) -> None:
        """Start what is not running, as systemd would."""
        if self.mode != "cluster":
            return
        address = f"tcp://127.0.0.1:{self._port}"
        dask = [
            sys.executable,
            "-m",
            "distributed.cli.dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--no-dashboard",
        ]
        worker = [
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
            address,
            "--nthreads",
            "6",
            "--memory-limit",
            "0",
            "--no-dashboard",
            "--local-directory",
            str(self.folder / "dask"),
        ]
        for name, command in (("scheduler", dask), ("worker-1", worker), ("worker-2", worker)):
            known = self._cluster.get(name)
            if known is None or known.poll() is not None:
                with (self.folder / f"{name}.txt").open("ab") as log:
                    self._cluster[name] = self._started(command, log, log)
                time.sleep(1.0 if name == "scheduler" else 0)

    def _started(self, command: list[str], out: Any, err: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, env=self._environment, stdout=out, stderr=err, start_new_session=True
        )

    def jobs(self) -> list[psutil.Process]:
        """Processes of the commands that are running now."""
        return list(processes_of("bulk_import.cli.leashed", self.folder))

    def kill(self, what: str, chance: random.Random) -> bool:
        """Kill something; return whether it was there."""
        jobs = self.jobs()
        victims: list[psutil.Process | subprocess.Popen[bytes]] = []
        if what == "parent" and self.parent is not None and self.parent.poll() is None:
            victims = [self.parent]
        elif what == "job":
            victims = [*jobs]
        elif what == "worker":
            with contextlib.suppress(psutil.NoSuchProcess):
                victims = [psutil.Process(job.ppid()) for job in jobs if job.ppid() > 1]
        elif what == "scheduler":
            victims = [self._cluster["scheduler"]]
        elif what == "nanny":
            victims = [self._cluster[name] for name in ("worker-1", "worker-2")]
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
        for process in (self.parent, *self._cluster.values()):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(30)
        until = time.monotonic() + 60
        while self.jobs() and time.monotonic() < until:
            time.sleep(0.2)
        for job in self.jobs():
            with contextlib.suppress(psutil.NoSuchProcess):
                job.kill()


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
    folder: Path, mode: str, jobs: int, rows: int, kills: int, chance: random.Random
) -> Tally:
    """One fleet, killed here and there, and finished."""
    tally = Tally(rows=jobs * rows)
    servers = Servers(jobs)
    stage = Stage(folder, servers, rows, mode)
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
        requests, contacts = stage.servers.seen(server)
        tally.requests += len(requests)
        tally.doubled += max(
            0, len(contacts) - len({c.fields["lead_first_name"] for c in contacts})
        )
        bare = Counter(r.form["lead_first_name"] for r in requests if not r.email and r.applied)
        tally.doubled += sum(n > 1 for n in bare.values())
        tally.two_senders += server.by_turns
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


def memory(folder: Path, jobs: int, rows: int) -> None:
    """Print peaks of resident memory: a single run, jobs of a fleet, its workers and its parent."""
    servers = Servers(jobs)
    stage = Stage(folder, servers, rows, "local")
    peaks: dict[int, tuple[str, int]] = {}
    try:
        single = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "run", str(folder / "contacts.csv"), "-m", str(folder / "m.yml"), "--endpoint", servers.all[0].url, "--rate", "30", "--yes", "--quiet", "--run-dir", str(folder / "single")],
            env=os.environ | {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY, "BULK_IMPORT_LOCKS": str(folder)},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while single.poll() is None:
            watch(peaks, "single", single.pid)
            time.sleep(0.05)
        stage.start()
        parent = stage.parent
        assert parent is not None
        while parent.poll() is None:
            watch(peaks, "parent", parent.pid)
            for job in stage.jobs():
                watch(peaks, "job", job.pid)
                with contextlib.suppress(psutil.Error):
                    watch(peaks, "worker", job.ppid())
            time.sleep(0.1)
    finally:
        stage.stop()
        servers.stop()
    for what in ("single", "job", "worker", "parent"):
        found = sorted(peak for kind, peak in peaks.values() if kind == what)
        print(
            f"{what:7} {len(found):3} processes, peak MB: {', '.join(f'{kb / 1024:.0f}' for kb in found)}"
        )


def watch(peaks: dict[int, tuple[str, int]], kind: str, process: int) -> None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM"):
                peaks[process] = (kind, int(line.split()[1]))


def main() -> int:
    """Run the trials; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--mode", choices=["local", "cluster", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no trial later")
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    if args.memory:
        with tempfile.TemporaryDirectory(prefix="fleet-") as name:
            memory(Path(name), args.jobs, args.rows)
        return 0
    totals: dict[str, Tally] = {}
    modes = ["local", "cluster"] if args.mode == "both" else [args.mode]
    until = time.monotonic() + args.seconds
    done = Counter[str]()
    for number in range(args.trials):
        if time.monotonic() > until:
            break
        mode = modes[number % len(modes)]
        chance = random.Random(f"{mode} {args.seed} {number}")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as name:
            tally = trial(Path(name), mode, args.jobs, args.rows, args.kills, chance)
            if tally.bad:
                print((Path(name) / "log.txt").read_text("utf-8"), flush=True)
        print(f"{mode} {number}: {time.monotonic() - began:.0f} s {tally}", flush=True)
        totals.setdefault(mode, Tally()).add(tally)
        done[mode] += 1
    print("\nin all:")
    for mode, total in totals.items():
        print(f"  {mode}, {done[mode]} trials: {total}")
    return int(any(total.bad for total in totals.values()))


if __name__ == "__main__":
    sys.exit(main())

"""Who runs next, and what is started again: the loop of whoever started the fleet.

Jobs of one account run one after the other, in the order of the file; accounts side by side. A job
whose process or worker died is started again and continues from its journal.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from bulk_import.errors import EXIT_BUG, EXIT_BUSY, EXIT_STOPPED, SettingsError
from bulk_import.jobs.fleet.engine import Engine, SchedulerGoneError, Worker, ending_of, opened
from bulk_import.jobs.fleet.outcome import FleetSummary, JobEnd
from bulk_import.jobs.fleet.places import Places
from bulk_import.jobs.fleet.plan import Fleet, Job
from bulk_import.jobs.fleet.task import LEASE_LOST, Attempt
from bulk_import.system.clock import now
from bulk_import.system.interpreters import processors

Tell = Callable[[str], None]
_AGAIN = "run the same command to continue"


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """How a fleet is run.

    Attributes:
        home: Folder of the jobs' folders; on a cluster, a path on each worker.
        cluster: Address of a scheduler; empty = this machine.
        at_once: Jobs at a time on this machine.
        most_deaths: How often a job whose process dies is started again.
        death_wait_s: Seconds before the second start; each further one waits twice as long.
        busy_wait_s: Seconds to wait for an account that another process of this machine sends to.
        busy_retry_s: Seconds between two tries meanwhile.
        absence_s: Seconds to wait for a scheduler or a worker to come back.
        poll_s: Seconds between two looks at the jobs.
    """

    home: Path
    cluster: str = ""
    at_once: int = 8
    most_deaths: int = 10
    death_wait_s: float = 0.5
    busy_wait_s: float = 90.0
    busy_retry_s: float = 2.0
    absence_s: float = 120.0
    poll_s: float = 0.2


@dataclass(slots=True)
class Interruption:
    """A wish to end, from outside: a signal.

    Attributes:
        code: The exit code to end with; 0 until there is one.
    """

    reason: str = ""
    code: int = 0


@dataclass(slots=True)
class _Progress:
    """One job on its way.

    Attributes:
        number: Attempts that were submitted.
        deaths: Of them, those whose process or worker died.
        place: The machine it was submitted to.
        not_before: Monotonic time of the next attempt.
        busy_since, absent_since: Monotonic times; 0 = it is not.
    """

    job: Job
    number: int = 0
    deaths: int = 0
    place: str = ""
    not_before: float = 0.0
    busy_since: float = 0.0
    absent_since: float = 0.0
    addresses: tuple[str, ...] = ()
    future: Any = None


def run_fleet(
    fleet: Fleet, options: FleetOptions, *, tell: Tell, interruption: Interruption | None = None
) -> FleetSummary:
    """Run all jobs to their ends.

    Args:
        tell: Told what happens, for showing.
        interruption: When its code is set, jobs finish what is in flight, and all ends.

    Raises:
        SettingsError: The cluster cannot be used; nothing was started.
    """
    started_at, name = now(), uuid4().hex[:12]
    accounts = len({job.account for job in fleet.jobs})
    at_once = max(1, min(options.at_once, accounts))
    processes = min(processors(), at_once)
    with opened(
        options.cluster, name, processes=processes, threads=-(-at_once // processes)
    ) as engine:
        supervisor = Supervisor(fleet, engine, options, name, tell, interruption or Interruption())
        ends = supervisor.run()
    return FleetSummary(ends, str(options.home), started_at, now())


class Supervisor:
    """Brings each job to its end."""

    def __init__(
        self,
        fleet: Fleet,
        engine: Engine,
        options: FleetOptions,
        name: str,
        tell: Tell,
        interruption: Interruption,
    ) -> None:
        self._fleet = fleet
        self._engine = engine
        self._options = options
        self._name = name
        self._tell = tell
        self._interruption = interruption
        self._is_dismissed = False
        self._ends: dict[str, JobEnd] = {}
        self._queues: dict[str, deque[_Progress]] = {}
        for job in fleet.jobs:
            self._queues.setdefault(job.account, deque()).append(_Progress(job))
        self._workers: dict[str, Worker] = {}
        # Beside the file of jobs: it must survive whatever happens to the workers.
        memory = fleet.path.with_suffix(".places.json")
        self._places = Places(None if engine.is_local else memory)

    def run(self) -> tuple[JobEnd, ...]:
        """Run all jobs; return their ends in the order of the file."""
        self._gather()
        hosts: dict[str, set[str]] = {}
        for worker in self._workers.values():
            hosts.setdefault(worker.host, set()).update(worker.folders)
        if hosts:  # else it was interrupted before a worker was there
            self._places.settle(self._fleet.jobs, hosts)
        while any(self._queues.values()):
            if self._interruption.code and not self._is_dismissed:
                self._is_dismissed = True
                self._engine.dismiss()
            try:
                for queue in self._queues.values():
                    if queue:
                        self._tend(queue)
            except SchedulerGoneError:
                self._reconnect()
            if not self._engine.is_connected:
                self._reconnect()
            time.sleep(self._options.poll_s)
        return tuple(self._ends[job.name] for job in self._fleet.jobs)

    def _gather(self) -> None:
        """Wait for the first worker: an init system starts all at the same time."""
        until = time.monotonic() + self._options.absence_s
        while not self._workers and not self._interruption.code:
            try:
                self._look_around()
            except SchedulerGoneError as exc:
                raise SettingsError(f"--cluster {self._options.cluster}: {exc}") from None
            if not self._workers and time.monotonic() > until:
                raise SettingsError(
                    f"--cluster {self._options.cluster}: the scheduler has no workers; start one: "
                    f"dask worker {self._options.cluster}"
                )
            time.sleep(self._options.poll_s)

    def _tend(self, queue: deque[_Progress]) -> None:
        """Start the first job of an account, or see what has become of it."""
        first = queue[0]
        end: JobEnd | None = None
        if first.future is None:
            if self._interruption.code:
                end = self._given_up(first, self._interruption.code, self._interruption.reason)
            elif time.monotonic() >= first.not_before:
                end = self._start(first)
        elif first.future.done():
            end = self._judged(first)
        elif self._is_abandoned(first):
            first.future.cancel()
            end = self._died(first, "its worker died")
        if end is not None:
            queue.popleft()
            self._ends[end.name] = end
            self._tell(f"{end.name}: ended, exit code {end.exit_code}{_because(end.message)}")

    def _start(self, one: _Progress) -> JobEnd | None:
        """Start the next attempt, if the account's machine is there."""
        host = self._places[one.job.account]
        if not self._engine.is_local:
            self._look_around()
        addresses = [at for at, worker in self._workers.items() if worker.host == host]
        if not addresses:
            return self._absent(one, host)
        one.absent_since, one.place = 0.0, host
        one.number += 1
        attempt = Attempt(str(self._options.home), self._name, one.number)
        one.addresses = () if self._engine.is_local else tuple(addresses)
        one.future = self._engine.start(one.job, attempt, list(one.addresses))
        self._tell(f"{one.job.name}: {'started' if one.number == 1 else 'continued'} on {host}")
        return None

    def _absent(self, one: _Progress, host: str) -> JobEnd | None:
        """Wait for the machine that has the account's journals; its jobs run nowhere else."""
        one.absent_since = one.absent_since or time.monotonic()
        one.not_before = time.monotonic() + 1.0
        if time.monotonic() - one.absent_since < self._options.absence_s:
            return None
        message = (
            f"the journals of {one.job.account} are on {host}, and no worker runs there; start one "
            f"(dask worker {self._options.cluster}), then {_AGAIN}"
        )
        return self._given_up(one, EXIT_STOPPED, message)

    def _judged(self, one: _Progress) -> JobEnd | None:
        """Return the end of a job; ``None`` if it is to be started again."""
        try:
            end = ending_of(one.future)
        except Exception as exc:  # noqa: BLE001 - whatever a worker raises, the others go on
            return self._given_up(
                one, EXIT_BUG, f"a bug in bulk_import ({type(exc).__name__}: {exc})"
            )
        one.future = None
        if isinstance(end, str):
            return self._died(one, end)
        if end.exit_code < 0:
            return self._died(
                one, end.message or f"its process was killed (signal {-end.exit_code})"
            )
        if end.message == LEASE_LOST and not self._interruption.code:
            return self._died(one, end.message)
        if end.exit_code == EXIT_BUSY and self._may_wait(one):
            return None
        message = self._interruption.reason if end.message == LEASE_LOST else end.message
        return replace(end, attempts=one.number, message=message)

    def _may_wait(self, one: _Progress) -> bool:
        """Whether to try an account again that another process sends to, perhaps one that is ending."""
        one.busy_since = one.busy_since or time.monotonic()
        one.not_before = time.monotonic() + self._options.busy_retry_s
        is_over = time.monotonic() - one.busy_since > self._options.busy_wait_s
        return not is_over and not self._interruption.code

    def _died(self, one: _Progress, why: str) -> JobEnd | None:
        one.future = None
        one.deaths += 1
        one.busy_since = 0.0
        if self._interruption.code:
            return self._given_up(one, self._interruption.code, self._interruption.reason)
        if one.deaths > self._options.most_deaths:
            return self._given_up(one, EXIT_STOPPED, f"{why}, {one.deaths} times; {_AGAIN}")
        one.not_before = time.monotonic() + min(
            self._options.death_wait_s * 2 ** (one.deaths - 1), 30.0
        )
        self._tell(f"{one.job.name}: {why}; its journal continues")
        return None

    def _given_up(self, one: _Progress, code: int, message: str) -> JobEnd:
        job = one.job
        return JobEnd(
            job.name, job.kind, job.account, code, {}, message, one.place, attempts=one.number
        )

    def _look_around(self) -> None:
        self._workers = self._engine.workers(str(self._options.home))

    def _is_abandoned(self, one: _Progress) -> bool:
        """Whether a job waits for workers that are gone: they come back under new addresses.

        One of them may have done the job, and died before its answer was fetched.
        """
        if not one.addresses:
            return False
        now_s = time.monotonic()
        if now_s < one.not_before:
            return False
        one.not_before = now_s + 2.0
        self._look_around()
        return not set(one.addresses) & self._workers.keys()

    def _reconnect(self) -> None:
        """Connect to the scheduler again; every job that was on its way is started again.

        If it does not come back, all jobs end as stopped.
        """
        self._tell("the scheduler is gone; waiting for it to come back")
        until = time.monotonic() + self._options.absence_s
        while not self._interruption.code and time.monotonic() < until:
            try:
                self._engine.connect()
                break
            except SchedulerGoneError:
                time.sleep(1.0)
        code = self._interruption.code or EXIT_STOPPED
        why = self._interruption.reason or f"the scheduler is gone; {_AGAIN}"
        is_back = self._engine.is_connected and not self._interruption.code
        for queue in self._queues.values():
            for one in queue:
                one.future = None
                one.not_before = 0.0
            while queue and not is_back:
                one = queue.popleft()
                self._ends[one.job.name] = self._given_up(one, code, why)


def _because(message: str) -> str:
    return f": {message}" if message else ""

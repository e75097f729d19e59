"""dask.distributed: where jobs run, and the leases that its scheduler keeps.

The engine places, starts and restarts workers. It does not repeat work: retries are off, and an
attempt that a scheduler repeats all the same is refused by the job's folder.

Two leases, both kept by the scheduler and lost with their holder:

    the account's     held by the worker while a command sends to the account
    the fleet's       held by whoever started the fleet; a command ends when it is gone, so that none
                      outlives the person or the timer that started it
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_import import __version__
from bulk_import.errors import EXIT_BUSY, SettingsError
from bulk_import.jobs.fleet.outcome import JobEnd
from bulk_import.jobs.fleet.plan import Job
from bulk_import.jobs.fleet.task import Attempt, place, run_job

_LEASE_S = 30.0
_LOCAL_LEASE_S = 15.0  # no network in between
_LEASE_WAIT_S = 120.0  # for an earlier command of the account that is still ending
_LEASE_TRY_S = 2.0
_WATCH_S = 1.0
_CONNECT_S = 10.0
_TIMEOUT = "distributed.scheduler.locks.lease-timeout"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a worker knows about leases.

    Attributes:
        fleet: Name of the lease that whoever started the fleet holds.
        lease_s: Seconds after which the scheduler gives up a lease that is not renewed.
    """

    fleet: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, as it describes itself.

    Attributes:
        host: Name of its machine.
        folders: Of jobs, on its disk.
    """

    host: str
    version: str
    folders: frozenset[str]


def describe(home: str) -> Worker:
    """Return what this worker is. Called on each worker."""
    path = Path(home)
    found = (
        frozenset(each.name for each in path.iterdir() if each.is_dir()) if path.is_dir() else ()
    )
    return Worker(place(), __version__, frozenset(found))


class SchedulerGoneError(Exception):
    """The scheduler does not answer any more."""


class AccountLease:
    """The lease of an account, held by a worker. Use as a context manager.

    Attributes:
        is_held: Whether it was given.
    """

    def __init__(self, account: str, terms: Terms) -> None:
        self.is_held = False
        self._lease_s = terms.lease_s
        self._mine = _semaphore(f"bulk_import account {account}", terms.lease_s)
        self._fleet = _semaphore(terms.fleet, terms.lease_s)
        self._seen = time.monotonic()
        self._is_dismissed = self._is_overbooked = False
        self._done = threading.Event()

    def __enter__(self) -> AccountLease:
        until = time.monotonic() + _LEASE_WAIT_S
        while not self.is_held and time.monotonic() < until and self._fleet.get_value() > 0:
            self.is_held = bool(self._mine.acquire(timeout=_LEASE_TRY_S))
        self._seen = time.monotonic()
        threading.Thread(target=self._watch, name="lease", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        if self.is_held:
            with suppress(Exception):  # the scheduler is gone; so is the lease
                self._mine.release()
        self._mine.refresh_callback.stop()

    def should_stop(self) -> bool:
        return self._is_dismissed or time.monotonic() - self._seen > self._lease_s / 2

    def is_over(self) -> bool:
        return self._is_overbooked or time.monotonic() - self._seen > self._lease_s * 0.9

    def _watch(self) -> None:
        """Ask the scheduler again and again: does the fleet still want it, is the lease ours alone?"""
        while not self._done.wait(_WATCH_S):
            asked = time.monotonic()
            try:
                is_wanted, holders = self._fleet.get_value() > 0, self._mine.get_value()
            except Exception:  # noqa: BLE001, S112 - no answer, of whatever kind: the lease runs out
                continue
            self._is_dismissed = not is_wanted
            self._is_overbooked = holders > 1
            self._seen = asked


def work(job: Job, attempt: Attempt, terms: Terms) -> JobEnd:
    """Run one attempt at a job, on a worker."""
    with AccountLease(job.account, terms) as lease:
        if not lease.is_held:
            return JobEnd(
                job.name, job.kind, job.account, EXIT_BUSY, place=place(), attempts=0,
                message=f"another job sends to {job.account}; wait for it to end",
            )  # fmt: skip
        return run_job(job, attempt, lease)


class Engine:
    """A connection to a scheduler, and the fleet's lease there. Make with ``opened``."""

    def __init__(self, connect: Callable[[], Any], name: str, lease_s: float, *, is_local: bool):
        self.is_local = is_local
        self._connect = connect
        self._name = name
        self._lease_s = lease_s
        self._epoch = 0
        self._client: Any = None
        self._presence: Any = None
        self.connect()

    def connect(self) -> None:
        """Connect, or connect again after the scheduler was gone. Earlier futures are worth nothing.

        Raises:
            SchedulerGoneError: No scheduler answers.
        """
        self._drop()
        with _speaking():
            self._client = self._connect()
            self._epoch += 1
            self._presence = _semaphore(self.terms.fleet, self._lease_s, self._client)
            self._presence.acquire(timeout=_CONNECT_S)

    @property
    def terms(self) -> Terms:
        return Terms(f"bulk_import fleet {self._name} {self._epoch}", self._lease_s)

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def workers(self, home: str) -> dict[str, Worker]:
        """Return the workers that answer now, by address.

        Raises:
            SettingsError: They cannot run jobs of this version.
            SchedulerGoneError: The scheduler does not answer.
        """
        found: dict[str, Worker] = {}
        with _speaking():
            answers = self._client.run(describe, home, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, ImportError):
                raise SettingsError(f"the worker at {address} cannot run jobs: {answer}")
            if isinstance(answer, Worker):  # else it is going away at this moment
                found[address] = answer
        for worker in found.values():
            if worker.version != __version__:
                raise SettingsError(
                    f"the worker on {worker.host} has bulk_import {worker.version}, this is "
                    f"{__version__}; install the same everywhere"
                )
        return found

    def start(self, job: Job, attempt: Attempt, addresses: list[str]) -> Any:
        """Start an attempt on one of *addresses*; an empty list = on any worker. Return its future.

        Raises:
            SchedulerGoneError: The scheduler does not answer.
        """
        with _speaking():
            return self._client.submit(
                work, job, attempt, self.terms,
                key=f"{job.name}-{attempt.invocation}-{attempt.number}",
                workers=addresses or None, allow_other_workers=False, pure=False, retries=0,
            )  # fmt: skip

    def dismiss(self) -> None:
        """Give up the fleet's lease: every command finishes what is in flight, and ends."""
        with suppress(Exception):  # the scheduler is gone; the lease runs out
            self._presence.release()

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        if self._presence is not None:
            self._presence.refresh_callback.stop()
            self._presence = None
        if self._client is not None:
            with suppress(Exception):  # whatever state it is in, nothing is wanted of it any more
                self._client.close(timeout=_CONNECT_S)
            self._client = None


@contextmanager
def _speaking() -> Iterator[None]:
    """Translate what the engine raises when its scheduler is gone: it has many ways to say so."""
    try:
        yield
    except Exception as exc:
        raise SchedulerGoneError(str(exc) or type(exc).__name__) from exc


def ending_of(future: Any) -> JobEnd | str:
    """Return what a future that is done came to: an end, or why there is none.

    Raises:
        Exception: The worker's own, which is a bug.
    """
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    if future.status == "finished":
        try:
            end = future.result(timeout=_CONNECT_S)
        except (TimeoutError, OSError, KilledWorker) as exc:  # its worker died after the end
            return f"its worker died ({type(exc).__name__})"
        return end if isinstance(end, JobEnd) else "no end was told"
    if future.status == "error":
        error = future.exception(timeout=_CONNECT_S)
        if not isinstance(error, KilledWorker | CommClosedError | TimeoutError | OSError):
            raise error
        return "its worker died"
    return "the scheduler lost it"


@contextmanager
def opened(cluster: str, name: str, *, processes: int = 1, threads: int = 1) -> Iterator[Engine]:
    """Connect to a cluster, or start one on this machine.

    Args:
        cluster: Address of a scheduler; empty = workers on this machine, gone with this process.
        name: Of this run of the fleet.
        processes, threads: Of the workers on this machine; each thread runs one job at a time.

    Raises:
        SettingsError: dask.distributed is missing, or no scheduler answers.
    """
    try:
        import cryptography  # noqa: F401 - what TLS between the processes needs
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise SettingsError(
            "fleet needs dask.distributed: pip install 'bulk_import[cluster]'"
        ) from None
    for logger in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)  # its news are ours to tell
    if cluster:

        def reach() -> Any:
            return Client(cluster, timeout=_CONNECT_S, set_as_default=False)

        try:
            engine = Engine(reach, name, _LEASE_S, is_local=False)
        except SchedulerGoneError as exc:
            raise SettingsError(f"--cluster {cluster}: no scheduler answers ({exc})") from None
        try:
            yield engine
        finally:
            engine.close()
        return
    settings = {
        "distributed.scheduler.http.routes": [],  # nobody looks, and it would be without TLS
        "distributed.scheduler.allowed-failures": 0,  # a job is started again by its journal alone
        "distributed.scheduler.locks.lease-validation-interval": "1s",
        _TIMEOUT: f"{_LOCAL_LEASE_S}s",
    }
    # TLS with keys of this invocation: whoever reaches a scheduler can run code as its user.
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=processes, threads_per_worker=threads, processes=True, memory_limit=0,
            # Its port is any free one: for 8787, which it takes otherwise, it warns when that is taken.
            dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL, security=True,
        ) as local,
    ):  # fmt: skip
        engine = Engine(
            lambda: Client(local, set_as_default=False), name, _LOCAL_LEASE_S, is_local=True
        )
        try:
            yield engine
        finally:
            engine.close()


def _semaphore(name: str, lease_s: float, client: Any = None) -> Any:
    """Return a lease that one holder has at a time; of the worker that runs this, or of *client*."""
    import dask
    from distributed import Semaphore

    with dask.config.set({_TIMEOUT: f"{lease_s}s"}):
        if client is None:
            made = Semaphore(max_leases=1, name=name)
        else:
            made = Semaphore(
                max_leases=1, name=name, scheduler_rpc=client.scheduler, loop=client.loop
            )
        made.register()
    return made

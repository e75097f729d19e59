"""What a worker does with a job: run its command in a process of its own, and tell how it ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol

from bulk_import.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    BulkImportError,
    SettingsError,
)
from bulk_import.jobs.fleet.folder import JobFolder, Next
from bulk_import.jobs.fleet.outcome import JobEnd
from bulk_import.jobs.fleet.plan import Job
from bulk_import.system.environment import (
    ACCOUNT_VARIABLE,
    ENDPOINT_VARIABLE,
    KEY_VARIABLE,
)

_POLL_S = 0.2
_TOLD = (EXIT_TERMINATED, EXIT_INTERRUPTED)
LEASE_LOST = "the lease of the account was lost"
REPEATED = "the scheduler repeated this attempt by itself; it was not run again"
_LOG_READ = 20_000  # bytes of the log's end in which an error is looked for


class Lease(Protocol):
    """The right to send to an account, as long as the scheduler confirms it."""

    def should_stop(self) -> bool:
        """Whether the command must finish what is in flight and end."""

    def is_over(self) -> bool:
        """Whether somebody else may soon get the lease: the command must be gone at once."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job.

    Attributes:
        home: The folder with the folders of the jobs, on the worker's disk.
        invocation: Name of this run of the fleet.
        number: From 1.
    """

    home: str
    invocation: str
    number: int


def place() -> str:
    """Return the name of this machine: journals stay on its disk."""
    return socket.gethostname()


def run_job(job: Job, attempt: Attempt, lease: Lease) -> JobEnd:
    """Run a job's command to its end; return how it ended, whatever that was."""
    folder = JobFolder(Path(attempt.home), job)
    try:
        folder.make()
        if not folder.claim(attempt.invocation, attempt.number):
            return _end(job, -1, message=REPEATED)
        following = folder.next(attempt.invocation)
        if following.summary is not None:
            code = int(following.summary["exit_code"])
            return _end(job, code, following, summary=following.summary)
        environment = _environment(job)
        with _opened(folder) as (output, log):
            began_at = log.tell()
            code = _watched(following.arguments, environment, folder, output, log, lease)
        end = _told(job, code, following, folder, began_at)
        return replace(end, message=LEASE_LOST) if code in _TOLD and lease.should_stop() else end
    except BulkImportError as exc:
        return _end(job, exc.exit_code, message=str(exc))
    except OSError as exc:
        return _end(job, EXIT_BUG, message=f"{type(exc).__name__}: {exc}")


@contextmanager
def _opened(folder: JobFolder) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    with folder.output.open("wb") as output, folder.log.open("ab") as log:
        folder.log.chmod(0o600)
        yield output, log


def _environment(job: Job) -> dict[str, str]:
    """Return the environment of the command: the key of this account, and no other account's."""
    environment = dict(os.environ)
    for name in (ACCOUNT_VARIABLE, ENDPOINT_VARIABLE, KEY_VARIABLE):
        environment.pop(name, None)
    if job.key_variable:
        key = os.environ.get(job.key_variable, "")
        if not key:
            raise SettingsError(
                f"no API key: the environment of the worker on {place()} has no {job.key_variable}"
            )
        environment[KEY_VARIABLE] = key
    return environment


def _watched(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    folder: JobFolder,
    output: IO[bytes],
    log: IO[bytes],
    lease: Lease,
) -> int:
    """Run a command until it ends, or the lease does; return its exit code."""
    command = [sys.executable, "-m", "bulk_import.cli.leashed", *arguments]
    with subprocess.Popen(  # noqa: S603 - the interpreter and arguments of ours, no shell
        command,
        stdin=subprocess.PIPE,  # the leash: closed when this process ends, however it does
        stdout=output,
        stderr=log,
        env=environment,
        cwd=folder.path.parent,
        start_new_session=True,  # Ctrl-C reaches it through the lease
    ) as process:
        try:
            is_told = False
            while True:
                try:
                    return process.wait(_POLL_S)
                except subprocess.TimeoutExpired:
                    if lease.is_over():
                        process.kill()
                    elif lease.should_stop() and not is_told:
                        is_told = True
                        process.terminate()
        except BaseException:
            process.kill()
            raise


def _told(job: Job, code: int, following: Next, folder: JobFolder, began_at: int) -> JobEnd:
    """Return how a command ended, from what it printed."""
    try:
        summary = json.loads(folder.output.read_text("utf-8") or "{}")
    except (OSError, ValueError):
        summary = {}
    message = str(summary.get("stopped", "")) or _last_error(folder.log, began_at)
    if code == 0:
        message = ""
    # The brake of this job alone is meant, not those of the others.
    message = message.replace("(--accept", f"(--only {job.name} --accept")
    return _end(job, code, following, summary=summary, message=message)


def _last_error(log: Path, began_at: int) -> str:
    """Return the errors that the log has from *began_at* on, in one line."""
    with log.open("rb") as file:
        file.seek(max(began_at, log.stat().st_size - _LOG_READ))
        lines = file.read().decode("utf-8", "replace").splitlines()
    found = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return "; ".join(found) or (lines[-1] if lines else "")


def _end(
    job: Job,
    code: int,
    following: Next | None = None,
    *,
    summary: Mapping[str, Any] | None = None,
    message: str = "",
) -> JobEnd:
    run_dir = "" if following is None else str(following.run_dir)
    return JobEnd(job.name, job.kind, job.account, code, summary or {}, message, place(), run_dir)

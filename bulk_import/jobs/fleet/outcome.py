"""What came of a fleet: one line for each job, one exit code, one file of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bulk_import.errors import (
    EXIT_BUG,
    EXIT_BUSY,
    EXIT_INTERRUPTED,
    EXIT_SETUP,
    EXIT_SOME_FAILED,
    EXIT_STOPPED,
    EXIT_STORAGE,
    EXIT_TERMINATED,
)
from bulk_import.models import Status
from bulk_import.report.metrics import Gauge, write_gauges

_MEANING = {
    0: "done",
    EXIT_SOME_FAILED: "rows need you",
    EXIT_SETUP: "nothing sent",
    EXIT_STOPPED: "stopped",
    EXIT_BUSY: "busy",
    EXIT_STORAGE: "cannot write",
    EXIT_BUG: "a bug",
    EXIT_INTERRUPTED: "interrupted",
    EXIT_TERMINATED: "interrupted",
}
# Of several exit codes, the one that needs somebody most.
_GRAVITY = (
    0, EXIT_SOME_FAILED, EXIT_BUSY, EXIT_SETUP, EXIT_STOPPED, EXIT_TERMINATED, EXIT_INTERRUPTED,
    EXIT_STORAGE, EXIT_BUG,
)  # fmt: skip
_SHOWN = (Status.SUCCESS, Status.UNCHANGED, Status.FAILED, Status.UNKNOWN, Status.INVALID)


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended.

    Attributes:
        exit_code: Of its command; negative = the number of the signal that killed it.
        summary: What the command printed as JSON; empty if it printed nothing.
        message: Why it did not end well, in one line.
        place: Host name of the machine where it ran.
        attempts: Processes that were started for it.
    """

    name: str
    kind: str
    account: str
    exit_code: int
    summary: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    place: str = ""
    run_dir: str = ""
    attempts: int = 1

    @property
    def rows(self) -> int:
        return int(self.summary.get("rows_read", 0))

    def count(self, status: Status) -> int:
        return int(self.summary.get("counts", {}).get(status.value, 0))

    def as_json(self) -> dict[str, Any]:
        """Return the end as plain values."""
        return {
            "job": self.name,
            "kind": self.kind,
            "account": self.account,
            "exit_code": self.exit_code,
            "rows_read": self.rows,
            "counts": {status.value: self.count(status) for status in Status},
            "requests": int(self.summary.get("requests", 0)),
            "message": self.message,
            "place": self.place,
            "run_dir": self.run_dir,
            "attempts": self.attempts,
            "elapsed_s": float(self.summary.get("elapsed_s", 0.0)),
        }


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """How the jobs of a fleet ended.

    Attributes:
        ends: In the order of the file.
        home: The folder with the folders of the jobs.
        finished_at: RFC 3339 UTC.
    """

    ends: tuple[JobEnd, ...]
    home: str
    started_at: str
    finished_at: str

    @property
    def exit_code(self) -> int:
        """That of the job that needs somebody most."""
        return max((end.exit_code for end in self.ends), key=_gravity, default=0)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain values; it can be sent as a notification, too."""
        troubled = [end for end in self.ends if end.exit_code not in (0, EXIT_SOME_FAILED)]
        return {
            "home": self.home,
            "run_dir": self.home,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "exit_code": self.exit_code,
            "stopped": "; ".join(f"{end.name}: {end.message or end.exit_code}" for end in troubled),
            "counts": {
                status.value: sum(end.count(status) for end in self.ends) for status in Status
            },
            "jobs": [end.as_json() for end in self.ends],
        }


def as_text(summary: FleetSummary) -> str:
    """Return the table of all jobs, their sums, and what did not end well."""
    header = ["job", "account", "kind", "rows", *map(str, _SHOWN), "other", "exit", ""]
    lines = [header]
    for end in summary.ends:
        counts = [end.count(status) for status in _SHOWN]
        restarts = f", started {end.attempts} times" if end.attempts > 1 else ""
        meaning = _MEANING.get(end.exit_code, "ended")
        lines.append(
            [end.name, end.account.removesuffix(":443"), end.kind, f"{end.rows:,}",
             *(f"{n:,}" for n in counts), f"{end.rows - sum(counts):,}", str(end.exit_code),
             f"{meaning}{restarts}"]
        )  # fmt: skip
    totals = [sum(end.count(status) for end in summary.ends) for status in _SHOWN]
    rows = sum(end.rows for end in summary.ends)
    lines.append(
        [f"{len(summary.ends)} jobs", "", "", f"{rows:,}", *(f"{n:,}" for n in totals),
         f"{rows - sum(totals):,}", str(summary.exit_code), ""]
    )  # fmt: skip
    messages = [f"{end.name}: {said}" for end in summary.ends if (said := _said(end))]
    return "\n".join([*_aligned(lines), *messages])


def _said(end: JobEnd) -> str:
    """Why a job did not end well; where its rows are named, if some need somebody."""
    if end.exit_code == EXIT_SOME_FAILED and not end.message and end.run_dir:
        return f"the report and the rejects are in {end.run_dir} on {end.place}"
    return end.message


def write_fleet_metrics(path: Path, summary: FleetSummary) -> None:
    """Write the metrics of all jobs for Prometheus' textfile collector: no names of people.

    Raises:
        StorageError: They cannot be written.
    """
    ended = datetime.fromisoformat(summary.finished_at).timestamp()
    ends = summary.ends
    write_gauges(
        path,
        [
            Gauge("fleet_exit_code", "Exit code of the last fleet.", [({}, summary.exit_code)]),
            Gauge("fleet_finished_timestamp_seconds", "When the last fleet ended.",
                  [({}, round(ended, 3))]),
            Gauge("fleet_job_exit_code", "Exit code of a job.",
                  [({"job": end.name}, end.exit_code) for end in ends]),
            Gauge("fleet_job_attempts", "Processes that were started for a job.",
                  [({"job": end.name}, end.attempts) for end in ends]),
            Gauge("fleet_job_requests", "Requests made by a job.",
                  [({"job": end.name}, int(end.summary.get("requests", 0))) for end in ends]),
            Gauge("fleet_job_rows", "Rows of a job by how they ended.",
                  [({"job": end.name, "status": status.value}, end.count(status))
                   for end in ends for status in Status]),
        ],
    )  # fmt: skip


def _gravity(code: int) -> int:
    return _GRAVITY.index(code) if code in _GRAVITY else len(_GRAVITY)


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines as columns; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(widths) - 1
    for line in lines:
        yield "  ".join(
            text.ljust(width) if at < 3 or at == last else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()

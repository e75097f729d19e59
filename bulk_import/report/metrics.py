"""How commands ended, for Prometheus' textfile collector."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import prometheus_client as prometheus
from prometheus_client.parser import text_string_to_metric_families

from bulk_import.models import Status, Summary
from bulk_import.system.files import replaced

_PREFIX = "bulk_import_"
_LAST_SUCCESS = "last_success_timestamp_seconds"
_WELL = (0, 1)  # the job did its work; 1: some rows need a person


class Gauge(NamedTuple):
    """One metric.

    Attributes:
        name: Without the prefix ``bulk_import_``.
        text: What it means, in one sentence.
        samples: Labels and value of each; all have the same labels.
    """

    name: str
    text: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def write_gauges(path: Path, gauges: Iterable[Gauge]) -> None:
    """Write *gauges* where the collector finds them whole.

    Raises:
        StorageError: They cannot be written.
    """
    registry = prometheus.CollectorRegistry()
    for gauge in gauges:
        names = list(gauge.samples[0][0]) if gauge.samples else []
        made = prometheus.Gauge(f"{_PREFIX}{gauge.name}", gauge.text, names, registry=registry)
        for labels, value in gauge.samples:
            (made.labels(**labels) if labels else made).set(value)
    with replaced(path) as file:
        file.write(prometheus.generate_latest(registry))
    path.chmod(0o644)  # the collector is another user; nothing personal is in it


def write_metrics(
    path: Path,
    summary: Summary | None,
    *,
    job: str,
    account: str,
    exit_code: int,
    seconds: float,
    is_dry: bool = False,
) -> None:
    """Write the metrics of a command; no names, no addresses.

    The time of the last success outlives failures and dry runs: it is taken over from the file that
    is there.

    Args:
        summary: Of the run; ``None`` when the command ended before there was one.
        account: Host of the account.
        seconds: How long the command took.
        is_dry: Nothing was to be sent: however it ended, the account is not up to date.

    Raises:
        StorageError: They cannot be written.
    """
    labels = {"job": job, "account": account}
    moment = time.time()
    counts = summary.counts if summary is not None else {}
    rows = [({**labels, "status": status.value}, counts.get(status, 0)) for status in Status]
    has_succeeded = exit_code in _WELL and not is_dry
    succeeded = moment if has_succeeded else _last_success(path, job)
    single = (
        ("requests", summary.requests if summary is not None else 0, "Requests of the last run."),
        ("duration_seconds", round(seconds, 3), "How long the last run took."),
        ("exit_code", exit_code, "Exit code of the last run."),
        ("finished_timestamp_seconds", round(moment, 3), "When the last run ended."),
        (_LAST_SUCCESS, round(succeeded, 3), "When a run ended well; 0: never."),
    )
    write_gauges(
        path,
        [
            Gauge("rows", "Rows of the last run by how they ended.", rows),
            *(Gauge(name, text, [(labels, value)]) for name, value, text in single),
        ],
    )


def _last_success(path: Path, job: str) -> float:
    """Return the time of the job's last success, as the file at *path* has it; 0: never."""
    with suppress(OSError, ValueError):
        for family in text_string_to_metric_families(path.read_text("utf-8")):
            for sample in family.samples:
                # The account is not known yet when a command ends before its settings are read.
                if sample.name == _PREFIX + _LAST_SUCCESS and sample.labels.get("job") == job:
                    return float(sample.value)
    return 0.0

"""How a command ended, for Prometheus' textfile collector."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bulk_import.models import Status, Summary
from bulk_import.system.files import replaced

_LABELS = ("job", "account")
_LAST_SUCCESS = "bulk_import_last_success_timestamp_seconds"
_WELL = (0, 1)  # the job did its work; 1: some rows need a person


def write_metrics(
    path: Path,
    summary: Summary | None,
    *,
    job: str,
    account: str,
    exit_code: int,
    seconds: float,
) -> None:
    """Write the metrics of a command; no names, no addresses.

    The time of the last success outlives failures: it is taken over from the file that is there.

    Args:
        summary: Of the run; ``None`` when the command ended before there was one.
        account: Host of the account.
        seconds: How long the command took.

    Raises:
        StorageError: They cannot be written.
    """
    registry = CollectorRegistry()
    labels = {"job": job, "account": account}
    moment = time.time()
    rows = Gauge(
        "bulk_import_rows", "Rows of the last run by how they ended.",
        (*_LABELS, "status"), registry=registry,
    )  # fmt: skip
    for status in Status:
        rows.labels(**labels, status=status.value).set(
            summary.counts.get(status, 0) if summary is not None else 0
        )
    succeeded = moment if exit_code in _WELL else _last_success(path, labels)
    for name, value, text in (
        ("requests", summary.requests if summary is not None else 0, "Requests of the last run."),
        ("duration_seconds", round(seconds, 3), "How long the last run took."),
        ("exit_code", exit_code, "Exit code of the last run."),
        ("finished_timestamp_seconds", round(moment, 3), "When the last run ended."),
        ("last_success_timestamp_seconds", round(succeeded, 3), "When a run ended well; 0: never."),
    ):
        gauge = Gauge(f"bulk_import_{name}", text, _LABELS, registry=registry)
        gauge.labels(**labels).set(value)
    with replaced(path) as file:
        file.write(generate_latest(registry))
    path.chmod(0o644)  # the collector is another user; nothing personal is in it


def _last_success(path: Path, labels: dict[str, str]) -> float:
    with suppress(OSError, ValueError):
        for family in text_string_to_metric_families(path.read_text("utf-8")):
            for sample in family.samples:
                # The account is not known yet when a command ends before its settings are read.
                if sample.name == _LAST_SUCCESS and sample.labels.get("job") == labels["job"]:
                    return float(sample.value)
    return 0.0

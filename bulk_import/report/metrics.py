"""The outcome of a run for Prometheus' textfile collector."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bulk_import.models import Status, Summary
from bulk_import.system.files import replaced


def write_metrics(path: Path, summary: Summary) -> None:
    """Write the metrics of a run; no names, no addresses.

    Raises:
        StorageError: They cannot be written.
    """
    ended = datetime.fromisoformat(summary.finished_at).timestamp() if summary.finished_at else 0
    lines = [
        "# HELP bulk_import_rows Rows of the last run by how they ended.",
        "# TYPE bulk_import_rows gauge",
        *(
            f'bulk_import_rows{{status="{status.value}"}} {summary.counts.get(status, 0)}'
            for status in Status
        ),
    ]
    for name, value, text in (
        ("requests", summary.requests, "Requests made by the last run."),
        ("duration_seconds", round(summary.elapsed_s, 3), "How long the last run took."),
        ("exit_code", summary.exit_code, "Exit code of the last run."),
        ("finished_timestamp_seconds", round(ended, 3), "When the last run ended."),
    ):
        lines += [
            f"# HELP bulk_import_{name} {text}",
            f"# TYPE bulk_import_{name} gauge",
            f"bulk_import_{name} {value}",
        ]
    with replaced(path) as file:
        file.write("\n".join(lines).encode() + b"\n")
    path.chmod(0o644)  # the collector is another user; nothing personal is in it

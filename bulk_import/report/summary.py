"""``summary.json``, and the summary that fits a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bulk_import.models import Status, Summary
from bulk_import.system.files import replaced

_CODES_SHOWN = 5

MEANING = {
    Status.SUCCESS: "accepted",
    Status.FAILED: "refused by the API",
    Status.UNKNOWN: "sent, no trustworthy answer",
    Status.INVALID: "cells that cannot be sent as they are",
    Status.DUPLICATE: "gave way to another row of the contact",
    Status.SUPPRESSED: "on the suppression list",
    Status.SKIPPED: "a skip or only rule of the mapping",
    Status.UNCHANGED: "nothing new since the last run",
    Status.NOT_SENT: "not sent",
}


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the summary as plain values."""
    return {
        "run_dir": summary.run_dir,
        "sources": list(summary.sources),
        "mapping": summary.mapping,
        "endpoint": summary.endpoint,
        "dry_run": summary.dry_run,
        "started_at": summary.started_at,
        "finished_at": summary.finished_at,
        "elapsed_s": round(summary.elapsed_s, 3),
        "rows_read": summary.rows_read,
        "counts": {status.value: summary.counts.get(status, 0) for status in Status},
        "balanced": summary.balanced,
        "requests": summary.requests,
        "by_code": dict(summary.by_code),
        "stopped": summary.stopped,
        "notes": list(summary.notes),
        "exit_code": summary.exit_code,
    }


def write_summary(path: Path, summary: Summary) -> None:
    """Write ``summary.json``.

    Raises:
        StorageError: It cannot be written.
    """
    with replaced(path) as file:
        file.write(json.dumps(as_json(summary), ensure_ascii=False, indent=2).encode() + b"\n")


def as_text(summary: Summary) -> str:
    """Return the summary for a terminal: counts, whether they add up, why the run stopped."""
    width = max(len(f"{n:,}") for n in (summary.rows_read, 1))
    lines = [f"{summary.rows_read:>{width},} rows read"]
    for status in Status:
        number = summary.counts.get(status, 0)
        if number or status is Status.SUCCESS:
            label = MEANING[status]
            if status is Status.NOT_SENT and summary.dry_run:
                label = "would be sent"
            lines.append(f"{number:>{width},} {status.value:<10} {label}")
    sums = "add up" if summary.balanced else "DO NOT ADD UP: a bug, please report it"
    lines.append(f"row counts {sums}; {summary.requests:,} requests in {summary.elapsed_s:,.1f} s")
    codes = [(code, n) for code, n in summary.by_code.items() if code not in ("0", "")]
    if codes:
        shown = ", ".join(f"{code} x{n:,}" for code, n in codes[:_CODES_SHOWN])
        more = f" and {len(codes) - _CODES_SHOWN} more" if len(codes) > _CODES_SHOWN else ""
        lines.append(f"codes: {shown}{more}")
    if summary.stopped:
        lines.append(f"stopped: {summary.stopped}")
    lines += [f"note: {note}" for note in summary.notes]
    return "\n".join(lines)

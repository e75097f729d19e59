"""The message about how a command ended: counts and reasons, nobody's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bulk_import.models import Status, Summary
from bulk_import.report.summary import as_json


def message(
    summary: Summary | None,
    *,
    command: str,
    job: str,
    account: str,
    exit_code: int,
    reason: str = "",
) -> Mapping[str, Any]:
    """Return what a webhook gets, as plain values.

    Args:
        summary: Of the run; ``None`` when the command ended before there was one.
        reason: Why it ended, where the summary does not say it.
    """
    if summary is not None:
        known = as_json(summary)
    else:
        known = {
            "run_dir": "",
            "counts": {status.value: 0 for status in Status},
            "rows_read": 0,
            "requests": 0,
        }
    stopped = reason or (summary.stopped if summary is not None else "")
    about = {"command": command, "job": job, "account": account}
    return {**known, **about, "stopped": stopped, "exit_code": exit_code}

"""The exact command that continues an interrupted run, and the pace that it keeps."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

# Options of the interrupted command that its resume needs too: where the key is, and who asks.
_KEPT = {
    "profile": "--profile",
    "config": "--config",
    "api_key_file": "--api-key-file",
    "ca_file": "--ca-file",
}


def continuing(run_dir: str | Path) -> str:
    """Return the command that continues the run in *run_dir*, to be copied into a shell."""
    context = click.get_current_context(silent=True)
    given: Mapping[str, Any] = context.params if context is not None else {}
    parts = ["bulk-import", "resume", str(run_dir)]
    for name, option in _KEPT.items():
        if given.get(name):
            parts += [option, str(given[name])]
    if given.get("yes"):
        parts.append("--yes")
    return shlex.join(parts)


def kept_pace(run_dir: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return *options* of a resume with the pace of its run where they name none.

    A profile of this invocation has its own pace, which wins.

    Raises:
        SetupError: It is no run's folder.
    """
    from bulk_import.journal import Journal
    from bulk_import.run.folder import JOURNAL

    with Journal.open(run_dir / JOURNAL) as journal:
        if options.get("profile"):
            return options
        pace = json.loads(journal.facts().get("pace", "{}"))
    return {**options, **{name: value for name, value in pace.items() if options.get(name) is None}}

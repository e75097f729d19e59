"""``report.html``: one file for people, without network, readable on a phone and on paper."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from bulk_import.models import Status, Summary
from bulk_import.report.contents import NEEDS_YOU, contents
from bulk_import.report.digest import Digest
from bulk_import.system.files import replaced
from bulk_import.texts import Texts, texts


def write_page(
    path: Path,
    summary: Summary,
    digest: Digest,
    changes: Mapping[str, Mapping[str, int]],
    *,
    redact: bool = False,
    language: str = "en",
    rejects: Sequence[str] | None = None,
) -> None:
    """Write the page.

    Args:
        changes: For tags and lists, parameter -> name -> contacts that it was sent for.
        redact: Leave out contacts and messages, which can hold what people typed.
        rejects: Names of the files with rows that did not make it; ``None`` = those in the folder.

    Raises:
        StorageError: It cannot be written.
    """
    with replaced(path) as file:
        file.write(
            render(
                summary, digest, changes, redact=redact, language=language, rejects=rejects
            ).encode()
        )


def render(
    summary: Summary,
    digest: Digest,
    changes: Mapping[str, Mapping[str, int]],
    *,
    redact: bool,
    language: str = "en",
    rejects: Sequence[str] | None = None,
) -> str:
    """Return the page; arguments as of ``write_page``."""
    say = texts(language)
    files = _rejects(summary) if rejects is None else rejects
    folder = resources.files("bulk_import.report")
    script = folder.joinpath("report.js").read_text("utf-8")
    page: str = _template().render(
        _=say,
        say=say,
        language=say.language,
        summary=summary,
        report=contents(summary, digest, changes, say, redact=redact),
        next_commands=next_commands(summary, say, files),
        rejects=files,
        style=folder.joinpath("base.css").read_text("utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page


@cache
def _template() -> Any:
    """The template, compiled once: that takes longer than to fill it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bulk_import.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def next_commands(summary: Summary, say: Texts, rejects: Sequence[str]) -> list[tuple[str, str]]:
    """Return (what for, command) of what is to be done next; nothing when all is well."""
    run_dir = shlex.quote(summary.run_dir)
    if summary.dry_run:
        return []
    found = []
    if summary.counts.get(Status.NOT_SENT) or summary.counts.get(Status.UNKNOWN):
        found.append((say("Send what is left"), f"bulk-import resume {run_dir}"))
    for name in rejects:
        path = shlex.quote(str(Path(summary.run_dir) / name))
        mapping = shlex.quote(summary.mapping)
        found.append(
            (
                say("Correct the rows in {file}, then import that file", file=name),
                f"bulk-import run {path} -m {mapping}",
            )
        )
    return found


def _rejects(summary: Summary) -> list[str]:
    """Names of the files with rows that did not make it."""
    if not any(summary.counts.get(status) for status in NEEDS_YOU) or not summary.run_dir:
        return []
    folder = Path(summary.run_dir)
    files = [path.name for path in folder.glob("rejects*") if path.suffix in (".csv", ".xlsx")]
    return sorted(name for name in files if not name.endswith(".corrections.csv"))

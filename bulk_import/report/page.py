"""``report.html``: one file for people, without network, readable on a phone and on paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bulk_import.codes import catalogue
from bulk_import.models import Outcome, Status, Summary
from bulk_import.report.digest import Digest
from bulk_import.report.summary import MEANING
from bulk_import.system.files import replaced

_WIDTH, _HEIGHT = 600, 110
_MOST_CHANGES = 30


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart as numbers for SVG.

    Attributes:
        bars: (x, y, width, height, what it says) in a field of 600 x 110.
    """

    title: str
    top: str
    bars: tuple[tuple[float, float, float, float, str], ...]


def write_page(
    path: Path,
    summary: Summary,
    digest: Digest,
    changes: Mapping[str, Mapping[str, int]],
    *,
    redact: bool = False,
) -> None:
    """Write the page.

    Args:
        changes: For tags and lists, parameter -> name -> contacts that it was sent for.
        redact: Leave out contacts and messages, which can hold what people typed.

    Raises:
        StorageError: It cannot be written.
    """
    with replaced(path) as file:
        file.write(render(summary, digest, changes, redact=redact).encode())


def render(
    summary: Summary,
    digest: Digest,
    changes: Mapping[str, Mapping[str, int]],
    *,
    redact: bool = False,
) -> str:
    """Return the page."""
    from jinja2 import Environment, StrictUndefined

    folder = resources.files("bulk_import.report")
    script = folder.joinpath("page.js").read_text("utf-8")
    template = folder.joinpath("page.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    digested = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    known = catalogue()
    return environment.from_string(template).render(
        summary=summary,
        counts=[
            (status.value, summary.counts.get(status, 0), MEANING[status])
            for status in Status
            if summary.counts.get(status)
        ],
        charts=_charts(digest),
        causes=[
            {
                "status": status.value,
                "code": code,
                "rows": rows,
                "cause": known[code].cause if code in known else "",
                "fix": known[code].fix if code in known else "",
                "example": "" if redact else digest.examples[status, code].message,
            }
            for (status, code), rows in digest.causes.most_common()
        ],
        warnings=[
            (column, number, "" if redact else digest.warned[column].message)
            for column, number in digest.warnings.most_common()
        ],
        changes=[
            (name, sorted(values.items(), key=lambda item: -item[1])[:_MOST_CHANGES], len(values))
            for name, values in changes.items()
        ],
        listed=[_line(outcome, redact=redact) for outcome in digest.listed],
        needing=sum(digest.causes.values()),
        redact=redact,
        script=script,
        script_hash=digested,
        width=_WIDTH,
        height=_HEIGHT,
    )


def _line(outcome: Outcome, *, redact: bool) -> tuple[str, str, str, str, str, str]:
    return (
        outcome.source,
        str(outcome.row),
        "hidden" if redact and outcome.contact else outcome.contact,
        outcome.status.value,
        outcome.error_code,
        "" if redact else outcome.message,
    )


def _charts(digest: Digest) -> list[Chart]:
    if len(digest.buckets) < 2:
        return []
    first, last = min(digest.buckets), max(digest.buckets)
    width = _WIDTH / (last - first + 1)
    rates = {n: b.rows / digest.seconds for n, b in digest.buckets.items()}
    waits = {n: b.elapsed_ms / b.rows for n, b in digest.buckets.items()}
    charts = []
    for title, values, unit in (
        ("Rows answered per second", rates, "rows/s"),
        ("Mean time of an answer", waits, "ms"),
    ):
        top = max(values.values()) or 1.0
        bars = tuple(
            (
                round((n - first) * width, 2),
                round(_HEIGHT * (1 - value / top), 2),
                round(max(width - 0.5, 0.5), 2),
                round(_HEIGHT * value / top, 2),
                f"{(n - first) * digest.seconds} s: {value:,.1f} {unit}",
            )
            for n, value in sorted(values.items())
        )
        charts.append(Chart(title, f"{top:,.1f} {unit}", bars))
    return charts

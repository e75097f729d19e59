"""The outcome of runs for Prometheus' textfile collector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulk_import.models import Status, Summary
from bulk_import.system.files import replaced


class Gauge(NamedTuple):
    """One metric.

    Attributes:
        name: Without the prefix ``bulk_import_``.
        text: What it means, in one sentence.
        samples: Labels and value of each.
    """

    name: str
    text: str
    samples: Sequence[tuple[Mapping[str, str], float]]

    def lines(self) -> Iterator[str]:
        yield f"# HELP bulk_import_{self.name} {self.text}"
        yield f"# TYPE bulk_import_{self.name} gauge"
        for labels, value in self.samples:
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"bulk_import_{self.name}{f'{{{shown}}}' if shown else ''} {value}"


def write_gauges(path: Path, gauges: Iterable[Gauge]) -> None:
    """Write *gauges* where the collector finds them whole.

    Raises:
        StorageError: They cannot be written.
    """
    lines = [line for gauge in gauges for line in gauge.lines()]
    with replaced(path) as file:
        file.write("\n".join(lines).encode() + b"\n")
    path.chmod(0o644)  # the collector is another user; nothing personal is in it


def write_metrics(path: Path, summary: Summary) -> None:
    """Write the metrics of a run; no names, no addresses.

    Raises:
        StorageError: They cannot be written.
    """
    ended = datetime.fromisoformat(summary.finished_at).timestamp() if summary.finished_at else 0
    rows = [({"status": status.value}, summary.counts.get(status, 0)) for status in Status]
    write_gauges(
        path,
        [
            Gauge("rows", "Rows of the last run by how they ended.", rows),
            Gauge("requests", "Requests made by the last run.", [({}, summary.requests)]),
            Gauge("duration_seconds", "How long the last run took.",
                  [({}, round(summary.elapsed_s, 3))]),
            Gauge("exit_code", "Exit code of the last run.", [({}, summary.exit_code)]),
            Gauge("finished_timestamp_seconds", "When the last run ended.", [({}, round(ended, 3))]),
        ],
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

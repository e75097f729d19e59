"""What a night costs in which nothing changed, or little, beside reading the same file alone.

Every night is a process of its own, as cron starts it; memory is that of all of its processes.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.files import HEADER, rows, write_mapping
from benchmarks.measuring import Cost, command_cost, sink

_KEY = {"INFLUENCERSOFT_API_KEY": "k"}
_READ = "import sys; from bulk_import import read_rows; sum(1 for _ in read_rows(sys.argv[1]))"
_CHANGED = 100  # one of this number of contacts changes


def main(number: int) -> None:
    """Print CPU time, memory and disk of each kind of night over *number* rows of 12 columns."""
    with tempfile.TemporaryDirectory() as name, sink() as base:
        folder = Path(name)
        source, mapping = folder / "contacts.csv", write_mapping(folder)
        moments, runs = count(1_800_000_000), count(1)
        send = [
            "-m", str(mapping), "--endpoint", base, "--rate", "0", "--concurrency", "32",
            "--no-preflight", "-q",
        ]  # fmt: skip

        def write(changed: int) -> None:
            with source.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(HEADER)
                writer.writerows(_rows(number, changed))
            os.utime(source, (next(moments),) * 2)

        def job(command: str, *options: str) -> tuple[Cost, float]:
            run_dir = folder / f"run{next(runs)}"
            line = [command, str(source), *send, "--run-dir", str(run_dir), *options]
            cost = command_cost([sys.executable, "-m", "bulk_import", *line], _KEY)
            if cost.code:
                raise SystemExit(cost.output)
            return cost, sum(file.stat().st_size for file in run_dir.iterdir()) / 1e6

        def night(*options: str) -> tuple[Cost, float]:
            return job("sync", "--state", str(folder / "job.state"), *options)

        write(0)
        read = command_cost([sys.executable, "-c", _READ, str(source)])
        _line("reading alone", number, read, 0.0, read)
        _line("run", number, *job("run", "--yes"), read)
        _line("first night", number, *night(), read)
        os.utime(source, (next(moments),) * 2)
        _line("nothing changed", number, *night(), read)
        _line("nothing changed, --judge-all", number, *night("--judge-all"), read)
        write(_CHANGED)
        _line(f"1 of {_CHANGED} changed", number, *night(), read)
        print(f"the state: {(folder / 'job.state').stat().st_size / 1e6:.0f} MB")


def _rows(number: int, changed: int) -> Iterator[tuple[str, ...]]:
    for at, row in enumerate(rows(number)):
        yield (row[0], f"{row[1]}a", *row[2:]) if changed and at % changed == 0 else row


def _line(label: str, number: int, cost: Cost, disk: float, read: Cost) -> None:
    print(
        f"{number:9,} rows  {label:30}{cost.cpu_s:8.1f} s CPU{cost.cpu_s / read.cpu_s:7.1f} x reading"
        f"{cost.peak_mb:7.0f} MB{disk:8.1f} MB on disk{cost.wall_s:8.1f} s",
        flush=True,
    )

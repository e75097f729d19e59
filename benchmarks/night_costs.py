"""What a night costs in which nothing changed, or little, beside reading the same file alone.

Every night is a process of its own, as cron starts it; memory is that of all of its processes.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from pathlib import Path

from benchmarks.files import HEADER, MAPPING, rows, write_mapping
from benchmarks.measuring import Cost, command_cost, sink
from bulk_import.jobs.brake import Night
from bulk_import.jobs.fingerprints import cells_of, digester
from bulk_import.jobs.state import Known, Presence, State
from bulk_import.mapping.loading import load_mapping
from bulk_import.run.inputs import KnownNames, opened_inputs

_READ = "import sys; from bulk_import import read_rows; sum(1 for _ in read_rows(sys.argv[1]))"
_CHANGED = 100  # one of this number of contacts changes
_MOMENTS = count(1_800_000_000)
_CHUNK = 10_000
_NAMES = tuple(
    line.partition(":")[0].strip() for line in MAPPING.splitlines() if line.startswith("  ")
)


@dataclass
class Job:
    """A nightly job, its source and its account."""

    folder: Path
    base: str
    number: int
    bytecode: Path
    _runs: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def source(self) -> Path:
        return self.folder / "contacts.csv"

    @property
    def state(self) -> Path:
        return self.folder / "job.state"

    @property
    def mapping(self) -> Path:
        return self.folder / "m.yml"

    def write(self, changed: int = 0) -> None:
        """Write the source; of each *changed* contacts one has another name."""
        with self.source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_rows(self.number, changed))
        os.utime(self.source, (next(_MOMENTS),) * 2)

    def read(self) -> Cost:
        return command_cost([sys.executable, "-c", _READ, str(self.source)], _environment(self))

    def run(self, command: str, *options: str) -> tuple[Cost, float]:
        """Return what a command costs, and the megabytes of its run folder."""
        run_dir = self.folder / f"run{next(self._runs)}"
        line = [
            command, str(self.source), "-m", str(self.mapping), "--endpoint", self.base, "--rate", "0",
            "--concurrency", "32", "--no-preflight", "-q", "--run-dir", str(run_dir), *options,
        ]  # fmt: skip
        cost = command_cost([sys.executable, "-m", "bulk_import", *line], _environment(self))
        if cost.code:
            raise SystemExit(cost.output)
        return cost, sum(file.stat().st_size for file in run_dir.iterdir()) / 1e6

    def night(self, *options: str) -> tuple[Cost, float]:
        os.utime(self.source, (next(_MOMENTS),) * 2)
        return self.run("sync", "--state", str(self.state), *options)

    def make_state(self) -> None:
        """Make the state from the source: each contact with the digest of its cells.

        It is as a first night leaves it, but for the digests of the payloads, which say nothing.
        """
        mapping = load_mapping(self.mapping)
        form = "&".join(f"{name}=1" for name in _NAMES).encode()
        with (
            State.open(self.state) as state,
            opened_inputs([str(self.source)], mapping, KnownNames()) as inputs,
        ):
            source = next(iter(inputs))
            digest, supply = digester(source.mapper), iter(source.bare_rows)
            assert digest is not None
            shape = state.shape_of(form)
            with state.transaction():
                while chunk := list(islice(supply, _CHUNK)):
                    cells = digest.digests(chunk, cells_of(chunk, digest.columns))
                    state.confirm(
                        Known(
                            row.cells["E-mail"], "0" * 64, 1, "2026-01-01T00:00:00.000Z",
                            Presence.HERE, one, b"\0" * 16, shape,
                        )
                        for row, one in zip(chunk, cells, strict=True)
                    )  # fmt: skip
                last = Night(
                    rows=self.number, contacts=self.number, files=[str(self.source)],
                    filled=dict.fromkeys(_NAMES, self.number),
                )  # fmt: skip
                state.put(night="1", latest="1:made", last=json.dumps(asdict(last)))


def main(number: int) -> None:
    """Print CPU time, memory and disk of each kind of night over *number* rows of 12 columns."""
    with _job(number) as job:
        job.write()
        read = job.read()
        _line("reading alone", number, read, 0.0, read)
        _line("run", number, *job.run("run", "--yes"), read)
        _line("first night", number, *job.night(), read)
        _line("nothing changed", number, *job.night(), read)
        _line("nothing changed, --judge-all", number, *job.night("--judge-all"), read)
        job.write(_CHANGED)
        _line(f"1 of {_CHANGED} changed", number, *job.night(), read)
        print(f"the state: {job.state.stat().st_size / 1e6:.0f} MB")


def recognized(number: int) -> None:
    """Print the same of later nights alone, at a state made from the source."""
    with _job(number) as job:
        job.write()
        job.make_state()
        made = shutil.copy(job.state, job.folder / "made.state")
        read = job.read()
        _line("reading alone", number, read, 0.0, read)
        _line("nothing changed", number, *job.night(), read)
        shutil.copy(made, job.state)
        job.write(_CHANGED)
        _line(f"1 of {_CHANGED} changed", number, *job.night(), read)


@contextmanager
def _job(number: int) -> Iterator[Job]:
    with tempfile.TemporaryDirectory() as name, sink() as base:
        bytecode = Path(name) / "bytecode"
        warm, job = (
            Job(Path(name) / kind, base, rows, bytecode)
            for kind, rows in (("warm", 10), ("measured", number))
        )
        for one in (warm, job):
            one.folder.mkdir()
            write_mapping(one.folder)
        warm.write()
        warm.read()
        warm.run("run", "--yes")  # the first ones compile the program
        warm.night()
        yield job


def _environment(job: Job) -> dict[str, str]:
    """Return variables for a command: like an installed program, it has its bytecode."""
    return {
        "INFLUENCERSOFT_API_KEY": "k",
        "BULK_IMPORT_LOCKS": str(job.folder),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(job.bytecode),
    }


def _rows(number: int, changed: int) -> Iterator[tuple[str, ...]]:
    for at, row in enumerate(rows(number)):
        yield (row[0], f"{row[1]}a", *row[2:]) if changed and at % changed == 0 else row


def _line(label: str, number: int, cost: Cost, disk: float, read: Cost) -> None:
    print(
        f"{number:9,} rows  {label:30}{cost.cpu_s:8.1f} s CPU{cost.cpu_s / read.cpu_s:7.1f} x reading"
        f"{cost.peak_mb:7.0f} MB{disk:8.1f} MB on disk{cost.wall_s:8.1f} s",
        flush=True,
    )

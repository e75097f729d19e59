"""Kill a nightly sync at random requests, let it go on, count on the server's side.

    python -m benchmarks.nights [--kills 100] [--rows 200]

Each night changes some contacts, some others leave the source and some of those that left return.
Whoever leaves gets a tag (``on_missing``). A night is killed after a random request, also while it
acts on those who left; then it is resumed, or a new night takes over, and that is killed as well, a
few times; the last one may end. Printed, and all must be 0:

    lost        contacts of the source for which the server has another value
    forgotten   contacts that left and did not get the tag in that night
    repeated    requests made twice, beyond those in flight at a kill; and requests of one more
                night, in which nothing is left to do
    dishonest   nights that ended with another exit code than 0
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import Request, read_contacts, read_requests

MAPPING = """version: 1
fields: {lead_email: E-mail, lead_first_name: Name}
on_missing: {add_tags: [gone]}
"""
_IN_FLIGHT = 4
_MOST_IN_A_ROW = 6
_DEADLINE_S = 300.0


@dataclass
class Count:
    """What was done, and what must all be zero."""

    kills: int = 0
    while_acting: int = 0
    nights: int = 0
    lost: int = 0
    forgotten: int = 0
    repeated: int = 0
    dishonest: int = 0

    @property
    def bad(self) -> int:
        return self.lost + self.forgotten + self.repeated + self.dishonest


@dataclass
class Job:
    """A nightly job, its account and the contacts of its source.

    Attributes:
        here: Contacts of the source: address -> name.
        away: Contacts that left.
    """

    folder: Path
    url: str
    database: Path
    chance: random.Random
    here: dict[str, str] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    started: int = 0

    def write(self, number: int) -> None:
        path = self.folder / "export.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["E-mail", "Name"], *sorted(self.here.items())])
        os.utime(path, (1_800_000_000 + number,) * 2)

    def change(self, number: int) -> set[str]:
        """Change some contacts; let some leave and others return. Returns those that left."""
        tenth = max(1, len(self.here) // 10)
        leaving = set(self.chance.sample(sorted(self.here), tenth))
        returning = self.chance.sample(sorted(self.away), min(len(self.away), tenth // 2))
        for email in returning:
            self.here[email] = self.away.pop(email)
        for email in leaving:
            self.away[email] = self.here.pop(email)
        for email in self.chance.sample(sorted(self.here), tenth):
            self.here[email] = f"v{number}"
        self.write(number)
        return leaving

    def command(self, resumed: Path | None) -> tuple[list[str], Path]:
        """Return a command for the next attempt, and its run folder."""
        self.started += 1
        run_dir = resumed or self.folder / f"run{self.started}"
        if resumed is not None:
            line = ["resume", str(resumed)]
        else:
            line = [
                "sync", str(self.folder / "export.csv"), "-m", str(self.folder / "m.yml"), "--state",
                str(self.folder / "job.state"), "--run-dir", str(run_dir), "--max-vanished", "1",
            ]  # fmt: skip
        return [sys.executable, "-m", "bulk_import", *line, "--endpoint", self.url, "--rate", "0",
                "--concurrency", str(_IN_FLIGHT), "--quiet", "--yes"], run_dir  # fmt: skip

    def attempt(self, resumed: Path | None, kill_after: int | None) -> tuple[int, Path]:
        """Make one attempt, or kill it after that number of requests: (exit code, run folder)."""
        command, run_dir = self.command(resumed)
        until = self.count() + (kill_after or 0)
        process = subprocess.Popen(
            command,
            env=os.environ
            | {
                "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
                "XDG_STATE_HOME": str(self.folder),
                "BULK_IMPORT_LOCKS": str(self.folder),
            },
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _DEADLINE_S
        while kill_after is not None and process.poll() is None:
            if self.count() > until or time.monotonic() > deadline:
                process.kill()
                break
            time.sleep(0.002)
        return process.wait(_DEADLINE_S), run_dir

    def count(self) -> int:
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            query = "select count(*) from request where method = 'addupdatelead'"
            return int(db.execute(query).fetchone()[0])

    def requests(self, first: int = 0) -> list[Request]:
        return [r for r in read_requests(self.database) if r.method == "addupdatelead"][first:]


def main() -> int:
    """Run nights until *kills* kills are made; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "m.yml").write_text(MAPPING)
        database = folder / "sandbox.sqlite3"
        server = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0", "--database", str(database),
             "--latency-ms", "5", "--jitter-ms", "5"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            job = Job(folder, url, database, random.Random(args.seed))
            job.here = {f"p{n}@example.org": "v0" for n in range(args.rows)}
            found = kill_nights(job, args.kills)
        finally:
            server.terminate()
            server.wait(10)
    print(found)
    return int(found.bad > 0)


def kill_nights(job: Job, kills: int) -> Count:
    """Kill nights until the wanted number of kills is reached."""
    total = Count()
    job.write(0)
    assert job.attempt(None, None)[0] == 0
    while total.kills < kills:
        total.nights += 1
        leaving = job.change(total.nights)
        first = job.count()
        made = _killed(job, total, min(_MOST_IN_A_ROW, kills - total.kills))
        _judge(job, total, leaving, job.requests(first), made)
        checked = job.count()
        total.dishonest += job.attempt(None, None)[0] != 0
        total.repeated += job.count() - checked
        print(total, flush=True)
    return total


def _killed(job: Job, total: Count, most: int) -> int:
    """Attempt a night until it ends, killed at most so often; return the number of kills."""
    expected = max(2, len(job.here) // 5)
    resumed: Path | None = None
    for made in range(most):
        before = job.count()
        code, run_dir = job.attempt(resumed, job.chance.randrange(expected))
        if code != -signal.SIGKILL:
            total.dishonest += code != 0
            return made
        total.kills += 1
        sent = job.requests(before)
        total.while_acting += bool(sent) and sent[-1].form.get("add_tags") == "gone"
        expected = max(2, expected - len(sent))
        is_there = (run_dir / "journal.sqlite3").exists()
        resumed = run_dir if is_there and job.chance.random() < 0.5 else None
    total.dishonest += job.attempt(resumed, None)[0] != 0
    return most


def _judge(job: Job, total: Count, leaving: set[str], requests: list[Request], kills: int) -> None:
    held = {one.email: one.fields.get("lead_first_name") for one in read_contacts(job.database)}
    total.lost += sum(held.get(email) != name for email, name in job.here.items())
    tagged = {r.email for r in requests if r.applied and r.form.get("add_tags") == "gone"}
    total.forgotten += len(leaving - tagged)
    sent = Counter(tuple(sorted(r.form.items())) for r in requests)
    total.repeated += max(0, sent.total() - len(sent) - _IN_FLIGHT * kills)


if __name__ == "__main__":
    sys.exit(main())

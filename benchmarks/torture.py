"""Kill a run at random instants, resume it to its end, count on the server's side.

    python -m benchmarks.torture [--kills 200] [--rows 2000]

Half of the rows have no e-mail, so that sending one twice would make a second contact; the sandbox
loses some answers. Every second file is read and judged by a second process meanwhile. Printed for each trial and in all: rows lost, confirmed rows sent again, rows
without e-mail sent twice, rows misreported, books not balanced. All must be 0.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import Request, read_requests

_LONG_NOTES = "x" * 2000  # every second file is long enough to be judged by a second process
MAPPING = """version: 1
fields: {lead_email: E-mail, lead_first_name: Name, lead_phone: {value: "+14155550123"}}
when: {no_email: create}
"""


@dataclass
class Tally:
    """What must all be zero, and what may not."""

    kills: int = 0
    lost: int = 0
    confirmed_again: int = 0
    bare_twice: int = 0
    misreported: int = 0
    unbalanced: int = 0
    unknown: int = 0

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def main() -> int:
    """Run trials until so many kills are made; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    total = Tally()
    trial = 0
    while total.kills < args.kills:
        trial += 1
        with tempfile.TemporaryDirectory() as name:
            notes = _LONG_NOTES if trial % 2 else ""
            kills = min(10, args.kills - total.kills)
            tally = one_trial(Path(name), args.rows, kills, chance, notes)
        print(f"trial {trial}: {tally}", flush=True)
        total.add(tally)
    print(f"in all: {total}")
    bad = total.lost + total.confirmed_again + total.bare_twice + total.misreported
    return 1 if bad + total.unbalanced else 0


def one_trial(folder: Path, rows: int, kills: int, chance: random.Random, notes: str) -> Tally:
    """One import, killed *kills* times and then finished."""
    write_source(folder / "contacts.csv", rows, notes)
    (folder / "mapping.yml").write_text(MAPPING, "utf-8")
    database = folder / "sandbox.sqlite3"
    server = subprocess.Popen(
        [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0", "--database", str(database),
         "--latency-ms", "3", "--jitter-ms", "5", "--lost", "0.003", "--error-500", "0.003"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout
    url = server.stdout.readline().strip()
    run = [sys.executable, "-m", "bulk_import", "run", str(folder / "contacts.csv"), "-m",
           str(folder / "mapping.yml"), "--run-dir", str(folder / "run"), "--endpoint", url,
           "--rate", "0", "--concurrency", "8", "--yes", "--json", "--quiet"]  # fmt: skip
    environment = os.environ | {
        "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
        "XDG_STATE_HOME": str(folder),
    }
    tally = Tally()
    confirmed: set[int] = set()
    confirmed_again = 0
    try:
        for _ in range(kills):
            process = subprocess.Popen(
                run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(chance.uniform(0.2, 1.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
            tally.kills += 1
            confirmed |= confirmed_rows(folder / "run")
        before = len(read_requests(database))
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
        summary = json.loads(done.stdout)
        names = {f"Person {seq}" for seq in confirmed}
        last = [r for r in read_requests(database)[before:] if r.method == "addupdatelead"]
        confirmed_again = sum(r.form.get("lead_first_name") in names for r in last)
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()
    requests = [r for r in read_requests(database) if r.method == "addupdatelead"]
    judge(tally, folder / "run", rows, requests)
    tally.confirmed_again = confirmed_again
    tally.unbalanced = int(not summary["balanced"] or sum(summary["counts"].values()) != rows)
    return tally


def judge(tally: Tally, run_dir: Path, rows: int, requests: list[Request]) -> None:
    """Compare the report with what the server saw."""
    sent = Counter(r.form["lead_first_name"] for r in requests)
    applied = Counter(r.form["lead_first_name"] for r in requests if r.applied)
    bare = {r.form["lead_first_name"] for r in requests if "lead_email" not in r.form}
    tally.bare_twice = sum(sent[name] - 1 for name in bare)
    with (run_dir / "report.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    tally.lost = rows - len(lines)
    for line in lines:
        name = f"Person {int(line['row']) - 1}"
        tally.unknown += line["status"] == "unknown"
        if line["status"] == "success" and not applied[name]:
            tally.misreported += 1
        if line["status"] in ("failed", "not_sent", "invalid") and applied[name]:
            tally.misreported += 1
        if line["status"] not in ("success", "unknown"):
            tally.lost += 1


def confirmed_rows(run_dir: Path) -> set[int]:
    """Rows that the journal held as accepted at the moment of the kill."""
    path = run_dir / "journal.sqlite3"
    if not path.exists():
        return set()
    db = sqlite3.connect(path)
    try:
        return {seq for (seq,) in db.execute("select seq from outcome where status = 'success'")}
    except sqlite3.OperationalError:  # killed before the tables were there
        return set()
    finally:
        db.close()


def write_source(path: Path, rows: int, notes: str) -> None:
    """Write contacts, every second one without e-mail, each with *notes* that nobody maps."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["E-mail", "Name", "Notes"])
        for number in range(1, rows + 1):
            email = f"p{number}@example.org" if number % 2 else ""
            writer.writerow([email, f"Person {number}", notes])


if __name__ == "__main__":
    sys.exit(main())

"""Kill a nightly sync at random instants, let the next one go on, count on the server's side.

    python -m benchmarks.nights [--kills 100] [--rows 400]

Each night changes a tenth of the rows. A killed night is followed by further attempts of the same
night, killed as well, and by one that may end. Printed: changes lost (the server has an old value),
changes repeated (a payload that an earlier attempt had confirmed was sent again), states that do
not say so. All must be 0.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import read_contacts, read_requests

MAPPING = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n"


def main() -> int:
    """Run nights until so many kills are made; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "m.yml").write_text(MAPPING)
        database = folder / "sandbox.sqlite3"
        server = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0", "--database", str(database),
             "--latency-ms", "5"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            return nights(folder, url, database, args.kills, args.rows, chance)
        finally:
            server.terminate()
            server.wait(10)


def nights(
    folder: Path, url: str, database: Path, kills: int, rows: int, chance: random.Random
) -> int:
    values = {f"p{n}@example.org": "v0" for n in range(rows)}
    write(folder, values, 0)
    assert night(folder, url, 0, None) == 0
    made = lost = repeated = dishonest = number = 0
    while made < kills:
        number += 1
        for email in chance.sample(sorted(values), rows // 10):
            values[email] = f"v{number}"
        write(folder, values, number)
        before = len(read_requests(database))
        attempt = 0
        while made < kills and attempt < 4:
            attempt += 1
            if (
                night(folder, url, number * 10 + attempt, chance.uniform(0.25, 1.1))
                != -signal.SIGKILL
            ):
                break
            made += 1
        code = night(folder, url, number * 10 + 9, None)
        dishonest += code != 0
        held = {
            contact.email: contact.fields["lead_first_name"] for contact in read_contacts(database)
        }
        lost += sum(held.get(email) != value for email, value in values.items())
        requests = read_requests(database)[before:]
        sent = [
            (r.email, r.form["lead_first_name"]) for r in requests if r.method == "addupdatelead"
        ]
        # Once more is right for a request whose answer the killed process may not have seen:
        # at most as many as were in flight (4) for every kill.
        repeated += max(0, len(sent) - len(set(sent)) - 4 * attempt)
        checked = len(read_requests(database))
        dishonest += night(folder, url, number * 10 + 8, None) != 0
        later = read_requests(database)[checked:]
        repeated += sum(r.method == "addupdatelead" for r in later)
    print(f"kills {made}, nights {number}: lost {lost}, repeated {repeated}, dishonest {dishonest}")
    return 1 if lost or repeated or dishonest else 0


def write(folder: Path, values: dict[str, str], number: int) -> None:
    path = folder / "export.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["E-mail", "Name"], *values.items()])
    os.utime(path, (1_800_000_000 + number,) * 2)


def night(folder: Path, url: str, number: int, kill_after_s: float | None) -> int:
    """Run one night, or kill it; return its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bulk_import", "sync", str(folder / "export.csv"), "-m", str(folder / "m.yml"),
         "--state", str(folder / "job.state"), "--endpoint", url, "--rate", "100", "--run-dir",
         str(folder / f"run{number}_{time.monotonic_ns()}"), "--quiet", "--yes"],
        env=os.environ | {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY, "XDG_STATE_HOME": str(folder)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if kill_after_s is not None:
        try:
            return process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(120)


if __name__ == "__main__":
    sys.exit(main())

"""Kill runs and nights, spoil what they leave, finish them, and count on the server's side.

    python -m benchmarks.torture [--kills 200] [--rows 2000] [--trials 50] [--kinds kills,lost,…]

Half of the rows have no e-mail, so that sending one twice would make a second contact; the sandbox
loses some answers. Kinds:

    kills     killed at random instants, ten times for each import, half of them while it sends; every second file is judged by
              a second process meanwhile
    lost      killed, and the journal's log is deleted
    cut       killed, and the log is cut at a random byte
    flipped   killed, and one bit of the log is flipped
    folder    the run folder is moved away during the run, and put back
    nights    a night is killed, then resumed or taken over by the next one
    report    `report` is called again and again while rows are being sent

Printed for each kind: rows lost, rows sent twice that must not be, rows misreported, row counts that
do not add up. All must be 0. Rows whose end is unknown are printed as well, and runs that refuse to
continue because the journal is damaged beyond reading: nothing is sent then, and they say so.
"""

from __future__ import annotations

import argparse
import contextlib
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import EXIT_STORAGE
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import Request, read_requests

_LONG_NOTES = "x" * 2000  # every second file is long enough to be judged by a second process
MAPPING = """version: 1
fields: {lead_email: E-mail, lead_first_name: Name, lead_phone: Phone}
when: {no_email: create}
"""
_FAULTS = ("--lost", "0.003", "--error-500", "0.003")
_ROWS = 300  # of a trial that ends with one kill
_DEADLINE_S = 120.0


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
    refused: int = 0

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def bad(self) -> int:
        doubled = self.confirmed_again + self.bare_twice
        return self.lost + doubled + self.misreported + self.unbalanced


class Stage:
    """A sandbox that outlives what is killed, and commands that send to it."""

    def __init__(self, folder: Path, faults: Sequence[str] = _FAULTS) -> None:
        self.folder = folder
        self.run_dir = folder / "run"
        self._database = folder / "sandbox.sqlite3"
        (folder / "mapping.yml").write_text(MAPPING, "utf-8")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0", "--database",
             str(self._database), "--latency-ms", "3", "--jitter-ms", "5", *faults],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._server.stdout
        self._url = self._server.stdout.readline().strip()
        self._environment = os.environ | {
            "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
            "XDG_STATE_HOME": str(folder),
            "BULK_IMPORT_LOCKS": str(folder),
        }

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.terminate()
        self._server.wait(60)
        assert self._server.stdout
        self._server.stdout.close()

    def command(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-m", "bulk_import", *map(str, args), "--endpoint", self._url,
                "--rate", "0", "--concurrency", "8", "--json", "--quiet", "--yes"]  # fmt: skip

    def run(self) -> list[str]:
        return self.command("run", self.folder / "contacts.csv", "-m", self.folder / "mapping.yml",
                            "--run-dir", self.run_dir)  # fmt: skip

    def sync(self, run_dir: Path) -> list[str]:
        return self.command("sync", self.folder / "contacts.csv", "-m", self.folder / "mapping.yml",
                            "--state", self.folder / "job.state", "--run-dir", run_dir,
                            "--max-changed", "1", "--max-blanked", "1")  # fmt: skip

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def finish(self, command: Sequence[str]) -> tuple[int, dict[str, object]]:
        """Run a command to its end: (exit code, its summary)."""
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}

    def report(self) -> None:
        """Write the reports of the run, whatever it is doing."""
        subprocess.run(
            [sys.executable, "-m", "bulk_import", "report", str(self.run_dir)],
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def requests(self) -> list[Request]:
        return [r for r in read_requests(self._database) if r.method == "addupdatelead"]

    def count(self) -> int:
        """Number of requests so far, without reading them."""
        with contextlib.closing(sqlite3.connect(self._database)) as db:
            try:
                return int(
                    db.execute(
                        "select count(*) from request where method = 'addupdatelead'"
                    ).fetchone()[0]
                )
            except sqlite3.OperationalError:
                return 0

    def wait_for(self, requests: int, process: subprocess.Popen[bytes]) -> bool:
        """Wait for that many requests; return whether they came and the process is still at work."""
        until = time.monotonic() + _DEADLINE_S
        while self.count() < requests and time.monotonic() < until:
            if process.poll() is not None:
                return False
            time.sleep(0.005)
        return process.poll() is None and self.count() >= requests

    def kill_at(self, requests: int, command: Sequence[str]) -> int:
        """Start a command and kill it after that number of requests; return the number of kills."""
        process = self.start(command)
        is_running = self.wait_for(requests, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return int(is_running)


Trial = Callable[[Path, random.Random, str], Tally]


def main() -> int:
    """Run the trials of each kind; return 1 if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=50, help="of each kind but the kills")
    parser.add_argument("--kinds", default=",".join(("kills", *KINDS)))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    totals = {}
    for kind in args.kinds.split(","):
        chance = random.Random(f"{kind} {args.seed}")
        if kind == "kills":
            totals[kind] = many_kills(args.kills, args.rows, chance)
        else:
            totals[kind] = repeated(kind, args.trials, chance)
    print("\nin all, by kind:")
    for kind, total in totals.items():
        print(f"  {kind:8} {total}")
    return int(any(total.bad for total in totals.values()))


def many_kills(kills: int, rows: int, chance: random.Random) -> Tally:
    total = Tally()
    trial = 0
    while total.kills < kills:
        trial += 1
        with tempfile.TemporaryDirectory() as name:
            notes = _LONG_NOTES if trial % 2 else ""
            tally = killed_often(Path(name), rows, min(10, kills - total.kills), chance, notes)
        print(f"kills, import {trial}: {tally}", flush=True)
        total.add(tally)
    return total


def repeated(kind: str, trials: int, chance: random.Random) -> Tally:
    total = Tally()
    for trial in range(1, trials + 1):
        with tempfile.TemporaryDirectory() as name:
            notes = 2 * _LONG_NOTES if trial % 2 else ""  # fewer rows than those of `kills`
            tally = KINDS[kind](Path(name), chance, notes)
        if tally.bad or trial % 10 == 0:
            print(f"{kind}, trial {trial}: {tally}", flush=True)
        total.add(tally)
    return total


def killed_often(folder: Path, rows: int, kills: int, chance: random.Random, notes: str) -> Tally:
    """One import, killed *kills* times and then finished."""
    write_source(folder / "contacts.csv", rows, notes)
    tally = Tally()
    confirmed: set[int] = set()
    with Stage(folder) as stage:
        for kill in range(kills):
            process = stage.start(stage.run())
            if kill % 2:  # while it sends, however slow the machine is
                stage.wait_for(stage.count() + chance.randrange(1, rows // kills), process)
            else:
                time.sleep(chance.uniform(0.2, 1.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
            tally.kills += 1
            confirmed |= confirmed_rows(stage.run_dir)
        before = len(stage.requests())
        _, summary = stage.finish(stage.run())
        names = {f"Person {seq}" for seq in confirmed}
        last = stage.requests()[before:]
        judge(tally, stage.run_dir, rows, stage.requests(), summary)
        tally.confirmed_again = sum(r.form.get("lead_first_name") in names for r in last)
    return tally


# -- the log ------------------------------------------------------------------------------------


def _lose(log: Path, _chance: random.Random) -> None:
    log.unlink(missing_ok=True)


def _cut(log: Path, chance: random.Random) -> None:
    content = log.read_bytes() if log.exists() else b""
    if content:
        log.write_bytes(content[: chance.randrange(len(content))])


def _flip(log: Path, chance: random.Random) -> None:
    content = bytearray(log.read_bytes() if log.exists() else b"")
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        log.write_bytes(content)


def spoiled(harm: Callable[[Path, random.Random], None]) -> Trial:
    """Return the trial of a run that is killed, and whose log is spoiled before it is continued."""

    def trial(folder: Path, chance: random.Random, notes: str) -> Tally:
        write_source(folder / "contacts.csv", _ROWS, notes)
        tally = Tally()
        with Stage(folder) as stage:
            tally.kills = stage.kill_at(chance.randrange(1, _ROWS - 60), stage.run())
            harm(stage.run_dir / "journal.sqlite3-wal", chance)
            before = stage.count()
            code, summary = stage.finish(stage.run())
            if code == EXIT_STORAGE:  # copied into the database in part when it was killed
                tally.refused = 1
                tally.bare_twice = stage.count() - before
                return tally
            judge(tally, stage.run_dir, _ROWS, stage.requests(), summary)
        return tally

    return trial


# -- the folder ---------------------------------------------------------------------------------


def moved_away(folder: Path, chance: random.Random, notes: str) -> Tally:
    """The run folder is moved during the run, and put back for the next."""
    write_source(folder / "contacts.csv", _ROWS, notes)
    tally = Tally()
    with Stage(folder) as stage:
        process = stage.start(stage.run())
        if stage.wait_for(chance.randrange(1, _ROWS - 50), process):
            stage.run_dir.rename(folder / "away")
            at = stage.count()
            code = process.wait()
            tally.kills = 1
            tally.misreported += code != 5
            # What was in flight, and what 10 ms more have begun.
            tally.lost += stage.count() - at > 60
            (folder / "away").rename(stage.run_dir)
        process.wait()
        _, summary = stage.finish(stage.run())
        judge(tally, stage.run_dir, _ROWS, stage.requests(), summary)
    return tally


# -- nights ---------------------------------------------------------------------------------------


def night_killed(folder: Path, chance: random.Random, _notes: str) -> Tally:
    """The second night is killed; it is resumed, or the third takes over; a last one sends nothing."""
    tally = Tally()
    with Stage(folder, faults=()) as stage:
        _write_night(folder / "contacts.csv", changed=False)
        stage.finish(stage.sync(folder / "one"))
        first = stage.count()
        _write_night(folder / "contacts.csv", changed=True)
        tally.kills = stage.kill_at(
            first + chance.randrange(_ROWS - 60), stage.sync(folder / "two")
        )
        is_resumed = chance.random() < 0.5 and (folder / "two" / "journal.sqlite3").exists()
        if is_resumed:
            _, summary = stage.finish(stage.command("resume", folder / "two"))
        else:
            _, summary = stage.finish(stage.sync(folder / "three"))
        before = stage.count()
        code, _ = stage.finish(stage.sync(folder / "four"))
        tally.lost += stage.count() - before + (code != 0)  # the state did not learn all of it
        tally.unbalanced = int(not summary.get("balanced"))
        _judge_night(tally, folder, stage.requests()[first:], is_resumed=is_resumed)
    return tally


def _write_night(path: Path, *, changed: bool) -> None:
    """Write contacts with an e-mail; in the second night all are changed, and others are new."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["E-mail", "Name", "Phone"])
        for number in range(1, _ROWS // 2 + 1):
            writer.writerow(
                [f"p{number}@example.org", f"{'New' if changed else 'Old'} {number}", ""]
            )
            if changed:
                writer.writerow(["", f"Bare {number}", f"+1415555{number:04}"])


def _judge_night(tally: Tally, folder: Path, requests: list[Request], *, is_resumed: bool) -> None:
    last = folder / ("two" if is_resumed else "three")
    sent = Counter(r.form["lead_first_name"] for r in requests)
    applied = {r.form["lead_first_name"] for r in requests if r.applied}
    tally.bare_twice = sum(n - 1 for name, n in sent.items() if name.startswith("Bare"))
    told = {line["row"]: line["status"] for line in read_lines(last / "report.csv")}
    unknown = {row for row, status in told.items() if status == "unknown"}
    for at in range(1, _ROWS // 2 + 1):
        tally.lost += f"New {at}" not in applied
        row = str(2 * at + 1)
        tally.lost += f"Bare {at}" not in applied and row not in unknown
        tally.misreported += told.get(row) == "success" and f"Bare {at}" not in applied
    tally.unknown = len(unknown)


# -- reports --------------------------------------------------------------------------------------


def reported_meanwhile(folder: Path, chance: random.Random, notes: str) -> Tally:
    """Every report that is written during the run is whole, and agrees with the server."""
    write_source(folder / "contacts.csv", _ROWS, notes)
    tally = Tally()
    with Stage(folder) as stage:
        process = stage.start(stage.run())
        for _ in range(chance.randrange(2, 5)):
            if not stage.wait_for(stage.count() + chance.randrange(1, 60), process):
                break
            before = {r.form["lead_first_name"] for r in stage.requests() if r.applied}
            stage.report()
            lines = read_lines(stage.run_dir / "report.csv")
            after = {r.form["lead_first_name"] for r in stage.requests() if r.applied}
            tally.kills += 1
            tally.misreported += len({line["row"] for line in lines}) != len(lines)
            if not notes:  # else some rows are still to be read
                tally.lost += len(lines) != _ROWS
            for line in lines:
                name = f"Person {int(line['row']) - 1}"
                tally.misreported += line["status"] == "success" and name not in after
                tally.misreported += line["status"] in ("not_sent", "failed") and name in before
        process.wait()
        _, summary = stage.finish(stage.run())
        judge(tally, stage.run_dir, _ROWS, stage.requests(), summary)
    return tally


KINDS: dict[str, Trial] = {
    "lost": spoiled(_lose),
    "cut": spoiled(_cut),
    "flipped": spoiled(_flip),
    "folder": moved_away,
    "nights": night_killed,
    "report": reported_meanwhile,
}


def judge(
    tally: Tally, run_dir: Path, rows: int, requests: list[Request], summary: dict[str, object]
) -> None:
    """Compare the report with what the server saw."""
    sent = Counter(r.form["lead_first_name"] for r in requests)
    applied = Counter(r.form["lead_first_name"] for r in requests if r.applied)
    bare = {r.form["lead_first_name"] for r in requests if "lead_email" not in r.form}
    tally.bare_twice += sum(sent[name] - 1 for name in bare)
    lines = list(read_lines(run_dir / "report.csv"))
    tally.lost += abs(rows - len(lines))
    for line in lines:
        name = f"Person {int(line['row']) - 1}"
        tally.unknown += line["status"] == "unknown"
        if line["status"] == "success" and not applied[name]:
            tally.misreported += 1
        if line["status"] in ("failed", "not_sent", "invalid") and applied[name]:
            tally.misreported += 1
        if line["status"] not in ("success", "unknown"):
            tally.lost += 1
    counts = summary.get("counts")
    is_whole = isinstance(counts, dict) and sum(counts.values()) == rows
    tally.unbalanced += int(not (summary.get("balanced") and is_whole))


def read_lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def confirmed_rows(run_dir: Path) -> set[int]:
    """Rows that the journal held as accepted at the moment of the kill."""
    path = run_dir / "journal.sqlite3"
    if not path.exists():
        return set()
    db = sqlite3.connect(path)
    try:
        return {seq for (seq,) in db.execute("select seq from ended where status = 'success'")}
    except sqlite3.OperationalError:  # killed before the tables were there
        return set()
    finally:
        db.close()


def write_source(path: Path, rows: int, notes: str) -> None:
    """Write contacts, every second one without e-mail, each with *notes* that nobody maps."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["E-mail", "Name", "Phone", "Notes"])
        for number in range(1, rows + 1):
            email = f"p{number}@example.org" if number % 2 else ""
            writer.writerow([email, f"Person {number}", f"+1415555{number:04}", notes])


if __name__ == "__main__":
    sys.exit(main())

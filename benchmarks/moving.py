"""Kill programs that move data into the API, run them again, and count on the server's side.

    python -m benchmarks.moving [--rows 2000] [--kills 3] [--trials 5] [--movers dlt,plain,plain-10,singer]

    dlt       a dlt pipeline from DuckDB with `bulk_import.destinations.dlt`
    plain     the same pipeline with a destination of its own that posts each row of a batch
    plain-10  likewise, with dlt's default of ten rows to a batch

Half of the rows have no e-mail: sending one twice makes a second contact. Printed for each: rows that
never arrived and are not reported as unknown; second contacts; rows that a report says arrived and did not, or the reverse; rows with
an e-mail that were sent again (an update, which changes nothing); rows reported as unknown.
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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import read_requests

MAPPING = {
    "version": "1",
    "fields": {"lead_email": "email", "lead_first_name": "name", "lead_phone": "phone"},
    "when": {"no_email": "create"},
}
BATCH = 500
_ENVIRONMENT = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}


@dataclass
class Counted:
    """What the server saw, against what the program says."""

    lost: int = 0
    second: int = 0
    misreported: int = 0
    again: int = 0
    unknown: int = 0

    def add(self, other: Counted) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


# -- what is killed -------------------------------------------------------------------------------


def people(rows: int) -> list[tuple[str, str, str]]:
    """(email, name, phone): every second row has no e-mail."""
    return [
        ("" if at % 2 else f"p{at}@example.org", f"Person {at:05}", f"+1212555{2000 + at % 8000}")
        for at in range(rows)
    ]


def move(mover: str, folder: Path, url: str) -> None:
    """Run the pipeline once, to its end."""
    import dlt
    import duckdb

    @dlt.resource(name="contacts", write_disposition="append")
    def rows() -> Iterator[list[dict[str, Any]]]:
        with duckdb.connect(str(folder / "source.duckdb"), read_only=True) as database:
            found = database.execute("select email, name, phone from contacts order by name")
            while chunk := found.fetchmany(1000):
                yield [dict(zip(("email", "name", "phone"), row, strict=True)) for row in chunk]

    pipeline = dlt.pipeline(
        "moving", destination=_destination(mover, folder, url), dataset_name="crm",
        pipelines_dir=str(folder / "pipelines"),
    )  # fmt: skip
    pipeline.run(rows())


def _destination(mover: str, folder: Path, url: str) -> Any:
    if mover == "dlt":
        from bulk_import import Settings
        from bulk_import.destinations.dlt import contacts

        settings = Settings(endpoint=url, api_key=DEFAULT_KEY, rate=0, concurrency=8)
        return contacts(MAPPING, settings, runs=folder / "runs", batch_size=BATCH)
    return _plain(url, batch_size=10 if mover == "plain-10" else BATCH)


def _plain(url: str, *, batch_size: int) -> Any:
    """What people write: post each row of the batch, a few at a time, repeat what fails."""
    from concurrent.futures import ThreadPoolExecutor

    import dlt
    import requests
    from tenacity import retry, stop_after_attempt, wait_exponential

    session = requests.Session()

    @retry(stop=stop_after_attempt(5), wait=wait_exponential(max=5))
    def post(row: dict[str, Any]) -> None:
        form = {
            "rpsKey": DEFAULT_KEY, "lead_email": row["email"], "lead_first_name": row["name"],
            "lead_phone": row["phone"],
        }  # fmt: skip
        sent = {name: value for name, value in form.items() if value}
        answer = session.post(f"{url}/api/addupdatelead", data=sent, timeout=30)
        answer.raise_for_status()
        if int(answer.json()["error_code"]):
            raise ValueError(answer.text)

    @dlt.destination(batch_size=batch_size, name="plain")
    def plain(items: Any, table: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(post, items))

    return plain()


# -- what kills and counts ------------------------------------------------------------------------


def trial(mover: str, folder: Path, url: str, database: Path, *, rows: int, kills: int) -> Counted:
    """Move *rows*, killed *kills* times at random instants, then to the end; count.

    Args:
        url, database: Of a sandbox that was sent nothing yet, and that outlives the kills.
    """
    import duckdb

    with duckdb.connect(str(folder / "source.duckdb")) as made:
        made.execute("create table contacts (email text, name text, phone text)")
        made.executemany("insert into contacts values (?, ?, ?)", people(rows))
    command = [sys.executable, "-m", "benchmarks.moving", "--run", mover, str(folder), url]
    environment = os.environ | _ENVIRONMENT
    marks = sorted(random.sample(range(rows // 20, rows - rows // 20), kills))
    for mark in marks:
        process = subprocess.Popen(command, env=environment)
        _wait_for(database, mark, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, env=environment, check=True)
    return count(folder, database, rows)


def _wait_for(database: Path, requests: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while len(_names(database)) < requests and process.poll() is None:
        if time.monotonic() > deadline:
            raise TimeoutError("the pipeline does not get going")
        time.sleep(0.02)


def _names(database: Path) -> list[str]:
    return [
        request.form["lead_first_name"]
        for request in read_requests(database)
        if request.method == "addupdatelead"
    ]


def count(folder: Path, database: Path, rows: int) -> Counted:
    """Compare what the server saw with the reports in *folder*, if there are any."""
    arrived = Counter(_names(database))
    reported = list(_reported(folder))
    unknown = {name for status, name in reported if status == "unknown"}
    counted = Counted(unknown=len(unknown))
    for email, name, _ in people(rows):
        counted.lost += name not in arrived and name not in unknown
        counted.second += max(arrived[name] - 1, 0) if not email else 0
        counted.again += max(arrived[name] - 1, 0) if email else 0
    for status, name in reported:
        counted.misreported += status == "success" and name not in arrived
        counted.misreported += status in ("failed", "not_sent", "invalid") and name in arrived
    return counted


def _reported(folder: Path) -> Iterator[tuple[str, str]]:
    """(status, name) of every row of every batch."""
    import orjson

    for report in sorted((folder / "runs").glob("*/report.csv")):
        lines = report.parent.with_name(f"{report.parent.name}.jsonl").read_bytes().splitlines()
        with report.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                yield line["status"], orjson.loads(lines[int(line["row"]) - 1])["name"]


def main(args: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--run", nargs=3, metavar=("MOVER", "FOLDER", "URL"), help=argparse.SUPPRESS
    )
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--movers", default="dlt,plain,plain-10")
    given = parser.parse_args(args)
    if given.run:
        mover, folder, url = given.run
        move(mover, Path(folder), url)
        return
    from tests.children import Served

    for mover in given.movers.split(","):
        total = Counted()
        for _ in range(given.trials):
            with tempfile.TemporaryDirectory() as name, Served(Path(name), latency_ms=10) as server:
                total.add(
                    trial(
                        mover,
                        Path(name),
                        server.url,
                        server.database,
                        rows=given.rows,
                        kills=given.kills,
                    )
                )
        print(
            mover,
            f"{given.trials} x {given.rows} rows, {given.kills} kills each:",
            vars(total),
            flush=True,
        )


if __name__ == "__main__":
    main()

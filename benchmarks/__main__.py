"""End to end against a bare loop: the same bodies, the same concurrency, the same sink.

    python -m benchmarks [--rows 10000] [--rounds 3]

The sink is the smallest HTTP server that we can make on uvloop, in a process of its own. The bare
loop posts bodies that are encoded beforehand and reads the answers; the import reads a CSV, maps,
normalizes, journals, delivers and reports. Machines are shared and noisy: read the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from bulk_import import Settings, import_file
from bulk_import.api.form import encode
from bulk_import.redact import Secret

MAPPING = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: {column: Phone, region_from: Country}
  lead_shipping_country_code: Country
  lead_utc: Zone
  add_tags: {column: Tags, separator: ";"}
"""


async def bare(url: str, bodies: list[bytes], concurrency: int) -> None:
    """Post *bodies*, read the answers, nothing else."""
    supply = iter(bodies)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), headers=headers
    ) as session:

        async def work() -> None:
            for body in supply:
                async with session.post(url, data=body) as response:
                    await response.read()

        await asyncio.gather(*(work() for _ in range(concurrency)))


def main() -> None:
    """Alternate both, print the medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=32)
    args = parser.parse_args()
    sink = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout
    base = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
    bare_s, import_s = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies = write_source(folder, args.rows)
        for number in range(args.rounds):
            wall, cpu = timed(
                lambda: uvloop.run(bare(f"{base}/api/addupdatelead", bodies, args.concurrency))
            )
            bare_s.append((wall, cpu))
            settings = Settings(
                endpoint=base, api_key=Secret("k"), rate=0, concurrency=args.concurrency,
                preflight=False, run_dir=folder / f"run{number}",
            )  # fmt: skip
            wall, cpu = timed(
                lambda settings=settings: import_file(folder / "c.csv", folder / "m.yml", settings)
            )
            import_s.append((wall, cpu))
    sink.terminate()
    for label, times in (("bare loop", bare_s), ("import", import_s)):
        wall, cpu = (statistics.median(part) for part in zip(*times, strict=True))
        print(
            f"{label:<10} {args.rows / wall:8,.0f} rows/s   {cpu / args.rows * 1000:6.3f} CPU s per 1,000 rows"
        )
    ratio = statistics.median(b[0] / i[0] for b, i in zip(bare_s, import_s, strict=True))
    print(f"import / bare loop, median of {args.rounds} alternating rounds: {ratio:.2f}")


def timed(work) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Run *work*: (wall seconds, CPU seconds of this process)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    work()
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    return wall, after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime


def write_source(folder: Path, rows: int) -> list[bytes]:
    """Write a CSV and its mapping; return the bodies that it comes to, for the bare loop."""
    (folder / "m.yml").write_text(MAPPING, "utf-8")
    bodies = []
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["E-mail", "Name", "Phone", "Country", "Zone", "Tags"])
        for n in range(rows):
            phone = f"(415) 555-{n % 10000:04d}"
            writer.writerow(
                [f"p{n}@example.org", f"Person {n}", phone, "United States", "-8", "vip; new"]
            )
            bodies.append(
                encode(
                    [("add_tags", "vip,new"), ("lead_email", f"p{n}@example.org"), ("lead_first_name", f"Person {n}"),
                     ("lead_phone", f"+1415555{n % 10000:04d}"), ("lead_utc", "-08"),
                     ("lead_shipping_country_code", "US"), ("rpsKey", "k")]
                )
            )  # fmt: skip
    return bodies


if __name__ == "__main__":
    main()

"""The whole import against a bare loop, and against the scripts that people write.

The bare loop posts bodies that are encoded beforehand and reads the answers, nothing else; the
import reads a CSV, maps, normalizes, journals, delivers and reports. Same sink, same concurrency.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import statistics
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import aiohttp
import uvloop

from benchmarks import rivals
from benchmarks.measuring import here_cost, sink
from bulk_import import Settings, import_file
from bulk_import.api.form import encode
from bulk_import.system.secrets import Secret

CONCURRENCY = 32
MAPPING = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: {column: Phone, region_from: Country}
  lead_shipping_country_code: Country
  lead_utc: Zone
  add_tags: {column: Tags, separator: ";"}
"""


def main(rows: int, rounds: int) -> None:
    """Alternate all of them, print the medians and the ratios."""
    with sink() as base, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies = write_source(folder, rows)
        # The slower ones get fewer rows, and none of them gains by more.
        fewer = {share: _head(folder, rows // share) for share in (5, 25)}
        report = folder / "rival.csv"
        number = iter(range(10**6))
        works: dict[str, tuple[int, Callable[[], object]]] = {
            "bare loop": (
                rows, lambda: uvloop.run(bare(base + rivals.PATH, bodies, CONCURRENCY)),
            ),
            "import": (rows, lambda: _import(base, folder, rows, next(number))),
            "aiohttp + tenacity": (
                rows // 5, lambda: rivals.aiohttp_tenacity(base, fewer[5], report, CONCURRENCY),
            ),
            "pandas + requests, threads": (
                rows // 25, lambda: rivals.threads(base, fewer[25], report, CONCURRENCY),
            ),
            "pandas + requests, a loop": (
                rows // 25, lambda: rivals.plain_loop(base, fewer[25], report, 1),
            ),
        }  # fmt: skip
        costs: dict[str, list[tuple[float, float]]] = {label: [] for label in works}
        for _ in range(rounds):
            for label, (count, work) in works.items():
                wall, cpu = here_cost(work)
                costs[label].append((wall / count, cpu / count))
    print(f"{rows:,} rows; medians of {rounds} rounds, the ratios within each; sink: {_sink()}")
    print(
        f"{'':28}{'rows/s':>10}{'CPU s per 1,000 rows':>22}{'x bare':>8}{'CPU x':>7}{'x import':>10}"
    )
    for label, found in costs.items():
        wall, cpu = (statistics.median(part) for part in zip(*found, strict=True))
        to_bare, to_import = (
            statistics.median(o[0] / f[0] for o, f in zip(costs[other], found, strict=True))
            for other in ("bare loop", "import")
        )
        more_cpu = statistics.median(
            f[1] / o[1] for o, f in zip(costs["bare loop"], found, strict=True)
        )
        print(
            f"{label:28}{1 / wall:10,.0f}{cpu * 1000:22.3f}{to_bare:8.2f}{more_cpu:7.2f}{to_import:10.2f}"
        )


def _import(base: str, folder: Path, rows: int, number: int) -> None:
    summary = import_file(
        folder / "c.csv", folder / "m.yml", settings(base, folder / f"run{number}")
    )
    assert summary.counts["success"] == rows, summary


def _head(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    with (folder / "c.csv").open("rb") as whole, path.open("wb") as head:
        head.writelines(islice(whole, rows + 1))
    return path


def _sink() -> str:
    return "nginx" if shutil.which("nginx") else "benchmarks/sink.py"


def settings(base: str, run_dir: Path, **options: object) -> Settings:
    """As fast as it goes, without questions to the account."""
    return Settings(
        endpoint=base, api_key=Secret("k"), run_dir=run_dir, preflight=False,
        **{"rate": 0, "concurrency": CONCURRENCY} | options,  # type: ignore[arg-type]
    )  # fmt: skip


async def bare(url: str, bodies: list[bytes], concurrency: int) -> None:
    """Post *bodies*, read the answers."""
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

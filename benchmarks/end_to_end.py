"""The whole import against a bare loop, and against the scripts that people write.

The bare loop posts bodies that are encoded beforehand and reads the answers, nothing else; the
import reads a CSV, maps, normalizes, journals, delivers and reports. Same sink, same concurrency.
"""

from __future__ import annotations

import asyncio
import csv
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
import uvloop

from benchmarks import rivals
from benchmarks.measuring import here_cost, sink
from bulk_import import Settings, import_file
from bulk_import.api.form import encode
from bulk_import.redact import Secret

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
        source, report = folder / "c.csv", folder / "rival.csv"
        number = iter(range(10**6))
        works: dict[str, Callable[[], object]] = {
            "bare loop": lambda: uvloop.run(bare(base + rivals.PATH, bodies, CONCURRENCY)),
            "import": lambda: import_file(
                source, folder / "m.yml", settings(base, folder / f"run{next(number)}")
            ),
            "aiohttp + tenacity": lambda: rivals.aiohttp_tenacity(
                base, source, report, CONCURRENCY
            ),
            "pandas + requests, threads": lambda: rivals.threads(base, source, report, CONCURRENCY),
            "pandas + requests, a loop": lambda: rivals.plain_loop(base, source, report, 1),
        }
        costs: dict[str, list[tuple[float, float]]] = {label: [] for label in works}
        for _ in range(rounds):
            for label, work in works.items():
                costs[label].append(here_cost(work))
    print(f"{'':28}{'rows/s':>10}{'CPU s per 1,000 rows':>22}{'x bare':>8}{'x import':>10}")
    for label, found in costs.items():
        wall, cpu = (statistics.median(part) for part in zip(*found, strict=True))
        to_bare, to_import = (
            statistics.median(o[0] / f[0] for o, f in zip(costs[other], found, strict=True))
            for other in ("bare loop", "import")
        )
        print(
            f"{label:28}{rows / wall:10,.0f}{cpu / rows * 1000:22.3f}{to_bare:8.2f}{to_import:10.2f}"
        )


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

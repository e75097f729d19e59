"""Parts of a run by themselves: sending alone by both ways, and judging by one process and several."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from functools import partial
from pathlib import Path

import uvloop

from benchmarks import rivals
from benchmarks.end_to_end import CONCURRENCY, bare, settings, write_source
from benchmarks.files import write_csv, write_mapping
from benchmarks.measuring import here_cost, sink
from bulk_import import check_file
from bulk_import.api.client import Client
from bulk_import.system.interpreters import processors

_KEY = b"&rpsKey=k"


def sending(rows: int, rounds: int) -> None:
    """The client without journal and rows, by both ways, beside the bare loop."""
    ratios: dict[str, list[tuple[float, float]]] = {"direct": [], "session": []}
    with sink() as base, tempfile.TemporaryDirectory() as name:
        bodies = write_source(Path(name), rows)
        for _ in range(rounds):
            wall, cpu = here_cost(lambda: uvloop.run(bare(base + rivals.PATH, bodies, CONCURRENCY)))
            for way, found in ratios.items():
                took = here_cost(lambda way=way: uvloop.run(_send(base, bodies, way)))
                found.append((wall / took[0], took[1] / cpu))
    print(f"{rows:,} requests, {CONCURRENCY} in flight; medians of {rounds} alternating rounds")
    print(f"{'way':10}{'of the bare loop':>18}{'CPU of it':>11}")
    for way, found in ratios.items():
        speed, cpu = (statistics.median(part) for part in zip(*found, strict=True))
        print(f"{way:10}{speed:18.2f}{cpu:11.2f}")


async def _send(base: str, bodies: list[bytes], way: str) -> None:
    async with Client.connect(settings(base, Path("unused"), send_by=way)) as client:
        supply = iter(bodies)

        async def work() -> None:
            for body in supply:
                await client.send(body.removesuffix(_KEY), repeatable=True)

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


def judging(rows: int, rounds: int) -> None:
    """`check` of six columns and of twelve, by one process and by one per processor."""
    print(f"{rows:,} rows; medians of {rounds} alternating rounds; {processors()} processors")
    print(f"{'columns':>8}{'workers':>9}{'µs of CPU a row':>17}{'rows/s':>10}{'x one':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_source(folder, rows)
        works = {6: (folder / "c.csv", folder / "m.yml")}
        twelve = folder / "twelve"
        twelve.mkdir()
        works[12] = (write_csv(twelve / "c.csv", rows), write_mapping(twelve))
        for columns, (source, mapping) in works.items():
            costs: dict[int, list[tuple[float, float]]] = {1: [], max(2, processors()): []}
            for _ in range(rounds):
                for workers, found in costs.items():
                    found.append(here_cost(partial(check_file, source, mapping, workers=workers)))
            one = statistics.median(wall for wall, _ in costs[1])
            for workers, found in costs.items():
                wall, cpu = (statistics.median(part) for part in zip(*found, strict=True))
                print(
                    f"{columns:8}{workers:9}{cpu / rows * 1e6:17.1f}{rows / wall:10,.0f}{one / wall:8.2f}",
                    flush=True,
                )

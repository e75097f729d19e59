"""Parts of a run by themselves: sending alone by both ways, and judging by one process and several."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
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
    """`check` of six columns and of twelve: by one process, by one per processor, and side by side.

    Side by side, as many processes as there are processors each check the whole file by themselves:
    more than that no way of sharing the work can reach.
    """
    many = max(2, processors())
    print(f"{rows:,} rows; medians of {rounds} alternating rounds; {processors()} processors")
    print(f"{'columns':>8}{'workers':>14}{'µs of CPU a row':>17}{'rows/s':>10}{'x one':>8}")
    with tempfile.TemporaryDirectory() as name, _alone(many) as alone:
        folder = Path(name)
        write_source(folder, rows)
        works = {6: (folder / "c.csv", folder / "m.yml")}
        twelve = folder / "twelve"
        twelve.mkdir()
        works[12] = (write_csv(twelve / "c.csv", rows), write_mapping(twelve))
        for columns, (source, mapping) in works.items():
            ways: dict[str, Callable[[], tuple[float, float]]] = {
                "1": partial(here_cost, partial(check_file, source, mapping, workers=1)),
                str(many): partial(here_cost, partial(check_file, source, mapping, workers=many)),
                "side by side": partial(_side_by_side, alone, many, source, mapping),
            }
            found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            for _ in range(rounds):
                for way, work in ways.items():
                    found[way].append(work())
            for way, costs in found.items():
                wall, cpu = (statistics.median(part) for part in zip(*costs, strict=True))
                pairs = zip(found["1"], costs, strict=True)
                ratio = statistics.median(one / other for (one, _), (other, _) in pairs)
                print(
                    f"{columns:8}{way:>14}{cpu / rows * 1e6:17.1f}{rows / wall:10,.0f}{ratio:8.2f}",
                    flush=True,
                )


@contextmanager
def _alone(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that have imported what checks a file."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_imported) as pool:
        wait([pool.submit(time.sleep, 0.5) for _ in range(processes)])
        yield pool


def _imported() -> None:
    """Do nothing: this module has imported what it takes."""


def _check_alone(source: Path, mapping: Path) -> float:
    """Check a file in this process; return the CPU seconds."""
    return here_cost(partial(check_file, source, mapping, workers=1))[1]


def _side_by_side(
    pool: ProcessPoolExecutor, processes: int, source: Path, mapping: Path
) -> tuple[float, float]:
    """Return (wall seconds of each of several checks at once, CPU seconds of one), per file."""
    began = time.perf_counter()
    checks = [pool.submit(_check_alone, source, mapping) for _ in range(processes)]
    cpu = [check.result() for check in checks]
    return (time.perf_counter() - began) / processes, statistics.mean(cpu)

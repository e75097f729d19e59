"""What a run reaches where the wire or the pace is the limit: of what the latency allows, of the rate.

Rows go out between the first and the last request that the server sees; start-up and reports are
measured elsewhere.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from benchmarks import rivals
from benchmarks.end_to_end import bare, settings, write_source
from benchmarks.measuring import sink
from benchmarks.sink import ANSWER
from bulk_import import import_file, import_file_async
from bulk_import.delivery.pace import CATCH_UP_S
from bulk_import.mapping.loading import load_mapping
from bulk_import.run.sending import Sending

_SECONDS = 4  # that each measurement sends for


def latency(rounds: int) -> None:
    """Rows a second, against concurrency divided by the server's latency; the bare loop beside it."""
    print(f"medians of {rounds} alternating rounds of {_SECONDS} s, start and end included")
    print(
        f"{'latency':>10}{'concurrency':>13}{'rows/s':>9}{'of what is possible':>21}{'bare loop':>11}"
    )
    for latency_ms in (50, 200):
        with sink(latency_ms) as base:
            for concurrency in (10, 50, 200):
                possible = concurrency * 1000 / latency_ms
                rows = int(possible * _SECONDS)
                bare_s, took = [], []
                for _ in range(rounds):
                    bare_s.append(_bare_s(base, rows, concurrency))
                    took.append(_sending_s(base, rows, concurrency))
                reached = rows / statistics.median(took)
                bare_reached = rows / statistics.median(bare_s)
                print(
                    f"{latency_ms:>7} ms{concurrency:13}{reached:9,.0f}{reached / possible:21.3f}"
                    f"{bare_reached / possible:11.3f}",
                    flush=True,
                )


def _bare_s(base: str, rows: int, concurrency: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        bodies = write_source(Path(name), rows)
    began = time.perf_counter()
    uvloop.run(bare(base + rivals.PATH, bodies, concurrency))
    return time.perf_counter() - began


def _sending_s(base: str, rows: int, concurrency: int) -> float:
    """Seconds from the first request to the end of the last row."""
    took = []
    deliver: Callable[..., Awaitable[None]] = Sending._deliver

    async def watched(*args: Any) -> None:
        began = asyncio.get_running_loop().time()
        await deliver(*args)
        took.append(asyncio.get_running_loop().time() - began)

    Sending._deliver = watched  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_source(folder, rows)
            # Read first: what the other process needs to start is measured end to end.
            chosen = settings(base, folder / "run", concurrency=concurrency, read_ahead_bytes=-1)
            import_file(folder / "c.csv", folder / "m.yml", chosen)
    finally:
        Sending._deliver = deliver  # type: ignore[method-assign]
    return took[0]


def pace() -> None:
    """Achieved against asked, and the fullest second against the documented burst."""
    print(f"{'--rate':>8}{'achieved/asked':>16}{'fullest second':>16}{'allowed':>9}")
    for rate in (2, 20, 200, 1000):
        rows = max(20, rate * _SECONDS)
        at = asyncio.run(_arrivals(rate, rows))
        achieved = (len(at) - 1) / (at[-1] - at[0])
        fullest = max(bisect_left(at, moment + 1) - n for n, moment in enumerate(at))
        allowed = rate + rate * CATCH_UP_S + 1
        print(f"{rate:8}{achieved / rate:16.3f}{fullest:16}{allowed:9.0f}")


async def _arrivals(rate: float, rows: int) -> list[float]:
    """When the requests of a run came in."""
    at: list[float] = []
    loop = asyncio.get_running_loop()

    async def answer(request: web.Request) -> web.Response:
        at.append(loop.time())
        await request.read()
        return web.Response(body=ANSWER)

    app = web.Application()
    app.router.add_post("/api/{method}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_source(folder, rows)
            await import_file_async(
                folder / "c.csv",
                load_mapping(folder / "m.yml"),
                settings(f"http://127.0.0.1:{port}", folder / "run", rate=rate),
            )
    finally:
        await runner.cleanup()
    return sorted(at)

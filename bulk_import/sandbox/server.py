"""The sandbox as a process of its own: for people, and for harnesses that kill things."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.faults import FaultPlan, Faults


def run_sandbox(
    *,
    port: int,
    key: str,
    database: Path | None,
    faults: Faults,
    plan: FaultPlan | None = None,
    ready: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        port: 0 = any free one.
        database: Where contacts are kept; ``None`` = in memory.
        plan: Faults of chosen contacts and attempts.
        ready: Told the base URL once it answers.

    Raises:
        OSError: The port is taken.
    """

    async def serve() -> None:
        sandbox = Sandbox(key=key, faults=faults, plan=plan, database=database)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            ready(await sandbox.start(port))
            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(NotImplementedError):  # Windows
                    loop.add_signal_handler(number, stop.set)
            await stop.wait()
        finally:
            await sandbox.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())

"""The program as a process of its own, and a sandbox that outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bulk_import.sandbox.app import DEFAULT_KEY, Sandbox
from bulk_import.sandbox.contacts import read_requests
from bulk_import.sandbox.faults import Faults

# Each takes the time of whole processes: one signal is enough for the quick tests.
BOTH = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
ENVIRONMENT = {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY}


class Served:
    """A sandbox in a thread of its own; what it was sent is read from its file."""

    def __init__(self, folder: Path, **faults: float) -> None:
        self.database = folder / "sandbox.sqlite3"
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(Faults(**faults))))
        self._thread.start()
        assert self._ready.wait(30), "the sandbox does not start"

    async def _serve(self, faults: Faults) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        async with Sandbox(faults=faults, database=self.database) as sandbox:
            self.url = sandbox.url
            self._ready.set()
            await self._done.wait()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(30)

    def sent(self) -> list:
        return [r for r in read_requests(self.database) if r.method == "addupdatelead"]

    def wait_for(self, requests: int) -> None:
        wait_for(lambda: len(self.sent()) >= requests, "the run does not get going")


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def start(*args: str | Path, url: str, asks: bool = False, **options) -> subprocess.Popen[str]:
    """Start the program; *options* are those of ``Popen``, ``env`` in addition to ours.

    Args:
        asks: Whether it may ask before it sends. Otherwise it is given ``--yes``.
    """
    args = args if asks else (*args, "--yes")
    environment = os.environ | ENVIRONMENT | options.pop("env", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(
        [sys.executable, "-m", "bulk_import", *map(str, args), "--endpoint", url, "--rate", "0"],
        env=environment, text=True, **pipes,
    )  # fmt: skip


def finish(*args: str | Path, url: str, **options) -> tuple[int, str, str]:
    """Run the program to its end: (exit code, stdout, stderr)."""
    process = start(*args, url=url, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def interrupted(process: subprocess.Popen[str], number: int, code: int) -> tuple[str, str]:
    """Send the signal; the process must end soon, with that code and without a traceback."""
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err

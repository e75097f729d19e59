"""Runs pytest once for each request, each time in a fork of a process that has imported the slow libraries.

A line of JSON on stdin is an order: ``arguments`` of pytest, the file for its ``output``, and ``seconds`` after which it is
killed. The answer is a line with its exit code, -1 if it was killed. Nothing of the project is imported here: each fork
imports it as it is on the disk.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback

NOT_RUN = 70  # the exit code of a fork in which pytest itself failed
SLOW = (
    "aiohttp.web", "aioresponses", "hypothesis.strategies", "jinja2", "numpy", "openpyxl", "pandas", "phonenumbers",
    "prometheus_client", "pydantic", "pytest", "ruamel.yaml", "tenacity", "xlsxwriter", "yaml",
)  # fmt: skip


def main() -> None:
    """Serve until stdin ends."""
    for name in SLOW:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _run(order["arguments"], order["output"])
        print(_ended(child, order["seconds"]), flush=True)


def _run(arguments: list[str], output: str) -> None:
    import pytest

    code = NOT_RUN
    try:
        os.setsid()
        handle = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(handle, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = int(pytest.main(arguments))
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - said, and the fork must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(code)


def _ended(child: int, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return abs(os.waitstatus_to_exitcode(status))
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


if __name__ == "__main__":
    main()

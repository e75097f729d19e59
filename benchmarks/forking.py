"""Runs pytest once for each request, each time in a fork of a process that has imported the slow libraries.

``--orders R,W`` names two pipes. A line of JSON on the first is an order: ``arguments`` of pytest, the file for its ``output``,
and ``seconds`` after which it is killed. The answer is a line with its exit code, -1 if it was killed. Nothing of the project is imported here: each fork
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
    """Serve until the pipe ends."""
    incoming, outgoing = map(int, sys.argv[-1].split(","))
    for pipe in (incoming, outgoing):
        os.set_inheritable(pipe, False)  # noqa: FBT003 - takes no names
    for name in SLOW:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with open(incoming) as lines:  # noqa: PTH123 - a pipe
        for line in lines:
            order = json.loads(line)
            child = os.fork()
            if not child:
                _run(order["arguments"], order["output"])
            os.write(outgoing, f"{ended(child, order['seconds'])}\n".encode())


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


def ended(child: int, seconds: float) -> int:
    """Wait for a fork that leads a group of processes; kill the group after some seconds.

    Returns:
        The exit code, the number of the signal that ended it, or -1 if it was killed here.
    """
    deadline = time.monotonic() + seconds
    wait_s = 0.002
    while time.monotonic() < deadline:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return abs(os.waitstatus_to_exitcode(status))
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, 0.1)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


if __name__ == "__main__":
    main()

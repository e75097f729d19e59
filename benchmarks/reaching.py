"""A pytest plugin for ``benchmarks.mutants``: which test reaches which line, what each test costs, and which are run.

Load it with ``-p benchmarks.reaching`` while ``COVERAGE_PROCESS_START`` names a configuration: coverage then starts with each
interpreter. In the process of the tests, this plugin names the running test as the context; a child process inherits the
name through ``PYTEST_CURRENT_TEST``, which the configuration of ``benchmarks.mutants`` reads. Helpers that read requests from a pipe are
killed in production; here they are given a second to end and to save what they have reached. What earlier tests have left in
caches of values is forgotten: a cached answer reaches nothing. Costs are CPU seconds, those of
child processes included, in ``costs-PID.json`` beside the coverage data. ``--chosen FILE`` runs the tests that a file names,
in its order; a name without ``[…]`` is all of its cases.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
from coverage import Coverage

_SAVED_EVERY = 50  # tests: a run that is cut off leaves what it knows
_PATIENCE_S = 1.0
_costs: dict[str, float] = {}


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--chosen``."""
    parser.addoption("--chosen", type=Path, help="run the tests that this file names, a line each")


def pytest_configure() -> None:
    """Let helpers end by themselves before they are killed."""
    if Coverage.current() is None:
        return
    kill = subprocess.Popen.kill

    def close(pipe: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            pipe.close()

    def kill_later(process: subprocess.Popen[bytes]) -> None:
        # What is late is killed at once, by a timer's thread.
        if process.stdin is not None and threading.current_thread() is threading.main_thread():
            # In a thread: another one may be writing to a process that hangs.
            threading.Thread(target=close, args=[process.stdin], daemon=True).start()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_S)
        kill(process)

    subprocess.Popen.kill = kill_later  # type: ignore[method-assign, assignment]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen tests: thousands of names on the command line would be looked up one by one."""
    file = config.getoption("--chosen")
    if file is None:
        return
    order = {name: at for at, name in enumerate(file.read_text("utf-8").splitlines())}
    named = {
        item: name
        for item in items
        for name in (item.nodeid.partition("[")[0], item.nodeid)
        if name in order
    }
    config.hook.pytest_deselected(items=[item for item in items if item not in named])
    items[:] = sorted(named, key=lambda item: order[named[item]])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Everything that runs for this test, its fixtures included, counts as reached by it."""
    measuring = Coverage.current()
    if measuring is None:
        return (yield)
    for cached in _caches_of_values():
        cached.cache_clear()
    before = _cpu_s()
    measuring.switch_context(item.nodeid)
    try:
        return (yield)
    finally:
        measuring.switch_context("")
        _costs[item.nodeid] = round(_cpu_s() - before, 3)
        if not len(_costs) % _SAVED_EVERY:
            _save(measuring)


def _caches_of_values() -> list[functools._lru_cache_wrapper[object]]:
    """The bounded caches of the project. The others hold tables, which take long to read again."""
    return [
        value
        for name, module in list(sys.modules.items())
        if name.startswith("bulk_import.normalize.")
        for value in vars(module).values()
        if isinstance(value, functools._lru_cache_wrapper) and value.cache_parameters()["maxsize"]
    ]


def pytest_sessionfinish() -> None:
    """Save now: a worker of pytest-xdist may end without the interpreter's usual clean-up."""
    measuring = Coverage.current()
    if measuring is not None:
        _save(measuring)


def _save(measuring: Coverage) -> None:
    measuring.save()
    place = Path(str(measuring.get_option("run:data_file"))).parent
    (place / f"costs-{os.getpid()}.json").write_text(json.dumps(_costs))

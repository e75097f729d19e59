"""A pytest plugin for ``benchmarks.mutants``: one process collects all tests, a fork of it runs some of them with a fault planted.

``--orders R,W`` names two pipes. A line of JSON on the first is an order: the fault (``path``, ``start``, ``before``,
``after``), whose file on the disk is changed already, the ``tests`` with the CPU seconds that each needs (a name without
``[…]`` is all of its cases), the ``report`` to write, and ``seconds`` after which the fork is killed. The answer is a line
with the fork's exit code, -1 if it was killed.

A fork has imported the program without the fault. It compiles the changed file and gives each function that has changed its
new code. What cannot be changed that way (code that runs at import) is answered with ``COLD``: ``benchmarks.forking`` runs it.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import resource
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import pytest

from benchmarks.forking import NOT_RUN, ended

COLD = 71  # the exit code of a fork that could not plant the fault
RUNNING, FAILED = "running ", "failed "  # how lines of a report begin
# CPU seconds that a test may use: a loop without end must not take minutes.
_SPARE_S, _TIMES = 10, 4

# File, qualified name, first line -> the functions of the process.
Live: TypeAlias = Mapping[tuple[str, str, int], Sequence[FunctionType]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--orders``."""
    parser.addoption("--orders", help="two file descriptors: orders come in, answers go out")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Serve orders instead of running the tests, until the pipe ends."""
    orders = session.config.getoption("--orders")
    if orders is None:
        return None
    if session.testsfailed:  # not all could be collected: each fault would look as if it was found
        return True
    incoming, outgoing = map(int, orders.split(","))
    for pipe in (incoming, outgoing):
        os.set_inheritable(pipe, False)  # noqa: FBT003 - takes no names
    items: dict[str, list[pytest.Item]] = {}
    for item in session.items:
        for name in {item.nodeid, item.nodeid.partition("[")[0]}:
            items.setdefault(name, []).append(item)
    live = live_functions()
    gc.collect()
    gc.freeze()
    os.write(outgoing, b"0\n")  # everything is imported: files may be changed now
    with open(incoming) as lines:  # noqa: PTH123 - a pipe
        for line in lines:
            order = json.loads(line)
            child = os.fork()
            if not child:
                _run(session, items, live, order)
            os.write(outgoing, f"{ended(child, order['seconds'])}\n".encode())
    return True


def live_functions() -> Live:
    """Every function of the process by file, qualified name and first line."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    for function in gc.get_objects():
        if isinstance(function, FunctionType):
            code = function.__code__
            key = (code.co_filename, code.co_qualname, code.co_firstlineno)
            found.setdefault(key, []).append(function)
    return found


def _run(
    session: pytest.Session,
    items: Mapping[str, Sequence[pytest.Item]],
    live: Live,
    order: Mapping[str, Any],
) -> None:
    """Run the tests of an order up to the first failure; never returns."""
    code = NOT_RUN
    try:
        os.setsid()
        with Path(order["report"]).open("w", buffering=1, encoding="utf-8") as report:
            session.config.pluginmanager.register(_Failures(report))
            if order["path"] and not planted(order, live):
                code = COLD
            else:
                session.config.option.maxfail = 1 if order["stops"] else 0
                known = [
                    (item, cost) for name, cost in order["tests"] for item in items.get(name, ())
                ]
                _run_each(session, known, report)
                code = 1 if session.testsfailed else 0
    except BaseException:  # noqa: BLE001 - said, and the fork must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(code)


def _run_each(
    session: pytest.Session, tests: Sequence[tuple[pytest.Item, float]], report: Any
) -> None:
    for at, (item, cost) in enumerate(tests):
        report.write(f"{RUNNING}{item.nodeid}\n")
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = used.ru_utime + used.ru_stime
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(spent + _SPARE_S + _TIMES * cost), hard))
        following = tests[at + 1][0] if at + 1 < len(tests) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail or session.shouldstop:
            return


class _Failures:
    """Writes what fails, and why, into the report."""

    def __init__(self, report: Any) -> None:
        self._report = report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure of any stage of a test."""
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = str(crash.message if crash else report.longrepr).strip().splitlines() or [""]
            self._report.write(f"{FAILED}{report.nodeid} - {reason[0][:150]}\n")


# -- planting ------------------------------------------------------------------------------------------


def planted(order: Mapping[str, Any], live: Live) -> bool:
    """Give each function of the process that a fault changes its new code.

    Returns:
        Whether that is all that the fault changes. What runs at import cannot be done over.
    """
    path = Path(order["path"]).absolute()
    after = path.read_bytes()
    rest = order["start"] + len(order["after"].encode())
    before = after[: order["start"]] + order["before"].encode() + after[rest:]
    if all(getattr(module, "__file__", None) != str(path) for module in list(sys.modules.values())):
        return True  # it will be imported as it is on the disk
    pairs = changed_codes(before, after, str(path))
    if pairs is None:
        return False
    found = [
        (new, live.get((str(path), old.co_qualname, old.co_firstlineno), ())) for old, new in pairs
    ]
    if not any(functions for _, functions in found):
        return False
    try:
        for new, functions in found:
            for function in functions:
                function.__code__ = new
    except ValueError:  # other free variables
        return False
    return True


def changed_codes(before: bytes, after: bytes, path: str) -> list[tuple[CodeType, CodeType]] | None:
    """The functions that differ between two states of a module; None if what runs at import differs."""
    olds, news = (list(_codes(compile(source, path, "exec"))) for source in (before, after))
    if len(olds) != len(news):
        return None
    pairs = [(old, new) for old, new in zip(olds, news, strict=True) if old != new]
    if any(
        not old.co_flags & inspect.CO_OPTIMIZED and _itself(old) != _itself(new)
        for old, new in pairs
    ):
        return None
    functions = [(old, new) for old, new in pairs if old.co_flags & inspect.CO_OPTIMIZED]
    names = [(old.co_qualname, old.co_firstlineno) for old, _ in functions]
    return functions if functions and len(set(names)) == len(names) else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _itself(code: CodeType) -> CodeType:
    """Code without the functions in it and without the places in the file."""
    constants: Iterable[Any] = (
        None if isinstance(constant, CodeType) else constant for constant in code.co_consts
    )
    return code.replace(co_consts=tuple(constants), co_linetable=b"")

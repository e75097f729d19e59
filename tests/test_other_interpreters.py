"""A pool of other interpreters, call by call: what they are given, what they inherit, and how they end."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path

import psutil
import pytest

from bulk_import.system import interpreters
from bulk_import.system.interpreters import InterpreterPool


@pytest.fixture(scope="module")
def pool() -> Iterator[InterpreterPool]:
    """One interpreter, started while this process has a key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFLUENCERSOFT_API_KEY", "k3y")
        patch.setenv("ONLY_HERE", "yes")
        found = InterpreterPool(1)
        found.submit(abs, 1).result()
    yield found
    found.shutdown()


def test_it_inherits_the_environment_but_for_the_key(pool):
    assert pool.submit(os.getenv, "INFLUENCERSOFT_API_KEY").result() is None
    assert pool.submit(os.getenv, "ONLY_HERE").result() == "yes"
    assert pool.submit(os.getenv, "PYTHONPATH").result() == os.pathsep.join(filter(None, sys.path))


def test_it_leaves_signals_to_us_and_takes_its_share_of_the_processors(pool):
    for name in (signal.SIGINT, signal.SIGTERM):
        assert pool.submit(signal.getsignal, name).result() == signal.SIG_IGN
    assert pool.submit(os.nice, 0).result() == os.nice(0)
    assert pool.submit(gc.get_threshold).result() == (10_000, 20, 20)
    other = pool.submit(os.getpid).result()
    assert os.getsid(other) == other != os.getsid(0)


def test_a_shared_value_is_known_wherever_it_is_named(pool):
    first, second = pool.share("first"), pool.share(["second"])
    assert pool.submit(divmod, 7, 2).result() == (3, 1)
    for _ in range(2):
        assert pool.submit(max, first, "a", first).result() == "first"
        assert pool.submit(len, second).result() == 1
    assert pool.submit(sorted, second).result() == ["second"]


def test_what_is_printed_there_is_no_answer(pool):
    assert pool.submit(print, "a line\n" * 10).result() is None
    assert pool.submit(os.write, 1, b"more").result() == 4
    assert pool.submit(abs, -7).result() == 7


def test_what_is_raised_there_is_raised_here_with_its_place(pool):
    with pytest.raises(ZeroDivisionError) as caught:
        pool.submit(divmod, 1, 0).result()
    (note,) = caught.value.__notes__
    assert note.startswith("in another interpreter:\nTraceback (most recent call last):\n")
    with pytest.raises(RuntimeError, match=r"(?s)Traceback .*ValueError: <function"):
        pool.submit(exec, "raise ValueError(lambda: 0)").result()  # cannot travel
    with pytest.raises(pickle.PicklingError):
        pool.submit(eval, "lambda: 0").result()  # nor can that
    assert pool.submit(abs, -7).result() == 7


def test_only_positions_are_taken(pool):
    with pytest.raises(TypeError, match=r"^give positional arguments$"):
        pool.submit(int, "7", base=8)
    assert pool.submit(int, "7", 8).result() == 7


def test_two_interpreters_work_at_the_same_time_and_end_with_the_pool():
    pool = InterpreterPool(2)
    pids = {future.result() for future in [pool.submit(os.getpid) for _ in range(8)]}
    assert (len(pids), os.getpid() in pids) == (2, False)
    pool.shutdown()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, 1)


def test_work_is_given_up_when_nobody_waits_for_it():
    pool = InterpreterPool(1)
    pid = pool.submit(os.getpid).result()
    waiting = [pool.submit(time.sleep, 600) for _ in range(6)]
    pool.shutdown(cancel_futures=True)
    assert not psutil.pid_exists(pid)
    assert {type(future.exception()) if not future.cancelled() else None for future in waiting} == {BrokenExecutor, None}  # fmt: skip


def test_a_program_in_one_file_starts_itself_and_no_interpreter(monkeypatch):
    assert interpreters.is_possible()
    assert interpreters.own_command() == [sys.executable, "-m", "bulk_import"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not interpreters.is_possible()
    assert interpreters.own_command() == [sys.executable]
    monkeypatch.setattr(sys, "frozen", False)
    monkeypatch.setattr(sys, "executable", "")
    assert not interpreters.is_possible()


def test_the_processors_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert interpreters.processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert interpreters.processors() == 1


def test_behaving_leaves_processors_to_others_unless_they_wait(monkeypatch):
    steps: list[int] = []
    monkeypatch.setattr(os, "nice", steps.append)
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        interpreters.behave(is_nice=False)
        assert steps == []
        interpreters.behave()
        assert steps == [5]
        assert {signal.getsignal(name) for name in before} == {signal.SIG_IGN}
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def test_code_is_run_with_pipes_and_a_session_of_its_own():
    code = "import os, sys; sys.stdout.write(f'{sys.stdin.read()} {os.getsid(0) == os.getpid()}')"
    with interpreters.start_interpreter(code) as process:
        said, _ = process.communicate(b"heard")
    assert (said, process.returncode) == (b"heard True", 0)
    assert Path(sys.executable).exists()

"""The fleet benchmark's count of senders: it sees two, and takes nobody who is gone for one."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

from benchmarks.fleet import control  # noqa: E402 - Linux only
from benchmarks.senders import (  # noqa: E402 - likewise
    Arrival,
    Sender,
    Senders,
    holds,
    judged,
    sender_at,
)
from tests.conftest import examples  # noqa: E402 - likewise

ONE, TWO = Sender(300, 5), Sender(301, 5)


def _from(sender, *, is_holder=True, is_alive=True, outlived=False):
    return Arrival(0.0, sender, is_holder, is_alive, outlived)


@pytest.mark.parametrize(
    ("arrivals", "found"),
    [
        ([_from(ONE), _from(ONE), _from(TWO)], Senders(processes=2)),
        ([_from(ONE), _from(TWO), _from(ONE)], Senders(processes=2, interleaved=1)),
        ([_from(ONE), _from(TWO), _from(ONE, is_alive=False)], Senders(processes=2, left_behind=1)),
        ([_from(ONE), _from(TWO, is_holder=False)], Senders(processes=2, unlocked=1)),
        ([_from(ONE, is_holder=False, is_alive=False)], Senders(processes=1)),
        ([_from(ONE), _from(TWO, outlived=True)], Senders(processes=2, outlived=1)),
    ],
    ids=["in turn", "by turns", "left in the queue", "without the lock", "killed", "still there"],
)
def test_two_senders_are_told_from_a_successor(arrivals, found):
    assert judged(arrivals) == found


def test_a_sender_is_known_by_its_address():
    assert sender_at(ONE.address) == ONE
    assert sender_at(Sender(32767, 511).address) == Sender(32767, 511)
    assert sender_at("127.0.0.1") is None


def test_a_killed_process_is_not_alive_when_its_lock_is_free(tmp_path):
    """Between the two it is still listed as running: killed processes were taken for senders."""
    lock = str(tmp_path / "lock")
    for _ in range(examples(50)):
        process = _holding(lock)
        sender = Sender(process, _age(process))
        assert holds(process, lock)
        assert sender.is_alive
        os.kill(process, signal.SIGKILL)
        while holds(process, lock):
            pass
        assert not sender.is_alive
        os.waitpid(process, 0)


def test_a_lock_is_not_overlooked_among_others_that_come_and_go(tmp_path):
    """The kernel's list of all locks passes some over while it changes: senders seemed to have none."""
    lock, is_over = str(tmp_path / "lock"), threading.Event()
    near = os.open(lock, os.O_CREAT | os.O_RDWR)
    fcntl.flock(near, fcntl.LOCK_EX)
    others = [threading.Thread(target=_churn, args=(tmp_path / f"{n}", is_over)) for n in range(3)]
    for other in others:
        other.start()
    try:
        assert all(holds(os.getpid(), lock) for _ in range(1500))
    finally:
        is_over.set()
        for other in others:
            other.join()
        os.close(near)


def _churn(path, is_over):
    held = {}
    while not is_over.is_set():
        number = time.monotonic_ns() // 1000 % 60
        if number in held:
            os.close(held.pop(number))
        else:
            held[number] = os.open(f"{path}-{number}", os.O_CREAT | os.O_RDWR)
            fcntl.flock(held[number], fcntl.LOCK_EX)
        time.sleep(0.001)
    for each in held.values():
        os.close(each)


def _holding(lock):
    """Start a process with several threads that holds a lock and is busy."""
    near, far = os.pipe()
    process = os.fork()
    if process == 0:
        fcntl.flock(os.open(lock, os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
        for _ in range(4):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        os.write(far, b".")
        while True:
            pass
    os.read(near, 1)
    os.close(near)
    os.close(far)
    return process


def _age(process):
    parts = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(parts[19]) & 0x1FF


@pytest.mark.slow
def test_two_runs_of_one_account_with_different_locks_are_counted(tmp_path):
    found = control(tmp_path)
    assert found.processes == 2
    assert found.interleaved > 0
    assert found.unlocked > 0
    assert found.unnamed == 0

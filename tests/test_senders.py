"""The fleet benchmark's count of senders: it sees two, and takes nobody who is gone for one."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

from benchmarks.fleet import control  # noqa: E402 - Linux only
from benchmarks.senders import (  # noqa: E402 - likewise
    Arrival,
    Sender,
    Senders,
    holder_of,
    judged,
    sender_at,
)

ONE, TWO = Sender(300, 5), Sender(301, 5)


def _from(sender, *, holder=None, is_alive=True, outlived=False):
    return Arrival(0.0, sender, sender.process if holder is None else holder, is_alive, outlived)


@pytest.mark.parametrize(
    ("arrivals", "found"),
    [
        ([_from(ONE), _from(ONE), _from(TWO)], Senders(processes=2)),
        ([_from(ONE), _from(TWO), _from(ONE)], Senders(processes=2, interleaved=1)),
        ([_from(ONE), _from(TWO), _from(ONE, is_alive=False)], Senders(processes=2, left_behind=1)),
        ([_from(ONE), _from(TWO, holder=300)], Senders(processes=2, unlocked=1)),
        ([_from(ONE, holder=0, is_alive=False)], Senders(processes=1)),
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
    for _ in range(50):
        process = _holding(lock)
        sender = Sender(process, _age(process))
        assert holder_of(lock) == process
        assert sender.is_alive
        os.kill(process, signal.SIGKILL)
        while holder_of(lock) == process:
            pass
        assert not sender.is_alive
        os.waitpid(process, 0)


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
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        return int(file.read().rpartition(")")[2].split()[19]) & 0x1FF


@pytest.mark.slow
def test_two_runs_of_one_account_with_different_locks_are_counted(tmp_path):
    found = control(tmp_path)
    assert found.processes == 2
    assert found.interleaved > 0
    assert found.unlocked > 0
    assert found.unnamed == 0

"""Which process sent each request, and who held the account's lock at that moment.

A job binds its connections to an address of the loopback that is made of its process id and its
start time (`mark`). The address arrives with every request, so nothing has to be looked up after
the process may be gone. `Watch` notes for every request the sender, whether it was still alive, and
whether it held the account's lock, as the kernel knows it.

Two processes sent to one account at a time if any of these is not 0:

    unlocked     requests of a living process that did not hold the lock
    interleaved  requests of a process that arrived after the first one of its successor
    unnamed      requests without a mark, which nothing can be said about

Linux only. Imported at the start of every job: no imports beyond the standard library's light ones.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, fields
from typing import NamedTuple

_EXITING = 0x4  # PF_EXITING of the kernel's flags of a process
_PID_BITS = 15  # /proc/sys/kernel/pid_max is 32768 where this is used; `mark` refuses a larger id


class Sender(NamedTuple):
    """A process.

    Attributes:
        age: The low bits of its start time in ticks: a later process may have the same id.
    """

    process: int
    age: int

    @property
    def address(self) -> str:
        number = (self.age << _PID_BITS) | self.process
        return f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"

    @property
    def is_alive(self) -> bool:
        return _running(self.process) == self


def sender_at(address: str) -> Sender | None:
    """Return the process that an address stands for; ``None`` without a mark."""
    if address == "127.0.0.1":
        return None
    _, high, middle, low = map(int, address.split("."))
    number = high << 16 | middle << 8 | low
    return Sender(number & (1 << _PID_BITS) - 1, number >> _PID_BITS)


def _running(process: int) -> Sender | None:
    """Return the process with this id; ``None`` if there is none, or it runs no code any more.

    A killed process loses its locks and connections a moment before it is a zombie. From before that
    moment on the kernel calls it exiting.
    """
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - light
            parts = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    is_over = parts[0] in "ZX" or int(parts[6]) & _EXITING
    return None if is_over else Sender(process, int(parts[19]) & 0x1FF)


def mark() -> None:
    """Bind every connection of this process to the address that stands for it."""
    me = _running(os.getpid())
    assert me is not None
    assert me.process < 1 << _PID_BITS, "process ids are too large here for an address"
    connect = socket.socket.connect

    def connect_marked(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family == socket.AF_INET and address[0] == "127.0.0.1":
            self.bind((me.address, 0))
        connect(self, address)

    socket.socket.connect = connect_marked  # type: ignore[method-assign,assignment]


def holder_of(lock: str) -> int:
    """Return the process that holds a lock, as the kernel knows it; 0 = nobody, or it was overlooked.

    The list of all locks is read in pieces: while others come and go, one may be passed over.
    """
    wanted = _inode(lock)
    with open("/proc/locks", encoding="ascii") as file:  # noqa: PTH123 - light
        for line in file:
            parts = line.split()
            if parts[1] == "FLOCK" and parts[5] == wanted:
                return int(parts[4])
    return 0


def holds(process: int, lock: str) -> bool:
    """Return whether a process holds a lock. What is asked of one open file overlooks nothing."""
    if holder_of(lock) == process:
        return True
    wanted = f" {_inode(lock)} "
    folder = f"/proc/{process}/fdinfo"
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - light
            with open(f"{folder}/{name}", encoding="ascii") as file:  # noqa: PTH123 - light
                if any(line.startswith("lock:") and wanted in line for line in file):
                    return True
    except OSError:  # it ends, or closes a file
        pass
    return False


def _inode(lock: str) -> str:
    try:
        found = os.stat(lock)  # noqa: PTH116 - light
    except OSError:
        return "none"
    return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"


@dataclass
class Senders:
    """What was found about the processes that sent to an account, or to several.

    Attributes:
        processes: Number of them.
        left_behind: Requests of a process that had died when they were read, after its successor
            had begun: they waited in the server's queue.
        outlived: Requests that arrived while an earlier sender was still alive, without sending.
    """

    processes: int = 0
    unlocked: int = 0
    interleaved: int = 0
    unnamed: int = 0
    left_behind: int = 0
    outlived: int = 0

    def add(self, other: Senders) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def bad(self) -> int:
        return self.unlocked + self.interleaved + self.unnamed


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request.

    Attributes:
        is_holder: Whether the sender held the account's lock.
        is_alive: Whether the sender was alive after that was looked up.
        outlived: Whether an earlier sender was alive.
    """

    at: float
    sender: Sender | None
    is_holder: bool
    is_alive: bool
    outlived: bool


class Watch:
    """Notes who sends to one account.

    Attributes:
        suspects: Living senders that did not hold the lock, for people.

    Args:
        lock: Path of the account's lock.
    """

    def __init__(self, lock: str) -> None:
        self.arrivals: list[Arrival] = []
        self.suspects: list[str] = []
        self._lock = lock
        self._known: list[Sender] = []

    def note(self, address: str) -> None:
        """Note a request that came from *address*."""
        sender = sender_at(address)
        # First: whoever is alive afterwards was alive then.
        is_holder = sender is not None and holds(sender.process, self._lock)
        is_alive = sender is not None and sender.is_alive
        if is_alive and not is_holder:
            self.suspects.append(f"{self._lock}: {sender} sends, {holder_of(self._lock)} holds it")
        if sender is not None and sender not in self._known:
            self._known.append(sender)
        outlived = any(other != sender and other.is_alive for other in self._known)
        self.arrivals.append(Arrival(time.monotonic(), sender, is_holder, is_alive, outlived))

    def found(self) -> Senders:
        """Return what the notes show."""
        return judged(self.arrivals)


def judged(arrivals: list[Arrival]) -> Senders:
    """Return what requests to one account show, in the order of their arrival."""
    found = Senders()
    order: list[Sender] = []
    for arrival in arrivals:
        if arrival.sender is None:
            found.unnamed += 1
            continue
        if arrival.sender not in order:
            order.append(arrival.sender)
        found.unlocked += arrival.is_alive and not arrival.is_holder
        found.outlived += arrival.outlived
        if order[-1] != arrival.sender:
            if arrival.is_alive:
                found.interleaved += 1
            else:
                found.left_behind += 1
    found.processes = len(order)
    return found

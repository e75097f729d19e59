"""Locks that the operating system holds: gone with the process, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulk_import.errors import BusyError, Message, StorageError
from bulk_import.system.clock import now_s


@contextmanager
def hold(path: Path, what: str, *, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock at *path* while the block runs.

    Args:
        path: The lock file; a file beside it, ending in ``.holder``, says who holds it.
        what: The thing that is locked, as the message to the one who comes second calls it.
        wait_s: Seconds to wait until it is free.

    Raises:
        BusyError: Somebody else holds it; the message names process and start.
        StorageError: The lock file cannot be made.
    """
    from filelock import FileLock, Timeout

    holder = path.with_name(path.name + ".holder")
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise BusyError(
            Message(
                "{what} is in use by {describe}; wait for it to end",
                what=what,
                describe=_describe(holder),
            )
        ) from None
    except OSError as exc:
        raise StorageError(
            Message("{path}: cannot be locked: {strerror}", path=path, strerror=exc.strerror or exc)
        ) from exc
    try:
        # Only a courtesy to whoever finds the lock taken: the lock itself is the kernel's.
        with contextlib.suppress(OSError):
            started = now_s()
            holder.write_text(json.dumps({"pid": os.getpid(), "started": started}), "utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def is_held(path: Path) -> bool:
    """Return whether somebody holds the lock at *path*, without making the file."""
    from filelock import FileLock, Timeout

    if not path.with_name(path.name + ".holder").exists():
        return False
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text("utf-8"))
        return Message("process {pid}, started {started}", pid=who["pid"], started=who["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return Message("another process")

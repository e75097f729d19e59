"""Opening an SQLite file that must survive a kill and a power cut, and a new file for its owner alone."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

# For another connection that is writing. On a machine with too much to do, the process that writes may
# wait for its turn much longer than it writes.
WAIT_S = 60.0


def connect(path: Path, *, is_scratch: bool = False) -> sqlite3.Connection:
    """Return a connection without implicit transactions, for one thread at a time.

    Args:
        is_scratch: Nobody needs the file after this process: nothing is synced.

    SQLite's own exceptions come through: each caller says in its own words what they mean.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT_S)
    try:
        # FULL, not NORMAL: at a power loss NORMAL forgets the last commits, and a forgotten
        # intent of a bare row becomes a second contact. Group commits make it affordable.
        db.execute("pragma journal_mode = memory" if is_scratch else "pragma journal_mode = wal")
        db.execute("pragma synchronous = off" if is_scratch else "pragma synchronous = full")
    except BaseException:
        db.close()
        raise
    return db


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read; one that exists stays as it is.

    Raises:
        OSError: The folder cannot be written.
    """
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))

"""Commits that reach the operating system at once, and the disk a moment later, from a thread.

SQLite's synchronous=FULL syncs the WAL inside of every commit: the interpreter's lock goes to and
fro between event loop and thread for each statement, which costs more than the statements. Here the
event loop commits with synchronous=NORMAL (some µs a row: a SIGKILL loses nothing of it), and a
thread then syncs the WAL. What was committed before a sync began is as durable when it ends as FULL
makes it: the WAL's frames are the same, and NORMAL itself syncs what a checkpoint needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulk_import.errors import StorageError
from bulk_import.journal.database import Database, translated

# Bytes before it is written back into the database. Measured with 4 to 128 MB: a shorter one is
# written back too often, a longer one costs every look-up more.
_LONGEST_WAL = 64 * 2**20
_fdatasync = getattr(os, "fdatasync", os.fsync)


class Syncing(Database):
    """The journal while others decide when its commits are synced."""

    def leave_syncs_to_others(self) -> None:
        """Do not sync commits of this connection: those of another one sync them as well."""
        self._db.execute("pragma synchronous = normal")

    @contextmanager
    def deferring_syncs(self) -> Iterator[Syncer]:
        """Sync commits of this connection only by the syncer that is yielded.

        While the block lasts a commit does not wait for another connection that is writing.
        """
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma wal_autocheckpoint = 0")
        self._db.execute("pragma busy_timeout = 0")
        wal = self.path.with_name(f"{self.path.name}-wal")
        with self.another() as other:
            syncer = Syncer(
                wal, other
            )  # opened now: later, sockets may have taken every descriptor
            try:
                yield syncer
            finally:
                syncer.close()
                self._db.execute("pragma busy_timeout = 10000")
                self._db.execute("pragma wal_autocheckpoint = 1000")
                self._db.execute("pragma synchronous = full")

    def checkpoint(self) -> None:
        """Copy the WAL into the database and restart it, without blocking others for long.

        Best effort: what cannot be copied now is copied later.
        """
        with suppress(StorageError), translated(self.path):
            # The first takes long and lets others write; the second has little left to do.
            self._db.execute("pragma wal_checkpoint(passive)").fetchall()
            self._db.execute("pragma wal_checkpoint(restart)").fetchall()


class Syncer:
    """Syncs a journal's WAL. For one thread, which need not be the one that commits."""

    def __init__(self, wal: Path, journal: Syncing) -> None:
        self._wal = wal
        self._journal = journal
        try:
            self._handle = os.open(wal, os.O_RDWR)
        except OSError as exc:
            raise self._failed(exc) from exc

    def sync(self) -> None:
        """Return when everything is on the disk that was committed before the call.

        Raises:
            StorageError: It is not.
        """
        try:
            _fdatasync(self._handle)
            length = os.fstat(self._handle).st_size
        except OSError as exc:
            raise self._failed(exc) from exc
        if length >= _LONGEST_WAL:
            self._journal.checkpoint()

    def close(self) -> None:
        os.close(self._handle)

    def _failed(self, exc: OSError) -> StorageError:
        return StorageError(f"{self._wal}: cannot be written: {exc.strerror or exc}")

"""Commits that reach the operating system at once, and the disk a moment later, from a thread.

SQLite's synchronous=FULL syncs the WAL inside of every commit: the interpreter's lock goes to and
fro between event loop and thread for each statement, which costs more than the statements. Here the
event loop commits with synchronous=NORMAL (some µs a row: a SIGKILL loses nothing of it), and a
thread then syncs the WAL. What was committed before a sync began is as durable when it ends as FULL
makes it: the WAL's frames are the same, and NORMAL itself syncs what a checkpoint needs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bulk_import.errors import Message, StorageError
from bulk_import.journal.database import sync_folder, translated
from bulk_import.journal.mark import MarkFile
from bulk_import.journal.wholeness import SENDING, Wholeness
from bulk_import.system.sqlite import WAIT_S

# Bytes of log that are kept; after that it begins again at its start. Measured with 4 to 128 MB:
# a shorter one is written back too often, a longer one costs every look-up more.
LONGEST_LOG_BYTES = 64 * 2**20
# Between copies of the log into the main file: what a lost log can take with it.
CHECKPOINT_S = 5.0
_fdatasync = getattr(os, "fdatasync", os.fsync)


class Syncing(Wholeness):
    """The journal while others decide when its commits are synced."""

    def leave_syncs_to_others(self) -> None:
        """Do not sync commits of this connection: those of another one sync them as well."""
        self._db.execute("pragma synchronous = normal")

    @contextmanager
    def deferring_syncs(
        self, every_s: float = CHECKPOINT_S, longest_log: int = LONGEST_LOG_BYTES
    ) -> Iterator[Syncer]:
        """Sync commits of this connection only by the syncer that is yielded.

        While the block lasts a commit does not wait for another connection that is writing.

        Args:
            every_s: Seconds between copies of the log into the main file.
            longest_log: Bytes after which the log begins again.
        """
        self.written = self.counted()
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma wal_autocheckpoint = 0")
        with self.another() as other:
            # Opened now: later, sockets may have taken every descriptor.
            syncer = Syncer(self, other, every_s, longest_log)
            try:
                self.remember(**{SENDING: "1"})  # waits: a second process may be storing rows
                self._db.execute("pragma busy_timeout = 0")
                syncer.copy_back()
                yield syncer
            finally:
                syncer.close()
                self._db.execute(f"pragma busy_timeout = {1000 * WAIT_S:.0f}")
                self._db.execute("pragma wal_autocheckpoint = 1000")
                self._db.execute("pragma synchronous = full")
        with suppress(StorageError):  # a full disk; the mark still shows what is missing
            self.checkpoint(is_whole=True)
            self.remember(**{SENDING: ""})

    def checkpoint(self, *, is_whole: bool = False) -> None:
        """Copy the log into the database, and reset it.

        Best effort, and without waiting: what another program is still reading is copied later.

        Args:
            is_whole: Whether to begin the log again; without, what is in it stays.
        """
        with suppress(StorageError), translated(self.path):
            # The first takes long but lets others write; the second has little left to copy.
            self._db.execute("pragma wal_checkpoint(passive)").fetchall()
            if is_whole:
                self._db.execute("pragma busy_timeout = 0")
                try:
                    self._db.execute("pragma wal_checkpoint(truncate)").fetchall()
                finally:
                    self._db.execute(f"pragma busy_timeout = {1000 * WAIT_S:.0f}")


class Syncer:
    """Syncs a journal's log. For one thread, which need not be the one that commits.

    Args:
        journal: Whose commits are synced.
        other: Another connection to it, for this thread alone.
        every_s: Seconds between copies of the log into the main file.
        longest_log: Bytes after which the log begins again.

    Raises:
        StorageError: The log or the mark cannot be opened.
    """

    def __init__(self, journal: Syncing, other: Syncing, every_s: float, longest_log: int) -> None:
        self._journal = journal
        self._other = other
        self._every_s = every_s
        self._longest_log = longest_log
        self._wal = journal.path.with_name(f"{journal.path.name}-wal")
        try:
            self._mark = MarkFile(journal.mark_path, journal.facts()["run"])
            self._mark.write(journal.written)
            self._mark.sync()
            sync_folder(journal.path.parent)
            self._handle = os.open(self._wal, os.O_RDWR)
        except OSError as exc:
            raise self._failed(exc) from exc
        self._copied_at = time.monotonic()
        self._kept = 0  # bytes of the log that cannot be reset because another program reads them

    def sync(self) -> None:
        """Return when everything that was committed before the call is on disk.

        Raises:
            StorageError: It is not, or the folder is gone.
        """
        written = self._journal.written
        try:
            _fdatasync(self._handle)
            self._mark.write(written)
            length = self._length()
        except OSError as exc:
            raise self._failed(exc) from exc
        is_long = length - self._kept >= self._longest_log
        if is_long or time.monotonic() - self._copied_at >= self._every_s:
            self.copy_back(is_whole=is_long)

    def copy_back(self, *, is_whole: bool = False) -> None:
        """Copy the log into the main file; begin it again, if it is to be whole."""
        self._other.checkpoint(is_whole=is_whole)
        if is_whole:
            self._kept = os.fstat(self._handle).st_size
        self._copied_at = time.monotonic()

    def close(self) -> None:
        self._mark.close()
        os.close(self._handle)

    def _length(self) -> int:
        """Return the bytes of the log; refuse one that is not in its folder any more."""
        mine = os.fstat(self._handle)
        try:
            there = os.stat(self._wal)  # noqa: PTH116 - a path object costs more than the call
        except FileNotFoundError:
            there = None
        if there is None or not mine.st_nlink or there.st_ino != mine.st_ino:
            raise StorageError(
                Message(
                    "{parent}: the run folder is gone (moved or deleted while the run was "
                    "going on); put it back, then run the same command again",
                    parent=self._journal.path.parent,
                )
            )
        return mine.st_size

    def _failed(self, exc: OSError) -> StorageError:
        return StorageError(
            Message(
                "{wal}: cannot be written: {strerror}", wal=self._wal, strerror=exc.strerror or exc
            )
        )

"""Group commits: many entries, one transaction; many transactions, one sync of the disk.

Entries are committed on the event loop, a few µs each, and synced in a thread (see
``journal.checkpoints``). While one sync is under way the next entries gather, so the batches grow with
the load and a quiet run still commits each entry at once. A busy one gathers for five milliseconds
or until the next rows are claimed, and syncs after ten, unless somebody waits for an intent.

Two things happen side by side, each with states of its own; entries move from left to right::

    entries    gathered ──commit──▶ committed ──sync──▶ on disk
    who waits  _hoping ───told─┘
               _waiting ──────────▶ _committed ──told──┘       _flushing: told when all is on disk

    committing                                       syncing
    1 idle        _next is None                      6 clean     nothing committed since the last sync
    2 due         _next: call_soon                   7 due       _later: in 10 ms, run is busy
    3 gathering   _next: in 5 ms, run is busy        8 syncing   _is_syncing, in the thread
    4 locked      _locked_since: another process     9 behind    _is_syncing and _is_unsynced:
                  writes; tried again every ms                   committed meanwhile, synced next
    5 failed      failure: intents are refused, the rest is written into the reserve's room; final

    1 ─add─▶ 2 (quiet) or 3 (busy)    3 ─intents, claim─▶ 2    2, 3 ─commit─▶ 1    2, 3 ─busy file─▶ 4
    4 ─commit─▶ 1, after 60 s ─▶ 5    any ─disk full─▶ 5       6 ─commit─▶ 7 or 8   7 ─▶ 8 ─▶ 6
    8 ─commit─▶ 9 ─sync ends─▶ 7 or 8
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bulk_import.errors import Message, StorageError
from bulk_import.journal import Journal
from bulk_import.journal.database import JournalLockedError
from bulk_import.journal.entries import Entry, Intent
from bulk_import.system.sqlite import WAIT_S

RESERVE_BYTES = 4 * 2**20
_GATHERING_S = 0.005
_SYNCING_S = 0.01
_BUSY = 16  # entries in a batch
_LOCKED_S = 0.001  # before a commit is tried again because another process was writing


class Reserve:
    """Disk space that is released when the disk is full, to record what is already in flight."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> None:
        """Fill the reserve.

        Raises:
            StorageError: There is not even room for it.
        """
        try:
            with self._path.open("wb") as file:
                file.write(b"\0" * RESERVE_BYTES)
        except OSError as exc:
            self.give_back()
            raise StorageError(
                Message(
                    "{parent}: {strerror}; free some space",
                    parent=self._path.parent,
                    strerror=exc.strerror or exc,
                )
            ) from exc

    def give_back(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()


Then = Callable[[StorageError | None], None]  # called with the result of what was added


class GroupCommit:
    """Writes entries in the order in which they came. For one event loop.

    After the first failure no intent is accepted any more, and what was already sent is written
    with the help of the reserve.

    Attributes:
        failure: Why the journal cannot be written, once it cannot.
    """

    def __init__(self, journal: Journal, reserve: Reserve) -> None:
        self.failure: StorageError | None = None
        self.on_failure: Callable[[StorageError], None] = lambda _: None
        self._journal = journal
        self._reserve = reserve
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Entry] = []
        self._hoping: list[Then] = []  # callers that wait for a commit
        self._waiting: list[Then] = []  # callers that wait until it is on disk
        self._committed: list[Then] = []  # for the next sync
        self._is_unsynced = False
        self._is_syncing = False
        self._is_busy = False
        self._locked_since: float | None = None
        self._next: asyncio.Handle | None = None  # the timer of the next commit
        self._later: asyncio.Handle | None = None  # that syncs what is committed
        self._flushing: list[asyncio.Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._open = ExitStack()
        self._syncer = self._open.enter_context(journal.deferring_syncs())
        self._bug: Exception | None = None

    def add(self, entry: Entry) -> None:
        """Write an entry soon; ``flush`` waits for it."""
        self._gathered.append(entry)
        if self._next is None:
            self._plan()

    def claim(self, intents: Sequence[Intent]) -> bool:
        """Commit intents at once; they survive a kill when this returns, a power cut soon.

        Returns:
            Whether they are committed: not when another process is writing, or the disk is full.
        """
        if self.failure or self._locked_since is not None:
            return False
        self._gathered.extend(intents)
        if not self._commit():
            wanted = set(intents)
            self._gathered = [entry for entry in self._gathered if entry not in wanted]
            if self._next is None:
                self._next = self._loop.call_later(_LOCKED_S, self._go_on)
            return False
        self._cancel_plan()
        self._sync_soon()
        return True

    async def intents(self, intents: Sequence[Intent], *, synced: bool = True) -> None:
        """Write intents.

        Args:
            synced: Whether they must be on disk when this returns, or only survive a kill.

        Raises:
            StorageError: They are not written; the requests must not be made.
        """
        if self.failure:
            raise self.failure
        written: asyncio.Future[None] = self._loop.create_future()
        self._gathered.extend(intents)
        (self._waiting if synced else self._hoping).append(partial(_resolve, written))
        if self._locked_since is None:
            self._cancel_plan()  # it may be gathering
            self._next = self._loop.call_soon(self._go_on)
        await written

    async def flush(self) -> None:
        """Wait until all is on disk that was added.

        Raises:
            StorageError: Something is not.
        """
        self._is_busy = False
        self._cancel_plan()
        self._next = self._loop.call_soon(self._go_on)
        while self._is_syncing or self._is_unsynced or self._next is not None:
            flushed = self._loop.create_future()
            self._flushing.append(flushed)
            await flushed
        if self._gathered and self.failure:
            raise self.failure

    def close(self) -> None:
        """Close the thread and its connection; raise the bug that ended writing, if there was one."""
        self._thread.shutdown()
        self._open.close()
        if self._bug is not None:
            raise self._bug

    # -- commit, sync, and again ------------------------------------------------------------------

    def _plan(self) -> None:
        """Schedule a commit of the gathered entries: at once, or with those of the next milliseconds."""
        if self._is_busy and not self._waiting:
            self._next = self._loop.call_later(_GATHERING_S, self._go_on)
        else:
            self._next = self._loop.call_soon(self._go_on)

    def _cancel_plan(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _go_on(self) -> None:
        """Commit the gathered entries, then schedule a sync."""
        self._next = None
        if not self._commit() and not self.failure:
            self._next = self._loop.call_later(_LOCKED_S, self._go_on)
        else:
            self._sync_soon()
            self._rest()

    def _commit(self) -> bool:
        """Commit the gathered entries; return whether that worked."""
        if not self._gathered:
            self._locked_since = None
            return True
        self._is_busy = len(self._gathered) >= _BUSY
        try:
            self._journal.commit(self._gathered)
        except JournalLockedError as exc:
            now = self._loop.time()
            self._locked_since = self._locked_since or now
            if now - self._locked_since > WAIT_S:
                self._rescue(exc)
            return False
        except StorageError as exc:
            self._rescue(exc)
            return False
        except Exception as exc:  # noqa: BLE001 - raised by `close`; nobody is to wait for ever
            self._rescue(self._stopped_by(exc))
            return False
        self._settle()
        return True

    def _settle(self) -> None:
        self._locked_since = None
        self._gathered = []
        hoping, self._hoping = self._hoping, []
        for then in hoping:
            then(None)
        self._committed += self._waiting
        self._waiting = []
        self._is_unsynced = True

    def _rescue(self, exc: StorageError) -> None:
        """Refuse the intents; release the reserve and write the other entries into that space."""
        self._fail(exc)
        refused = self._hoping + self._waiting
        self._hoping, self._waiting = [], []
        for then in refused:
            then(exc)
        self._gathered = [entry for entry in self._gathered if not isinstance(entry, Intent)]
        try:
            self._journal.commit(self._gathered)
        except StorageError:
            return
        except Exception as bug:  # noqa: BLE001 - as in `_commit`
            self._stopped_by(bug)
            return
        self._settle()

    def _stopped_by(self, bug: Exception) -> StorageError:
        """Keep a bug for ``close``, and return the error for the callers that wait."""
        self._bug = self._bug or bug
        return StorageError("the journal is not written any more because of a bug")

    def _fail(self, exc: StorageError) -> None:
        if self.failure is None:
            self.failure = exc
            self._reserve.give_back()
            self.on_failure(exc)

    def _sync_soon(self) -> None:
        """Schedule a sync of what is committed: at once, or with the next commits of a busy run."""
        if self._is_syncing or not self._is_unsynced:
            return
        if self._is_busy and not self._committed:
            self._later = self._later or self._loop.call_later(_SYNCING_S, self._sync)
        else:
            self._sync()

    def _sync(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._is_syncing:
            return
        committed, self._committed = self._committed, []
        self._is_unsynced, self._is_syncing = False, True
        self._thread.submit(self._sync_in_thread, partial(self._synced, committed))

    def _sync_in_thread(self, then: Then) -> None:
        failure = None
        try:
            self._syncer.sync()
        except StorageError as exc:
            failure = exc
        except Exception as exc:  # noqa: BLE001 - as in `_commit`
            failure = self._stopped_by(exc)
        self._loop.call_soon_threadsafe(then, failure)

    def _synced(self, committed: list[Then], exc: StorageError | None) -> None:
        self._is_syncing = False
        if exc is not None:
            self._fail(exc)
        for then in committed:
            then(exc)
        self._sync_soon()
        if self._gathered and self._next is None:
            self._plan()
        self._rest()

    def _rest(self) -> None:
        """Wake the callers that wait for everything to be on disk, if it is."""
        if self._next is not None or self._is_syncing or self._is_unsynced:
            return
        flushing, self._flushing = self._flushing, []
        for flushed in flushing:
            if not flushed.done():
                flushed.set_result(None)


def _resolve(durable: asyncio.Future[None], exc: StorageError | None) -> None:
    if durable.done():
        return
    if exc is None:
        durable.set_result(None)
    else:
        durable.set_exception(exc)

"""Group commits: many entries, one transaction, one fsync, off the event loop.

While one batch is being written the next one gathers, so the batches grow with the load and a
quiet run still commits each entry at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bulk_import.entries import Entry, Intent
from bulk_import.errors import StorageError
from bulk_import.journal import Journal

RESERVE_BYTES = 4 * 2**20


class Reserve:
    """Room on the disk that is given back when the disk is full, for what is already in flight."""

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
                f"{self._path.parent}: {exc.strerror or exc}; free some space"
            ) from exc

    def give_back(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()


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
        self._gathered: list[tuple[Entry, asyncio.Future[None] | None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def intent(self, entry: Intent) -> None:
        """Write an intent; it is on disk when this returns.

        Raises:
            StorageError: It is not; the request must not be made.
        """
        if self.failure:
            raise self.failure
        durable = asyncio.get_running_loop().create_future()
        self._gather(entry, durable)
        await durable

    def add(self, entry: Entry) -> None:
        """Write an entry soon; ``flush`` waits for it."""
        self._gather(entry, None)

    async def flush(self) -> None:
        """Wait until all is on disk that was added.

        Raises:
            StorageError: Something is not.
        """
        while self._writer is not None:
            await asyncio.shield(self._writer)
        if self._gathered and self.failure:
            raise self.failure

    def close(self) -> None:
        self._thread.shutdown()

    def _gather(self, entry: Entry, durable: asyncio.Future[None] | None) -> None:
        self._gathered.append((entry, durable))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._gathered:
                batch, self._gathered = self._gathered, []
                entries = [entry for entry, _ in batch]
                try:
                    await loop.run_in_executor(self._thread, self._journal.commit, entries)
                except StorageError as exc:
                    if not await self._rescue(batch, exc):
                        return
                else:
                    for _, durable in batch:
                        if durable is not None and not durable.done():
                            durable.set_result(None)
        finally:
            self._writer = None

    async def _rescue(
        self, batch: list[tuple[Entry, asyncio.Future[None] | None]], exc: StorageError
    ) -> bool:
        """Refuse the intents; write the rest into the room of the reserve, if that helps."""
        first = self.failure is None
        self.failure = self.failure or exc
        if first:
            self._reserve.give_back()
            self.on_failure(exc)
        for _, durable in batch:
            if durable is not None and not durable.done():
                durable.set_exception(exc)
        rest = [entry for entry, durable in batch if durable is None]
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._thread, self._journal.commit, rest
            )
        except StorageError:
            self._gathered = [(entry, None) for entry in rest] + self._gathered
            return False
        return True

"""How a run ends early: one reason, one exit code, and sleepers that wake up for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

_SHORT_S = 0.2  # not worth a timer of its own: a stop is noticed that much later


class StoppingError(Exception):
    """The run is ending: an attempt that has not begun will not."""


class Stop:
    """The request to end the run. What is in flight is awaited, nothing new is begun.

    Attributes:
        reason: For people; empty while nobody asked.
        code: The exit code that follows from it; 0 while nobody asked.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.code = 0
        self._event = asyncio.Event()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str, code: int) -> None:
        """Ask for the end; the first reason stands."""
        if not self.is_set:
            self.reason, self.code = reason, code
            self._event.set()

    def add(self, detail: str) -> None:
        """Add to the reason what only the end of the run shows."""
        if self.is_set:
            self.reason = f"{self.reason}; {detail}"

    async def wait(self) -> None:
        """Wait until somebody asks."""
        await self._event.wait()

    async def unless(self, work: Awaitable[T]) -> T:
        """Return what *work* comes to; it is given up when the run is to end before.

        Raises:
            StoppingError: The run ends meanwhile, or is ending already.
        """
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise StoppingError
            return await working
        finally:
            for task in (working, stopping):
                task.cancel()

    async def nap(self, seconds: float) -> None:
        """Sleep for *seconds*.

        Raises:
            StoppingError: The run ends meanwhile, or is ending already.
        """
        if self.is_set:
            raise StoppingError
        if seconds <= _SHORT_S:
            await asyncio.sleep(seconds)
        else:
            try:
                async with asyncio.timeout(seconds):
                    await self._event.wait()
            except TimeoutError:
                return
        if self.is_set:
            raise StoppingError


def in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Begin *work* in a thread that nobody has to wait for: it may hang in a pipe or a network."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def deliver(give: Callable[[], None]) -> None:
        if not result.done():
            give()

    def run() -> None:
        give: Callable[[], None]
        try:
            give = partial(result.set_result, work())
        except BaseException as exc:  # noqa: BLE001 - it is raised where the result is awaited
            give = partial(result.set_exception, exc)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, give)

    threading.Thread(target=run, name="opening", daemon=True).start()
    return result

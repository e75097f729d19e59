"""How a run ends early: one reason, one exit code, and waits that it interrupts."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from bulk_import.errors import Message

T = TypeVar("T")

_SHORT_S = 0.2  # shorter sleeps are not interrupted: a stop is noticed that much later


class StoppingError(Exception):
    """The run is ending: no new attempt is made."""


class Time(Protocol):
    """How time passes while a run waits."""

    @property
    def clock(self) -> Callable[[], float]:
        """A clock in seconds that never goes back; its zero means nothing."""

    async def wait(self, seconds: float, unless: asyncio.Event) -> None:
        """Return when *seconds* have passed, or the event is set."""


class RealTime:
    """The time of the running event loop."""

    @property
    def clock(self) -> Callable[[], float]:
        return asyncio.get_running_loop().time

    async def wait(self, seconds: float, unless: asyncio.Event) -> None:
        if seconds <= _SHORT_S:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await unless.wait()


class Stop:
    """A request to end the run: requests in flight are awaited, nothing new is started.

    Attributes:
        reason: For people; empty until a stop is requested.
        code: The exit code to end with; 0 until a stop is requested.
        time: What naps go by; a rehearsal simulates it.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.code = 0
        self.time: Time = RealTime()
        self._event = asyncio.Event()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str, code: int) -> None:
        """Request a stop; the first reason counts."""
        if not self.is_set:
            self.reason, self.code = reason, code
            self._event.set()

    def add(self, detail: str) -> None:
        """Append to the reason; does nothing if no stop was requested."""
        if self.is_set:
            self.reason = Message.joined("; ", (Message.of(self.reason), Message.of(detail)))

    async def wait(self) -> None:
        """Wait until a stop is requested."""
        await self._event.wait()

    async def unless(self, work: Awaitable[T]) -> T:
        """Return the result of *work*, or cancel it when a stop is requested first.

        Raises:
            StoppingError: A stop is requested meanwhile, or was before.
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
            StoppingError: A stop is requested meanwhile, or was before.
        """
        if self.is_set:
            raise StoppingError
        await self.time.wait(seconds, self._event)
        if self.is_set:
            raise StoppingError


def in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Start *work* in a daemon thread, which may hang in a pipe or network without blocking exit."""
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
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(deliver, give)

    threading.Thread(target=run, name="opening", daemon=True).start()
    return result

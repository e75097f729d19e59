"""How a run ends early: one reason, one exit code, and sleepers that wake up for it."""

from __future__ import annotations

import asyncio

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

    async def wait(self) -> None:
        """Wait until somebody asks."""
        await self._event.wait()

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

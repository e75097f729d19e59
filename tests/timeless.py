"""Event loops in which waiting takes no time."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Clock(selectors.DefaultSelector):
    """Waits for nothing: time jumps to when the next timer is due."""

    now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class QuickLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """Run *work* in a loop of its own, in which no wait lasts."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(work)


def timeless(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in such a loop."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        at_once(test(*args, **kwargs))

    return run

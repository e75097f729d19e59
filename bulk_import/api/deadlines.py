"""One time limit for every request, with one timer for all of them.

A timer of its own for each is a tenth and more of what a request costs. All requests get the same
number of seconds, so the one that began first is the first to be late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Deadlines:
    """Limits blocks of code to *seconds* each. For one event loop, one block a task at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._due: dict[asyncio.Task[object], float] = {}  # in the order in which they fall due
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Run the block; end it when its time is over.

        Raises:
            TimeoutError: It was ended.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        due = self._due[task] = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._end_late_ones)
        try:
            yield
        except asyncio.CancelledError:
            # Somebody else may have cancelled the task as well: then that is what counts.
            if self._take_back(task) and task.cancelling() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._due.pop(task, None)
            self._take_back(task)  # the block may have made another exception of it

    def _take_back(self, task: asyncio.Task[object]) -> bool:
        """Uncancel a task that was late; return whether it was."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end_late_ones(self) -> None:
        self._timer = None
        now = self._loop.time()
        for task, due in list(self._due.items()):
            if due > now:
                self._timer = self._loop.call_at(due, self._end_late_ones)
                return
            del self._due[task]
            self._late.add(task)
            task.cancel()

"""One time limit for every request, with one timer for all of them.

A timer of its own for each is a tenth and more of what a request costs. All requests get the same
number of seconds, so the one that began first is the first to be late.
"""

from __future__ import annotations

import asyncio


class Deadlines:
    """Limits blocks of code to *seconds* each. For one event loop, one block a task at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._due: dict[asyncio.Task[object], float] = {}  # in the order in which they fall due
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def limited(self) -> _Limit:
        """Return a context that ends its block when the time is over.

        Raises:
            TimeoutError: On leaving a block that was ended.
        """
        return _Limit(self)

    def begin(self) -> asyncio.Task[object]:
        """Let the time of the current task begin."""
        task = asyncio.current_task(self._loop)
        assert task is not None  # noqa: S101 - for the type checker
        due = self._due[task] = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._end_late_ones)
        return task

    def restart(self) -> None:
        """Let the time of the current task's block, if it is in one, begin again."""
        task = asyncio.current_task(self._loop)
        if task is not None and self._due.pop(task, None) is not None:
            self._due[task] = self._loop.time() + self._seconds

    def end(self, task: asyncio.Task[object]) -> bool:
        """Let it end; return whether the task was late, and cancelled by nobody else."""
        self._due.pop(task, None)
        # The block may have made another exception of its cancellation: the task is usable again.
        return bool(self._late) and self._take_back(task) and task.cancelling() == 0

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


class _Limit:
    """A class of its own: a generator as context manager costs four times as much."""

    __slots__ = ("_deadlines", "_task")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    def __enter__(self) -> None:
        self._task = self._deadlines.begin()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        was_late = self._deadlines.end(self._task)
        # Somebody else may have cancelled the task as well: then that is what counts.
        if was_late and kind is asyncio.CancelledError:
            raise TimeoutError from None

"""The event loop: a fast one for callers that have none, and a clear word for those that have."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bulk_import.errors import Message, SetupError

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end in a new event loop.

    An exception in a callback of the loop has nobody to be raised to: it would be logged, and the
    work would wait for ever. Here it ends the work and is raised.
    """
    with new_runner() as runner:
        return runner.run(_watched(work))


async def _watched(work: Coroutine[Any, Any, T]) -> T:
    found: list[BaseException] = []
    task = asyncio.current_task()

    def hear(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        # Without a handle it is a library's note on a connection, or a result that nobody wants.
        if "handle" in context and exc is not None and task is not None:
            found.append(exc)
            task.cancel()

    asyncio.get_running_loop().set_exception_handler(hear)
    try:
        result = await work
    except BaseException:
        if found:
            raise found[0] from None
        raise
    if found:
        raise found[0]
    return result


def new_runner() -> asyncio.Runner:
    """Return a runner with the fastest event loop at hand."""
    factory: Any = None
    try:
        import uvloop
    except ImportError:  # pragma: no cover - Windows, PyPy
        pass
    else:
        factory = uvloop.new_event_loop
    return asyncio.Runner(loop_factory=factory)


def run_blocking(work: Coroutine[Any, Any, T], twin: str) -> T:
    """Run *work* to its end on an event loop of its own.

    Args:
        twin: The coroutine function that does the same on a running loop.

    Raises:
        SetupError: An event loop is running in this thread already (a notebook, async code).
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run(work)
    work.close()
    raise SetupError(
        Message(
            "nothing was done: an event loop is running here (a notebook, an async "
            "function); use `await {twin}(…)` with the same arguments",
            twin=twin,
        )
    )

"""The event loop that commands run on."""

from __future__ import annotations

import asyncio
from typing import Any


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

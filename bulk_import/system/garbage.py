"""How often the interpreter looks for garbage while many short-lived objects are made."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_COLLECTIONS = (10_000, 20, 20)


def end_without_collection() -> None:
    """Let the interpreter end without looking through all objects for garbage.

    The system takes the memory back anyway. The search costs a command 0.1 s.
    """
    atexit.register(gc.freeze)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the interpreter look for garbage less often than at every 700th new object.

    What is alive between requests is looked through each time: a sixth of what a request costs.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)

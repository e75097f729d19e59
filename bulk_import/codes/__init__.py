"""The catalogue of symbolic codes: what each means, why it happens, how to fix it.

One module per part of the program holds its own codes as data; this one joins them. A code that
is used and not listed, or listed and not used, fails a test.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the catalogue.

    Attributes:
        name: ``UPPER_CASE``, or the number of the API's own code; stable: scripts compare it.
        cause: What happened, one sentence.
        fix: What the user does about it, one sentence.
        example: A cell, file or answer that leads to it; empty when nothing short shows it.
    """

    name: str
    cause: str
    fix: str
    example: str = ""


_PARTS = ("sources", "normalize", "mapping", "delivery", "api")


@cache
def catalogue() -> dict[str, Code]:
    """Return every code by name, in the order of a row's travel."""
    joined: dict[str, Code] = {}
    for part in _PARTS:
        for code in importlib.import_module(f"{__name__}.{part}").CODES:
            if code.name in joined:
                raise RuntimeError(f"code {code.name} is listed twice")
            joined[code.name] = code
    return joined

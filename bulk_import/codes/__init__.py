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
        option: The option of a field's rule that ``fix`` recommends, ``bad_value: drop_field``; ``order``
            for any order. Only of codes that are reported under that option as well.
        otherwise: What the user does where the mapping has that option already.
    """

    name: str
    cause: str
    fix: str
    example: str = ""
    option: str = ""
    otherwise: str = ""


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


def look_up(name: str) -> Code | None:
    """Return the entry of a code; also of a number that the catalogue does not list.

    The vendor's table of codes grows, and a server between may answer with any HTTP status.
    """
    listed = catalogue().get(name)
    if listed is not None:
        return listed
    kind, _, number = name.rpartition("_")
    if kind == "HTTP" and len(number) == 3 and number.isascii() and number.isdigit():
        return Code(name, *_OTHER_STATUS.get(number[0], _NO_ANSWER), f"HTTP {number}")
    if name.isascii() and name.isdigit():
        return Code(name, *_OTHER_CODE, f"error_code {name}")
    return None


_OTHER_CODE = (
    "The account refused the row with a code that is not in this catalogue.",
    "Look at the text in the report; the vendor's support knows what it means.",
)
_NO_ANSWER = ("The answer was not the API's.", "Look at the text in the report; check --endpoint.")
_OTHER_STATUS = {
    "4": (
        "The server, or something on the way to it, refused the request.",
        "Look at the text in the report; check --endpoint.",
    ),
    "5": (
        "The server, or something on the way to it, failed.",
        "A resume sends the row again if it has an e-mail.",
    ),
}

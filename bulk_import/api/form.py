"""Record fields -> the bytes of a form, once, ahead of sending; and back, for reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl, quote_plus

KEY_PARAMETER = "rpsKey"

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")

# All signs that are escaped but the line feed; first those that escapes are made of.
_ESCAPED = [
    (sign, escape)
    for sign in dict.fromkeys(("%", "+", *map(chr, range(128))))
    if (escape := quote_plus(sign)) != sign and sign != "\n"
]
_ESCAPES = {code: quote_plus(chr(code)) for code in range(128)}


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return *fields* as ``application/x-www-form-urlencoded``, UTF-8, ``+`` as ``%2B``."""
    return "&".join([f"{_name(name)}={quoted(value)}" for name, value in fields]).encode("ascii")


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return quoted(name)


def quoted(text: str) -> str:
    # The standard library looks at each byte; most values are plain words, nearly all are ASCII.
    if _PLAIN.fullmatch(text):
        return text
    return text.translate(_ESCAPES) if text.isascii() else quote_plus(text)


def quoted_all(texts: Sequence[str]) -> list[str]:
    """Return ``quoted`` of each text. Many at once cost a fraction: each sign is looked for once."""
    joined = "\n".join(texts)
    if not joined.isascii() or joined.count("\n") != len(texts) - 1:
        return [quoted(text) for text in texts]
    for sign, escape in _ESCAPED:
        if sign in joined:
            joined = joined.replace(sign, escape)
    return joined.split("\n")


def decode(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of *body* in order; the inverse of ``encode``."""
    return parse_qsl(
        body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict"
    )

"""Record fields -> the bytes of a form, once, ahead of sending; and back, for reports."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

KEY_PARAMETER = "rpsKey"


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return *fields* as ``application/x-www-form-urlencoded``, UTF-8, ``+`` as ``%2B``."""
    return urlencode(list(fields)).encode("ascii")


def decode(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of *body* in order; the inverse of ``encode``."""
    return parse_qsl(
        body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict"
    )

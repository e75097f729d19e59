"""Cells that a spreadsheet program would run as a formula, made harmless without mangling phones."""

from __future__ import annotations

import re

# OWASP's list of first characters; full-width forms are read as their plain ones by some programs.
_DANGEROUS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20|%")
_PHONE = re.compile(r"\+\d[\d ()-]{5,20}")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,:]\d+)*%?")


def safe_cell(text: str) -> str:
    """Return *text* with an apostrophe in front if a spreadsheet program would run it.

    Phones (``+1650…``), offsets (``+03``) and numbers are data and stay unchanged. An apostrophe
    that was there before gets another one, so that reading rejects back can tell them apart.
    """
    bare = text.lstrip("'")
    if not bare or bare[0] not in _DANGEROUS:
        return text
    if len(bare) < len(text):
        return "'" + text
    if _PHONE.fullmatch(text) or _NUMBER.fullmatch(text):
        return text
    return "'" + text

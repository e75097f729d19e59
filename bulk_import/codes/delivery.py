"""Codes of ``bulk_import.delivery``."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = ()

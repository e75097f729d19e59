"""Codes of ``bulk_import.sources``."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = ()

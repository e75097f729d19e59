"""The catalogue of codes in Russian: (cause, fix)."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {}

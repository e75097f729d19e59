"""What pages and reports say in Russian; keys are the English texts."""

from __future__ import annotations

TEXTS: dict[str, str | tuple[str, str, str]] = {}

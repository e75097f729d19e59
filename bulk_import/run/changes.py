"""Counts the tags and lists in forms: what a run would change, or what it has changed."""

from __future__ import annotations

from collections import Counter

from bulk_import.api.fields import SET_FIELDS
from bulk_import.api.form import decode

OTHERS = b"lead_"  # the prefix of every other field in the catalogue
_MOST_COMBINATIONS = 10_000  # kept in memory before they are folded into names


class SetCounter:
    """Counts forms by the tags and lists in them.

    Most contacts share a few combinations of tags: each is counted encoded and decoded once.
    """

    def __init__(self) -> None:
        self._parts: Counter[bytes] = Counter()
        self._names: dict[str, Counter[str]] = {}

    def add(self, body: bytes, forms: int = 1) -> None:
        """Count a form, or several that begin alike."""
        if body.startswith(OTHERS):
            return
        # Tags and lists are the first fields of the catalogue, so they begin the form.
        self._parts[body.partition(b"&" + OTHERS)[0]] += forms
        if len(self._parts) > _MOST_COMBINATIONS:
            self._fold()

    def names(self) -> dict[str, Counter[str]]:
        """Return parameter -> name -> number of forms."""
        self._fold()
        return self._names

    def _fold(self) -> None:
        for part, forms in self._parts.items():
            for name, value in decode(part):
                for entry in value.split(",") if value and name in SET_FIELDS else ():
                    self._names.setdefault(name, Counter())[entry] += forms
        self._parts.clear()

"""Remembers the result for a cell where a column's values repeat: countries, zones, tags, cities.

A column whose values hardly repeat (names, addresses) is found out and no longer remembered: that
would cost time and memory for nothing.
"""

from __future__ import annotations

from typing import Generic, TypeVar

MOST = 5000  # values of a column; then it is emptied, or given up
T = TypeVar("T")


class Memo(Generic[T]):
    """Remembers the results for texts; holds a few thousand."""

    __slots__ = ("_asked_at", "is_open", "known")

    def __init__(self, *, is_open: bool = True) -> None:
        """Make a memo.

        Attributes:
            known: Text -> result. Callers read it directly: it is looked up for every cell.
            is_open: Whether it is worth telling.
        """
        self.known: dict[str, T] = {}
        self.is_open = is_open
        self._asked_at = 0

    def tell(self, text: str, found: T, asked: int) -> None:
        """Remember the result for *text*.

        Args:
            asked: How often any text was looked up so far.
        """
        if len(self.known) >= MOST:
            # Fewer than two look-ups per value: not worth keeping.
            self.is_open = asked - self._asked_at >= 2 * MOST
            self._asked_at = asked
            self.known.clear()
        if self.is_open:
            self.known[text] = found

"""Which of many texts may come twice, found in a fixed amount of memory while they come.

Grouping a million addresses by SQL takes most of a second, after the last row, when nobody else has
anything to do. Mostly no address comes twice, and then there is next to nothing left to group.
"""

from __future__ import annotations

from collections.abc import Iterable

_BITS = 25  # a field of 4 MB: of a million different texts it takes 15,000 for repeated
_MOST = 50_000  # texts that are kept


class Repeats:
    """A field of bits: each text sets one, and one that is set already may be the same text's.

    Args:
        bits: Logarithm of their number.
        most: Texts that are kept; beyond that they are not told apart any more.

    Attributes:
        texts: All that were added more than once, and a few others; ``None`` = there are too many.
    """

    def __init__(self, bits: int = _BITS, most: int = _MOST) -> None:
        self._field = bytearray(1 << (bits - 3))
        self._mask = (1 << bits) - 1
        self._most = most
        self.texts: set[str] | None = set()

    def add(self, texts: Iterable[str]) -> None:
        """Add texts; empty ones do not count."""
        found = self.texts
        if found is None:
            return
        field, mask = self._field, self._mask
        for text in texts:
            place = hash(text) & mask
            byte, bit = place >> 3, 1 << (place & 7)
            if not field[byte] & bit:
                field[byte] |= bit
            elif text:
                found.add(text)
        if len(found) > self._most:
            self.texts = None
            self._field = bytearray()

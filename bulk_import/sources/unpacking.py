"""How much a packed file may unpack to before it is taken for a bomb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Limits for a packed file.

    Attributes:
        most_bytes: More than this is refused, however it is packed.
        ratio: Unpacked bytes for each packed one; more is suspicious in a large file.
        suspicious_bytes: A file is large above this; small texts of equal rows pack very well.
    """

    most_bytes: int
    ratio: int
    suspicious_bytes: int = 50 * 2**20

    def exceeded(self, packed: int, unpacked: int) -> bool:
        """Whether *packed* bytes that unpack to *unpacked* are taken for a bomb."""
        return unpacked > self.most_bytes or (
            unpacked > self.suspicious_bytes and unpacked / packed > self.ratio
        )

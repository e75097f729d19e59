"""Packed files: what reading a damaged one raises, and how much one may unpack to."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from dataclasses import dataclass

# What reading a damaged archive may raise; NotImplementedError: a compression that is not known.
DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError)


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

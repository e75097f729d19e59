"""How much a journal is known to hold, noted beside it.

SQLite drops the end of a log that is cut or damaged, and all of it when the log is missing, without
a word. The mark says what was synced, so that a journal which lost some of it is noticed when it is
opened again.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_PACKED = struct.Struct("<32sQQQ")
_CHECKSUM = struct.Struct("<I")


class Written(NamedTuple):
    """How much of sending a journal holds.

    Attributes:
        intents: Attempts.
        settled: Rows that ended after an attempt.
        last: The highest seq of a row with an attempt.
    """

    intents: int = 0
    settled: int = 0
    last: int = 0

    def is_in(self, other: Written) -> bool:
        """Whether *other* holds at least as much."""
        return self.intents <= other.intents and self.settled <= other.settled


@dataclass(frozen=True, slots=True)
class Mark:
    """What was synced of a journal.

    Attributes:
        run: The identity of the run that the journal belongs to, 32 hexadecimal digits.
    """

    run: str
    written: Written

    @classmethod
    def read(cls, path: Path) -> Mark | None:
        """Read the mark at *path*; ``None`` when it is missing or damaged."""
        try:
            packed = path.read_bytes()
        except OSError:
            return None
        if len(packed) != _PACKED.size + _CHECKSUM.size:
            return None
        body, checksum = packed[: _PACKED.size], packed[_PACKED.size :]
        if _CHECKSUM.pack(zlib.crc32(body)) != checksum:
            return None
        run, *numbers = _PACKED.unpack(body)
        return cls(run.decode("ascii", "replace"), Written(*numbers))

    def packed(self) -> bytes:
        body = _PACKED.pack(self.run.encode("ascii"), *self.written)
        return body + _CHECKSUM.pack(zlib.crc32(body))


class MarkFile:
    """The open file of a mark, replaced in place: some µs each time.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, run: str) -> None:
        self._run = run
        self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)

    def write(self, written: Written) -> None:
        """Note what is synced. The mark itself is not: after a power cut an older one is true too."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, Mark(self._run, written).packed())

    def sync(self) -> None:
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)

"""Opens text files in a given encoding; a wrong byte is an error that names its place."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from bulk_import.errors import Message, SourceError


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open for the csv module: line ends untouched, a wrong byte is an error."""
    return path.open("r", encoding=encoding, errors="strict", newline="")


def undecodable(
    path: Path, encoding: str, name: str, exc: UnicodeDecodeError, *, row: int | None = None
) -> SourceError:
    """Return the error for the first byte that is not *encoding*, with its offset and line."""
    offset, line = _first_bad_byte(path, encoding)
    bad = exc.object[exc.start : exc.start + 1].hex().upper()
    if offset >= 0:
        where = Message("byte {offset:,}, line {line:,}", offset=offset, line=line)
    elif row is not None:
        where = Message("near row {row}", row=row)
    else:
        where = Message("at the end of the file")
    return SourceError(
        Message(
            "{name}: {where}: byte 0x{bad} is not {encoding}; the file is in another "
            "encoding (set source: encoding:), or damaged",
            name=name,
            where=where,
            bad=bad,
            encoding=encoding,
        ),
        code="ENCODING_WRONG",
    )


def _first_bad_byte(path: Path, encoding: str) -> tuple[int, int]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset, line = 0, 1
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as exc:
                good = exc.object[: exc.start]
                return offset - pending + exc.start, line + good.count(b"\n")
            offset += len(block)
    return -1, line

"""How values are written into the journal's columns, and read back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bulk_import.errors import Message, packed
from bulk_import.models import Problem, Row, Severity, SourceInfo

pack = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps builds an encoder at each call


def checksum(email: str, body: bytes | None) -> int | None:
    """Return a checksum that shows whether a row's form is still what was stored."""
    return None if body is None else zlib.crc32(body, zlib.crc32(email.encode()))


_PLACED = "\t"  # parts the file from the sheet, of a row that came from another file


def stored_sheet(row: Row, source: str) -> str:
    """Return what the journal has for a row's sheet; with the file, if that is not *source*."""
    if row.source == source:
        return row.sheet.replace(_PLACED, " ")
    return f"{row.source}{_PLACED}{row.sheet}"


def source_and_sheet(source: str, stored: str) -> tuple[str, str]:
    """Return what ``stored_sheet`` was given."""
    if _PLACED not in stored:
        return source, stored
    name, _, sheet = stored.partition(_PLACED)
    return name, sheet


def as_row(sources: dict[int, SourceInfo], place: Sequence[Any]) -> Row:
    """Return a row from (source number, sheet, row number, cells, problems).

    Its cells are a JSON list, a sequence, or nothing where they were not kept.
    """
    number, stored, row, cells, problems = place
    texts = json.loads(cells) if cells and isinstance(cells, str) else cells
    info = sources[number]
    source, sheet = source_and_sheet(info.name, stored)
    return Row(
        source=source,
        sheet=sheet,
        number=row,
        cells=dict(zip(info.header, texts, strict=True)) if texts else {},
        problems=unpack_problems(problems),
    )


def pack_problems(problems: Sequence[Problem]) -> str | None:
    """Return *problems* as they are stored: a JSON list of lists; nothing for none."""
    if not problems:
        return None
    return pack(
        [[p.code, packed(p.message), p.column, p.field, p.value, p.severity] for p in problems]
    )


def unpack_problems(text: str | None) -> tuple[Problem, ...]:
    """Return what ``pack_problems`` was given."""
    if not text:
        return ()
    return tuple(
        Problem(code, Message.unpacked(message), column, field, value, Severity(severity))
        for code, message, column, field, value, severity in json.loads(text)
    )


def pack_moment(moment: str) -> int | str:
    """Return a moment (RFC 3339 in UTC) as milliseconds since 1970; empty for none."""
    return pack_ms(moment) if moment else ""


@lru_cache(maxsize=64)  # many rows of a fast run share a millisecond
def pack_ms(moment: str) -> int:
    """Return a moment (RFC 3339 in UTC) as milliseconds since 1970."""
    ms = moment[20:-1]
    return _epoch_s(moment[:19]) * 1000 + (int(ms) if ms else 0)


def unpack_moment(stored: int | str) -> str:
    """Return what ``pack_moment`` was given, to the millisecond; format 4 wrote that itself."""
    if isinstance(stored, int):
        return unpack_ms(stored)
    return stored if not stored or "-" in stored else unpack_ms(int(stored))


def unpack_ms(stored: int) -> str:
    """Return a moment of milliseconds since 1970, as RFC 3339 in UTC."""
    seconds, ms = divmod(stored, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=8)  # asked for every row, and rows come in the order of time
def _epoch_s(second: str) -> int:
    return int(datetime.fromisoformat(f"{second}+00:00").timestamp())


@lru_cache(maxsize=8)
def _second(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%S}"

"""Files that arrive: bounded, readable by their owner alone."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aiohttp import web

from bulk_import.errors import Message, SourceError

_BLOCK = 1 << 20


async def receive(request: web.Request, path: Path, *, largest: int) -> None:
    """Write the body of a request to a new file.

    Args:
        largest: Bytes; a larger one is refused.

    Raises:
        SourceError: ``SOURCE_TOO_LARGE``.
        OSError: It cannot be written.
    """
    length = request.content_length
    if length is not None and length > largest:
        raise _too_large(largest)
    received = 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        async for block in request.content.iter_chunked(_BLOCK):
            received += len(block)
            if received > largest:
                raise _too_large(largest)
            await asyncio.to_thread(file.write, block)


def _too_large(largest: int) -> SourceError:
    return SourceError(
        Message(
            "larger than {largest:,} MB: put the file into the folder of this page and open "
            "it there",
            largest=largest // 2**20,
        ),
        code="SOURCE_TOO_LARGE",
    )

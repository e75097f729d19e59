"""Files that are there whole or not at all, and that only their owner can read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bulk_import.errors import StorageError


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Write a file beside *path*, mode 0600, and put it in its place when the block ends well.

    Raises:
        StorageError: A full disk, permissions.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

"""Files that are there whole or not at all, and that only their owner can read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        _forget(draft)
        raise StorageError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
    except BaseException:
        _forget(draft)
        raise


def made_folder(path: Path) -> Path:
    """Return *path*, a folder that is there when this returns.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(f"{path}: cannot be made: {exc.strerror or exc}") from exc
    return path


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a private folder; it is gone when the block ends.

    Raises:
        StorageError: There is no room for one.
    """
    try:
        # It is removed at the interpreter's end as well, when a thread still hangs in the block.
        folder = tempfile.TemporaryDirectory(prefix="bulk_import_", ignore_cleanup_errors=True)
    except OSError as exc:
        raise no_room(exc) from exc
    with folder as name:
        yield Path(name)


def no_room(exc: OSError) -> StorageError:
    """Return the error for a temporary file that cannot be written."""
    where = os.environ.get("TMPDIR") or tempfile.tempdir or "the folder for temporary files"
    reason = exc.strerror or str(exc)
    return StorageError(
        f"{where}: {reason}; free some space, or set TMPDIR to a folder that can be written"
    )


def _forget(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink(missing_ok=True)

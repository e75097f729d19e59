"""Files that are there whole or not at all, and that only their owner can read."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bulk_import.errors import Message, StorageError

_ALIVE = ".alive"  # locked while the process lives that made the folder
_YOUNG_S = 60.0


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Write a file beside *path*, mode 0600, and put it in its place when the block ends well.

    Raises:
        StorageError: A full disk, permissions.
    """
    try:
        # A name of its own: another process may be writing the same file.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as exc:
        raise StorageError(
            Message(
                "{path}: cannot be written: {strerror}", path=path, strerror=exc.strerror or exc
            )
        ) from exc
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as exc:
        _forget(draft)
        raise StorageError(
            Message(
                "{path}: cannot be written: {strerror}", path=path, strerror=exc.strerror or exc
            )
        ) from exc
    except BaseException:
        _forget(draft)
        raise


def made_folder(path: Path, *, is_private: bool = False) -> Path:
    """Return *path*, a folder that is there when this returns.

    Args:
        is_private: Only the owner may look into a folder that is made; one that exists stays as
            it is.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        path.mkdir(mode=0o700 if is_private else 0o777, parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(
            Message("{path}: cannot be made: {strerror}", path=path, strerror=exc.strerror or exc)
        ) from exc
    return path


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a private folder for temporary files; it is gone when the block ends.

    Raises:
        StorageError: There is no room for one.
    """
    try:
        parent = Path(tempfile.gettempdir())
        with _living_folder(parent, "bulk_import_") as folder:
            yield folder
    except FolderError as exc:
        raise no_room(exc.reason) from exc


@contextmanager
def drafts_in(folder: Path) -> Iterator[Path]:
    """Yield a private folder inside of *folder*, for files that are moved into *folder* when done.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        with _living_folder(folder, ".drafts_") as drafts:
            yield drafts
    except FolderError as exc:
        reason = exc.reason.strerror or exc.reason
        raise StorageError(
            Message("{folder}: cannot be written: {reason}", folder=folder, reason=reason)
        ) from exc


class FolderError(Exception):
    """A temporary folder cannot be made."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def remove_leftovers(parent: Path | None = None, prefix: str = "bulk_import_") -> None:
    """Remove temporary folders of processes that were killed: they may hold copies of sources.

    Args:
        parent: Instead of the system's folder for temporary files.
    """
    from filelock import FileLock, Timeout

    try:
        found = list(Path(parent or tempfile.gettempdir()).glob(f"{prefix}*"))
    except OSError:
        return
    for folder in found:
        with suppress(OSError, Timeout):
            # One that is this young may be about to be locked by whoever makes it.
            if not folder.is_dir() or time.time() - folder.stat().st_mtime < _YOUNG_S:
                continue
            lock = FileLock(folder / _ALIVE, mode=0o600)
            lock.acquire(timeout=0)
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


@contextmanager
def _living_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield a private folder that others leave alone while this process lives."""
    from filelock import FileLock

    remove_leftovers(parent, prefix)
    try:
        # It is removed at the interpreter's end as well, when a thread still hangs in the block.
        folder = tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True)
        lock = FileLock(Path(folder.name) / _ALIVE, mode=0o600)
        lock.acquire()
    except OSError as exc:
        raise FolderError(exc) from exc
    with folder as name, lock:
        yield Path(name)


@contextmanager
def private_file(path: Path) -> Iterator[Writer]:
    """Create a temporary file that only its owner can read.

    Raises:
        StorageError: There is no room for it.
    """
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            yield Writer(file)
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise no_room(exc) from exc


class Writer:
    """A temporary file: a failure to write it is no failure of what is copied into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, block: bytes) -> int:
        """Write *block*.

        Raises:
            StorageError: There is no room for it.
        """
        try:
            return self._file.write(block)
        except OSError as exc:
            raise no_room(exc) from exc

    def restart(self) -> None:
        """Drop what was written."""
        self._file.seek(0)
        self._file.truncate()


def no_room(exc: OSError) -> StorageError:
    """Return the error for a temporary file that cannot be written."""
    where = os.environ.get("TMPDIR") or tempfile.tempdir or "the folder for temporary files"
    reason = exc.strerror or str(exc)
    return StorageError(
        Message(
            "{where}: {reason}; free some space, or set TMPDIR to a folder that can be written",
            where=where,
            reason=reason,
        )
    )


def _forget(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink(missing_ok=True)

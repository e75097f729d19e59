"""Sources that are elsewhere (``sftp://``, ``https://``, ``s3://``, …), through fsspec."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bulk_import.errors import BulkImportError, SourceError

_BLOCK = 1 << 20


class Target(Protocol):
    """What is fetched goes there."""

    def write(self, block: bytes, /) -> int:
        """Write *block*; its errors are not those of the source."""
        ...


def is_remote(path: str) -> bool:
    """Whether *path* is an address, not a file of this machine."""
    scheme, separator, _ = path.partition("://")
    return bool(separator) and scheme.replace("+", "").isalnum()


def fetch(url: str, target: Target, *, most_bytes: int) -> None:
    """Copy what is at *url* into *target*.

    Raises:
        SourceError: fsspec is missing, nobody is there, or it is larger than *most_bytes*.
    """
    filesystem, path = _opened(url)
    try:
        with filesystem.open(path, "rb") as remote:
            size = 0
            while block := remote.read(_BLOCK):
                size += len(block)
                if size > most_bytes:
                    raise SourceError(
                        f"{url}: larger than {most_bytes:,} bytes", code="SOURCE_BOMB"
                    )
                target.write(block)
    except BulkImportError:
        raise
    except Exception as exc:  # noqa: BLE001 - every protocol has errors of its own
        raise _unreachable(url, exc) from None


def stat(url: str) -> tuple[int, float]:
    """Return (size, time of change in seconds of the epoch) of what is at *url*; 0 = not told.

    Raises:
        SourceError: As ``fetch``.
    """
    filesystem, path = _opened(url)
    try:
        info: dict[str, Any] = filesystem.info(path)
    except Exception as exc:  # noqa: BLE001 - every protocol has errors of its own
        raise _unreachable(url, exc) from None
    changed = next((info[name] for name in ("mtime", "LastModified", "updated") if name in info), 0)
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    return int(info.get("size") or 0), float(changed) if isinstance(changed, int | float) else 0.0


def _opened(url: str) -> tuple[Any, str]:
    if urlsplit(url).password:
        raise SourceError(
            "a source's address must not hold a password, it would end up in reports; use a key, an "
            "agent or the environment",
            code="SOURCE_UNREADABLE",
        )
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise SourceError(
            f"{url}: remote sources need fsspec: pip install 'bulk_import[remote]'",
            code="SOURCE_UNREADABLE",
        ) from None
    try:
        filesystem, path = url_to_fs(url)
    except Exception as exc:  # noqa: BLE001 - as above; a protocol's library may be missing
        raise _unreachable(url, exc) from None
    return filesystem, str(path)


def _unreachable(url: str, exc: Exception) -> SourceError:
    said = " ".join(str(exc).split())[:200] or type(exc).__name__
    return SourceError(f"{url}: cannot be fetched: {said}", code="SOURCE_UNREADABLE")


def source_stat(path: str) -> tuple[int, float]:
    """Return (size, time of change) of a source, here or elsewhere.

    Raises:
        SourceError: It is not there.
    """
    if is_remote(path):
        return stat(path)
    try:
        found = Path(path).stat()
    except OSError as exc:
        raise SourceError(f"{path}: {exc.strerror or exc}", code="SOURCE_MISSING") from None
    return found.st_size, found.st_mtime

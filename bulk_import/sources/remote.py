"""Remote sources: ``https://``, ``sftp://``, and through fsspec ``s3://``, ``gs://``, …"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from glob import has_magic
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bulk_import.errors import BulkImportError, Message, SourceError
from bulk_import.sources.again import PassingError, Tries, tried
from bulk_import.system.secrets import MASK

MOST_UNPACKED = 4 * 2**30  # bytes of a source, fetched or unpacked
_BLOCK = 1 << 20
_AHEAD = 64  # requests of 32 KB: a round trip for each would make a large file take hours
_WEB = frozenset({"http", "https"})
_SSH = frozenset({"sftp", "ssh"})
# Parameters of an address that say what is fetched, not who may fetch it.
_HARMLESS = frozenset(
    {"format", "output", "gid", "single", "range", "alt", "dl", "raw", "ref", "sheet"}
)
_ADDRESS = re.compile(
    r"(?P<scheme>[^:/?#]+)://(?P<host>[^/?#]*)(?P<path>[^?#]*)(?P<more>.*)", re.DOTALL
)


# Of paramiko, which need not be installed.
_PASSING_OF_SSH = frozenset({"SSHException", "NoValidConnectionsError"})
_CLOSED = "Socket is closed"  # an OSError of paramiko without a number


class Target(Protocol):
    """Where the fetched bytes are written."""

    def write(self, block: bytes, /) -> int:
        """Write *block*. A full disk is not an error of the source."""
        ...

    def restart(self) -> None:
        """Drop what was written."""


class Reader(Protocol):
    """Where bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most *size* bytes; none at the end."""
        ...


def is_remote(path: str) -> bool:
    """Whether *path* is an address, not a file of this machine."""
    scheme, separator, _ = path.partition("://")
    return bool(separator) and scheme.replace("+", "").isalnum()


def shown(path: str) -> str:
    """Return a source's path for messages and reports, with tokens masked.

    A signed address is a key to the file for everybody who reads it. Its parameters are masked unless
    they only say what is fetched, and so is a user name of a web address; a path stays.
    """
    match = _ADDRESS.fullmatch(path) if is_remote(path) else None
    if match is None:
        return path
    host = match["host"]
    user, at, place = host.rpartition("@")
    if at and match["scheme"].lower() in _WEB:
        host = f"{MASK}@{place}"
    elif ":" in user:
        host = f"{user.partition(':')[0]}:{MASK}@{place}"
    more, mark, fragment = match["more"].partition("#")
    more = re.sub(r"[^?&;]+", lambda found: _masked(found[0]), more)
    fragment = fragment if not fragment or re.fullmatch(r"gid=\d+", fragment) else MASK
    return f"{match['scheme']}://{host}{match['path']}{more}{mark}{fragment}"


def _masked(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    if equals and name.lower() in _HARMLESS:
        return parameter
    return f"{name}={MASK}" if equals else MASK


def fetch(url: str, target: Target, *, most_bytes: int, tries: Tries | None = None) -> None:
    """Copy what is at *url* into *target*.

    After a failure that may pass (no connection, a time-out, HTTP 429 and 5xx, a broken
    connection) it is fetched again from its beginning.

    Raises:
        SourceError: It cannot be fetched, the library for its protocol is missing, or it is larger
            than *most_bytes*. The message shows no token.
    """
    tried(lambda: _fetch(url, target, most_bytes), tries)


def _fetch(url: str, target: Target, most_bytes: int) -> None:
    target.restart()
    with _translated(url), _reading(url) as remote:
        size = 0
        while block := remote.read(_BLOCK):
            size += len(block)
            if size > most_bytes:
                raise SourceError(
                    Message(
                        "{url}: larger than {most_bytes:,} bytes",
                        url=shown(url),
                        most_bytes=most_bytes,
                    ),
                    code="SOURCE_BOMB",
                )
            target.write(block)


@contextmanager
def _reading(url: str) -> Iterator[Reader]:
    if _scheme(url) in _WEB:
        from bulk_import.sources import web

        with web.opened(url) as page:
            yield page
    elif _scheme(url) in _SSH:
        from bulk_import.sources import sftp

        with sftp.connected(url) as (server, path), server.open(path, "rb") as file:
            file.prefetch(max_concurrent_requests=_AHEAD)
            yield file
    else:
        filesystem, path = _filesystem(url)
        with filesystem.open(path, "rb") as file:
            yield file


def stat(url: str, tries: Tries | None = None) -> tuple[int, float]:
    """Return (size, time of change in seconds of the epoch) of *url*; 0 = unknown.

    Raises:
        SourceError: As ``fetch``.
    """
    return tried(lambda: _stat(url), tries)


def _stat(url: str) -> tuple[int, float]:
    with _translated(url):
        if _scheme(url) in _WEB:
            from bulk_import.sources import web

            with web.opened(url) as page:
                return page.size, page.changed_at
        if _scheme(url) in _SSH:
            from bulk_import.sources import sftp

            with sftp.connected(url) as (server, path):
                found = server.stat(path)
                return int(found.st_size or 0), float(found.st_mtime or 0)
        filesystem, path = _filesystem(url)
        info: dict[str, Any] = filesystem.info(path)
        return int(info.get("size") or 0), _changed_at(info)


def matches(pattern: str, tries: Tries | None = None) -> list[tuple[float, str]]:
    """Return (time of change, address) of the files that an address with ``*`` or ``[…]`` matches.

    Raises:
        SourceError: As ``fetch``; a web address cannot be a pattern.
    """
    return tried(lambda: _matches(pattern), tries)


def _matches(pattern: str) -> list[tuple[float, str]]:
    with _translated(pattern):
        if _scheme(pattern) in _SSH:
            from bulk_import.sources import sftp

            return sftp.matches(pattern)
        filesystem, path = _filesystem(pattern)
        found = filesystem.glob(path, detail=True)
        return [
            (_changed_at(info), str(filesystem.unstrip_protocol(name)))
            for name, info in found.items()
            if info.get("type") != "directory"
        ]


def is_pattern(path: str) -> bool:
    """Whether an address is a pattern for several files; web addresses never are."""
    return is_remote(path) and _scheme(path) not in _WEB and has_magic(urlsplit(path).path)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Translate the errors of every protocol into ours, without tokens."""
    parts = urlsplit(url)
    if parts.password:
        raise SourceError(
            "a source's address must not hold a password, it would end up in reports; use a key, an "
            "agent or the environment",
            code="SOURCE_UNREADABLE",
        )
    if f"={MASK}" in url or f"//{MASK}@" in url:
        raise SourceError(
            Message(
                "{url}: the token of this address was not kept; run the command with which "
                "the run began, with the whole address and --run-dir (for a night: sync "
                "again)",
                url=url,
            ),
            code="SOURCE_UNREADABLE",
        )
    try:
        yield
    except BulkImportError:
        raise
    except Exception as exc:  # noqa: BLE001 - every protocol has errors of its own
        reason = getattr(exc, "strerror", None) or str(exc)  # without [Errno None]
        said = " ".join(reason.split()).replace(url, shown(url))
        if parts.query:
            said = said.replace(parts.query, MASK)
        message = Message(
            "{url}: cannot be fetched: {said}",
            url=shown(url),
            said=said[:200] or type(exc).__name__,
        )
        raise (PassingError(message) if _may_pass(exc) else SourceError(message)) from None


def _may_pass(exc: Exception) -> bool:
    """Whether a retry may help: the connection failed, not the key or the path."""
    if isinstance(exc, ConnectionError | TimeoutError | EOFError) or str(exc) == _CLOSED:
        return True
    names = {base.__name__ for base in type(exc).__mro__}
    is_ssh = type(exc).__module__.startswith("paramiko.")
    return is_ssh and "AuthenticationException" not in names and bool(names & _PASSING_OF_SSH)


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise SourceError(
            Message("{url}: needs fsspec: pip install 'bulk_import[remote]'", url=shown(url)),
            code="SOURCE_UNREADABLE",
        ) from None
    filesystem, path = url_to_fs(url)  # a protocol's library may be missing
    return filesystem, str(path)


def _changed_at(info: dict[str, Any]) -> float:
    changed = next((info[name] for name in ("mtime", "LastModified", "updated") if name in info), 0)
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    return float(changed) if isinstance(changed, int | float) else 0.0


def source_stat(path: str) -> tuple[int, float]:
    """Return (size, time of change) of a source, here or elsewhere.

    Raises:
        SourceError: It is not there.
    """
    if is_remote(path):
        return stat(path)
    if path.lower().endswith(".sql"):
        return 0, 0.0  # a query's rows are as old as the moment in which it is run
    try:
        found = Path(path).stat()
    except OSError as exc:
        raise SourceError(
            Message("{path}: {strerror}", path=path, strerror=exc.strerror or exc),
            code="SOURCE_MISSING",
        ) from None
    return found.st_size, found.st_mtime

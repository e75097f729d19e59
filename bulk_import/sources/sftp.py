"""Sources over SFTP: only from a server whose host key is known."""

from __future__ import annotations

import fnmatch
import shlex
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from glob import has_magic
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bulk_import.errors import Message, SourceError
from bulk_import.sources.remote import shown

_PORT = 22
_PATIENCE_S = 30.0
_ENDING_S = 5.0
_SYSTEM_HOSTS = Path("/etc/ssh/ssh_known_hosts")


@contextmanager
def connected(url: str) -> Iterator[tuple[Any, str]]:
    """Yield a session of SFTP (paramiko's) and the path of *url* there.

    Keys come from the agent and from ``~/.ssh``.

    Raises:
        SourceError: The host key is unknown or has changed; paramiko is missing. What else goes wrong
            is raised by paramiko.
    """
    try:
        import paramiko
    except ImportError:
        raise SourceError(
            Message(
                "{url}: sftp needs paramiko: pip install 'bulk_import[remote]'", url=shown(url)
            ),
            code="SOURCE_UNREADABLE",
        ) from None

    class Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            raise _unknown(url, key)

    parts = urlsplit(url)
    with _without_tracebacks(), paramiko.SSHClient() as client:
        client.load_system_host_keys()  # ~/.ssh/known_hosts, if it is there
        if _SYSTEM_HOSTS.is_file():
            client.load_system_host_keys(str(_SYSTEM_HOSTS))
        client.set_missing_host_key_policy(Refuse())
        try:
            client.connect(
                parts.hostname or "", parts.port or _PORT, parts.username, timeout=_PATIENCE_S,
                banner_timeout=_PATIENCE_S, auth_timeout=_PATIENCE_S,
            )  # fmt: skip
        except paramiko.BadHostKeyException as exc:
            raise _changed(url, exc.key) from None
        with client.open_sftp() as session:
            session.get_channel().settimeout(_PATIENCE_S)
            yield session, parts.path


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Silence the threads that prefetch a file when the connection ends.

    The reader of the file still gets an exception.
    """
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        is_ours = args.thread is not None and _prefetches(args.thread)
        if not (is_ours and issubclass(args.exc_type, EOFError | OSError)):
            before(args)

    threading.excepthook = hook
    try:
        yield
    finally:
        for thread in filter(_prefetches, threading.enumerate()):
            thread.join(_ENDING_S)  # the connection is closed: it ends, and may complain of that
        threading.excepthook = before


def _prefetches(thread: threading.Thread) -> bool:
    return "prefetch" in thread.name


def matches(pattern: str) -> list[tuple[float, str]]:
    """Return (time of change, address) of the files of one folder that the pattern matches.

    Raises:
        SourceError: The folder itself is a pattern, or as ``connected`` raises.
    """
    base, _, name = pattern.rpartition("/")
    if has_magic(urlsplit(base).path):
        raise SourceError(
            Message(
                "{pattern}: over sftp, only the name of the file can be a pattern",
                pattern=shown(pattern),
            ),
            code="SOURCE_MISSING",
        )
    with connected(f"{base}/") as (session, folder):
        return [
            (float(entry.st_mtime or 0), f"{base}/{entry.filename}")
            for entry in session.listdir_attr(folder)
            if fnmatch.fnmatchcase(entry.filename, name)
            and (not entry.filename.startswith(".") or name.startswith("."))
            and not stat.S_ISDIR(entry.st_mode or 0)
        ]


def _unknown(url: str, key: Any) -> SourceError:
    return SourceError(
        Message(
            "{url}: the host key of this server is not known ({get_name} {fingerprint}); "
            "nothing was read. Compare the fingerprint with what its operator says, then "
            "run: {scan}",
            url=shown(url),
            get_name=key.get_name(),
            fingerprint=key.fingerprint,
            scan=_scan(url),
        ),
        code="SOURCE_UNREADABLE",
    )


def _changed(url: str, key: Any) -> SourceError:
    name = shlex.quote(_known_as(url))
    return SourceError(
        Message(
            "{url}: the host key of this server HAS CHANGED (now {get_name} {fingerprint}); "
            "nothing was read. Somebody may be between you and the server. If its operator "
            "confirms the new key, run: ssh-keygen -R {name} && {scan}",
            url=shown(url),
            get_name=key.get_name(),
            fingerprint=key.fingerprint,
            name=name,
            scan=_scan(url),
        ),
        code="SOURCE_UNREADABLE",
    )


def _known_as(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or _PORT
    return f"{parts.hostname}" if port == _PORT else f"[{parts.hostname}]:{port}"


def _scan(url: str) -> str:
    parts = urlsplit(url)
    host = shlex.quote(parts.hostname or "")
    return f"ssh-keyscan -p {parts.port or _PORT} {host} >> ~/.ssh/known_hosts"

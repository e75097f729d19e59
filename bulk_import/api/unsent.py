"""Why nothing was sent: what kept a connection from coming about, in words."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp
from yarl import URL

from bulk_import.errors import Message
from bulk_import.system.environment import proxy_hint


class NotSentError(Exception):
    """The connection never became ready: the server has seen nothing of the request.

    Attributes:
        is_final: Trying again cannot help: the certificate is refused, the name does not exist.
    """

    def __init__(self, message: str, *, code: str, is_final: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.is_final = is_final


def not_sent(exc: BaseException, base: URL, proxy: URL | None = None) -> NotSentError:
    """Return what to tell of a connection that did not come about.

    Args:
        exc: What aiohttp said.
        base: The account.
        proxy: That requests go through; its user and password are not shown.
    """
    if proxy is not None and (told := _refused_by_proxy(exc, proxy)):
        return told
    where = f"{base.host}:{base.port}"
    hint = proxy_hint() if proxy is None and base.scheme == "https" else ""
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        reason = getattr(exc.certificate_error, "verify_message", "") or exc.certificate_error
        return NotSentError(
            Message("{where}: its certificate is refused ({reason})", where=where, reason=reason),
            code="CERTIFICATE",
            is_final=True,
        )
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return _no_such_host(exc.os_error, base, hint)
    if isinstance(exc, aiohttp.ClientSSLError | ssl.SSLError):
        return NotSentError(
            Message(
                "{where}: no secure connection ({reason_of})", where=where, reason_of=reason_of(exc)
            ),
            code="TLS_FAILED",
        )
    reset = exc.os_error if isinstance(exc, aiohttp.ClientConnectorError) else exc
    if base.scheme == "https" and isinstance(reset, ConnectionResetError):
        return NotSentError(
            Message(
                "{where}: the connection was closed before it was secure; TLS of version 1.2 "
                "or newer is needed",
                where=where,
            ),
            code="TLS_FAILED",
        )
    if isinstance(exc, TimeoutError):
        return NotSentError(
            Message("{where}: no connection in time{hint}", where=where, hint=hint),
            code="CONNECT_TIMEOUT",
        )
    return NotSentError(
        Message(
            "{where}: no connection ({reason_of}){hint}",
            where=where,
            reason_of=reason_of(exc),
            hint=hint,
        ),
        code="UNREACHABLE",
    )


def _no_such_host(cause: OSError, base: URL, hint: str) -> NotSentError:
    final = isinstance(cause, socket.gaierror) and cause.errno in (
        socket.EAI_NONAME,
        getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
    )
    return NotSentError(
        Message(
            "{host}: no such host ({reason_of}); check the account's name{hint}",
            host=base.host,
            reason_of=reason_of(cause),
            hint=hint,
        ),
        code="HOST_UNKNOWN",
        is_final=final,
    )


def reason_of(exc: BaseException) -> str:
    """Return what an error says, without aiohttp's wrapping."""
    if isinstance(exc, aiohttp.ClientConnectorError):
        exc = exc.os_error
    if isinstance(exc, OSError) and exc.strerror:
        # asyncio's own words have the address again, as a tuple of Python.
        if exc.errno and exc.strerror.startswith("Connect call failed"):
            return os.strerror(exc.errno)
        return exc.strerror
    return str(exc) or type(exc).__name__


def _refused_by_proxy(exc: BaseException, proxy: URL) -> NotSentError | None:
    where = Message("the proxy {host}:{port}", host=proxy.host, port=proxy.port)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        said = f"{exc.status} {exc.message}".strip()
        if exc.status == 407:
            said = Message(
                "{said}; give user and password in BULK_IMPORT_PROXY, as "
                "http://user:password@host:port",
                said=said,
            )
        return NotSentError(
            Message("{where} does not let requests pass ({said})", where=where, said=said),
            code="PROXY_REFUSED",
            is_final=True,
        )
    if isinstance(exc, aiohttp.ClientProxyConnectionError):
        return NotSentError(
            Message(
                "{where} cannot be reached ({reason_of})", where=where, reason_of=reason_of(exc)
            ),
            code="PROXY_UNREACHABLE",
        )
    return None

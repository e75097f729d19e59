"""Why nothing was sent: each kind of failed connection has its code, its words, and whether it may pass by itself."""

from __future__ import annotations

import errno
import socket
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
from yarl import URL

from bulk_import.api.unsent import not_sent, reason_of

HTTP, HTTPS = URL("http://shop.example.com:8080"), URL("https://shop.example.com")
PROXY = URL("http://user:pass@proxy.example.org:3128")
KEY = SimpleNamespace(host="shop.example.com", port=443, ssl=True, is_ssl=True)
RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
OF_ASYNCIO = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)")
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
FOR_NOW = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def of_connector(cause: OSError) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, cause)


def certificate() -> aiohttp.ClientConnectorCertificateError:
    cause = ssl.SSLCertVerificationError("long words")
    cause.verify_message = "certificate has expired"
    return aiohttp.ClientConnectorCertificateError(KEY, cause)


@pytest.fixture(autouse=True)
def _no_proxy_in_the_environment(monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("exc", "base", "code", "is_final", "said"),
    [
        (certificate(), HTTPS, "CERTIFICATE", True, "shop.example.com:443: its certificate is refused (certificate has expired)"),
        (aiohttp.ClientConnectorDNSError(KEY, NO_NAME), HTTPS, "HOST_UNKNOWN", True, "shop.example.com: no such host (Name or service not known); check the account's name"),
        (aiohttp.ClientConnectorDNSError(KEY, FOR_NOW), HTTPS, "HOST_UNKNOWN", False, "shop.example.com: no such host (Temporary failure in name resolution); check the account's name"),
        (ssl.SSLError(1, "wrong version"), HTTPS, "TLS_FAILED", False, "shop.example.com:443: no secure connection (wrong version)"),
        (RESET, HTTPS, "TLS_FAILED", False, "shop.example.com:443: the connection was closed before it was secure; TLS of version 1.2 or newer is needed"),
        (of_connector(RESET), HTTPS, "TLS_FAILED", False, "shop.example.com:443: the connection was closed before it was secure; TLS of version 1.2 or newer is needed"),
        (RESET, HTTP, "UNREACHABLE", False, "shop.example.com:8080: no connection (Connection reset by peer)"),
        (TimeoutError(), HTTPS, "CONNECT_TIMEOUT", False, "shop.example.com:443: no connection in time"),
        (of_connector(REFUSED), HTTPS, "UNREACHABLE", False, "shop.example.com:443: no connection (Connection refused)"),
        (of_connector(REFUSED), HTTP, "UNREACHABLE", False, "shop.example.com:8080: no connection (Connection refused)"),
        (of_connector(OF_ASYNCIO), HTTP, "UNREACHABLE", False, "shop.example.com:8080: no connection (Connection refused)"),
        (ValueError(), HTTP, "UNREACHABLE", False, "shop.example.com:8080: no connection (ValueError)"),
    ],
)  # fmt: skip
def test_each_kind_of_failed_connection_is_told(exc, base, code, is_final, said):
    found = not_sent(exc, base)
    assert (found.code, found.is_final, str(found)) == (code, is_final, said)


def test_a_proxy_of_the_environment_that_is_not_used_is_hinted_at(monkeypatch):
    plain = [
        str(not_sent(exc, base)) for exc in (TimeoutError(), REFUSED) for base in (HTTPS, HTTP)
    ]
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    told = [str(not_sent(exc, base)) for exc in (TimeoutError(), REFUSED) for base in (HTTPS, HTTP)]
    assert [after != before for after, before in zip(told, plain, strict=True)] == [True, False] * 2
    with_proxy = str(not_sent(REFUSED, HTTPS, PROXY))
    assert with_proxy == "shop.example.com:443: no connection (Connection refused)"


@pytest.mark.parametrize(
    ("status", "more"),
    [(403, ""), (407, "; give user and password in BULK_IMPORT_PROXY, as http://user:password@host:port")],
)  # fmt: skip
def test_a_proxy_that_refuses_is_named_without_its_password(status, more):
    info = SimpleNamespace(real_url=HTTPS)
    exc = aiohttp.ClientHttpProxyError(info, (), status=status, message="No")
    found = not_sent(exc, HTTPS, PROXY)
    assert (found.code, found.is_final) == ("PROXY_REFUSED", True)
    assert (
        str(found)
        == f"the proxy proxy.example.org:3128 does not let requests pass ({status} No{more})"
    )


def test_a_proxy_that_is_away_may_come_back():
    found = not_sent(aiohttp.ClientProxyConnectionError(KEY, REFUSED), HTTPS, PROXY)
    assert (found.code, found.is_final) == ("PROXY_UNREACHABLE", False)
    assert str(found) == "the proxy proxy.example.org:3128 cannot be reached (Connection refused)"


@pytest.mark.parametrize(
    ("exc", "said"),
    [(REFUSED, "Connection refused"), (of_connector(REFUSED), "Connection refused"), (OSError("odd"), "odd"), (KeyError(), "KeyError")],
)  # fmt: skip
def test_the_reason_is_what_the_system_said(exc, said):
    assert reason_of(exc) == said

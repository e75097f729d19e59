"""One request without the key: is the account's address reached, how safely, and what time is it there?"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from bulk_import.api.client import proxy_of, tls_context
from bulk_import.api.unsent import not_sent
from bulk_import.api.wire import FAILURES, connect_limits
from bulk_import.settings import Settings
from bulk_import.system.clock import from_header


@dataclass(frozen=True, slots=True)
class Probe:
    """What answers at an address.

    Attributes:
        tls: ``TLSv1.3``; empty where nothing is encrypted, or a proxy hides it.
        expires: When the certificate ends; ``None`` when it is not known.
        ahead_s: Seconds that the server's clock is ahead of this machine's; ``None`` when the answer
            has no date. Known to a second, and to half of the answer's time.
        elapsed_s: From connecting to the head of the answer.
    """

    http_status: int
    tls: str
    expires: datetime | None
    ahead_s: float | None
    elapsed_s: float


async def probe(settings: Settings) -> Probe:
    """Ask for the front page of the account's address; the key stays here.

    Raises:
        NotSentError: There is no connection; the message says why.
        SettingsError: The CA file cannot be used.
    """
    base = URL(settings.endpoint)
    limits = connect_limits(settings.patience.timeout_s)
    whole = aiohttp.ClientTimeout(
        total=settings.patience.timeout_s, sock_connect=limits.sock_connect
    )
    context, proxy = tls_context(settings), proxy_of(settings)
    connections = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with aiohttp.ClientSession(connector=connections, timeout=whole) as session:
        began = time.monotonic()
        try:
            async with session.get(base, allow_redirects=False, proxy=proxy) as answer:
                elapsed_s = time.monotonic() - began
                ahead_s = _ahead(answer.headers.get("Date", ""), elapsed_s)
            tls, expires = "", None
            if base.scheme == "https" and proxy is None:
                tls, expires = await _safety(base, context, settings.patience.timeout_s)
        except FAILURES as exc:
            raise not_sent(exc, base, proxy) from exc
    return Probe(answer.status, tls, expires, ahead_s, elapsed_s)


async def _safety(base: URL, tls: ssl.SSLContext, limit_s: float) -> tuple[str, datetime | None]:
    """Return the version of TLS, and when the certificate ends.

    On a connection of its own: aiohttp has let go of the one of an answer without a body.
    """
    async with asyncio.timeout(limit_s):
        _, writer = await asyncio.open_connection(base.host, base.port, ssl=tls)
    connection = writer.get_extra_info("ssl_object")
    writer.close()
    ends = (connection.getpeercert() or {}).get("notAfter")
    expires = datetime.strptime(ends, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC) if ends else None
    return str(connection.version()), expires


def _ahead(date: str, elapsed_s: float) -> float | None:
    there = from_header(date)
    if there is None:
        return None
    here = datetime.now(UTC).timestamp() - elapsed_s / 2
    # The date has whole seconds: on average it is half of one behind.
    return there.timestamp() + 0.5 - here

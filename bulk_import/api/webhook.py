"""One JSON message to somebody's own address when a run has ended: counts, nobody's data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bulk_import.errors import SettingsError

_TIMEOUT_S = 10.0


def check_webhook(url: str) -> str:
    """Return *url* if it can be told anything.

    Raises:
        SettingsError: It is not an http(s) address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"--notify {url!r}: give an http or https address")
    return url


def notify(url: str, message: Mapping[str, Any]) -> str:
    """Post *message*; return what went wrong, or ``""``. A run never fails for it."""

    async def post() -> str:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=dict(message), allow_redirects=False) as answer,
        ):
            return "" if answer.status < 300 else f"HTTP {answer.status}"

    try:
        return asyncio.run(post())
    except (aiohttp.ClientError, TimeoutError, OSError) as exc:
        return str(exc) or type(exc).__name__

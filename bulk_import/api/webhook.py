"""A message when a run has ended: counts, nobody's data.

An http(s) address gets the summary as JSON. Any other address (``mailto://``, ``slack://``,
``tgram://``, …) is one of Apprise's, which knows a hundred services.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bulk_import.errors import SettingsError

_TIMEOUT_S = 10.0
_HTTP = ("http", "https")


def check_webhook(url: str) -> str:
    """Return *url* if it can be told anything.

    Raises:
        SettingsError: It is no address, or Apprise is needed and not installed.
    """
    parts = urlsplit(url)
    if parts.scheme in _HTTP and parts.hostname:
        return url
    if "://" not in url:
        raise SettingsError("--notify: give an http or https address, or one of Apprise's")
    try:
        import apprise
    except ImportError:
        raise SettingsError(
            f"--notify {parts.scheme}://…: needs Apprise: pip install 'bulk_import[notify]'"
        ) from None
    if not apprise.Apprise().add(url):
        raise SettingsError(f"--notify {parts.scheme}://…: not an address that Apprise knows")
    return url


def notify(url: str, message: Mapping[str, Any]) -> str:
    """Send *message*; return what went wrong, or ``""``. A run never fails for it."""
    if urlsplit(url).scheme not in _HTTP:
        return _by_apprise(url, message)

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


def _by_apprise(url: str, message: Mapping[str, Any]) -> str:
    import apprise

    counts = ", ".join(f"{n:,} {status}" for status, n in message["counts"].items() if n)
    well = message["exit_code"] == 0
    service = apprise.Apprise()
    service.add(url)
    taken = service.notify(
        title=f"bulk_import: exit code {message['exit_code']}",
        body="\n".join(filter(None, (counts or "no rows", message["stopped"], message["run_dir"]))),
        notify_type=apprise.NotifyType.SUCCESS if well else apprise.NotifyType.FAILURE,
    )
    return "" if taken else "the service did not take it"

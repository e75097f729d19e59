"""Addresses that requests go to: of the account, in one spelling, and of a proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bulk_import.errors import Message, SettingsError
from bulk_import.system.environment import PROXY_VARIABLE
from bulk_import.system.secrets import Secret

# The vendor's international domain; an account on another one names its --endpoint.
ACCOUNT_DOMAIN = "influencersoft.com"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_METHODS = ("addupdatelead", "getalllists", "getpersonalmanagers")
_USUAL_PORTS = {"https": 443, "http": 80}
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)


def account_endpoint(login: str) -> str:
    """Return the base URL of the account with that login; empty for an empty login."""
    login = login.strip()
    if not login:
        return ""
    if not _LOGIN.fullmatch(login):
        raise SettingsError(
            Message(
                "--account {login!r}: give the login alone, as in LOGIN.{account_domain}; an "
                "account on another domain is named by --endpoint https://…",
                login=login,
                account_domain=ACCOUNT_DOMAIN,
            )
        )
    return f"https://{login.lower()}.{ACCOUNT_DOMAIN}"


def normalize_endpoint(url: str) -> str:
    """Return *url* as ``scheme://host[:port]``; a method's URL is cut to its base.

    Raises:
        SettingsError: Not a URL; plain http to another machine; user, query or path in it.
    """
    given = url.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise SettingsError(
            Message("--endpoint {given!r}: not a URL ({exc})", given=given, exc=exc)
        ) from None
    if parts.scheme not in ("http", "https") or not host or " " in host:
        raise SettingsError(
            Message(
                "--endpoint {given!r}: give a URL such as https://shop.example.com", given=given
            )
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            "--endpoint: give the address alone, without user, password, ? or #; "
            "the key has a place of its own"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SettingsError(
            Message(
                "--endpoint {given!r}: plain http would show your API key to everybody on "
                "the way; use https://{host}",
                given=given,
                host=host,
            )
        )
    path = parts.path.strip("/").lower()
    if path and path != "api" and path.removeprefix("api/") not in _METHODS:
        raise SettingsError(
            Message(
                "--endpoint {given!r}: the address of the account is enough: {scheme}://{host}",
                given=given,
                scheme=parts.scheme,
                host=host,
            )
        )
    host = host.rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    is_usual = port is None or port == _USUAL_PORTS[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if is_usual else f":{port}")


def account_name(endpoint: str) -> str:
    """Return one name for all spellings of an account's address: ``localhost`` is ``127.0.0.1``."""
    parts = urlsplit(normalize_endpoint(endpoint))
    host = parts.hostname or ""
    return f"{'localhost' if host in LOOPBACK else host}:{parts.port or _USUAL_PORTS[parts.scheme]}"


def normalize_proxy(url: Secret | str) -> Secret:
    """Return the URL of a proxy, checked; empty if it is.

    Raises:
        SettingsError: It is not one. Neither user nor password are shown.
    """
    text = url.reveal() if isinstance(url, Secret) else url.strip()
    if not text:
        return Secret("")
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError(
            Message(
                "--proxy, {proxy_variable}: give a URL such as http://proxy.example.com:3128",
                proxy_variable=PROXY_VARIABLE,
            )
        )
    return Secret(text)


def proxy_of(given: Secret | str, known: Mapping[str, str]) -> Secret:
    """Return the proxy of the command line, else of the environment.

    Raises:
        SettingsError: It is no URL, or the command line shows its password.
    """
    if isinstance(given, Secret):
        return normalize_proxy(given)
    if "@" in given:
        raise SettingsError(
            Message(
                "--proxy: every program on this computer can read user and password in a "
                "command line; set {proxy_variable} to http://user:password@host:port instead",
                proxy_variable=PROXY_VARIABLE,
            )
        )
    return normalize_proxy(given or known.get(PROXY_VARIABLE, ""))

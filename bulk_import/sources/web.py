"""Web addresses as sources, with tokens from the environment; links to Google Sheets."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from bulk_import.api.answers import parse_retry_after
from bulk_import.errors import Message, SettingsError, SourceError
from bulk_import.sources.again import PassingError
from bulk_import.sources.remote import shown
from bulk_import.system.addresses import LOOPBACK
from bulk_import.system.clock import from_header
from bulk_import.system.crash import conceal
from bulk_import.system.environment import (
    HEADERS_VARIABLE,
    SOURCE_HOST_VARIABLE,
    TOKEN_VARIABLE,
    variables,
)
from bulk_import.system.secrets import Secret

_SILENCE_S = 60.0  # without a byte
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SHEET = re.compile(
    r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/(?P<id>[\w-]+)(?P<rest>/[^?#]*)?(?:[?#].*)?"
)
_PUBLISHED = re.compile(
    r"(https://docs\.google\.com/spreadsheets/d/e/[\w-]+)/pub(?:html)?(?:[?#].*)?"
)
_GID = re.compile(r"[?#&]gid=(\d+)")
_PASSING = frozenset({408, 425, 429})  # and those from 500 on, but for:
_LASTING = frozenset({501, 505, 511})
_LOGIN_HOSTS = frozenset({"accounts.google.com", "login.microsoftonline.com", "login.live.com"})


class Page:
    """An answer that is being read.

    Attributes:
        size: In bytes; 0 = unknown.
        changed_at: Time of change in seconds of the epoch; 0 = unknown.
    """

    def __init__(self, answer: HTTPResponse, url: str) -> None:
        self._answer = answer
        self._url = url
        self._read = 0
        self.size = int(answer.headers.get("Content-Length") or 0)
        changed = from_header(answer.headers.get("Last-Modified", ""))
        self.changed_at = changed.timestamp() if changed else 0.0

    def read(self, size: int, /) -> bytes:
        """Return at most *size* bytes.

        Raises:
            SourceError: The answer broke off.
        """
        block = self._answer.read(size)
        self._read += len(block)
        if not block and self._read < self.size:
            raise _failed(
                self._url,
                Message(
                    "broke off after {read:,} of {size:,} bytes", read=self._read, size=self.size
                ),
            )
        return block


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """Request *url* and follow redirects; our headers are not sent to other hosts.

    Raises:
        SourceError: The server answered with an error; the message has the HTTP status.
        SettingsError: A variable with headers is malformed.
    """
    address = direct_address(url)
    headers = headers_for(address, variables(None, Path(".env")))
    request = Request(_quoted(address), headers={"User-Agent": "bulk-import"})  # noqa: S310 - http(s) only, by the caller
    for name, text in headers.items():
        conceal(Secret(text))
        request.add_unredirected_header(name, text)
    paths = ssl.get_default_verify_paths()
    context = _trusting(paths.cafile, paths.capath)
    # Variables of other programs do not decide who sees the address, as for the account.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context), _Redirects(headers))
    try:
        with opener.open(request, timeout=_SILENCE_S) as answer:
            if urlsplit(answer.geturl()).hostname in _LOGIN_HOSTS:
                raise _refused(url, Message("asks for a login; {sharing}", sharing=_SHARING))
            yield Page(answer, url)
    except HTTPError as exc:
        asks = parse_retry_after(exc.headers.get("Retry-After") or "", datetime.now(UTC))
        exc.close()
        said = _of_status(exc.code)
        if exc.code in _PASSING or (exc.code >= 500 and exc.code not in _LASTING):
            raise _failed(url, said, asks or 0.0) from None
        raise _refused(url, said) from None
    except URLError as exc:
        reason = exc.reason
        said = getattr(reason, "strerror", None) or str(reason)
        is_connection = isinstance(reason, OSError) and not isinstance(reason, ssl.SSLError)
        raise (_failed if is_connection else _refused)(url, said) from None
    except TimeoutError:
        raise _failed(
            url, Message("no answer within {silence_s:.0f} s", silence_s=_SILENCE_S)
        ) from None
    except HTTPException as exc:
        raise _failed(
            url, Message("not HTTP as expected ({name})", name=type(exc).__name__)
        ) from None


@lru_cache(maxsize=1)
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Certificates of this machine, read once per process: that takes longer than a small file."""
    return ssl.create_default_context()


_SHARING = (
    "share it with everybody who has the link (File > Share), or publish it (File > Share > Publish to "
    "web)"
)


def direct_address(url: str) -> str:
    """Return the address of the file itself for a link to a Google Sheet; any other as it is.

    A link with ``gid=`` means that tab, which is fetched as CSV; without one the workbook is.
    """
    published = _PUBLISHED.fullmatch(url)
    gid = _GID.search(url)
    if published is not None:
        tab = f"&gid={gid[1]}&single=true" if gid else ""
        return f"{published[1]}/pub?output={'csv' if gid else 'xlsx'}{tab}"
    sheet = _SHEET.fullmatch(url)
    if sheet is None or (sheet["rest"] or "").startswith(("/export", "/gviz")):
        return url
    base = f"https://docs.google.com/spreadsheets/d/{sheet['id']}/export"
    return f"{base}?format=csv&gid={gid[1]}" if gid else f"{base}?format=xlsx"


def headers_for(url: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the environment gives for *url*.

    Raises:
        SettingsError: They are malformed, or would be sent unencrypted.
    """
    token, text = known.get(TOKEN_VARIABLE, "").strip(), known.get(HEADERS_VARIABLE, "").strip()
    parts = urlsplit(url)
    host = known.get(SOURCE_HOST_VARIABLE, "").strip()
    if not (token or text) or (host and parts.hostname != host.lower()):
        return {}
    if parts.scheme.lower() != "https" and parts.hostname not in LOOPBACK:
        name = TOKEN_VARIABLE if token else HEADERS_VARIABLE
        raise SettingsError(
            Message(
                "{url}: plain http would show {name} to everybody on the way; use https",
                url=shown(url),
                name=name,
            )
        )
    found = _parsed(text) if text else {}
    if token:
        found["Authorization"] = f"Bearer {token}"
    for name, value in found.items():
        if not _NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise SettingsError(
                Message(
                    "{headers_variable}, {token_variable}: {name!r} is not a header",
                    headers_variable=HEADERS_VARIABLE,
                    token_variable=TOKEN_VARIABLE,
                    name=name,
                )
            )
    return found


def _parsed(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SettingsError(
            Message(
                '{headers_variable}: give JSON such as {{"X-Api-Key": "…"}}',
                headers_variable=HEADERS_VARIABLE,
            )  # never what is there
        )
    return found


class _Redirects(HTTPRedirectHandler):
    """Follows redirects without sending our headers to another host."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> Request | None:
        target = urljoin(req.full_url, newurl)
        before, after = urlsplit(req.full_url), urlsplit(target)
        if before.scheme == "https" and after.scheme != "https":
            fp.close()  # nobody else knows of this answer
            raise URLError(
                Message(
                    "HTTP {code}: redirects to {scheme}, which is not safe",
                    code=code,
                    scheme=after.scheme or "nothing",
                )
            )
        found = super().redirect_request(req, fp, code, msg, headers, target)  # type: ignore[arg-type]
        if found is not None and before[:2] == after[:2]:
            for name, text in self._headers.items():
                found.add_unredirected_header(name, text)
        return found


def _quoted(url: str) -> str:
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def _of_status(status: int) -> str:
    try:
        said = f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        said = f"HTTP {status}"
    if status in (401, 403):
        return Message(
            "{said}; a signed link may have expired, a token goes into {token_variable}, "
            "other headers into {headers_variable}",
            said=said,
            token_variable=TOKEN_VARIABLE,
            headers_variable=HEADERS_VARIABLE,
        )
    return (
        Message("{said}; nothing is at that address", said=said) if status in (404, 410) else said
    )


def _failed(url: str, why: str, retry_after_s: float = 0.0) -> PassingError:
    message = Message("{url}: cannot be fetched: {why}", url=shown(url), why=why)
    return PassingError(message, retry_after_s=retry_after_s)


def _refused(url: str, why: str) -> SourceError:
    return SourceError(
        Message("{url}: cannot be fetched: {why}", url=shown(url), why=why),
        code="SOURCE_UNREADABLE",
    )

"""One request, one answer: the key goes in, a verdict comes out.

No automatic redirects, no proxies from the environment, no cookies, certificate checks always on,
answers read to their end but never beyond 64 KiB. The bytes travel by one of two ways (``wire``,
``direct``) that end alike.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from bulk_import.api.answers import Answer, Verdict, hash_matches, parse_envelope, understand
from bulk_import.api.deadlines import Deadlines
from bulk_import.api.form import KEY_PARAMETER
from bulk_import.api.unsent import not_sent, reason_of
from bulk_import.api.wire import (
    HEADERS,
    Connector,
    NoConnectionError,
    NoReplyError,
    Reply,
    SessionWay,
    Way,
    connect_limits,
    connector,
)
from bulk_import.errors import Message, SettingsError
from bulk_import.settings import Settings

_SEND = "addupdatelead"
_PLACE = ("scheme", "host", "port")


class AnswerLostError(Exception):
    """The request may have reached the server, and no whole answer came back."""

    def __init__(self, message: str, *, code: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


class Client:
    """An open connection to one account. Make with ``Client.connect``."""

    def __init__(self, settings: Settings, way: Way, *, note: str = "") -> None:
        """Make a client.

        Args:
            note: What a person should know about the way.
        """
        self.note = note
        self._way = way
        self._key = settings.api_key
        self._verify_hash = settings.policy.verify_hash
        self._trust_503 = settings.policy.trust_503
        self._timeout_s = settings.patience.timeout_s
        key = urlencode({KEY_PARAMETER: settings.api_key.reveal()})
        self._key_behind = f"&{key}".encode("ascii")
        self._base = URL(settings.endpoint)
        self._proxy = proxy_of(settings)
        self._paths: dict[str, URL] = {}
        self._usual: tuple[bytes, Answer] = (b"", Answer(Verdict.UNREADABLE, 0))

    @classmethod
    @asynccontextmanager
    async def connect(cls, settings: Settings) -> AsyncIterator[Self]:
        """Open the sessions for the account that *settings* name; close them afterwards.

        Raises:
            SettingsError: The CA file cannot be read.
        """
        tls = tls_context(settings)
        limits = connect_limits(settings.patience.timeout_s)
        deadlines = Deadlines(settings.patience.timeout_s)

        def session(connections: Connector) -> aiohttp.ClientSession:
            return aiohttp.ClientSession(
                connector=connections,
                timeout=limits,
                headers=HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )

        # A server that closes after a keep-alive answer makes the next request on that connection
        # ambiguous. A row without e-mail cannot be repeated, so each gets a connection of its own.
        pooled, fresh = connector(tls, keep_alive=True), connector(tls, keep_alive=False)
        async with session(pooled) as keeping, session(fresh) as closing:
            is_asked = settings.policy.send_by == "session"
            note = "" if is_asked else _why_not_direct(settings)
            way: Way = SessionWay(keeping, closing, deadlines, proxy_of(settings))
            if not (is_asked or note):
                from bulk_import.api.direct import DirectWay

                way = DirectWay(pooled, fresh, deadlines, limits)
            try:
                yield cls(settings, way, note=note)
            finally:
                way.close()
                deadlines.close()

    def send(self, body: bytes, *, repeatable: bool) -> Coroutine[Any, Any, Answer]:
        """Send one contact. Await what it returns.

        Args:
            body: The encoded form, without the key.
            repeatable: Whether the server may see the contact twice without harm.

        Raises:
            NotSentError: Nothing left this computer.
            AnswerLostError: It may have been applied or not.
        """
        return self._request(_SEND, body + self._key_behind, keep_alive=repeatable)

    async def call(self, method: str) -> Answer:
        """Call a method that only reads, such as ``getalllists``. Raises as ``send`` does."""
        return await self._request(method, self._key_behind[1:], keep_alive=True)

    async def _request(self, method: str, data: bytes, *, keep_alive: bool) -> Answer:
        url = self._paths.get(method)
        if url is None:
            url = self._paths[method] = self._base / "api" / method
        answer = await self._post(url, data, keep_alive=keep_alive)
        if answer is self._usual[1]:
            return answer
        if answer.verdict is Verdict.MOVED:
            target = self._same_place(url, answer.location)
            if target is not None:
                answer = await self._post(target, data, keep_alive=keep_alive)
                if answer.verdict is not Verdict.MOVED:
                    self._paths[method] = target
        if answer.verdict is Verdict.MOVED:
            answer = replace(
                answer,
                verdict=Verdict.FATAL,
                code="REDIRECTED",
                text=Message(
                    "redirect {http_status} to {location}, not followed: the key stays "
                    "with this host; check --endpoint",
                    http_status=answer.http_status,
                    location=answer.location or "nowhere",
                ),
            )
        return self._redacted(answer)

    def _redacted(self, answer: Answer) -> Answer:
        text, note = self._key.redact(answer.text), self._key.redact(answer.note)
        if text != answer.text or note != answer.note:
            answer = replace(answer, text=text, note=note)
        return answer

    async def _post(self, url: URL, data: bytes, *, keep_alive: bool) -> Answer:
        try:
            reply = await self._way.post(url, data, keep_alive=keep_alive)
        except NoConnectionError as exc:
            raise not_sent(exc.__cause__ or exc, self._base, self._proxy) from exc
        except NoReplyError as exc:
            raise self._lost(exc.__cause__ or exc, exc.http_status) from exc
        answer = self._understand(*reply)
        return self._verified(answer, reply) if self._verify_hash != "off" else answer

    def _understand(self, http_status: int, headers: Mapping[str, str], content: bytes) -> Answer:
        """What an answer means; successes are alike to the byte, and are not parsed again."""
        usual, meaning = self._usual
        if http_status == 200 and content == usual:
            return meaning
        answer = understand(
            http_status, headers, content, trust_503=self._trust_503, redact=self._key.redact
        )
        if http_status == 200 and answer.verdict is Verdict.SUCCESS:
            self._usual = content, self._redacted(answer)
            return self._usual[1]
        return answer

    def _verified(self, answer: Answer, reply: Reply) -> Answer:
        content_type = reply.headers.get("Content-Type", "")
        envelope = parse_envelope(reply.content, content_type) if answer.code else None
        if envelope is None or hash_matches(
            envelope.get("hash"),
            envelope.get("error_code"),
            envelope.get("error_text", ""),
            self._key.reveal(),
        ):
            return answer
        complaint = "the answer's hash does not fit: it may not come from the account"
        if self._verify_hash == "require":
            return replace(answer, verdict=Verdict.UNREADABLE, code="HASH_WRONG", text=complaint)
        return replace(answer, note="; ".join(filter(None, (answer.note, complaint))))

    def _same_place(self, url: URL, location: str) -> URL | None:
        """The redirect's target, if it lies on the same scheme, host and port."""
        try:
            target = url.join(URL(location)).with_user(None)
        except ValueError:  # no address, or none of a host: mailto:
            return None
        is_same = all(getattr(target, part) == getattr(url, part) for part in _PLACE)
        return target if is_same and target != url else None

    def _lost(self, exc: BaseException, http_status: int | None) -> AnswerLostError:
        if isinstance(exc, TimeoutError):
            return AnswerLostError(
                Message("no answer within {timeout_s:g} s", timeout_s=self._timeout_s),
                code="TIMEOUT",
                http_status=http_status,
            )
        reason = self._key.redact(reason_of(exc))
        if http_status is not None:
            return AnswerLostError(
                Message(
                    "HTTP {http_status}, the answer broke off ({reason})",
                    http_status=http_status,
                    reason=reason,
                ),
                code="ANSWER_BROKEN",
                http_status=http_status,
            )
        return AnswerLostError(
            Message("the connection broke ({reason})", reason=reason), code="CONNECTION_LOST"
        )


def _why_not_direct(settings: Settings) -> str:
    """Return why requests must go through aiohttp's sessions; empty when they need not."""
    if proxy_of(settings) is not None:
        return "requests go through a proxy and aiohttp's sessions: slower than without"
    try:
        from bulk_import.api.direct import why_not

        reason = why_not()
    except ImportError as exc:
        reason = f"aiohttp {aiohttp.__version__}: {exc}"
    return reason and Message(
        "requests go through aiohttp's sessions, slower than usual ({reason})", reason=reason
    )


def proxy_of(settings: Settings) -> URL | None:
    """Return the proxy; none on this machine, where it would be shown requests that are not encrypted."""
    url = URL(settings.endpoint)
    proxy = settings.proxy.reveal() if settings.proxy else ""
    return URL(proxy) if proxy and url.scheme == "https" else None


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return what certificates are checked with.

    Raises:
        SettingsError: The CA file cannot be used.
    """
    if urlsplit(settings.endpoint).scheme == "https":
        context = ssl.create_default_context()
    else:  # not used: it trusts nobody, and the system's certificates, which take long, are not read
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(settings.ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise SettingsError(
                Message(
                    "--ca-file {ca_file}: cannot be used: {exc}", ca_file=settings.ca_file, exc=exc
                )
            ) from None
    return context

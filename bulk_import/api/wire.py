"""One POST over aiohttp's ``ClientSession``, and the words that both ways of sending share.

Whether a request may have reached the server is the fact that this package hangs on. "Not sent" is
claimed on evidence alone: connecting was under way, and no connection came of it. Anything else that
goes wrong counts as "may have been sent", also if aiohttp one day no longer calls what we override.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

import aiohttp
from yarl import URL

from bulk_import.api.deadlines import Deadlines
from bulk_import.errors import Message

ANSWER_BYTES = 64 * 1024
CONNECT_S = 10.0  # for being connected, at most; a request has a limit of its own
_MOST_UNUSABLE = 3  # connections in a row that the server has spoken on before it was asked

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # answers are a line long; a compressed one can be a bomb
    "User-Agent": "bulk-import",
}

# What a request can end in that is not a bug of ours.
FAILURES: tuple[type[Exception], ...] = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class Reply(NamedTuple):
    """What came back, to its last byte and unpacked."""

    http_status: int
    headers: Mapping[str, str]
    content: bytes


class NoConnectionError(Exception):
    """No connection: nothing of the request left. ``__cause__`` says why."""


class NoReplyError(Exception):
    """The request may have reached the server, and no whole answer came. ``__cause__`` says why.

    Attributes:
        http_status: Of the answer that broke off; ``None`` when none began.
    """

    def __init__(self, http_status: int | None) -> None:
        super().__init__()
        self.http_status = http_status


class Way(Protocol):
    """A way to make one request."""

    async def post(self, url: URL, data: bytes, *, keep_alive: bool) -> Reply:
        """Post *data* and return what came back.

        Args:
            keep_alive: Whether a connection may serve several requests.

        Raises:
            NoConnectionError: Nothing left.
            NoReplyError: It may have been received or not.
        """
        ...

    def close(self) -> None:
        """Give back connections that are kept for later requests."""
        ...


class _Crossing:
    """How far one request of a session has come."""

    __slots__ = ("deadlines", "has_connection", "is_connecting")

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.is_connecting = False
        self.has_connection = False


_crossing: ContextVar[_Crossing] = ContextVar("crossing")


class Connector(aiohttp.TCPConnector):
    """Hands out connections on which nothing lies that an earlier request did not wait for."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's
        """As in aiohttp; for a session's request, note that a connection was sought and found."""
        crossing = _crossing.get()
        crossing.is_connecting = not crossing.has_connection
        connection = await self.usable(req, timeout)
        crossing.is_connecting, crossing.has_connection = False, True
        crossing.deadlines.restart()
        return connection

    def make_connections_by(
        self, factory: Callable[[], aiohttp.client_proto.ResponseHandler]
    ) -> None:
        """Let *factory* make the protocol of each connection from now on, in place of aiohttp's."""
        self._factory: Any = factory

    async def usable(self, req: Any, limits: aiohttp.ClientTimeout) -> Any:
        """Return a connection that is open and silent.

        A server that closes an idle connection may say so first (408); the next request on it would
        take that for its own answer.

        Raises:
            aiohttp.ClientError, OSError, TimeoutError: There is none.
        """
        for _ in range(_MOST_UNUSABLE):
            try:
                connection = await super().connect(req, [], limits)
            except BaseException:
                self.clear_dns_cache()  # the name may have another address by now
                raise
            if is_usable(connection):
                return connection
            connection.close()
        raise aiohttp.ClientConnectionError("the server spoke before it was asked")


def is_usable(connection: Any) -> bool:
    # Names that are not documented: where one is missing, a session does without this check.
    transport = getattr(connection, "transport", None)
    protocol = getattr(connection, "protocol", None)
    is_closing = transport is not None and transport.is_closing()
    return not is_closing and not getattr(protocol, "should_close", False)


def connector(tls: Any, *, keep_alive: bool) -> Connector:
    """Return a connector for one account, without a limit of its own."""
    return Connector(limit=0, ssl=tls, force_close=not keep_alive, ttl_dns_cache=60)


def connect_limits(timeout_s: float) -> aiohttp.ClientTimeout:
    """Return the limits for being connected; those of the request are ``Deadlines``' business."""
    seconds = min(CONNECT_S, timeout_s)
    return aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds)


class SessionWay:
    """Sends by ``session.post``: the documented way, and the only one through a proxy."""

    def __init__(
        self,
        pooled: aiohttp.ClientSession,
        fresh: aiohttp.ClientSession,
        deadlines: Deadlines,
        proxy: URL | None = None,
    ) -> None:
        self._pooled = pooled
        self._fresh = fresh
        self._deadlines = deadlines
        self._proxy = proxy

    async def post(self, url: URL, data: bytes, *, keep_alive: bool) -> Reply:
        session = self._pooled if keep_alive else self._fresh
        crossing = _Crossing(self._deadlines)
        _crossing.set(crossing)
        http_status: int | None = None
        try:
            with self._deadlines.limited():
                # As a payload: given bytes, aiohttp looks through all that a body could be.
                payload = aiohttp.BytesPayload(data)
                response = await session.post(
                    url, data=payload, allow_redirects=False, proxy=self._proxy
                )
                try:
                    http_status = response.status
                    content = await read_whole(response.content)
                except BaseException:
                    response.close()  # half an answer must not be read by the next request
                    raise
        except FAILURES as exc:
            if crossing.is_connecting:
                raise NoConnectionError from exc
            raise NoReplyError(http_status) from exc
        return Reply(http_status, response.headers, content)

    def close(self) -> None:
        """Do nothing: the sessions keep the connections."""


async def read_whole(content: aiohttp.StreamReader) -> bytes:
    """Read to the end of the answer; one ``read(n)`` would return whatever has arrived.

    Raises:
        ValueError: More than 64 KiB.
    """
    whole = await content.readany()
    while not content.at_eof():
        whole += await content.readany()
        refuse_long(whole)
    refuse_long(whole)
    return whole


def refuse_long(content: bytes) -> None:
    """Raise ValueError if an answer is longer than any that the API gives."""
    if len(content) > ANSWER_BYTES:
        raise ValueError(Message("longer than {size} KiB", size=ANSWER_BYTES // 1024))

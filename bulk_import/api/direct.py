"""The short way: a request written to aiohttp's own connection, the answer read by its own parser.

aiohttp resolves names, connects, does TLS, pools, parses and unpacks, as in a session; what is left
out is what a session does around that for every request, which is most of what it costs, and to parse
again an answer that is the same to the byte as the one before. "May it have been sent?" is a fact here:
it may as soon as ``write`` was called.

Most names of aiohttp that are used here are not documented. They are looked up once, with their
signatures, before the first request; where one is missing, sessions are used instead.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EofStream
from yarl import URL

from bulk_import.api.deadlines import Deadlines
from bulk_import.api.wire import (
    FAILURES,
    HEADERS,
    Connector,
    NoConnectionError,
    NoReplyError,
    Reply,
    is_usable,
    read_whole,
    refuse_long,
)

_BROKEN: tuple[type[Exception], ...] = (*FAILURES, HttpProcessingError, EofStream)
_SWITCHING = 101  # the one answer below 200 that is not followed by another
IDLE_S = 15.0  # as in aiohttp's own pool


class _Target(NamedTuple):
    """What requests to one URL have in common.

    Attributes:
        request: What a connector asks for host, port and TLS.
        head: Of the request, up to the number of bytes of its body.
    """

    request: aiohttp.ClientRequest
    head: bytes


class _Usual:
    """The answer that most requests get.

    Attributes:
        raw: As it came, in one piece, head included; empty as long as none is known.
        reply: What it was parsed to.
    """

    __slots__ = ("raw", "reply")

    def __init__(self) -> None:
        self.raw = b""
        self.reply: Reply | None = None


class Hearing(ResponseHandler):
    """aiohttp's connection, which does not parse an answer that is known to the byte.

    Between two answers the parser is at the beginning of one, so equal bytes have an equal meaning.
    Everything else goes to aiohttp's parser as ever: other bytes, several pieces, a connection that ends.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, usual: _Usual) -> None:
        super().__init__(loop)
        self._new_future = loop.create_future
        self._usual = usual
        self._asking: asyncio.Future[Reply | None] | None = None
        self._whole = b""

    def ask(self) -> asyncio.Future[Reply | None]:
        """Return the answer to the request that is about to be written.

        ``None`` stands for one that must be read: something came, or the connection has ended.
        """
        asking = self._asking = self._new_future()
        return asking

    def learn(self, reply: Reply) -> None:
        """Remember the answer that was read, if it came in one piece and the connection stays open."""
        if self._whole and reply.http_status == 200 and not self.should_close:
            self._usual.raw, self._usual.reply = self._whole, reply

    def data_received(self, data: bytes) -> None:
        asking = self._asking
        if asking is None or not data:  # aiohttp's stream calls it without data as well
            self._whole = b"" if data else self._whole
            super().data_received(data)
            return
        if data == self._usual.raw:
            self._asking = None
            if not asking.done():  # else the request was given up, and closes the connection
                asking.set_result(self._usual.reply)
            return
        self._begin()
        self._whole = data
        super().data_received(data)
        self._read(asking)

    def connection_lost(self, exc: BaseException | None) -> None:
        asking = self._asking
        if asking is not None:
            self._begin()
        super().connection_lost(exc)
        if asking is not None:
            self._read(asking)

    def _begin(self) -> None:
        """Let aiohttp parse what comes as the beginning of an answer."""
        self._asking = None
        self.set_response_params(read_until_eof=True, auto_decompress=True)

    @staticmethod
    def _read(asking: asyncio.Future[Reply | None]) -> None:
        if not asking.done():
            asking.set_result(None)


class DirectWay:
    """Sends over the connections of two connectors. For one event loop.

    A connection that served a request is kept here for the next one, the latest first: to hand it back
    and ask for it again would be a tenth of what a request costs.
    """

    def __init__(
        self,
        pooled: Connector,
        fresh: Connector,
        deadlines: Deadlines,
        limits: Any,
        idle_s: float = IDLE_S,
    ) -> None:
        """Make a way.

        Args:
            pooled: Makes connections that serve several requests.
            fresh: Makes connections that serve one.
            deadlines: Of the requests.
            limits: For being connected.
            idle_s: Seconds after which an idle connection is not used again.
        """
        self._connectors = {True: pooled, False: fresh}
        self._deadlines = deadlines
        self._limits = limits
        self._targets: dict[tuple[URL, bool], _Target] = {}
        self._kept: list[tuple[Any, float]] = []  # with the time since which it is idle
        self._idle_s = idle_s
        loop = asyncio.get_running_loop()
        self._time = loop.time
        usual = _Usual()
        for connector in (pooled, fresh):
            connector.make_connections_by(partial(Hearing, loop, usual))

    async def post(self, url: URL, data: bytes, *, keep_alive: bool) -> Reply:
        target = self._targets.get((url, keep_alive)) or self._target(url, keep_alive=keep_alive)
        connection = self._kept_connection() if keep_alive else None
        if connection is None:
            try:
                connection = await self._connectors[keep_alive].usable(target.request, self._limits)
            except FAILURES as exc:
                self._close_kept()  # the new one may lack what they hold: a descriptor, a place
                raise NoConnectionError from exc
        http_status: int | None = None
        protocol, transport = connection.protocol, connection.transport
        try:
            with self._deadlines.limited():
                answer = protocol.ask()
                transport.write(b"%b%d\r\n\r\n%b" % (target.head, len(data), data))
                known: Reply | None = await answer
                if known is not None:
                    self._keep(connection, keep_alive=keep_alive)
                    return known
                message, payload = await protocol.read()
                while message.code < 200 and message.code != _SWITCHING:
                    message, payload = await protocol.read()
                http_status = message.code
                # Nearly all answers come in one piece.
                content = payload.read_nowait() if payload.is_eof() else b""
                if not payload.at_eof():
                    content += await read_whole(payload)
                refuse_long(content)
        except _BROKEN as exc:
            connection.close()  # half an answer must not be read by the next request
            raise NoReplyError(http_status) from exc
        except BaseException:
            connection.close()
            raise
        reply = Reply(message.code, message.headers, content)
        protocol.learn(reply)
        self._keep(connection, keep_alive=keep_alive)
        return reply

    def _keep(self, connection: Any, *, keep_alive: bool) -> None:
        if keep_alive and not connection.protocol.should_close:
            self._kept.append((connection, self._time()))
        else:
            connection.release()  # closes it

    def close(self) -> None:
        """Give back the connections that are kept."""
        while self._kept:
            self._kept.pop()[0].release()

    def _close_kept(self) -> None:
        while self._kept:
            self._kept.pop()[0].close()

    def _kept_connection(self) -> Any:
        """Return the last used connection that is open and silent, or ``None``; close the others."""
        while self._kept:
            connection, idle_since = self._kept.pop()
            is_fresh = self._time() - idle_since < self._idle_s
            if is_fresh and connection.transport is not None and is_usable(connection):
                return connection
            connection.close()
        return None

    def _target(self, url: URL, *, keep_alive: bool) -> _Target:
        request = aiohttp.ClientRequest("POST", url, headers=HEADERS)
        headers = dict(request.headers)
        headers.pop("Content-Length", None)
        if not keep_alive:
            headers["Connection"] = "close"
        lines = [f"POST {url.raw_path_qs} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join([*lines, "Content-Length: "]).encode("ascii")
        target = self._targets[url, keep_alive] = _Target(request, head)
        return target


def why_not() -> str:
    """Return what of aiohttp is not as this module needs it; empty when all is."""
    wanted: list[tuple[type, str, tuple[str, ...]]] = [
        (aiohttp.TCPConnector, "connect", ("req", "traces", "timeout")),
        (aiohttp.ClientRequest, "__init__", ("method", "url", "headers")),
        (ResponseHandler, "set_response_params", ("read_until_eof", "auto_decompress")),
        (ResponseHandler, "read", ()),
        (ResponseHandler, "should_close", ()),
        (ResponseHandler, "data_received", ("data",)),
        (ResponseHandler, "connection_lost", ("exc",)),
        (Connection, "protocol", ()),
        (Connection, "transport", ()),
        (Connection, "close", ()),
        (Connection, "release", ()),
        (RawResponseMessage, "code", ()),
        (RawResponseMessage, "headers", ()),
        (aiohttp.StreamReader, "read_nowait", ()),
        (aiohttp.StreamReader, "is_eof", ()),
        (aiohttp.StreamReader, "at_eof", ()),
    ]
    for owner, name, arguments in wanted:
        member = getattr(owner, name, None)
        if member is None or not _takes(member, arguments):
            return f"aiohttp {aiohttp.__version__}: {owner.__name__}.{name} is not as expected"
    if "_factory" not in aiohttp.BaseConnector.__init__.__code__.co_names:
        return f"aiohttp {aiohttp.__version__}: BaseConnector._factory is not as expected"
    if not inspect.iscoroutinefunction(ResponseHandler.read):
        return f"aiohttp {aiohttp.__version__}: ResponseHandler.read cannot be awaited"
    return ""


def _takes(member: Callable[..., Any], arguments: tuple[str, ...]) -> bool:
    """Whether *member* can be called with *arguments* by name, and needs no others."""
    if not arguments:
        return True
    parameters = inspect.signature(member).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty and p.kind in _NAMED} - {"self"}
    known = {p.name for p in parameters}
    return needed <= set(arguments) <= known


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

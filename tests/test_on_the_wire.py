"""Both ways of sending, byte by byte and connection by connection, as a server of sockets sees them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bulk_import.api.answers import Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.deadlines import Deadlines
from bulk_import.api.direct import IDLE_S, DirectWay
from bulk_import.api.wire import (
    Connector,
    NoConnectionError,
    NoReplyError,
    connect_limits,
    connector,
    is_usable,
)
from bulk_import.settings import Settings

SIZE = 64 * 1024  # of the longest answer that is read
_APART_S = 0.01


def ok(text: str = "OK", *headers: str, status: str = "200 OK", code: int = 0) -> bytes:
    body = f'{{"error_code":{code},"error_text":"{text}"}}'.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server(asyncio.Protocol):
    """Gives the answers of a script over all connections, the last one again and again.

    An answer is a piece of bytes, or several that arrive one by one; ``None`` closes the connection.
    """

    script: list[Any]
    requests: list[tuple[int, bytes]]
    open: set[int]
    count: int

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        type(self).count += 1
        self._number = self.count
        self.open.add(self._number)
        self._received = b""

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self._number)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
        if end and len(body) == length:
            self.requests.append((self._number, self._received))
            self._received = b""
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            pieces = [answer] if isinstance(answer, bytes) or answer is None else answer
            self._task = asyncio.ensure_future(self._give(pieces))

    async def _give(self, pieces: Sequence[bytes | None]) -> None:
        for at, piece in enumerate(pieces):
            await asyncio.sleep(_APART_S if at else 0)
            if piece is None:
                self._transport.close()
            else:
                self._transport.write(piece)


@asynccontextmanager
async def serving(*script: Any) -> AsyncIterator[tuple[type[Server], int]]:
    class Own(Server):
        pass

    Own.script, Own.requests, Own.open, Own.count = list(script) or [ok()], [], set(), 0
    server = await asyncio.get_running_loop().create_server(Own, "127.0.0.1", 0)
    try:
        yield Own, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture(params=["direct", "session"])
def connected(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A client for a port, that sends by one of the two ways."""

    def connect(port: int, **options: Any) -> Any:
        given = {"timeout_s": 5, "send_by": request.param} | options
        return Client.connect(Settings(endpoint=f"http://127.0.0.1:{port}", api_key="k#1", **given))

    return connect


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never happened")


# -- what is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_request_is_these_lines_and_nothing_of_the_key_is_in_its_head(
    connected, repeatable
):
    async with serving() as (server, port), connected(port) as client:
        await client.send(b"lead_email=a%2Bb%40c.org", repeatable=repeatable)
    head, _, body = server.requests[0][1].partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    assert first == "POST /api/addupdatelead HTTP/1.1"
    assert body == b"lead_email=a%2Bb%40c.org&rpsKey=k%231"
    assert dict(line.split(": ", 1) for line in lines) == {
        "Host": f"127.0.0.1:{port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "bulk-import",
        "Content-Length": str(len(body)),
    } | ({} if repeatable else {"Connection": "close"})
    assert len(lines) == 6 + (not repeatable)


async def test_rows_that_may_be_repeated_share_a_connection_and_others_have_their_own(connected):
    async with serving() as (server, port), connected(port) as client:
        for repeatable in (True, False, True, False, True):
            await client.send(b"a=b", repeatable=repeatable)
        await until(lambda: server.open == {1})
    assert [number for number, _ in server.requests] == [1, 2, 1, 3, 1]
    await until(lambda: not server.open)


async def test_requests_at_the_same_time_have_connections_that_later_ones_use_again(connected):
    async with serving() as (server, port), connected(port) as client:
        await asyncio.gather(*(client.send(b"a=b", repeatable=True) for _ in range(4)))
        for _ in range(4):
            await client.send(b"a=b", repeatable=True)
        assert server.count == 4
        assert len(server.open) == 4
    await until(lambda: not server.open)


async def test_a_cookie_of_the_server_is_not_sent_back(connected):
    async with (
        serving(ok("OK", "Set-Cookie: a=b; Path=/")) as (server, port),
        connected(port) as client,
    ):
        for _ in range(2):
            await client.send(b"a=b", repeatable=True)
    assert [b"cookie" in request.lower() for _, request in server.requests] == [False, False]


# -- what is read -------------------------------------------------------------------------------------


def long(size: int) -> bytes:
    """A success of exactly that many bytes."""
    begin, end = b'{"error_code":0,"error_text":"', b'"}'
    return begin + b"x" * (size - len(begin) - len(end)) + end


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def in_pieces(body: bytes) -> list[bytes]:
    at = len(body) // 3
    return [whole(body)[: -2 * at], body[-2 * at : -at], body[-at:]]


def chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )


def to_the_end(body: bytes) -> list[bytes | None]:
    return [b"HTTP/1.1 200 OK\r\n\r\n" + body, None]


@pytest.mark.parametrize("form", [whole, in_pieces, chunked, to_the_end])
async def test_an_answer_may_have_64_kib_and_not_a_byte_more(connected, form):
    script = [form(long(SIZE)), form(long(SIZE + 1)), ok("still there")]
    async with serving(*script) as (_, port), connected(port) as client:
        found = await client.send(b"a=b", repeatable=True)
        assert (found.verdict, len(found.text)) == (Verdict.SUCCESS, SIZE - 32)
        with pytest.raises(AnswerLostError) as lost:
            await client.send(b"a=b", repeatable=True)
        assert (lost.value.code, lost.value.http_status) == ("ANSWER_BROKEN", 200)
        assert str(lost.value) == "HTTP 200, the answer broke off (longer than 64 KiB)"
        assert (await client.send(b"a=b", repeatable=True)).text == "still there"


@pytest.mark.parametrize(
    "broken",
    [
        [ok()[:-3], None], [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"err", None],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ],
    ids=["cut body", "cut chunk", "no chunk"],
)  # fmt: skip
async def test_an_answer_that_breaks_off_leaves_its_connection_to_nobody(connected, broken):
    async with serving(ok(), broken, ok("next")) as (server, port), connected(port) as client:
        await client.send(b"a=b", repeatable=True)
        with pytest.raises(AnswerLostError):
            await client.send(b"a=b", repeatable=True)
        assert (await client.send(b"a=b", repeatable=True)).text == "next"
    assert [number for number, _ in server.requests] == [1, 1, 2]


@pytest.mark.parametrize("closing", ["Connection: close", "HTTP/1.0"])
async def test_after_an_answer_that_ends_its_connection_the_next_has_a_new_one(connected, closing):
    last = ok("OK", closing) if ":" in closing else ok().replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    async with serving(ok(), last) as (server, port), connected(port) as client:
        for _ in range(4):
            assert (await client.send(b"a=b", repeatable=True)).code == "0"
    assert [number for number, _ in server.requests] == [1, 1, 2, 3]


async def test_an_answer_without_an_end_is_given_up_after_64_kib(connected):
    """Counted at the server: what has left it by then lies in buffers on the way."""
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"rpsKey")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while written < 200 * SIZE:
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                await writer.drain()
                written += 0x4000
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, connected(server.sockets[0].getsockname()[1]) as client:
        with pytest.raises(AnswerLostError, match="longer than 64 KiB"):
            await client.send(b"a=b", repeatable=True)
        await asyncio.sleep(0.01)
    assert written < 200 * SIZE


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
async def test_any_number_of_interim_answers_come_before_the_answer(connected, interim):
    before = f"HTTP/1.1 {interim}\r\n\r\n".encode()
    script = [[before, before, ok("first")], [before + before + ok("second")], ok("third")]
    async with serving(*script) as (_, port), connected(port) as client:
        found = [(await client.send(b"a=b", repeatable=True)).text for _ in range(3)]
    assert found == ["first", "second", "third"]


async def test_an_answer_that_changes_the_protocol_is_none_and_nothing_is_waited_for(connected):
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    async with serving([switching, None], ok("next")) as (_, port), connected(port) as client:
        found = await client.send(b"a=b", repeatable=True)
        assert (found.verdict, found.http_status) == (Verdict.UNREADABLE, 101)
        assert (await client.send(b"a=b", repeatable=True)).text == "next"


async def test_equal_answers_of_another_status_are_told_apart(connected):
    script = [ok(), ok(), ok(status="500 No"), ok(), ok(status="201 Created"), ok(code=8), ok()]
    async with serving(*script) as (_, port), connected(port) as client:
        found = [await client.send(b"a=b", repeatable=True) for _ in script]
    assert [(answer.code, answer.http_status) for answer in found] == [
        ("0", 200), ("0", 200), ("HTTP_500", 500), ("0", 200), ("0", 201), ("8", 200), ("0", 200),
    ]  # fmt: skip


async def test_the_answers_to_two_methods_are_not_mixed_up(connected):
    lists = b'{"error_code":0,"error_text":"OK","result":[{"id":1}]}'
    script = [ok(), whole(lists), ok(), whole(lists)]
    async with serving(*script) as (server, port), connected(port) as client:
        found = []
        for _ in range(2):
            found.append((await client.send(b"a=b", repeatable=True)).result)
            found.append((await client.call("getalllists")).result)
    assert found == [None, [{"id": 1}], None, [{"id": 1}]]
    assert [request.split()[1] for _, request in server.requests] == [
        b"/api/addupdatelead", b"/api/getalllists"
    ] * 2  # fmt: skip


async def too_late(client: Client, server: type[Server]) -> AnswerLostError:
    """Let the time for an answer pass at once, when the server has said what it says."""
    asking = asyncio.create_task(client.send(b"a=b", repeatable=True))
    await until(lambda: len(server.requests) == 1)
    await asyncio.sleep(0.02)
    loop: Any = asyncio.get_running_loop()
    real = loop.time
    loop.time = lambda: real() + 5
    with pytest.raises(AnswerLostError) as lost:
        await asking
    return lost.value


async def test_a_server_that_answers_too_late_is_asked_again_on_another_connection(connected):
    async with serving([], ok("next")) as (server, port), connected(port) as client:
        lost = await too_late(client, server)
        assert (lost.code, str(lost), lost.http_status) == ("TIMEOUT", "no answer within 5 s", None)
        assert (await client.send(b"a=b", repeatable=True)).text == "next"
    assert [number for number, _ in server.requests] == [1, 2]


async def test_half_an_answer_that_stays_half_ends_its_connection(connected):
    script = [[ok()[:-3]], ok("next")]
    async with serving(*script) as (server, port), connected(port) as client:
        lost = await too_late(client, server)
        assert (lost.code, lost.http_status) == ("TIMEOUT", 200)
        assert (await client.send(b"a=b", repeatable=True)).text == "next"
        await until(lambda: server.open == {2})


async def test_a_request_that_is_cancelled_leaves_its_connection_to_nobody(connected):
    async with serving([], ok("next")) as (server, port), connected(port) as client:
        asking = asyncio.create_task(client.send(b"a=b", repeatable=True))
        await until(lambda: len(server.requests) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await client.send(b"a=b", repeatable=True)).text == "next"
        await until(lambda: server.open == {2})
    assert [number for number, _ in server.requests] == [1, 2]


# -- idle connections of the short way ----------------------------------------------------------------


class Still:
    """The event loop's clock, set by hand."""

    def __init__(self) -> None:
        loop: Any = asyncio.get_running_loop()
        self.now = loop.time()
        loop.time = lambda: self.now


@asynccontextmanager
async def direct(**options: Any) -> AsyncIterator[DirectWay]:
    deadlines = Deadlines(1000)
    async with (
        connector(True, keep_alive=True) as pooled,
        connector(True, keep_alive=False) as fresh,
    ):
        way = DirectWay(pooled, fresh, deadlines, connect_limits(1000), **options)
        yield way
        way.close()
    deadlines.close()


@pytest.mark.parametrize(("options", "idle_s"), [({}, IDLE_S), ({"idle_s": 3.0}, 3.0)])
async def test_a_connection_that_was_idle_too_long_is_not_used_again(options, idle_s):
    clock = Still()
    async with serving() as (server, port), direct(**options) as way:
        url = URL(f"http://127.0.0.1:{port}/x")
        for pause_s in (idle_s - 0.01, idle_s - 0.01, idle_s, 0):
            await way.post(url, b"a=b", keep_alive=True)
            clock.now += pause_s
        assert [number for number, _ in server.requests] == [1, 1, 1, 2]
        await until(lambda: server.open == {2})
    assert IDLE_S == 15


async def test_after_a_burst_the_connections_that_are_not_needed_end_when_they_are_looked_at():
    clock = Still()
    async with serving() as (server, port), direct() as way:
        url = URL(f"http://127.0.0.1:{port}/x")
        await asyncio.gather(*(way.post(url, b"a=b", keep_alive=True) for _ in range(5)))
        for _ in range(3):
            clock.now += 10
            await way.post(url, b"a=b", keep_alive=True)
        assert (server.count, len(server.open)) == (5, 5), "the latest is used, the others rest"
        clock.now += 15
        await way.post(url, b"a=b", keep_alive=True)
        assert server.count == 6
        await until(lambda: server.open == {6})


async def test_the_connection_that_was_used_last_is_used_first():
    async with serving() as (server, port), direct() as way:
        url = URL(f"http://127.0.0.1:{port}/x")
        await asyncio.gather(*(way.post(url, b"a=b", keep_alive=True) for _ in range(3)))
        last = []
        for _ in range(3):
            await way.post(url, b"a=b", keep_alive=True)
            last.append(server.requests[-1][0])
    assert len(set(last)) == 1


async def test_connections_that_the_server_has_closed_meanwhile_are_passed_over():
    async with serving(*[ok()] * 2, [ok(), None], ok()) as (server, port), direct() as way:
        url = URL(f"http://127.0.0.1:{port}/x")
        await asyncio.gather(*(way.post(url, b"a=b", keep_alive=True) for _ in range(3)))
        await until(lambda: len(server.open) == 2)
        for _ in range(5):
            await asyncio.sleep(0)
        await way.post(url, b"a=b", keep_alive=True)
        assert server.count == 3


# -- connections --------------------------------------------------------------------------------------


class Found:
    """A connection that a connector is given."""

    def __init__(self, *, is_closing: bool = False, has_spoken: bool = False) -> None:
        self.transport = SimpleNamespace(is_closing=lambda: is_closing)
        self.protocol = SimpleNamespace(should_close=has_spoken)
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_a_connection_is_usable_when_it_is_open_and_silent():
    assert is_usable(Found())
    assert not is_usable(Found(is_closing=True))
    assert not is_usable(Found(has_spoken=True))
    # An aiohttp that calls these otherwise is used without this check.
    assert is_usable(SimpleNamespace())
    assert is_usable(SimpleNamespace(transport=None, protocol=None))


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
async def test_up_to_three_connections_that_have_spoken_are_closed_before_it_is_given_up(
    monkeypatch, bad
):
    made = [Found(has_spoken=at % 2 == 0, is_closing=at % 2 == 1) for at in range(bad)] + [Found()]
    left = iter(made)

    async def connect(self, req, traces, timeout):
        return next(left)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    async with connector(True, keep_alive=True) as pooled:
        if bad < 3:
            assert await pooled.usable(None, connect_limits(1)) is made[-1]
        else:
            with pytest.raises(
                aiohttp.ClientConnectionError, match="the server spoke before it was asked"
            ):
                await pooled.usable(None, connect_limits(1))
    assert [each.is_closed for each in made] == [True] * bad + [False]


async def test_a_connection_that_fails_lets_the_name_be_looked_up_again(monkeypatch):
    forgotten = []

    async def connect(self, req, traces, timeout):
        raise OSError("refused")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    monkeypatch.setattr(aiohttp.TCPConnector, "clear_dns_cache", lambda self: forgotten.append(1))
    async with connector(True, keep_alive=True) as pooled:
        with pytest.raises(OSError, match="refused"):
            await pooled.usable(None, connect_limits(1))
    assert forgotten == [1]


@pytest.mark.parametrize(("timeout_s", "connect_s"), [(0.5, 0.5), (10, 10), (10.5, 10), (300, 10)])
def test_being_connected_may_take_ten_seconds_or_as_long_as_a_request(timeout_s, connect_s):
    assert connect_limits(timeout_s) == aiohttp.ClientTimeout(
        total=None, connect=connect_s, sock_connect=connect_s
    )


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_a_connector_has_no_limit_of_its_own_and_closes_as_it_is_asked_to(keep_alive):
    async with connector(True, keep_alive=keep_alive) as made:
        assert isinstance(made, Connector)
        assert (made.limit, made.force_close, made.use_dns_cache) == (0, not keep_alive, True)


async def test_where_nobody_listens_nothing_was_sent_and_kept_connections_make_room(
    unused_tcp_port,
):
    async with serving() as (server, port), direct() as way:
        await way.post(URL(f"http://127.0.0.1:{port}/x"), b"a=b", keep_alive=True)
        with pytest.raises(NoConnectionError) as found:
            await way.post(URL(f"http://127.0.0.1:{unused_tcp_port}/"), b"a=b", keep_alive=False)
        assert isinstance(found.value.__cause__, aiohttp.ClientConnectorError)
        await until(lambda: not server.open)


async def test_what_broke_off_says_which_status_it_had():
    script = [[ok()[:-3], None], [b"HTTP/1.1 2", None], [None]]
    async with serving(*script) as (_, port), direct() as way:
        found = []
        for _ in range(3):
            with pytest.raises(NoReplyError) as lost:
                await way.post(URL(f"http://127.0.0.1:{port}/x"), b"a=b", keep_alive=True)
            found.append(lost.value.http_status)
    assert found == [200, None, None]

"""What is particular to the two ways of sending: connections, evidence, and when the short one is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp
import pytest
import trustme
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses
from yarl import URL

from bulk_import import import_file_async
from bulk_import.api.answers import Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.deadlines import Deadlines
from bulk_import.api.direct import DirectWay
from bulk_import.api.unsent import NotSentError
from bulk_import.api.wire import NoConnectionError, connect_limits, connector
from bulk_import.models import Status
from bulk_import.settings import Settings
from bulk_import.system.secrets import Secret
from tests.conftest import Ear
from tests.test_wire import tls_context
from tests.wires import MAPPING, OK, Wire, answer, quick, wired

REFUSED = b'{"error_code":3,"error_text":"meant for nobody"}'


@pytest.fixture(params=["direct", "session"])
def way(request):
    return request.param


@pytest.fixture
def shop(way):
    def make(url: str, **options) -> Settings:
        return Settings(
            **{"endpoint": url, "api_key": Secret("k"), "timeout_s": 2, "send_by": way} | options
        )

    return make


@contextlib.asynccontextmanager
async def served(serve, **tls):
    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)  # the handlers see the end


async def read_request(reader) -> None:
    await Wire(None, 0).read_request(reader)  # type: ignore[arg-type]


@pytest.mark.parametrize("extra", [REFUSED, b""], ids=["a second answer", "408 at the idle end"])
async def test_what_the_server_says_unasked_is_no_answer_to_the_next_request(shop, extra):
    has_spoken = asyncio.Event()

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                answer(writer, OK)
                await writer.drain()
                await asyncio.sleep(0.03)  # the connection is idle by now
                answer(writer, extra, status="200 OK" if extra else "408 Request Timeout")
                await writer.drain()
                has_spoken.set()
        writer.close()

    async with served(serve) as port, Client.connect(shop(f"http://127.0.0.1:{port}")) as client:
        for _ in range(3):
            found = await client.send(b"lead_email=a%40b.org", repeatable=True)
            assert found.verdict is Verdict.SUCCESS
            await has_spoken.wait()
            has_spoken.clear()
            await asyncio.sleep(0.02)  # for the event loop to read it


@pytest.mark.parametrize("status", ["100 Continue", "103 Early Hints"])
async def test_an_interim_answer_is_not_the_answer(shop, status):
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.01)
        answer(writer, OK)
        await writer.drain()
        writer.close()

    async with served(serve) as port, Client.connect(shop(f"http://127.0.0.1:{port}")) as client:
        found = await client.send(b"lead_email=a%40b.org", repeatable=True)
    assert (found.verdict, found.http_status) == (Verdict.SUCCESS, 200)


async def test_being_connected_takes_nothing_from_the_time_for_the_answer(shop, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def slowly(reader, writer):
        await read_request(reader)
        await asyncio.sleep(0.6)
        answer(writer, OK)
        await writer.drain()
        writer.close()

    async def delaying(reader, writer):
        """A door that opens late: TLS begins after 0.6 s."""
        await asyncio.sleep(0.6)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", inner)
        await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))

    async with (
        served(slowly, ssl=tls_context(authority, "localhost")) as inner,
        served(delaying) as port,
        Client.connect(
            shop(f"https://localhost:{port}", timeout_s=1, ca_file=tmp_path / "ca.pem")
        ) as client,
    ):
        found = await client.send(b"lead_email=a%40b.org", repeatable=True)
    assert found.verdict is Verdict.SUCCESS


async def _pass_on(reader, writer) -> None:
    with contextlib.suppress(ConnectionError):
        while received := await reader.read(1 << 16):
            writer.write(received)
            await writer.drain()
    writer.close()


async def test_a_name_that_has_moved_is_found_at_its_new_address(
    shop, monkeypatch, unused_tcp_port
):
    """Behind the old address nobody listens any more: the name is looked up again at once."""

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                answer(writer, OK)
                await writer.drain()
        writer.close()

    async with served(serve) as port:
        looked_up = iter([unused_tcp_port, port])

        async def addresses(_loop, _host, _port, *, type=0, **_hints):  # noqa: A002 - asyncio's name
            return [(socket.AF_INET, type, 6, "", ("127.0.0.1", next(looked_up)))]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", addresses)
        async with Client.connect(shop("http://localhost")) as client:
            with pytest.raises(NotSentError, match="no connection"):
                await client.send(b"lead_email=a%40b.org", repeatable=True)
            found = await client.send(b"lead_email=a%40b.org", repeatable=True)
    assert found.verdict is Verdict.SUCCESS


async def test_a_connection_serves_the_next_request_until_the_server_or_the_time_ends_it():
    served_by: list[int] = []
    ended = asyncio.Event()

    async def serve(reader, writer):
        number = len(set(served_by))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"x=1")
                served_by.append(number)
                answer(writer, OK)
                await writer.drain()
                if len(served_by) == 4:
                    break  # closed without a word
        writer.close()
        if len(served_by) == 5:
            ended.set()

    async with served(serve) as port:
        url = URL(f"http://127.0.0.1:{port}/api/addupdatelead")
        deadlines, limits = Deadlines(5), connect_limits(5)
        async with connector(True, keep_alive=True) as pooled:
            way = DirectWay(pooled, pooled, deadlines, limits, idle_s=0.2)
            for pause_s in (0, 0, 0.4, 0.1, 0):
                await way.post(url, b"x=1", keep_alive=True)
                await asyncio.sleep(pause_s)
            way.close()
        await asyncio.wait_for(ended.wait(), 5)
        deadlines.close()
    # The third was idle for too long after it, the fourth's connection was closed by the server.
    assert served_by == [0, 0, 0, 1, 2]


async def test_where_no_connection_can_be_made_those_that_are_kept_make_room(unused_tcp_port):
    """They hold descriptors, of which a process may have too few for a connection of a row's own."""
    ended = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"x=1")
        answer(writer, OK)
        await writer.drain()
        assert await reader.read() == b""
        ended.set()
        writer.close()

    async with served(serve) as port:
        deadlines, limits = Deadlines(5), connect_limits(5)
        async with (
            connector(True, keep_alive=True) as pooled,
            connector(True, keep_alive=False) as fresh,
        ):
            way = DirectWay(pooled, fresh, deadlines, limits)
            await way.post(URL(f"http://127.0.0.1:{port}/"), b"x=1", keep_alive=True)
            nobody = URL(f"http://127.0.0.1:{unused_tcp_port}/")
            with pytest.raises(NoConnectionError):
                await way.post(nobody, b"x=1", keep_alive=False)
            await asyncio.wait_for(ended.wait(), 5)
            way.close()
        deadlines.close()


async def test_an_aiohttp_that_no_longer_asks_our_connector_never_makes_us_say_not_sent():
    """aioresponses takes the place of everything below ``session.post``, as another aiohttp might."""
    settings = Settings(endpoint="https://shop.example.com", api_key=Secret("k"), send_by="session")
    refused = aiohttp.ClientConnectionError("gone")
    with aioresponses() as server:
        server.post("https://shop.example.com/api/addupdatelead", exception=refused)
        async with Client.connect(settings) as client:
            with pytest.raises(AnswerLostError):
                await client.send(b"a=b", repeatable=False)


def _other_signature(self, *, timer=None):
    raise AssertionError("not to be called")


@pytest.mark.parametrize("change", ["a name is gone", "another signature"])
async def test_with_an_aiohttp_that_is_not_as_expected_sessions_send_and_the_log_says_so(
    tmp_path, write_csv, monkeypatch, change
):
    source = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", f"P{n}"] for n in range(5)]])
    ear = Ear()
    with monkeypatch.context() as patch:
        if change == "a name is gone":
            patch.delattr(ResponseHandler, "should_close")
        else:
            patch.setattr(ResponseHandler, "set_response_params", _other_signature)
        async with Client.connect(
            quick(Wire(None, 0, url="http://127.0.0.1:1"), tmp_path, send_by="direct")
        ) as client:  # type: ignore[arg-type]
            note = client.note
    assert "aiohttp's sessions" in note
    assert "ResponseHandler" in note
    monkeypatch.setattr("bulk_import.api.direct.why_not", lambda: "aiohttp 99: it has changed")
    async with wired(None, times=0) as wire:  # type: ignore[arg-type]
        summary = await import_file_async(
            source, MAPPING, quick(wire, tmp_path, send_by="direct"), progress=ear
        )
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 5)
    assert [text for text in ear.told if "aiohttp 99: it has changed" in text]

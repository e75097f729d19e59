"""The short way of sending rests on names of aiohttp that are not documented: where one differs, sessions are used and it is said."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.direct import why_not
from bulk_import.settings import Settings
from bulk_import.system.secrets import Secret

SHOP = Settings(endpoint="https://shop.example.com", api_key=Secret("k"), send_by="direct")
SLOWER = "requests go through aiohttp's sessions, slower than usual (aiohttp {}: {})"


async def note(settings: Settings = SHOP) -> str:
    async with Client.connect(settings) as client:
        return client.note


async def test_this_aiohttp_is_as_it_is_needed():
    assert why_not() == ""
    assert await note() == ""


def gone(monkeypatch) -> str:
    monkeypatch.delattr(Connection, "release")
    return "Connection.release is not as expected"


def needs_more(monkeypatch) -> str:
    def connect(self, req, traces, timeout, more):
        raise NotImplementedError

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    return "TCPConnector.connect is not as expected"


def takes_less(monkeypatch) -> str:
    def set_response_params(self, *, read_until_eof=False):
        raise NotImplementedError

    monkeypatch.setattr(ResponseHandler, "set_response_params", set_response_params)
    return "ResponseHandler.set_response_params is not as expected"


def is_not_awaited(monkeypatch) -> str:
    monkeypatch.setattr(ResponseHandler, "read", lambda self: None)
    return "ResponseHandler.read cannot be awaited"


@pytest.mark.parametrize("change", [gone, needs_more, takes_less, is_not_awaited])
async def test_with_another_aiohttp_sessions_are_used_and_it_is_said(monkeypatch, change):
    said = change(monkeypatch)
    assert why_not() == f"aiohttp {aiohttp.__version__}: {said}"
    assert await note() == SLOWER.format(aiohttp.__version__, said)


async def test_a_name_that_takes_more_than_is_given_is_as_good(monkeypatch):
    def set_response_params(self, *, read_until_eof=False, auto_decompress=True, more=1):
        raise NotImplementedError

    monkeypatch.setattr(ResponseHandler, "set_response_params", set_response_params)
    assert why_not() == ""


async def test_a_proxy_is_told_to_be_slower_and_sessions_that_are_asked_for_are_not():
    asked = replace(SHOP, send_by="session")
    assert await note(asked) == ""
    proxied = replace(SHOP, proxy=Secret("http://p.example.org:3128"))
    assert await note(proxied) == (
        "requests go through a proxy and aiohttp's sessions: slower than without"
    )


# -- answers that are the same to the byte ------------------------------------------------------------


def answer(code: int, text: str = "OK") -> bytes:
    body = b'{"error_code":%d,"error_text":"%b"}' % (code, text.encode())
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


USUAL = answer(0)
_APART_S, _BETWEEN_S = 0.02, 0.08


class Scripted(asyncio.Protocol):
    """Answers requests, over all connections, by a script: pieces of bytes, ``None`` closes."""

    def __init__(self, script: Iterator[Sequence[bytes | None]], log: list[int]) -> None:
        self._script = script
        self._log = log
        self._pieces: list[asyncio.Task[None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._log.append(0)
        self._at = len(self._log) - 1

    def data_received(self, data: bytes) -> None:
        self._log[self._at] += 1
        self._pieces.append(asyncio.create_task(self._answer(next(self._script))))

    async def _answer(self, pieces: Sequence[bytes | None]) -> None:
        for piece in pieces:
            if piece is None:
                self._transport.close()
            else:
                self._transport.write(piece)
                await asyncio.sleep(_APART_S)  # so that each piece arrives by itself


async def sent(
    monkeypatch, script: Sequence[Sequence[bytes | None]]
) -> tuple[list[str], list[int], int]:
    """Send one request after the other: (what each came to, requests of each connection, parsed)."""
    parsed = 0
    begin = ResponseHandler.set_response_params

    def counted(self, *, read_until_eof, auto_decompress):
        nonlocal parsed
        parsed += 1
        begin(self, read_until_eof=read_until_eof, auto_decompress=auto_decompress)

    monkeypatch.setattr(ResponseHandler, "set_response_params", counted)
    log: list[int] = []
    supply = iter(script)
    server = await asyncio.get_running_loop().create_server(
        lambda: Scripted(supply, log), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    settings = replace(SHOP, endpoint=f"http://127.0.0.1:{port}")
    found = []
    async with server, Client.connect(settings) as client:
        assert client.note == ""
        for pieces in script:
            try:
                got = await client.send(b"a=b", repeatable=True)
                found.append(f"{got.code} {got.text}")
            except AnswerLostError as exc:
                found.append(exc.code)
            if pieces != [USUAL]:  # what was not asked for comes before the next request
                await asyncio.sleep(_BETWEEN_S)
    return found, log, parsed


async def test_an_answer_that_is_known_to_the_byte_is_not_parsed_again(monkeypatch):
    found, connections, parsed = await sent(monkeypatch, [[USUAL]] * 5)
    assert found == ["0 OK"] * 5
    assert connections == [5]
    assert parsed == 1


@pytest.mark.parametrize(
    ("name", "pieces", "said"),
    [
        ("another answer", [answer(101, "no")], "101 no"),
        ("a success that says more", [answer(102, "there already")], "102 there already"),
        ("two pieces", [USUAL[:30], USUAL[30:]], "0 OK"),
        ("two pieces of the body", [USUAL[:-5], USUAL[-5:]], "0 OK"),
        ("after a hundred", [b"HTTP/1.1 100 Continue\r\n\r\n" + USUAL], "0 OK"),
        ("after a hundred of its own", [b"HTTP/1.1 100 Continue\r\n\r\n", USUAL], "0 OK"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_any_other_answer_is_read_as_ever_between_usual_ones(monkeypatch, name, pieces, said):
    del name
    script = [[USUAL], [USUAL], pieces, [USUAL], pieces, [USUAL]]
    found, connections, _ = await sent(monkeypatch, script)
    assert found == ["0 OK", "0 OK", said, "0 OK", said, "0 OK"]
    assert connections == [6]


@pytest.mark.parametrize(
    ("name", "pieces", "said"),
    [
        ("no answer", [None], "CONNECTION_LOST"),
        ("half an answer", [USUAL[:-5], None], "ANSWER_BROKEN"),
        ("a head", [USUAL[:20], None], "CONNECTION_LOST"),
        ("no HTTP", [b"\x16\x03\x01 what?\r\n\r\n"], "CONNECTION_LOST"),
        ("two answers at once", [USUAL + USUAL], "0 OK"),
        ("two answers, one late", [USUAL, USUAL], "0 OK"),
        ("another one late", [USUAL, answer(101, "no")], "0 OK"),
        (
            "closes afterwards",
            [USUAL.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n", 1)],
            "0 OK",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_connection_that_went_wrong_serves_no_other_request(
    monkeypatch, name, pieces, said
):
    del name
    script = [[USUAL], [USUAL], pieces, [answer(7, "next")], [USUAL]]
    found, connections, _ = await sent(monkeypatch, script)
    assert found == ["0 OK", "0 OK", said, "7 next", "0 OK"]
    assert connections == [3, 2]


def of_status(status: str) -> bytes:
    return USUAL.replace(b"200 OK", status.encode(), 1)


CLOSING = USUAL.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n", 1)
OTHER = answer(0, "another")


@pytest.mark.parametrize(
    ("script", "parsed"),
    [
        ([[USUAL], [OTHER], [OTHER], [USUAL], [USUAL]], 3),  # the latest is known
        ([[OTHER[:-3], OTHER[-3:]]] * 3, 3),  # what comes in pieces is not learned
        ([[of_status("201 Created")]] * 3, 3),  # nor another status
        ([[CLOSING]] * 3, 3),  # nor what ends its connection
        ([[USUAL], [of_status("201 Created")], [USUAL]], 2),  # and it replaces nothing
        ([[b"HTTP/1.1 100 Continue\r\n\r\n" + USUAL], [USUAL], [USUAL]], 2),
        ([[USUAL], [USUAL[:30], USUAL[30:]], [USUAL]], 2),
        ([[answer(101, "no")]] * 3, 1),  # a refusal is as good as any
    ],
)  # fmt: skip
async def test_which_answers_are_known_the_next_time(monkeypatch, script, parsed):
    found, _, counted = await sent(monkeypatch, script)
    assert counted == parsed
    assert not {"TIMEOUT", "CONNECTION_LOST", "ANSWER_BROKEN"} & set(found)


NAMES = [
    (aiohttp.TCPConnector, "connect"), (ResponseHandler, "set_response_params"), (ResponseHandler, "read"),
    (ResponseHandler, "should_close"), (ResponseHandler, "data_received"), (Connection, "protocol"), (Connection, "transport"),
    (Connection, "close"), (Connection, "release"), (aiohttp.StreamReader, "read_nowait"), (aiohttp.StreamReader, "is_eof"),
    (aiohttp.StreamReader, "at_eof"),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "name"), NAMES)
def test_every_name_that_is_used_is_looked_for(monkeypatch, owner, name):
    monkeypatch.setattr(owner, name, None)
    said = f"aiohttp {aiohttp.__version__}: {owner.__name__}.{name} is not as expected"
    assert why_not() == said


def test_a_connector_that_no_longer_asks_a_factory_is_noticed(monkeypatch):
    def other(self, *, force_close=False, limit=100, limit_per_host=0):
        raise NotImplementedError

    monkeypatch.setattr(aiohttp.BaseConnector, "__init__", other)
    said = f"aiohttp {aiohttp.__version__}: BaseConnector._factory is not as expected"
    assert why_not() == said


async def test_an_aiohttp_that_lacks_a_module_is_said_and_sessions_are_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "bulk_import.api.direct", None)
    said = await note()
    assert said.startswith(
        f"requests go through aiohttp's sessions, slower than usual (aiohttp {aiohttp.__version__}: import of"
    )

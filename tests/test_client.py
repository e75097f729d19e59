"""The client: the key, redirects, what may have arrived and what never left."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aioresponses import aioresponses

from bulk_import.api.answers import Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.unsent import NotSentError
from bulk_import.settings import Settings
from bulk_import.system.secrets import Secret

URL = "https://shop.example.com/api/addupdatelead"
# aioresponses sees what goes through aiohttp's sessions; servers of our own see both ways.
SHOP = Settings(
    endpoint="https://shop.example.com", api_key=Secret("k#=%+;y"), timeout_s=2, send_by="session"
)


async def test_the_key_goes_into_the_body_and_nowhere_else():
    with aioresponses() as server:
        server.post(URL, payload={"error_code": 0, "error_text": "OK"})
        async with Client.connect(SHOP) as client:
            answer = await client.send(b"lead_email=a%40b.org", repeatable=True)
        ((_, url), (call,)) = next(iter(server.requests.items()))
    assert answer.verdict is Verdict.SUCCESS
    assert str(url) == URL
    assert call.kwargs["data"].decode() == "lead_email=a%40b.org&rpsKey=k%23%3D%25%2B%3By"
    assert call.kwargs["allow_redirects"] is False
    assert "k#=%+;y" not in repr(SHOP)


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api",
        "http://shop.example.com/api/x",
        "https://shop.example.com:444/x",
        "",
    ],
)
async def test_redirects_elsewhere_are_not_followed(location):
    with aioresponses() as server:
        server.post(URL, status=307, headers={"Location": location})
        async with Client.connect(SHOP) as client:
            answer = await client.send(b"x=y", repeatable=True)
        assert sum(len(calls) for calls in server.requests.values()) == 1
    assert (answer.verdict, answer.code) == (Verdict.FATAL, "REDIRECTED")


async def test_an_echoed_key_is_masked_in_every_form():
    with aioresponses() as server:
        server.post(
            URL,
            payload={"error_code": 3, "error_text": "bad k#=%+;y k%23%3D%25%2B%3By ayM9JSs7eQ=="},
        )
        async with Client.connect(SHOP) as client:
            answer = await client.send(b"x=y", repeatable=True)
    assert answer.text == "bad *** *** ***"


@pytest.mark.usefixtures("way")
async def test_what_never_left_and_what_may_have_arrived_are_told_apart(unused_tcp_port):
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"error_code":0')
        await writer.drain()
        writer.close()

    async def huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(50):
            writer.write(b"x" * 65536)
            await asyncio.sleep(0)
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up
        writer.close()

    nowhere = Settings(
        endpoint=f"http://127.0.0.1:{unused_tcp_port}", api_key=Secret("k"), timeout_s=0.5
    )
    async with Client.connect(nowhere) as client:
        with pytest.raises(NotSentError) as refused:
            await client.send(b"a=b", repeatable=True)
    assert refused.value.code == "UNREACHABLE"
    for serve, code in (
        (hang_up, "CONNECTION_LOST"),
        (half, "ANSWER_BROKEN"),
        (huge, "ANSWER_BROKEN"),
        (silent, "TIMEOUT"),
    ):
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = Settings(endpoint=f"http://127.0.0.1:{port}", api_key=Secret("k"), timeout_s=0.5)
        async with Client.connect(settings) as client:
            with pytest.raises(AnswerLostError) as lost:
                await client.send(b"a=b", repeatable=False)
        assert lost.value.code == code
        server.close()
        await asyncio.sleep(0.05)  # the handlers see the end


@pytest.mark.usefixtures("way")
async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent():
    import ssl

    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(10))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(endpoint=f"https://127.0.0.1:{port}", api_key=Secret("k"), timeout_s=2)
    async with Client.connect(settings) as client:
        with pytest.raises(NotSentError) as refused:
            await client.send(b"a=b", repeatable=True)
    server.close()
    assert (refused.value.code, refused.value.is_final, seen) == ("CERTIFICATE", True, [])


def test_the_summary_of_aiohttp_is_the_version_we_lock():
    assert tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14)
    assert json.dumps(Settings.__doc__)

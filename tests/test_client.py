"""The client: the key, redirects, what may have arrived and what never left."""

from __future__ import annotations

import asyncio
import json
import ssl

import aiohttp
import pytest
from aioresponses import aioresponses

from bulk_import.api.answers import Verdict
from bulk_import.api.client import AnswerLostError, Client, proxy_of, tls_context
from bulk_import.api.unsent import NotSentError
from bulk_import.errors import SettingsError
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
    assert answer.text == (
        f"redirect 307 to {location or 'nowhere'}, not followed: the key stays with this host; "
        "check --endpoint"
    )


async def test_a_redirect_within_the_host_is_followed_once_and_kept_when_it_leads_to_an_answer():
    there = "https://shop.example.com/there"
    with aioresponses() as server:
        server.post(URL, status=308, headers={"Location": "/there"}, repeat=True)
        server.post(there, status=307, headers={"Location": "/elsewhere"})
        server.post(there, payload={"error_code": 0}, repeat=True)
        async with Client.connect(SHOP) as client:
            answers = [await client.send(b"x=y", repeatable=True) for _ in range(3)]
        asked = {str(url): len(calls) for (_, url), calls in server.requests.items()}
    assert [answer.code for answer in answers] == ["REDIRECTED", "0", "0"]
    assert asked == {URL: 2, there: 3}  # what led nowhere is asked again, what led there is not


@pytest.mark.parametrize(
    ("check", "verdict", "code", "note"),
    [
        ("off", Verdict.SUCCESS, "0", ""),
        ("warn", Verdict.SUCCESS, "0", "the answer's hash does not fit: it may not come from the account"),
        ("require", Verdict.UNREADABLE, "HASH_WRONG", ""),
    ],
)  # fmt: skip
async def test_an_answer_with_a_wrong_hash_is_what_the_settings_make_of_it(
    check, verdict, code, note
):
    settings = Settings(
        endpoint="https://shop.example.com",
        api_key=Secret("k"),
        send_by="session",
        verify_hash=check,
    )
    with aioresponses() as server:
        server.post(URL, payload={"error_code": 0, "error_text": "OK", "hash": "no"}, repeat=True)
        async with Client.connect(settings) as client:
            answers = [await client.send(b"x=y", repeatable=True) for _ in range(2)]
    assert {(one.verdict, one.code, one.note) for one in answers} == {(verdict, code, note)}


def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path):
    path = tmp_path / "ca.pem"
    for content in (None, "no certificate"):
        if content:
            path.write_text(content)
        with pytest.raises(SettingsError, match=f"--ca-file {path}: cannot be used: "):
            tls_context(Settings(endpoint="https://x.org", api_key=Secret("k"), ca_file=path))
    context = tls_context(Settings(endpoint="https://x.org", api_key=Secret("k")))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(("scheme", "times"), [("https", 1), ("http", 0)])
def test_the_system_s_certificates_are_read_only_where_something_is_encrypted(
    monkeypatch, scheme, times
):
    read, real = [], ssl.create_default_context

    def counted() -> ssl.SSLContext:
        read.append(1)
        return real()

    monkeypatch.setattr(ssl, "create_default_context", counted)
    context = tls_context(Settings(endpoint=f"{scheme}://127.0.0.1:1", api_key=Secret("k")))
    assert len(read) == times
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_proxy_is_used_for_what_is_encrypted_alone():
    def proxy(endpoint):
        given = Settings(endpoint=endpoint, api_key=Secret("k"), proxy=Secret("http://p.org:3128"))
        return str(proxy_of(given))

    assert proxy("https://shop.example.com") == "http://p.org:3128"
    assert proxy("http://127.0.0.1:8080") == "None"


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
    for serve, code, http_status, said in (
        (hang_up, "CONNECTION_LOST", None, "the connection broke ("),
        (half, "ANSWER_BROKEN", 200, "HTTP 200, the answer broke off ("),
        (huge, "ANSWER_BROKEN", 200, "HTTP 200, the answer broke off (longer than 64 KiB)"),
        (silent, "TIMEOUT", None, "no answer within 0.5 s"),
    ):
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = Settings(endpoint=f"http://127.0.0.1:{port}", api_key=Secret("k"), timeout_s=0.5)
        async with Client.connect(settings) as client:
            with pytest.raises(AnswerLostError) as lost:
                await client.send(b"a=b", repeatable=False)
        assert (lost.value.code, lost.value.http_status) == (code, http_status)
        assert str(lost.value).startswith(said)
        server.close()
        await asyncio.sleep(0.05)  # the handlers see the end


@pytest.mark.usefixtures("way")
async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent():
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

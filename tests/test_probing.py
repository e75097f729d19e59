"""What answers at an address is found out with one request that has no key."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from bulk_import.api.probing import Probe, probe
from bulk_import.api.unsent import NotSentError
from bulk_import.settings import Settings

KEY = "never-shown"


@asynccontextmanager
async def answering(
    head: Callable[[], str], **tls: ssl.SSLContext
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says the same of everything it is asked: its port, and what that was."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(f"HTTP/1.1 {head()}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await asyncio.sleep(0.02)  # the handlers see the end


async def probed(head: Callable[[], str], **options: object) -> tuple[Probe, list[bytes]]:
    async with answering(head) as (port, asked):
        settings = Settings(endpoint=f"http://127.0.0.1:{port}", api_key=KEY, **options)  # type: ignore[arg-type]
        return await probe(settings), asked


async def test_the_front_page_is_asked_for_once_without_the_key():
    found, asked = await probed(lambda: "200 OK")
    assert len(asked) == 1
    assert asked[0].startswith(b"GET / HTTP/1.1\r\n")
    assert KEY.encode() not in asked[0]
    assert (found.http_status, found.tls, found.expires, found.ahead_s) == (200, "", None, None)
    assert 0 < found.elapsed_s < 60


@pytest.mark.parametrize(
    "status", ["302 Found\r\nLocation: http://127.0.0.1:9/", "404 No", "503 No"]
)
async def test_any_answer_is_an_answer_and_no_redirect_is_followed(status):
    found, asked = await probed(lambda: status)
    assert (found.http_status, len(asked)) == (int(status[:3]), 1)


@pytest.mark.parametrize("off_s", [0, 600, -7200])
@pytest.mark.parametrize("zone", [UTC, None], ids=["GMT", "without a zone"])
async def test_the_server_s_clock_is_compared_with_this_machine_s(off_s, zone):
    def head() -> str:
        there = datetime.now(UTC) + timedelta(seconds=off_s)
        said = format_datetime(there, usegmt=True) if zone else f"{there:%d %b %Y %H:%M:%S} -0000"
        return f"200 OK\r\nDate: {said}"

    found, _ = await probed(head)
    assert found.ahead_s is not None
    # Known to half a second and half of the answer's time, on either side.
    assert abs(found.ahead_s - off_s) <= 0.51 + found.elapsed_s


@pytest.mark.parametrize(
    "date", ["", "soon", "Thu, 01 Jan 2026 00:01:99999999999999999999 GMT", "Thu, 99 Jan 2026 00:00:00 GMT"]
)  # fmt: skip
async def test_without_a_date_nothing_is_said_of_the_clock(date):
    found, _ = await probed(lambda: f"200 OK\r\nDate: {date}")
    assert (found.http_status, found.ahead_s) == (200, None)


async def test_over_tls_version_and_end_of_the_certificate_are_told(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    ends = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=ends).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with answering(lambda: "204 No", ssl=context) as (port, asked):
        found = await probe(
            Settings(endpoint=f"https://127.0.0.1:{port}", ca_file=tmp_path / "ca.pem")
        )
    assert (found.http_status, found.tls, found.expires) == (204, "TLSv1.2", ends)
    assert len(asked) == 1, "the second connection asks nothing"


async def test_an_address_at_which_nobody_answers_is_told_as_while_sending(unused_tcp_port):
    with pytest.raises(NotSentError) as found:
        await probe(Settings(endpoint=f"http://127.0.0.1:{unused_tcp_port}"))
    assert found.value.code == "UNREACHABLE"
    assert str(found.value) == f"127.0.0.1:{unused_tcp_port}: no connection (Connection refused)"


async def test_a_certificate_that_nobody_vouches_for_is_told_with_its_code():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with answering(lambda: "200 OK", ssl=context) as (port, asked):
        with pytest.raises(NotSentError) as found:
            await probe(Settings(endpoint=f"https://127.0.0.1:{port}"))
    assert (found.value.code, found.value.is_final, asked) == ("CERTIFICATE", True, [])


async def test_a_server_that_says_nothing_is_given_up_after_the_time_of_a_request():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotSentError) as found:
        await probe(Settings(endpoint=f"http://127.0.0.1:{port}", timeout_s=0.05))
    server.close()
    await asyncio.sleep(0.02)
    assert found.value.code == "CONNECT_TIMEOUT"

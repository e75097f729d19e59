"""Requests through an HTTP proxy: tunnelled, with a password that nobody sees, and never by surprise."""

from __future__ import annotations

import asyncio
import base64
import contextlib

import pytest
import trustme

from bulk_import import import_file_async
from bulk_import.api.client import Client
from bulk_import.api.unsent import NotSentError
from bulk_import.errors import SettingsError
from bulk_import.models import Status
from bulk_import.settings import Settings
from tests.test_wire import tls_context
from tests.wires import MAPPING, Wire, quick, wired


class Proxy:
    """An HTTP proxy for CONNECT, with a password if it is given one."""

    def __init__(self, password: str = "") -> None:
        self.heads: list[str] = []
        self.passed: list[bytes] = []
        self._wanted = base64.b64encode(f"user:{password}".encode()).decode() if password else ""

    async def serve(self, reader, writer) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if self._wanted and f"Proxy-Authorization: Basic {self._wanted}" not in head:
                writer.write(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
                )
                await writer.drain()
                return writer.close()
            host, _, port = head.split()[1].partition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        writer.close()
        return None

    async def _pass(self, reader, writer) -> None:
        with contextlib.suppress(ConnectionError):
            while received := await reader.read(1 << 16):
                self.passed.append(received)
                writer.write(received)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def proxied(password: str = ""):
    proxy = Proxy(password)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.1)  # the tunnels see the end


@pytest.fixture
def source(write_csv):
    return write_csv(
        [["E-mail", "Name"], *[[f"p{n}@example.org", f"P{n}"] for n in range(4)], ["", "bare"]]
    )


@pytest.fixture
def authority(tmp_path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


async def test_rows_go_through_the_proxy_which_sees_neither_key_nor_contacts(
    tmp_path, source, authority
):
    async with (
        wired(None, times=0, ssl=tls_context(authority, "localhost")) as wire,
        proxied("pa55word") as (proxy, port),
    ):
        options = quick(
            wire,
            tmp_path,
            ca_file=tmp_path / "ca.pem",
            proxy=f"http://user:pa55word@127.0.0.1:{port}",
        )
        assert "pa55word" not in repr(options)
        summary = await import_file_async(source, MAPPING, options)
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 5)
    assert set(wire.bodies.values()) == {1}
    assert proxy.heads
    assert all(head.startswith("CONNECT localhost:") for head in proxy.heads)
    assert not any(b"rpsKey" in part or b"lead_" in part for part in proxy.passed)


async def test_a_proxy_that_wants_a_password_is_told_of_without_showing_one(tmp_path, authority):
    wire = Wire(None, 0, url="https://localhost:9")
    async with proxied("pa55word") as (_, port):
        options = quick(wire, tmp_path, proxy=f"http://user:wr0ng@127.0.0.1:{port}")
        async with Client.connect(options) as client:
            with pytest.raises(NotSentError) as refused:
                await client.send(b"a=b", repeatable=False)
    assert refused.value.code == "PROXY_REFUSED"
    assert f"the proxy 127.0.0.1:{port}" in str(refused.value)
    assert "407" in str(refused.value)
    assert "BULK_IMPORT_PROXY" in str(refused.value)
    assert "wr0ng" not in str(refused.value)


async def test_a_proxy_that_is_not_there_is_named(tmp_path, unused_tcp_port):
    wire = Wire(None, 0, url="https://localhost:9")
    options = quick(wire, tmp_path, proxy=f"http://127.0.0.1:{unused_tcp_port}")
    async with Client.connect(options) as client:
        with pytest.raises(NotSentError, match=f"the proxy 127.0.0.1:{unused_tcp_port} cannot"):
            await client.send(b"a=b", repeatable=True)


async def test_what_is_not_encrypted_is_never_shown_to_a_proxy(tmp_path, source):
    async with wired(None, times=0) as wire, proxied() as (proxy, port):
        options = quick(wire, tmp_path, proxy=f"http://127.0.0.1:{port}")
        summary = await import_file_async(source, MAPPING, options)
    assert summary.counts[Status.SUCCESS] == 5
    assert proxy.heads == []


async def test_the_proxy_of_other_programs_is_not_used_but_told_of(
    tmp_path, monkeypatch, unused_tcp_port
):
    async with proxied() as (proxy, port):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pa55word@127.0.0.1:{port}")
        wire = Wire(None, 0, url=f"https://127.0.0.1:{unused_tcp_port}")
        async with Client.connect(quick(wire, tmp_path)) as client:
            with pytest.raises(NotSentError) as refused:
                await client.send(b"a=b", repeatable=True)
    assert "HTTPS_PROXY is set and is not used by itself" in str(refused.value)
    assert "--proxy URL" in str(refused.value)
    assert "pa55word" not in str(refused.value)
    assert proxy.heads == []


def test_a_password_comes_from_the_environment_and_never_from_the_command_line():
    url = "http://user:pa55word@proxy.example.com:3128"
    known = {"BULK_IMPORT_PROXY": url}
    found = Settings.from_env(environ=known, dotenv=None)
    assert found.proxy.reveal() == url
    given = Settings.from_env(environ=known, dotenv=None, proxy="http://other.example.com:8080")
    assert given.proxy.reveal() == "http://other.example.com:8080"
    with pytest.raises(SettingsError, match="BULK_IMPORT_PROXY") as refused:
        Settings.from_env(environ={}, dotenv=None, proxy=url)
    assert "pa55word" not in str(refused.value)


@pytest.mark.parametrize("url", ["proxy:3128", "socks5://proxy:1080", "http://", "http://a:b@c:x"])
def test_what_is_no_proxy_is_refused_without_being_shown(url):
    with pytest.raises(SettingsError, match="give a URL such as http://") as refused:
        Settings(proxy=url)
    assert "a:b" not in str(refused.value)

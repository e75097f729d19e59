"""A server of raw sockets, which does what HTTP servers will not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from bulk_import.mapping.loading import parse_mapping
from bulk_import.settings import Settings
from bulk_import.system.secrets import Secret

OK = b'{"error_code":0,"error_text":"OK","result":null,"hash":""}'
MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
    "  lead_phone: {value: '+14155550123'}\nwhen: {no_email: create}\n",
    "m.yml",
)
Behaviour = Callable[["Wire", asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[bool]]


@dataclass
class Wire:
    """A server that treats the first requests as asked, and answers the others well."""

    behaviour: Behaviour
    times: int
    bodies: Counter[str] = field(default_factory=Counter)
    done: int = 0
    url: str = ""
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.serving.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            self.serving.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays."""
        body = await self.read_request(reader)
        self.bodies[body] += 1
        if self.done < self.times:
            self.done += 1
            return await self.behaviour(self, reader, writer, body)
        answer(writer, OK)
        await writer.drain()
        return True

    async def ended(self) -> None:
        """End what is still being served: a connection left open would warn in some later test."""
        for task in (serving := list(self.serving)):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # for the connections to be closed

    async def read_request(self, reader: asyncio.StreamReader) -> str:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        form = parse_qs((await reader.readexactly(length)).decode())
        return (form.get("lead_email") or form["lead_first_name"])[0]


def answer(
    writer: asyncio.StreamWriter,
    body: bytes,
    *headers: str,
    status: str = "200 OK",
    length: int | None = None,
) -> None:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(payload: bytes, *headers: str, status: str = "200 OK") -> Behaviour:
    async def behaviour(wire, reader, writer, body):
        answer(writer, payload, *headers, status=status)
        await writer.drain()
        return True

    return behaviour


@asynccontextmanager
async def wired(behaviour: Behaviour, times: int, **tls) -> AsyncIterator[Wire]:
    wire = Wire(behaviour, times)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0, **tls)
    port = server.sockets[0].getsockname()[1]
    wire.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{port}"
    try:
        yield wire
    finally:
        server.close()
        await wire.ended()


def quick(wire: Wire, tmp_path, **options) -> Settings:
    chosen: dict = {"concurrency": 3, "timeout_s": 0.8} | options
    return Settings(
        endpoint=wire.url, api_key=Secret("k"), rate=0, preflight=False,
        run_dir=tmp_path / "run", state_dir=tmp_path / "state", **chosen,
    )  # fmt: skip

"""What HTTP servers will not do, done by a raw socket: counted there, compared with the report."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from bulk_import import import_file_async
from bulk_import.delivery import attempts
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults
from tests.conftest import SHORT_WAITS
from tests.wires import MAPPING, OK, Wire, answer, quick, reset, says, wired

pytestmark = pytest.mark.usefixtures("way")


async def resets(wire, reader, writer, body):
    reset(writer)
    return False


async def closes(wire, reader, writer, body):
    return False


async def stalls(wire, reader, writer, body):
    await reader.read()  # until the client gives up
    return False


async def trickles(wire, reader, writer, body):
    for at in range(len(OK)):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"[at : at + 1] or b" ")
        await writer.drain()
        await asyncio.sleep(0.1)
    return False


async def half_an_answer(wire, reader, writer, body):
    answer(writer, OK[:20], length=len(OK))
    await writer.drain()
    return False


async def too_short_a_length(wire, reader, writer, body):
    answer(writer, OK, length=20)
    await writer.drain()
    return False


async def no_http(wire, reader, writer, body):
    writer.write(b"220 mail.example.org ESMTP\r\n")
    await writer.drain()
    return False


async def huge(wire, reader, writer, body):
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"
    )
    for _ in range(1500):
        writer.write(b"x" * 65536)
        await writer.drain()
    return False


async def closes_behind_the_answer(wire, reader, writer, body):
    answer(writer, OK)
    await writer.drain()
    return False


DOUBTFUL = {
    "reset after the request": resets, "closed without an answer": closes, "stall": stalls, "slow trickle": trickles,
    "half an answer": half_an_answer, "wrong length": too_short_a_length, "no HTTP": no_http,
    "a web page": says(b"<html>maintenance</html>", "Content-Type: text/html"),
    "a JSON list": says(b"[1, 2]"), "JSON cut off": says(OK[:30]), "empty": says(b""),
    "not UTF-8": says(b'{"error_code": "\xff\xfe"}'), "another charset": says(OK.decode().encode("utf-16"), "Content-Type: application/json; charset=utf-16"),
    "gzip garbage": says(b"\x1f\x8b garbage", "Content-Encoding: gzip"),
    "gzip bomb": says(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"),
    "huge body": huge, "500": says(b"oops", status="500 Internal Server Error"), "502": says(b"", status="502 Bad Gateway"),
    "504": says(b"", status="504 Gateway Timeout"), "deep JSON": says(b"[" * 100_000),
    "code of another kind": says(b'{"error_code": {"a": 1}}'), "code as a float": says(b'{"error_code": 0.5}'),
}  # fmt: skip


@pytest.fixture
def source(write_csv):
    rows = [
        ["E-mail", "Name"],
        *[[f"p{n}@example.org", f"P{n}"] for n in range(5)],
        *[["", f"bare{n}"] for n in range(3)],
    ]
    return write_csv(rows)


@pytest.mark.parametrize("name", DOUBTFUL)
async def test_an_answer_that_cannot_be_trusted_loses_nothing_and_repeats_only_what_may_be(
    tmp_path, source, name
):
    async with wired(DOUBTFUL[name], times=4) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path, **SHORT_WAITS))
    assert summary.balanced
    assert all(times == 1 for body, times in wire.bodies.items() if body.startswith("bare"))
    statuses = {row.contact or row.row: row.status for row in summary.frame().itertuples()}
    assert all(status == "success" for contact, status in statuses.items() if "@" in str(contact))
    assert summary.counts[Status.SUCCESS] + summary.counts[Status.UNKNOWN] == 8
    # Every row without e-mail that met the fault is in doubt, and no other one.
    assert sum(wire.bodies.values()) == summary.requests


async def test_keep_alive_closed_behind_answers_costs_nothing(tmp_path, source):
    async with wired(closes_behind_the_answer, times=8) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert summary.exit_code == 0
    assert set(wire.bodies.values()) == {1}


@pytest.mark.parametrize(
    ("location", "status"),
    [
        ("http://127.0.0.1:9/x", "302 Found"), ("https://example.invalid/", "307 Temporary Redirect"),
        ("http://127.0.0.1:9/api/AddUpdateLead", "308 Permanent Redirect"), ("/login", "301 Moved Permanently"),
        ("ftp://127.0.0.1/", "307 Temporary Redirect"), ("", "307 Temporary Redirect"),
    ],
)  # fmt: skip
async def test_redirects_elsewhere_end_the_run_and_the_key_stays(
    tmp_path, source, location, status
):
    behaviour = says(b"", *([f"Location: {location}"] if location else []), status=status)
    async with wired(behaviour, times=100) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert summary.exit_code == 3
    assert sum(wire.bodies.values()) <= 3  # those in flight
    assert summary.counts[Status.SUCCESS] == 0


def tls_context(authority: trustme.CA, *names: str, **options) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)
    return context


@pytest.mark.parametrize("fault", ["unknown authority", "expired", "another host"])
async def test_a_bad_certificate_sends_nothing(tmp_path, source, fault):
    authority, other = trustme.CA(), trustme.CA()
    trusted = other if fault == "unknown authority" else authority
    trusted.cert_pem.write_to_path(tmp_path / "ca.pem")
    past = datetime.now(UTC) - timedelta(days=1)
    context = (
        tls_context(authority, "localhost", not_after=past, not_before=past - timedelta(days=1)) if fault == "expired"
        else tls_context(authority, "elsewhere.example" if fault == "another host" else "localhost")
    )  # fmt: skip
    async with wired(closes, times=0, ssl=context) as wire:
        options = quick(wire, tmp_path, ca_file=tmp_path / "ca.pem", connect_deadline_s=1)
        summary = await import_file_async(source, MAPPING, options)
    assert (summary.exit_code, summary.counts[Status.NOT_SENT]) == (3, 8)
    assert not wire.bodies
    assert "certificate" in summary.stopped.lower()


async def test_a_good_certificate_of_a_private_authority_is_taken(tmp_path, source):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with wired(closes, times=0, ssl=tls_context(authority, "localhost")) as wire:
        summary = await import_file_async(
            source, MAPPING, quick(wire, tmp_path, ca_file=tmp_path / "ca.pem")
        )
    assert summary.exit_code == 0
    assert sum(wire.bodies.values()) == 8


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://no-such-host.invalid"])
async def test_nobody_there_sends_nothing_and_the_same_command_goes_on(tmp_path, source, url):
    wire = Wire(closes, 0, url=url)
    summary = await import_file_async(source, MAPPING, quick(wire, tmp_path, connect_deadline_s=1))
    assert (summary.exit_code, summary.counts[Status.NOT_SENT]) == (3, 8)
    assert summary.requests == 0


async def test_where_the_first_address_refuses_the_second_is_used(tmp_path, source, monkeypatch):
    """A name with an IPv6 address at which nobody listens, as many a server's name has."""
    asked = []

    async def addresses(_loop, host, port, *, type=0, **_hints):  # noqa: A002 - asyncio's name
        asked.append(host)
        return [
            (socket.AF_INET6, type, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, type, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", addresses)
    async with wired(closes, times=0) as wire:
        wire.url = wire.url.replace("127.0.0.1", "localhost")
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert "localhost" in asked
    assert summary.exit_code == 0
    assert set(wire.bodies.values()) == {1}


async def test_a_handshake_that_stalls_ends_in_time_and_sends_nothing(tmp_path, source):
    async def silent(reader, writer):
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire(closes, 0, url=f"https://127.0.0.1:{port}")
    began = asyncio.get_running_loop().time()
    async with server:
        summary = await import_file_async(
            source, MAPPING, quick(wire, tmp_path, timeout_s=0.4, connect_deadline_s=1)
        )
        await asyncio.sleep(0.1)  # for the server's ends of the connections to be closed
    assert asyncio.get_running_loop().time() - began < 15
    assert (summary.exit_code, summary.counts[Status.NOT_SENT]) == (3, 8)
    assert summary.requests == 0


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_clock_that_jumps_neither_hangs_nor_hurries_a_run(
    tmp_path, source, monkeypatch, jump
):
    """Waits are counted by a clock that nobody sets; a date is turned into seconds at once."""
    real = attempts.datetime

    class Jumped(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + jump

    async def throttles(_wire, _reader, writer, _body):
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        answer(writer, b"", f"Retry-After: {until}", status="429 Too Many Requests")
        await writer.drain()
        monkeypatch.setattr(attempts, "datetime", Jumped)  # while everybody waits
        return True

    began = asyncio.get_running_loop().time()
    async with wired(throttles, times=1) as wire:
        summary = await import_file_async(
            source, MAPPING, quick(wire, tmp_path, **SHORT_WAITS, concurrency=1, timeout_s=5)
        )
    waited = asyncio.get_running_loop().time() - began
    assert summary.exit_code == 0
    assert sum(wire.bodies.values()) == 9
    assert 0.5 < waited < 60, "an hour would be the jump; some seconds are the pause and the pace"


@pytest.mark.slow
async def test_answers_in_random_order_never_meet_another_row(
    tmp_path, sandbox, settings, write_csv
):
    """Every row's answer names its row; a report that swapped two would show it."""
    count = int(os.environ.get("SHUFFLED_ROWS", "20000"))
    path = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", f"n{n}"] for n in range(count)]])

    def script(_number, form):
        n = int(form["lead_first_name"][1:])
        return Reply(code=3, text=f"no {n}", apply=False) if n % 7 == 0 else None

    sandbox.use(Faults(jitter_ms=20))
    sandbox.script = script
    summary = await import_file_async(
        path,
        MAPPING,
        settings(sandbox, concurrency=100, equal_refusals=10**9, breaker_failures=10**9),
    )
    frame = summary.frame()
    assert len(frame) == count
    refused = frame[frame.status == "failed"]
    assert len(refused) == -(-count // 7)
    assert all(f"no {int(row.row) - 2}" in row.message for row in refused.itertuples())
    assert set(frame[frame.status == "success"].row.astype(int) - 2) == {
        n for n in range(count) if n % 7
    }


async def test_a_server_of_an_old_tls_is_sent_nothing(tmp_path, source):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = tls_context(authority, "localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    async with wired(closes, times=0, ssl=context) as wire:
        options = quick(wire, tmp_path, ca_file=tmp_path / "ca.pem", connect_deadline_s=1)
        summary = await import_file_async(source, MAPPING, options)
    assert (summary.exit_code, summary.counts[Status.NOT_SENT]) == (3, 8)
    assert (summary.requests, wire.bodies) == (0, {})
    assert "version" in summary.stopped.lower()


async def test_attempts_and_waits_are_told_row_by_row(tmp_path, source):
    async with wired(says(b"<html>", status="502 Bad Gateway"), times=2) as wire:
        summary = await import_file_async(
            source, MAPPING, quick(wire, tmp_path, **SHORT_WAITS, concurrency=1)
        )
    frame = summary.frame()
    again = frame[frame.attempts.astype(int) > 1]
    assert len(again) >= 1
    assert all("after " in text and " s of waiting" in text for text in again.message)
    assert all(text == "" for text in frame[frame.attempts.astype(int) == 1].message)


@pytest.mark.slow
async def test_one_early_throttle_does_not_make_a_run_without_a_rate_crawl(tmp_path, write_csv):
    """Nothing was accepted before it, so it tells of no limit; the next one will."""
    path = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", "P"] for n in range(60)]])
    async with wired(says(b"", "Retry-After: 0", status="429 Too Many Requests"), times=1) as wire:
        began = asyncio.get_running_loop().time()
        summary = await import_file_async(path, MAPPING, quick(wire, tmp_path, concurrency=1))
        took = asyncio.get_running_loop().time() - began
    assert summary.counts[Status.SUCCESS] == 60
    assert took < 30, "at one a second it would be a minute"

"""Throttles, outages, addresses and redirects: who sends when, and how a run ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulk_import import import_file_async
from bulk_import.delivery.pace import Pace
from bulk_import.jobs.importing import resume_async
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults
from tests.conftest import SHORT_WAITS, Ear, report_of, statuses
from tests.wires import MAPPING, OK, Wire, answer, quick, says, wired

pytestmark = pytest.mark.usefixtures("way")


@pytest.fixture
def source(write_csv):
    """Five contacts with an e-mail, three without."""
    rows = [[f"p{n}@example.org", f"P{n}"] for n in range(5)] + [["", f"bare{n}"] for n in range(3)]
    return write_csv([["E-mail", "Name"], *rows])


# -- throttling ---------------------------------------------------------------------------------------


async def test_throttling_without_an_end_stops_the_run_and_fails_nobody(
    sandbox, settings, contacts_csv, mapping
):
    """Also where each refusal says when to come back: promises are not progress."""
    sandbox.script = lambda _number, _form: Reply(
        status=429, raw=b"", headers={"Retry-After": "0"}, apply=False
    )
    options = settings(sandbox, **SHORT_WAITS, throttles=4, concurrency=2)
    summary = await import_file_async(contacts_csv(20), mapping, options)
    assert (summary.exit_code, summary.counts[Status.NOT_SENT]) == (3, 20)
    assert "asked to slow down 5 times without taking a row" in summary.stopped
    assert len(sandbox.sent()) <= 12


async def test_a_retry_after_of_years_ends_the_run_and_says_until_when(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(throttle=3, retry_after="huge"))
    summary = await import_file_async(contacts_csv(20), mapping, settings(sandbox, concurrency=1))
    assert (summary.exit_code, summary.counts[Status.FAILED]) == (3, 0)
    assert "wait until 20" in summary.stopped
    assert " UTC" in summary.stopped
    sandbox.use(Faults())
    again = await resume_async(summary.run_dir, settings(sandbox))
    assert (again.exit_code, again.counts[Status.SUCCESS]) == (0, 20)


async def test_the_moment_until_which_a_server_asks_to_wait_is_said_to_the_minute(
    sandbox, settings, contacts_csv, mapping
):
    wait = Reply(status=429, raw=b"", headers={"Retry-After": "172800"}, apply=False)
    sandbox.script = lambda _number, _form: wait
    before = datetime.now(UTC)
    summary = await import_file_async(contacts_csv(2), mapping, settings(sandbox, concurrency=1))
    said = summary.stopped.partition("wait until ")[2].partition(" UTC")[0]
    until = datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert timedelta(minutes=-1) < until - before - timedelta(days=2) < timedelta(minutes=5)
    assert summary.counts[Status.NOT_SENT] == 2


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (429, None),
        (429, "soon"),
        (429, "-5"),
        (429, "Thu, 01 Jan 1998 00:00:00 GMT"),
        (503, "soon"),
    ],
)
async def test_a_throttle_that_does_not_say_how_long_has_a_wait_of_our_own(
    sandbox, settings, contacts_csv, mapping, status, header
):
    headers = {} if header is None else {"Retry-After": header}
    # So much is accepted before that the pace would not hold anybody up for so long.
    replies = [Reply()] * 20 + [Reply(status=status, raw=b"", headers=headers, apply=False)]
    sandbox.script = lambda _number, _form: replies.pop(0) if replies else None
    ear = Ear()
    summary = await import_file_async(
        contacts_csv(24), mapping, settings(sandbox, concurrency=1), progress=ear
    )
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 24)
    sent = sandbox.sent()
    refused = next(at for at, request in enumerate(sent) if request.answer == str(status))
    assert sent[refused + 1].at - sent[refused].ended >= 0.7
    told = [text for text in ear.told if text.startswith("paused")]
    assert len(told) == 1
    if header is not None:
        assert "Retry-After" in told[0]
        assert header in told[0]


@pytest.mark.parametrize(
    ("throttle_with", "retry_after"), [("429", "date"), ("503", "seconds"), ("503", "date")]
)
async def test_nobody_sends_inside_the_announced_time(
    sandbox, settings, contacts_csv, mapping, throttle_with, retry_after
):
    sandbox.use(Faults(throttle=10, throttle_with=throttle_with, retry_after=retry_after))
    options = settings(sandbox, concurrency=8)
    summary = await import_file_async(contacts_csv(14), mapping, options)
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 14)
    sent = sandbox.sent()
    for refused in (request for request in sent if request.answer == throttle_with):
        inside = [r for r in sent if refused.ended + 0.3 < r.at < refused.ended + 0.95]
        assert inside == []


async def test_a_burst_of_code_8_is_waited_out(sandbox, settings, contacts_csv, bare_mapping):
    sandbox.use(Faults(quota_after=16, quota_burst=2))
    options = settings(sandbox, concurrency=1)
    summary = await import_file_async(contacts_csv(20, bare=True), bare_mapping, options)
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 20)
    assert len(sandbox.sent()) == 22


async def test_maintenance_without_retry_after_leaves_bare_rows_unknown_unless_503_is_trusted(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    for trust, expected in ((False, "unknown"), (True, "success")):
        replies = [Reply(status=503, raw=b"maintenance", apply=False) for _ in range(2)]
        sandbox.script = lambda _number, _form, replies=replies: replies.pop(0) if replies else None
        options = settings(
            sandbox,
            **SHORT_WAITS,
            concurrency=2,
            trust_503=trust,
            run_dir=tmp_path / f"trust {trust}",
        )
        summary = await import_file_async(contacts_csv(2, bare=True), bare_mapping, options)
        assert statuses(Path(summary.run_dir)) == ["success", expected]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, raw=b"", headers={"Retry-After": "0"}, apply=False),
        Reply(status=503, raw=b"busy", apply=False),
        Reply(code=8, apply=False),
    ],
    ids=["429", "503", "code 8"],
)
async def test_the_pace_falls_when_the_server_is_overloaded(
    sandbox, settings, contacts_csv, mapping, reply, monkeypatch
):

    falls: list[float] = []
    fall = Pace.fall
    monkeypatch.setattr(Pace, "fall", lambda pace: (falls.append(pace.rate), fall(pace)))
    replies = [Reply(), Reply(), reply]
    sandbox.script = lambda _number, _form: replies.pop(0) if replies else None
    await import_file_async(contacts_csv(3), mapping, settings(sandbox, rate=50, concurrency=1))
    assert falls == [50]


# -- network ------------------------------------------------------------------------------------------


async def test_a_server_that_is_away_for_a_while_costs_no_attempts(tmp_path, source):
    """Nobody listens at first, later nobody listens again: rows without e-mail are sent all the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served: list[asyncio.StreamWriter] = []
    wire = Wire(says(OK), 0, url=f"http://127.0.0.1:{port}")

    async def serve(reader, writer):
        served.append(writer)
        await wire.serve(reader, writer)

    async def comes_and_goes():
        await asyncio.sleep(0.4)
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            while sum(wire.bodies.values()) < 3:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.4)
        return await asyncio.start_server(serve, "127.0.0.1", port)

    options = quick(
        wire, tmp_path, **SHORT_WAITS, connect_deadline_s=30, max_attempts=2, concurrency=1
    )
    summary, server = await asyncio.gather(
        import_file_async(source, MAPPING, options), comes_and_goes()
    )
    server.close()
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 8)
    assert set(wire.bodies.values()) == {1}
    assert {line["attempts"] for line in report_of(Path(summary.run_dir))} == {"1"}


async def test_where_the_first_address_is_a_black_hole_the_second_is_used(
    tmp_path, source, monkeypatch
):
    """An address that swallows what is sent to it: its queue is full, and nobody accepts."""
    async with wired(says(OK), times=0) as wire:
        port = int(wire.url.rsplit(":", 1)[1])
        with contextlib.ExitStack() as stack:
            hole = stack.enter_context(socket.socket(socket.AF_INET6))
            hole.bind(("::1", port))
            hole.listen(0)
            for _ in range(8):
                filler = stack.enter_context(socket.socket(socket.AF_INET6))
                filler.setblocking(False)
                filler.connect_ex(("::1", port))

            async def addresses(_loop, host, port, *, type=0, **_hints):  # noqa: A002 - asyncio's name
                return [
                    (socket.AF_INET6, type, 6, "", ("::1", port, 0, 0)),
                    (socket.AF_INET, type, 6, "", ("127.0.0.1", port)),
                ]

            monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", addresses)
            wire.url = wire.url.replace("127.0.0.1", "localhost")
            options = quick(wire, tmp_path, timeout_s=10)
            summary = await import_file_async(source, MAPPING, options)
    assert summary.exit_code == 0
    assert set(wire.bodies.values()) == {1}
    waits = [int(line["elapsed_ms"]) for line in report_of(Path(summary.run_dir))]
    assert max(waits) < 5000, "the black hole was waited for"


async def test_plain_http_where_tls_is_expected_sends_nothing_and_names_the_cause(
    tmp_path, source, sandbox
):
    wire = Wire(says(OK), 0, url=sandbox.url.replace("http://", "https://"))
    options = quick(wire, tmp_path, connect_deadline_s=0.5)
    summary = await import_file_async(source, MAPPING, options)
    assert (summary.exit_code, summary.requests, sandbox.sent()) == (3, 0, [])
    assert "secure" in summary.stopped.lower()


async def test_redirects_in_a_circle_end_the_run(tmp_path, source):
    async def circle(_wire, _reader, writer, _body):
        answer(writer, b"", "Location: /api/other?again", status="307 Temporary Redirect")
        await writer.drain()
        return True

    async with wired(circle, times=1000) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path, concurrency=2))
    assert summary.exit_code == 3
    assert sum(wire.bodies.values()) <= 4, "each of those in flight, followed once"
    assert summary.counts[Status.SUCCESS] == 0


async def test_a_proxy_of_the_environment_is_not_used(tmp_path, source, monkeypatch):
    asked = []

    async def proxy(_reader, writer):
        asked.append(1)
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, address)
    async with server, wired(says(OK), times=0) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert (summary.exit_code, asked) == (0, [])

"""More of what servers and networks do, row by row: the report beside what the server counted."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import re
import shutil
import socket
from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from bulk_import import import_file_async, read_rows
from bulk_import.delivery import attempts
from bulk_import.delivery.pace import Pace
from bulk_import.errors import SetupError, StorageError
from bulk_import.importing import resume_async
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.redact import Secret
from bulk_import.report.writing import replaced
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults, Throttle
from tests.conftest import report_of, statuses
from tests.test_wire import MAPPING, OK, Wire, answer, quick, reset, says, wired


@pytest.fixture
def source(write_csv):
    """Five contacts with an e-mail, three without."""
    rows = [[f"p{n}@example.org", f"P{n}"] for n in range(5)] + [["", f"bare{n}"] for n in range(3)]
    return write_csv([["E-mail", "Name"], *rows])


class Ear(Silence):
    """Hears what a person would be told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def say(self, message: str) -> None:
        self.told.append(message)

    def paused(self, seconds: float, why: str) -> None:
        self.told.append(f"paused {seconds:.1f} s: {why}")


# -- answers that cannot be trusted -------------------------------------------------------------------


async def half_a_head(wire, reader, writer, body):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()
    return False


async def no_last_chunk(wire, reader, writer, body):
    writer.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(OK), OK)
    )
    await writer.drain()
    return False


async def a_bad_chunk(wire, reader, writer, body):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + OK)
    await writer.drain()
    return False


async def a_large_head(wire, reader, writer, body):
    answer(writer, OK, f"X-Large: {'x' * 512 * 1024}")
    await writer.drain()
    return False


MORE_DOUBT = {
    "half a head": half_a_head, "no last chunk": no_last_chunk, "a bad chunk": a_bad_chunk, "a head of 512 KB": a_large_head,
    "brotli that is none": says(b"\x8b\x00garbage", "Content-Encoding: br"), "half a gzip": says(gzip.compress(OK)[:-12], "Content-Encoding: gzip"),
    **{f"status {n}": says(b"<h1>x</h1>", status=f"{n} X") for n in (408, 520, 526, 530)},
    "503 without Retry-After": says(b"maintenance", status="503 Service Unavailable"),
    **{f"200 with {text[:22]!r}": says(text) for text in (b"null", b"0", b'{"error_code":true}', b'{"error_code":NaN}', b'{"error_text":"OK"}', b"{}")},
}  # fmt: skip


@pytest.mark.parametrize("name", MORE_DOUBT)
async def test_what_is_no_answer_is_repeated_only_where_that_is_safe(tmp_path, source, name):
    async with wired(MORE_DOUBT[name], times=4) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert summary.balanced
    lines = report_of(Path(summary.run_dir))
    assert all(line["status"] == "success" for line in lines if line["contact"])
    bare = {f"bare{n}": line["status"] for n, line in enumerate(lines[5:])}
    assert set(bare.values()) <= {"success", "unknown"}
    assert all(wire.bodies[name] == 1 for name in bare)
    assert sum(wire.bodies.values()) == summary.requests


async def test_a_connection_reset_before_or_in_the_middle_of_a_request_is_no_proof(
    tmp_path, source
):
    """Accepted and then reset: nobody can tell whether the request was read."""
    left = 5
    async with wired(says(OK), times=0) as wire:
        serve = wire.serve

        async def resets_some(reader, writer):
            nonlocal left
            if left:
                left -= 1
                if left % 2:
                    await reader.read(10)
                reset(writer)
            else:
                await serve(reader, writer)

        server = await asyncio.start_server(resets_some, "127.0.0.1", 0)
        wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    lines = report_of(Path(summary.run_dir))
    assert [line["status"] for line in lines[:5]] == ["success"] * 5
    assert {line["status"] for line in lines[5:]} <= {"success", "unknown"}
    assert all(n == 1 for name, n in wire.bodies.items() if name.startswith("bare"))


async def test_connections_that_die_when_they_are_used_again_cost_rows_without_email_nothing(
    tmp_path, source
):
    """The server closes each connection without a word when a second request comes on it."""
    served: Counter[str] = Counter()

    async def once(reader, writer):
        wire = Wire(says(OK), 0)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            served[await wire._request(reader) or ""] += 1
            answer(writer, OK)
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        options = quick(Wire(says(OK), 0, url=url), tmp_path)
        summary = await import_file_async(source, MAPPING, options)
    assert summary.counts[Status.SUCCESS] == 8
    assert all(served[f"bare{n}"] == 1 for n in range(3))


async def test_a_late_answer_is_given_to_no_other_row(tmp_path, write_csv):
    path = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", f"P{n}"] for n in range(12)]])

    async def late(_wire, _reader, writer, body):
        await asyncio.sleep(0.6)  # the client gave up at 0.4
        text = json.dumps({"error_code": 3, "error_text": f"too late for {body}"})
        with contextlib.suppress(ConnectionError):
            answer(writer, text.encode())
            await writer.drain()
        return True

    async with wired(late, times=4) as wire:
        options = quick(wire, tmp_path, timeout_s=0.4, concurrency=2)
        summary = await import_file_async(path, MAPPING, options)
        await asyncio.sleep(0.7)
    assert summary.counts[Status.SUCCESS] == 12
    assert not any("late" in line["message"] for line in report_of(Path(summary.run_dir)))


# -- odd but valid ------------------------------------------------------------------------------------


def chunked(body: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"


ODD = {
    "code as text": says(b'{"error_code":"0","error_text":"OK"}'), "code 0.0": says(b'{"error_code":0.0}'),
    "byte order mark": says(b"\xef\xbb\xbf" + OK), "text/html": says(OK, "Content-Type: text/html; charset=windows-1251"),
    "gzip": says(gzip.compress(OK), "Content-Encoding: gzip"), "blanks around": says(b"\r\n \t" + OK + b"\n\n"),
    "members more": says(b'{"a":[{}],"error_code":0,"error_text":"OK","z":null}'), "no text": says(b'{"error_code":0,"error_text":null}'),
    "another text": says(b'{"error_code":0,"error_text":"activation email sent to subscriber"}'), "code 102": says(b'{"error_code":102,"error_text":"registered"}'),
    "a wrong hash": says(b'{"error_code":0,"error_text":"OK","hash":"00"}'), "status 201": says(OK, status="201 Created"),
    "302 with an envelope": says(OK, "Location: /x", status="302 Found"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
async def test_odd_but_valid_answers_are_successes_at_once(tmp_path, source, name):
    async with wired(ODD[name], times=100) as wire:
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path))
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 8)
    assert set(wire.bodies.values()) == {1}


@pytest.mark.parametrize("form", ["bytes", "chunks"])
async def test_an_answer_that_comes_byte_by_byte_is_read_to_its_end(tmp_path, source, form):
    async def slowly(_wire, _reader, writer, _body):
        head = (
            b"Transfer-Encoding: chunked" if form == "chunks" else b"Content-Length: %d" % len(OK)
        )
        whole = b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % head + (chunked(OK) if form == "chunks" else OK)
        for at in range(len(whole)):
            writer.write(whole[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)
        return True

    async with wired(slowly, times=100) as wire:
        options = quick(wire, tmp_path, timeout_s=10)
        summary = await import_file_async(source, MAPPING, options)
    assert (summary.exit_code, set(wire.bodies.values())) == (0, {1})


# -- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        *[Reply(code=code, text=f"no {code}", apply=False) for code in (3, 100, 101, 103, 104, 801, 400, 9999)],
        *[Reply(status=status, raw=b"no", apply=False) for status in (400, 413, 414, 415, 422)],
        *[Reply(status=status, raw=b"no", apply=False) for status in (401, 403, 404, 405, 410)],
    ],
    ids=lambda reply: f"{reply.status}-{reply.code}",
)  # fmt: skip
async def test_a_refused_row_is_failed_with_code_and_text_and_the_next_one_goes(
    sandbox, settings, contacts_csv, mapping, reply
):
    sandbox.script = lambda _number, form: (
        reply if form["lead_email"] in ("p3@example.org", "p7@example.org") else None
    )
    summary = await import_file_async(contacts_csv(9), mapping, settings(sandbox, concurrency=1))
    lines = report_of(Path(summary.run_dir))
    code = str(reply.code) if reply.code else f"HTTP_{reply.status}"
    for number, line in enumerate(lines, 1):
        expected = ("failed", code) if number in (3, 7) else ("success", "0")
        assert (line["status"], line["error_code"]) == expected
    assert "no" in lines[2]["message"]
    assert (summary.exit_code, len(sandbox.sent())) == (1, 9)


@pytest.mark.parametrize("code", [1, 4, 5, 6, 7])
async def test_a_fatal_code_midway_costs_at_most_those_in_flight(
    sandbox, settings, contacts_csv, mapping, code
):
    sandbox.use(Faults(fatal_after=11, fatal_code=code, latency_ms=5))
    summary = await import_file_async(contacts_csv(60), mapping, settings(sandbox, concurrency=4))
    fatal = [request for request in sandbox.sent() if request.answer == str(code)]
    assert 1 <= len(fatal) <= 4
    assert summary.exit_code == 3
    assert f"answered {code}" in summary.stopped
    assert summary.counts[Status.FAILED] == len(fatal)
    assert summary.counts[Status.NOT_SENT] == 60 - len(sandbox.sent())


async def test_code_2_is_fatal_as_the_first_answer_and_the_rows_own_fault_later(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    sandbox.script = lambda _number, _form: Reply(code=2, apply=False)
    first = await import_file_async(contacts_csv(20), mapping, settings(sandbox, concurrency=1))
    assert (first.exit_code, len(sandbox.sent())) == (3, 1)
    sandbox.script = lambda _number, form: (
        Reply(code=2, apply=False) if form["lead_email"] == "p9@example.org" else None
    )
    options = settings(sandbox, concurrency=1, run_dir=tmp_path / "later")
    later = await import_file_async(contacts_csv(20), mapping, options)
    assert (later.exit_code, later.counts[Status.FAILED], later.counts[Status.SUCCESS]) == (
        1,
        1,
        19,
    )


@pytest.mark.parametrize("code", [103, 104])
async def test_an_unknown_list_ends_the_run_when_it_is_the_mappings_own(
    sandbox, settings, contacts_csv, mapping, code
):
    text = mapping.read_text("utf-8") + "  add_to_lists: {always: [super]}\n"
    mapping.write_text(text, "utf-8")
    sandbox.script = lambda _number, _form: Reply(code=code, text="unknown group", apply=False)
    summary = await import_file_async(contacts_csv(20), mapping, settings(sandbox, concurrency=1))
    assert (summary.exit_code, len(sandbox.sent())) == (3, 1)
    assert "the mapping puts every contact on a list" in summary.stopped
    assert summary.counts[Status.NOT_SENT] == 19


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410])
async def test_three_turned_away_at_the_start_end_the_run(
    sandbox, settings, contacts_csv, mapping, status
):
    sandbox.script = lambda _number, _form: Reply(status=status, raw=b"no", apply=False)
    summary = await import_file_async(contacts_csv(50), mapping, settings(sandbox, concurrency=1))
    assert (summary.exit_code, len(sandbox.sent())) == (3, 3)
    assert "first 3 requests were turned away" in summary.stopped


async def test_ten_equal_unknown_codes_in_a_row_end_the_run_and_nine_do_not(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    sandbox.script = lambda number, _form: Reply(code=4711, apply=False) if number % 10 else None
    nine = await import_file_async(contacts_csv(40), mapping, settings(sandbox, concurrency=1))
    assert (nine.exit_code, nine.counts[Status.NOT_SENT]) == (1, 0)
    sandbox.script = lambda _number, _form: Reply(code=4711, apply=False)
    options = settings(sandbox, concurrency=1, run_dir=tmp_path / "ten")
    ten = await import_file_async(contacts_csv(40), mapping, options)
    assert (ten.exit_code, ten.counts[Status.FAILED], ten.counts[Status.NOT_SENT]) == (3, 10, 30)


async def test_a_refusal_behind_a_lost_answer_leaves_the_row_unknown_unless_a_later_one_succeeds(
    sandbox, settings, contacts_csv, mapping
):
    replies = {
        "p1@example.org": [Reply(lost=True), Reply(code=101, text="no", apply=False)],
        "p2@example.org": [Reply(lost=True, apply=False), Reply(status=500, raw=b"", apply=False), Reply()],
        "p3@example.org": [Reply(lost=True), Reply(status=422, raw=b"no", apply=False)],
    }  # fmt: skip
    sandbox.script = lambda _number, form: replies[form["lead_email"]].pop(0)
    summary = await import_file_async(contacts_csv(3), mapping, settings(sandbox))
    lines = report_of(Path(summary.run_dir))
    assert [line["status"] for line in lines] == ["unknown", "success", "unknown"]
    assert "refused at attempt 2 (no)" in lines[0]["message"]
    assert lines[1]["attempts"] == "3"


@pytest.mark.parametrize("limit", ["3", "10%"])
async def test_max_failures_as_a_number_and_as_a_share(
    sandbox, settings, contacts_csv, mapping, limit
):
    sandbox.script = lambda number, _form: Reply(code=3, apply=False) if number % 4 == 0 else None
    options = settings(sandbox, max_failures=limit, concurrency=1)
    summary = await import_file_async(contacts_csv(100), mapping, options)
    assert summary.exit_code == 3
    assert f"more than --max-failures {limit}" in summary.stopped
    assert summary.counts[Status.FAILED] <= 6
    assert summary.counts[Status.NOT_SENT] >= 70


# -- hash ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "is_wrong", "status", "note"),
    [
        ("off", True, "success", ""), ("warn", True, "success", "hash does not fit"), ("warn", False, "success", ""),
        ("require", False, "success", ""), ("require", True, "unknown", "hash does not fit"),
    ],
)  # fmt: skip
async def test_the_hash_of_answers_is_checked_as_asked(
    sandbox, settings, contacts_csv, mapping, check, is_wrong, status, note
):
    sandbox.use(Faults(wrong_hash=is_wrong))
    options = settings(sandbox, verify_hash=check, preflight=False, max_attempts=1)
    summary = await import_file_async(contacts_csv(4), mapping, options)
    lines = report_of(Path(summary.run_dir))
    assert {line["status"] for line in lines} == {status}
    assert all((note in line["message"]) if note else not line["message"] for line in lines)


# -- throttling ---------------------------------------------------------------------------------------


async def test_throttling_without_an_end_stops_the_run_and_fails_nobody(
    sandbox, settings, contacts_csv, mapping
):
    """Also where each refusal says when to come back: promises are not progress."""
    sandbox.script = lambda _number, _form: Reply(
        status=429, raw=b"", headers={"Retry-After": "0"}, apply=False
    )
    options = settings(sandbox, throttles=4, concurrency=2)
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
    replies = [Reply(), Reply(status=status, raw=b"", headers=headers, apply=False)]
    sandbox.script = lambda _number, _form: replies.pop(0) if replies else None
    ear = Ear()
    summary = await import_file_async(
        contacts_csv(4), mapping, settings(sandbox, concurrency=1), progress=ear
    )
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 4)
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
    sandbox.use(Faults(throttle=6, throttle_with=throttle_with, retry_after=retry_after))
    options = settings(sandbox, concurrency=8)
    summary = await import_file_async(contacts_csv(14), mapping, options)
    assert (summary.exit_code, summary.counts[Status.SUCCESS]) == (0, 14)
    sent = sandbox.sent()
    for refused in (request for request in sent if request.answer == throttle_with):
        inside = [r for r in sent if refused.ended + 0.3 < r.at < refused.ended + 0.95]
        assert inside == []


async def test_a_burst_of_code_8_is_waited_out(sandbox, settings, contacts_csv, bare_mapping):
    sandbox.use(Faults(quota_after=6, quota_burst=2))
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
            sandbox, concurrency=2, trust_503=trust, run_dir=tmp_path / f"trust {trust}"
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
    await import_file_async(contacts_csv(6), mapping, settings(sandbox, rate=50, concurrency=1))
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
        await asyncio.sleep(1.5)
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            while sum(wire.bodies.values()) < 3:
                await asyncio.sleep(0.005)
        await asyncio.sleep(1)
        return await asyncio.start_server(serve, "127.0.0.1", port)

    options = quick(wire, tmp_path, connect_deadline_s=30, max_attempts=2, concurrency=1)
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


# -- lanes, breaker, canary ---------------------------------------------------------------------------


async def test_a_row_that_waits_to_be_repeated_does_not_hold_a_worker(
    sandbox, settings, contacts_csv, mapping
):
    """One worker; the first row may come back in a second, and all others go meanwhile."""
    first = [Reply(status=500, raw=b"", headers={"Retry-After": "1"}, apply=False)]
    sandbox.script = lambda _number, _form: first.pop() if first else None
    await import_file_async(contacts_csv(12), mapping, settings(sandbox, concurrency=1))
    order = [request.email for request in sandbox.sent()]
    assert order == [f"p{n}@example.org" for n in range(1, 13)] + ["p1@example.org"]


async def test_a_later_row_of_a_contact_waits_for_the_one_that_is_repeated(
    sandbox, settings, write_csv, mapping
):
    rows = [["a@b.org", "one"], ["c@d.org", "x"], ["a@b.org", "two"], ["a@b.org", "three"]]
    path = write_csv([["E-mail", "Name", "Phone", "Tags"], *[[*row, "", ""] for row in rows]])
    first = [Reply(status=502, raw=b"", headers={"Retry-After": "1"})]
    sandbox.script = lambda _number, _form: first.pop() if first else None
    summary = await import_file_async(path, mapping, settings(sandbox, concurrency=4))
    names = [r.form["lead_first_name"] for r in sandbox.sent() if r.email == "a@b.org"]
    assert names == ["one", "one", "two", "three"]
    assert summary.counts[Status.SUCCESS] == 4


async def test_a_refused_row_lets_the_later_ones_of_its_contact_go(
    sandbox, settings, write_csv, mapping
):
    rows = [["a@b.org", "one"], ["a@b.org", "two"]]
    path = write_csv([["E-mail", "Name", "Phone", "Tags"], *[[*row, "", ""] for row in rows]])
    first = [Reply(code=101, text="no", apply=False)]
    sandbox.script = lambda _number, _form: first.pop() if first else None
    summary = await import_file_async(path, mapping, settings(sandbox))
    assert statuses(Path(summary.run_dir)) == ["failed", "success"]


async def test_when_every_answer_is_a_web_page_the_breaker_stops_the_run(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(html_200=1))
    options = settings(sandbox, concurrency=8, preflight=False)
    summary = await import_file_async(contacts_csv(500), mapping, options)
    assert summary.exit_code == 3
    assert 25 <= len(sandbox.sent()) <= 400
    assert summary.counts[Status.SUCCESS] == summary.counts[Status.FAILED] == 0
    assert summary.counts[Status.NOT_SENT] + summary.counts[Status.UNKNOWN] == 500


async def test_the_canary_covers_tags_countries_blanks_and_the_longest_value(
    sandbox, settings, write_csv, tmp_path
):
    (tmp_path / "m.yml").write_text(
        "version: 1\nfields:\n  lead_email: E\n  lead_first_name: N\n  add_tags: {column: T, separator: ';'}\n"
        "  lead_shipping_country_code: C\n",
        "utf-8",
    )
    rows = [[f"p{n}@example.org", "N", "vip", "US"] for n in range(60)]
    rows[20][2], rows[30][3], rows[40][1], rows[50][1] = "rare", "FR", "", "N" * 200
    path = write_csv([["E", "N", "T", "C"], *rows])
    sandbox.script = lambda _number, _form: Reply(code=3, apply=False)
    options = settings(sandbox, canary=5, concurrency=1)
    summary = await import_file_async(path, tmp_path / "m.yml", options)
    assert summary.exit_code == 3
    assert {request.email for request in sandbox.sent()} == {
        f"p{n}@example.org" for n in (0, 20, 30, 40, 50)
    }


# -- nothing secret, nothing live, in what is written ------------------------------------------------


KEY = "S3cret#key=1%+;/&<é>\"'end"


async def test_a_key_is_written_nowhere_however_it_is_echoed(tmp_path, write_csv):
    import base64
    import html
    from urllib.parse import quote, quote_plus

    forms = [
        KEY, quote(KEY, safe=""), quote_plus(KEY), re.sub("%..", lambda m: m[0].lower(), quote(KEY, safe="")), html.escape(KEY), json.dumps(KEY)[1:-1],
        base64.b64encode(KEY.encode()).decode(), base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    ]  # fmt: skip
    behaviours = [
        *[says(json.dumps({"error_code": 3, "error_text": f"bad {form}"}).encode()) for form in forms],
        *[says(f"<p>{form}</p>".encode(), status="400 Bad Request") for form in forms],
        *[says(b"x" * (199 - cut) + KEY.encode(), status="400 Bad Request") for cut in (3, 10, 18)],
        says(b" " * 790 + KEY.encode(), status="400 Bad Request"),
        *[says(json.dumps({"error_code": 0, "error_text": f"mail sent, {form}"}).encode()) for form in forms],
        says(b"", f"Location: https://other.example/?k={quote(KEY)}", status="307 Temporary Redirect"),
    ]  # fmt: skip
    last = iter(behaviours)

    async def echo(wire, reader, writer, body):
        return await next(last)(wire, reader, writer, body)

    count = len(behaviours)
    path = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", "x"] for n in range(count)]])
    ear = Ear()
    async with wired(echo, times=count) as wire:
        options = quick(wire, tmp_path, concurrency=1, equal_refusals=1000)
        options = replace(options, api_key=Secret(KEY))
        summary = await import_file_async(path, MAPPING, options, progress=ear)
    assert sum(wire.bodies.values()) == count
    assert summary.exit_code == 3
    written = {file.name: file.read_bytes() for file in Path(summary.run_dir).iterdir()}
    written["told"] = "\n".join([*ear.told, summary.stopped]).encode()
    for name, content in written.items():
        for form in [
            *forms,
            KEY[:6],
            quote(KEY, safe="")[:10],
            base64.b64encode(KEY.encode()).decode()[:10],
        ]:
            assert form.encode() not in content, (name, form)
    assert written["report.csv"].count(b"***") >= 3 * len(forms)


HOSTILE = "=cmd|' /C calc'!A0 \x1b[31mred\x07 <script>alert(1)</script> \u202eevil"


async def test_a_hostile_text_of_the_server_is_harmless_wherever_it_is_shown(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.script = lambda _number, _form: Reply(code=3, text=HOSTILE, apply=False)
    options = settings(sandbox, report_safe=True, concurrency=1)
    summary = await import_file_async(contacts_csv(3), mapping, options)
    folder = Path(summary.run_dir)
    for line in report_of(folder):
        assert line["message"].startswith("'="), "a formula would run"
    assert "<script>alert" not in (folder / "report.html").read_text("utf-8")
    for name in ("report.csv", "report.html", "summary.json", "rejects.csv"):
        assert b"\x1b" not in (folder / name).read_bytes(), name
    rejects = (folder / "rejects.csv").read_text("utf-8-sig")
    assert "\"'=cmd" in rejects or ",'=cmd" in rejects


async def test_everything_in_the_run_folder_is_its_owners_alone(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(refuse=0.5))
    summary = await import_file_async(contacts_csv(10), mapping, settings(sandbox))
    modes = {file.name: file.stat().st_mode & 0o777 for file in Path(summary.run_dir).iterdir()}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


# -- folders and journals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["report.csv", "report.html", "summary.json", "rejects.csv", "rejects.xlsx"]
)
async def test_a_report_that_cannot_be_written_is_told_before_the_first_request(
    sandbox, settings, contacts_csv, mapping, tmp_path, name
):
    run_dir = tmp_path / "run"
    (run_dir / name).mkdir(parents=True)
    with pytest.raises(StorageError, match=name):
        await import_file_async(contacts_csv(3), mapping, settings(sandbox))
    assert sandbox.store.count("request") == 0

    (run_dir / name).rmdir()
    started = await import_file_async(contacts_csv(3), mapping, settings(sandbox, limit=1))
    (run_dir / name).unlink(missing_ok=True)
    (run_dir / name).mkdir()
    with pytest.raises(StorageError, match=name):
        await resume_async(run_dir, settings(sandbox))
    assert (len(sandbox.sent()), started.counts[Status.SUCCESS]) == (1, 1)
    (run_dir / name).rmdir()
    done = await resume_async(run_dir, settings(sandbox))
    assert (done.exit_code, len(sandbox.sent())) == (0, 3)


@pytest.mark.parametrize("left", [0, 100, 5000, -4096])
async def test_a_journal_that_was_cut_is_refused_with_advice_and_nothing_is_sent(
    sandbox, settings, contacts_csv, mapping, tmp_path, left
):
    await import_file_async(contacts_csv(50), mapping, settings(sandbox, limit=10))
    journal = tmp_path / "run" / "journal.sqlite3"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:left])
    with pytest.raises(StorageError, match=r"damaged.*restore it from a copy"):
        await import_file_async(contacts_csv(50), mapping, settings(sandbox))
    with pytest.raises(StorageError, match=r"damaged.*restore it from a copy"):
        await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 10
    journal.write_bytes(whole)
    done = await resume_async(tmp_path / "run", settings(sandbox))
    assert (done.exit_code, len(sandbox.sent())) == (0, 50)


async def test_a_journal_that_another_program_holds_is_told_and_can_be_resumed(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    import sqlite3

    from bulk_import.journal import database

    await import_file_async(contacts_csv(5), mapping, settings(sandbox, limit=1))
    connect = sqlite3.connect
    monkeypatch.setattr(
        database.sqlite3, "connect", lambda *args, **kw: connect(*args, **kw | {"timeout": 0.1})
    )
    with contextlib.closing(connect(tmp_path / "run" / "journal.sqlite3")) as other:
        other.execute("begin immediate")
        with pytest.raises(StorageError, match="another program"):
            await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 1
    done = await resume_async(tmp_path / "run", settings(sandbox))
    assert (done.exit_code, len(sandbox.sent())) == (0, 5)


async def test_a_changed_source_is_refused_with_the_number_of_its_rows(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    source = contacts_csv(10)
    await import_file_async(source, mapping, settings(sandbox, limit=3))
    text = source.read_text("utf-8")
    source.write_text(text + "x@y.org,New,,\nz@y.org,New,,\n", "utf-8")
    with pytest.raises(SetupError, match="10 rows then, 12 now"):
        await import_file_async(source, mapping, settings(sandbox))
    source.write_text(text.replace("Person 7", "Person 8"), "utf-8")
    with pytest.raises(SetupError, match="10 rows then and now"):
        await resume_async(tmp_path / "run", settings(sandbox))
    source.write_bytes(b"")
    with pytest.raises(SetupError, match="contents differ"):
        await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 3


def test_reports_are_the_old_ones_until_the_new_ones_are_whole(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("old")

    def write() -> None:
        with replaced(path) as file:
            file.write(b"half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("report.csv", "old")]


# -- clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(days=1)])
@pytest.mark.parametrize("option", ["window", "daily_limit", "neither"])
async def test_a_jump_of_the_clock_in_the_middle_of_a_run_neither_hangs_nor_doubles_it(
    sandbox, settings, contacts_csv, mapping, monkeypatch, jump, option
):
    real, moved = attempts.datetime, timedelta()

    class Wall(real):
        @classmethod
        def now(cls, tz=None):
            return real(2026, 3, 10, 12, 0, tzinfo=UTC).astimezone(tz) + moved

    def script(_number, _form):
        nonlocal moved
        if len(sandbox.sent()) == 8:
            moved = jump
        return

    monkeypatch.setattr(attempts, "datetime", Wall)
    sandbox.script = script
    noon = Wall.now().astimezone()
    hours = f"{noon - timedelta(hours=1):%H:%M}-{noon + timedelta(hours=1):%H:%M}"
    options = {"window": {"window": hours}, "daily_limit": {"daily_limit": 20}, "neither": {}}[
        option
    ]
    began = asyncio.get_running_loop().time()
    summary = await import_file_async(
        contacts_csv(60), mapping,
        settings(sandbox, concurrency=1, rate=100, ends_when_closed=True, **options),
    )  # fmt: skip
    sent = sandbox.sent()
    assert asyncio.get_running_loop().time() - began < 20
    assert summary.balanced
    assert max(Counter(request.email for request in sent).values()) == 1
    # The pace is counted by a clock that nobody sets: no burst behind the jump.
    assert sent[-1].at - sent[0].at >= (len(sent) - 1) / 100 - 0.1
    if option == "neither" or (option == "window" and jump.days == 1):
        assert (summary.exit_code, len(sent)) == (0, 60)
    elif option == "window":
        assert summary.exit_code == 3
        assert "outside of --window" in summary.stopped
        assert 8 <= len(sent) <= 10
    else:  # a new day has a new allowance; the day before has none left over
        assert summary.exit_code == 3
        assert len(sent) == (20 if jump.days != 1 else sent_before_the_jump(sent) + 20)


def sent_before_the_jump(sent: list) -> int:
    """The jump happens while the ninth request is being answered."""
    return 9 if len(sent) > 8 else len(sent)


# -- pace ---------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only in sleeps."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("before", [0, 5, 40, 300])
async def test_one_throttle_alone_does_not_slow_a_run_for_minutes(before):
    """80 requests a second are taken before it and behind it; too early, it tells of no limit."""
    clock = Clock()
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    for sent in range(1500):
        if sent == before:
            pace.fall()
            pace.pause(1)
        await pace.slot()
        clock.now += 1 / 80
        pace.accepted()
    assert clock.now - 100 < 3 * 1500 / 80


@pytest.mark.parametrize("asked", [0, 30, 500])
async def test_a_limit_of_20_a_second_is_used_and_hardly_overstepped_in_an_hour(asked):
    clock = Clock()
    pace = Pace(asked, clock=clock, sleep=clock.sleep)
    bucket = Throttle(20)
    taken, refused = 0, 0
    while clock.now < 3700:
        await pace.slot()
        clock.now += 1 / 600  # as many as can be in flight
        if bucket.lets_through(clock.now):
            taken += 1
            pace.accepted()
        else:
            refused += 1
            pace.fall()
            pace.pause(1)
    assert taken >= 0.9 * 20 * 3600
    assert refused <= 0.03 * taken


async def test_standard_input_of_another_content_is_refused_like_a_changed_file(
    sandbox, settings, contacts_csv, mapping, tmp_path, monkeypatch
):
    def feed(text: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))

    content = contacts_csv(10).read_bytes()
    feed(content)
    first = await import_file_async("-", mapping, settings(sandbox, limit=3))
    assert first.counts[Status.NOT_SENT] == 7
    for other in (content.replace(b"Person 7", b"Person 8"), b""):
        feed(other)
        with pytest.raises(SetupError, match="not the file that it was"):
            await import_file_async("-", mapping, settings(sandbox))
    assert len(sandbox.sent()) == 3
    feed(content)
    second = await import_file_async("-", mapping, settings(sandbox, limit=3))
    assert second.counts[Status.SUCCESS] == 6
    third = await resume_async(tmp_path / "run", settings(sandbox))  # needs no input
    assert (third.exit_code, len(sandbox.sent())) == (0, 10)


def test_more_rows_than_anybody_has_are_refused(write_csv, monkeypatch):
    monkeypatch.setattr("bulk_import.sources.table.MOST_ROWS", 5)
    assert sum(1 for _ in read_rows(write_csv([["A"], *[[str(n)] for n in range(5)]]))) == 5
    with pytest.raises(SetupError, match="more than 5 rows"):
        list(read_rows(write_csv([["A"], *[[str(n)] for n in range(6)]])))


# -- loss of power ------------------------------------------------------------------------------------


def test_every_commit_of_a_journal_is_synced(tmp_path):
    """NORMAL would forget the last commits when the power fails, and a forgotten intent is a second contact."""
    with Journal.create(tmp_path / "journal.sqlite3") as made, made.another() as other:
        for journal in (made, other):
            assert journal._db.execute("pragma synchronous").fetchone() == (2,)
            assert journal._db.execute("pragma journal_mode").fetchone() == ("wal",)


async def test_the_disk_as_it_is_at_any_request_is_enough_to_go_on_from(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    """What the files hold at the moment of a request is what a crash would leave."""
    run_dir = tmp_path / "run"
    images: dict[int, Path] = {}

    def script(_number, _form):
        sent = len(sandbox.sent())
        if sent % 9 == 4:
            images[sent] = tmp_path / f"image {sent}"
            images[sent].mkdir()
            for name in ("journal.sqlite3", "journal.sqlite3-wal"):
                shutil.copy(run_dir / name, images[sent] / name)
        return Reply(lost=True) if sent % 7 == 3 else None

    sandbox.script = script
    source = contacts_csv(60, bare=True)
    first = await import_file_async(source, bare_mapping, settings(sandbox, concurrency=4))
    history = sandbox.sent()
    assert first.balanced
    assert len(images) >= 6
    sandbox.script = None
    for at, folder in images.items():
        before = len(sandbox.sent())
        resumed = await resume_async(folder, settings(sandbox, concurrency=4))
        # The request during which the image was made is on its way, as those before it are.
        sent = Counter(
            request.form["lead_first_name"]
            for request in [*history[: at + 1], *sandbox.sent()[before:]]
            if "lead_email" not in request.form
        )
        assert set(sent.values()) == {1}, "a row without e-mail was sent twice"
        assert resumed.balanced
        assert resumed.counts[Status.SUCCESS] + resumed.counts[Status.UNKNOWN] == 60
        assert len(sent) >= 30 - 4, "an intent without its request is in doubt as well"


async def test_a_folder_whose_journal_is_gone_is_not_begun_anew(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    await import_file_async(contacts_csv(4), mapping, settings(sandbox))
    report = (tmp_path / "run" / "report.csv").read_bytes()
    (tmp_path / "run" / "journal.sqlite3").unlink()
    with pytest.raises(SetupError, match="not its journal"):
        await import_file_async(contacts_csv(4), mapping, settings(sandbox))
    with pytest.raises(SetupError, match="not a run folder"):
        await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 4
    assert (tmp_path / "run" / "report.csv").read_bytes() == report

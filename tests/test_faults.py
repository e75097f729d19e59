"""Answers that cannot be trusted, odd ones and refusals, row by row: the report beside the server's count."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from bulk_import import import_file_async
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults
from tests.conftest import SHORT_WAITS, report_of
from tests.wires import MAPPING, OK, Wire, answer, quick, reset, says, wired

pytestmark = pytest.mark.usefixtures("way")


@pytest.fixture
def source(write_csv):
    """Five contacts with an e-mail, three without."""
    rows = [[f"p{n}@example.org", f"P{n}"] for n in range(5)] + [["", f"bare{n}"] for n in range(3)]
    return write_csv([["E-mail", "Name"], *rows])


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
        summary = await import_file_async(source, MAPPING, quick(wire, tmp_path, **SHORT_WAITS))
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
            summary = await import_file_async(source, MAPPING, quick(wire, tmp_path, **SHORT_WAITS))
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
            served[await wire.read_request(reader)] += 1
            answer(writer, OK)
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        options = quick(Wire(says(OK), 0, url=url), tmp_path, **SHORT_WAITS)
        summary = await import_file_async(source, MAPPING, options)
    assert summary.counts[Status.SUCCESS] == 8
    assert all(served[f"bare{n}"] == 1 for n in range(3))


async def test_a_late_answer_is_given_to_no_other_row(tmp_path, write_csv):
    path = write_csv([["E-mail", "Name"], *[[f"p{n}@example.org", f"P{n}"] for n in range(12)]])

    async def late(_wire, _reader, writer, body):
        await asyncio.sleep(0.4)  # the client gave up at 0.2
        text = json.dumps({"error_code": 3, "error_text": f"too late for {body}"})
        with contextlib.suppress(ConnectionError):
            answer(writer, text.encode())
            await writer.drain()
        return True

    async with wired(late, times=4) as wire:
        options = quick(wire, tmp_path, **SHORT_WAITS, timeout_s=0.2, concurrency=2)
        summary = await import_file_async(path, MAPPING, options)
        await asyncio.sleep(0.4)
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
    assert summary.stopped.startswith(f"the server answered {code} (unknown group). The ")
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
    summary = await import_file_async(contacts_csv(3), mapping, settings(sandbox, **SHORT_WAITS))
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

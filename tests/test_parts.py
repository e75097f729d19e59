"""Journal, pace, lanes, breaker, retries, answers, client, report, settings: one promise a test."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import aiohttp
import pytest
from aioresponses import aioresponses
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bulk_import.api.answers import Verdict, parse_retry_after, understand
from bulk_import.api.client import AnswerLostError, Client, NotSentError
from bulk_import.api.deadlines import Deadlines
from bulk_import.api.form import decode, encode
from bulk_import.canary import choose_canary
from bulk_import.delivery.breaker import Breaker
from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.delivery.lanes import Lanes
from bulk_import.delivery.pace import Pace
from bulk_import.delivery.retry import AttemptFailedError, Failure, policy
from bulk_import.entries import AttemptResult, Intent, Pending, Prepared, Settled, Unsettled
from bulk_import.entries import Verdict as RowVerdict
from bulk_import.errors import SettingsError, SetupError, StorageError
from bulk_import.journal import Journal
from bulk_import.models import Outcome, Problem, Row, SourceInfo, Status
from bulk_import.redact import Secret
from bulk_import.report.outcomes import write_report
from bulk_import.report.rejects import write_rejects
from bulk_import.report.safety import safe_cell
from bulk_import.settings import Settings

# -- journal ----------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Three rows: one with e-mail, one bare, one refused."""
    with Journal.create(tmp_path / "journal.sqlite3") as opened:
        opened.add_source(1, SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B")))
        rows = [
            Row(
                "c.csv", "", n, {"A": str(n), "B": "x"}, (Problem("X", "y", "A"),) if n == 4 else ()
            )
            for n in (2, 3, 4)
        ]
        opened.add(
            1,
            [
                Prepared(1, rows[0], "a@b.org", "a@b.org", ("careful",), b"lead_email=a%40b.org"),
                Prepared(1, rows[1], "", "+1", (), b"lead_phone=%2B1"),
                Prepared(1, rows[2], "", "", (), None, RowVerdict(Status.INVALID, "X", "bad")),
            ],
        )
        yield opened


def intent(seq: int, number: int = 1) -> Intent:
    return Intent(seq, number, "2026-01-01T00:00:00Z", "abc")


def settled(seq: int, status: Status = Status.SUCCESS, *, again: bool = False) -> Settled:
    return Settled(seq, status, "0", "", 1, 200, "2026-01-01T00:00:00Z", 5, again)


def test_the_journal_is_private(journal):
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_every_row_has_one_status_at_every_moment(journal):
    def now() -> dict[str, int]:
        return {status.value: n for status, n in journal.counts().items() if n}

    assert now() == {"invalid": 1, "not_sent": 2}
    journal.commit([intent(1), intent(2)])
    assert now() == {"invalid": 1, "unknown": 2}
    journal.commit([settled(1)])
    assert now() == {"invalid": 1, "unknown": 1, "success": 1}
    assert [o.status for o in journal.outcomes()] == ["success", "unknown", "invalid"]
    assert journal.count_requests() == 2


def test_rows_read_back_as_they_were(journal):
    (_, row, outcome), *_rest, (_, last, refused) = journal.results()
    assert (row.cells, row.number, outcome.warnings) == ({"A": "2", "B": "x"}, 2, ("careful",))
    assert last.problems == (Problem("X", "y", "A"),)
    assert (refused.status, refused.error_code, refused.message) == (Status.INVALID, "X", "bad")


def test_after_a_crash_rows_with_email_are_sent_again_and_bare_ones_are_unknown(journal):
    journal.commit([intent(1), intent(2)])
    journal.reopen()
    (row,) = journal.pending()
    assert (row.seq, row.attempts, row.next_number, row.in_doubt) == (1, 1, 2, True)
    assert [o.error_code for o in journal.outcomes()][1] == "INTERRUPTED"
    journal.reopen(resend_unknown=True)
    assert [row.seq for row in journal.pending()] == [1, 2]


def test_a_withdrawn_attempt_counts_for_nothing(journal):
    journal.commit([intent(2), Unsettled(2, 1, AttemptResult.WITHDRAWN, "no connection", None, 0)])
    journal.reopen()
    assert [(row.seq, row.attempts, row.in_doubt) for row in journal.pending()] == [
        (1, 0, False),
        (2, 0, False),
    ]
    assert journal.count_requests() == 0


def test_what_was_confirmed_is_never_pending_again(journal):
    journal.commit([intent(1), settled(1), intent(2), settled(2, Status.FAILED)])
    journal.reopen()
    assert list(journal.pending()) == []
    journal.reopen(retry_failed=True)
    assert [row.seq for row in journal.pending()] == [2]


def test_a_journal_that_is_there_is_a_whole_one(tmp_path):
    """Killed while it is made, it is not there at all: the same command begins anew."""
    (tmp_path / ".journal.sqlite3.part").write_bytes(b"half of it")
    with Journal.create(tmp_path / "journal.sqlite3", {"endpoint": "https://x"}) as made:
        assert made.facts() == {"format": "1", "endpoint": "https://x"}
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite3"]


def test_a_batch_is_written_whole_or_not_at_all(journal):
    with pytest.raises(StorageError):
        journal.commit([intent(1), settled(1), settled(1)])
    assert journal.counts()[Status.SUCCESS] == 0


def test_a_damaged_or_foreign_journal_is_refused_with_advice(journal, tmp_path):
    path = journal.path
    journal.remember(x="y" * 20_000)
    journal.close()
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        Journal.open(path)
    with pytest.raises(SetupError, match="not a run folder"):
        Journal.open(tmp_path / "nothing" / "journal.sqlite3")


async def test_group_commits_keep_the_order_and_are_durable(journal):
    with journal.another() as reader:
        commits = GroupCommit(journal, Reserve(journal.path.with_suffix(".reserve")))
        await asyncio.gather(commits.intents([intent(1)]), commits.intents([intent(2)]))
        assert reader.count_requests() == 2
        commits.add(settled(1))
        await commits.flush()
        assert reader.counts()[Status.SUCCESS] == 1
        commits.close()


async def test_when_the_disk_is_full_no_intent_is_accepted_and_settlements_use_the_reserve(
    journal, tmp_path
):
    reserve = Reserve(tmp_path / "reserve")
    reserve.take()
    commits = GroupCommit(journal, reserve)
    heard: list[StorageError] = []
    commits.on_failure = heard.append
    await commits.intents([intent(1)])
    written = journal.commit

    def full(entries: list) -> None:
        if (tmp_path / "reserve").exists():
            raise StorageError("database or disk is full")
        written(entries)

    journal.commit = full  # type: ignore[method-assign]
    commits.add(settled(1))
    with pytest.raises(StorageError):
        await commits.intents([intent(2)])
    await commits.flush()
    commits.close()
    assert len(heard) == 1
    assert journal.counts()[Status.SUCCESS] == 1
    assert journal.count_requests() == 1


# -- pace -------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(rate=st.floats(0.5, 500), count=st.integers(2, 60))
def test_slots_are_evenly_spaced(rate, count):
    async def slots() -> list[float]:
        clock = Clock()
        pace = Pace(rate, clock=clock, sleep=clock.sleep)
        return [await pace.slot() for _ in range(count)]

    times = asyncio.run(slots())
    assert times[-1] - times[0] >= (count - 1) / rate - 1e-6
    assert times[-1] - times[0] <= (count - 1) / rate + 1e-6


async def test_a_pause_holds_for_everybody_also_for_those_who_wait():
    clock = Clock()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    await pace.slot()
    pace.pause(5)
    pace.pause(1)
    times = [await pace.slot() for _ in range(3)]
    assert times[0] >= 105
    assert times[2] - times[0] == pytest.approx(0.2)


async def test_the_rate_falls_at_once_and_climbs_slowly_and_never_above_what_was_asked():
    clock = Clock()
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    for _ in range(100):
        await pace.slot()
        pace.accepted()
    pace.fall()
    low = pace.rate
    assert low <= 70
    for _ in range(20_000):
        await pace.slot()
        pace.accepted()
    assert low < pace.rate <= 100


# -- lanes, breaker, canary, retries ----------------------------------------------------------------


def pending(seq: int, contact: str = "") -> Pending:
    return Pending(seq, contact, contact, f"row {seq}", f"lead_email={contact}".encode())


def test_lanes_hand_out_one_row_of_a_contact_at_a_time():
    rows = [pending(1, "a"), pending(2, "a"), pending(3, "b"), pending(4), pending(5)]
    lanes = Lanes(iter(rows))
    assert [lanes.take().seq for _ in range(4)] == [1, 3, 4, 5]
    assert lanes.take() is None
    lanes.release(rows[0])
    assert lanes.take().seq == 2
    for at in (1, 2, 3, 4):
        lanes.release(rows[at])
    assert lanes.is_done


def test_a_row_in_doubt_holds_its_lane():
    rows = [pending(1, "a"), pending(2, "a"), pending(3, "b")]
    lanes = Lanes(iter(rows))
    lanes.release(lanes.take(), in_doubt=True)
    assert [lanes.held_by(row) for row in rows[1:]] == ["row 1", ""]


def test_the_breaker_wants_many_failures_and_some_time():
    breaker = Breaker(Settings(breaker_failures=3, breaker_s=10))
    assert not any(breaker.no_answer(n / 10, "x") for n in range(20))
    assert "failed in a row" in breaker.no_answer(30, "x")
    breaker.answered()
    assert not breaker.no_answer(31, "x")


def test_max_failures_as_a_share_waits_for_evidence():
    breaker = Breaker(Settings(max_failures="10%"))
    assert not any(breaker.settled(well=False) for _ in range(19))
    assert breaker.settled(well=False)


def test_the_canary_shows_as_many_shapes_as_it_can():
    rows = [Pending(n, "", "", "", encode([("add_tags", tag), ("lead_utc", utc)])) for n, (tag, utc) in enumerate(
        [("x", "+01"), ("x", "+01"), ("x", "+01"), ("y", "+01"), ("x", "+02")])]  # fmt: skip
    assert choose_canary(rows, 3) == {0, 3, 4}


async def test_a_policy_waits_longer_each_time_and_gives_up_after_the_last_attempt():
    waits: list[float] = []
    left = 4

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def fail() -> None:
        nonlocal left
        left -= 1
        raise AttemptFailedError(
            "x",
            failure=Failure.DOUBTFUL,
            code="X",
            is_repeatable=True,
            retry_after_s=7 if left == 2 else 0,
        )

    with pytest.raises(AttemptFailedError):
        await policy(attempts_left=lambda: left, sleep=sleep)(fail)
    assert len(waits) == 3
    assert waits[0] <= 1
    assert waits[1] >= 7
    assert waits[2] <= 4


async def test_what_must_not_be_repeated_is_not():
    async def fail() -> None:
        raise AttemptFailedError("x", failure=Failure.DOUBTFUL, code="X", is_repeatable=False)

    with pytest.raises(AttemptFailedError):
        await policy(attempts_left=lambda: 5, sleep=asyncio.sleep)(fail)


# -- answers and client -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "verdict", "code"),
    [
        (200, b'{"error_code":0,"error_text":"OK","result":[]}', "success", "0"),
        (200, b'{"error_code":"0","error_text":"ok"}', "success", "0"),
        (200, b'\xef\xbb\xbf {"error_code":0.0}', "success", "0"),
        (302, b'{"error_code":0}', "success", "0"),
        (200, b'{"error_code":102,"error_text":"registered"}', "success", "102"),
        *[(200, b'{"error_code":%d}' % code, "fatal", str(code)) for code in (1, 4, 5, 6, 7)],
        *[(200, b'{"error_code":%d}' % code, "refused", str(code)) for code in (2, 3, 100, 101, 103, 104, 400, 500, 801, 9999)],
        (200, b'{"error_code":8}', "throttled", "8"), (429, b"", "throttled", ""), (503, b"", "unreadable", "HTTP_503"),
        *[(status, b"<h1>x</h1>", "unreadable", f"HTTP_{status}") for status in (408, 500, 502, 504, 520, 530)],
        *[(status, b"", "refused", f"HTTP_{status}") for status in (400, 413, 422)],
        *[(status, b"", "forbidden", f"HTTP_{status}") for status in (401, 403, 404, 405, 410)],
        *[(200, body, "unreadable", "ANSWER_UNREADABLE") for body in (
            b"", b"null", b"[]", b"[0]", b"0", b'{"error_code":null}', b'{"error_code":true}', b'{"error_code":0.5}',
            b'{"error_code":NaN}', b'{"error_code":"x"}', b'{"error_text":"OK"}', b"<html>OK</html>", b'{"error_code":0', b"{" * 5000, b"\xff\xfe")],
        (301, b"", "fatal", "REDIRECTED"), (303, b"x", "fatal", "REDIRECTED"), (307, b"", "moved", ""),
    ],
)  # fmt: skip
def test_answers(status, body, verdict, code):
    answer = understand(status, {}, body)
    assert (answer.verdict, answer.code) == (verdict, code)


def test_a_success_that_is_more_than_ok_is_noted():
    answer = understand(
        200, {}, b'{"error_code":0,"error_text":"activation email sent to subscriber"}'
    )
    assert answer.note == "activation email sent to subscriber"


def test_retry_after_is_read_in_both_forms_and_junk_is_ignored():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_retry_after("7", now) == 7
    assert parse_retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    for junk in (
        "",
        "soon",
        "-5",
        "1e9",
        "٧",
        format_datetime(now - timedelta(days=1), usegmt=True),
    ):
        assert parse_retry_after(junk, now) is None


def test_an_unreadable_answer_is_quoted_on_one_clean_line():
    text = understand(200, {}, b"<html>\x1b[31m\n" + b"x" * 1000).text
    assert len(text) < 250
    assert text.isprintable()


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_forms_read_back_and_plus_is_percent_2b(fields):
    body = encode(fields)
    assert decode(body) == fields
    assert body.count(b"%2B") >= sum(value.count("+") for _, value in fields)


URL = "https://shop.example.com/api/addupdatelead"
SHOP = Settings(endpoint="https://shop.example.com", api_key=Secret("k#=%+;y"), timeout_s=2)


async def test_the_key_goes_into_the_body_and_nowhere_else():
    with aioresponses() as server:
        server.post(URL, payload={"error_code": 0, "error_text": "OK"})
        async with Client.connect(SHOP) as client:
            answer = await client.send(b"lead_email=a%40b.org", repeatable=True)
        ((_, url), (call,)) = next(iter(server.requests.items()))
    assert answer.verdict is Verdict.SUCCESS
    assert str(url) == URL
    assert call.kwargs["data"] == b"lead_email=a%40b.org&rpsKey=k%23%3D%25%2B%3By"
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


# -- report, settings -------------------------------------------------------------------------------


def test_the_report_byte_for_byte(tmp_path):
    outcomes = [
        Outcome(
            "c.csv",
            "",
            2,
            "a@b.org",
            Status.SUCCESS,
            "0",
            "",
            (),
            1,
            200,
            "2026-01-01T00:00:00.000Z",
            12,
        ),
        Outcome("c.csv", "S", 3, "", Status.INVALID, "X", '=1+1, "q"', ("w1", "w2")),
    ]
    write_report(tmp_path / "report.csv", outcomes)
    head = "source,sheet,row,contact,status,error_code,message,warnings,attempts,http_status,finished_at,elapsed_ms"
    assert (tmp_path / "report.csv").read_bytes().decode() == (
        f"{head}\r\nc.csv,,2,a@b.org,success,0,,,1,200,2026-01-01T00:00:00.000Z,12\r\n"
        'c.csv,S,3,,invalid,X,"=1+1, ""q""",w1; w2,0,,,\r\n'
    )
    assert stat.S_IMODE((tmp_path / "report.csv").stat().st_mode) == 0o600
    write_report(tmp_path / "report.csv", outcomes, safe=True)
    assert "'=1+1" in (tmp_path / "report.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+14155550123", "+14155550123"),
        ("+03", "+03"),
        ("-5", "-5"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("a=b", "a=b"),
        ("", ""),
        ("+cmd|'/c'", "'+cmd|'/c'"),
        ("\tx", "'\tx"),
    ],
)
def test_formulas_are_neutralized_and_phones_are_not(cell, safe):
    assert safe_cell(cell) == safe


def test_rejects_come_back_in_the_format_of_the_source(tmp_path):
    outcome = Outcome("c", "", 2, "", Status.INVALID, "X", "why")
    csv_info = SourceInfo(
        "c",
        "csv",
        encoding="cp1251",
        header=("Имя", "Б"),
        labels=("Имя", "Б"),
        dialect={"delimiter": ";", "lineterminator": "\r\n"},
    )
    row = Row("c", "", 2, {"Имя": "Алёна", "Б": "=1"})
    (path,) = write_rejects(tmp_path, {1: csv_info}, [(1, row, outcome)])
    assert (
        path.read_bytes().decode("cp1251") == "Имя;Б;_status;_reason\r\nАлёна;'=1;invalid;why\r\n"
    )
    book_info = SourceInfo("c", "xlsx", sheet="Лист", header=("Имя", "Б"), labels=("Имя", "Б"))
    (path,) = write_rejects(tmp_path, {1: book_info}, [(1, row, outcome)])
    sheet = load_workbook(path)["Лист"]
    assert [[cell.value for cell in line] for line in sheet] == [
        ["Имя", "Б", "_status", "_reason"],
        ["Алёна", "=1", "invalid", "why"],
    ]
    assert sheet["B2"].data_type != "f"
    assert not (tmp_path / "rejects.csv").exists()


def test_settings_come_from_flags_then_file_then_environment_then_dotenv(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("INFLUENCERSOFT_API_KEY='a#$b'\nINFLUENCERSOFT_ACCOUNT=dot\n", "utf-8")
    key_file = tmp_path / "key"
    key_file.write_text("from-file\n", "utf-8")
    env = {
        "INFLUENCERSOFT_API_KEY": "from-env",
        "INFLUENCERSOFT_ENDPOINT": "https://x.example.com/api/addupdatelead",
    }

    from_dotenv = Settings.from_env(environ={}, dotenv=dotenv)
    assert (from_dotenv.api_key.reveal(), from_dotenv.endpoint) == (
        "a#$b",
        "https://dot.influencersoft.com",
    )
    from_env = Settings.from_env(environ=env, dotenv=dotenv)
    assert (from_env.api_key.reveal(), from_env.endpoint) == ("from-env", "https://x.example.com")
    flags = Settings.from_env(
        environ=env, dotenv=None, account="Shop", api_key_file=key_file, rate=5
    )
    assert (flags.api_key.reveal(), flags.endpoint, flags.rate) == (
        "from-file",
        "https://shop.influencersoft.com",
        5,
    )
    with pytest.raises(SettingsError, match="which account") as caught:
        Settings.from_env(environ={}, dotenv=None).ready_to_send()
    assert "no API key" in str(caught.value)


def test_the_summary_of_aiohttp_is_the_version_we_lock():
    assert tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14)
    assert json.dumps(Settings.__doc__)


# -- one timer for all requests -------------------------------------------------------------------


async def test_a_late_block_ends_and_its_neighbours_go_on():
    deadlines = Deadlines(0.05)

    async def lasting(seconds):
        with deadlines.limited():
            await asyncio.sleep(seconds)
        return seconds

    ends = await asyncio.gather(
        *(lasting(seconds) for seconds in (30, 0.001, 30, 0.0)), return_exceptions=True
    )
    assert [type(end) for end in ends] == [TimeoutError, float, TimeoutError, float]
    # The timer goes on for those who begin later, also in a task that was late before.
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await lasting(30)
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancelled_block_is_cancelled_and_not_late():
    deadlines = Deadlines(30)

    async def lasting():
        with deadlines.limited():
            await asyncio.sleep(30)

    task = asyncio.create_task(lasting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()


async def test_a_late_block_that_ends_otherwise_leaves_its_task_usable():
    deadlines = Deadlines(0.02)

    async def broken():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise OSError("broken") from None

    with pytest.raises(OSError, match="broken"), deadlines.limited():
        await broken()
    assert asyncio.current_task().cancelling() == 0
    with pytest.raises(TimeoutError), deadlines.limited():
        await asyncio.sleep(30)

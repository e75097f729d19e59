"""Lanes, brakes, secrets, journals, clocks, pace and power: what a run must survive."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from bulk_import import import_file_async
from bulk_import.delivery import attempts
from bulk_import.delivery.pace import Pace
from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.importing import resume_async
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults, Throttle
from bulk_import.sources import open_source
from bulk_import.sources.table import MOST_ROWS
from bulk_import.system.files import replaced
from bulk_import.system.secrets import Secret
from tests.conftest import Ear, examples, report_of, statuses
from tests.wires import MAPPING, quick, says, wired

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
    seconds = examples(3600)
    while clock.now - 100 < seconds:
        await pace.slot()
        clock.now += 1 / 600  # as many as can be in flight
        if bucket.lets_through(clock.now):
            taken += 1
            pace.accepted()
        else:
            refused += 1
            pace.fall()
            pace.pause(1)
    assert taken >= 0.9 * 20 * seconds
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
        with pytest.raises(SetupError, match="has changed"):
            await import_file_async("-", mapping, settings(sandbox))
    assert len(sandbox.sent()) == 3
    feed(content)
    second = await import_file_async("-", mapping, settings(sandbox, limit=3))
    assert second.counts[Status.SUCCESS] == 6
    third = await resume_async(tmp_path / "run", settings(sandbox))  # needs no input
    assert (third.exit_code, len(sandbox.sent())) == (0, 10)


def test_more_rows_than_anybody_has_are_refused(write_csv):
    with open_source(write_csv([["A"], *[[str(n)] for n in range(5)]])) as source:
        source.tally.rows = MOST_ROWS - 5
        assert len(list(source.rows)) == 5
    with open_source(write_csv([["A"], *[[str(n)] for n in range(6)]])) as source:
        source.tally.rows = MOST_ROWS - 5
        with pytest.raises(SetupError, match="more than 2,000,000 rows"):
            list(source.rows)


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
            for name in ("journal.sqlite3", "journal.sqlite3-wal", "journal.mark"):
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

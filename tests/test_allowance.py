"""Hours and daily limits: requests wait or the run ends, by the local clock."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, time, timedelta

import pytest

from bulk_import import import_file_async
from bulk_import.delivery.allowance import Allowance, Window
from bulk_import.errors import SettingsError
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.daily import Day, today

MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n", "m.yml"
)


class Clock:
    def __init__(self, start: datetime) -> None:
        self.at = self.start = start
        self.told: list[tuple[str, float]] = []

    def now(self) -> datetime:
        return self.at

    async def nap(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def closed(self, why: str, seconds: float) -> None:
        self.told.append((why, seconds))


def allowance(clock: Clock, window: str = "", limit: int = 0, used: int = 0) -> Allowance:
    parsed = Window.parse(window) if window else None
    return Allowance(parsed, limit, used, now=clock.now, nap=clock.nap, is_closed=clock.closed)


@pytest.mark.parametrize(
    ("window", "now", "opens_at"),
    [
        ("01:00-05:00", "00:30", "01:00"), ("01:00-05:00", "01:00", "01:00"), ("01:00-05:00", "04:59", "04:59"),
        ("01:00-05:00", "05:00", "01:00"), ("22:00-04:00", "23:00", "23:00"), ("22:00-04:00", "03:00", "03:00"),
        ("22:00-04:00", "12:00", "22:00"),
    ],
)  # fmt: skip
async def test_requests_wait_until_the_window_opens(window, now, opens_at):
    clock = Clock(datetime.combine(datetime(2026, 3, 10), time.fromisoformat(now)))
    await allowance(clock, window).one()
    assert f"{clock.at:%H:%M}" == opens_at
    assert clock.at - clock.start < timedelta(days=1)


async def test_a_daily_limit_goes_on_after_midnight_and_is_told_once():
    clock = Clock(datetime(2026, 3, 10, 23, 0))
    asked = allowance(clock, limit=3, used=1)
    for _ in range(2):
        await asked.one()
    assert clock.at == datetime(2026, 3, 10, 23, 0)
    await asked.one()
    assert clock.at == datetime(2026, 3, 11, 0, 0)
    assert clock.told == [("--daily-limit 3 is reached", 3600.0)]


@pytest.mark.parametrize(
    ("window", "limit", "is_limited"),
    [("", 0, False), ("", 1, True), ("01:00-05:00", 0, True), ("01:00-05:00", 1, True)],
)
def test_a_run_with_a_window_or_a_limit_of_a_single_request_has_to_ask(window, limit, is_limited):
    clock = Clock(datetime(2026, 3, 10, 2, 0))
    assert allowance(clock, window, limit).is_limited == is_limited


@pytest.mark.parametrize(
    ("window", "now", "hours"),
    [
        ("01:00-05:00", "00:00", 1), ("01:00-05:00", "01:00", 24), ("01:00-05:00", "02:00", 23),
        ("22:00-04:00", "12:00", 10), ("22:00-04:00", "21:30", 0.5), ("22:00-04:00", "22:00", 24),
    ],
)  # fmt: skip
def test_a_window_opens_next_within_a_day(window, now, hours):
    moment = datetime.combine(datetime(2026, 3, 10), time.fromisoformat(now))
    assert Window.parse(window).opens_in_s(moment) == hours * 3600


@pytest.mark.parametrize("text", ["", "1-5", "25:00-26:00", "01:00", "01:00-01:00", "a"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(SettingsError):
        Window.parse(text)


async def test_a_run_that_ends_at_its_limit_is_carried_on_in_order(
    tmp_path, contacts_csv, sandbox, settings
):
    path = contacts_csv(10)
    options = settings(
        sandbox, run_dir=tmp_path / "run", daily_limit=4, ends_when_closed=True, concurrency=1
    )
    summary = await import_file_async(path, MAPPING, options)
    assert (summary.exit_code, summary.counts[Status.SUCCESS], summary.counts[Status.NOT_SENT]) == (
        3,
        4,
        6,
    )
    assert "--daily-limit 4 is reached" in summary.stopped
    # The same day: what was used is remembered by the journal.
    again = await import_file_async(path, MAPPING, options)
    assert again.counts[Status.SUCCESS] == 4
    rest = settings(sandbox, run_dir=tmp_path / "run", concurrency=1)
    done = await import_file_async(path, MAPPING, rest)
    assert done.exit_code == 0
    assert [request.email for request in sandbox.sent()] == [
        f"p{n}@example.org" for n in range(1, 11)
    ]


async def test_a_clock_that_is_set_back_does_not_give_a_days_requests_twice():
    clock = Clock(datetime(2026, 3, 10, 0, 5))
    asked = allowance(clock, limit=2)
    await asked.one()
    clock.at = datetime(2026, 3, 9, 23, 50)
    await asked.one()
    clock.at = datetime(2026, 3, 10, 0, 10)
    await asked.one()
    assert clock.at == datetime(2026, 3, 11, 0, 0)


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(hours=3), timedelta(days=1)])
async def test_a_window_opens_by_the_clock_even_when_that_is_set_while_everybody_waits(jump):
    clock = Clock(datetime(2026, 3, 10, 12, 0))
    real, naps = clock.nap, []

    async def nap(seconds):
        naps.append(seconds)
        await real(seconds)
        if len(naps) == 3:
            clock.at += jump

    clock.nap = nap
    await allowance(clock, "01:00-05:00").one()
    assert time(1, 0) <= clock.at.time() < time(5, 0)
    assert max(naps) <= 600, "the time is looked up again and again"


async def test_a_daily_limit_is_the_accounts_whatever_the_number_of_runs(
    tmp_path, contacts_csv, sandbox, settings
):
    path = contacts_csv(10)

    async def run(name, **options):
        found = settings(sandbox, run_dir=tmp_path / name, concurrency=1, **options)
        return (await import_file_async(path, MAPPING, found)).counts[Status.SUCCESS]

    limited = {"daily_limit": 7, "ends_when_closed": True}
    assert await run("one", limit=3) == 3  # without a limit, and counted
    assert await run("two", **limited) == 4
    assert await run("three", **limited) == 0
    shutil.rmtree(tmp_path / "one")  # what it has used is known without its journal
    assert await run("four", **limited) == 0
    assert await run("two", **limited | {"daily_limit": 9}) == 6  # 4 before, and 2 more
    assert len(sandbox.sent()) == 9


async def test_a_run_that_was_killed_counts_by_its_journal(
    tmp_path, contacts_csv, sandbox, settings
):
    path = contacts_csv(10)
    options = settings(sandbox, run_dir=tmp_path / "killed", limit=6)
    await import_file_async(path, MAPPING, options)
    [file] = (tmp_path / "state").glob("*.day.json")
    known = json.loads(file.read_text())
    assert list(known["runs"].values()) == [6]
    known["runs"] = dict.fromkeys(known["runs"])  # as a kill leaves it: begun and not ended
    file.write_text(json.dumps(known))
    rest = settings(sandbox, run_dir=tmp_path / "next", daily_limit=8, ends_when_closed=True)
    assert (await import_file_async(path, MAPPING, rest)).counts[Status.SUCCESS] == 2


def test_a_new_day_begins_with_nothing_and_a_clock_that_is_set_back_begins_none(tmp_path):
    file, own = tmp_path / "day.json", tmp_path / "run" / "journal.sqlite3"
    monday, tuesday = date(2026, 3, 9), date(2026, 3, 10)
    Day(file, own, monday).end(5, monday)
    other = tmp_path / "other" / "journal.sqlite3"
    assert Day(file, other, monday).begin() == 5
    assert Day(file, other, date(2026, 3, 8)).begin() == 5
    assert Day(file, other, tuesday).begin() == 0
    overnight = Day(file, own, monday)
    overnight.end(2, tuesday)
    assert Day(file, other, tuesday).begin() == 2
    file.write_text("{")
    assert Day(file, other, tuesday).begin() == 0
    assert Day(None, own, today()).begin() == 0


# -- both sides of each limit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("01:00-05:00", time(1, 0), time(5, 0)), ("1:05 - 23:59", time(1, 5), time(23, 59)), (" 22:30–04:15 ", time(22, 30), time(4, 15)),
        ("00:00-00:01", time(0, 0), time(0, 1)),
    ],
)  # fmt: skip
def test_a_window_is_read_as_people_write_it(text, opens, closes):
    assert Window.parse(text) == Window(opens, closes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1-5", "--window '1-5': give hours such as 01:00-05:00"),
        ("24:00-05:00", "--window '24:00-05:00': give hours such as 01:00-05:00"),
        ("01:60-05:00", "--window '01:60-05:00': give hours such as 01:00-05:00"),
        ("01:00-05:00 and later", "--window '01:00-05:00 and later': give hours such as 01:00-05:00"),
        ("1:00-01:00", "--window '1:00-01:00': opens and closes at the same time"),
    ],
)  # fmt: skip
def test_what_is_no_window_is_shown_with_one_that_is(text, said):
    with pytest.raises(SettingsError) as found:
        Window.parse(text)
    assert str(found.value) == said


@pytest.mark.parametrize(
    ("window", "open_at", "closed_at"),
    [
        ("01:00-05:00", ["01:00", "04:59"], ["00:59", "05:00", "05:01"]),
        ("22:00-04:00", ["22:00", "23:59", "00:00", "03:59"], ["21:59", "04:00", "12:00"]),
    ],
)
def test_a_window_is_open_from_its_first_minute_and_closed_at_its_last(window, open_at, closed_at):
    def at(text: str) -> datetime:
        return datetime.combine(datetime(2026, 3, 10), time.fromisoformat(text))

    parsed = Window.parse(window)
    assert [text for text in open_at if not parsed.is_open(at(text))] == []
    assert [text for text in closed_at if parsed.is_open(at(text))] == []


async def test_a_new_day_gives_all_of_the_days_requests_again_and_no_more():
    clock = Clock(datetime(2026, 3, 10, 23, 0))
    asked = allowance(clock, limit=3, used=3)
    for _ in range(3):
        await asked.one()
    assert clock.at == datetime(2026, 3, 11)
    await asked.one()
    assert clock.at == datetime(2026, 3, 12)
    assert clock.told == [
        ("--daily-limit 3 is reached", 3600.0), ("--daily-limit 3 is reached", 24 * 3600.0),
    ]  # fmt: skip


async def test_a_window_and_a_limit_are_each_told_when_they_close():
    clock = Clock(datetime(2026, 3, 10, 4, 59))
    asked = allowance(clock, "01:00-05:00", limit=1)
    await asked.one()
    await asked.one()
    assert clock.at == datetime(2026, 3, 11, 1, 0)
    assert clock.told == [
        ("--daily-limit 1 is reached", 19 * 3600 + 60.0),
        ("outside of --window, until 01:00", 20 * 3600 - 540.0),
    ]


async def test_every_request_counts_also_where_only_a_window_is_set():
    clock = Clock(datetime(2026, 3, 10, 2, 0))
    asked = allowance(clock, "01:00-05:00")
    for _ in range(100):
        await asked.one()
    assert (clock.at, clock.told) == (datetime(2026, 3, 10, 2, 0), [])


async def test_waiting_ends_when_the_run_does():
    clock = Clock(datetime(2026, 3, 10, 12, 0))

    async def nap(_seconds: float) -> None:
        raise InterruptedError

    clock.nap = nap  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        await allowance(clock, "01:00-05:00").one()

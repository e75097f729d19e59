"""Hours and daily limits: requests wait or the run ends, by the local clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from bulk_import import import_file_async
from bulk_import.delivery.allowance import Allowance, Window
from bulk_import.errors import SettingsError
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status

MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n", "m.yml"
)


class Clock:
    def __init__(self, start: datetime) -> None:
        self.at = start
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


async def test_a_daily_limit_goes_on_after_midnight_and_is_told_once():
    clock = Clock(datetime(2026, 3, 10, 23, 0))
    asked = allowance(clock, limit=3, used=1)
    for _ in range(2):
        await asked.one()
    assert clock.at == datetime(2026, 3, 10, 23, 0)
    await asked.one()
    assert clock.at == datetime(2026, 3, 11, 0, 0)
    assert clock.told == [("--daily-limit 3 is reached", 3600.0)]


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

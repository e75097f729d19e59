"""What makes a whole run pause or stop, counted on the server's side."""

from __future__ import annotations

from collections import Counter

import pytest

from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.sandbox.faults import Faults
from tests.conftest import SHORT_WAITS


async def test_a_fatal_answer_stops_the_run_and_a_resume_finishes_it(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(fatal_after=21))

    stopped = await import_file_async(contacts_csv(60), mapping, settings(sandbox))

    assert stopped.exit_code == 3
    assert "API key is wrong" in stopped.stopped
    assert stopped.balanced
    assert stopped.counts[Status.NOT_SENT] >= 60 - 21 - 4
    sandbox.use(Faults())
    resumed = await resume_async(stopped.run_dir, settings(sandbox))
    assert resumed.counts[Status.SUCCESS] == 60
    accepted = Counter(r.email for r in sandbox.sent() if r.answer == "200")
    assert max(accepted.values()) == 1


@pytest.mark.parametrize("throttle_with", ["429", "503", "8"])
async def test_throttling_pauses_everybody_and_fails_nobody(
    sandbox, settings, contacts_csv, mapping, throttle_with
):
    sandbox.use(Faults(throttle=12, throttle_with=throttle_with))

    summary = await import_file_async(contacts_csv(24), mapping, settings(sandbox, concurrency=8))

    assert summary.exit_code == 0
    assert summary.counts[Status.SUCCESS] == 24


async def test_nobody_sends_while_the_server_asked_for_a_pause(
    sandbox, settings, contacts_csv, mapping
):
    throttled = Reply(status=429, raw=b"", headers={"Retry-After": "1"}, apply=False)
    replies = iter([Reply()] * 20 + [throttled])
    sandbox.script = lambda _number, _form: next(replies, None)

    await import_file_async(contacts_csv(30), mapping, settings(sandbox, concurrency=4))

    sent = sandbox.sent()
    refused = next(request for request in sent if request.answer == "429")
    during = [r for r in sent if refused.ended + 0.3 < r.at < refused.ended + 1.0]
    assert during == []
    assert len(sandbox.contacts()) == 30


async def test_code_8_without_an_end_stops_the_run(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(quota_after=5, quota_burst=10_000))

    summary = await import_file_async(contacts_csv(20), mapping, settings(sandbox))

    assert summary.exit_code == 3
    assert summary.counts[Status.FAILED] == 0
    assert summary.counts[Status.NOT_SENT] == 20 - summary.counts[Status.SUCCESS]


async def test_when_everything_fails_the_breaker_stops_the_run(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(error_500=1))

    options = settings(sandbox, concurrency=8, **SHORT_WAITS)
    summary = await import_file_async(contacts_csv(500), mapping, options)

    assert summary.exit_code == 3
    assert "failed in a row" in summary.stopped
    assert len(sandbox.sent()) <= 400
    assert summary.counts[Status.NOT_SENT] > 300


async def test_ten_equal_refusals_in_a_row_stop_the_run(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(refuse=1))

    summary = await import_file_async(contacts_csv(100), mapping, settings(sandbox, concurrency=1))

    assert summary.exit_code == 3
    assert summary.counts[Status.FAILED] == 10


async def test_max_failures_stops_the_run(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(refuse=0.3))

    summary = await import_file_async(
        contacts_csv(100), mapping, settings(sandbox, max_failures="3", concurrency=1)
    )

    assert summary.exit_code == 3
    assert summary.counts[Status.FAILED] == 4


async def test_the_canary_stops_a_run_that_begins_badly(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(refuse=1))

    summary = await import_file_async(contacts_csv(30), mapping, settings(sandbox, canary=3))

    assert summary.exit_code == 3
    assert "canary" in summary.stopped
    assert len(sandbox.sent()) == 3


async def test_the_canary_is_part_of_the_run(sandbox, settings, contacts_csv, mapping):
    summary = await import_file_async(contacts_csv(30), mapping, settings(sandbox, canary=3))

    assert summary.counts[Status.SUCCESS] == 30
    assert len(sandbox.sent()) == 30


async def test_a_302_is_not_followed(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(redirect=302))

    summary = await import_file_async(contacts_csv(20), mapping, settings(sandbox, preflight=False))

    assert summary.exit_code == 3
    assert "redirect 302" in summary.stopped
    assert sandbox.contacts() == []


async def test_an_unreachable_host_is_told_apart_from_a_wrong_key(
    settings, contacts_csv, mapping, sandbox
):
    gone = Sandbox()
    await gone.start()
    await gone.stop()

    summary = await import_file_async(contacts_csv(10), mapping, settings(gone, preflight=False))

    assert summary.exit_code == 3
    assert summary.requests == 0
    assert summary.counts[Status.NOT_SENT] == 10
    assert "no connection" in summary.stopped


@pytest.mark.slow
async def test_a_limit_of_20_a_second_fails_no_row_and_is_hardly_ever_overstepped(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(throttle=20))
    options = settings(sandbox, rate=0, concurrency=32, throttles=20)
    summary = await import_file_async(contacts_csv(300), mapping, options)
    assert summary.counts[Status.SUCCESS] == 300
    refused = [request for request in sandbox.sent() if request.answer == "429"]
    # All workers find out at once in the beginning; once settled, a few percent at most.
    assert len(refused) <= 32 + 0.05 * 300


async def test_the_canary_shows_its_answers_and_asks_before_the_rest(
    sandbox, settings, contacts_csv, mapping
):
    asked, told = [], []

    class Ear(Silence):
        def say(self, message: str) -> None:
            told.append(message)

    def confirm(plan):
        asked.append((plan.accepted, len(sandbox.sent())))
        return len(asked) == 1

    summary = await import_file_async(
        contacts_csv(20), mapping, settings(sandbox, canary=3), confirm=confirm, progress=Ear()
    )
    assert asked == [(0, 0), (3, 3)]
    results = [
        line for line in told if line.startswith("canary: row ") and ": success; got " in line
    ]
    assert len(results) == 3
    assert (summary.exit_code, summary.counts[Status.SUCCESS], summary.counts[Status.NOT_SENT]) == (
        3,
        3,
        17,
    )

"""One attempt: what is on disk before it, what it leaves behind, and what it means for everybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError
from bulk_import.api.unsent import NotSentError
from bulk_import.delivery.attempts import Shipment
from bulk_import.delivery.retry import Failure
from bulk_import.errors import StorageError
from bulk_import.journal.entries import AttemptResult, Unsettled
from bulk_import.stopping import StoppingError
from tests.deliveries import (
    AWAY,
    BUSY,
    FORBIDDEN,
    LATE,
    LOST,
    OK,
    QUOTA,
    SLOWER,
    UNREADABLE,
    Delivery,
    made,
    refused,
    row,
)
from tests.timeless import timeless

MS = 250  # that each request takes


# -- before the request -------------------------------------------------------------------------------


@timeless
async def test_a_row_with_an_email_is_claimed_and_sent_as_it_is():
    world = Delivery()
    shipment = Shipment.of(row(7, attempts=2, next_number=4))
    assert await world.attempts().make(shipment) is OK
    assert [intent[:2] for intent in world.notes.claimed] == [(7, 4)]
    assert world.client.sent == [(1000.0, b"x=7", True)]
    assert (shipment.attempts, shipment.next_number, shipment.claimed) == (3, 5, 0)
    assert (shipment.elapsed_ms, shipment.waited_s, shipment.in_doubt) == (MS, 0.0, False)
    assert (world.notes.entries, world.notes.intended) == ([], [])


@timeless
async def test_the_intent_of_a_row_without_an_email_is_on_disk_before_its_request():
    world = Delivery()
    await world.attempts().make(Shipment.of(row(7, "", next_number=2)))
    assert [(intent[:2], synced) for intent, synced in world.notes.intended] == [((7, 2), True)]
    assert (world.notes.claimed, world.client.sent[0][2]) == ([], False)


@timeless
async def test_where_nothing_can_be_claimed_the_intent_is_waited_for_but_not_for_the_disk():
    world = Delivery()
    world.notes.is_locked = True
    await world.attempts().make(Shipment.of(row(7)))
    assert [(intent[:2], synced) for intent, synced in world.notes.intended] == [((7, 1), False)]


@timeless
async def test_a_row_that_is_claimed_already_needs_no_other_intent():
    world = Delivery(LOST)
    attempts, shipment = world.attempts(), Shipment.of(row(7, next_number=3))
    attempts.claim([shipment])
    assert (shipment.claimed, shipment.next_number) == (3, 4)
    await made(attempts, shipment)
    assert len(world.notes.claimed) == 1
    assert [entry.number for entry in world.notes.entries] == [3]
    assert shipment.claimed == 0


@pytest.mark.parametrize("email", ["", "a@b.org"])
def test_an_intent_that_cannot_be_written_stops_the_run_and_nothing_is_sent(email):
    @timeless
    async def run():
        world = Delivery()
        world.notes.is_locked, world.notes.trouble = True, StorageError("the disk is full")
        shipment = Shipment.of(row(7, email))
        assert isinstance(await made(world.attempts(), shipment), StoppingError)
        assert (world.stop.reason, world.stop.code) == ("the disk is full", 5)
        assert (world.client.sent, world.notes.entries) == ([], [])
        assert (shipment.claimed, shipment.next_number, shipment.attempts) == (0, 1, 0)

    run()


WITHDRAWN = Unsettled(7, 1, AttemptResult.WITHDRAWN, "the run stopped", None, 0)


@timeless
async def test_in_a_run_that_stops_nothing_is_sent_and_what_was_claimed_is_withdrawn():
    world = Delivery()
    attempts, claimed, other = world.attempts(), Shipment.of(row(7)), Shipment.of(row(8))
    attempts.claim([claimed])
    world.stop.request("enough", 3)
    for shipment in (claimed, other):
        assert isinstance(await made(attempts, shipment), StoppingError)
    assert (world.notes.entries, claimed.claimed, world.client.sent) == ([WITHDRAWN], 0, [])


@timeless
async def test_a_row_that_waits_for_its_slot_is_withdrawn_when_the_run_stops():
    world = Delivery(rate=0.1)
    attempts, shipment = world.attempts(), Shipment.of(row(7))
    await attempts.make(Shipment.of(row(6)))
    attempts.claim([shipment])
    waiting = asyncio.create_task(made(attempts, shipment))
    await asyncio.sleep(1)
    world.stop.request("enough", 3)
    assert isinstance(await waiting, StoppingError)
    assert (world.notes.entries, world.client.rows) == ([WITHDRAWN], [6])


@timeless
async def test_no_more_requests_are_in_flight_than_are_asked_for():
    for most in (1, 3):
        world = Delivery(concurrency=most)
        attempts = world.attempts()
        await asyncio.gather(*(attempts.make(Shipment.of(row(n))) for n in range(1, 9)))
        assert world.client.most_in_flight == most
        assert len(world.client.sent) == 8


@timeless
async def test_a_daily_limit_that_is_reached_ends_the_run_where_that_is_asked_for():
    world = Delivery(daily_limit=3, used_today=2, ends_when_closed=True)
    attempts = world.attempts()
    assert await attempts.make(Shipment.of(row(1))) is OK
    shipment = Shipment.of(row(7))
    attempts.claim([shipment])
    assert isinstance(await made(attempts, shipment), StoppingError)
    assert world.stop.reason == "--daily-limit 3 is reached; the rest is sent by the next run"
    assert (world.stop.code, world.ear.pauses) == (3, [])
    assert (world.notes.entries, world.client.rows) == ([WITHDRAWN], [1])


@timeless
async def test_a_daily_limit_that_is_reached_is_told_and_waited_for_otherwise():
    world = Delivery(daily_limit=3, used_today=3)
    waiting = asyncio.create_task(made(world.attempts(), Shipment.of(row(1))))
    for _ in range(5):
        await asyncio.sleep(0)
    ((seconds, why),) = world.ear.pauses
    assert why == "--daily-limit 3 is reached"
    assert 0 < seconds <= 25 * 3600  # until midnight; a day may have 25 hours
    assert not world.stop.is_set
    world.stop.request("enough", 3)
    assert isinstance(await waiting, StoppingError)


# -- nothing was sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["", "a@b.org"])
def test_without_a_connection_the_attempt_is_withdrawn_and_may_be_made_again(email):
    @timeless
    async def run():
        world = Delivery(AWAY, OK)
        attempts, shipment = world.attempts(), Shipment.of(row(7, email))
        failed = await made(attempts, shipment)
        assert (str(failed), failed.failure, failed.code, failed.is_repeatable, failed.http_status) == (
            "shop:443: no connection", Failure.UNREACHABLE, "UNREACHABLE", True, None,
        )  # fmt: skip
        assert world.notes.entries == [
            Unsettled(7, 1, AttemptResult.WITHDRAWN, "shop:443: no connection", None, 0)
        ]
        assert (shipment.attempts, shipment.doubtful, shipment.in_doubt) == (0, 0, False)
        await asyncio.sleep(2)
        assert await attempts.make(shipment) is OK
        assert (shipment.attempts, shipment.next_number, shipment.waited_s) == (1, 3, 2.0)
        assert not world.stop.is_set

    run()


@timeless
async def test_without_a_connection_for_too_long_the_run_stops():
    world = Delivery(AWAY, connect_deadline_s=10)
    attempts, shipment = world.attempts(), Shipment.of(row(7))
    await made(attempts, shipment)
    await asyncio.sleep(9)
    await made(attempts, shipment)
    assert not world.stop.is_set
    await asyncio.sleep(1)
    await made(attempts, shipment)
    assert world.stop.reason.startswith("no connection for 1")
    assert world.stop.reason.endswith(" s: shop:443: no connection")
    assert world.stop.code == 3


@timeless
async def test_a_certificate_that_is_refused_stops_the_run_at_once():
    world = Delivery(NotSentError("its certificate is refused", code="CERTIFICATE", is_final=True))
    await made(world.attempts(), Shipment.of(row()))
    assert (world.stop.reason, world.stop.code) == ("its certificate is refused", 3)


# -- nobody knows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "code", "said", "http_status"),
    [
        (LOST, "CONNECTION_LOST", "the connection broke (gone)", None),
        (AnswerLostError("HTTP 200, the answer broke off", code="ANSWER_BROKEN", http_status=200), "ANSWER_BROKEN", "HTTP 200, the answer broke off", 200),
        (UNREADABLE, "HTTP_502", "HTTP 502, empty", 502),
    ],
)  # fmt: skip
@pytest.mark.parametrize("email", ["", "a@b.org"])
def test_an_answer_that_cannot_be_trusted_leaves_the_row_in_doubt(
    email, outcome, code, said, http_status
):
    @timeless
    async def run():
        world = Delivery(outcome)
        shipment = Shipment.of(row(7, email, attempts=1, next_number=2))
        failed = await made(world.attempts(), shipment)
        assert (str(failed), failed.failure, failed.code, failed.http_status) == (
            said, Failure.DOUBTFUL, code, http_status,
        )  # fmt: skip
        assert (failed.is_repeatable, failed.retry_after_s) == (bool(email), 0.0)
        assert world.notes.entries == [
            Unsettled(7, 2, AttemptResult.DOUBTFUL, said, http_status, MS)
        ]
        assert (shipment.attempts, shipment.doubtful, shipment.in_doubt) == (2, 1, True)
        assert shipment.failed_at == world.clock()

    run()


@timeless
async def test_many_requests_without_an_answer_stop_the_run_once_that_has_lasted():
    world = Delivery(LOST, breaker_failures=3, breaker_s=0.6)
    attempts, shipment = world.attempts(), Shipment.of(row())
    for _ in range(3):
        await made(attempts, shipment)
    assert not world.stop.is_set, "half a second"
    await made(attempts, shipment)
    assert world.stop.reason == ("4 requests failed in a row over 1 s: the connection broke (gone)")
    assert world.stop.code == 3


@pytest.mark.parametrize(("asked_s", "waited_s"), [(9.0, 9.0), (10.0, 10.0), (11.0, 10.0)])
def test_a_retry_after_of_an_unreadable_answer_is_for_its_row_and_has_a_cap(asked_s, waited_s):
    @timeless
    async def run():
        world = Delivery(replace(UNREADABLE, retry_after_s=asked_s), retry_after_cap_s=10)
        attempts = world.attempts()
        failed = await made(attempts, Shipment.of(row()))
        assert (failed.retry_after_s, attempts.pace.paused_s) == (waited_s, 0.0)

    run()


@pytest.mark.parametrize(
    ("outcome", "falls"),
    [(LATE, True), (BUSY, True), (SLOWER, True), (LOST, False), (UNREADABLE, False), (FORBIDDEN, False), (AWAY, False)],
    ids=["late", "503", "throttled", "lost", "502", "403", "away"],
)  # fmt: skip
def test_the_pace_falls_by_what_tells_of_a_server_under_load_and_once_for_all_in_flight(
    outcome, falls
):
    @timeless
    async def run():
        world = Delivery(outcome, rate=100, concurrency=2)
        attempts = world.attempts()
        await asyncio.gather(*(made(attempts, Shipment.of(row(n))) for n in (1, 2)))
        assert attempts.pace.rate == pytest.approx(70 if falls else 100)

    run()


# -- the server asks to slow down ---------------------------------------------------------------------


@timeless
async def test_a_throttled_attempt_is_no_doubt_and_may_be_made_again_without_an_email_as_well():
    world = Delivery(SLOWER)
    shipment = Shipment.of(row(7, "", attempts=1, next_number=2))
    failed = await made(world.attempts(), shipment)
    assert (str(failed), failed.failure, failed.code, failed.is_repeatable, failed.http_status) == (
        "slower", Failure.THROTTLED, "HTTP_429", True, 429,
    )  # fmt: skip
    assert world.notes.entries == [Unsettled(7, 2, AttemptResult.REPELLED, "slower", 429, MS)]
    assert (shipment.attempts, shipment.doubtful, shipment.in_doubt) == (2, 0, False)


async def waits(world: Delivery, count: int) -> list[float]:
    """The pauses for everybody after each of *count* requests that follow each other."""
    attempts, found = world.attempts(), []
    for _ in range(count):
        await made(attempts, Shipment.of(row()))
        found.append(round(attempts.pace.paused_s, 4))
        await asyncio.sleep(attempts.pace.paused_s)
    return found


@pytest.mark.parametrize(
    ("chance", "first"), [(0.0, 0.75), (0.5, 0.875), (1.0, 1.0)]
)  # fmt: skip
def test_without_a_retry_after_everybody_waits_twice_as_long_each_time_up_to_a_minute(
    chance, first
):
    @timeless
    async def run():
        world = Delivery(SLOWER, chance=chance)
        doubling = [first * 2**n for n in range(6)]
        assert await waits(world, 8) == [*doubling, first * 60, first * 60]
        assert world.ear.pauses == [
            (wait, "slower") for wait in [*doubling, first * 60, first * 60]
        ]

    run()


@timeless
async def test_a_success_lets_the_waits_begin_again():
    assert await waits(Delivery(SLOWER, SLOWER, OK, SLOWER, SLOWER), 5) == [0.75, 1.5, 0, 0.75, 1.5]
    quota = Delivery(QUOTA, QUOTA, OK, QUOTA, quota_waits_s=(5, 9))
    assert await waits(quota, 4) == [5, 9, 0, 5]
    assert not quota.stop.is_set


@timeless
async def test_a_refused_row_does_not_let_the_waits_begin_again():
    """It proves nothing about the limit: the server may refuse without counting."""
    assert await waits(Delivery(SLOWER, refused(), SLOWER), 3) == [0.75, 0, 1.5]


@pytest.mark.parametrize(("chance", "extra"), [(0.0, 0.0), (1.0, 0.05)])
def test_the_announced_time_is_waited_for_by_everybody_and_not_doubled(chance, extra):
    @timeless
    async def run():
        world = Delivery(replace(SLOWER, retry_after_s=7.0), chance=chance)
        assert await waits(world, 3) == [7 + extra] * 3
        assert world.ear.pauses == [(7 + extra, "slower")] * 3

    run()


@timeless
async def test_a_retry_after_of_zero_is_no_wait_that_anybody_is_told_of():
    world = Delivery(replace(SLOWER, retry_after_s=0.0), chance=1.0)
    assert await waits(world, 2) == [0.05, 0.05]
    assert world.ear.pauses == []


@timeless
async def test_of_several_in_flight_only_a_longer_pause_is_told_again():
    at_once = [replace(SLOWER, retry_after_s=seconds) for seconds in (7.0, 7.0, 7.5, 8.25, 3.0)]
    world = Delivery(*at_once, concurrency=5)
    attempts = world.attempts()
    await asyncio.gather(*(made(attempts, Shipment.of(row(n))) for n in range(1, 6)))
    assert world.ear.pauses == [(7.0, "slower"), (8.25, "slower")]
    assert attempts.pace.paused_s == 8.25


@timeless
async def test_of_several_in_flight_without_a_time_the_first_alone_counts():
    world = Delivery(SLOWER, concurrency=5, throttles=1)
    attempts = world.attempts()
    await asyncio.gather(*(made(attempts, Shipment.of(row(n))) for n in range(1, 6)))
    assert (attempts.pace.paused_s, world.ear.pauses) == (0.75, [(0.75, "slower")])
    assert not world.stop.is_set, "five answers, one signal"


@timeless
async def test_a_used_up_quota_among_those_in_flight_is_no_second_one():
    """Code 8 for a request that left before the pace fell, where no pauses are set for it."""
    world = Delivery(SLOWER, QUOTA, concurrency=2, quota_waits_s=())
    attempts = world.attempts()
    await asyncio.gather(*(made(attempts, Shipment.of(row(n))) for n in (1, 2)))
    assert (attempts.pace.paused_s, world.stop.is_set) == (0.75, False)


@timeless
async def test_a_quota_has_pauses_of_its_own_and_ends_the_run_when_they_are_used_up():
    world = Delivery(QUOTA, quota_waits_s=(5, 9))
    assert await waits(world, 2) == [5, 9]
    assert not world.stop.is_set
    assert await waits(Delivery(SLOWER, QUOTA, quota_waits_s=(5,)), 2) == [0.75, 5]
    assert [why[:21] for _, why in world.ear.pauses] == ["the server answered 8"] * 2
    ended = Delivery(QUOTA, quota_waits_s=(5,))
    assert await waits(ended, 2) == [5, 0]
    assert (ended.stop.reason, ended.stop.code) == (ended.ear.pauses[0][1], 3)


@timeless
async def test_a_quota_that_says_how_long_is_waited_for_as_long():
    world = Delivery(replace(QUOTA, retry_after_s=7.0), quota_waits_s=())
    assert await waits(world, 2) == [7.0, 7.0]


@pytest.mark.parametrize(
    "answer", [SLOWER, QUOTA, replace(SLOWER, retry_after_s=1.0)], ids=["429", "code 8", "with a time"]
)  # fmt: skip
def test_throttling_beyond_patience_ends_the_run(answer):
    @timeless
    async def run():
        world = Delivery(answer, throttles=3, quota_waits_s=(1.0,) * 9)
        attempts = world.attempts()
        for _ in range(3):
            await made(attempts, Shipment.of(row()))
            await asyncio.sleep(attempts.pace.paused_s)
        assert not world.stop.is_set
        await made(attempts, Shipment.of(row()))
        assert world.stop.reason == ("the server asked to slow down 4 times without taking a row")
        assert (world.stop.code, attempts.pace.paused_s, len(world.ear.pauses)) == (3, 0.0, 3)

    run()


@pytest.mark.parametrize("seconds", [600.1, 90_000.0, 1e15])
def test_a_time_that_is_longer_than_a_run_waits_ends_it_and_says_until_when(seconds):
    @timeless
    async def run():
        world = Delivery(replace(SLOWER, retry_after_s=seconds))
        before = datetime.now(UTC)
        attempts = world.attempts()
        await made(attempts, Shipment.of(row()))
        assert (world.stop.code, attempts.pace.paused_s, world.ear.pauses) == (3, 0.0, [])
        first, _, rest = world.stop.reason.partition("until ")
        until, _, last = rest.partition(" UTC, ")
        assert (first, last) == (
            "the server asks to wait ",
            "longer than a run waits (600 s); start the same command then",
        )
        found = datetime.strptime(until, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        expected = before + timedelta(seconds=min(seconds, 1e9))
        assert timedelta(seconds=-61) < found - expected < timedelta(seconds=61)

    run()


@timeless
async def test_a_time_just_as_long_as_a_run_waits_is_waited_for():
    world = Delivery(replace(SLOWER, retry_after_s=600.0))
    assert await waits(world, 1) == [600.0]
    assert not world.stop.is_set


@timeless
async def test_a_throttle_of_the_api_has_its_code_and_one_of_the_server_its_status():
    for answer, code in (
        (QUOTA, "8"),
        (SLOWER, "HTTP_429"),
        (replace(SLOWER, http_status=503), "HTTP_503"),
    ):
        failed = await made(Delivery(answer).attempts(), Shipment.of(row()))
        assert (failed.code, failed.http_status) == (code, answer.http_status)


@timeless
async def test_how_long_a_request_took_is_known_to_the_millisecond():
    for took_s, ms in ((0.0, 0), (2.0, 2000), (0.0625, 62)):
        world, shipment = Delivery(), Shipment.of(row())
        world.client.took_s = took_s
        await world.attempts().make(shipment)
        assert shipment.elapsed_ms == ms


# -- an answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [OK, refused(), FORBIDDEN, Answer(Verdict.FATAL, 200, "4")])
def test_an_answer_that_settles_the_row_is_returned_and_counted(answer):
    @timeless
    async def run():
        world = Delivery(answer)
        shipment = Shipment.of(row(attempts=1))
        assert await world.attempts().make(shipment) is answer
        assert (shipment.attempts, shipment.doubtful, shipment.elapsed_ms) == (2, 0, MS)
        assert (world.notes.entries, shipment.failed_at) == ([], None)

    run()


@timeless
async def test_only_a_success_or_a_throttle_begins_the_count_of_failures_again():
    for answer, is_suspect in ((OK, False), (SLOWER, False), (refused(), True)):
        world = Delivery(LOST, LOST, answer, breaker_failures=2)
        attempts = world.attempts()
        for _ in range(3):
            await made(attempts, Shipment.of(row()))
            await asyncio.sleep(attempts.pace.paused_s)
        assert attempts.breaker.is_suspect is is_suspect, answer  # the pool tells it of refusals


@timeless
async def test_the_waits_between_attempts_add_up():
    world = Delivery(LOST, LOST, OK)
    attempts, shipment = world.attempts(), Shipment.of(row())
    for pause_s in (3, 4, 0):
        await made(attempts, shipment)
        await asyncio.sleep(pause_s)
    assert (shipment.waited_s, shipment.attempts, shipment.elapsed_ms) == (7.0, 3, MS)
    assert [entry.number for entry in world.notes.entries] == [1, 2]


@timeless
async def test_accepted_requests_are_counted_and_let_the_rate_grow_again():
    world = Delivery(SLOWER, OK, rate=100)
    attempts = world.attempts()
    await made(attempts, Shipment.of(row()))
    fallen = attempts.pace.rate
    await asyncio.sleep(5)
    await attempts.make(Shipment.of(row()))
    assert attempts.pace.rate > fallen

"""How rows end: what is written of each, what a person gets to read, and what it means for the rows after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.preflight import describe
from bulk_import.delivery.claims import claims_at_once
from bulk_import.errors import StorageError
from bulk_import.journal.entries import AttemptResult, Pending, Settled, Unsettled
from bulk_import.models import Status
from bulk_import.settings import Settings
from tests.deliveries import (
    AWAY,
    FORBIDDEN,
    LATE,
    LOST,
    OK,
    SLOWER,
    UNREADABLE,
    Delivery,
    refused,
    row,
)
from tests.timeless import timeless

MS = 250  # that each request takes
FATAL = Answer(Verdict.FATAL, 200, "4", "incorrect hash")
AFTER_7_S = "attempt 2, after 7.0 s of waiting"
IN_7_S = replace(UNREADABLE, retry_after_s=7.0)  # longer than a first wait of our own


@pytest.mark.parametrize(
    ("answer", "status", "code", "message"),
    [
        (OK, Status.SUCCESS, "0", ""),
        (Answer(Verdict.SUCCESS, 200, "0", "sent", note="a mail went out"), Status.SUCCESS, "0", "a mail went out"),
        (refused("101", "no list"), Status.FAILED, "101", "no list"),
        (refused("2", ""), Status.FAILED, "2", "no text"),
        (replace(FORBIDDEN, text="HTTP 403: no"), Status.FAILED, "HTTP_403", "HTTP 403: no"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("email", ["", "a@b.org"])
def test_an_answer_ends_its_row(email, answer, status, code, message):
    @timeless
    async def run():
        world = Delivery(OK, answer)
        _, end = await world.run(row(6), row(7, email))
        assert end == Settled(7, status, code, message, 1, answer.http_status, "", MS, again=False)
        assert world.ear.ends == [Status.SUCCESS, status]
        assert all(len(entry.finished_at) == 24 for entry in world.notes.entries)
        assert (world.stop.is_set, world.notes.flushed) == (False, 1)

    run()


@timeless
async def test_a_fatal_answer_stops_the_run_and_its_row_is_sent_again_by_the_next():
    world = Delivery(FATAL)
    assert await world.run(row(1), row(2)) == [
        Settled(1, Status.FAILED, "4", "incorrect hash", 1, 200, "", MS, again=True)
    ]
    assert (world.stop.reason, world.stop.code) == (describe(FATAL), 3)
    assert world.stop.reason.startswith("the server answered 4 (incorrect hash). ")
    assert (world.client.rows, world.ear.ends) == ([1], [Status.FAILED])


@timeless
async def test_three_turned_away_at_the_start_stop_the_run_and_the_third_alone_is_sent_again():
    world = Delivery(FORBIDDEN)
    ends = await world.run(*(row(n, f"{n}@b.org") for n in range(1, 6)))
    assert [(end.seq, end.status, end.again) for end in ends] == [
        (1, "failed", False), (2, "failed", False), (3, "failed", True),
    ]  # fmt: skip
    assert world.stop.reason == "the first 3 requests were turned away: HTTP 403: no"
    assert world.stop.code == 3


@timeless
async def test_equal_refusals_stop_the_run_and_their_rows_stay_refused():
    world = Delivery(refused("101", "no list"), equal_refusals=2)
    ends = await world.run(*(row(n) for n in range(1, 5)))
    assert [(end.seq, end.again) for end in ends] == [(1, False), (2, False)]
    assert world.stop.reason.startswith(
        "2 rows in a row were refused alike: the server answered 101"
    )
    assert world.stop.code == 3


@timeless
async def test_too_many_failed_rows_stop_the_run_whatever_they_failed_of():
    world = Delivery(refused(), LOST, OK, max_failures="1")
    ends = await world.run(row(1), row(2, ""), row(3), row(4))
    assert sorted((end.seq, end.status) for end in ends) == [
        (1, "failed"), (2, "unknown"), (3, "success"),  # which was on its way already
    ]  # fmt: skip
    assert world.stop.reason == "2 of 2 rows failed, more than --max-failures 1"
    assert world.stop.code == 3


# -- code 2, 103 and 104 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "is_fatal"), [((), True), ((OK,), False), ((SLOWER,), False), ((refused(),), False)]
)
def test_no_data_is_fatal_only_as_the_first_answer_of_all(before, is_fatal):
    @timeless
    async def run():
        world = Delivery(*before, refused("2", "no data"), OK)
        await world.run(row(1), row(2), row(3))
        assert world.stop.is_set is is_fatal
        assert world.stop.reason == (describe(refused("2", "no data")) if is_fatal else "")

    run()


@pytest.mark.parametrize(
    ("code", "body", "lists", "is_fatal"),
    [
        ("103", b"&add_to_lists=a", ["a"], True), ("104", b"&add_to_lists=a", ["a"], True), ("105", b"&add_to_lists=a", ["a"], False),
        ("103", b"&add_to_lists=b", ["a"], False), ("103", b"", ["a"], False), ("103", b"&add_to_lists=a", [], False), ("103", b"", [], False),
        ("103", b"&add_to_lists=a%2Cb", ["a"], False), ("103", b"&add_to_lists=a%2Cb", ["b", "a", "c"], True),
        ("103", b"&remove_from_lists=a", ["a"], False),
    ],
)  # fmt: skip
def test_an_unknown_list_is_fatal_where_every_list_of_the_row_is_the_mappings_own(
    code, body, lists, is_fatal
):
    @timeless
    async def run():
        world = Delivery(refused(code, "no such group"), lists=lists)
        (end,) = await world.run(row(1)._replace(body=b"x=1" + body))
        assert (end.status, end.error_code, end.again) == (Status.FAILED, code, is_fatal)
        assert (world.stop.code, bool(world.stop.reason)) == ((3, True) if is_fatal else (0, False))

    run()


# -- again --------------------------------------------------------------------------------------------


@timeless
async def test_a_row_that_is_repeated_says_how_often_and_after_which_wait():
    world = Delivery(IN_7_S, OK)
    assert await world.run(row(7)) == [
        Settled(7, Status.SUCCESS, "0", AFTER_7_S, 2, 200, "", MS, again=False)
    ]
    assert world.notes.entries[0] == Unsettled(
        7, 1, AttemptResult.DOUBTFUL, "HTTP 502, empty", 502, MS
    )
    assert [at for at, _, _ in world.client.sent] == [1000.0, 1007.25]


@timeless
async def test_a_note_comes_before_the_words_about_attempts():
    world = Delivery(IN_7_S, Answer(Verdict.SUCCESS, 200, "0", note="a mail went out"))
    (end,) = await world.run(row(7))
    assert end.message == f"a mail went out; {AFTER_7_S}"


@timeless
async def test_attempts_of_an_earlier_run_are_counted_and_need_no_wait():
    (end,) = await Delivery().run(row(7, attempts=1, next_number=2))
    assert (end.attempts, end.message) == (2, "attempt 2, after 0.0 s of waiting")


@pytest.mark.parametrize(
    ("wait_s", "message"), [(0.03125, ""), (0.0625, "attempt 1, after 0.1 s of waiting")]
)
def test_a_wait_is_told_from_a_twentieth_of_a_second_on(monkeypatch, wait_s, message):
    monkeypatch.setattr("random.uniform", lambda _least, _most: wait_s)

    @timeless
    async def run():
        (end,) = await Delivery(AWAY, OK).run(row(7))
        assert (end.attempts, end.message) == (1, message)

    run()


@timeless
async def test_attempts_that_never_left_count_as_waiting_and_not_as_attempts():
    world = Delivery(AWAY, AWAY, OK)
    (end,) = await world.run(row(7, ""))
    assert (end.status, end.attempts) == (Status.SUCCESS, 1)
    assert end.message.startswith("attempt 1, after ")
    assert [type(entry) for entry in world.notes.entries] == [Unsettled, Unsettled, Settled]
    assert len(world.client.sent) == 3


@timeless
async def test_a_throttled_row_is_sent_again_until_it_is_taken_and_uses_up_no_attempt():
    world = Delivery(*[replace(SLOWER, retry_after_s=7.0)] * 4, OK, max_attempts=1)
    (end,) = await world.run(row(7, ""))
    assert (end.status, end.attempts) == (Status.SUCCESS, 5)
    assert end.message.startswith("attempt 5, after 28.")
    assert len(world.ear.pauses) == 4


@pytest.mark.parametrize("most", [1, 3])
def test_a_row_without_a_trustworthy_answer_is_given_up_after_the_last_attempt(most):
    @timeless
    async def run():
        world = Delivery(IN_7_S, max_attempts=most)
        (end,) = await world.run(row(7, attempts=2, next_number=3))
        assert len(world.client.sent) == most
        said = "no trustworthy answer; the last: HTTP 502, empty; "
        said += f"attempt {2 + most}, after {7 * (most - 1):.1f} s of waiting"
        assert end == Settled(
            7, Status.UNKNOWN, "HTTP_502", said, 2 + most, 502, "", MS, again=True
        )
        assert not world.stop.is_set

    run()


@timeless
async def test_a_row_without_an_email_is_sent_once_and_never_again():
    world = Delivery(LATE)
    (end,) = await world.run(row(7, "", contact="+14155550123"))
    said = (
        "sent once without a trustworthy answer (no answer within 30 s); not repeated, because "
        "each request for a row without e-mail makes a new contact"
    )
    assert end == Settled(7, Status.UNKNOWN, "TIMEOUT", said, 1, None, "", MS, again=False)
    assert len(world.client.sent) == 1


@pytest.mark.parametrize("email", ["", "a@b.org"])
def test_a_refusal_after_a_doubtful_attempt_leaves_the_row_unknown(email):
    @timeless
    async def run():
        world = Delivery(refused("101", ""))
        (end,) = await world.run(row(7, email, attempts=1, next_number=2, in_doubt=True))
        assert (end.status, end.error_code, end.http_status, end.again) == (
            Status.UNKNOWN, "101", 200, bool(email),
        )  # fmt: skip
        assert end.message.startswith(
            "refused at attempt 2 (no text), but an earlier attempt had no answer and may have been "
            "applied; attempt 2, "
        )

    run()


@timeless
async def test_a_success_after_a_doubtful_attempt_is_a_success():
    (end,) = await Delivery(LOST, OK).run(row(7))
    assert (end.status, end.again, end.attempts) == (Status.SUCCESS, False, 2)


# -- the rows after it --------------------------------------------------------------------------------

SAME = [row(1), row(2), row(3, "c@d.org"), row(4)]


@timeless
async def test_rows_of_one_contact_are_sent_in_order_and_never_together():
    world = Delivery(concurrency=4)
    await world.run(*SAME)
    times = {int(body[2:]): at - 1000 for at, body, _ in world.client.sent}
    assert times == {1: 0.0, 3: 0.0, 2: 0.25, 4: 0.5}


@pytest.mark.parametrize("answer", [OK, refused(), FORBIDDEN])
def test_after_an_answer_the_next_row_of_the_contact_is_sent(answer):
    @timeless
    async def run():
        world = Delivery(by_row={1: [answer], 2: [OK], 3: [OK], 4: [OK]})
        await world.run(*SAME)
        assert sorted(world.client.rows) == [1, 2, 3, 4]

    run()


@pytest.mark.parametrize(
    "outcomes", [[LOST], [IN_7_S, refused()]], ids=["given up", "refused after a doubt"]
)
def test_after_an_end_in_doubt_the_later_rows_of_the_contact_wait_for_a_resume(outcomes):
    @timeless
    async def run():
        world = Delivery(by_row={1: outcomes, 3: [OK]}, max_attempts=2)
        ends = {end.seq: end for end in await world.run(*SAME)}
        said = "row 1 of the same contact is in doubt; a resume sends both in order"
        for seq in (2, 4):
            assert ends[seq] == Settled(
                seq, Status.NOT_SENT, "LANE_HELD", said, 0, None, "", None, again=True
            )
        assert (ends[1].status, ends[3].status) == (Status.UNKNOWN, Status.SUCCESS)
        assert sorted(set(world.client.rows)) == [1, 3]
        assert sorted(world.ear.ends) == ["not_sent", "not_sent", "success", "unknown"]

    run()


@timeless
async def test_a_row_that_is_held_keeps_what_an_earlier_run_tried_and_is_no_failure():
    world = Delivery(LOST, max_attempts=1, max_failures="1")
    _, held = await world.run(row(1), row(2, attempts=3, next_number=4))
    assert (held.attempts, held.finished_at, held.elapsed_ms) == (3, "", None)
    assert held.message.endswith(" in order; attempt 3, after 0.0 s of waiting")
    assert not world.stop.is_set, "one failed, one was not sent"


@timeless
async def test_rows_without_an_email_of_one_phone_are_not_held_by_one_that_is_never_repeated():
    world = Delivery(LOST, OK)
    ends = await world.run(row(1, "", contact="+1"), row(2, "", contact="+1"))
    assert [end.status for end in ends] == [Status.UNKNOWN, Status.SUCCESS]


# -- who may start ------------------------------------------------------------------------------------


async def started(world: Delivery, seconds: float, rows: int = 200) -> list[int]:
    """The different rows that were sent within *seconds* of *rows* contacts."""
    running = asyncio.create_task(world.run(*(row(n, f"{n}@b.org") for n in range(1, rows + 1))))
    await asyncio.sleep(seconds)
    world.stop.request("enough", 3)
    await running
    return sorted(set(world.client.rows))


LATER = replace(UNREADABLE, retry_after_s=500.0)


@pytest.mark.parametrize(("concurrency", "most"), [(1, 32), (40, 79)])
def test_while_many_rows_wait_to_be_repeated_no_new_one_is_started(concurrency, most):
    """So many wait that memory and order suffer: beyond 32, or one for each that may be in flight."""

    @timeless
    async def run():
        world = Delivery(LATER, concurrency=concurrency, breaker_failures=1000)
        assert len(await started(world, 400)) <= most
        assert len(set(world.client.rows)) >= max(32, concurrency)

    run()


@timeless
async def test_while_everything_fails_only_what_failed_is_repeated():
    world = Delivery(LATER, breaker_failures=3, breaker_s=10_000)
    assert await started(world, 400) == [1, 2, 3]


@timeless
async def test_while_everything_fails_one_row_that_waits_is_enough_to_start_no_other():
    world = Delivery(LATER, breaker_failures=1, breaker_s=10_000)
    assert await started(world, 400) == [1]


@timeless
async def test_rows_that_are_not_repeated_keep_nobody_waiting_while_everything_fails():
    world = Delivery(LOST, breaker_failures=2, breaker_s=10_000)
    ends = await asyncio.wait_for(world.run(*(row(n, "") for n in range(1, 8))), 60)
    assert [end.status for end in ends] == [Status.UNKNOWN] * 7


@timeless
async def test_rows_that_are_through_make_room_for_as_many_that_wait():
    outcomes = {n: [IN_7_S, OK] for n in range(1, 6)}
    world = Delivery(LATER, by_row=outcomes, breaker_failures=1000)
    assert await started(world, 400) == list(range(1, 5 + 32 + 1))


@timeless
async def test_when_repetitions_succeed_new_rows_are_started_again():
    outcomes = {n: [IN_7_S, OK] for n in range(1, 4)}
    world = Delivery(by_row=outcomes, breaker_failures=3, breaker_s=10_000, concurrency=1)
    ends = await world.run(*(row(n, f"{n}@b.org") for n in range(1, 9)))
    assert [end.status for end in ends] == ["success"] * 8
    assert world.client.rows[:3] == [1, 2, 3]
    assert max(at for at, _, _ in world.client.sent) < 1000 + 7 + 9 * 0.25 + 1


@timeless
async def test_a_stop_ends_workers_that_have_nothing_to_do_and_waits_for_those_in_flight():
    world = Delivery(LATER, concurrency=8)
    running = asyncio.create_task(world.run(row(1)))
    await asyncio.sleep(1)
    world.stop.request("enough", 3)
    assert await asyncio.wait_for(running, 1) == []
    busy = Delivery(OK, concurrency=2)
    running = asyncio.create_task(busy.run(row(1), row(2, "c@d.org"), row(3, "e@f.org")))
    await asyncio.sleep(0.1)
    busy.stop.request("enough", 3)
    assert [end.seq for end in await running] == [1, 2]


@timeless
async def test_rows_that_come_later_are_sent_when_the_pool_is_woken():
    world, later = Delivery(concurrency=3), [row(1)]
    pool, is_over = world.pool(), False

    def supply() -> Iterator[Pending]:
        return iter(lambda: later.pop(0) if later else None, None)

    class Supply:
        def __iter__(self):
            return self

        def __next__(self):
            return next(supply())

    running = asyncio.create_task(pool.run(Supply(), lambda: is_over))
    await asyncio.sleep(5)
    assert world.client.rows == [1]
    later += [row(2), row(3, "c@d.org")]
    pool.wake()
    await asyncio.sleep(5)
    assert sorted(world.client.rows) == [1, 2, 3]
    assert not running.done()
    is_over = True
    pool.wake()
    await asyncio.wait_for(running, 1)


@timeless
async def test_as_many_workers_are_woken_as_are_asked_for():
    """Each looks for a row, which costs as much as one: counted by who asks."""
    world, asked = Delivery(concurrency=3), 0

    class Empty:
        def __iter__(self):
            return self

        def __next__(self):
            nonlocal asked
            asked += 1
            raise StopIteration

    pool = world.pool()
    running = asyncio.create_task(pool.run(Empty(), lambda: False))
    await asyncio.sleep(1)
    found = [asked]
    for workers in (1, 2, 7):
        pool.wake(workers)
        await asyncio.sleep(1)
        found.append(asked)
    assert found == [3, 4, 6, 9]
    pool.wake()
    await asyncio.sleep(1)
    assert asked == 12
    world.stop.request("enough", 3)
    await asyncio.wait_for(running, 1)


@timeless
async def test_a_repeated_row_lets_the_next_of_its_contact_go_where_all_workers_are_idle():
    world = Delivery(by_row={1: [IN_7_S, OK], 2: [OK]}, concurrency=3)
    ends = await asyncio.wait_for(world.run(row(1), row(2)), 60)
    assert [(end.seq, end.status) for end in ends] == [(1, "success"), (2, "success")]
    assert world.client.rows == [1, 1, 2]


# -- disk, pace and claims ----------------------------------------------------------------------------


@timeless
async def test_a_row_that_cannot_be_read_ends_the_run_in_order():
    def supply():
        yield row(1)
        raise StorageError("the journal cannot be read")

    world = Delivery(concurrency=2)
    await world.pool().run(supply())
    assert (world.stop.reason, world.stop.code) == ("the journal cannot be read", 5)
    assert [end.status for end in world.notes.ends] == [Status.SUCCESS]
    assert world.notes.flushed == 1


@timeless
async def test_a_journal_that_fails_stops_the_run():
    world = Delivery()
    world.pool()
    world.notes.on_failure(StorageError("the disk is full"))
    assert (world.stop.reason, world.stop.code) == ("the disk is full", 5)


@timeless
async def test_the_rate_of_a_pool_is_that_of_its_pace():
    pool = Delivery(rate=50).pool()
    assert (pool.rate, pool.pace.asked) == (50, 50)
    pool.pace.ask(7)
    assert pool.rate == 7


@timeless
async def test_what_is_claimed_ahead_and_not_sent_is_withdrawn_before_the_run_ends():
    world = Delivery(OK, FATAL, concurrency=8)
    await world.run(*(row(n, f"{n}@b.org") for n in range(1, 101)))
    sent = set(world.client.rows)
    assert len(sent) <= 16
    withdrawn = [entry for entry in world.notes.entries if isinstance(entry, Unsettled)]
    assert {entry.seq for entry in withdrawn} == {
        intent.seq for intent in world.notes.claimed
    } - sent
    assert {entry[2:] for entry in withdrawn} == {("withdrawn", "the run stopped", None, 0)}
    assert len(withdrawn) >= 4


@pytest.mark.parametrize(
    ("concurrency", "rate", "at_once"),
    [
        (1, 0, 0), (7, 0, 0), (8, 0, 16), (31, 0, 62), (32, 0, 64), (33, 0, 64), (1000, 0, 64),
        (8, 2, 0), (8, 49.9, 0), (8, 50, 16), (7, 50, 0),
    ],
)  # fmt: skip
def test_rows_are_claimed_together_where_many_requests_are_made(concurrency, rate, at_once):
    assert claims_at_once(Settings(concurrency=concurrency, rate=rate)) == at_once


@timeless
async def test_without_rows_nothing_is_sent_and_the_run_ends_at_once():
    world = Delivery(concurrency=5)
    assert await asyncio.wait_for(world.run(), 1) == []
    assert (world.client.sent, world.notes.flushed, world.stop.is_set) == ([], 1, False)

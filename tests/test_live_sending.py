"""A run as the page shows it: what it counts, what a person may do meanwhile, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulk_import.app import live
from bulk_import.app.live import Judging, Sending
from bulk_import.delivery.pace import Pace
from bulk_import.errors import SettingsError
from bulk_import.models import Status, Summary
from bulk_import.run.judging import JudgingStoppedError
from bulk_import.run.plan import Plan

NOTHING: dict[str, Any] = {
    "phase": "judging", "total": 0, "judged": 0, "done": 0, "counts": {}, "rate": 0.0, "eta_s": None, "elapsed_s": 0,
    "held": False, "asked": None, "in_force": None, "pause_s": 0.0, "pause_why": "", "canary": 0, "to_send": 0,
    "stopping": False, "said": [], "causes": [], "error": "", "stopped": "",
}  # fmt: skip


def changed(sending: Sending) -> dict[str, Any]:
    """What the page is shown beyond a run that has just begun."""
    return {key: value for key, value in sending.snapshot().items() if value != NOTHING[key]}


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The clock of the page; it stands until the test moves it."""
    made = SimpleNamespace(now=time.monotonic())
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@pytest.fixture
def sending(tmp_path, clock) -> Sending:
    return Sending(tmp_path, 3)  # begun a moment after the time that the clock shows


# -- what it counts --------------------------------------------------------------------------------------


def test_a_run_that_has_just_begun_shows_nothing(sending):
    assert (sending.snapshot(), sending.is_over) == (NOTHING, False)


def test_rows_are_counted_as_they_are_read_judged_and_sent(sending):
    sending.reading(3)
    sending.reading(4)
    assert changed(sending) == {"judged": 7}
    sending.sending(5)
    assert changed(sending) == {"judged": 7, "phase": "sending", "total": 5}
    for status in (Status.SUCCESS, Status.SUCCESS, Status.INVALID):
        sending.settled(status)
    shown = sending.snapshot()
    assert (shown["done"], shown["counts"]) == (3, {"success": 2, "invalid": 1})
    sending.expecting(6)
    assert sending.snapshot()["total"] == 9  # three are over
    sending.sending(2)
    assert sending.snapshot()["total"] == 5


def test_each_change_has_another_number_so_that_pages_are_told(sending):
    changes: list[Callable[[], object]] = [
        lambda: sending.reading(1), lambda: sending.sending(1), lambda: sending.expecting(1),
        lambda: sending.settled(Status.SUCCESS), lambda: sending.paused(1, "x"), lambda: sending.say("x"),
        sending.hold, sending.go_on, lambda: sending.ask_rate(1), lambda: sending.answer(True), sending.end,
    ]  # fmt: skip
    for number, change in enumerate(changes, 1):
        change()
        assert sending.version == number


@pytest.mark.parametrize(
    ("at", "shown"), [(0.0, (5.0, "HTTP 429")), (4.96, (0.0, "HTTP 429")), (5.0, (0.0, "")), (9.0, (0.0, ""))]
)  # fmt: skip
def test_a_pause_is_shown_until_it_is_over(sending, clock, at, shown):
    sending.paused(5.0, "HTTP 429")
    clock.now += at
    found = sending.snapshot()
    assert (found["pause_s"], found["pause_why"]) == (pytest.approx(shown[0], abs=0.05), shown[1])


def test_the_rate_is_that_of_the_last_ten_seconds(sending, clock):
    sending.sending(100)
    for _ in range(2):
        sending.settled(Status.SUCCESS)
    clock.now += 0.1
    assert (sending.snapshot()["rate"], sending.snapshot()["eta_s"]) == (
        4.0,
        None,
    )  # of half a second
    clock.now += 20
    for _ in range(5):
        sending.settled(Status.FAILED)
    clock.now += 9.9
    shown = sending.snapshot()
    assert (shown["rate"], shown["eta_s"], shown["elapsed_s"]) == (
        0.5,
        186,
        pytest.approx(30, abs=1),
    )
    clock.now += 0.2
    assert (sending.snapshot()["rate"], sending.snapshot()["eta_s"]) == (0.0, None)


@pytest.mark.parametrize(("done", "eta"), [(2, None), (3, 12), (100, 0)])
def test_the_time_left_is_told_from_the_third_row_on(sending, done, eta):
    sending.sending(75)
    for _ in range(done):
        sending.settled(Status.SUCCESS)
    assert sending.snapshot()["eta_s"] == eta


def test_the_last_twenty_messages_are_shown_of_a_hundred(sending):
    for n in range(101):
        sending.say(f"m{n}")
    assert sending.snapshot()["said"] == [f"m{n}" for n in range(81, 101)]
    assert (len(sending.said), sending.said[0]) == (100, "m1")


# -- what a person may do --------------------------------------------------------------------------------


def test_without_a_pace_there_is_nothing_to_hold(sending):
    sending.hold()
    sending.go_on()
    sending.ask_rate(5)
    assert changed(sending) == {}


async def test_a_run_is_held_released_slowed_and_ended(tmp_path):
    async def work(_confirm: object, _progress: object, _stop: object, steer: Any) -> Summary:
        steer(Pace(2.0, clock=time.monotonic))
        sending.hold()
        held = sending.snapshot()
        assert (held["held"], held["asked"]) == (True, 2.0)
        sending.go_on()
        sending.ask_rate(-1)
        assert (sending.snapshot()["held"], sending.snapshot()["asked"]) == (False, 2.0)
        sending.ask_rate(0)
        assert sending.snapshot()["asked"] == 0
        sending.ask_rate(7)
        assert sending.snapshot()["asked"] == 7
        sending.hold()
        sending.end()
        assert (sending.snapshot()["held"], sending.snapshot()["stopping"]) == (False, True)
        return Summary("", (), "", "", {}, 0, stopped=str(sending.stop.reason))

    sending = Sending.start(tmp_path, None, work)
    assert sending.task is not None
    await sending.task
    assert (sending.error, sending.is_over, sending.phase) == ("", True, "over")
    assert sending.snapshot()["stopped"] == "stopped on the page"


# -- the confirmation ------------------------------------------------------------------------------------


async def confirmed(tmp_path: Path, expected: int | None, plan: Plan, answer: bool | None = None) -> tuple[bool, list[str], Sending]:  # fmt: skip
    """Whether a plan is confirmed; the phases that the page showed on the way."""
    found: list[bool] = []
    phases: list[str] = []

    async def work(confirm: Any, *_: object) -> Summary:
        found.append(await confirm(plan))
        phases.append(sending.phase)
        return Summary("", (), "", "", {}, 0)

    sending = Sending.start(tmp_path, expected, work)
    assert sending.task is not None
    if answer is not None:
        while sending.phase not in ("canary", "confirm"):
            await asyncio.sleep(0)
        phases.append(sending.phase)
        sending.answer(answer)
        sending.answer(not answer)  # the first one counts
    await sending.task
    assert sending.error == ""
    return found[0], phases, sending


def plan(to_send: int, accepted: int = 0) -> Plan:
    return Plan(endpoint="x", rows_read=to_send, to_send=to_send, accepted=accepted)


async def test_the_number_that_was_typed_is_sent_and_no_other(tmp_path):
    is_sent, phases, sending = await confirmed(tmp_path, 1200, plan(1200))
    assert (is_sent, phases, list(sending.said), sending.to_send) == (True, ["judging"], [], 1200)
    is_sent, _, sending = await confirmed(tmp_path, 1200, plan(1300))
    assert (is_sent, list(sending.said)) == (
        False, ["1,300 rows would be sent now, 1,200 were confirmed; look at the plan again"]
    )  # fmt: skip


@pytest.mark.parametrize("answer", [True, False])
async def test_a_run_that_is_continued_is_asked_about_and_so_is_the_rest_after_a_canary(
    tmp_path, answer
):
    found = await confirmed(tmp_path, None, plan(12), answer)
    assert (found[0], found[1], found[2].canary, found[2].to_send) == (answer, ["confirm", "sending"], 0, 12)  # fmt: skip
    found = await confirmed(tmp_path, 12, plan(12, accepted=5), answer)
    assert (found[0], found[1], found[2].canary, found[2].to_send) == (answer, ["canary", "sending"], 5, 7)  # fmt: skip


def test_an_answer_that_nobody_waits_for_is_none(sending):
    sending.answer(True)
    assert changed(sending) == {}


# -- the end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (SettingsError("no key"), "no key"), (ValueError("x"), "a bug in this program: ValueError: x"),
        (None, ""),
    ],
)  # fmt: skip
async def test_a_run_that_fails_says_why_and_is_over(tmp_path, exc, error):
    async def work(*_: object) -> Summary:
        if exc is not None:
            raise exc
        return Summary("", (), "", "", {}, 0, stopped="the limit")

    sending = Sending.start(tmp_path, None, work)
    assert sending.task is not None
    await sending.task
    shown = sending.snapshot()
    assert (shown["error"], shown["phase"], sending.is_over) == (error, "over", True)
    assert shown["stopped"] == ("" if exc else "the limit")


# -- judging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (None, ""), (SettingsError("no file"), "no file"), (JudgingStoppedError(), "stopped before the end"),
        (OSError(28, "No space left on device"), "No space left on device"), (OSError("odd"), "odd"),
    ],
)  # fmt: skip
async def test_judging_counts_its_rows_and_says_why_it_ended(exc, error):
    class Project:
        def judge(self, names: object, *, on_rows: Callable[[int], None], is_stopping: Callable[[], bool]) -> None:  # fmt: skip
            assert (names, is_stopping()) == ("names", False)
            on_rows(3)
            on_rows(4)
            if exc is not None:
                raise exc

    judging = Judging.start(Project(), "names")  # type: ignore[arg-type] - all that is asked of it
    assert judging.task is not None
    assert not judging.is_done
    await judging.task
    assert (judging.rows, judging.error, judging.is_done) == (7, error, True)
    assert Judging().is_done

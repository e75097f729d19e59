"""Which rows go first."""

from __future__ import annotations

import asyncio

from bulk_import import Status, import_file_async
from bulk_import.api.form import encode
from bulk_import.delivery.pace import Pace
from bulk_import.journal.entries import Pending
from bulk_import.mapping.loading import parse_mapping
from bulk_import.run.canary import choose_canary
from bulk_import.run.plan import Plan
from bulk_import.sandbox.app import Reply
from bulk_import.stopping import Stop
from tests.conftest import Ear


def test_the_canary_shows_as_many_shapes_as_it_can():
    rows = [Pending(n, "", "", "", encode([("add_tags", tag), ("lead_utc", utc)])) for n, (tag, utc) in enumerate(
        [("x", "+01"), ("x", "+01"), ("x", "+01"), ("y", "+01"), ("x", "+02")])]  # fmt: skip
    assert choose_canary(rows, 3) == {0, 3, 4}


async def test_a_page_may_answer_later_and_a_stop_meanwhile_is_a_no(
    contacts_csv, mapping, sandbox, settings
):
    stop = Stop()
    asked = []

    async def answer(plan: Plan) -> bool:
        asked.append(plan.accepted)
        if not plan.accepted:
            return True
        stop.request("stopped by a person", 3)
        await asyncio.sleep(60)
        return True

    summary = await import_file_async(
        contacts_csv(10), mapping, settings(sandbox, canary=2), confirm=answer, stop=stop
    )
    assert asked == [0, 2]
    assert summary.counts[Status.SUCCESS] == 2
    assert summary.counts[Status.NOT_SENT] == 8
    assert len(sandbox.sent()) == 2


async def test_the_pace_of_a_run_can_be_held_and_changed_from_outside(
    contacts_csv, mapping, sandbox, settings
):
    given: list[Pace] = []

    def steer(pace: Pace) -> None:
        given.append(pace)
        pace.hold()

    source = contacts_csv(20)
    run = asyncio.create_task(
        import_file_async(source, mapping, settings(sandbox, rate=0.1), steer=steer)
    )
    while not given:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert sandbox.sent() == []
    given[0].ask(0)
    given[0].release()
    assert (await run).counts[Status.SUCCESS] == 20


def pending(n: int, **fields: str) -> Pending:
    return Pending(n, "", "", "", encode(list(fields.items())))


def test_of_equal_rows_the_first_and_the_longest_are_chosen():
    rows = [
        pending(n, lead_first_name="x" * length)
        for n, length in enumerate([1, 1, 9, 1, 5, 1, 1, 1, 1])
    ]
    assert choose_canary(rows, 1) == {0}
    assert choose_canary(rows, 3) == {0, 1, 2}
    assert choose_canary(rows, 8) == {0, 1, 2, 3, 4, 5, 6, 7}


def test_a_canary_of_all_rows_is_all_rows():
    rows = [pending(n, add_tags="a") for n in range(4)]
    assert choose_canary(rows, 4) == choose_canary(rows, 9) == {0, 1, 2, 3}
    assert choose_canary([], 3) == frozenset()


def test_each_list_country_and_set_of_filled_fields_is_a_shape():
    rows = [
        pending(0, add_to_lists="a"), pending(1, add_to_lists="a"), pending(2, add_to_lists="a,b"),
        pending(3, lead_shipping_country_code="US"), pending(4, lead_shipping_country_code="DE"),
        pending(5, lead_first_name="x"), pending(6, lead_first_name="y"),
    ]  # fmt: skip
    assert choose_canary(rows, 5) == {0, 2, 3, 4, 5}


LISTED = (
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
    "  add_tags: {column: Tags, separator: ';'}\n  add_to_lists: {always: [Newsletter]}\n"
)


async def test_what_became_of_each_row_of_the_canary_is_told_before_the_rest_is_asked_for(
    write_csv, sandbox, settings
):
    source = write_csv([["E-mail", "Name", "Tags"], ["a@b.org", "Ann", "vip;new"], ["b@b.org", "", ""], ["c@b.org", "", ""]])  # fmt: skip
    ear, shown = Ear(), []
    await import_file_async(
        source, parse_mapping(LISTED, "m.yml"), settings(sandbox, canary=2, concurrency=1),
        confirm=lambda plan: shown.append(plan) or True, progress=ear,
    )  # fmt: skip
    told = [said for said in ear.told if said.startswith("canary: ")]
    assert told == [
        "canary: row 2, a@b.org: success; got add_to_lists: Newsletter; add_tags: vip, new; 2 other fields",
        "canary: row 3, b@b.org: success; got add_to_lists: Newsletter; 1 other fields",
    ]
    assert [(plan.accepted, [str(one) for one in plan.canary_results]) for plan in shown] == [(0, []), (2, told)]  # fmt: skip


async def test_a_canary_that_is_refused_ends_the_run_and_says_where_to_look(
    write_csv, sandbox, settings
):
    source = write_csv(
        [["E-mail", "Name", "Tags"], *([f"p{n}@b.org", f"N{n}", ""] for n in range(5))]
    )
    sandbox.script = lambda number, form: (
        Reply(3, "no name", apply=False) if form["lead_email"] == "p0@b.org" else None
    )
    ear = Ear()
    summary = await import_file_async(
        source,
        parse_mapping(LISTED, "m.yml"),
        settings(sandbox, canary=2, concurrency=1),
        progress=ear,
    )
    assert "canary: row 2, p0@b.org: failed (no name)" in ear.told
    assert summary.stopped == "the canary: 1 of 2 rows were accepted; see report.csv"
    assert (summary.exit_code, len(sandbox.sent())) == (3, 2)
    assert summary.counts[Status.NOT_SENT] == 3


async def test_a_no_after_the_canary_ends_the_run(write_csv, sandbox, settings):
    source = write_csv([["E-mail", "Name", "Tags"], *([f"p{n}@b.org", "", ""] for n in range(5))])
    summary = await import_file_async(
        source, parse_mapping(LISTED, "m.yml"), settings(sandbox, canary=2),
        confirm=lambda plan: not plan.accepted,
    )  # fmt: skip
    assert summary.stopped == "not confirmed after the canary; the rest was not sent"
    assert (summary.exit_code, len(sandbox.sent())) == (3, 2)


async def test_a_canary_of_all_there_is_asks_no_second_time(write_csv, sandbox, settings):
    source = write_csv([["E-mail", "Name", "Tags"], ["a@b.org", "", ""], ["b@b.org", "", ""]])
    asked = []
    for limit in (None, 1):
        await import_file_async(
            source, parse_mapping(LISTED, "m.yml"),
            settings(sandbox, canary=2, limit=limit, run_dir=None),
            confirm=lambda plan: asked.append((plan.canary, plan.accepted)) or True,
        )  # fmt: skip
    assert [accepted for _, accepted in asked] == [0, 0]
    assert len(sandbox.sent()) == 3

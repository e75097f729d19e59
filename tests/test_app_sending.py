"""Sending from the page is sending by the command: the same journal, the same requests."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bulk_import import import_file_async, load_mapping
from bulk_import.app.live import Sending
from bulk_import.models import Status
from bulk_import.run.plan import Plan
from bulk_import.sandbox.app import Reply, Sandbox
from tests.visitors import Visitor, judged

CSV = (
    "E-mail,Name,Phone,Tags\n"
    + "".join(f"p{n}@example.org,Person {n},+1415555{n:04},vip; new\n" for n in range(40))
    + "not an address,Bob,12,\n"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_OWN = {"reported", "epoch_ms", "elapsed_ms", "elapsed_s", "started_at", "finished_at", "run"}


def contents(journal: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table of a journal; what no two runs share (moments, durations, the name of the run) left out."""
    found = {}
    with closing(sqlite3.connect(journal)) as db:
        tables = [
            name for (name,) in db.execute("select name from sqlite_master where type = 'table'")
        ]
        for table in sorted(tables):
            cursor = db.execute(f"select * from {table}")  # noqa: S608 - names of its own tables
            names = [column[0] for column in cursor.description]
            found[table] = sorted(
                tuple(
                    "…" if name in _OWN or line[0] in _OWN else
                    _MOMENT.sub("…", value) if isinstance(value, str) else value
                    for name, value in zip(names, line, strict=True)
                )
                for line in cursor
            )  # fmt: skip
    return found


async def sent_by_page(person: Visitor, base: str, **form: str) -> Sending:
    await judged(person, base)
    await person.get(f"{base}/plan")
    await judged(person, base)
    page = await person.get(f"{base}/plan")
    typed = re.search(r'data-rows="(\d+)"', page)[1]
    await person.post(f"{base}/send", typed=typed, **{"rate": "0", "canary": "0"} | form)
    return person.page.desk.sending[base.rsplit("/", 1)[1]]


async def test_page_and_command_leave_the_same_journal_and_ask_the_same(person, tmp_path):
    await person.post("/account", kind="sandbox")
    base = await person.upload(CSV)
    sending = await sent_by_page(person, base)
    await sending.task
    assert sending.error == ""
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    desk = person.page.desk
    by_page = {email: c.fields for email, c in _contacts(desk)}
    settings = desk.account.settings
    from dataclasses import replace

    again = replace(settings, run_dir=tmp_path / "command", limits=replace(settings.limits, rate=0))
    summary = await import_file_async(project.source, load_mapping(project.mapping_path), again)
    assert summary.counts[Status.SUCCESS] == 40
    by_command = contents(tmp_path / "command" / "journal.sqlite3")
    for table, lines in contents(project.run_dir / "journal.sqlite3").items():
        assert lines == by_command.pop(table), table
    assert by_command == {}
    assert {email: c.fields for email, c in _contacts(desk)} == by_page


def _contacts(desk):
    return [(contact.email, contact) for contact in desk.sandbox.contacts()]


async def test_another_plan_than_the_confirmed_one_is_not_sent(person):
    answers = []

    async def work(confirm, *_):
        answers.extend([await confirm(Plan("", 10, 6)), await confirm(Plan("", 10, 5))])

    sending = Sending.start(Path("run"), 5, work)
    await sending.task
    assert answers == [False, True]
    assert "6 rows would be sent now, 5 were confirmed" in sending.said[0]
    assert sending.error == ""


async def test_pause_pace_stop_and_continue_from_the_page(person):
    async with Sandbox() as account:
        await person.post("/account", kind="account", endpoint=account.url, key=account.key)
        base = await person.upload(CSV)
        await person.post(f"{base}/mapping/assign", column="Tags", field="add_tags")
        sending = await sent_by_page(person, base, rate="20")
        while len(account.sent()) < 3:
            await asyncio.sleep(0.02)
        await person.post(f"{base}/steer", do="hold")
        await asyncio.sleep(0.3)
        held = len(account.sent())
        await asyncio.sleep(0.3)
        assert len(account.sent()) == held
        assert sending.snapshot()["held"] is True
        status, text, _ = await person.ask(
            "POST", f"{base}/edit", data={"seq": "1", "column": "Name", "text": "x"}
        )
        assert (status, "being sent" in text) == (409, True)
        await person.post(f"{base}/steer", do="rate", rate="0,5")
        assert sending.snapshot()["asked"] == 0.5
        await person.post(f"{base}/steer", do="stop")
        await sending.task
        assert sending.summary.counts[Status.NOT_SENT] == 40 - len(account.sent())
        plan = await person.get(f"{base}/plan")
        assert f">{40 - held}</span></span>" in plan.split('<dt class="starts">')[1], (
            "of the rows that are left"
        )
        # Continued: the person is asked with the number that is left.
        await person.post(f"{base}/send", rate="0", canary="0")
        going_on = person.page.desk.sending[base.rsplit("/", 1)[1]]
        while going_on.phase != "confirm":
            await asyncio.sleep(0.02)
        assert going_on.snapshot()["to_send"] == 40 - held
        await person.post(f"{base}/steer", do="yes")
        await going_on.task
        assert len(account.sent()) == 40
        assert "40 of 41 imported" in await person.get(f"{base}/result")
        plan = await person.get(f"{base}/plan")
        assert ("Nothing is left to send." in plan, 'id="confirm"' in plan, "Tags to add" in plan) == (True, False, False)  # fmt: skip


async def test_events_tell_how_it_stands_and_where_to_look_at_the_end(person):
    await person.post("/account", kind="sandbox")
    base = await person.upload(CSV)
    sending = await sent_by_page(person, base, canary="2")
    while sending.phase != "canary":
        await asyncio.sleep(0.02)
    await person.post(f"{base}/steer", do="yes")
    text = await person.get(f"{base}/events")
    states = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
    assert states[-1]["counts"] == {"success": 40}
    assert states[-1]["url"] == f"{base}/result"
    assert all(a["done"] <= b["done"] for a, b in pairwise(states))
    status, _, headers = await person.ask("GET", f"{base}/send")
    assert (status, headers["Location"]) == (303, f"{base}/result")


async def test_a_second_run_of_an_import_is_refused_while_the_first_goes_on(person):
    await person.post("/account", kind="sandbox")
    base = await person.upload(CSV)
    sending = await sent_by_page(person, base, rate="5")
    status, text, _ = await person.ask("POST", f"{base}/send", data={"typed": "40"})
    assert (status, "being sent already" in text) == (409, True)
    status, text, _ = await person.ask("POST", f"{base}/delete")
    assert (status, "stop it first" in text) == (409, True)
    sending.end()
    await sending.task


async def test_downloads_and_the_way_back_of_a_run(person):
    await person.post("/account", kind="sandbox")
    base = await person.upload(CSV)
    text = 'version: 1\nfields:\n  lead_email: E-mail\n  add_tags: {column: Tags, separator: ";"}\n'
    await person.post(f"{base}/mapping/file", text=text)
    sending = await sent_by_page(person, base)
    await sending.task
    run = sending.run_dir.name
    for name in ("report.csv", "report.html", "rejects.csv", "summary.json"):
        status, _, headers = await person.ask("GET", f"/runs/{run}/files/{name}")
        assert status == 200
        assert headers["Content-Disposition"] == f'attachment; filename="{name}"'
    result = await person.get(f"{base}/result")
    assert "into the sandbox." in result
    answer = await person.post(f"/runs/{run}/undo")
    plan = await person.get(answer["url"])
    assert 'title="contacts.csv">contacts.csv <span class="chip">undo</span>' in plan
    await judged(person, answer["url"].removesuffix("/plan"))
    plan = await person.get(answer["url"])
    assert 'data-rows="40"' in plan
    assert "Tags to remove" in plan
    answer = await person.post(f"/runs/{run}/rejects")
    fixing = answer["url"].removesuffix("/review")
    await judged(person, fixing)
    assert json.loads(await person.get(f"{fixing}/rows?rows=10"))["total"] == 1


@pytest.mark.parametrize("what", ["", "explode", "rate"])
async def test_orders_that_make_no_sense_are_refused(person, what):
    await person.post("/account", kind="sandbox")
    base = await person.upload(CSV)
    sending = await sent_by_page(person, base, rate="5")
    status, _, _ = await person.ask("POST", f"{base}/steer", data={"do": what, "rate": "fast"})
    assert status in (400, 409)
    sending.end()
    await sending.task


async def test_columns_are_settled_once_a_row_was_sent(person):
    await person.post("/account", kind="sandbox")
    base = await person.upload("E-mail,Phone\na@example.org,\nb@example.org,12\n")
    text = "version: 1\nfields:\n  lead_email: E-mail\n  lead_phone: Phone\n"
    await person.post(f"{base}/mapping/file", text=text)
    sending = await sent_by_page(person, base)
    await sending.task
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    before = project.mapping_text()

    status, said, _ = await person.ask(
        "POST", f"{base}/mapping/option", data={"path": "when/bad_value", "value": "drop_field"}
    )
    assert (status, "by the same columns and rules" in said) == (409, True)
    assert project.mapping_text() == before
    match = await person.get(f"{base}/match")
    assert '<fieldset class="plain" disabled>' in match
    await judged(person, base)
    side = await person.get(f"{base}/side")
    assert "data-fix" not in side
    # The way on: the rows that need somebody, by themselves.
    run = sending.run_dir.name
    assert f'action="/runs/{run}/rejects"' in side
    answer = await person.post(f"/runs/{run}/rejects")
    alone = answer["url"].removesuffix("/review")
    await judged(person, alone)
    assert "data-fix" in await person.get(f"{alone}/side")


async def test_columns_can_be_changed_while_no_row_was_sent(person):
    async with Sandbox() as account:
        await person.post("/account", kind="account", endpoint=account.url, key=account.key)
        base = await person.upload("E-mail,Phone\na@example.org,+14155550123\n")
        account.script = lambda number, form: Reply(4, "incorrect hash")
        sending = await sent_by_page(person, base)
        await sending.task
        account.script = None
        await person.post(f"{base}/mapping/assign", column="Phone", field="")
        sending = await sent_by_page(person, base)
        await sending.task
        (contact,) = account.contacts()
    assert (contact.email, contact.fields.get("lead_phone")) == ("a@example.org", None)


async def test_a_row_that_was_imported_is_not_corrected_for_nothing(person):
    await person.post("/account", kind="sandbox")
    base = await person.upload("E-mail,Name\na@example.org,Ann\nnobody,Ann\n")
    sending = await sent_by_page(person, base)
    await sending.task
    await judged(person, base)
    form = {"seq": "1", "column": "Name", "text": "Anna"}
    status, said, _ = await person.ask("POST", f"{base}/edit", data=form)
    assert (status, "this row was imported" in said) == (409, True)
    # A replacement leaves it alone, and corrects the row that can still be sent.
    answer = await person.post(f"{base}/replace", column="Name", find="Ann", by="Anna")
    assert answer["changed"] == 1
    rows = json.loads(await person.get(f"{base}/rows?rows=5"))["rows"]
    assert [row["cells"][1] for row in rows] == ["Ann", "Anna"]

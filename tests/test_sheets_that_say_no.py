"""A workbook with contacts and a sheet of people who unsubscribed: nobody on it is written to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import openpyxl
import pytest

from bulk_import import check_file, import_file_async, load_mapping, resume_async, sync_async
from bulk_import.jobs.proposing import propose
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.suppression import unheeded_sheets
from bulk_import.models import Problem, Status

STOPPED = (
    "nothing was sent: the name of sheet 'Unsubscribed' says that the people on it must not be written to, "
    "and nothing keeps them back. Name it under `suppress:` (file: and sheet:), or write "
    "`when: {says_no: send}` if it means something else"
)
FIELDS = "version: 1\nfields: {lead_email: E-mail}\n"
LISTED = FIELDS + "suppress: [{file: people.xlsx, sheet: Unsubscribed}]\n"


@pytest.fixture
def workbook(tmp_path) -> Path:
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("Unsubscribed")
    for email in ("E-mail", "a@b.org", "left@b.org", "c@b.org"):
        first.append([email])
    for email in ("E-mail", "left@b.org"):
        second.append([email])
    path = tmp_path / "people.xlsx"
    book.save(path)
    return path


def mapping(folder: Path, text: str) -> Path:
    path = folder / "mapping.yml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.usefixtures("reader_in_a_thread")
@pytest.mark.parametrize(
    "ahead", [pytest.param(0, id="read ahead"), pytest.param(-1, id="read first")]
)
async def test_where_nobody_is_asked_the_run_and_its_resume_stop(
    sandbox, settings, workbook, tmp_path, ahead
):
    chosen = settings(sandbox, read_ahead_bytes=ahead)
    first = await import_file_async(workbook, mapping(tmp_path, FIELDS), chosen)
    second = await resume_async(chosen.run_dir, chosen)
    for summary in (first, second):
        assert (summary.stop_code, summary.stopped) == (3, STOPPED)
        assert summary.counts[Status.NOT_SENT] == 3
    assert sandbox.sent() == []


@pytest.mark.usefixtures("reader_in_a_thread")
@pytest.mark.parametrize("ahead", [0, -1])
@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (LISTED, ["a@b.org", "c@b.org"]),
        (FIELDS + "when: {says_no: send}\n", ["a@b.org", "c@b.org", "left@b.org"]),
    ],
)
async def test_a_list_keeps_its_people_back_and_the_mapping_may_say_that_it_is_none(
    sandbox, settings, workbook, tmp_path, text, sent, ahead
):
    chosen = settings(sandbox, read_ahead_bytes=ahead)
    summary = await import_file_async(workbook, mapping(tmp_path, text), chosen)
    assert (summary.stop_code, summary.stopped) == (0, "")
    assert sorted(request.form["lead_email"] for request in sandbox.sent()) == sent


async def test_a_night_stops_as_well(sandbox, settings, workbook, tmp_path):
    nights = [settings(sandbox, run_dir=tmp_path / name) for name in ("first", "second")]
    state = tmp_path / "state.db"
    first = await sync_async(workbook, mapping(tmp_path, FIELDS), nights[0], state=state)
    assert (first.stop_code, first.stopped) == (3, STOPPED)
    assert sandbox.sent() == []
    second = await sync_async(workbook, mapping(tmp_path, LISTED), nights[1], state=state)
    assert (second.stop_code, second.counts[Status.SUCCESS]) == (0, 2)


async def test_a_person_who_is_asked_decides(sandbox, settings, workbook, tmp_path):
    asked = []

    async def confirm(plan):
        await asyncio.sleep(0)
        asked.extend(str(problem) for _, problem in plan.problems)
        return True

    chosen = settings(sandbox)
    loaded = load_mapping(mapping(tmp_path, FIELDS))
    summary = await import_file_async(workbook, loaded, chosen, confirm=confirm)
    assert summary.counts[Status.SUCCESS] == 3
    assert any("sheet 'Unsubscribed', whose name says no" in one for one in asked)


def test_sheets_that_are_on_a_list_are_heeded():
    said = [
        ("a.xlsx", Problem("SHEET_SAYS_NO", "…", value="Unsubscribed")),
        ("b.xlsx", Problem("SHEET_SAYS_NO", "…", value="Unsubscribed")),
        ("b.xlsx", Problem("SHEET_SAYS_NO", "…", value="Bounced")),
        ("b.xlsx", Problem("SHEET_CHOSEN", "…", value="Others")),
    ]
    assert unheeded_sheets(said, []) == ["Unsubscribed", "Bounced"]
    listed = [SuppressSpec(file="b.xlsx", sheet="Unsubscribed"), SuppressSpec(file="c.csv")]
    assert unheeded_sheets(said, listed) == ["Bounced"]


@pytest.mark.parametrize("place", ["mapping.yml", "mappings/people.yml"])
def test_init_proposes_the_list_from_where_the_mapping_will_be(workbook, tmp_path, place):
    output = tmp_path / place
    output.parent.mkdir(exist_ok=True)
    output.write_text(propose(str(workbook)).text(output.parent), "utf-8")
    listed = load_mapping(output).spec.suppress
    assert [(one.sheet, (output.parent / one.file).resolve()) for one in listed] == [
        ("Unsubscribed", workbook)
    ]
    checked = check_file(workbook, output)
    assert (checked.plan.to_send, checked.plan.counts[Status.SUPPRESSED]) == (2, 1)


def test_init_lists_nothing_of_a_workbook_without_such_a_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["E-mail"])
    book.active.append(["a@b.org"])
    book.save(tmp_path / "plain.xlsx")
    assert "suppress" not in propose(str(tmp_path / "plain.xlsx")).text()

"""The stations of a run: what is locked, asked, said, sent and left behind, counted on the server's side."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bulk_import import import_file_async, import_frame_async, resume_async
from bulk_import.errors import (
    BusyError,
    MappingError,
    SettingsError,
    SetupError,
    StoppedError,
    StorageError,
)
from bulk_import.jobs.accounts import ask_account
from bulk_import.journal import Journal
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from bulk_import.run.corrections import Correction, corrections_beside, write_corrections
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import opened_inputs
from bulk_import.run.plan import Approval, Plan, Tally
from bulk_import.run.run import Run
from bulk_import.sandbox.app import Reply
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from bulk_import.system.crash import watched_scene
from bulk_import.system.locks import hold
from tests.conftest import Ear, report_of, statuses

HEADER = ["E-mail", "Name", "Phone", "Tags"]
NEWSLETTER = "1473249885.2899961004"


@pytest.fixture
def people(write_csv):
    """A file of that many good contacts."""

    def write(count: int, *more: list[str], name: str = "contacts.csv") -> Path:
        rows = [[f"p{n}@example.org", f"N{n}", "", ""] for n in range(count)]
        return write_csv([HEADER, *rows, *more], name=name)

    return write


@pytest.fixture
def listed(mapping) -> Path:
    mapping.write_text(
        mapping.read_text("utf-8") + "  add_to_lists: {always: [Newsletter]}\n", "utf-8"
    )
    return mapping


class Told(Ear):
    def __init__(self) -> None:
        super().__init__()
        self.totals: list[int] = []
        self.read: list[int] = []

    def sending(self, total: int) -> None:
        self.totals.append(total)

    def reading(self, rows: int) -> None:
        self.read.append(rows)


def stopped(reason: str = "Ctrl-C", code: int = 130) -> Stop:
    stop = Stop()
    stop.request(reason, code)
    return stop


def facts_of(run_dir: Path) -> dict[str, str]:
    with Journal.open(run_dir / JOURNAL) as journal:
        return journal.facts()


# -- before anything is sent -----------------------------------------------------------------------------


async def test_a_window_that_is_none_is_refused_before_anything_is_read_or_made(
    sandbox, settings, tmp_path, mapping
):
    with pytest.raises(SettingsError, match="window"):
        await import_file_async(tmp_path / "gone.csv", mapping, settings(sandbox, window="noon"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_run_that_is_refused_leaves_the_folder_as_it_was(
    sandbox, settings, people, listed, tmp_path, is_there
):
    if is_there:
        (tmp_path / "run").mkdir()
    listed.write_text(listed.read_text("utf-8").replace("Newsletter", "Nothing"), "utf-8")
    with pytest.raises(MappingError, match="Nothing"):
        await import_file_async(people(1), listed, settings(sandbox))
    assert (tmp_path / "run").exists() is is_there
    assert not is_there or [*(tmp_path / "run").iterdir()] == []


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_run_that_is_stopped_before_it_is_connected_leaves_nothing_behind(
    sandbox, settings, people, mapping, tmp_path, is_there
):
    if is_there:
        (tmp_path / "run").mkdir()
    with pytest.raises(StoppedError) as caught:
        await import_file_async(people(1), mapping, settings(sandbox), stop=stopped())
    assert (str(caught.value), caught.value.exit_code) == ("Ctrl-C; nothing was sent", 130)
    assert (tmp_path / "run").exists() is is_there
    assert not is_there or [*(tmp_path / "run").iterdir()] == []


async def test_a_folder_that_another_run_holds_is_left_to_it(
    sandbox, settings, people, mapping, tmp_path
):
    run = tmp_path / "run"
    run.mkdir()
    with hold(run / "journal.lock", "x"):
        with pytest.raises(BusyError, match=f"the run folder {run}"):
            await import_file_async(people(1), mapping, settings(sandbox))
        assert (run / "journal.lock").exists()


async def test_a_folder_of_another_job_is_continued_by_that_alone(
    sandbox, settings, people, mapping, tmp_path
):
    source = people(2)
    await import_file_async(source, mapping, settings(sandbox, limit=1))
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        journal.remember(job="retag")
    with pytest.raises(SetupError, match=r"holds a run of `bulk-import retag`"):
        await import_file_async(source, mapping, settings(sandbox))
    assert len(sandbox.sent()) == 1


async def test_a_crash_is_written_into_the_folder_of_the_run(sandbox, settings, people, mapping, tmp_path):  # fmt: skip
    source = people(2)
    for options in ({"limit": 1}, {}):
        with watched_scene() as scene:
            await import_file_async(source, mapping, settings(sandbox, **options))
        assert scene.folder == tmp_path / "run"


@pytest.mark.parametrize("asks", [True, False])
async def test_managers_are_asked_for_where_the_mapping_needs_them(
    sandbox, settings, people, mapping, asks
):
    if asks:
        mapping.write_text(mapping.read_text("utf-8") + "  lead_personal_manager: Tags\n", "utf-8")
    await import_file_async(people(1), mapping, settings(sandbox))
    asked = [request.method for request in sandbox.store.requests()]
    assert ("getpersonalmanagers" in asked) is asks
    managers = json.loads(facts_of(settings(sandbox).run_dir)["managers"])
    assert managers == ({"Vera Lindqvist": "101", "Omar Haddad": "102"} if asks else {})


async def test_an_account_that_is_asked_tells_its_lists_and_managers(sandbox, settings):
    told = await ask_account(settings(sandbox))
    assert [entry.title for entry in told.lists] == ["Newsletter", "Customers", "Super", "Clients"]
    assert told.manager_ids == {"Vera Lindqvist": "101", "Omar Haddad": "102"}
    with pytest.raises(SettingsError, match="key"):
        await ask_account(Settings(endpoint=sandbox.url))


@pytest.mark.parametrize(
    ("options", "sent"), [({}, NEWSLETTER), ({"preflight": False}, "Newsletter"), ({"dry_run": True}, "Newsletter")]
)  # fmt: skip
async def test_a_list_is_its_id_where_the_account_was_asked_else_as_it_is_written(
    sandbox, settings, people, listed, tmp_path, options, sent
):
    await import_file_async(people(1), listed, settings(sandbox, **options))
    if "dry_run" in options:
        assert f"add_to_lists={sent}" in report_of(tmp_path / "run")[0]["message"]
    else:
        assert [request.form["add_to_lists"] for request in sandbox.sent()] == [sent]
    lists = json.loads(facts_of(tmp_path / "run")["lists"])
    assert lists.get("Newsletter") == (None if options else NEWSLETTER)


@pytest.mark.parametrize(
    ("options", "known", "unknown"),
    [({}, "success", "invalid"), ({"preflight": False}, "invalid", "invalid"), ({"dry_run": True}, "not_sent", "not_sent")],
)  # fmt: skip
async def test_a_manager_is_refused_whom_the_account_does_not_name_unless_it_is_a_rehearsal(
    sandbox, settings, write_csv, mapping, tmp_path, options, known, unknown
):
    mapping.write_text(mapping.read_text("utf-8") + "  lead_personal_manager: Manager\n", "utf-8")
    rows = [[f"{name[0]}@b.org", "", "", "", name] for name in ("Vera Lindqvist", "Nobody Known")]
    source = write_csv([[*HEADER, "Manager"], *rows])
    await import_file_async(source, mapping, settings(sandbox, **options))
    assert statuses(tmp_path / "run") == [known, unknown]
    assert [request.form["lead_personal_manager"] for request in sandbox.sent()] == ["101"] * (known == "success")  # fmt: skip


# -- asked, and told --------------------------------------------------------------------------------------


async def test_whoever_confirms_sees_the_titles_of_lists_also_when_the_run_is_continued(
    sandbox, settings, people, listed
):
    source, plans = people(3), []

    def confirm(plan: Plan) -> bool:
        plans.append(plan)
        return True

    for options in ({"limit": 1}, {}):
        await import_file_async(source, listed, settings(sandbox, **options), confirm=confirm)
    assert [plan.titles[NEWSLETTER] for plan in plans] == ["Newsletter", "Newsletter"]
    assert [(plan.rows_read, plan.to_send) for plan in plans] == [(3, 1), (3, 2)]
    assert plans[1].changes == {"add_to_lists": Counter({NEWSLETTER: 2})}


async def test_a_no_sends_nothing_and_says_so(sandbox, settings, people, mapping, tmp_path):
    summary = await import_file_async(
        people(2), mapping, settings(sandbox), confirm=lambda _: False
    )
    assert (summary.stopped, summary.exit_code) == ("not confirmed; nothing was sent", 3)
    assert (sandbox.sent(), statuses(tmp_path / "run")) == ([], ["not_sent", "not_sent"])


async def test_nobody_is_asked_where_nothing_can_be_sent(sandbox, settings, write_csv, mapping):
    asked: list[Plan] = []
    source = write_csv([HEADER, ["nobody", "", "", ""]])
    summary = await import_file_async(source, mapping, settings(sandbox), confirm=asked.append)
    assert (asked, summary.stopped, summary.exit_code) == ([], "", 1)
    assert summary.counts[Status.INVALID] == 1


async def test_a_yes_may_ask_for_a_canary(sandbox, settings, people, mapping):
    asked = []

    def confirm(plan: Plan) -> bool | Approval:
        asked.append((plan.accepted, plan.canary))
        return Approval(canary=2) if len(asked) == 1 else False

    summary = await import_file_async(people(5), mapping, settings(sandbox), confirm=confirm)
    assert asked == [(0, 0), (2, 0)]
    assert (len(sandbox.sent()), summary.exit_code) == (2, 3)


async def test_what_will_be_sent_is_told_when_it_begins(sandbox, settings, people, mapping, tmp_path):  # fmt: skip
    source, told = people(6, ["nobody", "", "", ""]), []
    for name, options in {
        "all": {}, "limited": {"limit": 2}, "more": {"limit": 99}, "canary": {"canary": 2},
        "asked": {"canary": 2, "confirm": lambda _: True},
    }.items():  # fmt: skip
        ear, confirm = Told(), options.pop("confirm", None)
        chosen = settings(sandbox, run_dir=tmp_path / name, **options)
        await import_file_async(source, mapping, chosen, confirm=confirm, progress=ear)
        told.append((sum(ear.read), ear.totals))
    assert told == [(7, [6]), (7, [2]), (7, [6]), (7, [6]), (7, [6, 4])]


async def test_a_stop_during_the_canary_sends_no_other_row_and_asks_nobody(
    sandbox, settings, people, mapping
):
    stop, asked = Stop(), []
    sandbox.script = lambda _number, _form: stop.request("Ctrl-C", 130)
    summary = await import_file_async(
        people(5), mapping, settings(sandbox, canary=1), stop=stop,
        confirm=lambda plan: asked.append(plan.accepted) or True,
    )  # fmt: skip
    assert (asked, len(sandbox.sent()), summary.exit_code) == ([0], 1, 130)


async def test_the_canary_names_each_row_with_its_file_and_a_contact_without_e_mail(
    sandbox, settings, write_csv, bare_mapping
):
    paths = [
        write_csv([HEADER, ["a@b.org", "Ann", "", ""]], name="a.csv"),
        write_csv([HEADER, ["", "Bob", "+14155550101", "x"]], name="b.csv"),
    ]
    ear = Ear()
    await import_file_async(
        paths, bare_mapping, settings(sandbox, canary=2, concurrency=1), progress=ear
    )
    assert [said for said in ear.told if said.startswith("canary")] == [
        f"canary: row 2 of {paths[0]}, a@b.org: success; got 2 other fields",
        f"canary: row 2 of {paths[1]}, +14155550101: success; got add_tags: x; 2 other fields",
    ]


# -- while it sends ---------------------------------------------------------------------------------------


async def test_room_on_the_disk_is_held_while_rows_are_sent_and_given_back(
    sandbox, settings, people, mapping, tmp_path
):
    sizes = []
    reserve = tmp_path / "run" / "journal.reserve"
    sandbox.script = lambda _number, _form: sizes.append(reserve.stat().st_size)
    await import_file_async(people(1), mapping, settings(sandbox))
    assert sizes[0] > 0
    assert not reserve.exists()


async def test_a_report_that_could_not_be_written_is_told_before_a_resume_sends(
    sandbox, settings, people, mapping, tmp_path
):
    source = people(3)
    await import_file_async(source, mapping, settings(sandbox, limit=1))
    (tmp_path / "run" / "rejects.xlsx").mkdir()
    with pytest.raises(StorageError, match=r"rejects\.xlsx: is a folder"):
        await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 1


@pytest.mark.parametrize(("always", "sent"), [("Newsletter", 1), ("", 2)])
async def test_a_list_of_every_row_that_the_account_refuses_ends_the_run_and_one_of_a_cell_does_not(
    sandbox, settings, write_csv, mapping, always, sent
):
    field = f"{{always: [{always}]}}" if always else "{column: Tags}"
    text = mapping.read_text("utf-8").replace('{column: Tags, separator: ";"}', "Name")
    mapping.write_text(f"{text}  add_to_lists: {field}\n", "utf-8")
    rows = [[f"p{n}@b.org", "x", "", "Newsletter"] for n in range(2)]
    sandbox.script = lambda _number, _form: Reply(103, "unknown group", apply=False)
    summary = await import_file_async(
        write_csv([HEADER, *rows]), mapping, settings(sandbox, concurrency=1)
    )
    assert (len(sandbox.sent()), summary.exit_code) == (sent, 3 if always else 1)


# -- continued ----------------------------------------------------------------------------------------------


async def test_a_finished_run_says_so_and_leaves_its_reports_as_they_are(
    sandbox, settings, people, mapping, tmp_path
):
    source, ear = people(1), Ear()
    await import_file_async(source, mapping, settings(sandbox))
    run = tmp_path / "run"
    (run / "report.csv").write_text("as it was")
    summary = await import_file_async(source, mapping, settings(sandbox), progress=ear)
    assert ear.told == [
        f"{run}: this run is finished; nothing was sent. `bulk-import resume {run}` sends again what "
        "may be sent again"
    ]
    again = Ear()
    await resume_async(run, settings(sandbox), progress=again)
    assert again.told == [f"{run}: nothing was left to send; the counts are those of the whole run"]
    assert (run / "report.csv").read_text() == "as it was"
    assert (summary.counts[Status.SUCCESS], len(sandbox.sent())) == (1, 1)


async def test_a_resume_that_is_stopped_at_once_reports_what_there_is(
    sandbox, settings, people, mapping, tmp_path
):
    await import_file_async(people(2), mapping, settings(sandbox, limit=1))
    summary = await resume_async(tmp_path / "run", settings(sandbox), stop=stopped())
    assert (summary.stopped, summary.exit_code, len(sandbox.sent())) == ("Ctrl-C", 130, 1)
    assert statuses(tmp_path / "run") == ["success", "not_sent"]
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["stopped"] == "Ctrl-C"


async def test_a_resume_reads_the_sheet_and_sends_to_the_account_that_the_run_began_with(
    sandbox, settings, tmp_path
):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Mail"])
    people = book.create_sheet("People")
    for line in (["E-mail"], ["a@b.org"], ["b@b.org"]):
        people.append(line)
    book.save(tmp_path / "book.xlsx")
    mapping = load_mapping({"version": 1, "fields": {"lead_email": "E-mail"}}).with_sheet("People")
    await import_file_async(tmp_path / "book.xlsx", mapping, settings(sandbox, limit=1))
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        journal.remember(judged="")
    options = replace(settings(sandbox), endpoint="")
    summary = await resume_async(tmp_path / "run", options)
    assert (summary.counts[Status.SUCCESS], summary.exit_code) == (2, 0)
    assert [request.email for request in sandbox.sent()] == ["a@b.org", "b@b.org"]


async def test_what_was_fetched_before_is_fetched_again_by_a_resume(
    sandbox, settings, people, mapping, tmp_path, monkeypatch
):
    """Who has unsubscribed since is in the archive that is there now."""
    copy = tmp_path / "kept" / "archive.copy"
    copy.parent.mkdir()
    copy.write_bytes(b"of yesterday")
    monkeypatch.setenv("BULK_IMPORT_KEPT", str(copy.parent))
    await import_file_async(people(1), mapping, settings(sandbox))
    assert copy.exists()
    await resume_async(tmp_path / "run", settings(sandbox))
    assert not copy.exists()


@pytest.mark.parametrize("by", ["row", "contact"])
async def test_a_resume_corrects_as_the_run_began(sandbox, settings, people, mapping, tmp_path, by):
    source = people(3)
    place = 4 if by == "row" else 99  # by contact, wherever the row is
    lines = [Correction("", place, "Name", "N2", "Anna", contact="p2@example.org")]
    write_corrections(tmp_path / "mine.csv", lines)
    corrected = load_mapping(mapping).with_corrections(tmp_path / "mine.csv", by)
    await import_file_async(source, corrected, settings(sandbox, limit=1))
    with Journal.open(tmp_path / "run" / JOURNAL) as journal:
        journal.remember(judged="")
    await resume_async(tmp_path / "run", settings(sandbox))
    assert [request.form["lead_first_name"] for request in sandbox.sent()] == ["N0", "N1", "Anna"]


async def test_people_who_said_no_since_in_another_row_or_list_are_held_back_by_a_resume(
    sandbox, settings, write_csv, mapping, tmp_path
):
    (tmp_path / "stop.csv").write_text("email\n", "utf-8")
    mapping.write_text(mapping.read_text("utf-8") + "suppress: stop.csv\n", "utf-8")
    rows = [[f"p{n}@b.org", "", "", ""] for n in range(4)]
    await import_file_async(write_csv([HEADER, *rows]), mapping, settings(sandbox, limit=1))
    (tmp_path / "stop.csv").write_text("email\np2@b.org\n", "utf-8")
    summary = await resume_async(tmp_path / "run", settings(sandbox))
    assert [request.email for request in sandbox.sent()] == ["p0@b.org", "p1@b.org", "p3@b.org"]
    assert summary.counts[Status.SUPPRESSED] == 1


# -- from Python ----------------------------------------------------------------------------------------------


async def test_without_a_folder_a_new_one_is_named_after_the_first_source(
    tmp_path, people, mapping, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first, second = people(1, name="first.csv"), people(1, name="second.csv")
    frame = pd.DataFrame({"E-mail": ["a@b.org"], "Name": ["A"], "Phone": [""], "Tags": [""]})
    dry = Settings(dry_run=True)
    made = [await import_file_async([first, second], mapping, dry), await import_frame_async(frame, mapping, dry, name="people")]  # fmt: skip
    assert [summary.run_dir.partition("Z_")[2] for summary in made] == ["first", "people"]
    assert all((tmp_path / summary.run_dir / JOURNAL).exists() for summary in made)
    assert [summary.dry_run for summary in made] == [True, True]


async def test_only_a_rehearsal_needs_no_key(people, mapping, tmp_path):
    frame = pd.DataFrame({"E-mail": ["a@b.org"], "Name": ["A"], "Phone": [""], "Tags": [""]})
    options = Settings(endpoint="https://shop.example.com", run_dir=tmp_path / "run")
    for run in (
        import_file_async(people(1), mapping, options),
        import_frame_async(frame, mapping, options),
    ):
        with pytest.raises(SettingsError, match="key"):
            await run
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("of_frame", [True, False])
async def test_a_run_from_python_is_told_stopped_and_steered_by_what_it_is_given(
    sandbox, settings, people, mapping, of_frame
):
    ear, given, stop = Told(), [], Stop()
    frame: Any = pd.DataFrame(
        {"E-mail": ["a@b.org", "b@b.org"], "Name": "A", "Phone": "", "Tags": ""}
    )
    sandbox.script = lambda _number, _form: stop.request("enough", 3)
    work = import_frame_async if of_frame else import_file_async
    summary = await work(
        frame if of_frame else people(2), mapping, settings(sandbox, concurrency=1), progress=ear,
        stop=stop, steer=given.append,
    )  # fmt: skip
    assert (ear.totals, len(given), summary.stopped) == ([2], 1, "enough")
    assert len(sandbox.sent()) == 1


# -- a job that knows most rows -----------------------------------------------------------------------------


class Knowing:
    """A sieve that knows the contact ``p1`` at its first reading, and finds out then that it must be kept."""

    expects_known = True

    def __init__(self, readings: int) -> None:
        self.restarts = 0
        self._readings = readings

    def restart(self) -> None:
        self.restarts += 1

    def unknown(
        self, _number: int, _mapper: Any, detector: Any, rows: Any, _suppression: Any
    ) -> Any:
        left = [row for row in rows if row.cells["Name"] != "N1" or self.restarts == self._readings]
        return detector.looked_at(left)

    def kept(self, judged: Any) -> Any:
        return judged

    def needs_another_reading(self, journal: Journal) -> bool:
        assert journal.count_records() == 2 + (self.restarts == self._readings)
        return self.restarts < self._readings


def night(settings: Settings, mapping: Path, ear: Ear, stop: Stop, readings: int, reason: str = "") -> tuple[Run, list[int]]:  # fmt: skip
    adjusted: list[int] = []

    def adjust(journal: Journal, tally: Tally) -> str:
        adjusted.append(tally.rows_read)
        journal.remember(judged="1", rows_read=str(tally.rows_read))
        return reason

    run = Run(
        Path(settings.run_dir or ""), load_mapping(mapping), settings, None, ear, stop, adjust=adjust,
        sieve=Knowing(readings), job={"job": "x"},
    )  # fmt: skip
    return run, adjusted


@pytest.fixture
def corrected(people) -> Path:
    """Three contacts, and corrections of which one finds no row: what opening and reading find is said."""
    source = people(3)
    beside = corrections_beside(str(source))
    assert beside is not None
    write_corrections(beside, [Correction("", 9, "Name", "x", "y")])
    return source


@pytest.mark.parametrize("readings", [1, 2])
async def test_a_second_reading_keeps_what_the_first_let_go_and_says_nothing_twice(
    sandbox, settings, corrected, mapping, readings
):
    ear = Told()
    run, adjusted = night(settings(sandbox), mapping, ear, Stop(), readings)
    loaded = load_mapping(mapping)
    summary = await run.begin(lambda names: opened_inputs([str(corrected)], loaded, names), [str(corrected)])  # fmt: skip
    assert [request.email for request in sandbox.sent()] == [f"p{n}@example.org" for n in range(3)]
    assert (adjusted, sum(ear.read), summary.exit_code) == ([3], 3, 0)
    assert len([said for said in ear.told if said.startswith(f"{corrected}: ")]) == 2


async def test_a_job_that_was_stopped_while_it_read_reads_again_when_it_is_continued(
    sandbox, settings, corrected, mapping, tmp_path
):
    stop, ear = Stop(), Told()
    ear.reading = lambda _rows: stop.request("Ctrl-C", 130)  # type: ignore[method-assign]
    run, adjusted = night(settings(sandbox), mapping, ear, stop, readings=2)
    loaded = load_mapping(mapping)
    summary = await run.begin(lambda names: opened_inputs([str(corrected)], loaded, names), [str(corrected)])  # fmt: skip
    assert (adjusted, summary.exit_code, sandbox.sent()) == ([], 130, [])
    again = Told()
    run, adjusted = night(settings(sandbox), mapping, again, Stop(), readings=2)
    summary = await run.go_on(None)
    assert (adjusted, sum(again.read), summary.counts[Status.SUCCESS]) == ([3], 3, 3)
    assert len([said for said in again.told if said.startswith(f"{corrected}: ")]) == 2
    assert len(report_of(tmp_path / "run")) == 3


async def test_what_a_job_finds_stops_the_run_before_anything_is_sent(
    sandbox, settings, corrected, mapping
):
    run, _ = night(settings(sandbox), mapping, Ear(), Stop(), 2, reason="the brake: too few")
    loaded = load_mapping(mapping)
    summary = await run.begin(lambda names: opened_inputs([str(corrected)], loaded, names), [str(corrected)])  # fmt: skip
    assert (summary.stopped, summary.exit_code, sandbox.sent()) == ("the brake: too few", 3, [])
    assert facts_of(Path(summary.run_dir))["job"] == "x"

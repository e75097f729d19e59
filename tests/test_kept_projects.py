"""A spreadsheet on its way: corrections, their file, steps back and forth, and what a folder keeps of it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from bulk_import import import_file_async
from bulk_import.errors import MappingError, Message, SetupError
from bulk_import.jobs.edits import Edits
from bulk_import.jobs.grid import Filter
from bulk_import.jobs.projects import Project, delete_project, list_projects, safe_name
from bulk_import.mapping.editing import Change
from bulk_import.models import Status

MAPPING = (
    "# mine\nversion: 1\nfields: {lead_email: E-mail, lead_first_name: Name, lead_phone: Phone}\n"
)
ROWS = [
    ["E-mail", "Name", "Phone"],
    ["ann@x.org", "Ann", "12"],
    ["bob@x.org", "Bob", "12"],
    ["nobody", "Cat", "+14155550123"],
]


@pytest.fixture
def project(tmp_path, write_csv) -> Iterator[Project]:
    """Three rows, judged: two phones and one address are wrong."""
    made = Project.create(tmp_path / "home", write_csv(ROWS), mapping=MAPPING)
    made.judge()
    yield made
    made.close()


def corrections(project: Project) -> list[tuple[str, ...]]:
    """(row, column, before, after, contact) of the file of corrections; nothing if there is none."""
    path = project.corrections_path()
    if path is None or not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    return [
        tuple(line[name] for name in ("row", "column", "before", "after", "contact"))
        for line in lines
    ]


def wrong(project: Project) -> list[int]:
    assert project.review is not None
    return [line.seq for line in project.review.window(Filter(problems=True), 0, 10)]


# -- a folder --------------------------------------------------------------------------------------------


def test_a_project_is_opened_by_its_id_as_it_was_kept(tmp_path, write_csv):
    source = write_csv(ROWS, "My Contacts (2).csv")
    made = Project.create(tmp_path, source, mapping=MAPPING, note="undo")
    assert re.fullmatch(r"my-contacts-2-[0-9a-f]{4}", made.id)
    assert made.source == source
    assert (made.run_dir, made.has_run, made.corrected) == (None, False, 0)
    made.remember(rate=5.0, canary=0, run_dir=str(tmp_path / "run"))
    again = Project.open(tmp_path, made.id)
    assert again.facts == made.facts
    assert asdict(again.facts) == {
        "source": str(source), "created_at": made.facts.created_at, "run_dir": str(tmp_path / "run"),
        "canary": 0, "rate": 5.0, "note": "undo", "title": "",
    }  # fmt: skip
    assert (again.run_dir, again.has_run, again.mapping_text()) == (tmp_path / "run", False, MAPPING)  # fmt: skip
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.sqlite3").touch()
    assert again.has_run
    assert json.loads((made.folder / "project.json").read_text()) == asdict(made.facts)


@pytest.mark.parametrize("name", ["nowhere", "../other", "A", "", ".", "a/b", "a" * 62])
def test_what_is_no_id_opens_nothing(tmp_path, name):
    (tmp_path / "imports").mkdir()
    with pytest.raises(SetupError, match="there is no import"):
        Project.open(tmp_path, name)


def test_projects_are_listed_newest_first_without_what_cannot_be_read(tmp_path, write_csv):
    source = write_csv(ROWS)
    made = [Project.create(tmp_path, source, mapping=MAPPING) for _ in range(4)]
    for number, project in enumerate(made):
        project.remember(created_at=f"2026-01-0{number + 1}T00:00:00Z")
    for project, text in (
        (made[0], "no JSON"),
        (made[2], '{"source": "a", "created_at": "", "x": 1}'),
    ):
        (project.folder / "project.json").write_text(text)
    assert [project.id for project in list_projects(tmp_path)] == [made[3].id, made[1].id]
    delete_project(made[3])
    assert ([project.id for project in list_projects(tmp_path)], source.exists()) == (
        [made[1].id], True
    )  # fmt: skip
    assert not made[3].folder.exists()
    assert list_projects(tmp_path / "elsewhere") == []


def test_an_upload_moves_into_its_folder_and_leaves_nothing_behind_if_it_is_no_spreadsheet(
    tmp_path,
):
    (tmp_path / "upload").write_text("E-mail\na@b.org\n")
    made = Project.adopt(tmp_path, tmp_path / "upload", "../Über.csv")
    assert (made.facts.source, made.source) == ("Über.csv", made.folder / "Über.csv")
    assert (made.source.read_text(), (tmp_path / "upload").exists()) == ("E-mail\na@b.org\n", False)
    assert made.id.startswith("ber-")
    (tmp_path / "upload").write_bytes(b"%PDF-1.7")
    with pytest.raises(SetupError, match="PDF"):
        Project.adopt(tmp_path, tmp_path / "upload", "a.csv")
    assert [project.id for project in list_projects(tmp_path)] == [made.id]
    assert len(list((tmp_path / "imports").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.csv", "a.csv"), ("  a b .csv ", "a b .csv"), ("a/b\\c.csv", "c.csv"), ("a:b*c?.csv", "a_b_c_.csv"),
        ("x" * 81, "x" * 80), ("." * 90 + "a.csv", "a.csv"), ("a" + "." * 79 + "b", "b"), ("/", "contacts.csv"),
    ],
)  # fmt: skip
def test_a_name_is_made_safe_and_kept_as_far_as_it_can_be(name, safe):
    assert safe_name(name) == safe


# -- corrections -----------------------------------------------------------------------------------------


def test_a_correction_is_written_and_judged_and_what_is_the_same_is_none(project):
    assert wrong(project) == [1, 2, 3]
    assert project.edit([(1, "Phone", "+14155550124"), (1, "Name", "Ann")], "two") == 1
    assert corrections(project) == [("2", "Phone", "12", "+14155550124", "ann@x.org")]
    assert (wrong(project), project.corrected) == ([2, 3], 1)
    assert [project.original("", 2, name) for name in ("Phone", "Name")] == ["12", None]
    assert project.edit([(1, "Phone", "+14155550124")], "again") == 0
    before, after = project.next_steps()
    assert (before and before.label, after) == ("two", None)


def test_a_cell_that_is_corrected_twice_has_one_line_and_none_when_it_is_as_it_was(project):
    for text, lines in (("13", 1), ("14", 1), ("12", 0)):
        project.edit([(1, "Phone", text)], text)
        assert [line[2:4] for line in corrections(project)] == [("12", text)] * lines
    assert project.corrected == 0
    assert not project.corrections_path().exists()


def test_a_step_that_names_a_row_or_column_that_is_not_there_changes_nothing(project):
    for change, said in ((9, "Phone", "x"), "no row at 9"), ((1, "Fone", "x"), "no column 'Fone'"):
        with pytest.raises(SetupError, match=said):
            project.edit([(1, "Name", "Anna"), change], "odd")
    assert (corrections(project), project.next_steps()) == ([], (None, None))
    project.close()
    for question in (project.fixes, lambda: project.edit([], ""), lambda: project.replace("Name", "a", "b", whole=False, exact=False)):  # fmt: skip
        with pytest.raises(SetupError, match="the rows are not judged yet"):
            question()


def test_find_and_replace_is_one_step_and_needs_a_column_and_a_text(project):
    assert project.replace("Phone", "12", "+14155550125", whole=True, exact=False) == 2
    assert wrong(project) == [3]
    step, _ = project.next_steps()
    assert step is not None
    assert step.label == "replace 12 by +14155550125 in Phone"
    for column, find in ("Fone", "12"), ("Phone", ""):
        with pytest.raises(SetupError, match="say in which column to look, and for what"):
            project.replace(column, find, "x", whole=False, exact=False)
    assert project.replace("Phone", "nowhere", "x", whole=False, exact=False) == 0


def test_steps_go_back_and_forth_in_order_until_something_new_is_done(project):
    project.edit([(1, "Phone", "+14155550124")], "first")
    project.edit([(2, "Phone", "+14155550125"), (3, "E-mail", "cat@x.org")], "second")
    assert (wrong(project), len(corrections(project))) == ([], 3)
    labels = [getattr(project.undo(), "label", None) for _ in range(3)]
    assert (labels, wrong(project), corrections(project)) == (["second", "first", None], [1, 2, 3], [])  # fmt: skip
    assert [getattr(step, "label", None) for step in project.next_steps()] == [None, "first"]
    labels = [getattr(project.redo(), "label", None) for _ in range(3)]
    assert (labels, wrong(project)) == (["first", "second", None], [])
    project.undo()
    project.edit([(3, "E-mail", "cat@y.org")], "third")
    assert [getattr(step, "label", None) for step in project.next_steps()] == ["third", None]
    assert project.redo() is None
    assert [line[0] for line in corrections(project)] == ["2", "4"]


def test_a_cell_that_is_corrected_twice_in_one_step_goes_back_to_where_it_was(project):
    project.edit([(1, "Name", "A"), (2, "Name", "B")], "one")
    project.edit([(1, "Name", "AA")], "two")
    project.undo()
    assert project.review.cell(1, "Name")[1] == "A"
    project.undo()
    assert [project.review.cell(seq, "Name")[1] for seq in (1, 2)] == ["Ann", "Bob"]


def test_a_step_that_cannot_be_taken_is_still_the_next_one(project):
    project.edit([(1, "Name", "Anna")], "one")
    project.review.put({1: {"Name": "Somebody"}})
    with pytest.raises(SetupError, match="the cell was changed meanwhile; look at it again"):
        project.undo()
    before, after = project.next_steps()
    assert (before and before.label, after) == ("one", None)


def test_corrections_are_there_again_when_the_rows_are_judged_anew(project, tmp_path):
    project.edit([(1, "Phone", "+14155550124"), (3, "E-mail", "cat@x.org")], "two")
    again = Project.open(tmp_path / "home", project.id)
    again.judge()
    assert (wrong(again), again.corrected, again.original("", 4, "E-mail")) == ([2], 2, "nobody")
    again.edit([(3, "E-mail", "nobody")], "back")
    assert [line[1] for line in corrections(again)] == ["Phone"]
    again.close()


def test_corrections_of_an_earlier_export_are_replayed_on_the_same_contacts(project, write_csv):
    project.edit([(1, "Phone", "+14155550124"), (2, "Phone", "+14155550125"), (3, "E-mail", "cat@x.org")], "three")  # fmt: skip
    later = [ROWS[0], ["new@x.org", "New", "12"], ["BOB@x.org", "Bob", "12"], ["ann@x.org", "Ann", "13"], ["nobody", "Cat", ""]]  # fmt: skip
    other = Project.create(project.folder.parents[1], write_csv(later, "later.csv"), mapping=MAPPING)  # fmt: skip
    other.judge()
    assert other.take_over(project) == 2  # Ann's cell says something else, New is nobody's
    assert [line[:4] for line in corrections(other)] == [
        ("3", "Phone", "12", "+14155550125"), ("5", "E-mail", "nobody", "cat@x.org")
    ]  # fmt: skip
    step, _ = other.next_steps()
    assert step is not None
    assert step.label == f"corrections of {project.source.name}"
    assert other.take_over(project) == 0
    other.close()


async def test_a_cell_that_a_run_has_read_keeps_the_line_that_it_was_read_with(
    project, sandbox, settings
):
    project.edit([(1, "Phone", "13")], "before")
    run_dir = project.folder / "run"
    summary = await import_file_async(
        project.source, project.mapping(), settings(sandbox, run_dir=run_dir)
    )
    assert summary.counts[Status.INVALID] == 3
    project.remember(run_dir=str(run_dir))
    project.edit([(1, "Phone", "+14155550124")], "after")
    assert [line[2:4] for line in corrections(project)] == [("12", "13"), ("13", "+14155550124")]
    assert project.corrected == 1
    project.undo()
    assert [line[2:4] for line in corrections(project)] == [("12", "13")]
    project.judge()
    assert project.review.counts().statuses == {"invalid": 3}


# -- the mapping -----------------------------------------------------------------------------------------


def test_a_mapping_is_changed_with_its_comments_and_can_be_undone(project):
    project.change_mapping([Change(("fields", "lead_phone", "bad_value"), "drop_field")], Message("fix {change}", change="x"))  # fmt: skip
    changed = project.mapping_text()
    assert changed.startswith("# mine\n")
    assert project.mapping().spec.fields["lead_phone"].bad_value == "drop_field"
    step = project.undo()
    assert step is not None
    assert (step.label, step.is_mapping, project.mapping_text()) == ("fix x", True, MAPPING)
    project.redo()
    assert project.mapping_text() == changed
    project.write_mapping(changed)
    before, _ = project.next_steps()
    assert before is not None
    assert before.label == "fix x"  # the same text again is no step


def test_a_mapping_that_cannot_be_used_stays_out_of_the_file(project):
    with pytest.raises(MappingError, match="lead_mail"):
        project.write_mapping("version: 1\nfields: {lead_mail: X}\n")
    assert (project.mapping_text(), project.next_steps()) == (MAPPING, (None, None))


def test_a_fix_that_was_tried_is_applied_and_one_that_was_not_is_refused(project):
    changes = {fix.change: (fix.rows, fix.repaired) for fix in project.fixes()}
    assert changes["fields.lead_phone.bad_value: drop_field"] == (2, 2)
    project.apply_fix("fields.lead_phone.bad_value: drop_field")
    project.judge()
    assert wrong(project) == [3]
    with pytest.raises(SetupError, match="this fix does not help any more"):
        project.apply_fix("fields.lead_phone.bad_value: drop_field")
    step, _ = project.next_steps()
    assert step is not None
    assert step.label == "fix fields.lead_phone.bad_value: drop_field"


CHANGES: list[tuple[str, Callable[[Project], object]]] = [
    ("the mapping", lambda project: project.write_mapping(MAPPING + "# more\n")),
    ("a correction", lambda project: project.edit([(1, "Name", "Anna")], "x")),
    ("the source", lambda project: project.source.write_text("E-mail,Name,Phone\na@x.org,,\n")),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[what for what, _ in CHANGES])
def test_what_the_judged_rows_depend_on_is_known(project, what, change):
    before = project.judged_from()
    assert project.judged_from() == before
    change(project)
    assert project.judged_from() != before, what


# -- the history -----------------------------------------------------------------------------------------


def test_a_history_is_its_owners_alone_and_reads_labels_of_earlier_versions(tmp_path):
    edits = Edits(tmp_path)
    assert (edits.next(undone=False), edits.next(undone=True)) == (None, None)
    edits.add_cells("plain", [(1, "A", "x", "y"), (2, "A", "x", "z")])
    assert (tmp_path / "history.sqlite3").stat().st_mode & 0o777 == 0o600
    with edits.stepping(undone=False) as step:
        assert step is not None
        assert (step.label, step.is_mapping, step.cells) == (
            "plain", False, ((1, "A", "x", "y"), (2, "A", "x", "z"))
        )  # fmt: skip
    assert edits.next(undone=False) is None
    with pytest.raises(KeyError), edits.stepping(undone=True):
        raise KeyError
    undone = edits.next(undone=True)
    assert undone is not None
    edits.add_mapping("map", "a", "b")
    step = edits.next(undone=False)
    assert step is not None
    assert (step.label, step.mapping_before, step.mapping_after, step.id > undone.id) == (
        "map", "a", "b", True
    )  # fmt: skip
    assert edits.next(undone=True) is None


def test_an_upload_without_letters_gets_a_folder_all_the_same(tmp_path: Path):
    (tmp_path / "upload").write_text("E-mail\na@b.org\n")
    made = Project.adopt(tmp_path, tmp_path / "upload", "…")
    assert made.id.startswith("contacts-")

"""The reverse of a run from its journal alone, and plans that are longer than what is written at once."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bulk_import.api.form import encode
from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.scratch import Scratch
from bulk_import.jobs.undoing import Undo, undo
from bulk_import.journal import Journal
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from tests.journals import accepted, failed, info, intent, judged

TEXT = "version: 1\nfields: {lead_email: A}\nsuppress: [never.csv]\n"


def run_of(folder: Path, forms: Sequence[dict[str, str]], *entries: Any) -> Path:
    """A run that sent these forms; all were accepted unless it is said how they ended."""
    folder.mkdir(exist_ok=True)
    facts = {
        "endpoint": "https://shop.example.com", "mapping_text": TEXT, "mapping_name": "m.yml",
        "mapping_folder": str(folder),
    }  # fmt: skip
    rows = [
        judged(seq, form.get("lead_email", ""), body=encode(form.items()))
        for seq, form in enumerate(forms, 1)
    ]
    with Journal.create(folder / "journal.sqlite3", facts) as journal:
        journal.add_source(1, info())
        journal.add(1, rows)
        ended = {entry.seq for entry in entries}
        others = [seq for seq in range(1, len(rows) + 1) if seq not in ended]
        journal.commit([intent(seq) for seq in others] + [accepted(seq) for seq in others])
        journal.commit(entries)
    return folder


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8-sig").splitlines()


def test_contacts_of_a_reverse_plan_stand_in_the_order_of_their_first_rows(tmp_path):
    run_dir = run_of(
        tmp_path / "run",
        [
            {"lead_email": "z@x.org", "add_tags": "one,two"},
            {"lead_email": "a@x.org", "remove_tags": "old", "add_to_lists": "17.1"},
            {"lead_email": "Z@x.org", "remove_tags": "two", "remove_from_lists": "15.2"},
            {"lead_email": "m@x.org", "lead_first_name": "no tags"},
        ],
    )
    found = undo(run_dir)
    assert found == Undo(
        run_dir / "undo.csv", run_dir / "undo.yml", 2, 0, 0, "https://shop.example.com"
    )
    assert lines(found.source) == [
        "lead_email,add_tags,remove_tags,add_to_lists,remove_from_lists",
        "z@x.org,two,one,15.2,",  # the later row has the last word
        "a@x.org,old,,,17.1",
    ]
    assert lines(found.mapping)[0] == (
        "# The reverse of a run's tags and lists. What contacts had before the run is not known."
    )
    assert [path for path, _ in load_mapping(found.mapping).suppress_files()] == [run_dir / "never.csv"]  # fmt: skip
    assert undo(str(run_dir)) == found


def test_a_tag_that_a_run_gave_again_is_taken_away(tmp_path):
    run_dir = run_of(
        tmp_path / "run",
        [
            {"lead_email": "a@x.org", "remove_tags": "x,,y"},
            {"lead_email": "a@x.org", "add_tags": "x"},
        ],
    )
    assert lines(undo(run_dir).source) == ["lead_email,add_tags,remove_tags", "a@x.org,y,x"]


def test_only_what_was_accepted_is_taken_back_and_what_cannot_be_is_counted(tmp_path):
    tagged = {"add_tags": "x"}
    run_dir = run_of(
        tmp_path / "run",
        [
            {"lead_email": "a@x.org", **tagged},
            {"lead_email": "b@x.org", **tagged},
            {"lead_email": "c@x.org", **tagged},
            {"lead_phone": "+1", **tagged},
            {"lead_phone": "+2"},
            {"lead_phone": "+3", **tagged},
            {"lead_email": "d@x.org"},
        ],
        failed(2), intent(3), failed(6, status=Status.UNKNOWN), intent(7),
    )  # fmt: skip
    found = undo(run_dir)
    assert (found.contacts, found.without_email, found.unknown) == (1, 1, 3)
    assert lines(found.source) == ["lead_email,remove_tags", "a@x.org,x"]


@pytest.mark.parametrize("forms", [[], [{"lead_email": "a@x.org"}], [{"lead_phone": "+1", "add_tags": "x"}]])  # fmt: skip
def test_a_run_that_changed_no_tag_of_anybody_is_not_undone(tmp_path, forms):
    run_dir = run_of(tmp_path / "run", forms)
    with pytest.raises(SetupError) as raised:
        undo(run_dir)
    assert str(raised.value) == (
        f"{run_dir}: no accepted row changed a tag or a list; nothing to undo"
    )
    assert not (run_dir / "undo.csv").exists()


def test_a_folder_without_a_run_has_nothing_to_undo(tmp_path):
    with pytest.raises(SetupError, match="not a run folder"):
        undo(tmp_path)


# -- long plans --------------------------------------------------------------------------------------

PEOPLE = 3000


def plan(scratch: Scratch, people: int = PEOPLE) -> Calls:
    vip = packed({"add_tags": ["vip"]})
    return Calls(scratch, (Line(n, f"{'p' * 40}{n}@x.org", None, None, vip) for n in range(people)))


def test_a_long_plan_is_written_whole_and_compared_whole(tmp_path):
    with Scratch(CALLS) as scratch:
        calls = plan(scratch)
        source, mapping = write_plan_files(tmp_path / "plan", calls)
        with source.open(encoding="utf-8-sig", newline="") as file:
            written = [*csv.reader(file)]
        assert written[0] == ["lead_email", "add_tags"]
        assert written[1:] == [[f"{'p' * 40}{n}@x.org", "vip"] for n in range(PEOPLE)]
        assert source.read_bytes().count(b"\xef\xbb\xbf") == 1
        assert write_plan_files(tmp_path / "plan", calls) == (source, mapping)
        with source.open("ab") as longer:
            longer.write(b"x")
        assert write_plan_files(tmp_path / "plan", calls)[0].name == "plan-2.csv"
        whole = (tmp_path / "plan-2.csv").read_bytes()
        source.write_bytes(whole[:-1])
        (tmp_path / "plan-2.csv").write_bytes(whole[:70_000] + b"X" + whole[70_001:])
        assert write_plan_files(tmp_path / "plan", calls)[0].name == "plan-3.csv"


def test_a_plan_that_cannot_be_compared_with_what_is_there_is_not_written(tmp_path):
    (tmp_path / "plan.yml").mkdir()
    with Scratch(CALLS) as scratch, pytest.raises(StorageError) as raised:
        write_plan_files(tmp_path / "plan", plan(scratch, 1))
    assert str(raised.value) == f"{tmp_path / 'plan.yml'}: cannot be written: Is a directory"
    assert not (tmp_path / "plan.csv").exists()

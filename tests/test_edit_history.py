"""The history of a project: what is undone comes first, what is redone after it, and what cannot be redone any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bulk_import.jobs.edits import Edits, Step

CELLS = [(7, "Phone", "12", "+12"), (3, "E-mail", "a", "a@b.org"), (7, "Name", "", "Ann")]


@pytest.fixture
def edits(tmp_path):
    return Edits(tmp_path)


def labels(edits: Edits) -> tuple[str | None, str | None]:
    """What would be undone, and what redone."""
    found = [edits.next(undone=undone) for undone in (False, True)]
    return tuple(step and step.label for step in found)  # type: ignore[return-value]


def take(edits: Edits, *, undone: bool = False) -> Step | None:
    with edits.stepping(undone=undone) as step:
        return step


def test_a_new_project_has_nothing_to_undo(edits):
    assert labels(edits) == (None, None)
    assert (take(edits), take(edits, undone=True)) == (None, None)


def test_a_change_of_the_mapping_is_undone_and_redone_with_both_its_texts(edits):
    edits.add_mapping("a rule", "before", "after")
    step = take(edits)
    assert step == Step(
        1, "a rule", is_mapping=True, mapping_before="before", mapping_after="after"
    )
    assert labels(edits) == (None, "a rule")
    assert take(edits, undone=True) == step
    assert labels(edits) == ("a rule", None)


def test_a_mapping_that_was_empty_before_is_a_change_of_the_mapping(edits):
    edits.add_mapping("the first", "", "after")
    assert take(edits) == Step(1, "the first", is_mapping=True, mapping_after="after")


def test_corrected_cells_are_one_step_in_their_order(edits):
    edits.add_cells("three cells", CELLS)
    looked = edits.next(undone=False)
    assert looked == Step(1, "three cells", is_mapping=False)  # cells are known while it is taken
    assert take(edits) == Step(1, "three cells", is_mapping=False, cells=tuple(CELLS))
    assert take(edits, undone=True) == Step(1, "three cells", is_mapping=False, cells=tuple(CELLS))


def test_the_newest_is_undone_first_and_the_oldest_of_the_undone_is_redone_first(edits):
    for label in ("one", "two", "three"):
        edits.add_mapping(label, "", label)
    seen = [labels(edits)]
    for undone in (False, False, False, True, True, True):
        take(edits, undone=undone)
        seen.append(labels(edits))
    assert seen == [
        ("three", None), ("two", "three"), ("one", "two"), (None, "one"),
        ("one", "two"), ("two", "three"), ("three", None),
    ]  # fmt: skip


def test_what_was_undone_is_forgotten_with_its_cells_once_something_new_is_done(edits, tmp_path):
    edits.add_cells("old", CELLS)
    edits.add_cells("kept", CELLS[:1])
    take(edits)
    take(edits)
    take(edits, undone=True)  # "old" is done again, "kept" is not
    edits.add_mapping("new", "a", "b")
    assert labels(edits) == ("new", None)
    take(edits)
    take(edits)
    edits.add_cells("newest", CELLS[1:])
    assert labels(edits) == ("newest", None)
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as db:
        steps = db.execute("select id, undone from step").fetchall()
        cells = db.execute("select step, seq from cell").fetchall()
    assert steps == [(4, 0)]
    assert cells == [(4, 3), (4, 7)]


def test_a_step_that_fails_is_not_taken(edits):
    edits.add_mapping("a rule", "before", "after")
    with pytest.raises(OSError, match="no space"), edits.stepping(undone=False):
        raise OSError("no space")
    assert labels(edits) == ("a rule", None)

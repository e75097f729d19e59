"""What nights, re-tagging and the journal do unless it is said: the defaults of their functions and values."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulk_import.jobs.brake import Brake
from bulk_import.jobs.comparison import Comparison
from bulk_import.jobs.holding import held_back
from bulk_import.jobs.members import read_members
from bulk_import.jobs.night import NightJob
from bulk_import.jobs.nightly import resume_night, sync, sync_async, sync_night
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.retagging import compare, retag, retag_async, send_plan, write_plan
from bulk_import.jobs.rosters import Rosters
from bulk_import.jobs.segments import Difference, Segment, brake, braked, plan_retag
from bulk_import.jobs.sieve import Sieve
from bulk_import.jobs.state import Known, Presence, State
from bulk_import.jobs.tagging import look_at_tags
from bulk_import.jobs.takeover import Verdict
from bulk_import.jobs.undoing import Undo
from bulk_import.journal import Journal
from bulk_import.journal.blocks import packed_block
from bulk_import.journal.checkpoints import Syncer
from bulk_import.journal.chunks import chunk_of
from bulk_import.journal.entries import JudgedRow, Pending, Refusal, SharedRow
from bulk_import.journal.mark import Written
from bulk_import.models import Row

_NIGHT = {
    "full": False, "accept": False, "seed": None, "brake": Brake(), "wait_lock_s": 0.0, "report_all": False,
    "fewer_files": False, "judge_all": False, "newest": 0, "confirm": None, "progress": None,
}  # fmt: skip
_RETAG = {
    "previous": (), "state": None, "segment": "segment", "column": None, "sheet": None, "add_tags": (),
    "remove_tags": (), "add_to_lists": (), "remove_from_lists": (), "max_contacts": None, "max_lose": 0.3,
    "accept": False, "ignore_consent": False, "suppress": (), "confirm": None, "progress": None,
}  # fmt: skip
_STOP = {"confirm": None, "progress": None, "stop": None}


@pytest.mark.parametrize(
    ("function", "defaults"),
    [
        (sync, _NIGHT),
        (sync_async, _NIGHT | {"stop": None}),
        (sync_night, _STOP),
        (resume_night, _STOP | {"accept": False, "steer": None}),
        (retag, _RETAG),
        (retag_async, _RETAG | {"stop": None}),
        (send_plan, _STOP | {"suppress": ()}),
        (write_plan, {"suppress": ()}),
        (write_plan_files, {"refused": (), "has_places": False, "suppress": (), "comment": ""}),
        (brake, {"max_lose": 0.3, "accept": False, "max_contacts": None}),
        (braked, {"max_lose": 0.3}),
        (Sieve, {"full": False, "lists_all": False, "most_told": 10_000}),
        (Journal.create, {"facts": None, "makes_blocks": True}),
        (Journal.open, {"checked_bytes": 32 * 2**20}),
        (Journal.deferring_syncs, {"every_s": 5.0, "longest_log": 64 * 2**20}),
        (Journal.reopen, {"retry_failed": False, "resend_unknown": False}),
        (Journal.scratch, {"keeps_cells": False}),
        (Journal.ended_in, {"without_form": False}),
        (Journal.results, {"after": 0}),
        (Journal.pending, {"limit": None, "spans": None, "upto": None}),
        (Journal.checkpoint, {"is_whole": False}),
        (Syncer.copy_back, {"is_whole": False}),
        (Refusal.because, {}),
        (chunk_of, {"keeps_cells": True, "quickly": False}),
        (packed_block, {"remarks": None, "quickly": False}),
        (Comparison, {"lists_all": False, "said_no": ()}),
        (NightJob, {"facts": None, "dry": False}),
        (State.open, {"create": True, "read_only": False}),
        (Rosters.doubts, {"said_no": None}),
        (held_back, {"blanks": 0}),
        (compare, {"accept": False, "choose": None}),
        (read_members, {"column": None, "sheet": None, "choose": None, "ignore_consent": False}),
        (look_at_tags, {"mapping": None, "column": ""}),
    ],
)
def test_a_function_does_what_is_documented_unless_it_is_told_otherwise(
    function: Callable[..., Any], defaults: dict[str, Any]
):
    parameters = inspect.signature(function).parameters.values()
    found = {one.name: one.default for one in parameters if one.default is not one.empty}
    assert found == defaults


def test_a_plan_is_made_without_knowledge_and_holds_back_unless_it_is_told_otherwise():
    defaults = {one.name: one.default for one in inspect.signature(plan_retag).parameters.values()}
    assert (defaults["accept"], defaults["choose"], dict(defaults["blanks_before"])) == (False, None, {})  # fmt: skip
    assert [*defaults["known"]("any segment")] == []


def test_values_that_are_not_given_say_nothing():
    assert Known("a@b.org", "d", 1, "now") == Known(
        "a@b.org", "d", 1, "now", Presence.GONE, None, None, None, None
    )
    assert Verdict() == Verdict(night=0, facts=None, lacks_files=False, spared=(), is_cut_off=False)
    assert Difference([], [], 0) == Difference(
        gains=[], loses=[], stays=0, unsure=(), said_no=(), before=0, now=0, held={}, blanks=0, read=(),
    )  # fmt: skip
    assert Written() == (0, 0, 0)
    assert Pending(1, "a@b.org", "a@b.org", "row 2", b"a=1")[5:] == (0, 1, False)
    assert SharedRow(1, Row("c.csv", "", 2, {}), None, ()).unknown == ()
    assert JudgedRow(1, Row("c.csv", "", 2, {}), "", "", (), None).refusal is None
    assert Undo(Path("a"), Path("b"), 1, 0, 0).endpoint == ""
    empty = Segment.made(source="a.csv")
    assert empty.model_dump(exclude={"source"}) == {
        "previous": (), "column": None, "ignore_consent": False, "sheet": None, "add_tags": (),
        "remove_tags": (), "add_to_lists": (), "remove_from_lists": (),
    }  # fmt: skip
    assert empty.changes() == {}

"""A place that cannot be written is said with its path, whatever is to be written there, and nothing else happens."""

from __future__ import annotations

import pytest

from bulk_import.delivery.commits import Reserve
from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.scratch import Scratch
from bulk_import.jobs.state import State
from bulk_import.journal import Journal
from bulk_import.models import Outcome, Row, SourceInfo, Status, Summary
from bulk_import.report.bundle import write_bundle
from bulk_import.report.digest import Digest
from bulk_import.report.metrics import Gauge, write_gauges
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import write_rejects
from bulk_import.report.summary import write_summary
from bulk_import.run.folder import RunFolder
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold

SUMMARY = Summary("r", ("a.csv",), "m.yml", "https://x", {Status.SUCCESS: 1}, 1)
OUTCOME = Outcome("a.csv", "", 2, "", Status.INVALID, "X", said="why")


def rejects(kind):
    info = SourceInfo("a", kind, sheet="S", header=("A",), labels=("A",))
    row = Row("a", "S", 2, {"A": "x"})
    return lambda path: write_rejects(path, {1: info}, [(1, row, OUTCOME)])


def plan_files(path):
    with Scratch(CALLS) as scratch:
        line = Line(1, "a@b.org", None, None, packed({"add_tags": ["x"]}))
        write_plan_files(path, Calls(scratch, [line]))


def lock(path):
    with hold(path, "it"):
        pass


WRITERS = {
    "summary": lambda path: write_summary(path, SUMMARY),
    "report": lambda path: write_report(path, [OUTCOME]),
    "page": lambda path: write_page(path, SUMMARY, Digest(), {}),
    "rejects as text": rejects("csv"),
    "rejects as a workbook": rejects("xlsx"),
    "metrics": lambda path: write_gauges(path, [Gauge("one", "One.", [({}, 1)])]),
    "bundle": lambda path: write_bundle(path, SUMMARY, "", []),
    "journal": Journal.create,
    "state": State.open,
    "reserve": lambda path: Reserve(path).take(),
    "plan files": plan_files,
    "folder": made_folder,
    "run folder": lambda path: RunFolder(path).make(),
    "lock": lock,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_cannot_be_written_is_a_storage_error_with_the_path(tmp_path, write):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("somebody's\n", "utf-8")
    with pytest.raises(StorageError) as caught:
        write(in_the_way / "below")
    assert str(in_the_way) in str(caught.value)
    assert in_the_way.read_text("utf-8") == "somebody's\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_state_that_is_only_to_be_read_is_not_made(tmp_path):
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(SetupError, match="no such state file"):
            State.open(tmp_path / "x.state", **options)
    assert list(tmp_path.iterdir()) == []

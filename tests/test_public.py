"""The names that scripts and notebooks import, and that they work there."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pandas as pd
import pytest

import bulk_import
from bulk_import import (
    Status,
    check_file,
    check_file_async,
    check_frame,
    check_frame_async,
    import_file,
    import_file_async,
    import_frame,
    import_frame_async,
    load_mapping,
    resume,
    resume_async,
    retag,
    retag_async,
    sync,
    sync_async,
    undo,
    undo_async,
)
from bulk_import.errors import MappingError, SetupError
from bulk_import.models import Summary
from bulk_import.progress import Silence
from bulk_import.stopping import Stop

MAPPING = {
    "fields": {
        "lead_email": "E-mail",
        "lead_first_name": {"column": "Name"},
        "add_tags": {"column": "Tags", "separator": ",", "always": ["2026"]},
    },
    "when": {"no_email": "refuse"},
}
FRAME = pd.DataFrame(
    {"E-mail": ["a@example.org", "nobody"], "Name": ["Zoë", "x"], "Tags": ["vip", None]}
)
CSV = "E-mail,Name,Tags\na@example.org,Zoë,vip\nnobody,x,\n"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text(CSV, "utf-8")
    return path


def test_every_public_name_is_there_and_listed():
    for name in bulk_import.__all__:
        assert getattr(bulk_import, name).__name__ == name
    assert set(bulk_import.__all__) <= set(dir(bulk_import))
    assert sorted(bulk_import.__all__) == sorted(bulk_import._HOMES)


@pytest.mark.parametrize(
    ("blocking", "twin"),
    [
        (import_file, import_file_async),
        (import_frame, import_frame_async),
        (resume, resume_async),
        (sync, sync_async),
        (retag, retag_async),
        (check_file, check_file_async),
        (check_frame, check_frame_async),
        (undo, undo_async),
    ],
)
def test_a_twin_takes_the_same_arguments(blocking, twin):
    """What only a running event loop can use is added at the end."""
    known = list(inspect.signature(blocking).parameters.values())
    own = list(inspect.signature(twin).parameters.values())
    assert own[: len(known)] == known
    extra = {parameter.name for parameter in own[len(known) :]}
    assert extra <= {"stop", "steer", "corrections", "corrections_by"}
    assert inspect.iscoroutinefunction(twin)


@pytest.mark.parametrize("name", ["check_file", "import_file", "resume", "retag", "sync", "undo"])
def test_nobody_is_passed_over_or_waved_through_unless_it_is_asked_for(name):
    """A default of the public calls never accepts, ignores, leaves out or begins anew."""
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(getattr(bulk_import, name)).parameters.items()
        if isinstance(parameter.default, bool)
    }
    assert defaults == dict.fromkeys(defaults, False)
    named = {
        "resume": {"accept"},
        "retag": {"accept", "ignore_consent"},
        "sync": {"accept", "full", "report_all", "fewer_files", "judge_all"},
    }
    assert defaults.keys() == named.get(name, set())


async def test_a_blocking_call_on_a_running_loop_names_its_twin(tmp_path, source):
    settings = bulk_import.Settings(dry_run=True, run_dir=tmp_path / "run")
    for call, twin in (
        (lambda: import_file(source, MAPPING, settings), "import_file_async"),
        (lambda: import_frame(FRAME, MAPPING, settings), "import_frame_async"),
        (lambda: resume(tmp_path / "run", settings), "resume_async"),
        (lambda: sync(source, MAPPING, settings, state=tmp_path / "s"), "sync_async"),
        (lambda: retag(source, settings, add_tags="vip"), "retag_async"),
    ):
        with pytest.raises(SetupError, match=f"await {twin}"):
            call()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contacts.csv"]


def test_blocking_calls_make_a_loop_of_their_own(tmp_path, source):
    settings = bulk_import.Settings(dry_run=True, run_dir=tmp_path / "run")
    summary = import_file(source, MAPPING, settings)
    assert (summary.counts[Status.NOT_SENT], summary.counts[Status.INVALID]) == (1, 1)
    framed = import_frame(
        FRAME, MAPPING, bulk_import.Settings(dry_run=True, run_dir=tmp_path / "f")
    )
    assert framed.counts == summary.counts


async def test_a_mapping_may_be_a_path_a_dict_or_loaded(tmp_path, source):
    """Files are checked alike, and so is a frame; also where an event loop is running."""
    path = tmp_path / "m.yml"
    path.write_text(load_mapping(MAPPING).text, "utf-8")  # kept in journals, to be read again
    for mapping in (MAPPING, path, str(path), load_mapping(path)):
        checked = check_file(source, mapping)
        assert (checked.plan.to_send, checked.plan.counts) == (1, {Status.INVALID: 1})
        assert check_frame(FRAME, mapping).plan == checked.plan
        assert (await check_file_async(source, mapping)).plan == checked.plan
        assert (await check_frame_async(FRAME, mapping)).plan == checked.plan
    assert load_mapping(path).fingerprint() == load_mapping(MAPPING).fingerprint()


def test_what_is_wrong_with_a_dict_is_said_by_key():
    with pytest.raises(MappingError) as caught:
        load_mapping({"fields": {"lead_emial": "E-mail"}})
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (0, "fields.lead_emial")
    assert "lead_email" in problem.message
    with pytest.raises(MappingError, match=r"add_to_lists.always.0: float .*: give text"):
        load_mapping({"fields": {"add_to_lists": {"always": [1473249885.2899961004]}}})


def test_numbers_and_truth_values_of_a_dict_are_those_of_a_file():
    mapping = load_mapping(
        {
            "version": 1,
            "source": {"header_row": 2, "sheet": None},
            "fields": {"lead_email": {"column": "E-mail", "refuse_role": True}},
        }
    )
    assert mapping.spec.source.header_row == 2
    assert mapping.spec.source.sheet is None
    assert mapping.spec.fields["lead_email"].refuse_role is True


async def test_a_run_with_a_dict_can_be_resumed(sandbox, settings, source):
    first = await import_file_async(source, MAPPING, settings(sandbox, limit=0))
    assert first.counts[Status.NOT_SENT] == 1
    done = await resume_async(first.run_dir, settings(sandbox))
    assert done.counts[Status.SUCCESS] == 1
    (contact,) = sandbox.contacts()
    assert contact.tags == ("2026", "vip")


async def test_a_frame_goes_on_with_its_own_run(sandbox, settings):
    first = await import_frame_async(FRAME, MAPPING, settings(sandbox, limit=0))
    assert first.counts[Status.NOT_SENT] == 1
    done = await import_frame_async(FRAME, MAPPING, settings(sandbox))
    assert (done.run_dir, done.counts[Status.SUCCESS]) == (first.run_dir, 1)
    assert list(done.frame()["status"]) == ["success", "invalid"]
    requests = len(sandbox.sent())
    again = await import_frame_async(FRAME, MAPPING, settings(sandbox))
    assert (again.counts, len(sandbox.sent())) == (done.counts, requests)


async def test_another_frame_or_a_file_is_refused_in_the_folder_of_a_frame(
    sandbox, settings, source
):
    await import_frame_async(FRAME, MAPPING, settings(sandbox, limit=0))
    with pytest.raises(SetupError, match="the DataFrame has changed"):
        await import_frame_async(FRAME.assign(Name="y"), MAPPING, settings(sandbox))
    with pytest.raises(SetupError, match="came from a DataFrame, now they come from files"):
        await import_file_async(source, MAPPING, settings(sandbox))
    assert sandbox.contacts() == []


class _StopsWhileReading(Silence):
    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def reading(self, rows: int) -> None:
        self._stop.request("enough", 130)


async def test_a_frame_that_was_not_read_to_its_end_must_be_given_again(sandbox, settings):
    frame = pd.DataFrame({"E-mail": [f"p{n}@example.org" for n in range(1500)]})
    mapping = {"fields": {"lead_email": "E-mail"}}
    stop = Stop()
    first = await import_frame_async(
        frame, mapping, settings(sandbox), progress=_StopsWhileReading(stop), stop=stop
    )
    assert (first.exit_code, first.rows_read) == (130, 1000)
    with pytest.raises(SetupError, match="call import_frame with the same frame"):
        await resume_async(first.run_dir, settings(sandbox))
    done = await import_frame_async(frame, mapping, settings(sandbox, concurrency=16))
    assert (done.exit_code, done.counts[Status.SUCCESS]) == (0, 1500)
    assert len(sandbox.contacts()) == 1500


async def test_a_night_a_retag_and_an_undo(tmp_path, sandbox, settings, source):
    state = tmp_path / "night.state"
    night = await sync_async(source, MAPPING, settings(sandbox), state=state)
    assert night.counts[Status.SUCCESS] == 1
    options = settings(sandbox, run_dir=tmp_path / "second")
    assert (await sync_async(source, MAPPING, options, state=str(state))).counts == {
        **dict.fromkeys(Status, 0),
        Status.UNCHANGED: 1,
        Status.INVALID: 1,
    }

    members = tmp_path / "members.csv"
    members.write_text("Mail\na@example.org\nb@example.org\n", "utf-8")
    segments = tmp_path / "segments.state"
    options = settings(sandbox, run_dir=tmp_path / "retag")
    tagged = await retag_async(members, options, state=segments, add_tags=["winter"])
    assert tagged.counts[Status.SUCCESS] == 2
    assert {c.email: "winter" in c.tags for c in sandbox.contacts()} == {
        "a@example.org": True,
        "b@example.org": True,
    }
    nothing = await retag_async(members, settings(sandbox), state=segments, add_tags=["winter"])
    assert (nothing.run_dir, nothing.rows_read, nothing.exit_code) == ("", 0, 0)
    assert nothing.frame().empty

    reverse = await undo_async(tagged.run_dir)
    assert reverse == undo(tagged.run_dir)
    options = settings(sandbox, run_dir=tmp_path / "undone")
    assert (await import_file_async(reverse.source, reverse.mapping, options)).exit_code == 0
    assert not any("winter" in c.tags for c in sandbox.contacts())


async def test_a_retag_that_touches_too_many_sends_nothing(tmp_path, sandbox, settings, source):
    with pytest.raises(bulk_import.BulkImportError, match="max_contacts allows 0"):
        await retag_async(source, settings(sandbox), add_tags="vip", max_contacts=0)
    with pytest.raises(SetupError, match="give add_tags"):
        await retag_async(source, settings(sandbox))
    assert sandbox.sent() == []


def test_a_notebook_shows_a_summary_as_a_table():
    counts = {**dict.fromkeys(Status, 0), Status.SUCCESS: 1234, Status.FAILED: 2}
    summary = Summary(
        "runs/<b>", (), "m.yml", "https://x", counts, 1236, stopped="the <breaker>", stop_code=3
    )
    html = summary._repr_html_()
    assert "<td>success</td><td style='text-align:right'>1,234</td>" in html
    assert "invalid" not in html
    assert "stopped: the &lt;breaker&gt;" in html
    assert str(Path("runs/&lt;b&gt;") / "report.html") in html


async def test_calls_in_other_threads_do_not_see_the_loop_of_this_one(tmp_path, source):
    settings = bulk_import.Settings(dry_run=True, run_dir=tmp_path / "run")
    summary = await asyncio.to_thread(import_file, source, MAPPING, settings)
    assert summary.rows_read == 2

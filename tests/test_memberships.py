"""What the state of segments remembers: who is in which, and what runs of re-tagging have confirmed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.memberships import (
    Move,
    has_moves,
    learn,
    members_of,
    moves_of,
    read_moves,
    segment_names,
    write_moves,
)
from bulk_import.jobs.retagging import compare, segment_state, send_plan, take_over_runs
from bulk_import.jobs.segments import Segment
from bulk_import.jobs.state import Known, State
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.settings import Settings
from tests.journals import accepted, failed, info, intent, judged

HTTP = "https://shop.example.com"


@pytest.fixture
def state(tmp_path) -> Iterator[State]:
    with State.open(tmp_path / "tags.state") as opened:
        yield opened


def members(state: State) -> dict[str, list[str]]:
    return {name: [*members_of(state, name)] for name in segment_names(state)}


def gains(segment: str, *emails: str) -> list[Move]:
    return [Move(segment, "gains", email) for email in emails]


def loses(segment: str, *emails: str) -> list[Move]:
    return [Move(segment, "loses", email) for email in emails]


def blanks(segment: str, rows: int) -> list[Move]:
    return [Move(segment, "blanks", f"{rows}")]


# -- the state ---------------------------------------------------------------------------------------


def test_segments_whose_names_begin_alike_have_members_of_their_own(state):
    learn(state, gains("vip", "b@x.org", "a@x.org"), None)
    learn(state, gains("vip 2", "c@x.org"), None)
    learn(state, gains("vip\tx", "d@x.org"), None)
    assert [*members_of(state, "vip")] == ["a@x.org", "b@x.org"]
    assert [*members_of(state, "vip 2")] == ["c@x.org"]
    assert [*members_of(state, "vi")] == []
    assert segment_names(state) == ["vip", "vip 2"]


def test_who_comes_and_who_leaves_is_remembered_as_far_as_it_was_accepted(state):
    learn(state, gains("s", "a@x.org", "b@x.org", "c@x.org"), ["A@x.org", "b@x.org", "b@x.org"])
    assert members(state) == {"s": ["a@x.org", "b@x.org"]}
    moves = [*loses("s", "a@x.org", "b@x.org"), *gains("t", "c@x.org")]
    learn(state, moves, ["a@x.org", "q@x.org"])
    assert members(state) == {"s": ["b@x.org"]}
    learn(state, moves, [])
    assert members(state) == {"s": ["b@x.org"]}
    learn(state, moves, None)
    assert members(state) == {"t": ["c@x.org"]}


def test_another_spelling_of_a_mailbox_was_accepted_as_well(state):
    learn(state, gains("s", "A@bücher.example"), ["a@xn--bcher-kva.example"])
    assert members(state) == {"s": ["A@bücher.example"]}


def test_who_comes_again_is_remembered_without_what_a_night_knew(state):
    key = "s\ta@x.org"
    state.learn([Known(key, "", 3, "2026-01-01", 1, b"c", b"r", 1, "{}")], [])
    learn(state, gains("s", "a@x.org"), None)
    (line,) = state.db.execute("select digest, night, presence, cells, rest, shape, mirrored from contact")  # fmt: skip
    assert line == ("1", 0, 0, None, None, None, None)


def test_rows_without_an_address_are_remembered_by_segment(state):
    learn(state, [*blanks("s", 3), *gains("s", "a@x.org")], [])
    learn(state, blanks("t", 0), None)
    assert state.get_json("blanks") == {"s": 3, "t": 0}
    learn(state, blanks("s", 1), None)
    assert state.get_json("blanks") == {"s": 1, "t": 0}


def test_the_state_is_as_before_when_moves_cannot_be_read(state):
    learn(state, gains("s", "a@x.org"), None)

    def broken() -> Iterator[Move]:
        yield from loses("s", "a@x.org")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        learn(state, broken(), None)
    assert members(state) == {"s": ["a@x.org"]}


# -- moves -------------------------------------------------------------------------------------------


def test_moves_are_kept_in_the_folder_of_the_run(tmp_path):
    assert not has_moves(tmp_path)
    changes = SimpleNamespace(gains=["b@x.org", "a@x.org"], loses=["c@x.org"], blanks=2, held={})
    held = SimpleNamespace(gains=[], loses=["d@x.org"], blanks=5, held={"e@x.org": "why"})
    moves = [*moves_of({'Big, "new"\n': changes, "held": held})]
    assert moves == [
        *gains('Big, "new"\n', "b@x.org", "a@x.org"), *loses('Big, "new"\n', "c@x.org"),
        *blanks('Big, "new"\n', 2), *loses("held", "d@x.org"),
    ]  # fmt: skip
    write_moves(tmp_path, iter(moves))
    assert has_moves(tmp_path)
    assert [*read_moves(tmp_path)] == moves
    assert (tmp_path / "segments.csv").read_bytes().startswith(b"segment,move,contact\r\n")


def test_moves_of_an_earlier_version_are_read(tmp_path):
    found = {"s": {"gains": ["a@x.org"], "loses": ["b@x.org"], "blanks": 2}, "t": {"gains": [], "loses": []}}  # fmt: skip
    (tmp_path / "segments.json").write_text(json.dumps(found), "utf-8")
    assert has_moves(tmp_path)
    assert [*read_moves(tmp_path)] == [
        *gains("s", "a@x.org"), *loses("s", "b@x.org"), *blanks("s", 2),
    ]  # fmt: skip


# -- runs that have confirmed something since --------------------------------------------------------


def run_of(folder: Path, moves: list[Move], *entries, endpoint: str = HTTP) -> Path:
    """The folder of a run over three contacts."""
    folder.mkdir()
    write_moves(folder, moves)
    emails = ["a@x.org", "b@x.org", "c@x.org"]
    with Journal.create(folder / "journal.sqlite3", {"endpoint": endpoint}) as journal:
        journal.add_source(1, info())
        journal.add(1, [judged(seq, email) for seq, email in enumerate(emails, 1)])
        journal.commit(entries)
    return folder


def noted(state: State, *runs: tuple[Path | str, str]) -> None:
    state.put(retag_runs=json.dumps([[str(folder), seen] for folder, seen in runs]))


def test_what_a_run_confirmed_is_taken_over_once(state, tmp_path):
    folder = run_of(tmp_path / "r", gains("s", "a@x.org", "b@x.org", "c@x.org"), intent(1), accepted(1), intent(2), failed(2))  # fmt: skip
    noted(state, (folder, ""))
    take_over_runs(state)
    assert members(state) == {"s": ["a@x.org"]}
    assert state.get_json("retag_runs") == [[str(folder), "1"]]
    assert state.get("endpoint") == HTTP

    state.forget(["s\ta@x.org"])
    take_over_runs(state)  # nothing new was confirmed
    assert members(state) == {}
    with Journal.open(folder / "journal.sqlite3") as journal:
        journal.commit([intent(3), accepted(3)])
    take_over_runs(state)
    assert members(state) == {"s": ["a@x.org", "c@x.org"]}


def test_a_run_of_which_nothing_was_accepted_gives_the_state_no_account(state, tmp_path):
    folder = run_of(tmp_path / "r", blanks("s", 4), intent(1), failed(1))
    noted(state, (folder, ""))
    take_over_runs(state)
    assert (state.get("endpoint"), state.get_json("blanks")) == ("", {"s": 4})


def test_a_state_keeps_the_account_that_it_belongs_to(state, tmp_path):
    state.put(endpoint=HTTP)
    noted(state, (run_of(tmp_path / "r", gains("s", "a@x.org"), intent(1), accepted(1), endpoint="https://other.example.com"), ""))  # fmt: skip
    take_over_runs(state)
    assert state.get("endpoint") == HTTP


def test_runs_that_are_gone_or_were_never_begun_are_not_looked_for_again(state, tmp_path):
    empty, without_moves = tmp_path / "empty", run_of(tmp_path / "r", [])
    empty.mkdir()
    (without_moves / "segments.csv").unlink()
    good = run_of(tmp_path / "good", gains("s", "a@x.org"), intent(1), accepted(1))
    noted(state, (tmp_path / "gone", "1"), (empty, ""), (without_moves, ""), (good, ""))
    take_over_runs(state)
    assert state.get_json("retag_runs") == [[str(good), "1"]]
    assert members(state) == {"s": ["a@x.org"]}


# -- a plan ------------------------------------------------------------------------------------------


@pytest.fixture
def segment(write_csv):
    def made(*emails: str) -> Segment:
        return Segment.made(source=str(write_csv([["E-mail"], *([one] for one in emails)])), add_tags="vip")  # fmt: skip

    return made


@pytest.mark.parametrize(("dry_run", "remembered"), [(False, {"s": 0}), (True, {})])
async def test_a_plan_without_any_call_is_remembered_and_sends_nothing(
    state, segment, dry_run, remembered
):
    learn(state, gains("s", "a@x.org"), None)
    settings = Settings(endpoint=HTTP, dry_run=dry_run)
    with compare({"s": segment("a@x.org")}, state) as plan:
        assert plan.is_empty
        summary = await send_plan(plan, state, settings)
        assert (await send_plan(plan, None, settings)).rows_read == 0
    assert (summary.endpoint, summary.rows_read, summary.counts) == (HTTP, 0, dict.fromkeys(Status, 0))  # fmt: skip
    assert state.get_json("blanks") == remembered
    assert state.get("retag_runs") == ""


def test_lists_are_compared_with_what_the_state_knows(state, segment):
    learn(state, [*gains("s", "a@x.org", "gone@x.org"), *blanks("s", 3)], None)
    with compare({"s": segment("a@x.org", "b@x.org")}, state) as plan:
        found = plan.differences["s"]
        assert ([*found.gains], [*found.loses], found.stays) == (["b@x.org"], ["gone@x.org"], 1)
    with compare({"s": segment("a@x.org", "b@x.org")}, None) as plan:
        assert [*plan.differences["s"].gains] == ["a@x.org", "b@x.org"]
    with pytest.raises(SetupError) as raised:
        compare({"S": segment("a@x.org")}, state)
    assert str(raised.value) == (
        f"--segment 'S': {state.path} has no such segment, but 's'; give that name, or one that "
        "differs by more than case"
    )


def test_a_state_of_segments_is_opened_for_one_run_and_takes_over_what_runs_confirmed(
    state, tmp_path
):
    noted(state, (run_of(tmp_path / "r", gains("s", "a@x.org"), intent(1), accepted(1)), ""))
    with segment_state(None, Settings(endpoint=HTTP)) as nothing:
        assert nothing is None
    with segment_state(str(state.path), Settings(endpoint=HTTP)) as opened:
        assert opened is not None
        assert members(opened) == {"s": ["a@x.org"]}
    with (
        pytest.raises(SetupError, match=r"the state of https://shop\.example\.com, not of"),
        segment_state(state.path, Settings(endpoint="https://other.example.com")),
    ):
        pass

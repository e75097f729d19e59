"""Lists that are compared on disk: private, gone at every end, and a full disk is said before anything is sent."""

from __future__ import annotations

import resource
import tempfile
import tracemalloc

import pytest

from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.calls import Calls
from bulk_import.jobs.deciding import calls_of
from bulk_import.jobs.rosters import COMES, PersonRow, Rosters, new_of, old_of
from bulk_import.jobs.scratch import Found, Scratch
from bulk_import.jobs.segments import Effects, Segment, plan_retag
from tests.children import BOTH, Served, interrupted, start, wait_for

SCHEMA = "create table t (x integer);\n"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, of this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def left_in(folder):
    return [path.name for path in folder.rglob("*")]


def test_a_scratch_database_is_its_owners_alone_and_gone_when_it_is_closed(temporary):
    with Scratch(SCHEMA) as scratch:
        scratch.write_all("insert into t values (?)", ((x,) for x in range(2500)))
        (file,) = temporary.rglob("scratch.sqlite3")
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert scratch.number("select count(*) from t") == 2500
    assert left_in(temporary) == []
    scratch.close()


def test_what_a_query_finds_is_a_sequence():
    with Scratch(SCHEMA) as scratch:
        scratch.write_all("insert into t values (?)", ((x,) for x in range(5)))
        found = Found(scratch, "select x from t where x > :y order by x", {"y": 0}, int, count=4)
        assert (found, len(found), list(found)) == ([1, 2, 3, 4], 4, [1, 2, 3, 4])
        assert (found[0], found[-1], found[:2], found[::-1], found[9:]) == (
            1,
            4,
            [1, 2],
            [4, 3, 2, 1],
            [],
        )
        with pytest.raises(IndexError):
            found[4]


def test_nothing_is_left_of_a_list_that_cannot_be_read(temporary, write_csv):
    one = Segment.made(source=str(write_csv([["A", "B"], ["1", "2"]])), add_tags="vip")
    with pytest.raises(SetupError, match="which column"):
        plan_retag({"s": one})
    assert left_in(temporary) == []


def test_a_disk_that_is_full_is_said_and_nothing_is_left(temporary):
    many = (PersonRow(f"p{n}@example.org", "", 0, n, None) for n in range(100_000))
    with Rosters() as rosters:
        rosters.write("pragma max_page_count = 40")
        with pytest.raises(StorageError) as caught:
            rosters.add(0, many)
    assert str(caught.value) == (
        f"{temporary}: no temporary file can be written there (database or disk is full); nothing "
        "was sent. Free some space, or set TMPDIR to a folder with more"
    )
    assert left_in(temporary) == []


def _peak_of(people):
    """Most bytes that a comparison of two lists holds at once, of which a tenth differs."""

    def listed(first):
        return (
            PersonRow(f"p{n}@example.org", "", 0, n, None) for n in range(first, first + people)
        )

    effects = Effects((Segment.made(source="x", add_tags="vip"),))
    tracemalloc.start()
    try:
        with Rosters() as rosters:
            rosters.place("a.csv", "")
            rosters.add(new_of(0), listed(people // 10))
            rosters.add(old_of(0), listed(0))
            rosters.index()
            rosters.compare(0, 0, accept=False)
            calls = Calls(rosters, calls_of(rosters, 1, effects.of))
            counts = [
                sum(1 for _ in found) for found in (calls.placed(), rosters.changes(COMES, 0))
            ]
            assert counts == [people // 5, people // 10]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_what_a_comparison_holds_in_memory_does_not_grow_with_the_lists():
    assert _peak_of(60_000) < 3_000_000  # the addresses of one list alone would be 4 MB


@pytest.fixture
def retagging(temporary, tmp_path, write_csv):
    """Start a re-tagging of as many people as a process."""

    def started(served, people, **options):
        rows = [["E-mail"], *([f"p{n}@example.org"] for n in range(people))]
        path = write_csv(rows, name="new.csv")
        return start(
            "retag",
            path,
            "--add-tag",
            "vip",
            "--run-dir",
            tmp_path / "run",
            url=served.url,
            **options,
        )

    return started


def test_a_disk_that_fills_while_lists_are_compared_ends_the_command_before_it_sends(
    retagging, temporary, tmp_path
):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))

    with Served(tmp_path) as served:
        process = retagging(served, 15_000, preexec_fn=limited)
        _, said = process.communicate(timeout=300)
        assert (process.returncode, served.sent()) == (5, [])
    assert f"error: {temporary}: no temporary file can be written there" in said
    assert left_in(temporary) == []
    assert not (tmp_path / "run").exists()


@BOTH
def test_a_signal_while_lists_are_compared_leaves_nothing(
    retagging, temporary, tmp_path, number, code
):
    with Served(tmp_path) as served:
        process = retagging(served, 60_000)
        # Until rows are read: a Ctrl-C while Python still defines classes gives a code of its own.
        wait_for(
            lambda: any(
                path.stat().st_size > 200_000 for path in temporary.rglob("scratch.sqlite3")
            ),
            "the comparison does not begin",
        )
        _, said = interrupted(process, number, code)
        assert served.sent() == []
    assert code == 143 or "Stopped." in said
    assert left_in(temporary) == []

"""What a night remembers of a payload: digests, mirrored values, what is removed; and how long its folders are kept."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from bulk_import.jobs.brake import Brake, Night
from bulk_import.jobs.night import SyncOptions, options_of, stats_of
from bulk_import.jobs.payloads import (
    Remembered,
    digest_alone,
    digest_of,
    has_offset,
    joined,
    list_id,
    mirrored,
    mirrors_of,
    remembered,
    removing,
    sha,
    union,
    without_offset,
)
from bulk_import.jobs.retention import delete_old_nights
from bulk_import.journal import Journal
from bulk_import.mapping.loading import parse_mapping

MIRRORS = {"add_tags": frozenset({"always"}), "add_to_lists": frozenset()}


def sha16(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]


# -- digests -----------------------------------------------------------------------------------------


def test_the_digest_of_a_contact_is_that_of_its_rows_in_order():
    one, two = sha(b"a=1"), sha(b"a=2")
    assert one == hashlib.sha256(b"a=1").digest()
    assert digest_of([one, two]) == hashlib.sha256(one + two).hexdigest() != digest_of([two, one])
    assert digest_alone(one) == digest_of([one]) == hashlib.sha256(one).hexdigest()


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b"lead_email=a&lead_utc=%2B03&z=1", b"lead_email=a&z=1"),
        (b"lead_utc=%2B03&z=1", b"z=1"),
        (b"z=1&lead_utc=%2B03", b"z=1"),
        (b"z=1&lead_utc=", b"z=1"),
        (b"z=1&lead_utc2=3", b"z=1&lead_utc2=3"),
        (b"z=1", b"z=1"),
    ],
)
def test_a_form_without_its_time_offset_has_a_digest_of_its_own(body, rest):
    assert without_offset(body) == sha16(rest)


def test_the_rests_of_rows_are_joined_with_nothing_for_those_without():
    assert joined([b"a", None, b"b"]) == sha16(b"ab")
    assert joined([]) == sha16(b"")


@pytest.mark.parametrize(
    ("mirrors", "offset", "rest", "held"),
    [
        ({}, False, None, None),
        ({}, True, joined([without_offset(b"add_tags=x%2Calways")]), None),
        (MIRRORS, False, None, '{"add_tags": ["x"], "add_to_lists": []}'),
    ],
)
def test_what_is_remembered_of_a_form_is_what_the_mapping_asks_for(mirrors, offset, rest, held):
    body = b"add_tags=x%2Calways"
    assert remembered(body, mirrors, has_offset=offset) == Remembered(sha(body), rest, held)


# -- mirrored columns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "held"),
    [
        (b"", {"add_tags": [], "add_to_lists": []}),
        (b"add_tags=b%2Ca%2Cb%2C%2Calways&add_to_lists=always", {"add_tags": ["b", "a"], "add_to_lists": ["always"]}),
        (b"add_tags=%D1%91&remove_tags=x", {"add_tags": ["ё"], "add_to_lists": []}),
    ],
)  # fmt: skip
def test_the_values_of_mirrored_columns_are_held_once_without_those_of_everybody(body, held):
    assert mirrored(body, MIRRORS) == json.dumps(held, ensure_ascii=False)


def test_what_several_rows_hold_is_held_together():
    parts = iter(['{"a": ["x", "y"]}', None, '{"a": ["y", "", "z"], "b": ["ё"]}', ""])
    assert union(parts) == '{"a": ["x", "y", "z"], "b": ["ё"]}'
    assert union(iter(())) == "{}"


@pytest.mark.parametrize(
    ("body", "gone", "expected"),
    [
        (b"lead_email=a", {"add_tags": ["x", "y"]}, b"remove_tags=x%2Cy&lead_email=a"),
        (b"remove_tags=y%2C%2Cz&lead_email=a", {"add_tags": ["x", "y"]}, b"remove_tags=y%2Cz%2Cx&lead_email=a"),
        (b"lead_email=a&add_tags=", {"add_to_lists": ["l"]}, b"remove_from_lists=l&lead_email=a"),
        (b"lead_email=a&lead_phone=", {"add_tags": []}, b"lead_email=a&lead_phone="),
        (b"crm_id=7&lead_email=a", {"add_tags": ["x"]}, b"remove_tags=x&lead_email=a&crm_id=7"),
    ],
)  # fmt: skip
def test_a_form_removes_what_left_the_cell_beside_what_it_removes_already(body, gone, expected):
    assert sorted(removing(body, gone).split(b"&")) == sorted(expected.split(b"&"))
    assert removing(removing(body, gone), gone) == removing(body, gone)


def test_what_everybody_gets_is_no_value_of_the_column_and_lists_have_ids():
    mapping = parse_mapping(
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_utc: Zone\n"
        "  add_tags: {column: Tags, always: [a, News]}\n"
        "  add_to_lists: {column: Lists, always: [News, 17.1, Other], mirror: true}\n",
        "m.yml",
    )
    ids = {"News": "15.2", "Old": "17.1"}
    assert mirrors_of(mapping, ids) == {"add_to_lists": frozenset({"15.2", "17.1", "Other"})}
    assert [list_id(value, ids) for value in ("News", "17.1", "x")] == ["15.2", "17.1", "x"]
    assert has_offset(mapping)
    assert not has_offset(parse_mapping("version: 1\nfields: {lead_email: E-mail}\n", "m.yml"))


# -- what a night is unless it is said ---------------------------------------------------------------


def test_limits_and_options_are_those_that_are_documented():
    assert Brake() == Brake(0.3, 0.5, 0.2, 0.3, 20)
    assert Night() == Night(0, 0, 0, 0, 0, {}, 0.0, [], 0, "")
    options = SyncOptions(Path("s"))
    assert options == SyncOptions(
        Path("s"), full=False, accept=False, seed=None, brake=Brake(), wait_lock_s=0.0, report_all=False,
        fewer_files=False, judge_all=False, newest=0,
    )  # fmt: skip


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("accepted", [True, False])
def test_a_night_is_resumed_with_the_options_with_which_it_began(accept, accepted):
    brake = Brake(0.1, 0.2, 0.3, 0.4, 5)
    known = {"full": True, "accept": accepted, "brake": asdict(brake)}
    facts = {"state": "job.state", "night_options": json.dumps(known)}
    assert options_of(facts, accept=accept) == SyncOptions(
        Path("job.state"), full=True, accept=accept or accepted, brake=brake
    )
    later = known | {"report_all": True, "fewer_files": True, "judge_all": True}
    facts["night_options"] = json.dumps(later)
    assert options_of(facts, accept=accept) == SyncOptions(
        Path("job.state"), full=True, accept=accept or accepted, brake=brake, report_all=True,
        fewer_files=True, judge_all=True,
    )  # fmt: skip


def test_sources_that_were_read_are_not_asked_for_their_size_again(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"12345")
    os.utime(path, (1000, 1000.5))
    (size, changed), *others = stats_of([str(path)])
    assert (size, changed, others) == (5, 1000.5, [])
    noted = {"night_stats": "[[7, 2.5]]"}
    assert stats_of([str(path)], noted) == [(5, 1000.5)]
    assert stats_of([str(path)], noted | {"judged": "1"}) == [(7, 2.5)]
    assert stats_of([str(path)], {"judged": "1"}) == []


# -- old folders -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "newest", "gone"),
    [
        (1, "3", ["2", "1", "0"]),
        (2, "3", ["1", "0"]),
        (3, "3", ["0"]),
        (4, "3", []),
        (9, "3", []),
        (1, "0", ["2", "1"]),  # the night itself stays, whatever its time
        (0, "3", ["2", "1", "0"]),
    ],
)
def test_the_newest_nights_are_kept_and_the_oldest_deleted(tmp_path, keep, newest, gone):
    state = tmp_path / "crm.state"
    for name in ("2", "0", "3", "1"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "journal.sqlite3"
        facts = {"job": "sync", "state": str(state), "finished": "1"}
        Journal.create(path, facts).close()
        os.utime(path, (1_000_000 + int(name),) * 2)
    deleted = delete_old_nights(tmp_path / newest, state, keep)
    assert [folder.name for folder in deleted] == gone
    assert sorted(folder.name for folder in tmp_path.iterdir()) == sorted({*"0123"} - {*gone})

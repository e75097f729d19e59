"""Plans of tags and lists as files, which `retag` and `undo` write and an ordinary run sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.api.fields import OPPOSITE
from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.holding import Doubt, Place
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.scratch import Scratch
from bulk_import.mapping.loading import load_mapping
from bulk_import.mapping.schema import SuppressSpec


@pytest.fixture
def calls_of():
    """Calls of a dict; of one contact with a place."""
    with Scratch(CALLS) as scratch:
        scratch.write("insert into place values (0, 'old.csv', '')")

        def made(calls, placed=""):
            lines = (
                Line(at, email, 0 if email == placed else None, 5, packed(call))
                for at, (email, call) in enumerate(calls.items())
            )
            return Calls(scratch, lines)

        yield made


def test_a_plan_is_a_source_and_a_mapping_with_the_parameters_that_it_uses(calls_of, tmp_path):
    calls = {
        "a@example.org": {"add_tags": ["vip", "new"], "remove_from_lists": ["clients_1"]},
        "b@example.org": {"add_tags": ["new"], "remove_tags": []},
    }
    never = tmp_path / "no.csv"
    source, mapping = write_plan_files(
        tmp_path / "plan",
        calls_of(calls),
        refused=[Doubt("", "nobody")],
        suppress=[(never, SuppressSpec(file="no.csv"))],
        comment="Why.",
    )
    assert source.read_text("utf-8-sig").splitlines() == [
        "lead_email,add_tags,remove_from_lists",
        'a@example.org,"vip,new",clients_1',
        "b@example.org,new,",
        "nobody,,",
    ]
    assert mapping.read_text("utf-8").startswith("# Why.\nversion: 1\n")
    loaded = load_mapping(mapping)
    assert list(loaded.spec.fields) == ["lead_email", "add_tags", "remove_from_lists"]
    assert [file for file, _ in loaded.suppress_files()] == [never]


def test_reports_of_a_plan_name_the_lists_that_people_are_on_and_who_said_no_is_kept_back(
    calls_of, tmp_path
):
    refused = [
        Doubt(Place("new.csv", "", 7), "nobody"),
        Doubt(Place("new.xlsx", "S", 8), "no@example.org", said_no="Opt: 'no'"),
        Doubt("", "x"),
    ]
    source, mapping = write_plan_files(
        tmp_path / "plan",
        calls_of(
            {"A@example.org": {"add_tags": ["vip"]}, "b@example.org": {"add_tags": ["vip"]}},
            placed="A@example.org",
        ),
        refused=refused,
        has_places=True,
    )
    assert source.read_text("utf-8-sig").splitlines() == [
        "lead_email,add_tags,said_no,list,sheet,row",
        "A@example.org,vip,,old.csv,,5",
        "b@example.org,vip,,,,",
        "nobody,,,new.csv,,7",
        "no@example.org,,Opt: 'no',new.xlsx,S,8",
        "x,,,,,",
    ]
    assert mapping.read_text("utf-8").splitlines() == [
        "version: 1",
        "source: {places: [list, sheet, row]}",
        "fields:",
        "  lead_email: lead_email",
        '  add_tags: {column: add_tags, separator: ","}',
        "only:",
        "  - {column: said_no, values: [empty], because: said no}",
    ]


def test_suppression_lists_keep_their_options_and_are_found_from_any_folder(
    calls_of, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    lists = [
        (Path("no.csv"), SuppressSpec(file="no.csv", kind="domains", columns=("A",))),
        ("sftp://x.org/é.csv", SuppressSpec(file="sftp://x.org/é.csv", gmail_dots=True)),
    ]
    _, mapping = write_plan_files(
        tmp_path / "plan", calls_of({"a@b.org": {"add_tags": ["vip"]}}), suppress=lists
    )
    assert '{"file": "sftp://x.org/é.csv", "gmail_dots": true}' in mapping.read_text("utf-8")
    written = load_mapping(mapping).suppress_files()
    assert [file for file, _ in written] == [tmp_path / "no.csv", "sftp://x.org/é.csv"]
    assert [spec.model_copy(update={"file": ""}) for _, spec in written] == [
        spec.model_copy(update={"file": ""}) for _, spec in lists
    ]


def test_undoing_twice_is_doing():
    assert {OPPOSITE[OPPOSITE[name]] for name in OPPOSITE} == set(OPPOSITE)
    assert OPPOSITE["add_tags"] == "remove_tags"
    assert OPPOSITE["remove_from_lists"] == "add_to_lists"


def test_a_plan_that_somebody_edited_is_kept_and_the_new_one_gets_a_number(calls_of, tmp_path):
    calls = calls_of({"a@example.org": {"add_tags": ["vip"]}})
    source, mapping = write_plan_files(tmp_path / "undo", calls)
    assert write_plan_files(tmp_path / "undo", calls) == (source, mapping)
    source.write_text("edited", "utf-8")
    numbered = write_plan_files(tmp_path / "undo", calls)
    assert [path.name for path in numbered] == ["undo-2.csv", "undo-2.yml"]
    assert source.read_text("utf-8") == "edited"
    numbered[1].write_text("edited", "utf-8")
    third = write_plan_files(tmp_path / "undo", calls)
    assert [path.name for path in third] == ["undo-3.csv", "undo-3.yml"]
    numbered[1].write_bytes(mapping.read_bytes())
    assert numbered[1].read_bytes() == mapping.read_bytes()

"""Plans of tags and lists as files, which `retag` and `undo` write and an ordinary run sends."""

from __future__ import annotations

from bulk_import.api.fields import OPPOSITE
from bulk_import.jobs.holding import Doubt
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.mapping.loading import load_mapping
from bulk_import.mapping.schema import SuppressSpec


def test_a_plan_is_a_source_and_a_mapping_with_the_parameters_that_it_uses(tmp_path):
    calls = {
        "a@example.org": {"add_tags": ["vip", "new"], "remove_from_lists": ["clients_1"]},
        "b@example.org": {"add_tags": ["new"], "remove_tags": []},
    }
    never = tmp_path / "no.csv"
    source, mapping = write_plan_files(
        tmp_path / "plan",
        calls,
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


def test_undoing_twice_is_doing():
    assert {OPPOSITE[OPPOSITE[name]] for name in OPPOSITE} == set(OPPOSITE)
    assert OPPOSITE["add_tags"] == "remove_tags"
    assert OPPOSITE["remove_from_lists"] == "add_to_lists"


def test_a_plan_that_somebody_edited_is_kept_and_the_new_one_gets_a_number(tmp_path):
    calls = {"a@example.org": {"add_tags": ["vip"]}}
    source, mapping = write_plan_files(tmp_path / "undo", calls)
    assert write_plan_files(tmp_path / "undo", calls) == (source, mapping)
    source.write_text("edited", "utf-8")
    numbered = write_plan_files(tmp_path / "undo", calls)
    assert [path.name for path in numbered] == ["undo-2.csv", "undo-2.yml"]
    assert source.read_text("utf-8") == "edited"
    assert numbered[1].read_bytes() == mapping.read_bytes()

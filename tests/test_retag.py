"""Re-tagging from lists: only the difference is sent, one call a contact, and there is a way back."""

from __future__ import annotations

import json

import pytest

from bulk_import import import_file_async, load_mapping
from bulk_import.cli import main
from bulk_import.errors import MappingError, SetupError
from bulk_import.jobs.retagging import (
    Segment,
    load_plan,
    plan_retag,
    read_members,
    remember,
    write_plan,
)
from bulk_import.jobs.state import State
from bulk_import.models import Status


def _list(write_csv, name, numbers, header="E-mail"):
    return str(
        write_csv([["Nr", header], *[[str(n), f"P{n}@Example.org"] for n in numbers]], name=name)
    )


async def _send(folder, plan, sandbox, settings, which="plan", **options):
    source, mapping = write_plan(folder, plan, **options)
    source, mapping = source.with_stem(which), mapping.with_stem(which)
    run_dir = folder / f"run_{which}"
    return await import_file_async(
        source, load_mapping(mapping), settings(sandbox, run_dir=run_dir)
    )


def test_the_column_with_the_addresses_is_found_by_its_cells(write_csv):
    members = read_members([_list(write_csv, "a.csv", range(5), header="whatever")])
    assert members.column == "whatever"
    assert members.emails[0] == "p0@example.org"
    with pytest.raises(SetupError, match="no column holds e-mail"):
        read_members([str(write_csv([["A", "B"], ["1", "2"]], name="b.csv"))])


async def test_exactly_the_difference_is_sent_and_its_reverse_restores_all(
    tmp_path, write_csv, sandbox, settings
):
    old, new = _list(write_csv, "old.csv", range(300)), _list(write_csv, "new.csv", range(50, 360))
    first = plan_retag({"vip": Segment(source=old, add_tags="vip")})
    (tmp_path / "one").mkdir()
    await _send(tmp_path / "one", first, sandbox, settings)
    before = {contact.email: list(contact.tags) for contact in sandbox.contacts()}
    assert len(before) == 300
    sent = len(sandbox.sent())
    plan = plan_retag({"vip": Segment(source=new, previous=old, add_tags="vip")})
    found = plan.differences["vip"]
    assert (len(found.gains), len(found.loses), found.stays) == (60, 50, 250)
    (tmp_path / "two").mkdir()
    summary = await _send(tmp_path / "two", plan, sandbox, settings)
    assert summary.exit_code == 0
    assert len(sandbox.sent()) - sent == 110
    tagged = {contact.email for contact in sandbox.contacts() if list(contact.tags) == ["vip"]}
    assert tagged == {f"p{n}@example.org" for n in range(50, 360)}
    await _send(tmp_path / "two", plan, sandbox, settings, which="reverse")
    after = {
        contact.email: list(contact.tags)
        for contact in sandbox.contacts()
        if contact.email in before
    }
    assert after == before


async def test_contacts_that_move_between_segments_get_one_call(
    tmp_path, write_csv, sandbox, settings
):
    lists = {name: _list(write_csv, f"{name}.csv", numbers) for name, numbers in
             {"a_old": range(10), "a_new": range(5), "b_old": range(10, 15), "b_new": range(5, 15)}.items()}  # fmt: skip
    path = tmp_path / "plan.yml"
    path.write_text(
        "version: 1\nsegments:\n"
        f"  a: {{source: {lists['a_new']}, previous: {lists['a_old']}, add_tags: [a, both]}}\n"
        f"  b: {{source: {lists['b_new']}, previous: {lists['b_old']}, add_tags: [b, both]}}\n"
    )
    plan = plan_retag(load_plan(path))
    assert set(plan.calls) == {f"p{n}@example.org" for n in range(5, 10)}
    assert plan.calls["p5@example.org"] == {
        "remove_tags": {"a": None},
        "add_tags": {"b": None, "both": None},
    }
    (tmp_path / "run").mkdir()
    summary = await _send(tmp_path / "run", plan, sandbox, settings)
    assert summary.counts[Status.SUCCESS] == len(sandbox.sent()) == 5


async def test_the_state_remembers_only_what_was_accepted(tmp_path, write_csv, sandbox, settings):
    from bulk_import.sandbox.app import Reply

    source = _list(write_csv, "a.csv", range(10))
    sandbox.script = lambda _number, form: (
        Reply(code=3, text="no") if form["lead_email"] == "p3@example.org" else None
    )
    with State.open(tmp_path / "tags.state") as state:
        plan = plan_retag({"vip": Segment(source=source, add_tags="vip")}, state)
        (tmp_path / "one").mkdir()
        summary = await _send(tmp_path / "one", plan, sandbox, settings)
        assert summary.exit_code == 1
        remember(tmp_path / "one" / "run_plan", plan, state)
        again = plan_retag({"vip": Segment(source=source, add_tags="vip")}, state)
        assert list(again.calls) == ["p3@example.org"]
        assert again.differences["vip"].stays == 9


async def test_suppressed_people_and_odd_cells_are_accounted_for(
    tmp_path, write_csv, sandbox, settings
):
    source = write_csv(
        [["E-mail"], *[[f"p{n}@example.org"] for n in range(8)], ["not an address"]], name="a.csv"
    )
    never = tmp_path / "never.csv"
    never.write_text("p2@example.org\n")
    plan = plan_retag({"vip": Segment(source=str(source), add_tags="vip")})
    (tmp_path / "run").mkdir()
    summary = await _send(tmp_path / "run", plan, sandbox, settings, suppress=[never])
    assert summary.rows_read == 9
    assert summary.counts[Status.SUPPRESSED] == 1
    assert summary.counts[Status.INVALID] == 1
    assert sandbox.contact("p2@example.org") is None


def test_the_command_line_caps_and_refuses(tmp_path, write_csv, monkeypatch, capsys):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "k")
    monkeypatch.chdir(tmp_path)
    source = _list(write_csv, "a.csv", range(10))
    for arguments, code, text in (
        ([source, "--add-tag", "vip", "--max-contacts", "5"], 3, "10 contacts would be touched"),
        ([source], 2, "give --add-tag"),
        (["--add-tag", "vip"], 2, "name a list"),
        ([source, "--previous", source, "--add-tag", "vip"], 0, "nothing to send"),
        (
            [source, "--add-tag", "vip", "--dry-run", "--run-dir", "dry", "--json"],
            0,
            "10 gain, 0 lose, 0 stay",
        ),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(["retag", *arguments])
        out, err = capsys.readouterr()
        assert exit_.value.code == code, err
        assert text in err
    assert json.loads(out)["counts"]["not_sent"] == 10
    assert (tmp_path / "dry" / "reverse.csv").stat().st_mode & 0o777 == 0o600


def test_a_plan_file_says_what_is_wrong(tmp_path):
    path = tmp_path / "p.yml"
    for text, what in (("version: 1\n", "segments"), ("version: 1\nsegments: {a: {source: x}}\n", "no tag and no list"),
                       ("version: 1\nsegments: {a: {sauce: x}}\n", "sauce")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(MappingError, match=what):
            load_plan(path)

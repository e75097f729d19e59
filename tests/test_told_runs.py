"""Why a run is not continued: every difference is named, nothing is sent, and undoing the change continues it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bulk_import import import_file_async, import_frame_async, resume_async
from bulk_import.errors import SetupError
from bulk_import.journal import Journal
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.contacts import contact_findings
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.places import Places, is_untouched, notes_of, written_before
from bulk_import.sandbox.app import Sandbox

MAPPING = "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
END = (
    ". Nothing was sent. Undo the change to continue it, or start a new run in another folder (rows "
    "that were accepted would be sent again)"
)


@pytest.fixture
async def begun(sandbox, settings, contacts_csv, tmp_path):
    """A run of 6 rows that stopped after 2: (its source, its settings)."""
    known = {"run_dir": tmp_path / "run", "concurrency": 1}
    source = contacts_csv(6)
    limited = settings(sandbox, limit=2, **known)
    await import_file_async(source, parse_mapping(MAPPING, "m.yml"), limited)
    assert len(sandbox.sent()) == 2
    return source, settings(sandbox, **known)


async def refused(sandbox, source, mapping, options) -> str:
    """What continuing says; nothing is sent."""
    with pytest.raises(SetupError) as caught:
        await import_file_async(source, mapping, options)
    assert len(sandbox.sent()) == 2
    return str(caught.value)


async def test_the_same_run_is_continued(begun, sandbox):
    source, options = begun
    summary = await import_file_async(source, parse_mapping(MAPPING, "m.yml"), options)
    assert (summary.counts[Status.SUCCESS], len(sandbox.sent())) == (6, 6)


async def test_a_changed_mapping_is_named_by_its_parts(begun, sandbox):
    source, options = begun
    changed = (
        MAPPING.replace("lead_first_name: Name", "lead_phone: Phone") + "when: {duplicate: last}\n"
    )
    said = await refused(sandbox, source, parse_mapping(changed, "m.yml"), options)
    assert said == (
        f"{options.run_dir} holds a run that was started differently: the mapping differs in "
        f"fields.lead_first_name, fields.lead_phone, when.duplicate{END}"
    )


async def test_another_account_is_named(begun, sandbox, settings):
    source, options = begun
    async with Sandbox() as other:
        elsewhere = settings(other, run_dir=options.run_dir)
        said = await refused(sandbox, source, parse_mapping(MAPPING, "m.yml"), elsewhere)
        assert other.sent() == []
        assert f"the account was {sandbox.url}, now it is {other.url}{END}" in said


async def test_more_sources_or_other_contents_are_named(begun, sandbox, write_csv):
    source, options = begun
    mapping = parse_mapping(MAPPING, "m.yml")
    more = write_csv([["E-mail", "Name"], ["x@x.org", ""]], name="more.csv")
    said = await refused(sandbox, [source, more], mapping, options)
    assert "started differently: it had 1 sources, now there are 2. Nothing" in said
    source.write_text(source.read_text("utf-8").replace("Person 3", "Persona 3"), "utf-8")
    said = await refused(sandbox, source, mapping, options)
    assert f"{source} has changed" in said
    assert "6 rows then and now" in said


async def test_rows_of_files_and_rows_of_a_frame_do_not_continue_each_other(
    begun, sandbox, settings, tmp_path
):
    source, options = begun
    mapping = parse_mapping(MAPPING, "m.yml")
    frame = pd.DataFrame({"E-mail": [f"p{n}@example.org" for n in range(6)], "Name": ["Ann"] * 6})
    with pytest.raises(SetupError) as caught:
        await import_frame_async(frame, mapping, options)
    assert f": its rows came from files, now they come from a DataFrame{END}" in str(caught.value)
    of_frame = settings(sandbox, run_dir=tmp_path / "frame", dry_run=True)
    await import_frame_async(frame, mapping, of_frame)
    said = await refused(sandbox, source, mapping, of_frame)
    assert f": its rows came from a DataFrame, now they come from files{END}" in said


async def test_a_rehearsal_and_a_real_run_are_not_continued_as_each_other(
    begun, sandbox, settings, tmp_path
):
    source, options = begun
    mapping = parse_mapping(MAPPING, "m.yml")
    said = await refused(sandbox, source, mapping, replace(options, dry_run=True))
    assert said == f"{options.run_dir} holds a real run; rehearse (--dry-run) in another folder"
    rehearsal = settings(sandbox, run_dir=tmp_path / "dry", dry_run=True)
    await import_file_async(source, mapping, rehearsal)
    said = await refused(sandbox, source, mapping, replace(rehearsal, dry_run=False))
    assert said == f"{tmp_path / 'dry'} holds a rehearsal (--dry-run); import into another folder"
    with pytest.raises(SetupError, match=r"a rehearsal \(--dry-run\); run the import without it"):
        await resume_async(tmp_path / "dry", options)


async def test_another_version_is_named_while_the_run_is_not_finished(begun, sandbox):
    source, options = begun
    with Journal.open(Path(options.run_dir) / JOURNAL) as journal:
        journal.remember(tool_version="0.0.1")
    said = await refused(sandbox, source, parse_mapping(MAPPING, "m.yml"), options)
    assert "it was started by version 0.0.1 of this program, this is " in said


# -- contacts that have several rows -------------------------------------------------------------------


async def findings(settings, sandbox, write_csv, rows, policy, name):
    options = settings(sandbox, run_dir=name, dry_run=True)
    await import_file_async(
        write_csv([["E-mail"], *([row] for row in rows)]),
        parse_mapping("version: 1\nfields: {lead_email: E-mail}\n", "m"), options,
    )  # fmt: skip
    with Journal.open(name / JOURNAL) as journal:
        return [(p.code, p.value, p.message) for p in contact_findings(journal, duplicates=policy)]


WHAT = {
    "send": "they are sent in file order, and the last one wins",
    "first": "only the first row of each contact is sent",
    "last": "only the last row of each contact is sent",
    "merge": "the rows of each contact are merged into one",
    "refuse": "they are refused",
}


async def test_second_rows_are_counted_with_what_becomes_of_them(
    settings, sandbox, write_csv, tmp_path
):
    rows = ["a@x.org", "a@x.org", "b@x.org"]
    for policy, what in WHAT.items():
        found = await findings(settings, sandbox, write_csv, rows, policy, tmp_path / policy)
        assert found == [("CONTACT_ROWS", "", f"1 row is a second row of a contact (1 contact has several); {what} (when: duplicate:)")]  # fmt: skip
    assert await findings(settings, sandbox, write_csv, ["a@x.org"], "send", tmp_path / "one") == []


async def test_five_shared_addresses_are_named_from_five_rows_on(
    settings, sandbox, write_csv, tmp_path
):
    many = [f"office{n}@x.org" for n in range(6) for _ in range(6 - n // 5)]
    rows = [*many, *["few@x.org"] * 4, *["noemail@x.org"] * 2]
    found = await findings(settings, sandbox, write_csv, rows, "send", tmp_path / "many")
    assert [(code, value) for code, value, _ in found] == [
        *(("ADDRESS_SHARED", f"office{n}@x.org") for n in range(5)), ("CONTACT_ROWS", ""),
    ]  # fmt: skip
    assert found[0][2] == (
        "6 rows share office0@x.org (probably not their own); the server would make one contact of them"
    )
    assert found[-1][2].startswith(
        "33 rows are second rows of a contact (8 contacts have several); "
    )
    found = await findings(settings, sandbox, write_csv, ["few@x.org"] * 5 + ["noemail@x.org"] * 2, "send", tmp_path / "few")  # fmt: skip
    assert [(code, value) for code, value, _ in found[:2]] == [
        ("ADDRESS_SHARED", "few@x.org"), ("ADDRESS_SHARED", "noemail@x.org"),
    ]  # fmt: skip
    assert "(a placeholder, nobody's address)" in found[1][2]


# -- where rejects go ----------------------------------------------------------------------------------


def test_rejects_that_somebody_edited_keep_their_name_and_the_new_ones_get_the_next(tmp_path):
    drafts, run_dir = tmp_path / "drafts", tmp_path / "run"
    for folder in drafts, run_dir:
        folder.mkdir()
    (drafts / "rejects.csv").write_text("new")
    (drafts / "report.csv").write_text("other")
    first = Places.of(drafts, run_dir, {})
    assert (list(first.written), first.notes) == (["rejects.csv"], ())
    (run_dir / "rejects.csv").write_text("new")
    facts = first.as_facts()
    assert (written_before(facts), notes_of(facts)) == (first.written, ())
    assert is_untouched(run_dir / "rejects.csv", first.written)
    assert list(Places.of(drafts, run_dir, first.written).written) == ["rejects.csv"]
    for name in ("rejects.csv", "rejects-2.csv"):
        (run_dir / name).write_text("edited")
    second = Places.of(drafts, run_dir, first.written)
    assert list(second.written) == ["rejects-3.csv"]
    assert second.notes == (
        "rejects.csv was edited after it was written and is kept; the rows that did not make it are "
        "now in rejects-3.csv",
    )
    assert sorted(path.name for path in drafts.iterdir()) == ["rejects-3.csv", "report.csv"]
    assert notes_of(second.as_facts()) == second.notes
    assert written_before({"rejects": json.dumps(["rejects.csv"])}) == {"rejects.csv": ""}
    assert written_before({}) == {}


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("d/my contacts (1).csv", "my_contacts_1_"), ("-", "stdin"), ("https://x.org/a.csv?token=secret#x", "a"),
        ("a?b.csv", "a_b"), ("x" * 60 + ".csv", "x" * 40), ("Имя.csv", "Имя"),
    ],
)  # fmt: skip
def test_a_run_folder_is_called_after_the_time_and_the_source(tmp_path, source, stem):
    made = new_run_dir(source, tmp_path)
    assert made.parent == tmp_path / "runs"
    assert made.name.partition("Z_")[2] == stem
    made.mkdir(parents=True)
    again = {new_run_dir(source, tmp_path) for _ in range(1)}
    assert made not in again

"""The reverse plan brings an account's tags and lists back, and says what it cannot know."""

from __future__ import annotations

import pytest

from bulk_import import import_file_async
from bulk_import.cli import main
from bulk_import.errors import SetupError
from bulk_import.jobs.undoing import undo, undo_async
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.sandbox.app import Reply

MAPPING = """version: 1
fields:
  lead_email: E-mail
  add_tags: {column: Add, separator: ";"}
  remove_tags: {column: Remove, separator: ";"}
"""


async def test_a_run_undone_leaves_no_trace_in_the_tags(
    tmp_path, write_csv, sandbox, settings, capsys
):
    seed = write_csv(
        [["E-mail", "Add", "Remove"], ["a@b.org", "old", ""], ["c@d.org", "", ""]], name="seed.csv"
    )
    mapping = parse_mapping(MAPPING, "m.yml")
    await import_file_async(seed, mapping, settings(sandbox, run_dir=tmp_path / "seed"))
    before = {contact.email: sorted(contact.tags) for contact in sandbox.contacts()}
    path = write_csv(
        [["E-mail", "Add", "Remove"], ["a@b.org", "new;x", "old"], ["c@d.org", "new", ""], ["A@b.org", "", "x"],
         ["bad", "new", ""]],
        name="run.csv",
    )  # fmt: skip
    summary = await import_file_async(path, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    assert {c.email: sorted(c.tags) for c in sandbox.contacts()} == {
        "a@b.org": ["new"],
        "c@d.org": ["new"],
    }
    plan = undo(summary.run_dir)
    assert (plan.contacts, plan.without_email, plan.unknown) == (2, 0, 0)
    assert plan.source.stat().st_mode & 0o777 == 0o600
    done = await import_file_async(
        plan.source, load_mapping(plan.mapping), settings(sandbox, run_dir=tmp_path / "undo")
    )
    assert done.exit_code == 0
    # "x" was added and removed by the run itself; whether it was there before is not known.
    after = {c.email: sorted(set(c.tags) - {"x"}) for c in sandbox.contacts()}
    assert after == before
    with pytest.raises(SystemExit) as exit_:
        main(["undo", str(summary.run_dir)])
    assert exit_.value.code == 0
    said = capsys.readouterr()
    assert "cannot be known" in said.err
    assert said.out.endswith(f"undo.yml --endpoint {sandbox.url}\n"), "the account of the run"


async def test_what_no_plan_can_find_again_is_counted(tmp_path, write_csv, sandbox, settings):
    path = write_csv(
        [
            ["E-mail", "Phone", "Lists", "Off", "Add"], ["a@b.org", "", "super", "", ""], ["A@B.org", "", "", "super", "x"],
            ["", "+14155550123", "", "", "x"], ["", "+14155550124", "", "", ""], ["lost@b.org", "", "", "", "x"], ["no@b.org", "", "", "", "x"],
        ]
    )  # fmt: skip
    never = tmp_path / "never.csv"
    never.write_text("never@b.org\n")
    mapping = parse_mapping(
        "version: 1\nfields: {lead_email: E-mail, lead_phone: Phone, add_to_lists: Lists, remove_from_lists: Off, "
        "add_tags: Add}\nwhen: {no_email: create, duplicate: send}\nsuppress: [never.csv]\n",
        "m.yml",
        folder=tmp_path,
    )
    answers = {"lost@b.org": Reply(status=500, apply=False), "no@b.org": Reply(3, apply=False)}
    sandbox.script = lambda number, form: answers.get(form.get("lead_email", ""))
    options = settings(sandbox, run_dir=tmp_path / "run", max_attempts=1, concurrency=1)
    summary = await import_file_async(path, mapping, options)

    plan = await undo_async(summary.run_dir)
    assert (plan.contacts, plan.without_email, plan.unknown) == (1, 1, 1)
    assert (plan.source.name, plan.mapping.name) == ("undo.csv", "undo.yml")
    # The list was joined by one row and left by a later one, whose opposite is the last word.
    assert plan.source.read_text("utf-8-sig").splitlines() == [
        "lead_email,remove_tags,add_to_lists",
        "a@b.org,x,super",
    ]
    assert [file for file, _ in load_mapping(plan.mapping).suppress_files()] == [never]


async def test_nothing_to_undo_is_said(tmp_path, write_csv, sandbox, settings):
    path = write_csv([["E-mail", "Add", "Remove"], ["a@b.org", "", ""]])
    summary = await import_file_async(path, parse_mapping(MAPPING, "m.yml"), settings(sandbox))
    with pytest.raises(SetupError, match="nothing to undo"):
        undo(summary.run_dir)

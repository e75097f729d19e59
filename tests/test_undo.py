"""The reverse plan brings an account's tags and lists back, and says what it cannot know."""

from __future__ import annotations

import pytest

from bulk_import import import_file_async
from bulk_import.cli import main
from bulk_import.errors import SetupError
from bulk_import.jobs.undoing import undo
from bulk_import.mapping.loading import load_mapping, parse_mapping

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
    assert "cannot be known" in capsys.readouterr().err


async def test_nothing_to_undo_is_said(tmp_path, write_csv, sandbox, settings):
    path = write_csv([["E-mail", "Add", "Remove"], ["a@b.org", "", ""]])
    summary = await import_file_async(path, parse_mapping(MAPPING, "m.yml"), settings(sandbox))
    with pytest.raises(SetupError, match="nothing to undo"):
        undo(summary.run_dir)

"""Every sample reads, every mapping maps it, and each mistake in them is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulk_import.jobs.checking import check_file
from bulk_import.jobs.importing import import_file_async
from bulk_import.models import Status

ROOT = Path(__file__).parent.parent
SAMPLES = sorted(
    path for path in (ROOT / "sample_data").iterdir() if path.suffix in (".csv", ".xlsx")
)
EXPECTED = json.loads((ROOT / "sample_data" / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_exactly_the_mistakes_that_were_made_are_found(path):
    checked = check_file(path, ROOT / "mappings" / f"{path.stem}.yml")

    expected = {f"row {row}": code for row, code in EXPECTED.get(path.name, {}).items()}
    found: dict[str, str] = {}
    for place, problem in checked.problems:
        if problem.is_error:
            found.setdefault(place, problem.code)
    assert found == expected
    assert checked.plan.to_send == checked.plan.rows_read - len(expected)
    assert checked.plan.rows_read >= 200 or path.stem == "mistakes"


async def test_the_sandbox_holds_exactly_what_the_report_calls_success(sandbox, settings):
    source = ROOT / "sample_data" / "contacts.xlsx"
    summary = await import_file_async(
        source, ROOT / "mappings" / "contacts.yml", settings(sandbox, concurrency=8)
    )

    assert (summary.counts[Status.SUCCESS], summary.counts[Status.INVALID]) == (330, 10)
    frame = summary.frame()
    accepted = set(frame[frame["status"] == "success"]["contact"])
    assert accepted == {contact.email for contact in sandbox.contacts()}
    sent = {request.email: request.form for request in sandbox.sent()}
    for contact in sandbox.contacts():
        form = sent[contact.email]
        assert contact.fields == {k: v for k, v in form.items() if k in contact.fields}
        assert contact.extra == {"crm_id": form["crm_id"]}
        assert contact.tags == tuple(form["add_tags"].split(","))


def test_samples_are_made_the_same_each_time(tmp_path, monkeypatch):
    from sample_data import generate

    monkeypatch.setattr(generate, "HERE", tmp_path)
    generate.main()
    for path in SAMPLES:
        if path.suffix == ".csv":
            assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name

"""The dlt destination: real pipelines, killed and repeated; counted on the sandbox's side."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest

from benchmarks.moving import Counted, trial
from bulk_import import Settings
from bulk_import.errors import SetupError
from bulk_import.jobs.batches import send_batch_async
from bulk_import.models import Status
from tests.children import Served

MAPPING = {
    "version": "1",
    "fields": {
        "lead_email": "email", "lead_first_name": "name", "lead_description": "note",
        "add_tags": "tags",
    },
}  # fmt: skip
PIPELINE = """
import sys
import dlt
from bulk_import import Settings
from bulk_import.destinations.dlt import contacts
url, folder, refused, *emails = sys.argv[1:]
mapping = {"version": "1", "fields": {"lead_email": "email", "add_tags": "tags"}}
destination = contacts(
    mapping, Settings(endpoint=url, api_key="sandbox-key", rate=0), runs=f"{folder}/runs",
    batch_size=2, refused=refused,
)
pipeline = dlt.pipeline("crm", destination=destination, pipelines_dir=f"{folder}/pipelines")
rows = [{"email": email, "tags": ["vip", "new"], "crm_id": at} for at, email in enumerate(emails)]
pipeline.run(rows, table_name="contacts")
"""


@pytest.fixture
def served(tmp_path):
    with Served(tmp_path) as server:
        yield server


def _piped(served, tmp_path, *emails, refused="warn"):
    from bulk_import.sandbox.app import DEFAULT_KEY

    script = PIPELINE.replace("sandbox-key", DEFAULT_KEY)
    return subprocess.run(
        [sys.executable, "-c", script, served.url, str(tmp_path), refused, *emails],
        capture_output=True, text=True, check=False,
        env={"RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip


def test_a_pipeline_sends_its_rows_and_a_repeated_one_sends_none(served, tmp_path):
    people = [f"p{at}@x.org" for at in range(5)]
    done = _piped(served, tmp_path, *people)
    assert done.returncode == 0, done.stderr
    assert sorted(request.email for request in served.sent()) == people
    assert served.sent()[0].form["add_tags"] == "vip,new"
    assert len(list((tmp_path / "runs").glob("*/report.csv"))) == 3  # a run for each batch
    assert _piped(served, tmp_path, *people).returncode == 0
    assert len(served.sent()) == 5


def test_refused_rows_are_told_and_fail_the_load_only_if_asked_to(served, tmp_path):
    done = _piped(served, tmp_path, "a@x.org", "no address")
    assert done.returncode == 0
    assert "rows that did not make it: EMAIL_INVALID x1" in done.stderr
    failed = _piped(served, tmp_path, "b@x.org", "none either", refused="fail")
    assert failed.returncode == 1
    assert "rows that did not make it: EMAIL_INVALID x1" in failed.stderr
    assert sorted(request.email for request in served.sent()) == ["a@x.org", "b@x.org"]


@pytest.mark.slow
@pytest.mark.timeout(600)  # five processes that import dlt, on a machine that may be busy
def test_a_killed_pipeline_loses_nothing_and_makes_no_second_contact(tmp_path):
    with Served(tmp_path, latency_ms=10) as server:
        found = trial("dlt", tmp_path, server.url, server.database, rows=400, kills=2)
    assert found == Counted(again=found.again, unknown=found.unknown)
    assert found.again <= 2 * 8  # what was in flight at each kill
    assert found.unknown <= 2 * 8


async def test_a_batch_that_comes_again_continues_where_it_stopped(tmp_path, sandbox, settings):
    rows = [{"email": f"p{at}@x.org", "name": "Ann"} for at in range(6)]
    stopped = await send_batch_async(rows, MAPPING_WITHOUT, settings(sandbox, limit=2), tmp_path)
    assert (stopped.is_settled, stopped.summary.counts[Status.NOT_SENT]) == (False, 4)
    done = await send_batch_async(rows, MAPPING_WITHOUT, settings(sandbox), tmp_path)
    again = await send_batch_async(rows, MAPPING_WITHOUT, settings(sandbox), tmp_path)
    assert (done.is_settled, again.is_settled) == (True, True)
    assert Counter(contact.email for contact in sandbox.contacts()).total() == 6
    assert len(sandbox.sent()) == 6


MAPPING_WITHOUT = {"version": "1", "fields": {"lead_email": "email", "lead_first_name": "name"}}


async def test_other_rows_another_order_or_mapping_are_another_batch(tmp_path, sandbox, settings):
    rows = [{"email": "a@x.org", "name": "Ann"}, {"email": "b@x.org", "name": "Bo"}]
    other = {"version": "1", "fields": {"lead_email": "email"}}
    sent = [
        await send_batch_async(given, mapping, settings(sandbox), tmp_path)
        for given, mapping in [
            (rows, MAPPING_WITHOUT), (rows[::-1], MAPPING_WITHOUT), (rows, other), (rows[:1], other)
        ]
    ]  # fmt: skip
    assert len({one.summary.run_dir for one in sent}) == 4
    assert len(sandbox.sent()) == 7


async def test_values_of_a_database_are_sent_as_a_spreadsheet_shows_them(
    tmp_path, sandbox, settings
):
    values = [
        ("text", "text"), (7, "7"), (1.5, "1.5"), (Decimal("1.10"), "1.10"), (True, "TRUE"),
        (date(2026, 3, 1), "2026-03-01"), (datetime(2026, 3, 1, 9, 30), "2026-03-01 09:30:00"),
    ]  # fmt: skip
    rows = [
        {"email": f"p{at}@x.org", "note": value, "name": None, "tags": ["a", "b"]}
        for at, (value, _) in enumerate(values)
    ]
    await send_batch_async(rows, MAPPING, settings(sandbox, concurrency=1), tmp_path)
    sent = sorted(sandbox.sent(), key=lambda request: request.email)
    assert [request.form["lead_description"] for request in sent] == [said for _, said in values]
    assert {request.form["add_tags"] for request in sent} == {"a,b"}


async def test_a_batch_of_bytes_or_of_nothing_is_refused(tmp_path, sandbox, settings):
    for rows, said in ([], "without rows"), ([{"email": b"a@x.org"}], "bytes"):
        with pytest.raises(SetupError, match=said):
            await send_batch_async(rows, MAPPING_WITHOUT, settings(sandbox), tmp_path)


def test_a_destination_without_an_account_is_refused_at_once():
    from bulk_import.destinations.dlt import contacts

    with pytest.raises(SetupError, match="which account"):
        contacts(MAPPING_WITHOUT, Settings())

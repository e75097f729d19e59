"""The dlt destination: real pipelines, killed and repeated; counted on the sandbox's side."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest

from benchmarks.moving import Counted, trial
from bulk_import import Settings
from bulk_import.errors import SetupError
from bulk_import.jobs.batches import Sent, send_batch_async
from bulk_import.models import Status, Summary
from bulk_import.sandbox.app import DEFAULT_KEY
from tests.children import Served

MAPPING = {
    "version": "1",
    "fields": {
        "lead_email": "email", "lead_first_name": "name", "lead_description": "note",
        "add_tags": "tags",
    },
}  # fmt: skip
EMAIL = {"version": "1", "fields": {"lead_email": "email", "add_tags": "tags"}}
PEOPLE = [f"p{at}@x.org" for at in range(5)]


@pytest.fixture
def served(tmp_path):
    with Served(tmp_path) as server:
        yield server


@pytest.fixture
def pipe(served, tmp_path, monkeypatch):
    """Run a pipeline with these addresses; what it raises."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("HOME", str(tmp_path))
    import dlt
    from dlt.pipeline.exceptions import PipelineStepFailed

    from bulk_import.destinations.dlt import contacts

    def run(*emails, key=DEFAULT_KEY, batch_size=2, mapping=EMAIL, **options):
        settings = Settings(endpoint=served.url, api_key=key, rate=0, **options.pop("settings", {}))
        destination = contacts(
            mapping, settings, runs=tmp_path / "runs", batch_size=batch_size, **options
        )
        pipeline = dlt.pipeline(
            "crm", destination=destination, pipelines_dir=str(tmp_path / "pipelines")
        )
        rows = [
            {"email": email, "tags": ["vip", "new"], "crm_id": n} for n, email in enumerate(emails)
        ]
        try:
            pipeline.run(rows, table_name="contacts")
        except PipelineStepFailed as exc:
            return exc
        return None

    return run


def test_a_pipeline_sends_its_rows_and_a_repeated_one_sends_none(served, pipe, tmp_path):
    assert pipe(*PEOPLE) is None
    assert sorted(request.email for request in served.sent()) == PEOPLE
    assert served.sent()[0].form["add_tags"] == "vip,new"
    assert len(list((tmp_path / "runs").glob("*/report.csv"))) == 3  # a run for each batch
    assert pipe(*PEOPLE) is None
    assert len(served.sent()) == 5


def test_refused_rows_are_told_and_fail_the_load_only_if_asked_to(served, pipe, caplog):
    assert pipe("a@x.org", "no address") is None
    said = "rows that did not make it: EMAIL_INVALID x1; report.csv names them"
    (told,) = [record.getMessage() for record in caplog.records if said in record.getMessage()]
    assert told.endswith(f": {said}")
    failed = pipe("b@x.org", "none either", refused="fail")
    assert said in str(failed)
    assert "Terminal" in type(failed.__cause__).__name__ or "terminal" in str(failed).lower()
    assert sorted(request.email for request in served.sent()) == ["a@x.org", "b@x.org"]


# -- what dlt gets to know of each end, batch by batch -----------------------------------------------------


def loading(*, refused="warn", mapping=None, runs, **options):
    """What dlt calls for a batch."""
    from bulk_import.destinations.dlt import contacts

    made = contacts(mapping or EMAIL, Settings(**options), runs=runs, refused=refused)
    return made.config_params["destination_callable"]


BATCH_OF_2 = [{"email": f"{name}@x.org", "tags": None} for name in "ab"]


def test_a_batch_that_is_sent_says_nothing(served, tmp_path, caplog):
    load = loading(endpoint=served.url, api_key=DEFAULT_KEY, rate=0, runs=tmp_path / "runs")
    load(iter(BATCH_OF_2), {})
    load(BATCH_OF_2, {})
    assert len(served.sent()) == 2
    assert [record for record in caplog.records if record.name.startswith("bulk_import")] == []


def test_a_batch_that_stopped_may_be_handed_over_again(served, tmp_path):
    from dlt.common.destination.exceptions import DestinationTransientException

    account = {"endpoint": served.url, "api_key": DEFAULT_KEY, "rate": 0}
    load = loading(**account, limit=1, runs=tmp_path / "runs")
    with pytest.raises(DestinationTransientException) as found:
        load(BATCH_OF_2, {})
    (folder,) = (tmp_path / "runs").glob("*/")
    assert str(found.value).startswith(f"{folder}: ")
    loading(**account, runs=tmp_path / "runs")(BATCH_OF_2, {})
    assert sorted(request.email for request in served.sent()) == ["a@x.org", "b@x.org"]


@pytest.mark.parametrize(
    ("key", "mapping", "rows", "kind", "said"),
    [
        ("wrong", None, BATCH_OF_2, "DestinationTransientException", "nothing was sent: the server answered 4"),
        (DEFAULT_KEY, {"version": "1", "fields": {"lead_email": "Adresse"}}, BATCH_OF_2, "DestinationTerminalException", "Adresse"),
        (DEFAULT_KEY, None, [], "DestinationTerminalException", "a batch without rows"),
        (DEFAULT_KEY, None, [{"email": b"a@x.org"}], "DestinationTerminalException", "a batch has a value of bytes"),
    ],
)  # fmt: skip
def test_whether_a_batch_may_be_repeated_depends_on_what_went_wrong(
    served, tmp_path, key, mapping, rows, kind, said
):
    load = loading(
        endpoint=served.url, api_key=key, rate=0, mapping=mapping, runs=tmp_path / "runs"
    )
    with pytest.raises(Exception, match=said) as found:
        load(rows, {})
    assert type(found.value).__name__ == kind
    assert served.sent() == []


def sent(is_settled=True, unknown=0, **more):
    counts = dict.fromkeys(Status, 0) | {Status.SUCCESS: 2, Status.UNKNOWN: unknown}
    return Sent(Summary("runs/b", (), "", "", counts, 2 + unknown, **more), is_settled)


@pytest.mark.parametrize(
    ("came_to", "refused", "kind", "said"),
    [
        (sent(False, stopped="the account is busy", stop_code=3), "warn", "DestinationTransientException", "runs/b: the account is busy"),
        (sent(False, unknown=1500), "warn", "DestinationTransientException", "runs/b: 1,500 rows have no trustworthy answer yet"),
        (sent(unknown=3, by_code={"0": 2, "TIMEOUT": 3}), "fail", "DestinationTerminalException", "runs/b: 3 rows may or may not have arrived; rows that did not make it: TIMEOUT x3; report.csv names them"),
    ],
)  # fmt: skip
def test_what_a_batch_came_to_is_said_in_the_load_s_error(
    monkeypatch, tmp_path, came_to, refused, kind, said
):
    monkeypatch.setattr("bulk_import.destinations.dlt.send_batch", lambda *_: came_to)
    load = loading(endpoint="https://shop.example.com", api_key="k", refused=refused, runs=tmp_path)
    with pytest.raises(Exception, match="runs/b") as found:
        load(BATCH_OF_2, {})
    assert (type(found.value).__name__, str(found.value)) == (kind, said)


def test_without_dlt_it_is_said_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "bulk_import.destinations.dlt", raising=False)
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(ImportError) as found:
        importlib.import_module("bulk_import.destinations.dlt")
    assert str(found.value) == "the destination needs dlt: pip install 'bulk_import[dlt]'"
    assert found.value.name == "dlt"


def test_a_destination_is_one_sender_with_batches_that_dlt_may_repeat(tmp_path):
    from bulk_import.destinations.dlt import contacts

    settings = Settings(endpoint="https://shop.example.com", api_key="k")
    made = contacts(MAPPING_WITHOUT, settings, runs=tmp_path, name="crm")
    can = made.capabilities()
    assert (can.max_parallel_load_jobs, can.loader_parallelism_strategy) == (1, "sequential")
    chosen = made.config_params
    assert (chosen["batch_size"], chosen["loader_file_format"]) == (1000, "typed-jsonl")
    assert made.destination_name == "crm"


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

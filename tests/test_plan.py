"""What the person who confirms a run is shown: counted from the journal, as it will be sent."""

from __future__ import annotations

from collections import Counter

import pytest

from bulk_import.jobs.importing import import_file_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.plan import Plan
from bulk_import.settings import Limits
from bulk_import.stopping import Stop

MAPPING = parse_mapping(
    """
version: 1
fields:
  lead_email: E-mail
  add_tags: {column: Tags, separator: ","}
when: {duplicate: last}
""",
    "m.yml",
)


async def test_the_plan_counts_only_what_will_be_sent(sandbox, settings, write_csv):
    rows = [
        ["E-mail", "Tags"],
        ["a@example.com", "old"],
        ["a@example.com", "new"],
        ["b@example.com", "new,vip"],
        ["nobody", "vip"],
    ]
    shown = []
    await import_file_async(
        write_csv(rows), MAPPING, settings(sandbox), confirm=lambda plan: shown.append(plan)
    )
    (plan,) = shown
    assert (plan.rows_read, plan.to_send, plan.accepted) == (4, 2, 0)
    assert plan.counts == {Status.INVALID: 1, Status.DUPLICATE: 1}
    assert plan.changes == {"add_tags": Counter({"new": 2, "vip": 1})}
    assert [place for place, _ in plan.examples] == ["row 5"]
    assert sandbox.contacts() == []  # the answer to the question was no


async def test_only_the_first_reason_to_stop_counts_and_details_follow_it():
    stop = Stop()
    stop.add("nobody has asked for an end")
    assert (stop.is_set, stop.reason, stop.code) == (False, "", 0)
    stop.request("the breaker", 3)
    stop.request("Ctrl-C", 130)
    stop.add("7 of 9 rows were read")
    assert (stop.reason, stop.code) == ("the breaker; 7 of 9 rows were read", 3)


async def test_the_plan_shows_ten_rows_and_counts_the_fields_and_reasons_of_all(
    sandbox, settings, write_csv
):
    rows = [["E-mail", "Tags"], *([f"p{n}@example.com", "x" if n < 5 else ""] for n in range(12))]
    rows += [["nobody", ""], ["noone", ""], ["", ""], ["", "vip"]]
    shown = []
    summary = await import_file_async(
        write_csv(rows),
        MAPPING,
        settings(sandbox, limit=11, rate=2, canary=3),
        confirm=lambda plan: shown.append(plan),
    )
    (plan,) = shown
    assert (plan.rows_read, plan.to_send, plan.canary, plan.seconds) == (15, 11, 3, 5.5)
    assert [sample.place for sample in plan.samples] == [f"row {n}" for n in range(2, 12)]
    assert plan.samples[0].fields == (("add_tags", "x"), ("lead_email", "p0@example.com"))
    assert plan.fields == {"lead_email": 11, "add_tags": 5}
    assert plan.reasons == {Status.INVALID: {"EMAIL_INVALID": 2, "EMAIL_MISSING": 1}}
    assert summary.counts[Status.NOT_SENT] == 12
    assert sandbox.sent() == []


@pytest.mark.parametrize(
    ("to_send", "limits", "seconds"),
    [
        (10, Limits(rate=2), 5),
        (10, Limits(rate=0), 0),
        (100, Limits(rate=2, daily_limit=100), 50),
        (101, Limits(rate=2, daily_limit=100), 86_400),
        (201, Limits(rate=0, daily_limit=100), 2 * 86_400),
        (0, Limits(rate=2, daily_limit=100), 0),
    ],
)
def test_sending_takes_as_long_as_the_rate_or_the_days_need(to_send, limits, seconds):
    assert Plan("https://x", to_send, to_send, limits=limits).seconds == seconds

"""What the person who confirms a run is shown: counted from the journal, as it will be sent."""

from __future__ import annotations

from collections import Counter

from bulk_import.jobs.importing import import_file_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
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

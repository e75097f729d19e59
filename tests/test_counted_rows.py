"""What is counted while rows are judged, for the plan that somebody confirms; and which rows go first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bulk_import.api.form import encode
from bulk_import.journal import Journal
from bulk_import.journal.entries import Pending
from bulk_import.models import Problem, SourceInfo, Status
from bulk_import.run.canary import choose_canary
from bulk_import.run.changes import SetCounter
from bulk_import.run.plan import Input, Plan, Tally
from bulk_import.run.planning import plan_of
from bulk_import.settings import Limits, Settings
from tests.judged import begin, judge, people, settle, source

# -- tags and lists ---------------------------------------------------------------------------------------


def counted(*forms: tuple[bytes, int]) -> SetCounter:
    counter = SetCounter()
    for body, number in forms:
        counter.add(body, number)
    return counter


def test_tags_and_lists_are_counted_by_name_and_other_fields_not_at_all():
    counter = counted(
        (b"add_to_lists=7%2C8&add_tags=vip%2Cnew&lead_email=a", 2), (b"add_tags=vip&lead_email=b", 1),
        (b"lead_email=c&add_tags=of+no+form", 1), (b"remove_tags=&lead_email=d", 5), (b"add_tags=only", 1),
    )  # fmt: skip
    expected = {
        "add_to_lists": Counter({"7": 2, "8": 2}), "add_tags": Counter({"vip": 3, "new": 2, "only": 1}),
    }  # fmt: skip
    assert counter.names() == expected
    assert counter.names() == expected, "asked again, the same"
    counter.add(b"add_tags=new&lead_email=e")
    assert counter.names()["add_tags"]["new"] == 3


def test_what_stands_among_the_tags_and_is_neither_tag_nor_list_is_not_counted():
    assert counted((b"crm=1%2C2&add_tags=x", 1)).names() == {"add_tags": Counter({"x": 1})}
    assert counted().names() == {}


def test_many_combinations_are_folded_and_none_is_lost():
    counter = SetCounter()
    for number in range(10_050):
        counter.add(b"add_tags=all%%2Cn%d&lead_email=x" % number)
    assert counter.names()["add_tags"]["all"] == 10_050
    assert set(Counter(counter.names()["add_tags"].values())) == {1, 10_050}


# -- while rows are judged ---------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path) -> Iterator[Journal]:
    with Journal.create(tmp_path / "journal.sqlite3", {}) as opened:
        yield opened


def test_ten_refused_rows_are_examples_and_all_are_counted_once_for_each_code(journal):
    lines = [f"nobody{n},N" for n in range(12)]
    tally = judge(journal, source(*lines))
    assert [place for place, _ in tally.examples] == [f"row {n}" for n in range(2, 12)]
    assert (tally.codes["EMAIL_INVALID"], tally.rows_kept, tally.rows_read) == (12, 12, 12)
    tally.refuse(20, (Problem("X", "a"), Problem("X", "b"), Problem("Y", "c")))
    assert (tally.codes["X"], tally.codes["Y"]) == (1, 1)


def consenting(name: str, header: tuple[str, ...], *lines: str) -> Input:
    """A source whose last column has that name."""
    one = source(*lines, name=name)
    rows = [replace(row, cells=dict(zip(header, row.cells.values(), strict=True))) for row in one.rows]  # fmt: skip
    return Input(SourceInfo(name, "csv", header=header, labels=header), rows, one.mapper)


PLAIN_HEADER = ("E-mail", "Name", "Tags", "Notes of ours")
SPEAKING = ("E-mail", "Name", "Tags", "Unsubscribed")
LINES = [f"p{n}@b.org,N{n},t,{'yes' if n % 2 else 'no'}" for n in range(6)]


@pytest.mark.parametrize("at", [0, 1])
def test_what_cells_say_is_weighed_for_the_source_that_they_stand_in(journal, at):
    names = ["a.csv", "b.csv"]
    headers = [PLAIN_HEADER, PLAIN_HEADER]
    headers[at] = SPEAKING
    inputs = [consenting(name, header, *LINES) for name, header in zip(names, headers, strict=True)]
    tally = judge(journal, *inputs, batch=2)
    assert tally.is_watching
    before = list(tally.problems)
    found = tally.weigh(journal.settled)
    ((name, problem),) = found
    assert (name, problem.code, problem.column) == (names[at], "CONSENT_IGNORED", "Unsubscribed")
    assert problem.message.startswith("3 of 6 rows say 'yes'")
    assert (tally.findings, tally.problems) == (found, before + found)
    assert not tally.is_watching, "it is weighed once"
    assert tally.weigh(journal.settled) == []


def test_rows_that_are_settled_by_now_are_not_weighed(journal):
    tally = judge(journal, consenting("a.csv", SPEAKING, *LINES))
    settle(journal, 2, Status.SUCCESS)
    ((_, problem),) = tally.weigh(journal.settled)
    assert problem.message.startswith("2 of 5 rows say 'yes'")


def test_consent_is_not_weighed_where_a_survey_has_reported_it(journal):
    tally = judge(journal, consenting("a.csv", SPEAKING, *LINES), tally=Tally(watches_consent=False))  # fmt: skip
    assert tally.weigh(journal.settled) == []


@pytest.mark.parametrize("counts", [True, False])
def test_tags_are_counted_where_they_are_asked_for(journal, counts):
    tally = judge(journal, source(*people(3), "nobody,N,t"), tally=Tally(counts_changes=counts))
    assert tally.changes.names() == ({"add_tags": Counter({"t": 3})} if counts else {})
    assert not Tally().is_watching


# -- the plan -----------------------------------------------------------------------------------------------


def plan(journal: Journal, tally: Tally, *, is_asked: bool = True, **options: Any) -> Plan:
    settings = Settings(endpoint="https://x.org", **options)
    return plan_of(journal, tally, settings, {"7": "News"}, is_asked=is_asked)


def test_a_plan_counts_what_would_be_sent_and_what_would_not(journal):
    tally = judge(journal, source(*people(12), "nobody", "a@b.org,,vip", "a@b.org,,vip"))
    settle(journal, 1, Status.SUCCESS)
    begin(journal, 2)
    made = plan(journal, tally, rate=2, canary=3)
    assert (made.endpoint, made.rows_read, made.to_send, made.seconds) == ("https://x.org", 15, 13, 6.5)  # fmt: skip
    assert made.counts == {Status.SUCCESS: 1, Status.INVALID: 1}
    assert made.changes == {"add_tags": Counter({"t": 11, "vip": 2})}
    assert made.fields == {"add_tags": 13, "lead_email": 13, "lead_first_name": 11}
    assert made.reasons == {Status.INVALID: {"EMAIL_INVALID": 1}}
    assert [sample.place for sample in made.samples] == [f"row {n}" for n in range(3, 13)]
    assert [where for where, _ in made.problems] == ["all rows"]
    assert (made.titles, made.limits, made.canary, made.accepted) == ({"7": "News"}, Limits(rate=2), 3, 0)  # fmt: skip


def test_nobody_is_shown_what_is_made_for_people_where_nobody_is_asked(journal):
    tally = judge(journal, source(*people(3), "p1@b.org"))
    made = plan(journal, tally, is_asked=False)
    assert (made.to_send, made.samples, made.changes, made.fields, made.reasons, made.problems) == (4, [], {}, {}, {}, [])  # fmt: skip


@pytest.mark.parametrize(("limit", "to_send"), [(None, 5), (0, 0), (3, 3), (5, 5), (9, 5)])
def test_a_limit_is_what_is_planned_at_most(journal, limit, to_send):
    tally = judge(journal, source(*people(5)))
    made = plan(journal, tally, limit=limit)
    assert (made.to_send, made.fields["lead_email"]) == (to_send, to_send)


# -- the canary ----------------------------------------------------------------------------------------------


def pending(n: int, length: int) -> Pending:
    return Pending(n, "", "", "", encode([("lead_first_name", "x" * length)]))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, {0}), (2, {0, 19}), (3, {0, 1, 19}), (7, {0, 1, 2, 3, 4, 5, 19}), (8, {0, 1, 2, 3, 4, 5, 18, 19}),
        (11, {*range(9), 18, 19}), (12, {*range(9), 17, 18, 19}),
    ],
)  # fmt: skip
def test_a_quarter_of_a_canary_are_the_longest_forms_but_at_least_one(number, expected):
    rows = [pending(n, length=n + 1) for n in range(20)]
    assert choose_canary(rows, number) == expected

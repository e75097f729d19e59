"""What reports ask a journal for: counts, codes, reasons, outcomes, requests and forms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bulk_import.journal import Journal
from bulk_import.journal.entries import Attempt, AttemptResult, Refusal
from bulk_import.models import Outcome, Problem, Row, Status
from tests.journals import (
    AT,
    BAD,
    DOUBT,
    accepted,
    failed,
    info,
    intent,
    journal_of,
    judged,
    refused,
    unsettled,
)

UNCHANGED = Refusal.because(Status.UNCHANGED, "UNCHANGED", "as before")
STOP = Refusal(Status.SKIPPED, (Problem("SKIPPED", "'yes' (skip)", "Stop"),))


@pytest.fixture
def journal(tmp_path) -> Iterator[Journal]:
    """Six rows that can be sent, one of them bare and one doubtful, and a refused one."""
    rows = [judged(1), judged(2, warnings=(DOUBT,)), judged(3, ""), refused(4), judged(5), judged(6)]  # fmt: skip
    with journal_of(tmp_path, rows) as opened:
        yield opened


def named(journal: Journal) -> dict[str, int]:
    return {str(status): rows for status, rows in journal.counts().items() if rows}


# -- counts ------------------------------------------------------------------------------------------


def test_rows_that_have_not_ended_are_counted_as_unknown_or_not_sent(journal):
    assert named(journal) == {"invalid": 1, "not_sent": 5}
    journal.commit([intent(1), intent(2), unsettled(2, AttemptResult.REPELLED), intent(5)])
    journal.commit([unsettled(5, AttemptResult.WITHDRAWN), intent(3), accepted(6)])
    assert named(journal) == {"success": 1, "invalid": 1, "unknown": 2, "not_sent": 2}
    assert [*journal.settled()] == [4, 6]
    assert [*journal.settled(after=4)] == [6]
    assert journal.count_requests() == 4  # 1, 2, 3 and 6


def test_rows_that_a_night_only_counts_are_unchanged(journal):
    journal.remember(unchanged_rows="7")
    assert named(journal) == {"invalid": 1, "not_sent": 5, "unchanged": 7}
    journal.add_refusals([(1, UNCHANGED)])
    assert named(journal) == {"invalid": 1, "not_sent": 4, "unchanged": 8}


def test_rows_are_counted_by_source(journal):
    journal.add_source(2, info("d.csv"))
    journal.add(7, [judged(7, source=2), judged(8, source=2)])
    assert [journal.count_rows(number) for number in (1, 2, 3)] == [6, 2, 0]
    assert journal.count_records() == 8


def test_codes_are_counted_the_most_frequent_first(journal):
    assert journal.count_codes() == {"X": 1}
    journal.commit([accepted(1), accepted(2, error_code="102"), accepted(3), failed(5), failed(6)])
    assert [*journal.count_codes().items()] == [("0", 2), ("101", 2), ("102", 1), ("X", 1)]
    journal.add_refusals([(1, Refusal.because(Status.SKIPPED, "", "no code"))])
    assert journal.count_codes()["0"] == 1


def test_rows_that_are_not_sent_are_counted_by_their_reason(journal):
    other = Refusal(Status.SKIPPED, (Problem("SKIPPED", "'no' (skip)", "Stop"),))
    silent = Refusal(Status.SKIPPED, (Problem("CONTACT_SKIPPED", "row 2 of the contact"),))
    journal.add_refusals([(1, other), (2, STOP), (3, STOP), (5, silent)])
    journal.commit([failed(6)])
    assert journal.count_reasons() == {
        Status.SKIPPED: {"Stop: 'yes' (skip)": 2, "CONTACT_SKIPPED": 1, "Stop: 'no' (skip)": 1},
        Status.INVALID: {"X": 1},
    }
    assert next(iter(journal.count_reasons()[Status.SKIPPED])) == "Stop: 'yes' (skip)"


@pytest.mark.parametrize(
    ("entries", "before", "at"),
    [
        # An attempt counts from its beginning.
        ([intent(1)], "2026-03-10T11:05:00.251Z", "2026-03-10T11:05:00.250Z"),
        # So does one that is kept in its outcome alone, which ended 150 ms later.
        ([intent(1), accepted(1)], "2026-03-10T11:05:00.101Z", "2026-03-10T11:05:00.100Z"),
        ([intent(1), accepted(1, error_code="102")], "2026-03-10T11:05:00.101Z", "2026-03-10T11:05:00.100Z"),
        ([intent(1), accepted(1, elapsed_ms=None)], "2026-03-10T11:05:00.251Z", "2026-03-10T11:05:00.250Z"),
        ([intent(1), accepted(1, elapsed_ms=None, error_code="102")], "2026-03-10T11:05:00.251Z", "2026-03-10T11:05:00.250Z"),
    ],
)  # fmt: skip
def test_requests_are_counted_from_a_moment_on(journal, entries, before, at):
    journal.commit(entries)
    assert journal.count_requests_since(before) == 0
    assert journal.count_requests_since(at) == 1


def test_a_withdrawn_request_is_not_counted_from_any_moment(journal):
    journal.commit([intent(1), unsettled(1, AttemptResult.WITHDRAWN)])
    assert journal.count_requests_since("2000-01-01T00:00:00.000Z") == 0


def test_moments_of_an_earlier_format_are_compared_as_texts(journal):
    journal.commit([intent(1)])
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("update attempt set started_at = '2026-03-10T11:05:00Z'")
    assert journal.count_requests_since("2026-03-10T11:05:00Z") == 1
    assert journal.count_requests_since("2026-03-10T11:05:01Z") == 0


# -- outcomes ----------------------------------------------------------------------------------------


def ends(rows: Iterator[Outcome]) -> list[tuple[int, str]]:
    return [(one.row, str(one.status)) for one in rows]


def test_a_row_that_has_not_ended_says_why(journal):
    journal.commit([intent(1)])
    first, second, *_ = journal.outcomes()
    assert (first.status, first.error_code, first.message, first.attempts) == (
        Status.UNKNOWN, "INTERRUPTED", "sent, but the run ended before a trustworthy answer came", 1,
    )  # fmt: skip
    assert second == Outcome(
        "c.csv", "", 3, "p2@b.org", Status.NOT_SENT, "RUN_STOPPED",
        "the run ended before this row was sent", (), (DOUBT,), 0, None, "", None,
    )  # fmt: skip
    journal.remember(stopped="the key is wrong")
    assert [*journal.outcomes()][1].message == "the key is wrong"
    journal.remember(dry_run="1")
    assert [(one.error_code, one.message) for one in journal.outcomes()][:3] == [
        ("INTERRUPTED", "sent, but the run ended before a trustworthy answer came"),
        ("DRY_RUN", "would be sent: a=2"),
        ("DRY_RUN", "would be sent: a=3"),
    ]


@pytest.mark.parametrize(
    ("facts", "rows"),
    [
        ({}, [2, 3, 4, 5, 6, 7]),
        ({"job": "sync"}, [3, 4, 5, 7]),
        ({"job": "sync", "report_all": "1"}, [2, 3, 4, 5, 6, 7]),
        ({"job": "retag"}, [2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_night_lists_the_rows_that_are_unchanged_only_if_it_is_asked_to(journal, facts, rows):
    journal.add_refusals([(1, UNCHANGED), (5, UNCHANGED)])
    journal.remember(**facts)
    assert [one.row for one in journal.outcomes()] == rows


def test_rows_about_which_something_is_to_be_said_are_found_alone(journal):
    journal.commit([accepted(1), failed(5)])
    assert ends(journal.outcomes(only_remarked=True)) == [(3, "not_sent"), (5, "invalid")]


def test_the_forms_of_accepted_rows_are_handed_over(journal):
    journal.commit([accepted(1), accepted(2, error_code="102"), failed(3)])
    forms: list[bytes] = []
    assert len([*journal.outcomes(on_accepted=forms.append)]) == 6
    assert forms == [b"a=1", b"a=2"]


def test_outcomes_are_followed_while_rows_are_being_sent(journal):
    """Asked whether sending is over, the journal gets further entries: no answer is waited for."""
    steps = iter([[accepted(1), accepted(3)], [accepted(2)], [accepted(5)]])

    def is_over() -> bool:
        entries = next(steps, None)
        journal.commit(entries or ())
        return entries is None

    found = ends(journal.outcomes(is_over=is_over))
    assert found == [
        (2, "success"), (3, "success"), (4, "success"), (5, "invalid"), (6, "success"), (7, "not_sent"),
    ]  # fmt: skip


def test_a_row_and_its_outcome_are_found_by_the_place_in_the_run(journal):
    row, outcome = journal.result(2)
    assert row == Row("c.csv", "", 3, {"A": "2", "B": "x"})
    assert (outcome.row, outcome.contact, outcome.warnings) == (3, "p2@b.org", (DOUBT,))
    assert journal.result(6)[0].number == 7


@pytest.mark.parametrize(
    ("statuses", "rows"),
    [
        ((), [2, 3, 4, 5, 6, 7]),
        ((Status.SUCCESS,), [2, 4]),
        ((Status.UNKNOWN,), [3]),
        ((Status.NOT_SENT,), [6]),
        ((Status.INVALID, Status.FAILED), [5, 7]),
        ((Status.SKIPPED,), []),
    ],
)
def test_rows_and_forms_are_found_by_how_they_ended(journal, statuses, rows):
    journal.commit([accepted(1), intent(2), accepted(3, error_code="102"), failed(6)])
    assert [row.number for _, row, _ in journal.results(*statuses)] == rows
    forms = {2: b"a=1", 3: b"a=2", 4: b"a=3", 6: b"a=5", 7: b"a=6"}
    assert [form for _, form in journal.bodies(*statuses)] == [forms[n] for n in rows if n in forms]


def test_forms_come_with_their_status(journal):
    journal.commit([accepted(1), intent(2), failed(6)])
    assert [(str(status), form) for status, form in journal.bodies()] == [
        ("success", b"a=1"), ("unknown", b"a=2"), ("not_sent", b"a=3"), ("not_sent", b"a=5"),
        ("failed", b"a=6"),
    ]  # fmt: skip
    assert [*journal.payloads()] == [
        (1, "p1@b.org", b"a=1", Status.SUCCESS), (2, "p2@b.org", b"a=2", Status.UNKNOWN),
        (3, "", b"a=3", Status.NOT_SENT), (5, "p5@b.org", b"a=5", Status.NOT_SENT),
        (6, "p6@b.org", b"a=6", Status.FAILED),
    ]  # fmt: skip


def test_forms_are_found_by_their_source(journal):
    journal.add_source(2, info("d.csv"))
    journal.add(7, [judged(7, source=2)])
    assert [seq for seq, *_ in journal.payloads(only=(2,))] == [7]
    assert [seq for seq, *_ in journal.payloads(without=(2,))] == [1, 2, 3, 5, 6]
    assert [seq for seq, *_ in journal.payloads(only=(1, 2), without=(1,))] == [7]


def test_what_forms_begin_with_is_counted_before_anything_is_sent(tmp_path):
    forms = [b"a=1&t=x", b"a=1&t=y&t=z", b"a=2&t=x", b"t=x", b"b=1", b"a=9&t=9", b"a=8&t=8"]
    with journal_of(tmp_path, [judged(seq, body=form) for seq, form in enumerate(forms, 1)]) as made:  # fmt: skip
        made.commit([accepted(6), intent(7)])
        assert made.beginnings_to_send(b"t=") == {b"a=1": 2, b"a=2": 1, b"b=1": 1}


def test_accepted_contacts_are_those_with_an_email(journal):
    journal.commit([accepted(2, error_code="102"), accepted(3), accepted(1), failed(5)])
    assert [*journal.accepted_contacts()] == ["p1@b.org", "p2@b.org"]


def test_rows_are_found_by_their_number_in_each_source(journal):
    journal.add_source(2, info("d.csv", dialect={"places": "list"}))
    journal.add(7, [judged(7, source=2, row=Row("list.xlsx", "One", 5, {"A": "", "B": ""}))])
    assert journal.rows_numbered(5) == [(1, "c.csv", 4, None), (2, "list.xlsx", 7, b"a=7")]
    assert journal.rows_numbered(99) == []
    assert [journal.body(seq) for seq in (1, 4)] == [b"a=1", None]


def test_all_attempts_of_a_row_are_listed_first_to_last(journal):
    journal.commit([intent(1), unsettled(1, AttemptResult.REPELLED), intent(1, 2)])
    assert journal.attempts(1) == [
        Attempt(1, AT, "repelled", "why", 429, 9),
        Attempt(2, AT, "", "", None, None),
    ]
    assert journal.attempts(2) == []


def test_a_refused_row_says_all_that_is_wrong_with_it(journal):
    outcome = [*journal.outcomes()][3]
    assert outcome == Outcome(
        "c.csv", "", 5, "p4@b.org", Status.INVALID, "X", "", (BAD,), (), 0, None, "", None
    )

"""What is still to be sent, what was tried, and what a resume makes pending again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bulk_import.errors import StorageError
from bulk_import.journal import Journal
from bulk_import.journal.entries import Attempt, AttemptResult, Pending, Refusal
from bulk_import.journal.mark import Written
from bulk_import.models import Outcome, Row, Status
from tests.journals import (
    AT,
    accepted,
    failed,
    info,
    intent,
    journal_of,
    judged,
    refused,
    unsettled,
)


@pytest.fixture
def journal(tmp_path) -> Iterator[Journal]:
    """Six rows: the third is bare, the fourth refused."""
    rows = [judged(1), judged(2), judged(3, ""), refused(4), judged(5), judged(6)]
    with journal_of(tmp_path, rows) as opened:
        yield opened


def seqs(rows: Iterator[Pending]) -> list[int]:
    return [row.seq for row in rows]


# -- reading -----------------------------------------------------------------------------------------


def test_a_row_that_was_never_sent_has_no_attempt_and_its_first_one_has_number_one(journal):
    first, *_ = journal.pending()
    assert first == Pending(1, "p1@b.org", "p1@b.org", "row 2", b"a=1", 0, 1, False)


@pytest.mark.parametrize(
    ("limit", "found"), [(None, [1, 2, 3, 5, 6]), (0, []), (1, [1]), (3, [1, 2, 3]), (9, [1, 2, 3, 5, 6])]
)  # fmt: skip
def test_no_more_rows_are_handed_out_than_were_asked_for(journal, limit, found):
    rows = journal.pending(limit=limit)
    assert seqs(rows) == found
    assert seqs(rows) == []


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([], []),
        ([(1, 1)], [1]),
        ([(2, 5)], [2, 3, 5]),
        ([(1, 2), (6, 9)], [1, 2, 6]),
        ([(4, 4), (5, 5)], [5]),
        ([(2, 3), (1, 2)], [2, 3]),
        ([(7, 9), (2, 2)], []),
    ],
)
def test_rows_are_looked_for_in_the_stretches_that_are_named(journal, spans, found):
    assert seqs(journal.pending(spans=spans)) == found


def test_where_rows_are_still_being_judged_the_iterator_is_asked_again(journal):
    judged_upto = [0]
    rows = journal.pending(upto=lambda: judged_upto[0])
    found = []
    for upto in (0, 2, 2, 5, 6):
        judged_upto[0] = upto
        found.append(seqs(rows))
    assert found == [[], [1, 2], [], [3, 5], [6]]
    both = journal.pending(spans=[(0, 2), (3, 9)], upto=lambda: 5)
    assert seqs(both) == [1, 2, 3, 5]


def test_the_place_of_a_row_names_the_file_where_it_is_not_the_only_one(tmp_path):
    with journal_of(tmp_path, [judged(1)]) as journal:
        listed = Row("list.xlsx", "One", 9, {"A": "", "B": ""})
        journal.add_source(1, info(dialect={"places": "list"}))
        journal.add(2, [judged(2, row=listed)])
        assert [row.place for row in journal.pending()] == ["row 2", "row 9 of list.xlsx"]
        journal.add_source(2, info("d.csv"))
        journal.add(3, [judged(3, source=2, row=Row("d.csv", "", 2, {"A": "", "B": ""}))])
        places = [row.place for row in journal.pending()]
    assert places == ["row 2 of c.csv", "row 9 of list.xlsx", "row 2 of d.csv"]


@pytest.mark.parametrize(
    "spoil", ["update record set email = 'q@b.org' where seq = 1", "update record set body = x'613d' where seq = 1"]
)  # fmt: skip
def test_a_row_that_is_not_what_was_stored_is_not_handed_out(journal, spoil):
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute(spoil)
    with pytest.raises(StorageError) as raised:
        next(journal.pending())
    assert str(raised.value) == (
        f"{journal.path}: the journal is damaged (row 2 is not what was stored); restore it from a copy. "
        "Starting again in another folder would send every row again"
    )


# -- writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 63, 64, 65, 130])
def test_a_commit_of_any_size_is_written_whole(tmp_path, rows):
    every = range(1, rows + 1)
    with journal_of(tmp_path, [judged(seq) for seq in every]) as journal:
        journal.commit([intent(seq) for seq in every])
        assert journal.count_requests() == rows
        journal.commit([accepted(seq, elapsed_ms=seq) for seq in every])
        assert [one.elapsed_ms for one in journal.outcomes()] == [*every]
        assert journal.count_requests() == rows
        assert journal.counted() == Written(rows, rows, rows)


def test_what_was_written_is_counted_as_it_is_committed(journal):
    assert journal.written == (0, 0, 0)
    journal.commit([intent(3), intent(1)])
    assert journal.written == (2, 0, 3)
    journal.commit([accepted(1), failed(3), accepted(2, attempts=0, status=Status.UNCHANGED)])
    assert journal.written == (2, 2, 3)
    journal.commit([intent(5), unsettled(5, AttemptResult.REPELLED)])
    assert journal.written == (3, 2, 5)


def test_after_a_commit_that_failed_the_next_one_is_made(journal):
    with pytest.raises(StorageError):
        journal.commit([intent(1), intent(1)])
    assert journal.written == (0, 0, 0)
    journal.commit([intent(1)])
    assert journal.count_requests() == 1


@pytest.mark.parametrize(
    ("change", "is_plain"),
    [
        ({}, True),
        ({"elapsed_ms": None}, True),
        ({"error_code": "102"}, False),
        ({"message": "known already"}, False),
        ({"http_status": 201}, False),
        ({"attempts": 2}, False),
        ({"status": Status.FAILED}, False),
        ({"again": True}, False),
        ({"finished_at": ""}, False),
    ],
)
def test_only_a_row_about_which_nothing_is_to_be_said_is_kept_as_two_numbers(
    journal, change, is_plain
):
    settled = accepted(1, **change)
    journal.commit([intent(1), settled])
    assert journal.count_accepted() == is_plain
    assert journal.count_others() == 1 + (not is_plain)  # and the one that is refused
    first = next(journal.outcomes())
    assert first == Outcome(
        "c.csv", "", 2, "p1@b.org", settled.status, settled.error_code, settled.message, (), (),
        settled.attempts, settled.http_status, settled.finished_at, settled.elapsed_ms,
    )  # fmt: skip


@pytest.mark.parametrize("code", ["0", "102"])
def test_the_attempt_of_a_row_that_was_accepted_at_once_is_that_of_its_outcome(journal, code):
    journal.commit([intent(1, at="2026-03-10T11:05:00.000Z"), accepted(1, error_code=code)])
    assert journal.attempts(1) == [Attempt(1, "2026-03-10T11:05:00.100Z", "", "", None, None)]
    assert journal.count_requests() == 1
    assert journal.tried(1) == (0, 1, False)


def test_an_attempt_that_is_known_otherwise_is_kept(journal):
    journal.commit([intent(1), unsettled(1, AttemptResult.REPELLED), accepted(1)])
    assert journal.attempts(1) == [Attempt(1, AT, "repelled", "why", 429, 9)]
    journal.commit([intent(2), intent(2, 2), accepted(2)])  # only the first can be folded
    assert [attempt.number for attempt in journal.attempts(2)] == [2]


@pytest.mark.parametrize(
    ("entries", "tried"),
    [
        ([], (0, 1, False)),
        ([intent(1)], (1, 2, True)),
        ([intent(1), unsettled(1, AttemptResult.WITHDRAWN)], (0, 2, False)),
        ([intent(1), unsettled(1, AttemptResult.REPELLED)], (1, 2, False)),
        ([intent(1), unsettled(1, AttemptResult.DOUBTFUL)], (1, 2, True)),
        ([intent(1), unsettled(1, AttemptResult.DOUBTFUL), intent(1, 2), unsettled(1, AttemptResult.REPELLED, 2)], (2, 3, True)),
    ],
)  # fmt: skip
def test_what_was_tried_is_known_to_the_next_attempt(journal, entries, tried):
    journal.commit(entries)
    assert journal.tried(1) == tried
    first = next(journal.pending())
    assert (first.attempts, first.next_number, first.in_doubt) == tried


@pytest.mark.parametrize(
    ("entries", "has"),
    [
        ([], False),
        ([intent(1)], True),
        ([intent(1), accepted(1)], True),
        ([intent(1), accepted(1, error_code="102")], True),
        ([accepted(1, attempts=0, status=Status.NOT_SENT)], False),
    ],
)
def test_a_journal_says_whether_anything_was_ever_sent(journal, entries, has):
    journal.commit(entries)
    assert journal.has_attempts() is has


def test_rows_that_can_be_sent_and_have_not_ended_are_pending(journal):
    assert journal.count_pending() == 5
    journal.commit([intent(1), accepted(1), intent(2), failed(2)])
    assert journal.count_pending() == 3
    journal.forget_code("X")  # the row without a form has not ended either, and cannot be sent
    assert journal.count_pending() == 3
    journal.commit([accepted(seq) for seq in (3, 4, 5, 6)])
    assert journal.count_pending() == 0


# -- a resume ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "again", "options", "is_pending"),
    [
        ("failed", True, {}, True),
        ("failed", False, {}, False),
        ("failed", False, {"resend_unknown": True}, False),
        ("failed", False, {"retry_failed": True}, True),
        ("unknown", True, {}, True),
        ("unknown", False, {}, False),
        ("unknown", False, {"retry_failed": True}, False),
        ("unknown", False, {"resend_unknown": True}, True),
        ("not_sent", True, {}, True),
        ("not_sent", False, {"retry_failed": True, "resend_unknown": True}, False),
        ("success", True, {"retry_failed": True, "resend_unknown": True}, False),
        ("invalid", True, {"retry_failed": True, "resend_unknown": True}, False),
        ("skipped", True, {}, False),
    ],
)
def test_a_resume_makes_rows_pending_by_how_they_ended(journal, status, again, options, is_pending):
    journal.commit([intent(1), failed(1, status=Status(status), again=again)])
    journal.reopen(**options)
    assert (1 in seqs(journal.pending())) is is_pending


def test_the_last_attempt_of_a_row_that_failed_is_remembered_with_its_answer(journal):
    journal.commit([intent(1), unsettled(1, AttemptResult.DOUBTFUL), intent(1, 2)])
    journal.commit([failed(1, attempts=2, http_status=400, again=True), intent(2)])
    journal.commit([failed(2)])
    journal.reopen()
    assert journal.attempts(1) == [
        Attempt(1, AT, "doubtful", "why", 429, 9),
        Attempt(2, AT, "repelled", "no", 400, 150),
    ]
    assert journal.attempts(2) == [Attempt(1, AT, "", "", None, None)]  # it is not sent again


def test_a_bare_row_that_was_in_flight_is_unknown_with_the_attempts_that_were_sent(journal):
    later = "2026-03-10T11:06:00.000Z"
    journal.commit([intent(3), unsettled(3, AttemptResult.WITHDRAWN), intent(3, 2), intent(1)])
    journal.commit([unsettled(3, AttemptResult.DOUBTFUL, 2), intent(3, 3, later)])
    journal.settle_doubts()
    found = list(journal.outcomes())[2]
    assert found == Outcome(
        "c.csv", "", 4, "+3", Status.UNKNOWN, "INTERRUPTED",
        "sent, but the run was interrupted before the answer came", (), (), 2, None, later, None,
    )  # fmt: skip
    assert seqs(journal.pending()) == [1, 2, 5, 6]
    journal.settle_doubts()
    journal.reopen()
    assert seqs(journal.pending()) == [1, 2, 5, 6]


@pytest.mark.parametrize("result", [AttemptResult.WITHDRAWN, AttemptResult.REPELLED])
def test_a_bare_row_that_was_certainly_not_applied_is_sent(journal, result):
    journal.commit([intent(3), unsettled(3, result)])
    journal.reopen()
    assert 3 in seqs(journal.pending())


def test_a_row_that_is_withheld_keeps_the_number_of_its_attempts(journal):
    journal.commit([intent(1), unsettled(1, AttemptResult.WITHDRAWN), intent(1, 2), intent(1, 3)])
    journal.withhold([(1, Refusal.because(Status.UNKNOWN, "Y", "said no")), (2, Refusal.because(Status.SKIPPED, "Z", "too"))])  # fmt: skip
    assert [(one.status, one.error_code, one.message, one.attempts) for one in journal.outcomes()][
        :2
    ] == [(Status.UNKNOWN, "Y", "said no", 2), (Status.SKIPPED, "Z", "too", 0)]


def test_a_row_that_was_accepted_can_be_settled_otherwise(journal):
    journal.commit([intent(1), accepted(1)])
    journal.add_refusals([(1, Refusal.because(Status.SKIPPED, "Z", "said no"))])
    assert journal.count_accepted() == 0
    assert next(journal.outcomes()).error_code == "Z"

"""What judging writes into a journal, what is changed after it, and which rows of contacts it brings together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bulk_import.errors import StorageError
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal, SharedRow
from bulk_import.models import Problem, Row, Status
from tests.journals import (
    BAD,
    DOUBT,
    REFUSED,
    accepted,
    failed,
    info,
    intent,
    journal_of,
    judged,
    refused,
)

LIST = Problem("LIST_UNKNOWN", "no such list", "A")
NO_LIST = Refusal(Status.INVALID, (LIST,))
NO_LIST_AND_BAD = Refusal(Status.INVALID, (LIST, BAD))
SKIPPED = Refusal(Status.SKIPPED, (Problem("SKIPPED", "'yes' (skip)", "B"),))
CONTACT_SKIPPED = Refusal(Status.SKIPPED, (Problem("CONTACT_SKIPPED", "row 2"),))
TWICE = Refusal(Status.DUPLICATE, (Problem("DUPLICATE", "row 2"),))


@pytest.fixture(params=[True, False], ids=["blocks", "no blocks"])
def make(request, tmp_path) -> Iterator:
    """Makes a journal of some rows, with and without blocks: SQL reads both."""
    opened: list[Journal] = []

    def made(rows: list[JudgedRow]) -> Journal:
        opened.append(journal_of(tmp_path, rows, makes_blocks=request.param))
        return opened[-1]

    yield made
    opened[0].close()


def pending(journal: Journal) -> list[int]:
    return [row.seq for row in journal.pending()]


def everything(journal: Journal) -> list[tuple]:
    return [(row, end.status, end.reasons, end.warnings) for _, row, end in journal.results()]


# -- adding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordinary", [1, 3, 4, 9])
def test_rows_about_which_something_is_to_be_said_stand_among_ordinary_ones(tmp_path, ordinary):
    """Few of them are stored one by one, many all together."""
    found = Problem("R", "found on reading", "A")
    rows = [judged(seq) for seq in range(1, ordinary + 1)]
    rows.append(judged(20, warnings=(DOUBT,)))
    rows += [judged(seq) for seq in range(30, 30 + ordinary)]
    rows.append(judged(40, row=Row("c.csv", "", 41, {"A": "40", "B": "x"}, (found,))))
    rows.append(judged(50, body=None))
    rows.append(refused(60))
    with journal_of(tmp_path, rows) as journal:
        assert everything(journal) == [
            (
                one.row,
                Status.NOT_SENT if one.refusal is None else Status.INVALID,
                () if one.refusal is None else (BAD,),
                one.warnings,
            )
            for one in rows
        ]
        assert [row.body for row in journal.pending()] == [one.body for one in rows if one.body]


def test_rows_of_several_sources_or_widths_are_stored_without_a_block(tmp_path):
    narrow = judged(2, row=Row("d.csv", "", 2, {"A": "2"}), source=2)
    with journal_of(tmp_path, []) as journal:
        journal.add_source(2, info("d.csv", dialect={}))
        journal.add(1, [judged(1)])
        journal.add(
            2, [judged(2), narrow._replace(source=1, row=Row("c.csv", "", 4, {"A": "", "B": ""}))]
        )
        journal.add(4, [judged(4), judged(5, source=2, row=Row("d.csv", "", 9, {"A": "x", "B": ""}))])  # fmt: skip
        assert [(row.source, row.number) for _, row, _ in journal.results()] == [
            ("c.csv", 2), ("c.csv", 3), ("c.csv", 4), ("c.csv", 5), ("d.csv", 9),
        ]  # fmt: skip
        assert journal._one("select count(*) from block") == 2


def test_sheets_of_the_rows_of_a_chunk_are_their_own(tmp_path):
    rows = [Row("c.csv", sheet, n, {"A": "", "B": ""}) for n, sheet in enumerate(["One", "Two", "One"], 2)]  # fmt: skip
    with journal_of(tmp_path, [judged(at, row=row) for at, row in enumerate(rows, 1)]) as journal:
        assert [row.sheet for _, row, _ in journal.results()] == ["One", "Two", "One"]


def test_a_journal_that_is_cleared_is_filled_anew(make):
    journal = make([judged(1), refused(2), judged(3)])
    journal.commit([intent(1), accepted(1), intent(3), failed(3)])
    assert journal.result(3)[0].number == 4  # its block is known
    journal.clear()
    assert (journal.count_records(), journal.sources(), journal.has_attempts()) == (0, {}, False)
    journal.add_source(1, info())
    journal.add(1, [judged(7)])
    assert everything(journal) == [(judged(7).row, Status.NOT_SENT, (), ())]


# -- changing ----------------------------------------------------------------------------------------


def test_a_row_that_is_judged_otherwise_is_replaced_with_its_cells(make):
    journal = make([judged(1), refused(2)])
    better = judged(2, row=Row("c.csv", "", 3, {"A": "two", "B": ""}), warnings=(DOUBT,))
    worse = refused(1, row=Row("c.csv", "", 2, {"A": "", "B": ""}, (BAD,)))
    journal.replace_judgement(2, better)
    journal.replace_judgement(1, worse)
    assert everything(journal) == [
        (worse.row, Status.INVALID, (BAD,), ()),
        (better.row, Status.NOT_SENT, (), (DOUBT,)),
    ]
    assert [(row.seq, row.body) for row in journal.pending()] == [(2, b"a=2")]
    assert [journal.form(seq) for seq in (1, 2, 3)] == [b"", b"a=2", b""]


@pytest.mark.parametrize("entries", [[accepted(1)], [failed(1)]])
def test_a_row_that_had_ended_is_pending_when_it_is_judged_otherwise(make, entries):
    journal = make([judged(1), judged(2)])
    journal.commit([intent(1), *entries])
    journal.replace_judgement(1, judged(1, body=b"a=new"))
    assert [(row.seq, row.body) for row in journal.pending()] == [(1, b"a=new"), (2, b"a=2")]


def test_forms_are_replaced_alone_or_with_what_is_doubtful(make):
    journal = make([judged(1, warnings=(DOUBT,)), judged(2), judged(3, warnings=(DOUBT,))])
    journal.replace_forms([(1, b"a=x"), (2, b"a=y")])
    journal.replace_body(3, b"a=z", ())
    journal.replace_body(2, b"a=w", (DOUBT,))
    assert [row.body for row in journal.pending()] == [b"a=x", b"a=w", b"a=z"]
    assert [one.warnings for one in journal.outcomes()] == [(DOUBT,), (DOUBT,), ()]


def test_cells_of_rows_that_nobody_asks_for_again_are_forgotten(tmp_path):
    rows = [judged(1, refusal=SKIPPED), refused(2)]
    with journal_of(tmp_path, rows, makes_blocks=False) as journal:
        journal.forget_cells(Status.SKIPPED)
        assert [row.cells for _, row, _ in journal.results()] == [{}, {"A": "2", "B": "x"}]


def test_how_rows_ended_is_forgotten_unless_they_were_sent(make):
    journal = make([judged(1, refusal=SKIPPED), judged(2, refusal=SKIPPED), judged(3), refused(4)])
    journal.commit([intent(3), failed(3, error_code="SKIPPED")])
    journal.forget_rows([1, 3])
    assert pending(journal) == [1]
    journal.forget_code("SKIPPED")
    assert pending(journal) == [1, 2]
    journal.forget_code("X")
    assert journal.counts()[Status.INVALID] == 0


def test_rows_that_gave_way_are_pending_again_if_they_have_a_form(make):
    journal = make([judged(1), judged(2, refusal=TWICE), refused(3, TWICE), refused(4)])
    journal.forget_duplicates()
    assert pending(journal) == [1, 2]
    assert journal.counts()[Status.DUPLICATE] == 1
    journal.add_refusals([(1, CONTACT_SKIPPED), (2, SKIPPED)])
    journal.forget_skipped_contacts()
    assert pending(journal) == [1]


# -- asking ------------------------------------------------------------------------------------------


def test_the_index_for_finding_contacts_is_made_once(tmp_path):
    with journal_of(tmp_path, [judged(1)]) as journal:
        journal.index()
        journal.index()
        assert journal._one("select count(*) from sqlite_master where name = 'record_email'") == 1


def test_rows_are_found_by_how_they_ended(make):
    journal = make([judged(1), judged(2, refusal=SKIPPED), refused(3), judged(4), judged(5)])
    journal.commit([intent(1), accepted(1), intent(4), failed(4, status=Status.SUCCESS, error_code="102")])  # fmt: skip

    def found(*statuses: Status, **options: bool) -> list[int]:
        return [seq for seq, source, row in journal.ended_in(*statuses, **options)
                if (source, row.number) == (1, seq + 1)]  # fmt: skip

    assert found(Status.SKIPPED, Status.INVALID) == [2, 3]
    assert found(Status.SKIPPED, Status.INVALID, without_form=True) == [3]
    assert found(Status.SUCCESS) == [1, 4]
    assert found(Status.SUCCESS, Status.INVALID) == [1, 3, 4]
    assert found(Status.SUCCESS, without_form=True) == []


def test_rows_that_are_or_were_to_be_sent_are_found(make):
    journal = make([judged(1), judged(2, refusal=SKIPPED), refused(3), judged(4), judged(5, "")])
    journal.commit([intent(1), accepted(1), intent(4), failed(4), intent(5)])
    rows = {seq: judged(seq).row for seq in range(1, 6)}
    assert [*journal.sendable()] == [(seq, 1, rows[seq], b"a=%d" % seq) for seq in (1, 4, 5)]
    journal.forget_rows([2])
    assert [*journal.pending_rows()] == [
        (2, 1, "p2@b.org", False, rows[2]), (5, 1, "", True, rows[5]),
    ]  # fmt: skip


def test_addresses_of_several_rows_are_counted_without_rows_that_cannot_be_sent(make):
    both, often = "both@b.org", "often@b.org"
    journal = make(
        [
            judged(1, both), judged(2, often), judged(3, both), judged(4, often, refusal=TWICE),
            judged(5, often), refused(6, email=both), judged(7, ""), judged(8, ""),
            judged(9, "no@b.org"), judged(10, "no@b.org", refusal=CONTACT_SKIPPED),
        ]
    )  # fmt: skip
    assert [*journal.rows_per_address().items()] == [(often, 3), (both, 2)]


def test_rows_of_one_contact_are_found_together_in_the_order_of_the_file(make):
    journal = make(
        [
            judged(1, "a@b.org"), judged(2, "b@b.org", warnings=(DOUBT,)), judged(3, "b@b.org"),
            judged(4, "a@b.org", refusal=TWICE), judged(5, ""), judged(6, ""), judged(7, "c@b.org"),
            refused(8, email="c@b.org"), judged(9, "a@b.org"),
        ]
    )  # fmt: skip
    journal.commit([intent(9), accepted(9)])
    groups = [[(one.seq, one.body, one.warnings) for one in found] for found in journal.shared_contacts()]  # fmt: skip
    assert groups == [
        [(1, b"a=1", ()), (4, b"a=4", ()), (9, b"a=9", ())],
        [(2, b"a=2", (DOUBT,)), (3, b"a=3", ())],
    ]


@pytest.mark.parametrize(
    ("refusal", "names", "are_shared"),
    [
        (NO_LIST, ["LIST_UNKNOWN"], True),
        (NO_LIST, [], False),
        (NO_LIST, ["MANAGER_UNKNOWN"], False),
        (NO_LIST_AND_BAD, ["LIST_UNKNOWN"], False),
        (NO_LIST_AND_BAD, ["LIST_UNKNOWN", "X"], True),
        (CONTACT_SKIPPED, ["CONTACT_SKIPPED"], False),
    ],
)
def test_a_row_that_only_the_lists_of_the_account_refuse_counts_among_those_of_its_contact(
    make, refusal, names, are_shared
):
    journal = make([judged(1, "a@b.org"), refused(2, refusal, email="a@b.org")])
    rows = [judged(seq).row for seq in (1, 2)]
    shared = [SharedRow(1, rows[0], b"a=1", ()), SharedRow(2, rows[1], None, (), refusal.reasons)]
    assert [*journal.shared_contacts(names)] == ([shared] if are_shared else [])


def test_who_said_no_is_found_among_skipped_rows_and_refusals(make):
    says_no = Refusal(Status.INVALID, (BAD, Problem("EMAIL_SAYS_NO", "stop", "A")))
    names_it = Refusal(Status.INVALID, (Problem("Y", 'not "EMAIL_SAYS_NO", only its name', "A"),))
    journal = make(
        [
            judged(1), judged(2, refusal=SKIPPED), refused(3, says_no, email=""), refused(4),
            refused(5, names_it), judged(6, refusal=CONTACT_SKIPPED),
        ]
    )  # fmt: skip
    skipped, invalid = (2, "p2@b.org", SKIPPED.reasons), (3, "", says_no.reasons)
    assert [*journal.said_no(("EMAIL_SAYS_NO",))] == [skipped, invalid]
    assert [*journal.said_no(())] == [skipped]


@pytest.mark.parametrize("is_sent", [True, False])
def test_rows_are_found_that_another_row_of_their_contact_speaks_for(make, is_sent):
    journal = make(
        [
            judged(1, "ann@b.org", refusal=SKIPPED), judged(2, "ann@b.org"), judged(3, "bob@b.org"),
            judged(4, "ann@b.org", refusal=TWICE), judged(5, "ann@bücher.example"),
            refused(6, NO_LIST, email="ann@b.org"), refused(7, email="ann@b.org"),
            judged(8, "ann@xn--bcher-kva.example", refusal=SKIPPED),
        ]
    )  # fmt: skip
    if is_sent:
        journal.commit([intent(2)])
    contacts = [("ann@b.org", 1), ("ann@b.org", 8), ("ann@xn--bcher-kva.example", 8)]
    first = (2, is_sent, judged(1).row, SKIPPED.reasons)
    other = (5, False, judged(8).row, SKIPPED.reasons)
    third = (6, False, judged(1).row, SKIPPED.reasons)
    assert [*journal.rows_of_contacts(contacts)] == [first, other]
    assert [*journal.rows_of_contacts(contacts, ["LIST_UNKNOWN"])] == [first, other, third]
    assert [*journal.rows_of_contacts(())] == []


def test_rows_that_share_a_value_name_five_others_at_most(make):
    journal = make([judged(seq) for seq in range(1, 9)])
    rows = {seq: judged(seq).row for seq in range(1, 9)}
    keys = [(0, "x", seq) for seq in range(1, 8)] + [(0, "y", 8), (1, "x", 8), (1, "z", 2), (1, "z", 3)]  # fmt: skip
    journal.commit([intent(7), accepted(7), intent(3), failed(3)])
    for _ in range(2):
        found = [*journal.shared_keys(keys)]
        assert [(seq, source, row, form, number) for seq, source, row, form, number, _ in found] == [
            *((seq, 1, rows[seq], b"a=%d" % seq, 0) for seq in (1, 2, 4, 5, 6)),
            (2, 1, rows[2], b"a=2", 1),
        ]  # fmt: skip
        assert [[row.number - 1 for row in others] for *_, others in found] == [
            [2, 3, 4, 5, 6], [1, 3, 4, 5, 6], [1, 2, 3, 5, 6], [1, 2, 3, 4, 6], [1, 2, 3, 4, 5], [3],
        ]  # fmt: skip
    assert [*journal.shared_keys([])] == []


# -- damage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("delete from block", "the block of row 1 is missing"),
        ("update block set first = 4", "the block of row 1 is missing"),
        ("update outcome set reasons = '' where seq = 3", "the reasons of row 3 are missing"),
        ("update record set warnings = '' where seq = 2", "the warnings of row 2 are missing"),
    ],
)
def test_what_a_block_must_have_and_has_not_is_damage(tmp_path, harm, said):
    with journal_of(tmp_path, [judged(1), judged(2), judged(3, refusal=SKIPPED)]) as journal:
        with closing(sqlite3.connect(journal.path)) as db, db:
            db.execute(harm)
        with pytest.raises(StorageError) as raised:
            list(journal.results())
    assert str(raised.value) == (
        f"{journal.path}: the journal is damaged ({said}); restore it from a copy. "
        "Starting again in another folder would send every row again"
    )


def test_a_refusal_is_made_for_another_try_unless_it_is_said():
    assert Refusal(Status.INVALID, (BAD,)) == REFUSED == (Status.INVALID, (BAD,), True)
    assert Refusal.because(Status.SKIPPED, "Z", "why") == (Status.SKIPPED, (Problem("Z", "why"),), True)  # fmt: skip
    assert REFUSED.error_code == "X"

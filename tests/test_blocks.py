"""Blocks: what many rows have, compressed, and given back exactly."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.journal import Journal
from bulk_import.journal.blocks import Block, packed_block
from bulk_import.journal.columns import form_encoded
from bulk_import.journal.entries import (
    AttemptResult,
    Intent,
    JudgedRow,
    Refusal,
    Settled,
    Unsettled,
)
from bulk_import.journal.packing import pack_moment, unpack_moment
from bulk_import.models import Problem, Row, SourceInfo, Status

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=8)
# Anything, and what forms are like: the same parameters in the same order, some missing, some empty.
FORMS = st.binary(max_size=12) | st.tuples(
    *[st.sampled_from(("", f"{name}=", f"{name}=1&", f"{name}=2+%C3%9C")) for name in "abca"]
).map(lambda parts: "&".join(filter(None, parts)).encode())
EMAILS = [f"p{n}@example.org" for n in range(20)]
BAD = Refusal(Status.INVALID, (Problem("X", "no", "A"),))
AT = "2026-03-10T11:05:00.250Z"


@given(
    st.integers(0, 3).flatmap(
        lambda columns: st.lists(
            st.tuples(ANY_TEXT, FORMS, st.tuples(*[ANY_TEXT] * columns)), min_size=1, max_size=5
        )
    ),
    st.integers(1, 10**9),
)
def test_a_block_gives_back_what_was_put_in(rows, first):
    emails, forms, cells = zip(*rows, strict=True)
    block = Block(first, packed_block(emails, forms, cells))
    for seq, (email, form, texts) in enumerate(rows, first):
        assert (block.email(seq), block.form(seq), block.cells(seq)) == (email, form, texts)
    assert [seq in block for seq in (first - 1, first, first + len(rows))] == [False, True, False]
    assert Block(first, packed_block(emails, forms, None)).cells(first) == ()


@given(st.lists(st.tuples(st.sampled_from(EMAILS), ANY_TEXT, st.booleans()), min_size=1))
def test_what_forms_have_of_the_cells_is_given_back_with_what_they_have_not(rows):
    """E-mails are told by cells that differ in some rows; some rows have no form."""
    cells = [
        (email.swapcase() if at % 7 == 6 else email, note)
        for at, (email, note, _) in enumerate(rows)
    ]
    emails = [email for email, *_ in rows]
    forms = [
        urlencode({"lead_email": email, "note": note.encode(errors="ignore")}).encode()
        if is_sent
        else b""
        for email, note, is_sent in rows
    ]
    remarks = {"reasons": {at: f"no: {form}" for at, form in enumerate(forms) if not form}}
    block = Block(3, packed_block(emails, forms, cells, remarks=remarks))
    for seq, (email, form, texts) in enumerate(zip(emails, forms, cells, strict=True), 3):
        assert (block.email(seq), block.form(seq), block.cells(seq)) == (email, form, texts)
        assert block.remark("reasons", seq) == remarks["reasons"].get(seq - 3)
        assert block.remark("warnings", seq) is None


def test_a_form_that_repeats_its_cells_takes_no_room():
    people = [(f"p{n}@example.org", f"Ann {n} (new)") for n in range(250)]
    forms = [urlencode({"lead_email": email, "name": name}).encode() for email, name in people]
    emails = [email for email, _ in people]
    with_forms = len(packed_block(emails, forms, people))
    without = len(packed_block(emails, [b"x=y"] * len(people), people))
    assert abs(with_forms - without) < 50


def test_cells_are_encoded_as_in_the_blocks_of_every_earlier_journal():
    """Forms are put together from this: it may never be changed."""
    printable = bytes(range(32, 127)).decode()
    assert (
        form_encoded(f"{printable}\n\t\r".encode()) == f"{quote_plus(printable)}\n%09%0D".encode()
    )
    assert form_encoded("ü".encode()) is None


def test_a_block_that_is_cut_or_changed_says_so():
    data = packed_block(["a@b.org"], [b"a=b"], [("a", "b")])
    for spoiled in (data[:-1], b"y" + data[1:], b""):
        with pytest.raises(ValueError, match="the block of row 7"):
            Block(7, spoiled)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))
def test_a_moment_is_kept_to_the_millisecond(at):
    moment = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    assert unpack_moment(pack_moment(moment)) == moment
    assert unpack_moment(pack_moment(f"{moment[:19]}Z")) == f"{moment[:19]}.000Z"


@pytest.fixture
def journal(tmp_path):
    """Twenty rows in four blocks; every fifth row is refused, every third bare."""
    with Journal.create(tmp_path / "journal.sqlite3") as opened:
        opened.add_source(1, SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B")))
        rows = [judged(seq) for seq in range(1, 21)]
        for at in range(0, 20, 5):
            opened.add(at + 1, rows[at : at + 5])
        yield opened


def judged(seq: int) -> JudgedRow:
    row = Row("c.csv", "", seq + 1, {"A": f"{seq}", "B": f'ü "{seq}"\n'})
    email = "" if seq % 3 == 0 else f"p{seq}@b.org"
    if seq % 5 == 0:
        return JudgedRow(1, row, email, email, (), None, BAD)
    return JudgedRow(1, row, email, email or f"+{seq}", (), f"a={seq}".encode())


def test_rows_of_several_blocks_are_read_in_any_order(journal):
    expected = [judged(seq) for seq in range(1, 21)]
    read = list(journal.results())
    assert [row for _, row, _ in read] == [one.row for one in expected]
    assert [outcome.contact for *_, outcome in read] == [one.contact for one in expected]
    for seq in (20, 1, 11, 6, 16, 2, 19, 7):
        assert journal.result(seq)[0] == expected[seq - 1].row
        assert journal.body(seq) == expected[seq - 1].body
    pending = [(row.email, row.contact, row.body) for row in journal.pending()]
    assert pending == [(one.email, one.contact, one.body) for one in expected if one.body]


def test_what_is_changed_after_judging_is_kept_beside_the_block(journal):
    better = judged(5)._replace(body=b"a=better", refusal=None, contact="+5")
    journal.replace_judgement(5, better)
    journal.replace_body(7, b"a=merged", ())
    journal.replace_judgement(8, judged(8)._replace(row=Row("c.csv", "", 9, {"A": "!", "B": ""})))
    found = {row.seq: row.body for row in journal.pending()}
    assert (found[5], found[7], found[8], found[9]) == (b"a=better", b"a=merged", b"a=8", b"a=9")
    assert journal.result(8)[0].cells == {"A": "!", "B": ""}
    assert journal.result(9)[0] == judged(9).row


def test_a_judgement_that_is_the_same_as_before_writes_nothing(journal):
    before = journal.changes
    for seq in (1, 3, 5):
        journal.replace_judgement(seq, judged(seq))
    assert journal.changes == before


def accepted(seq: int, attempts: int = 1) -> Settled:
    return Settled(seq, Status.SUCCESS, "0", "", attempts, 200, AT, 150, again=False)


def test_only_the_outcome_is_kept_of_a_row_that_was_accepted_at_once(journal):
    journal.commit([Intent(1, 1, AT), Intent(2, 1, AT), Intent(4, 1, AT), Intent(6, 1, AT)])
    journal.commit([accepted(1)])
    journal.commit(
        [Unsettled(2, 1, AttemptResult.DOUBTFUL, "no answer", None, 9), Intent(2, 2, AT)]
    )
    journal.commit([Unsettled(4, 1, AttemptResult.WITHDRAWN, "no way", None, 9), Intent(4, 2, AT)])
    journal.commit([accepted(2, attempts=2), accepted(4)])

    def kept(seq: int) -> list[tuple[int, str]]:
        return [(attempt.number, attempt.result) for attempt in journal.attempts(seq)]

    assert kept(1) == [(1, "")]
    assert journal.attempts(1)[0].started_at == "2026-03-10T11:05:00.100Z"
    assert kept(2) == [(1, "doubtful"), (2, "")]
    assert kept(4) == [(1, "withdrawn"), (2, "")]
    assert kept(6) == [(1, "")]
    assert journal._one("select count(*) from attempt where seq = 1") == 0
    assert journal.count_requests() == 5  # all but the one that was withdrawn
    assert journal.counted() == (6, 3, 6)
    assert journal.count_requests_since("2026-03-10T11:05:00.200Z") == 4


def test_what_was_folded_counts_as_sent(journal):
    journal.commit([Intent(1, 1, AT)])
    journal.commit([accepted(1)])
    assert journal.has_attempts()
    assert journal.counted() == (1, 1, 1)
    journal.reopen(retry_failed=True, resend_unknown=True)
    assert 1 not in {row.seq for row in journal.pending()}


def unchanged(seq: int) -> JudgedRow:
    """A row with a form that is not sent, as nights have them."""
    why = Refusal.because(Status.UNCHANGED, "UNCHANGED", "the same as before")
    return judged(seq)._replace(refusal=why)


def test_a_journal_with_blocks_says_what_one_without_says(tmp_path):
    found = []
    for makes_blocks in (True, False):
        path = tmp_path / f"{makes_blocks}.sqlite3"
        with Journal.create(path, makes_blocks=makes_blocks) as journal:
            journal.add_source(1, SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B")))
            journal.add(1, [judged(1), unchanged(2), judged(5), judged(3)])
            found.append(
                (
                    list(journal.results()),
                    list(journal.payloads()),
                    list(journal.pending()),
                    list(journal.bodies()),
                    list(journal.sendable()),
                    list(journal.ended_in(Status.INVALID, Status.UNCHANGED)),
                    journal.beginnings_to_send(b"b="),
                )
            )
    assert found[0] == found[1]
    assert [row.cells["A"] for _, row, _ in found[0][0]] == ["1", "2", "5", "3"]


@pytest.mark.parametrize("keeps_cells", [True, False])
def test_a_journal_that_is_thrown_away_keeps_the_cells_of_refused_rows_at_least(
    tmp_path, keeps_cells
):
    with Journal.scratch(tmp_path / "journal.sqlite3", keeps_cells=keeps_cells) as journal:
        journal.add_source(1, SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B")))
        journal.add(1, [judged(1), unchanged(2), judged(5)])
        kept = [bool(row.cells) for _, row, _ in journal.results()]
        assert kept == [keeps_cells, True, True]
        assert [form for _, _, form, _ in journal.payloads()] == [b"a=1", b"a=2"]

"""Rows judged into a journal: batches, stops, readings that begin again, and what rows mean for each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow
from bulk_import.mapping.loading import ColumnMapping, load_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, SourceInfo, Status
from bulk_import.run.corrections import Correction, Corrections
from bulk_import.run.inputs import KnownNames, row_mapper
from bulk_import.run.judging import (
    JudgingStoppedError,
    rejudge,
    settle_contacts,
    who_said_no,
)
from bulk_import.run.plan import Input, Tally
from bulk_import.run.withholding import withhold_suppressed
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.rows import Rows
from tests.judged import (
    HEADER,
    PLAIN,
    STOPS,
    UNIQUE,
    begin,
    ends,
    forms,
    judge,
    mapping,
    people,
    said,
    settle,
    source,
)


@pytest.fixture
def journal(tmp_path) -> Iterator[Journal]:
    with Journal.create(tmp_path / "journal.sqlite3", {}) as opened:
        yield opened


# -- reading ---------------------------------------------------------------------------------------------


def test_rows_are_stored_by_batches_and_counted_after_each(journal):
    heard = []

    def on_rows(rows: int) -> None:
        heard.append((rows, journal.count_records(), tally.rows_read, tally.rows_kept))

    tally = Tally()
    judge(journal, source(*people(3), "nobody", *people(2, 3)), source(*people(2, 9), name="b.csv"),
          tally=tally, batch=4, on_rows=on_rows)  # fmt: skip
    assert heard == [(4, 4, 4, 1), (2, 6, 6, 1), (2, 8, 8, 1)]
    assert (journal.facts()["judged"], journal.facts()["rows_read"]) == ("1", "8")
    assert {n: info.name for n, info in journal.sources().items()} == {1: "a.csv", 2: "b.csv"}
    assert [one.source for one in journal.outcomes()] == ["a.csv"] * 6 + ["b.csv"] * 2
    assert (tally.codes, [place for place, _ in tally.examples]) == ({"EMAIL_INVALID": 1}, ["row 5"])  # fmt: skip


def test_only_what_its_cells_refuse_is_an_example_and_every_row_that_is_not_sent_is_kept(journal):
    tally = judge(journal, source("a@b.org,,,yes", "nobody", "b@b.org", using=STOPS))
    assert (tally.rows_read, tally.rows_kept, tally.codes) == (3, 2, {"EMAIL_INVALID": 1})
    assert ends(journal) == [(2, "skipped", "SKIPPED"), (3, "invalid", "EMAIL_INVALID"), (4, "not_sent", "")]  # fmt: skip


@pytest.mark.parametrize("at", [1, 2])
def test_asked_to_stop_it_ends_after_the_batch_and_is_not_judged(journal, at):
    asked = iter(n == at for n in range(1, 9))
    with pytest.raises(JudgingStoppedError):
        judge(journal, source(*people(7)), batch=3, is_stopping=lambda: next(asked))
    assert (journal.count_records(), "judged" in journal.facts()) == (3 * at, False)


def test_what_opening_and_reading_found_is_noted_of_each_source(journal):
    opening, end = Problem("OPENING", "odd"), Problem("END", "odder")
    one = source(*people(1), problems=(opening,), findings=lambda: [end])
    tally = judge(journal, one)
    assert tally.problems == [("a.csv", opening), ("a.csv", end)]
    assert tally.findings == [("a.csv", end)]


def stopped(journal: Journal, rows: int, **options: Any) -> None:
    """Judge that number of rows of two sources of four and three rows, and stop."""
    asked = iter(n == rows for n in range(1, 99))
    with pytest.raises(JudgingStoppedError):
        judge(journal, *two(PLAIN), batch=1, is_stopping=lambda: next(asked), **options)


def two(using: ColumnMapping) -> tuple[Input, Input]:
    return source(*people(4), using=using), source(*people(3, 4), name="b.csv", using=using)


OTHERWISE = mapping(
    fields={"lead_email": "E-mail", "lead_last_name": "Name"}
)  # tells which rows were judged again


@pytest.mark.parametrize("before", [1, 3, 4, 5])
def test_a_reading_that_stopped_before_anything_was_sent_begins_again(journal, before):
    stopped(journal, before)
    tally = judge(journal, *two(OTHERWISE), batch=2)
    assert [form["lead_last_name"] for form in forms(journal)] == [f"N{n}" for n in range(7)]
    assert (tally.rows_read, journal.facts()["rows_read"]) == (7, "7")


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("before", [1, 3, 4, 5, 6])
def test_after_a_request_the_rows_that_are_stored_stay_and_reading_goes_on_behind_them(
    journal, before, batch
):
    stopped(journal, before)
    begin(journal, 1)
    tally = judge(journal, *two(OTHERWISE), batch=batch)
    names = [next(key for key in form if "name" in key) for form in forms(journal)]
    assert names == ["lead_first_name"] * before + ["lead_last_name"] * (7 - before)
    assert [form["lead_email"] for form in forms(journal)] == [f"p{n}@b.org" for n in range(7)]
    assert tally.rows_read == 7


# -- a sieve ---------------------------------------------------------------------------------------------


class Sieve:
    """Knows the rows whose name is in *known*; of the others, those tagged *forgotten* need not be kept."""

    expects_known = False

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known
        self.seen: list[tuple[int, int, Any]] = []
        self.restarts = 0

    def restart(self) -> None:
        self.restarts += 1

    def unknown(self, number, mapper, detector, rows, suppression) -> Rows:
        self.seen.append((number, len(rows), detector))
        return Rows.of([row for row in rows if row.cells["Name"] not in self._known])

    def kept(self, judged: Sequence[JudgedRow]) -> list[JudgedRow]:
        return [one for one in judged if one.row.cells["Tags"] != "forgotten"]

    def needs_another_reading(self, journal: Journal) -> bool:
        raise AssertionError("its run asks")


def test_rows_that_a_job_knows_are_counted_and_neither_judged_nor_stored(journal):
    sieve, heard = Sieve(["N1", "N2"]), []
    lines = [*people(4), "nobody,N9,forgotten", "q@b.org,Q,vip"]
    detector = DamageDetector({})
    watched = source(*people(1, 5), name="b.csv")
    watched = Input(watched.info, (), watched.mapper, bare_rows=watched.rows, detector=detector)
    tally = judge(
        journal, source(*lines), watched, tally=Tally(counts_changes=True), sieve=sieve, batch=2,
        on_rows=heard.append,
    )  # fmt: skip
    assert ends(journal) == [(2, "not_sent", ""), (5, "not_sent", ""), (7, "not_sent", ""), (2, "not_sent", "")]  # fmt: skip
    assert [row.seq for row in journal.pending()] == [1, 2, 3, 4]
    assert (tally.rows_read, heard) == (7, [2, 2, 2, 0, 1])
    assert (tally.rows_kept, tally.codes) == (1, {"EMAIL_INVALID": 1})
    assert tally.changes.names() == {"add_tags": Counter({"t": 3, "vip": 1})}
    assert [(number, rows) for number, rows, _ in sieve.seen] == [(1, 6), (2, 1)]
    assert sieve.seen[1][2] is detector
    assert (sieve.restarts, "judged" in journal.facts()) == (1, False), "its job says when all are judged"  # fmt: skip


# -- several rows of a contact -----------------------------------------------------------------------------

TWICE = ["a@b.org,Ann,x", "b@b.org,Bob", "a@b.org,Anna,y", "A@B.org,,z"]
GIVES_WAY = "gives way to row {keeper} of the same contact (when: duplicate: {policy})"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("send", {}),
        ("first", {4: GIVES_WAY.format(keeper=2, policy="first"), 5: GIVES_WAY.format(keeper=2, policy="first")}),
        ("last", {2: GIVES_WAY.format(keeper=5, policy="last"), 4: GIVES_WAY.format(keeper=5, policy="last")}),
        ("merge", dict.fromkeys((2, 4), "is merged into row 5 of the same contact (when: duplicate: merge)")),
        ("refuse", {row: f"the same contact is in row {others} too (when: duplicate: refuse)"
                    for row, others in ((2, "4, 5"), (4, "2, 5"), (5, "2, 4"))}),
    ],
)  # fmt: skip
def test_one_row_of_a_contact_is_sent_as_the_policy_says(journal, policy, expected):
    judge(journal, source(*TWICE), duplicates=policy)
    assert said(journal) == expected
    status = "invalid" if policy == "refuse" else "duplicate"
    code = "CONTACT_TWICE" if policy == "refuse" else "DUPLICATE"
    assert [end for end in ends(journal) if end[1] != "not_sent"] == [(row, status, code) for row in expected]  # fmt: skip
    if policy == "merge":
        assert forms(journal) == [
            {"lead_email": "b@b.org", "lead_first_name": "Bob"},
            {"add_tags": "x,y,z", "lead_email": "A@b.org", "lead_first_name": "Anna"},
        ]


def test_what_was_doubtful_about_merged_rows_is_noted_at_the_row_that_is_sent_once(journal):
    using = mapping(fields={"lead_email": "E-mail", "add_tags": "Tags", "remove_tags": "Name"})
    judge(journal, source("a@b.org,x,y", "a@b.org,y,z", using=using), duplicates="merge")
    (kept,) = [one for one in journal.outcomes() if one.status is Status.NOT_SENT]
    assert [warning.code for warning in kept.warnings] == ["MERGE_CONFLICT"]
    settle_contacts(journal, "merge", {})
    (again,) = [one for one in journal.outcomes() if one.status is Status.NOT_SENT]
    assert again.warnings == kept.warnings


def test_another_policy_settles_all_rows_again(journal):
    judge(journal, source(*TWICE), duplicates="first")
    settle_contacts(journal, "last", {})
    assert sorted(said(journal)) == [2, 4]
    settle_contacts(journal, "send", {})
    assert said(journal) == {}


def test_more_rows_than_are_committed_together_give_way(journal):
    lines = [f"a{n // 501}@b.org,N{n}" for n in range(3 * 501)]
    judge(journal, source(*lines), duplicates="last")
    assert Counter(status for _, status, _ in ends(journal)) == {"duplicate": 1500, "not_sent": 3}


LISTED = load_mapping({"version": 1, "fields": {"lead_email": "E-mail", "add_to_lists": "Tags"}})


def test_a_merge_with_a_row_that_cannot_be_sent_names_it(journal):
    names = KnownNames({"News": ("7",)})
    judge(journal, source("a@b.org,,News", "a@b.org,,Nothing", "b@b.org,,News", using=LISTED, names=names), duplicates="merge")  # fmt: skip
    assert [end[1:] for end in ends(journal)] == [("invalid", "MERGE_INCOMPLETE"), ("invalid", "LIST_UNKNOWN"), ("not_sent", "")]  # fmt: skip
    assert said(journal)[2].startswith(
        "row 3 of the same contact, with which it is merged, cannot be sent: Tags: "
    )


# -- values that may come once -------------------------------------------------------------------------------


def test_a_value_that_comes_twice_names_the_other_rows_with_their_file(journal):
    first = source("a@b.org,Ann", "b@b.org,Ann", "c@b.org,Cat", using=UNIQUE)
    second = source("d@b.org,Ann", name="b.csv", using=UNIQUE)
    judge(journal, first, second)
    assert [end[1:] for end in ends(journal)] == [
        ("invalid", "VALUE_TWICE"), ("invalid", "VALUE_TWICE"), ("not_sent", ""), ("invalid", "VALUE_TWICE"),
    ]  # fmt: skip
    messages = [one.message for one in journal.outcomes() if one.reasons]
    assert [("row 3, row 2 of b.csv" in messages[0]), ("row 2, row 2 of b.csv" in messages[1])] == [True, True]  # fmt: skip
    assert "row 2 of a.csv, row 3 of a.csv" in messages[2]


def test_only_sources_whose_mapping_asks_for_it_count_and_a_value_that_is_free_again_is_sent(
    journal,
):
    first, second = source("a@b.org,Ann", using=UNIQUE), source("b@b.org,Ann", name="b.csv")
    judge(journal, first, second)
    assert said(journal) == {}
    both = {1: first.mapper, 2: row_mapper(UNIQUE, HEADER, None)}
    settle_contacts(journal, "send", both)
    assert len([end for end in ends(journal) if end[2] == "VALUE_TWICE"]) == 2
    settle_contacts(journal, "send", {1: first.mapper})
    assert said(journal) == {}
    settle_contacts(journal, "send", both)
    settle_contacts(journal, "send", {})
    assert said(journal) == {}


# -- people who said no --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sheet", "place"), [("", "row 3"), ("People", "row 3 of sheet 'People'")])
def test_who_said_no_in_one_row_is_not_written_to_by_another(journal, sheet, place):
    begin_of = "'yes' (skip: asked us to)"
    judge(journal, source("a@b.org,Ann", "A@B.ORG,,,yes", "b@b.org", sheet=sheet, using=STOPS))
    assert ends(journal) == [(2, "skipped", "CONTACT_SKIPPED"), (3, "skipped", "SKIPPED"), (4, "not_sent", "")]  # fmt: skip
    assert said(journal) == {
        2: f"{place} of the same contact in a.csv: Stop: {begin_of}",
        3: f"Stop: {begin_of}",
    }


def test_a_row_without_an_answer_is_unknown_when_its_contact_said_no(journal):
    judge(journal, source("a@b.org,Ann", "b@b.org", using=STOPS))
    begin(journal, 1)
    journal.add_source(2, SourceInfo("b.csv", "csv", header=HEADER, labels=HEADER))
    no = source("a@b.org,,,yes", name="b.csv", using=STOPS)
    with pytest.raises(JudgingStoppedError):
        judge(journal, source("a@b.org,Ann", "b@b.org", using=STOPS), no, is_stopping=lambda: journal.count_records() == 3)  # fmt: skip
    settle_contacts(journal, "send", {})
    assert ends(journal)[0] == (2, "unknown", "CONTACT_SKIPPED")
    assert said(journal)[2] == (
        "row 2 of the same contact in b.csv: Stop: 'yes' (skip: asked us to); sent before without a "
        "trustworthy answer, not sent again"
    )
    settle_contacts(journal, "send", {})
    assert ends(journal)[0] == (2, "unknown", "CONTACT_SKIPPED"), "settled again, to the same end"


def test_a_row_that_another_one_kept_back_is_sent_when_that_says_no_no_more(journal):
    one = source("a@b.org,Ann", "a@b.org,,,yes", using=STOPS)
    judge(journal, one)
    settle_contacts(journal, "send", {1: one.mapper})
    assert [end[2] for end in ends(journal)] == ["CONTACT_SKIPPED", "SKIPPED"]
    allows = row_mapper(PLAIN, HEADER, None)
    rejudge(journal, {1: allows}, SuppressionList(), Tally())
    settle_contacts(journal, "send", {1: allows})
    assert [end[1] for end in ends(journal)] == ["not_sent", "not_sent"]


def test_all_addresses_of_who_may_have_said_no_are_known_by_their_rows(journal):
    judge(journal, source(
        "nobody", "a@b.org do not e-mail,Ann", "b@b.org; c@b.org,,,yes", "d@b.org,Dora", "#REF!,Eve", using=STOPS,
    ))  # fmt: skip
    assert sorted(who_said_no(journal)) == [("a@b.org", 2), ("b@b.org", 3), ("c@b.org", 3)]  # fmt: skip


# -- suppressed ------------------------------------------------------------------------------------------------


@pytest.fixture
def suppression(tmp_path) -> Callable[..., SuppressionList]:
    def of(*addresses: str) -> SuppressionList:
        (tmp_path / "stop.csv").write_text("email\n" + "\n".join(addresses) + "\n")
        using = mapping(suppress=[str(tmp_path / "stop.csv")])
        return SuppressionList.load(using.suppress_files())

    return of


@pytest.mark.parametrize("is_known", [True, False])
def test_rows_are_held_back_that_are_on_a_list_by_now(journal, suppression, is_known):
    fields = {"lead_email": {"column": "E-mail", "several": "first"}}
    one = source("a@b.org", "b@b.org", "c@b.org;x@b.org", "d@b.org", "e@b.org", using=mapping(fields=fields))  # fmt: skip
    judge(journal, one)
    for seq in (1, 4):
        begin(journal, seq)
    settle(journal, 5, Status.SUCCESS)
    mappers = {1: one.mapper} if is_known else {}
    before = ends(journal)
    withhold_suppressed(journal, SuppressionList(), mappers)
    assert ends(journal) == before
    withhold_suppressed(journal, suppression("a@b.org", "b@b.org", "x@b.org", "e@b.org"), mappers)
    assert [end[1:] for end in ends(journal)] == [
        ("unknown", "SUPPRESSED"), ("suppressed", "SUPPRESSED"),
        ("suppressed", "SUPPRESSED") if is_known else ("not_sent", ""), before[3][1:], ("success", "0"),
    ]  # fmt: skip
    assert said(journal)[2] == (
        "a@b.org is on the suppression list; sent before without a trustworthy answer, not sent again"
    )
    assert said(journal)[3] == "b@b.org is on the suppression list"


# -- judged again ----------------------------------------------------------------------------------------------


def test_rows_that_were_kept_back_are_judged_again_and_no_others(journal, suppression):
    strict = mapping(checks=[{"column": "Name", "require": True}], skip=[{"column": "Stop", "values": ["yes"]}])  # fmt: skip
    one = source("nobody", "a@b.org", "b@b.org,Bob,,yes", "c@b.org,Cat", "d@b.org,Dora", using=strict)  # fmt: skip
    judge(journal, one, suppression=suppression("c@b.org"))
    assert [end[1] for end in ends(journal)] == ["invalid", "invalid", "skipped", "suppressed", "not_sent"]  # fmt: skip
    tally = Tally()
    rejudge(journal, {2: one.mapper}, SuppressionList(), tally)
    assert (tally.rows_kept, len(said(journal))) == (0, 4), "nobody knows how to judge that source"
    again = row_mapper(PLAIN, HEADER, None)
    rejudge(journal, {1: again}, SuppressionList(), tally)
    assert [end[1] for end in ends(journal)] == ["invalid", *["not_sent"] * 4]
    assert (tally.rows_kept, tally.codes) == (1, {"EMAIL_INVALID": 1})


def edits(*lines: tuple[int, str, str, str]) -> Corrections:
    return Corrections(Path("c.csv"), [Correction("", *line) for line in lines], contact_of=None)


def test_a_refused_row_is_judged_again_if_its_own_corrections_change_it(journal):
    first, second = source("a@b.org,Ann", "b@b.org,Bob", "nobody"), source("c@b.org,Cat", "d@b.org,Dan", name="b.csv")  # fmt: skip
    judge(journal, first, second)
    for seq in (1, 2, 4, 5):
        settle(journal, seq, Status.FAILED, "3")
    known = {1: edits((2, "Name", "Ann", "Anna"), (4, "E-mail", "nobody", "some@body.org")),
             2: edits((9, "Name", "x", "y"))}  # fmt: skip
    rejudge(journal, {1: first.mapper, 2: second.mapper}, SuppressionList(), Tally(), known)
    assert forms(journal) == [
        {"lead_email": "a@b.org", "lead_first_name": "Anna"}, {"lead_email": "some@body.org"},
    ]  # fmt: skip
    assert [end[1] for end in ends(journal)] == ["not_sent", "failed", "not_sent", "failed", "failed"]  # fmt: skip


def test_a_row_without_e_mail_that_the_api_refused_is_sent_again_once_it_is_corrected(journal):
    """It was taken for one whose answer was lost: that is never sent again."""
    fields = {"lead_email": "E-mail", "lead_first_name": "Name", "lead_phone": "Tags"}
    using = mapping(fields=fields, when={"no_email": "create"})
    bare = source(",Ann,+14155550101", ",Bob,+14155550102", using=using)
    judge(journal, bare)
    settle(journal, 1, Status.FAILED, "3")
    begin(journal, 2)
    known = {1: edits((2, "Name", "Ann", "Anna"), (3, "Name", "Bob", "Rob"))}
    rejudge(journal, {1: bare.mapper}, SuppressionList(), Tally(), known)
    journal.reopen()
    assert forms(journal) == [{"lead_first_name": "Anna", "lead_phone": "+14155550101"}]
    assert ends(journal) == [(2, "not_sent", ""), (3, "unknown", "INTERRUPTED")]


def test_corrections_of_a_source_that_cannot_be_judged_change_nothing(journal):
    judge(journal, source("a@b.org,Ann"))
    settle(journal, 1, Status.FAILED, "3")
    rejudge(journal, {}, SuppressionList(), Tally(), {1: edits((2, "Name", "Ann", "Anna"))})
    assert ends(journal) == [(2, "failed", "3")]


def test_a_row_that_gave_way_although_its_list_is_unknown_is_judged_again(journal):
    lacks, has = KnownNames({"News": ("7",)}), KnownNames({"News": ("7",), "New": ("8",)})
    one = source("a@b.org,,New", "a@b.org,,News", "b@b.org,,News", "b@b.org,,News", using=LISTED, names=lacks)  # fmt: skip
    judge(journal, one, duplicates="last")
    assert [end[1] for end in ends(journal)] == ["duplicate", "not_sent", "duplicate", "not_sent"]
    mappers = {1: row_mapper(LISTED, HEADER, has)}
    rejudge(journal, mappers, SuppressionList(), Tally())
    assert [end[1] for end in ends(journal)] == ["not_sent", "not_sent", "duplicate", "not_sent"]
    settle_contacts(journal, "first", mappers)
    assert [form["add_to_lists"] for form in forms(journal)] == ["8", "7"]

"""A night between reading and sending, and at its end: what it notes, queues, spares, stops at and remembers.

Rows are written into a journal as if they had been read; nothing is sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bulk_import.api.form import decode
from bulk_import.errors import SetupError
from bulk_import.jobs.brake import Brake
from bulk_import.jobs.fingerprints import Digester, cells_of, digester
from bulk_import.jobs.night import NightJob, SyncOptions, stats_of
from bulk_import.jobs.nightly import resume_night
from bulk_import.jobs.sieve import Sieve
from bulk_import.jobs.state import Known, Presence, State
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.binding import Binding, bind
from bulk_import.mapping.loading import ColumnMapping, parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Row, Status, Summary
from bulk_import.run.plan import Tally
from bulk_import.settings import Settings
from bulk_import.sources.damage import DamageDetector
from tests.conftest import Ear
from tests.journals import accepted, info, intent, judged, refused

FIELDS = "version: 1\nfields: {lead_email: A, lead_first_name: B}\n"
GONE = f"{FIELDS}on_missing: {{add_tags: [gone, x, gone], remove_from_lists: [News, 17.1]}}\n"
EMAIL_BAD = Problem("EMAIL_INVALID", "no address", "A", "lead_email", "anna.bergb.org")
EMAIL_MISSING = Refusal(
    Status.INVALID, (Problem("EMAIL_MISSING", "no address", "A", "lead_email"),)
)


def person(seq: int, name: str, first: str = "Ann") -> JudgedRow:
    email = f"{name}@b.org"
    return judged(seq, email, body=f"lead_email={name}%40b.org&lead_first_name={first}".encode())


class Nights:
    """Nights of one job over one file."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder, self.state = folder, state
        self.source = folder / "a.csv"
        self.ear = Ear()
        self.number = 0
        self.told: dict[str, str] = {}
        self.is_sieved = False

    def written(self, changed: int = 1000, content: bytes = b"12345") -> Path:
        self.source.write_bytes(content)
        os.utime(self.source, (changed, changed))
        return self.source

    def job(self, text: str = FIELDS, *, paths: Sequence[Path] = (), facts: Any = None, dry: bool = False, **options: Any) -> NightJob:  # fmt: skip
        mapping = parsed(text)
        names = [str(path) for path in paths or [self.written()]]
        run_dir = self.folder / f"run{self.number}"
        run_dir.mkdir(exist_ok=True)
        return NightJob(
            self.state, mapping, SyncOptions(self.folder / "job.state", **options), names, run_dir,
            stats_of(names, facts), self.ear, facts, dry=dry,
        )  # fmt: skip

    def begun(self, job: NightJob, rows: Sequence[JudgedRow]) -> Journal:
        """The journal of a night whose rows were judged; sieved ones are not read again by the comparison."""
        facts = {"endpoint": "https://shop.example.com"} | job.facts() | self.told
        journal = Journal.create(self.folder / f"run{self.number}" / "journal.sqlite3", facts)
        journal.add_source(1, info())
        if self.is_sieved and rows:
            mapped = RowMapper(bound(FIELDS))
            left = job.sieve.unknown(
                1,
                mapped,
                DamageDetector(mapped.roles),
                [one.row for one in rows],
                SuppressionList(),
            )
            rows = job.sieve.kept([one for one in rows if one.row in left])
        journal.add(1, rows)
        return journal

    def night(self, rows: Sequence[JudgedRow], text: str = FIELDS, *, codes: Sequence[str] = (), stop_code: int = 0, **options: Any) -> str:  # fmt: skip
        """A night in which all is accepted; what the brake said."""
        self.number += 1
        job, tally = self.job(text, **options), Tally()
        tally.codes.update(codes)
        with self.begun(job, rows) as journal:
            reason = job.adjust(journal, tally)
            self.queued = [
                dict(decode(one.body))
                for one in journal.pending()
                if one.place.endswith("(vanished)")
            ]
            self.pending = [one.email for one in journal.pending()]
            self.facts = journal.facts()
            if not reason:
                seqs = [one.seq for one in journal.pending()]
                journal.commit([intent(seq) for seq in seqs])
                journal.commit([accepted(seq) for seq in seqs])
            counts = journal.counts()
        self.tally = tally
        job.finish(Summary("", (), "", "", counts, sum(counts.values()), stop_code=3 if reason else stop_code))  # fmt: skip
        return reason

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state.get_json("last")
        return found


@pytest.fixture
def nights(tmp_path) -> Iterator[Nights]:
    with State.open(tmp_path / "job.state") as state:
        yield Nights(tmp_path, state)


@pytest.fixture(params=[False, True], ids=["read", "sieved"])
def both_ways(request, nights) -> Nights:
    """Nights whose rows the comparison reads from the journal, or knows from the sieve."""
    nights.is_sieved = request.param
    return nights


THIRTY = [person(seq, f"p{seq}") for seq in range(1, 31)]


# -- what is remembered ------------------------------------------------------------------------------


def test_a_night_notes_in_its_journal_what_a_resume_of_it_needs(nights):
    job = nights.job(full=True, accept=True, fewer_files=True, judge_all=True, brake=Brake(0.1))
    facts = job.facts()
    number, _, rest = facts.pop("night").partition(":")
    assert (number, len(rest)) == ("1", 32)
    assert json.loads(facts.pop("night_options")) == {
        "full": True, "accept": True, "report_all": False, "fewer_files": True, "judge_all": True,
        "brake": {"rows_fewer": 0.1, "changed": 0.5, "vanished": 0.2, "blanked": 0.3, "smallest": 20, "rows_more": 1.0},
    }  # fmt: skip
    assert facts == {
        "job": "sync", "state": str(nights.folder / "job.state"), "night_stats": "[[5, 1000.0]]",
    }  # fmt: skip
    nights.state.put(latest="7:ab")
    assert nights.job(report_all=True).facts()["report_all"] == "1"
    assert nights.job().facts()["night"].startswith("8:")
    assert nights.job(facts={"night": "5:cd"}).facts()["night"] == "5:cd"


def test_a_good_night_is_what_the_next_one_is_compared_with(both_ways):
    both_ways.told = {"lists": '{"News": "15.2"}'}
    assert both_ways.night(THIRTY, codes=["EMAIL_MISSING", "EMAIL_MISSING", "X"]) == ""
    assert both_ways.last == {
        "rows": 30, "contacts": 30, "changed": 0, "moved": 0, "vanished": 0,
        "filled": {"lead_email": 30, "lead_first_name": 30}, "modified_at": 1000.0,
        "files": [str(both_ways.source)], "blank": 2, "clocks": "",
    }  # fmt: skip
    state = both_ways.state
    assert (state.get("night"), state.get("left_run"), state.get("left_bare"), state.get("doubtful")) == ("1", "", "", "")  # fmt: skip
    assert state.get_json("names") == {"lists": {"News": "15.2"}, "managers": {}}
    assert both_ways.job().names is not None
    assert {name: both_ways.facts[name] for name in ("judged", "rows_read", "unchanged_rows", "clocks")} == {
        "judged": "1", "rows_read": "30", "unchanged_rows": "0", "clocks": "",
    }  # fmt: skip
    assert (both_ways.tally.rows_read, state.get("latest").split(":")[0]) == (30, "1")


@pytest.mark.parametrize(("stop_code", "is_good"), [(0, True), (3, False), (130, False)])
def test_a_night_that_was_stopped_is_not_compared_with(nights, stop_code, is_good):
    nights.night([person(1, "a")], stop_code=stop_code)
    assert (nights.state.get("night"), bool(nights.state.get("last"))) == (("1", True) if is_good else ("", False))  # fmt: skip
    assert nights.state.get("left_run") == ""
    assert nights.state.contact("a@b.org") is not None  # it was accepted all the same
    assert (nights.job().names is not None) is is_good


def test_a_night_with_refused_rows_is_a_good_one(nights):
    nights.night([person(1, "a"), refused(2)])
    assert (nights.state.get("night"), nights.last["rows"]) == ("1", 2)


def test_a_dry_night_notes_nothing_of_what_it_would_send(nights):
    nights.number = 1
    job = nights.job(dry=True)
    with nights.begun(job, [person(1, "a")]) as journal:
        assert job.adjust(journal, Tally()) == ""
        assert [one.seq for one in journal.pending()] == [1]
    assert (nights.state.get("left_run"), nights.state.get("latest")) == ("", "")


def bare(seq: int, phone: str) -> JudgedRow:
    return judged(seq, "", body=f"lead_phone={phone}".encode())


def test_rows_are_sent_that_are_new_have_changed_or_stand_beside_one_that_has(both_ways):
    nights = both_ways
    first = [person(1, "a"), person(2, "b"), person(3, "b", "Bob"), bare(4, "1"), bare(5, "1"), refused(6)]  # fmt: skip
    nights.night(first)
    assert nights.pending == ["a@b.org", "b@b.org", "b@b.org", "", ""]
    assert {name: nights.last[name] for name in ("rows", "contacts", "changed", "filled")} == {
        "rows": 6, "contacts": 4, "changed": 0, "filled": {"lead_email": 3, "lead_first_name": 3, "lead_phone": 2},
    }  # fmt: skip
    nights.night(first)
    assert nights.pending == []
    again = [
        person(11, "a", "Eve"), person(12, "b"), person(13, "b", "Rob"), bare(14, "1"), bare(15, "2"),
        person(16, "c"), person(17, "d"), person(18, "d", "Dan"), refused(19, email="a@b.org"),
    ]  # fmt: skip
    nights.night(again, brake=Brake(changed=1))
    assert nights.pending == ["a@b.org", "b@b.org", "b@b.org", "", "c@b.org", "d@b.org", "d@b.org"]
    assert {name: nights.last[name] for name in ("rows", "contacts", "changed", "vanished")} == {
        "rows": 9, "contacts": 6, "changed": 2, "vanished": 0,
    }  # fmt: skip
    nights.night(again)
    assert nights.pending == []
    several = [key for (key,) in nights.state.db.execute("select key from contact where cells = x'' order by key")]  # fmt: skip
    assert [key for key in several if "@" in key] == ["a@b.org", "b@b.org", "d@b.org"]


# -- who vanished ------------------------------------------------------------------------------------


def test_the_action_of_the_mapping_is_queued_for_who_vanished(both_ways):
    both_ways.told = {"lists": '{"News": "15.2"}'}
    both_ways.night(THIRTY, GONE)
    assert both_ways.night(THIRTY[2:], GONE) == ""
    assert both_ways.queued == [
        {"lead_email": f"{name}@b.org", "remove_from_lists": "15.2,17.1", "add_tags": "gone,x"}
        for name in ("p1", "p2")
    ]
    assert (both_ways.tally.rows_read, both_ways.facts["rows_read"]) == (30, "30")
    assert both_ways.night(THIRTY[2:], GONE) == ""
    assert both_ways.queued == []


@pytest.mark.parametrize("action", ["add_tags", "remove_tags"])
def test_an_action_has_only_what_the_mapping_names(nights, action):
    text = f"{FIELDS}on_missing: {{{action}: [x]}}\n"
    nights.night(THIRTY, text)
    nights.night(THIRTY[1:], text)
    assert nights.queued == [{"lead_email": "p1@b.org", action: "x"}]


def test_nothing_is_queued_without_an_action(nights):
    nights.night(THIRTY)
    nights.night(THIRTY[1:])
    assert (nights.queued, nights.ear.told) == ([], [])
    assert nights.state.db.execute("select key from contact where presence = 0").fetchall() == [("p1@b.org",)]  # fmt: skip


LEFT_ALONE = "{n} of {vanished} vanished contacts are left alone: {why} (--accept treats them as vanished all the same)"


@pytest.mark.parametrize(
    ("rows", "codes", "queued", "why"),
    [
        # A damaged cell that resembles one of them; a refused row that has an address is no doubt.
        ([refused(40, Refusal(Status.INVALID, (EMAIL_BAD,)), email="", contact="")], (), ["ben@b.org"],
         "row 41 'anna.bergb.org' is not understood and may be one of them"),
        ([refused(40, Refusal(Status.INVALID, (EMAIL_BAD,)))], (), ["anna.berg@b.org", "ben@b.org"], ""),
        # Rows without an address are usual: only more than before are a doubt.
        ([refused(40, EMAIL_MISSING, email="", contact="")], (), ["anna.berg@b.org", "ben@b.org"], ""),
        ([], ["EMAIL_MISSING"], [], "rows without an address: 1 more than before"),
    ],
)  # fmt: skip
def test_who_may_be_behind_a_damaged_cell_is_left_alone_and_still_expected(
    both_ways, rows, codes, queued, why
):
    both = [person(31, "anna.berg"), person(32, "ben")]
    both_ways.night([*THIRTY, *both], GONE)
    both_ways.night([*THIRTY, *rows], GONE, codes=codes)
    assert [one["lead_email"] for one in both_ways.queued] == queued
    held = 2 - len(queued)
    assert both_ways.ear.told == ([LEFT_ALONE.format(n=held, vanished=2, why=why)] if held else [])
    assert both_ways.last["blank"] == 0  # or the next night would take it for usual
    expected = both_ways.state.db.execute("select key from contact where presence = 1 and key not like 'p%'").fetchall()  # fmt: skip
    assert sorted(key for (key,) in expected) == sorted(
        {"anna.berg@b.org", "ben@b.org"} - {*queued}
    )


def test_who_may_be_behind_a_damaged_cell_has_vanished_if_that_is_accepted(nights):
    nights.night([*THIRTY, person(31, "anna.berg")], GONE)
    bad = refused(40, Refusal(Status.INVALID, (EMAIL_BAD,)), email="", contact="")
    nights.night([*THIRTY, bad], GONE, accept=True)
    assert ([one["lead_email"] for one in nights.queued], nights.ear.told) == (["anna.berg@b.org"], [])  # fmt: skip


# -- files that are missing --------------------------------------------------------------------------


def test_missing_files_hold_who_vanished_and_are_still_expected(both_ways):
    """The brake would stop the night: it is accepted once."""
    other = both_ways.folder / "b.csv"
    other.write_bytes(b"")
    both = [both_ways.written(), other]
    names = [str(path) for path in both]
    both_ways.night(THIRTY, GONE, paths=both)
    assert "1 files, there were 2; missing: " in both_ways.night(THIRTY[3:], GONE)
    assert (both_ways.queued, both_ways.last["files"]) == ([], names)
    assert both_ways.night(THIRTY[3:], GONE, accept=True) == ""
    assert both_ways.queued == []
    assert both_ways.ear.told == [
        "3 missing contacts are left alone: files are missing that may hold them (--fewer-files if these files "
        "are gone for good)"
    ]
    assert (both_ways.last["rows"], both_ways.last["files"]) == (27, names)
    assert both_ways.night(THIRTY[3:], GONE, fewer_files=True) == ""
    assert [one["lead_email"] for one in both_ways.queued] == ["p1@b.org", "p2@b.org", "p3@b.org"]
    assert both_ways.last["files"] == names[:1]


@pytest.mark.parametrize(("text", "rows"), [(FIELDS, THIRTY[1:]), (GONE, THIRTY)])
def test_nothing_is_said_of_missing_files_where_nobody_would_be_acted_on(nights, text, rows):
    other = nights.folder / "b.csv"
    other.write_bytes(b"")
    nights.night(THIRTY, text, paths=[nights.written(), other])
    assert nights.night(rows, text, accept=True) == ""
    assert nights.ear.told == []


def test_a_first_night_lacks_no_file(nights):
    assert nights.night(THIRTY, fewer_files=True) == ""


# -- the brake ---------------------------------------------------------------------------------------


def test_the_brake_stops_a_night_before_anything_is_queued_or_noted(both_ways):
    both_ways.night(THIRTY, GONE)
    assert both_ways.night(THIRTY[10:], GONE) == (
        "the brake: 20 rows, there were 30; 10 of 30 contacts have vanished (--accept sends it this once if it is meant)"
    )  # fmt: skip
    assert (both_ways.queued, both_ways.state.get("night")) == ([], "1")
    assert both_ways.night(THIRTY[10:], GONE, brake=Brake(rows_fewer=0.5, vanished=0.5)) == ""
    assert (
        both_ways.night([], GONE) == "the brake: the source has no rows (--accept if that is meant)"
    )
    assert both_ways.night(THIRTY[:10], GONE, accept=True) == ""


def test_a_source_that_changed_while_it_was_read_stops_the_night(nights):
    nights.number = 1
    job = nights.job()
    with nights.begun(job, THIRTY) as journal:
        nights.written(2000)
        assert job.adjust(journal, Tally()) == (
            "the brake: the source changed while it was read; is it still being written?"
        )
        assert nights.state.get("left_run") == ""


def test_a_source_that_was_read_before_may_have_changed_or_be_gone(nights):
    nights.number = 1
    job = nights.job()
    with nights.begun(job, THIRTY) as journal:
        assert job.adjust(journal, Tally()) == ""
        facts = journal.facts()
        nights.source.unlink()
        again = nights.job(paths=[nights.source], facts=facts)
        assert again.adjust(journal, Tally()) == ""
        assert len([*journal.pending()]) == 30


# -- a correction beside a row that was let go -------------------------------------------------------


def test_a_row_corrected_into_a_contact_that_was_let_go_waits_for_the_next_night(nights):
    nights.night([person(1, "a"), person(2, "b")])
    nights.number += 1
    job = nights.job()
    with nights.begun(job, [person(1, "c")]) as journal:
        nights.state.db.execute("insert into temp.seen (id, shape) select id, shape from contact where key = 'a@b.org'")  # fmt: skip
        job.adjust(journal, Tally())
        journal.replace_judgement(1, person(1, "a", "Eve"))
        nights.job(paths=[nights.source], facts=journal.facts()).adjust(journal, Tally())
        (found,) = journal.outcomes()
    assert (found.status, found.error_code) == (Status.INVALID, "CONTACT_NOT_COMPARED")


# -- rows that are let go ----------------------------------------------------------------------------


@lru_cache(maxsize=16)
def parsed(text: str) -> ColumnMapping:
    return parse_mapping(text, "m.yml")


@lru_cache(maxsize=16)
def bound(text: str) -> Binding:
    return bind(parsed(text), ("A", "B"))


@lru_cache(maxsize=16)
def digester_of(text: str) -> Digester:
    found = digester(RowMapper(bound(text)))
    assert found is not None
    return found


def line(number: int, email: str, name: str = "Ann") -> Row:
    return Row("c.csv", "", number, {"A": email, "B": name})


def cells(row: Row, text: str = FIELDS) -> bytes:
    digest = digester_of(text)
    return digest.digests([row], cells_of([row], digest.columns))[0]


def kept_notes(state: State) -> list[tuple[Any, ...]]:
    return state.db.execute("select seq, key, sha is null, cells from temp.kept order by seq").fetchall()  # fmt: skip


def left_by(sieve: Sieve, rows: Sequence[Row], text: str = FIELDS) -> list[Row]:
    mapped = RowMapper(bound(text))
    return sieve.unknown(1, mapped, DamageDetector(mapped.roles), rows, SuppressionList())


@pytest.mark.parametrize("options", [{"full": True}, {"lists_all": True}, {}])
def test_the_cells_of_judged_rows_are_noted_to_recognize_them_by(nights, options):
    rows = [line(2, "a@b.org"), line(3, "b@b.org"), line(4, "no"), line(5, "a@b.org", "Eve")]
    sieve = Sieve(nights.state, **options)
    assert left_by(sieve, rows) == rows
    judgements = [person(1, "a"), person(2, "b"), refused(3, email=""), person(4, "a", "Eve")]
    assert sieve.kept(judgements[:1]) == judgements[:1]
    assert sieve.kept(judgements[1:]) == judgements[1:]
    assert kept_notes(nights.state) == [
        (1, "a@b.org", 0, cells(rows[0])), (2, "b@b.org", 0, cells(rows[1])), (3, "", 1, cells(rows[2])),
        (4, "a@b.org", 0, cells(rows[3])),
    ]  # fmt: skip


def test_a_row_that_is_known_by_its_cells_is_let_go_and_one_with_its_payload_too(nights):
    nights.night([person(1, "a"), person(2, "b"), person(3, "c")])
    nights.state.db.execute("update contact set cells = ? where key = 'a@b.org'", (cells(line(2, "a@b.org")),))  # fmt: skip
    sieve = Sieve(nights.state)
    assert sieve.expects_known
    rows = [line(2, "a@b.org"), line(3, "b@b.org"), line(4, "c@b.org", "Eve")]
    assert left_by(sieve, rows) == rows[1:]
    assert sieve.kept([person(2, "b"), person(3, "c", "Eve")]) == [person(3, "c", "Eve")]
    seen = nights.state.db.execute("select key, temp.seen.cells, twice from temp.seen join contact using (id) order by key").fetchall()  # fmt: skip
    assert seen == [("a@b.org", None, 0), ("b@b.org", cells(rows[1]), 0)]
    assert [note[:2] for note in kept_notes(nights.state)] == [(1, "c@b.org")]
    with Journal.scratch(nights.folder / "scratch.sqlite3") as journal:
        journal.add_source(1, info())
        assert not sieve.needs_another_reading(journal)
        # The contact has another row further below, which is judged otherwise.
        assert left_by(sieve, [line(5, "b@b.org", "Bob")]) == [line(5, "b@b.org", "Bob")]
        sieve.kept([person(4, "b", "Bob")])
        assert sieve.needs_another_reading(journal)
        sieve.restart()
        assert left_by(sieve, rows) == rows[1:]
        assert sieve.kept([person(2, "b"), person(3, "c", "Eve")]) == [person(2, "b"), person(3, "c", "Eve")]  # fmt: skip
        assert not sieve.needs_another_reading(journal)


def test_a_report_of_all_rows_lists_those_that_are_let_go_without_cells_and_form(nights):
    nights.night([person(1, "a")])
    sieve = Sieve(nights.state, lists_all=True)
    assert left_by(sieve, [line(2, "a@b.org")]) == [line(2, "a@b.org")]
    (listed,) = sieve.kept([person(1, "a")])
    assert (listed.row, listed.body, listed.refusal) == (
        Row("c.csv", "", 2, {}), None, Refusal.because(Status.UNCHANGED, "UNCHANGED", "same as last confirmed"),
    )  # fmt: skip
    assert kept_notes(nights.state) == [(1, "", 1, None)]


def test_where_nothing_was_let_go_nothing_is_read_again(nights):
    with nights.begun(nights.job(), [person(1, "a"), refused(2)]) as journal:
        assert not Sieve(nights.state).needs_another_reading(journal)


def test_a_full_night_knows_nobody(nights):
    nights.night([person(1, "a")])
    sieve = Sieve(nights.state, full=True)
    assert not sieve.expects_known
    left_by(sieve, [line(2, "a@b.org")])
    assert sieve.kept([person(1, "a")]) == [person(1, "a")]
    assert nights.state.db.execute("select count(*) from temp.seen").fetchone() == (0,)


def test_more_contacts_than_are_looked_up_together_are_all_found(nights):
    many = [person(seq, f"p{seq}") for seq in range(1, 1002)]
    nights.night(many)
    sieve = Sieve(nights.state)
    left_by(sieve, [one.row for one in many])
    assert sieve.kept(many) == []


def test_a_contact_whose_payload_is_to_be_sent_again_is_not_let_go(nights):
    nights.night([person(1, "a")])
    (known,) = nights.state.contacts()
    nights.state.confirm([Known("a@b.org", "", 1, "", Presence.HERE, cells(line(2, "a@b.org")))])
    sieve = Sieve(nights.state)
    assert left_by(sieve, [line(2, "a@b.org")]) == [line(2, "a@b.org")]
    assert sieve.kept([person(1, "a")]) == [person(1, "a")]
    assert known.digest


@pytest.mark.parametrize(
    ("rest", "mirrored", "is_let_go"),
    [(True, True, True), (False, True, False), (True, False, False)],
)
def test_a_row_of_which_something_new_is_to_be_remembered_is_kept(
    nights, rest, mirrored, is_let_go
):
    """Time zones or a mirror were added to the mapping: the payload is the same."""
    text = "version: 1\nfields:\n  lead_email: A\n  lead_first_name: B\n  lead_utc: B\n  add_tags: {column: B, mirror: true}\n"  # fmt: skip
    nights.night([person(1, "a")], text)
    nights.state.db.execute("update contact set cells = x'00'")
    if not rest:
        nights.state.db.execute("update contact set rest = null")
    if not mirrored:
        nights.state.db.execute("update contact set mirrored = null")
    sieve = Sieve(nights.state)
    assert left_by(sieve, [line(2, "a@b.org")], text) == [line(2, "a@b.org")]
    assert sieve.kept([person(1, "a")]) == ([] if is_let_go else [person(1, "a")])


@pytest.mark.parametrize("judge_all", [False, True])
def test_a_row_with_the_same_payload_is_recognized_by_its_new_cells_from_then_on(nights, judge_all):
    """After an update of the program, say, or of the mapping: the digests of all cells are others."""
    nights.is_sieved = True
    nights.night([person(1, "a")])
    before = nights.state.db.execute("select cells, shape from contact").fetchall()
    nights.state.db.execute("update contact set cells = x'00', shape = 99")
    nights.night([person(1, "a")], judge_all=judge_all)
    assert nights.pending == []
    assert nights.state.db.execute("select cells, shape from contact").fetchall() == before


# -- a night that is resumed -------------------------------------------------------------------------


@pytest.mark.parametrize(("mine", "latest"), [("5:a", "5:b"), ("4:b", "5:b"), ("5:b", "15:b")])
async def test_a_night_is_not_resumed_once_a_later_one_has_begun(nights, mine, latest):
    nights.state.put(latest=latest)
    facts = nights.job().facts() | {"night": mine}
    with pytest.raises(SetupError) as raised:
        await resume_night(nights.folder, facts, parsed(FIELDS), Settings())
    assert str(raised.value) == (
        f"{nights.folder}: a later night of the job {nights.folder / 'job.state'} has begun; nothing was sent. "
        "Run `bulk-import sync` again: it sends what is left"
    )


async def test_a_night_whose_state_is_gone_is_not_resumed_and_makes_no_new_one(nights):
    facts = nights.job().facts() | {"state": str(nights.folder / "gone.state")}
    with pytest.raises(SetupError) as raised:
        await resume_night(nights.folder, facts, parsed(FIELDS), Settings())
    assert str(raised.value) == (
        f"{nights.folder}: a night of the job {nights.folder / 'gone.state'}, and that file is gone; nothing was "
        "sent. Restore it, or run `bulk-import sync` with the same --state to start again"
    )
    assert not (nights.folder / "gone.state").exists()


# -- rows in the order of the state ------------------------------------------------------------------

KNOWN = range(1, 41)


def statements(nights: Nights, sieve: Sieve, numbers: Sequence[int]) -> tuple[list[str], list[int]]:
    """Let a chunk of rows pass; by what kinds of statements, and which rows are left."""
    said: list[str] = []
    nights.state.db.set_trace_callback(said.append)
    left = left_by(sieve, [line(number, f"p{number}@b.org") for number in numbers])
    nights.state.db.set_trace_callback(None)
    kinds = {"order by id limit": "next", "where cells in": "each", "select id, shape from contact": "together"}  # fmt: skip
    found = [kind for one in said for text, kind in kinds.items() if text in one]
    return found, [row.number for row in left]


@pytest.fixture
def forty(nights) -> Nights:
    nights.state.confirm(
        Known(f"p{n}@b.org", "d", 1, "", Presence.HERE, cells(line(2, f"p{n}@b.org")))
        for n in KNOWN
    )
    return nights


@pytest.mark.parametrize(
    ("chunks", "kinds", "left"),
    [
        # The first chunk is looked up; what follows it in the state is let go together.
        ([[*range(1, 11)], [*range(11, 21)], [*range(21, 31)]], ["each", "next", "together", "next", "together"], []),
        # One is missing, one is new: what is not expected is looked up.
        ([[*range(1, 11)], [*range(11, 15), *range(16, 21), 99]], ["each", "next", "together", "each"], [99]),
        ([[*range(1, 11)], [*range(11, 20), 25], [*range(20, 30)]], ["each", "next", "together", "each", "next", "together"], []),
        # Half of those that were expected are missing, and more than half.
        ([[*range(1, 11)], [*range(11, 16), *range(31, 36)]], ["each", "next", "together", "each"], []),
        ([[*range(1, 11)], [*range(11, 15), *range(31, 37)]], ["each", "next", "each"], []),
        # A row that comes twice must be noted.
        ([[*range(1, 11)], [*range(11, 20), 11]], ["each", "next"], []),
        # Rows that are far apart are in no order that is known.
        ([[1, 2, 3, 9], [10, 11]], ["each", "each"], []),
        ([[1, 2, 3, 8], [9, 10]], ["each", "next", "together"], []),
        ([[99], [1, 2]], ["each", "each"], [99]),
        ([[38, 39, 40], [99]], ["each", "next", "each"], [99]),
    ],
)  # fmt: skip
def test_contacts_that_come_in_the_order_of_the_state_are_not_looked_up_one_by_one(
    forty, chunks, kinds, left
):
    sieve = Sieve(forty.state)
    found: list[str] = []
    left_over: list[int] = []
    for numbers in chunks:
        more, others = statements(forty, sieve, numbers)
        found += more
        left_over += others
    assert (found, left_over) == (kinds, left)
    seen = forty.state.db.execute("select key, twice from temp.seen join contact using (id) order by id").fetchall()  # fmt: skip
    times = [number for numbers in chunks for number in numbers if number in KNOWN]
    assert seen == [(f"p{n}@b.org", int(times.count(n) > 1)) for n in KNOWN if n in times]


def test_after_a_restart_no_order_is_known(forty):
    sieve = Sieve(forty.state)
    statements(forty, sieve, range(1, 11))
    sieve.restart()
    assert statements(forty, sieve, range(11, 21)) == (["each"], [])

"""A night's journal beside the state: what is sent, what has changed or vanished, and what the state learns of it.

Without sources and without an account: rows are written into a journal, and their answers too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bulk_import.api.form import decode, encode
from bulk_import.errors import SetupError
from bulk_import.jobs.comparison import Comparison, Found, attached
from bulk_import.jobs.payloads import digest_alone, digest_of, sha
from bulk_import.jobs.sieve import Sieve
from bulk_import.jobs.state import Known, Presence, State
from bulk_import.jobs.takeover import Verdict, learn, seed, take_over_left_run
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.journal.mark import Mark, Written
from bulk_import.models import VANISHED, Problem, SourceInfo, Status
from bulk_import.settings import Settings
from tests.conftest import Ear
from tests.journals import accepted, failed, info, intent, judged, refused

HTTP = "https://shop.example.com"
SKIPPED = Refusal(Status.SKIPPED, (Problem("SKIPPED", "'yes' (skip)", "B"),))


def form(email: str, name: str = "Ann", **others: str) -> bytes:
    return encode([("lead_email", email), ("lead_first_name", name), *others.items()])


def row(seq: int, email: str, name: str = "Ann", **others: Any) -> JudgedRow:
    """A row whose form has an e-mail and a name; with keyword arguments, further parameters of it."""
    judged_as = {key: others.pop(key) for key in ("refusal", "source") if key in others}
    return judged(seq, email, body=form(email, name, **others), **judged_as)


def a(seq: int, name: str = "Ann", **others: Any) -> JudgedRow:
    return row(seq, "a@x.org", name, **others)


def b(seq: int, name: str = "Ann", **others: Any) -> JudgedRow:
    return row(seq, "b@x.org", name, **others)


def bare(seq: int, phone: str = "1") -> JudgedRow:
    return judged(seq, "", body=b"lead_phone=%2B" + phone.encode())


@dataclass
class Compared:
    """What a comparison came to."""

    folder: Path
    found: Found
    pending: list[int]
    vanished: list[str]
    spared: list[str]
    returned: list[int]
    beside: list[int]
    bodies: dict[int, bytes]


@dataclass
class Job:
    """Nights of one job."""

    path: Path
    nights: int = 0
    mirrors: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return State.open(self.path / "job.state")

    def night(
        self, rows: Sequence[JudgedRow], *, queued: Sequence[JudgedRow] = (), doubtful: Mapping[str, str] | None = None,
        again: Path | None = None, is_first: bool | None = None, let_go: Sequence[str] = (), sends: bool = False,
        **options: Any,
    ) -> Compared:  # fmt: skip
        """Compare the rows of a night with the state.

        Args:
            queued: Rows of contacts that are missing, of another source.
            again: The folder of a night that is compared again.
            is_first: Whether its sources were read just now; without, unless it is compared again.
            let_go: Contacts whose rows the journal does not have.
            sends: Note in the state what is about to be sent.
        """
        self.nights += again is None
        folder = again or self.path / f"run{self.nights}"
        folder.mkdir(exist_ok=True)
        path = folder / "journal.sqlite3"
        with (
            self.state as state,
            Journal.open(path) if again else Journal.create(path, {"endpoint": HTTP}) as journal,
        ):
            if not again:
                journal.add_source(1, info())
                journal.add(1, rows)
            if queued:
                journal.add_source(2, SourceInfo("(gone)", VANISHED, header=("A", "B"), labels=("A", "B")))  # fmt: skip
                journal.add(journal.count_records() + 1, [one._replace(source=2) for one in queued])
            Sieve(state)  # makes its tables
            state.db.executemany(
                "insert into temp.seen (id, shape) select id, shape from contact where key = ?",
                [(key,) for key in let_go],
            )
            missing = [n for n, source in journal.sources().items() if source.kind == VANISHED]
            with attached(state, journal):
                comparison = Comparison(
                    state, journal, missing,
                    **{"full": False, "mirrors": self.mirrors, "has_offset": False} | options,
                )  # fmt: skip
                found = comparison.settle(
                    doubtful or {}, is_first=again is None if is_first is None else is_first
                )
                if sends:
                    with state.transaction():
                        comparison.note_sending(missing)
                pending = [*journal.pending()]
                return Compared(
                    folder, found, [one.seq for one in pending], comparison.vanished(),
                    comparison.spared, comparison.returned(), comparison.beside_let_go(),
                    {one.seq: one.body for one in pending},
                )  # fmt: skip

    def ends(self, night: Compared, *entries: Any, verdict: Verdict | None = None) -> None:
        """Let the rows of a night end, and let the state learn it."""
        with Journal.open(night.folder / "journal.sqlite3") as journal:
            journal.commit(entries)
        with self.state as state:
            learn(state, night.folder, verdict or Verdict(night=self.nights, facts={"night": f"{self.nights}"}))  # fmt: skip

    def known(self) -> dict[str, tuple[str, str]]:
        """Key -> (digest, presence) of every contact."""
        with self.state as state:
            lines = state.db.execute("select key, digest, presence from contact order by key")
            return {key: (digest, Presence(here).name) for key, digest, here in lines}


@pytest.fixture
def job(tmp_path) -> Job:
    return Job(tmp_path)


def sent(*seqs: int) -> list[Any]:
    return [entry for seq in seqs for entry in (intent(seq), accepted(seq))]


def alone(one: JudgedRow) -> str:
    assert one.body is not None
    return digest_alone(sha(one.body))


def together(*rows: JudgedRow) -> str:
    return digest_of(sha(one.body or b"") for one in rows)


# -- what is sent ------------------------------------------------------------------------------------


def test_everything_is_new_in_the_first_night(job):
    rows = [a(1), b(2, lead_phone="+1"), bare(3), bare(4), refused(5), a(6, refusal=SKIPPED)]
    night = job.night(rows)
    key = f"bare:{sha(bare(3).body or b'').hex()}"
    assert night.found == Found(
        rows=6, contacts=4, filled={"lead_email": 3, "lead_first_name": 3, "lead_phone": 3},
        bare=[f"{key}:1", f"{key}:2"],
    )  # fmt: skip
    assert (night.pending, night.vanished) == ([1, 2, 3, 4], [])


def test_what_was_confirmed_is_not_sent_again_unless_it_has_changed(job):
    rows = [a(1), b(2), bare(3), b(4, "Bob"), row(5, "c@x.org")]
    job.ends(job.night(rows), *sent(1, 2, 3, 4), intent(5), failed(5))
    assert job.known() == {
        "a@x.org": (alone(a(1)), "HERE"),
        "b@x.org": (together(b(2), b(4, "Bob")), "HERE"),
        f"bare:{sha(bare(3).body or b'').hex()}:1": (alone(bare(3)), "GONE"),
    }
    night = job.night(rows)
    assert (night.pending, night.found.changed) == ([5], 0)
    night = job.night([a(1, "Eve"), b(2), b(3, "Bob"), bare(4), bare(5, "2"), row(6, "c@x.org")])
    assert (night.pending, night.found.changed) == ([1, 5, 6], 1)
    night = job.night([b(1, "Bob"), b(2), a(3)])  # the order of its rows is part of a payload
    assert (night.pending, night.found.changed) == ([1, 2], 1)


def test_a_full_night_sends_all_contacts_and_counts_none_as_changed(job):
    rows = [a(1), bare(2)]
    job.ends(job.night(rows), *sent(1, 2))
    night = job.night(rows, full=True)
    assert (night.pending, night.found.changed) == ([1], 0)


def test_a_row_without_email_in_doubt_is_unknown_and_names_the_night(job):
    key = f"bare:{sha(bare(1).body or b'').hex()}:1"
    with job.state as state:
        state.confirm([Known(key, alone(bare(1)), 1, "")])
    night = job.night([bare(1), bare(2)], doubtful={key: "runs/1"})
    assert (night.pending, night.found.bare) == ([2], [f"{key[:-1]}2"])
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        first = next(journal.outcomes())
    assert (first.status, first.error_code, first.message) == (
        Status.UNKNOWN, "INTERRUPTED", "sent by the night in runs/1, which was cut off before the answer "
        "came; not sent again, that would make a second contact",
    )  # fmt: skip


def test_a_night_that_is_compared_again_sends_what_the_comparison_lets_it(job):
    rows = [a(1), b(2)]
    job.ends(job.night(rows), *sent(1, 2))
    night = job.night(rows)
    assert night.pending == []
    with job.state as state:
        assert state.forget(["a@x.org"]) == 1
    again = job.night(rows, again=night.folder)
    assert (again.pending, again.found.rows, again.found.contacts) == ([1], 2, 2)


def test_what_is_settled_and_what_is_reopened_is_written_together(job):
    rows = [a(1), b(2)]
    job.ends(job.night(rows), *sent(1, 2))
    night = job.night([a(1), b(2, "Bob")])
    assert night.pending == [2]
    with job.state as state:
        state.forget(["a@x.org"])
        state.confirm([Known("b@x.org", alone(b(2, "Bob")), 1, "", Presence.HERE)])
    assert job.night([], again=night.folder).pending == [1]


def test_a_night_whose_sources_are_read_again_is_compared_from_the_beginning(job):
    job.ends(job.night([a(1), b(2)]), *sent(1, 2))
    night = job.night([row(1, "c@x.org")], let_go=["a@x.org"])
    assert night.vanished == ["b@x.org"]
    again = job.night([], again=night.folder, is_first=True, let_go=["b@x.org"])
    assert (again.vanished, again.found.let_go, again.pending) == (["a@x.org"], 1, [1])


@pytest.mark.parametrize(
    ("now", "moved", "changed"), [("+03", 0, 0), ("+04", 1, 1), ("+03 Bob", 0, 1), ("+04 Bob", 0, 1)]
)  # fmt: skip
def test_contacts_that_differ_by_their_time_offset_alone_are_counted(job, now, moved, changed):
    offset, _, name = now.partition(" ")
    rows = [a(1, "Ann", lead_utc="+03"), b(2, "Ann", lead_utc="+03"), b(3, "Bob", lead_utc="+03")]
    job.ends(job.night(rows, has_offset=True), *sent(1, 2, 3))
    night = job.night([a(1, name or "Ann", lead_utc=offset), *rows[1:]], has_offset=True)
    assert (night.found.moved, night.found.changed) == (moved, changed)
    with_another_row = [rows[0], b(2, "Ann", lead_utc=offset), rows[2]]
    night = job.night(with_another_row, has_offset=True)
    assert night.found.moved == night.found.changed == int(offset == "+04")


def test_rows_that_were_let_go_count_as_contacts_that_are_here(job):
    job.ends(job.night([a(1), b(2)]), *sent(1, 2))
    night = job.night([row(1, "c@x.org")], let_go=["a@x.org"])
    assert (night.found.rows, night.found.contacts, night.found.let_go) == (2, 2, 1)
    assert night.found.filled == {"lead_email": 2, "lead_first_name": 2}
    assert night.vanished == ["b@x.org"]
    listed = job.night([row(1, "c@x.org")], let_go=["a@x.org"], lists_all=True)
    assert (listed.found.rows, listed.found.contacts, listed.found.let_go) == (1, 2, 0)


def test_a_row_whose_contact_has_another_one_that_was_let_go_is_found(job):
    job.ends(job.night([a(1), b(2)]), *sent(1, 2))
    night = job.night([a(1, "Eve"), b(2, "Eve")], let_go=["a@x.org"])
    assert night.beside == [1]


# -- what left mirrored columns ----------------------------------------------------------------------


def test_a_tag_that_left_the_cell_is_removed_by_the_last_row_of_the_contact(job):
    job.mirrors = {"add_tags": frozenset({"always"})}
    rows = [a(1, add_tags="vip,always,new"), b(2, add_tags="vip"), b(3, add_tags="old")]
    job.ends(job.night(rows), *sent(1, 2, 3))
    assert job.night(rows).pending == []
    night = job.night([a(1, add_tags="new"), b(2, "Bob", add_tags="old"), b(3, "Bob")])
    assert {seq: dict(decode(body)) for seq, body in night.bodies.items()} == {
        1: {
            "lead_email": "a@x.org",
            "lead_first_name": "Ann",
            "add_tags": "new",
            "remove_tags": "vip",
        },
        2: {"lead_email": "b@x.org", "lead_first_name": "Bob", "add_tags": "old"},
        3: {"lead_email": "b@x.org", "lead_first_name": "Bob", "remove_tags": "vip"},
    }
    # The state remembers the payload without what it removes: the next night sends nothing.
    job.ends(night, *sent(1, 2, 3))
    assert job.night([a(1, add_tags="new"), b(2, "Bob", add_tags="old"), b(3, "Bob")]).pending == []


@pytest.mark.parametrize(
    ("known", "tags", "held"),
    [
        (None, "x", '{"add_tags": ["x"]}'),
        ('{"add_tags": ["y"]}', "x", '{"add_tags": ["y", "x"]}'),
        ('{"add_tags": ["y"]}', "", '{"add_tags": ["y"]}'),
    ],
)
def test_what_may_have_arrived_is_remembered_beside_what_was_there(job, known, tags, held):
    with job.state as state:
        state.confirm([Known("a@x.org", "d", 0, "", Presence.HERE, mirrored=known)])
    job.mirrors = {"add_tags": ()}
    job.ends(job.night([a(1, add_tags=tags)]), intent(1))
    with job.state as state:
        assert state.db.execute("select digest, mirrored from contact").fetchall() == [("", held)]


def test_without_mirrored_columns_nothing_of_them_is_remembered(job):
    placed(job, a=Presence.HERE)
    job.ends(job.night([a(1)]), intent(1))
    with job.state as state:
        assert state.db.execute("select digest, mirrored from contact").fetchall() == [("", None)]


def test_a_row_that_was_sent_keeps_what_it_removed_when_the_night_is_compared_again(job):
    job.mirrors = {"add_tags": ()}
    job.ends(job.night([a(1, add_tags="x"), b(2)]), *sent(1, 2))
    rows = [a(1, add_tags="y"), b(2, "Bob")]
    night = job.night(rows)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit(sent(1))
        removing = journal.form(1)
    assert job.night([], again=night.folder).pending == [2]
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        assert journal.form(1) == removing
    assert dict(decode(removing))["remove_tags"] == "x"
    job.ends(night, *sent(2))
    assert job.night(rows).pending == []


# -- who vanished ------------------------------------------------------------------------------------


def placed(job: Job, **presence: Presence) -> None:
    with job.state as state:
        state.confirm(Known(f"{name}@x.org", "d", 0, "", here) for name, here in presence.items())


def test_contacts_of_the_last_night_that_are_missing_have_vanished(job):
    placed(job, a=Presence.HERE, b=Presence.HERE, c=Presence.GONE, d=Presence.OWED, e=Presence.SAID_NO)  # fmt: skip
    night = job.night([b(1)])
    assert (night.found.before, night.found.vanished, night.vanished) == (2, 1, ["a@x.org", "d@x.org"])  # fmt: skip


def test_a_contact_in_another_spelling_or_in_a_refused_row_has_not_vanished(job):
    with job.state as state:
        state.confirm(Known(key, "d", 1, "", Presence.HERE) for key in ("a@bücher.example", "b@x.org", "c@x.org"))  # fmt: skip
    night = job.night([row(1, "a@xn--bcher-kva.example"), refused(2, email="b@x.org")])
    assert night.vanished == ["c@x.org"]


def test_who_says_no_has_not_vanished_and_is_spared(job):
    placed(job, a=Presence.HERE, b=Presence.HERE)
    night = job.night([row(1, "c@x.org")], said_no=iter(["a@x.org", "q@x.org"]))
    assert (night.vanished, night.spared, night.found.vanished) == (["b@x.org"], ["a@x.org"], 1)


def test_who_is_queued_is_not_queued_again_and_goes_back_when_it_is_in_the_source_after_all(job):
    placed(job, a=Presence.HERE, b=Presence.HERE, d=Presence.HERE)
    first = job.night([row(1, "c@x.org")])
    assert first.vanished == ["a@x.org", "b@x.org", "d@x.org"]
    queued = job.night([], again=first.folder, queued=[a(2), b(3)])
    assert (queued.vanished, queued.returned, queued.found.rows) == (["d@x.org"], [], 1)
    spared = job.night([], again=first.folder, said_no=["b@x.org"])
    assert (spared.returned, spared.spared) == ([3], ["b@x.org"])
    with Journal.open(first.folder / "journal.sqlite3") as journal:
        journal.replace_judgement(1, a(1))
    assert job.night([], again=first.folder).returned == [2]


@pytest.mark.parametrize(
    ("status", "presence", "is_known"),
    [
        (Status.SUCCESS, "GONE", False),
        (Status.UNKNOWN, "OWED", False),
        (Status.FAILED, "OWED", True),
        (Status.SUPPRESSED, "OWED", True),
        (Status.SKIPPED, "GONE", True),
    ],
)
def test_an_action_on_a_vanished_contact_is_owed_until_it_is_confirmed(
    job, status, presence, is_known
):
    placed(job, a=Presence.HERE, b=Presence.HERE)
    night = job.night([b(1)], queued=[a(2)])
    job.ends(night, *sent(1), intent(2), failed(2, status=status))
    digest, where = job.known()["a@x.org"]
    assert (where, digest) == (presence, "d" if is_known else "")
    assert job.known()["b@x.org"] == (alone(b(1)), "HERE")


def test_a_contact_that_vanished_without_an_action_is_gone(job):
    placed(job, a=Presence.HERE, b=Presence.HERE, c=Presence.OWED)
    job.ends(job.night([b(1)]), *sent(1))
    assert {key: where for key, (_, where) in job.known().items()} == {
        "a@x.org": "GONE", "b@x.org": "HERE", "c@x.org": "GONE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "where"),
    [
        (Verdict(night=2), "GONE"),
        (Verdict(night=2, lacks_files=True), "HERE"),
        (Verdict(night=2, spared=["a@x.org"]), "HERE"),
        (Verdict(night=2, spared=["b@x.org"]), "GONE"),
        (Verdict(), "HERE"),  # it was no good night
    ],
)
def test_who_is_missing_is_gone_if_the_night_knows_it(job, verdict, where):
    placed(job, a=Presence.HERE)
    job.ends(job.night([b(1)]), *sent(1), verdict=verdict)
    assert job.known()["a@x.org"] == ("d", where)
    assert job.known()["b@x.org"] == (alone(b(1)), "HERE")


def test_who_is_back_is_here_again(job):
    placed(job, a=Presence.GONE, b=Presence.OWED)
    job.ends(job.night([a(1), b(2)]), intent(1), failed(1))
    assert {key: where for key, (_, where) in job.known().items()} == {"a@x.org": "HERE", "b@x.org": "HERE"}  # fmt: skip


# -- what the state learns ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "digest"),
    [
        (sent(1, 2), "both"),
        ([*sent(1), intent(2)], ""),  # one of them is in doubt
        ([*sent(1), intent(2), failed(2)], ""),
        ([intent(1), failed(1), intent(2), failed(2)], "before"),
        ([intent(1), intent(2)], ""),
        ([], "before"),
    ],
)
def test_a_payload_is_remembered_when_all_rows_of_the_contact_are_confirmed(job, entries, digest):
    with job.state as state:
        state.confirm([Known("a@x.org", "before", 1, "", Presence.HERE, b"c")])
    job.ends(job.night([a(1), a(2, "Eve")]), *entries)
    expected = together(a(1), a(2, "Eve")) if digest == "both" else digest
    assert job.known() == {"a@x.org": (expected, "HERE")}


def test_what_a_night_that_is_not_good_confirmed_is_remembered_of_the_night_before(job):
    with job.state as state:
        state.put(night="7")
    job.ends(job.night([a(1)]), *sent(1), verdict=Verdict(facts={"left_run": ""}))
    with job.state as state:
        known = state.contact("a@x.org")
        assert known is not None
        assert (known.night, state.get("night"), state.get("endpoint")) == (7, "7", HTTP)


@pytest.mark.parametrize(
    ("endpoint", "entries", "expected"),
    [
        ("", sent(1), HTTP),
        ("https://first.example.com", sent(1), "https://first.example.com"),
        ("", [intent(1), failed(1)], ""),
    ],
)
def test_a_state_belongs_to_the_account_of_its_first_contact(job, endpoint, entries, expected):
    with job.state as state:
        state.put(endpoint=endpoint)
    job.ends(job.night([a(1)]), *entries)
    with job.state as state:
        assert state.get("endpoint") == expected


def test_rows_without_email_in_doubt_are_remembered_as_sent_and_told_by_the_night_after_a_cut(job):
    night = job.night([bare(1), bare(2, "2")])
    key = f"bare:{sha(bare(1).body or b'').hex()}:1"
    job.ends(night, intent(1), verdict=Verdict(is_cut_off=True))
    assert job.known() == {key: (alone(bare(1)), "GONE")}
    with job.state as state:
        assert state.get_json("doubtful") == {key: str(night.folder)}


def test_who_said_no_is_noted_and_does_not_vanish_later(job):
    placed(job, b=Presence.HERE)
    job.ends(job.night([a(1, refusal=SKIPPED), b(2)]), *sent(2))
    assert job.known()["b@x.org"][1] == "HERE"
    job.ends(job.night([a(1), b(2, refusal=SKIPPED)]), *sent(1))
    assert {key: where for key, (_, where) in job.known().items()} == {"a@x.org": "HERE", "b@x.org": "SAID_NO"}  # fmt: skip
    assert job.night([a(1)]).vanished == []


# -- a night that was cut off ------------------------------------------------------------------------


def sending(job: Job) -> list[tuple[str, str | None]]:
    with job.state as state:
        return state.db.execute("select key, mirrored from sending order by key").fetchall()


def test_what_is_about_to_be_sent_is_noted_with_what_the_account_may_have_then(job):
    placed(job, a=Presence.HERE, c=Presence.HERE)
    job.night([a(1), b(2), bare(3)], queued=[row(4, "c@x.org")], sends=True)
    assert sending(job) == [("a@x.org", None), ("c@x.org", None)]
    job.mirrors = {"add_tags": ()}
    job.night([a(1, add_tags="x"), b(2), bare(3)], sends=True)
    assert sending(job) == [("a@x.org", '{"add_tags": ["x"]}'), ("b@x.org", '{"add_tags": []}')]


def left(job: Job, folder: Path, *keys: str) -> None:
    with job.state as state:
        state.put(left_run=str(folder), left_bare=json.dumps(keys), night="1")


def test_a_night_that_was_cut_off_is_taken_over_with_its_reports(job):
    night = job.night([a(1), bare(2), bare(3, "3")], sends=True)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit([*sent(1), intent(2)])
        journal.remember(mapping_text="", started_at="2026-03-10T11:00:00.000Z")
    left(job, night.folder)
    ear = Ear()
    with job.state as state:
        take_over_left_run(state, ear)
        assert (state.get("left_run"), state.get("left_bare"), state.get("night")) == ("", "", "1")
        assert state.db.execute("select count(*) from sending").fetchone() == (0,)
        take_over_left_run(state, ear)
    assert ear.told == [f"the last run was cut off; what it confirmed is taken over from {night.folder}"]  # fmt: skip
    assert job.known()["a@x.org"] == (alone(a(1)), "HERE")
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        facts = journal.facts()
        assert (facts["taken_over"], facts["stopped"]) == ("1", "cut off; the next night took over")
        assert [*journal.outcomes()][1].error_code == "INTERRUPTED"
    assert (night.folder / "report.csv").exists()


@pytest.mark.parametrize("has_bare", [True, False])
def test_a_night_whose_folder_is_gone_may_have_sent_all_that_it_was_about_to(job, has_bare):
    placed(job, a=Presence.HERE, c=Presence.HERE)
    night = job.night([a(1), bare(2)], sends=True)
    key = f"bare:{sha(bare(2).body or b'').hex()}:1"
    left(job, job.path / "gone", *([key] if has_bare else []))
    ear = Ear()
    with job.state as state:
        take_over_left_run(state, ear)
        assert state.get_json("doubtful") == ({key: str(job.path / "gone")} if has_bare else {})
        assert (state.get("left_run"), state.get("left_bare")) == ("", "")
    rest = ", except 1 rows without e-mail, which are now unknown" if has_bare else ""
    assert ear.told == [
        f"the last run was cut off and its folder {job.path / 'gone'} is gone: what it sent is not known and is "
        f"sent again{rest}"
    ]
    assert sending(job) == []
    expected = {"a@x.org": ("", "HERE"), "c@x.org": ("d", "HERE")}
    assert job.known() == expected | ({key: (alone(bare(2)), "GONE")} if has_bare else {})
    assert night.found.contacts == 2


def test_a_state_begins_with_the_contacts_of_a_run_of_which_every_row_was_accepted(job, tmp_path):
    rows = [a(1), a(2, "Eve"), b(3), b(4, "Eve"), bare(5), bare(6), bare(7, "7"), row(8, "c@x.org", refusal=SKIPPED)]  # fmt: skip
    night = job.night(rows)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit([*sent(1, 2, 3, 6), intent(4), failed(4), intent(5), intent(7), failed(7)])
    with job.state as state:
        seed(state, night.folder, Settings(endpoint=HTTP))
        assert state.get("endpoint") == HTTP
    key = f"bare:{sha(bare(5).body or b'').hex()}"
    assert job.known() == {
        "a@x.org": (together(a(1), a(2, "Eve")), "HERE"),
        f"{key}:1": (alone(bare(5)), "GONE"),
        f"{key}:2": (alone(bare(6)), "GONE"),
    }


def entries_of(status: Status) -> Iterator[Any]:
    yield from (intent(1), failed(1, status=status))


@pytest.mark.parametrize("status", [Status.FAILED, Status.NOT_SENT])
def test_a_state_that_begins_with_nobody_belongs_to_no_account(job, status):
    night = job.night([a(1)])
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit([*entries_of(status)])
    with job.state as state:
        seed(state, night.folder, Settings(endpoint=HTTP))
        assert (state.is_empty, state.get("endpoint")) == (True, "")


def test_a_state_does_not_begin_with_a_run_of_another_account(job):
    night = job.night([a(1)])
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit(sent(1))
    with job.state as state:
        with pytest.raises(SetupError) as raised:
            seed(state, night.folder, Settings(endpoint="https://other.example.com"))
        assert str(raised.value) == (
            f"--seed {night.folder}: a run of {HTTP}, not of https://other.example.com; nothing was sent. "
            "Give a run of this account, or leave --seed out"
        )
        assert state.is_empty
        seed(state, night.folder, Settings())  # a dry run knows no account
        assert (state.count(), state.get("endpoint")) == (1, HTTP)


def test_reports_of_a_cut_night_that_cannot_be_written_do_not_keep_the_state_from_learning(job):
    night = job.night([a(1)], sends=True)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit(sent(1))
        journal.remember(mapping_text="", started_at="2026-03-10T11:00:00.000Z")
    (night.folder / "report.csv").mkdir()
    left(job, night.folder)
    ear = Ear()
    with job.state as state:
        take_over_left_run(state, ear)
    assert len(ear.told) == 2
    assert ear.told[1].startswith(f"the reports of {night.folder} cannot be written: ")
    assert job.known() == {"a@x.org": (alone(a(1)), "HERE")}


def test_a_cut_night_whose_journal_lost_its_end_says_so(job):
    night = job.night([a(1), bare(2)], sends=True)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.remember(mapping_text="", started_at="2026-03-10T11:00:00.000Z")
        mark = Mark(journal.facts()["run"], Written(2, 0, 2))
        journal.mark_path.write_bytes(mark.packed())
    left(job, night.folder)
    ear = Ear()
    with job.state as state:
        take_over_left_run(state, ear)
    assert "the end of the journal is missing" in ear.told[1]
    assert [*job.known()] == [f"bare:{sha(bare(2).body or b'').hex()}:1"]


def test_a_night_that_had_ended_when_it_was_cut_off_keeps_its_end(job):
    night = job.night([a(1), bare(2)], sends=True)
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        journal.commit([*sent(1), intent(2)])
        journal.remember(
            mapping_text="", started_at="2026-03-10T11:00:00.000Z", finished_at="2026-03-10T11:01:00.000Z"
        )  # fmt: skip
    left(job, night.folder)
    with job.state as state:
        take_over_left_run(state, Ear())
    with Journal.open(night.folder / "journal.sqlite3") as journal:
        facts = journal.facts()
    assert (facts["finished_at"], facts.get("stopped"), facts["taken_over"]) == (
        "2026-03-10T11:01:00.000Z", None, "1",
    )  # fmt: skip


def test_many_new_contacts_join_a_few_that_are_known(job):
    rows = [a(1), b(2), *(a(n)._replace(email=f"p{9 - n}@x.org") for n in range(3, 9))]
    job.ends(job.night([a(1, "Eve"), bare(2)]), *sent(1, 2))
    before = job.known()
    job.ends(job.night(rows), *sent(*range(1, 9)))
    new = {f"p{n}@x.org": (alone(a(1)), "HERE") for n in range(1, 7)}
    assert job.known() == before | new | {
        "a@x.org": (alone(a(1)), "HERE"), "b@x.org": (alone(b(2)), "HERE"),
    }  # fmt: skip
    with job.state as state:  # the new ones in the order of the source
        found = [key for (key,) in state.db.execute("select key from contact order by id")]
    assert [key for key in found if key not in before] == [one.email for one in rows[1:]]


def test_contacts_are_indexed_by_their_cells_after_the_first_night_and_after_others(job):
    for name in ("Ann", "Eve"):
        job.ends(job.night([a(1, name), b(2, name)]), *sent(1, 2))
        with job.state as state:
            found = state.db.execute(
                "select count(*) from sqlite_master where name = 'contact_cells'"
            )
            assert found.fetchone() == (1,)

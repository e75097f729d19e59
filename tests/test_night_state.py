"""What a nightly job remembers, shown by what the next nights send; counted on the server's side."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulk_import.cli import main
from bulk_import.errors import MappingError, SetupError
from bulk_import.jobs.importing import resume_async
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.jobs.payloads import digest_alone
from bulk_import.jobs.state import FORMAT, State
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.run import inputs
from bulk_import.sandbox.app import Reply, Sandbox
from tests.conftest import report_of

HEADER = ("E-mail", "Name", "Tags", "Zone")
FIELDS = "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
MISSING = f"{FIELDS}on_missing: {{add_tags: [gone]}}\n"
P0 = "p0@example.org"


def people(numbers, name="Ann", tags="vip;new", zone="+03") -> list[list[str]]:
    return [[f"p{n}@example.org", name, tags, zone] for n in numbers]


class Heard(Silence):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def job(tmp_path, sandbox, settings):
    """Run a night over files: (summary, forms that were sent)."""
    nights = iter(range(1000))

    async def night(
        *files, mapping=FIELDS, account=sandbox, names=None, progress=None, dry=False, **options
    ):
        at = next(nights)
        paths = []
        for number, rows in enumerate(files):
            path = tmp_path / (names[number] if names else f"export{number}.csv")
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([HEADER, *rows])
            os.utime(path, (1_800_000_000 + at,) * 2)
            paths.append(str(path))
        before = len(account.sent())
        summary = await sync_night(
            paths,
            parse_mapping(mapping, "m.yml"),
            settings(account, run_dir=tmp_path / f"run{at}", max_attempts=1, dry_run=dry),
            SyncOptions(tmp_path / "job.state", **options),
            progress=progress,
        )
        assert summary.balanced
        return summary, [request.form for request in account.sent()[before:]]

    return night


# -- vanished contacts ----------------------------------------------------------------------------

UNCONFIRMED = {
    "refused by the account": Reply(code=3, text="no"),
    "lost": Reply(lost=True),
    "ended unknown": Reply(status=502),
    "applied and lost": Reply(lost=True, apply=True),
}


@pytest.mark.parametrize("reply", UNCONFIRMED.values(), ids=UNCONFIRMED.keys())
async def test_an_action_on_a_vanished_contact_is_repeated_until_it_is_confirmed(
    job, sandbox, reply
):
    gone = {"lead_email": P0, "add_tags": "gone"}
    await job(people(range(30)), mapping=MISSING)
    sandbox.script = lambda _number, form: reply if form.get("lead_email") == P0 else None
    for _ in range(2):
        summary, sent = await job(people(range(1, 30)), mapping=MISSING)
        assert (summary.exit_code, sent) == (1, [gone])
    sandbox.script = None
    summary, sent = await job(people(range(1, 30)), mapping=MISSING)
    assert (summary.exit_code, sent) == (0, [gone])
    summary, sent = await job(people(range(1, 30)), mapping=MISSING)
    assert (summary.exit_code, sent) == (0, [])


async def test_a_contact_that_returns_after_an_unknown_action_is_sent(job, sandbox):
    await job(people(range(30)), mapping=MISSING)
    sandbox.script = lambda _number, form: Reply(status=502) if form["lead_email"] == P0 else None
    await job(people(range(1, 30)), mapping=MISSING)
    sandbox.script = None
    summary, sent = await job(people(range(30)), mapping=MISSING)
    assert [form["lead_email"] for form in sent] == [P0]
    assert summary.counts[Status.UNCHANGED] == 29
    assert (await job(people(range(30)), mapping=MISSING))[1] == []


async def test_a_contact_that_returns_after_a_refused_action_is_unchanged(job, sandbox):
    await job(people(range(30)), mapping=MISSING)
    sandbox.script = lambda _number, form: Reply(code=3) if form["lead_email"] == P0 else None
    await job(people(range(1, 30)), mapping=MISSING)
    assert (await job(people(range(30)), mapping=MISSING))[1] == []


async def test_a_contact_that_returns_after_a_confirmed_action_is_sent(job):
    await job(people(range(30)), mapping=MISSING)
    await job(people(range(1, 30)), mapping=MISSING)
    _, sent = await job(people(range(30)), mapping=MISSING)
    assert [form["lead_email"] for form in sent] == [P0]


async def test_an_action_that_a_suppression_list_withheld_is_sent_when_the_list_lets_it(
    job, tmp_path
):
    stop = tmp_path / "stop.csv"
    mapping = f"{MISSING}suppress: [{stop}]\n"
    stop.write_text("E-mail\nother@example.org\n")
    await job(people(range(30)), mapping=mapping)
    stop.write_text(f"E-mail\n{P0}\n")
    for _ in range(2):
        summary, sent = await job(people(range(1, 30)), mapping=mapping)
        assert (summary.counts[Status.SUPPRESSED], sent) == (1, [])
    stop.write_text("E-mail\nother@example.org\n")
    assert (await job(people(range(1, 30)), mapping=mapping))[1] == [
        {"lead_email": P0, "add_tags": "gone"}
    ]
    assert (await job(people(range(1, 30)), mapping=mapping))[1] == []


async def test_the_lists_that_vanished_contacts_leave_are_named_by_title_or_id(job):
    mapping = f"{FIELDS}on_missing: {{remove_from_lists: [Clients, Super, super]}}\n"
    await job(people(range(30)), mapping=mapping)
    _, sent = await job(people(range(1, 30)), mapping=mapping)
    assert sent == [{"lead_email": P0, "remove_from_lists": "clients_1,super"}]


async def test_a_list_that_vanished_contacts_cannot_leave_is_refused_before_anything_is_sent(
    job, sandbox
):
    mapping = f"{FIELDS}on_missing: {{remove_from_lists: [Clientz]}}\n"
    with pytest.raises(MappingError, match="no list 'Clientz'") as refused:
        await job(people(range(30)), mapping=mapping)
    assert refused.value.problems[0].line == 5
    assert sandbox.sent() == []


# -- the account ----------------------------------------------------------------------------------


async def test_a_state_belongs_to_an_account_once_a_contact_is_confirmed(job, sandbox):
    sandbox.script = lambda _number, _form: Reply(code=3, text="no")
    assert (await job(people(range(5))))[0].counts[Status.FAILED] == 5
    async with Sandbox() as other:
        assert len((await job(people(range(5)), account=other))[1]) == 5
        sandbox.script = None
        with pytest.raises(SetupError, match="the state of"):
            await job(people(range(5)))


async def test_a_state_is_not_seeded_with_a_run_of_another_account(job, sandbox, tmp_path):
    async with Sandbox() as other:
        await job(people(range(5)), account=other)
        (tmp_path / "job.state").rename(tmp_path / "other.state")
        with pytest.raises(SetupError, match="run of") as refused:
            await job(people(range(5)), seed=tmp_path / "run0")
        named = [account.url in str(refused.value) for account in (other, sandbox)]
        assert named == [True, True]
    _, sent = await job(people(range(5)))
    assert len(sent) == 5


# -- files that are no states ---------------------------------------------------------------------


def _database(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    db.create_function("digest_alone", 1, digest_alone)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


_SAID = {
    "a table": "not a state file", "a database": "not a state file", "a newer state": "newer version",
    "an empty file": "the state file is empty",
}  # fmt: skip


@pytest.mark.parametrize("kind", _SAID)
def test_what_is_no_state_of_this_version_is_refused_and_stays_as_it_is(tmp_path, capsys, kind):
    path = tmp_path / "job.state"
    if kind == "a table":
        path.write_text("E-mail,Name\n")
    elif kind == "an empty file":
        path.touch()
    elif kind == "a database":
        _database(path, "create table people (name text)")
    else:
        State.open(path).close()
        with State.open(path) as state:
            state.put(format=str(FORMAT + 1))
    before = path.read_bytes()
    for command in (["state", "show", str(path)], ["state", "forget", str(path), P0]):
        with pytest.raises(SystemExit) as exit_:
            main(command)
        assert exit_.value.code == 2
        said = capsys.readouterr().err
        assert _SAID[kind] in said
    assert path.read_bytes() == before


async def test_a_state_that_became_empty_sends_nobody_again(job, tmp_path):
    """A full disk, or a copy that broke off."""
    await job(people(range(5)))
    (tmp_path / "job.state").write_bytes(b"")
    for end in ("-wal", "-shm"):
        (tmp_path / f"job.state{end}").unlink(missing_ok=True)

    with pytest.raises(SetupError, match="the state file is empty"):
        await job(people(range(5)))


def test_a_state_that_was_cut_off_while_it_was_made_is_made_anew(tmp_path):
    (tmp_path / ".job.state.part").write_bytes(b"SQLite form")
    with State.open(tmp_path / "job.state") as state:
        assert state.count() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.state"]
    assert (tmp_path / "job.state").stat().st_mode & 0o777 == 0o600


async def test_showing_a_state_changes_nothing_in_it(job, tmp_path, capsys):
    await job(people(range(5)))
    before = (tmp_path / "job.state").read_bytes()
    with pytest.raises(SystemExit):
        main(["state", "show", str(tmp_path / "job.state")])
    assert "contacts: 5" in capsys.readouterr().out
    assert (tmp_path / "job.state").read_bytes() == before


async def test_a_state_of_the_version_before_goes_on(job, tmp_path):
    await job(people(range(30)), mapping=MISSING)
    with State.open(tmp_path / "job.state") as state:
        known = [(one.key, one.digest, one.night, one.sent_at) for one in state.contacts()]
        meta = state.db.execute("select name, value from meta where name <> 'format'").fetchall()
    for name in ("job.state", "job.state-wal", "job.state-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    db = sqlite3.connect(tmp_path / "job.state")
    db.executescript(
        "create table meta (name text primary key, value text not null) without rowid;"
        "create table contact (key text primary key, digest text not null, night integer not null,"
        " sent_at text not null) without rowid;"
    )
    db.executemany("insert into meta values (?, ?)", [*meta, ("format", "1")])
    db.executemany("insert into contact values (?, ?, ?, ?)", known)
    db.commit()
    db.close()
    summary, sent = await job(people(range(1, 30)), mapping=MISSING)
    assert sent == [{"lead_email": P0, "add_tags": "gone"}]
    assert summary.counts[Status.UNCHANGED] == 29
    assert (await job(people(range(1, 30)), mapping=MISSING))[1] == []


_FORMAT_2 = """
create table contact_2 (
    id integer primary key autoincrement, key text not null unique, digest text not null,
    night integer not null, sent_at text not null, presence integer not null default 0,
    file integer not null default 0, cells blob, rest blob, shape integer, mirrored text
);
insert into contact_2 select id, key, digest, night, sent_at, presence, 1, cells, rest, shape, mirrored
    from contact;
update sqlite_sequence set seq = 99 where name = 'contact_2';
drop table contact;
drop table sending;
alter table contact_2 rename to contact;
create index contact_cells on contact (cells) where cells is not null;
update meta set value = '2' where name = 'format'
"""


async def test_a_state_that_noted_the_file_of_each_contact_goes_on(job, tmp_path):
    await job(people(range(30)), mapping=MISSING)
    path = tmp_path / "job.state"
    with State.open(path) as state:
        before = state.db.execute("select * from contact order by id").fetchall()
    _database(path, *_FORMAT_2.split(";"))
    with State.open(path) as state:
        assert state.db.execute("select * from contact order by id").fetchall() == before
        assert state.get("format") == str(FORMAT)
    summary, sent = await job(people(range(30)), mapping=MISSING)
    assert (summary.counts[Status.UNCHANGED], sent) == (30, [])
    await job(people(range(31)), mapping=MISSING)
    with State.open(path) as state:  # no number that a journal may refer to is used again
        newest = state.db.execute("select id from contact where key = 'p30@example.org'")
        assert newest.fetchone() == (100,)


# -- a night that was cut off ---------------------------------------------------------------------


async def _cut_off(night, sandbox: Sandbox, requests: int) -> None:
    """Let a night end as a kill does, after a number of requests: nobody tidies up."""
    before = len(sandbox.sent())
    task = asyncio.create_task(night)
    while len(sandbox.sent()) - before < requests and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert len(sandbox.sent()) - before >= requests


def _left(tmp_path: Path) -> Path:
    with State.open(tmp_path / "job.state") as state:
        left = state.get("left_run")
    assert left
    return Path(left)


async def test_what_a_night_may_have_sent_is_sent_again_when_its_folder_is_gone(
    job, sandbox, tmp_path
):
    """Although the source is as it was before that night: the account may not be."""
    await job(people(range(30)))
    await _cut_off(job([*people(range(6), name="Eve"), *people(range(6, 30))]), sandbox, 3)
    shutil.rmtree(_left(tmp_path))
    heard = Heard()
    summary, sent = await job(people(range(30)), progress=heard)
    assert any("is gone" in line for line in heard.said)
    assert sorted(form["lead_email"] for form in sent) == [f"p{n}@example.org" for n in range(6)]
    assert summary.counts[Status.UNCHANGED] == 24
    names = {sandbox.contact(f"p{n}@example.org").fields["lead_first_name"] for n in range(30)}
    assert names == {"Ann"}
    assert (await job(people(range(30))))[1] == []


async def test_a_tag_that_a_night_may_have_given_is_removed_though_its_folder_is_gone(
    job, sandbox, tmp_path
):
    await job(people(range(5)), mapping=TAGS)
    new, wrong = people([7], tags="wrong"), people([0], tags="vip;wrong")
    await _cut_off(job([*wrong, *people(range(1, 5)), *new], mapping=TAGS), sandbox, 2)
    shutil.rmtree(_left(tmp_path))
    _, sent = await job([*people(range(5)), *people([7], tags="vip")], mapping=TAGS)
    removed = {form["lead_email"]: form.get("remove_tags") for form in sent}
    assert removed == {P0: "wrong", "p7@example.org": "wrong"}


async def test_an_action_that_a_night_may_have_begun_is_repeated_when_its_folder_is_gone(
    job, sandbox, tmp_path
):
    await job(people(range(40)), mapping=MISSING)
    await _cut_off(job(people(range(1, 40)), mapping=MISSING), sandbox, 1)
    shutil.rmtree(_left(tmp_path))
    # Back in the source: the account may have the tag of those who are gone.
    assert [form["lead_email"] for form in (await job(people(range(40)), mapping=MISSING))[1]] == [
        P0
    ]


EARLIER = {  # what an earlier version noted besides
    "files": "file integer not null default 1, sent blob, digest text",
    "every digest": "sent blob not null, digest text not null",
}


@pytest.mark.parametrize("noted", EARLIER)
@pytest.mark.parametrize("how", ["taken over", "resumed"])
async def test_a_night_that_an_earlier_version_was_cut_off_in_goes_on(
    job, sandbox, settings, tmp_path, how, noted
):
    await job(people(range(30)))
    changed = [*people(range(6), name="Eve"), *people(range(6, 30))]
    await _cut_off(job(changed), sandbox, 3)
    _database(
        _left(tmp_path) / "journal.sqlite3",
        "alter table seen add column file integer not null default 1",
        "alter table compared rename to compared_now",
        "create table compared (seq integer primary key, key text not null, sha blob not null,"
        f" cells blob, rest blob, shape integer, mirrored text, {EARLIER[noted]})",
        "insert into compared (seq, key, sha, cells, rest, shape, mirrored, sent, digest)"
        " select seq, key, sha, cells, rest, shape, mirrored, coalesce(sent, sha),"
        " coalesce(digest, digest_alone(sha)) from compared_now",
        "drop table compared_now",
    )
    if how == "resumed":
        await resume_async(_left(tmp_path), settings(sandbox))
    else:
        await job(changed)
    names = [sandbox.contact(f"p{n}@example.org").fields["lead_first_name"] for n in range(30)]
    assert names == ["Eve"] * 6 + ["Ann"] * 24
    assert (await job(changed))[1] == []


# -- mirror ---------------------------------------------------------------------------------------

TAGS = f'{FIELDS}  add_tags: {{column: Tags, separator: ";", always: [nightly], mirror: true}}\n'
LISTS = f'{FIELDS}  add_to_lists: {{column: Tags, separator: ";", mirror: true}}\n'


async def test_a_mirrored_tag_that_left_the_cell_is_removed_by_the_same_request(job):
    _, sent = await job(people(range(5)), mapping=TAGS)
    assert {form["add_tags"] for form in sent} == {"nightly,vip,new"}
    assert not any("remove_tags" in form for form in sent)
    changed = [*people([0], tags="vip"), *people(range(1, 5))]
    _, sent = await job(changed, mapping=TAGS)
    assert sent == [
        {
            "add_tags": "nightly,vip",
            "remove_tags": "new",
            "lead_email": P0,
            "lead_first_name": "Ann",
        }
    ]
    assert (await job(changed, mapping=TAGS))[1] == []


async def test_tags_are_mirrored_from_the_night_on_that_the_mapping_asks_for_it(job):
    plain = TAGS.replace(", mirror: true", "")
    await job(people(range(5)), mapping=plain)
    assert (await job(people(range(5)), mapping=TAGS))[1] == []
    _, sent = await job([*people([0], tags="new"), *people(range(1, 5))], mapping=TAGS)
    assert [(form["lead_email"], form["remove_tags"]) for form in sent] == [(P0, "vip")]


async def test_a_removal_that_is_not_confirmed_is_asked_for_again(job, sandbox):
    await job(people(range(5)), mapping=TAGS)
    changed = [*people([0], tags="vip"), *people(range(1, 5))]
    sandbox.script = lambda _number, _form: Reply(status=502)
    await job(changed, mapping=TAGS)
    sandbox.script = None
    _, sent = await job(changed, mapping=TAGS)
    assert [form["remove_tags"] for form in sent] == ["new"]


@pytest.mark.parametrize("known", [True, False])
async def test_what_was_sent_in_doubt_is_removed_once_it_has_left_the_cell(job, sandbox, known):
    others = people(range(1, 5))
    await job([*people([0], tags="vip"), *others] if known else others, mapping=TAGS)
    sandbox.script = lambda _number, form: (
        Reply(status=502, apply=True) if form["lead_email"] == P0 else None
    )
    await job([*people([0], tags="vip;wrong"), *others], mapping=TAGS)
    sandbox.script = None
    _, sent = await job([*people([0], tags="vip"), *others], mapping=TAGS)
    assert [(form["add_tags"], form["remove_tags"]) for form in sent] == [("nightly,vip", "wrong")]
    assert (await job([*people([0], tags="vip"), *others], mapping=TAGS))[1] == []


@pytest.mark.parametrize("mirrored_before", [True, False])
async def test_a_mirror_that_is_switched_in_a_night_in_doubt_still_removes_what_left_the_cell(
    job, sandbox, mirrored_before
):
    """Only one of the two nights knows what the cell held: the contact may have it all the same."""
    plain, others = TAGS.replace(", mirror: true", ""), people(range(1, 5))
    nights = [TAGS, plain] if mirrored_before else [plain, TAGS]
    await job([*people([0], tags="vip;wrong" if mirrored_before else "vip"), *others], mapping=nights[0])  # fmt: skip
    sandbox.script = lambda _number, form: (
        Reply(status=502, apply=True) if form["lead_email"] == P0 else None
    )
    await job([*people([0], "Bob", tags="vip;wrong"), *others], mapping=nights[1])
    sandbox.script = None
    _, sent = await job([*people([0], "Bob", tags="vip"), *others], mapping=TAGS)
    assert [(form["add_tags"], form["remove_tags"]) for form in sent] == [("nightly,vip", "wrong")]


async def test_a_mirrored_list_that_left_the_cell_is_removed(job):
    await job(people(range(3), tags="Super;Clients"), mapping=LISTS)
    _, sent = await job(
        [*people([0], tags="Clients"), *people([1, 2], tags="Super;Clients")], mapping=LISTS
    )
    assert [(form["add_to_lists"], form["remove_from_lists"]) for form in sent] == [
        ("clients_1", "super")
    ]


# -- the clocks -----------------------------------------------------------------------------------


def _at(moment: datetime) -> type[datetime]:
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    return Then


async def test_a_change_of_the_clocks_sends_all_and_does_not_trip_the_brake(job, monkeypatch):
    mapping = f"{FIELDS}  lead_utc: {{column: Zone, dst: current}}\n"
    rows = people(range(30), zone="Europe/Berlin")
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2026, 7, 1, tzinfo=UTC)))
    _, sent = await job(rows, mapping=mapping)
    assert {form["lead_utc"] for form in sent} == {"+02"}
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2026, 12, 1, tzinfo=UTC)))
    summary, sent = await job(rows, mapping=mapping)
    assert (summary.exit_code, {form["lead_utc"] for form in sent}) == (0, {"+01"})
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2027, 7, 1, tzinfo=UTC)))
    renamed = people(range(30), name="Bob", zone="Europe/Berlin")
    summary, sent = await job(renamed, mapping=mapping)
    assert (summary.exit_code, sent) == (3, [])
    assert "30 of 30 contacts have changed" in summary.stopped


async def test_a_law_that_changes_a_standard_offset_is_sent_and_does_not_trip_the_brake(
    job, monkeypatch
):
    mapping = f"{FIELDS}  lead_utc: {{column: Zone}}\n"
    rows = people(range(30), zone="America/Vancouver")
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2026, 10, 20, tzinfo=UTC)))
    _, sent = await job(rows, mapping=mapping)
    assert {form["lead_utc"] for form in sent} == {"-08"}
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2026, 12, 1, tzinfo=UTC)))
    summary, sent = await job(rows, mapping=mapping)
    assert (summary.exit_code, len(sent), {form["lead_utc"] for form in sent}) == (0, 30, {"-07"})
    assert (await job(rows, mapping=mapping))[1] == []


@pytest.mark.parametrize("dst", ["standard", "current"])
async def test_another_offset_of_everybody_trips_the_brake_where_no_clock_has_changed(job, dst):
    mapping = f"{FIELDS}  lead_utc: {{column: Zone, dst: {dst}}}\n"
    await job(people(range(30), zone="+03"), mapping=mapping)
    summary, sent = await job(people(range(30), zone="+04"), mapping=mapping)
    assert (summary.exit_code, sent) == (3, [])
    assert "30 of 30 contacts have changed" in summary.stopped


async def test_offsets_of_now_asked_for_later_do_not_trip_the_brake_either(job, monkeypatch):
    mapping = f"{FIELDS}  lead_utc: {{column: Zone, dst: standard}}\n"
    current = mapping.replace("standard", "current")
    rows = people(range(30), zone="Europe/Berlin")
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2026, 12, 1, tzinfo=UTC)))
    await job(rows, mapping=mapping)
    assert (await job(rows, mapping=current))[1] == []  # in winter both are +01
    monkeypatch.setattr(inputs, "datetime", _at(datetime(2027, 7, 1, tzinfo=UTC)))
    summary, sent = await job(rows, mapping=current)
    assert (summary.exit_code, len(sent)) == (0, 30)


# -- several files --------------------------------------------------------------------------------


async def test_a_missing_file_stops_the_night_and_holds_the_removals_of_its_contacts(job):
    north, south = people(range(30)), people(range(30, 36))
    await job(north, south, mapping=MISSING, names=["north.csv", "south.csv"])
    summary, sent = await job(north, mapping=MISSING, names=["north.csv"])
    assert (summary.exit_code, sent) == (3, [])
    assert "1 files, there were 2; missing: " in summary.stopped
    assert "south.csv" in summary.stopped
    # Accepted: whoever is missing may be in the file that is missing.
    heard = Heard()
    summary, sent = await job(
        north[1:], mapping=MISSING, names=["north.csv"], accept=True, progress=heard
    )
    assert (summary.exit_code, sent) == (0, [])
    assert heard.said == [
        "7 missing contacts are left alone: files are missing that may hold them (--fewer-files if "
        "these files are gone for good)"
    ]
    gone = [{"lead_email": P0, "add_tags": "gone"}]
    both = ["north.csv", "south.csv"]
    summary, sent = await job(north[1:], south, mapping=MISSING, names=both)
    assert (summary.exit_code, sent) == (0, gone)
    summary, sent = await job(north[1:], south, mapping=MISSING, names=both)
    assert (summary.exit_code, sent) == (0, [])


async def test_a_stopped_night_with_a_new_file_does_not_confuse_whose_contacts_are_whose(job):
    north, south = people(range(15)), people(range(15, 30))
    await job(north, south, mapping=MISSING, names=["north.csv", "south.csv"])
    three = ["a_new.csv", "north.csv", "south.csv"]
    summary, sent = await job(people([40]), north[:4], south, mapping=MISSING, names=three)
    assert (summary.exit_code, sent) == (3, [])
    summary, sent = await job(north, mapping=MISSING, names=["north.csv"], accept=True)
    assert (summary.exit_code, sent) == (0, [])


async def test_a_contact_of_two_files_that_left_one_may_be_in_the_missing_one(job):
    both = ["north.csv", "south.csv"]
    await job(people(range(10)), people([0, *range(10, 20)]), mapping=MISSING, names=both)
    _, sent = await job(people(range(10, 20)), mapping=MISSING, names=both[1:], accept=True)
    assert sent == []


async def test_a_contact_that_moved_with_a_refused_cell_may_be_in_the_missing_file(job):
    mapping = MISSING.replace("on_missing", "  lead_utc: Zone\non_missing")
    both = ["north.csv", "south.csv"]
    await job(people(range(10)), people(range(10, 20)), mapping=mapping, names=both)
    moved = [*people(range(10, 20)), *people([0], zone="nowhere")]
    summary, sent = await job(people(range(1, 10)), moved, mapping=mapping, names=both)
    assert (summary.counts[Status.INVALID], sent) == (1, [])
    _, sent = await job(people(range(1, 10)), mapping=mapping, names=both[:1], accept=True)
    assert sent == []


async def test_contacts_of_a_file_that_is_gone_for_good_have_vanished(job):
    north, south = people(range(30)), people(range(30, 36))
    await job(north, south, mapping=MISSING, names=["north.csv", "south.csv"])
    _, sent = await job(north, mapping=MISSING, names=["north.csv"], fewer_files=True)
    assert [form["lead_email"] for form in sent] == [f"p{n}@example.org" for n in range(30, 36)]
    summary, sent = await job(north, mapping=MISSING, names=["north.csv"])
    assert (summary.exit_code, sent) == (0, [])


async def test_dated_exports_are_as_many_as_last_time(job):
    await job(people(range(30)), mapping=MISSING, names=["2026-01-01.csv"])
    summary, sent = await job(people(range(1, 30)), mapping=MISSING, names=["2026-01-02.csv"])
    assert (summary.exit_code, sent) == (0, [{"lead_email": P0, "add_tags": "gone"}])


# -- what is let go -------------------------------------------------------------------------------


@pytest.mark.parametrize("stays", ["mona@b\u00fccher.example", "mona@xn--bcher-kva.example"])
async def test_a_contact_that_is_recognized_in_another_spelling_has_not_vanished(job, stays):
    spellings = ["mona@b\u00fccher.example", "mona@xn--bcher-kva.example"]
    both = [[address, "Mona", "", ""] for address in spellings]
    await job([*both, *people(range(30))], mapping=MISSING)
    await job([*both, *people(range(30))], mapping=MISSING)
    _, sent = await job([[stays, "Mona", "", ""], *people(range(30))], mapping=MISSING)
    assert sent == []


@pytest.mark.parametrize("new", [0, 1])
async def test_a_refused_row_in_another_spelling_does_not_make_a_contact_forgotten(job, new):
    mapping = MISSING.replace("on_missing", "  lead_utc: Zone\non_missing")
    spellings = ["mona@b\u00fccher.example", "mona@xn--bcher-kva.example"]
    usual = people(range(30))
    await job([*usual, [spellings[1 - new], "Mona", "", "+03"]], mapping=mapping)
    refused = [*usual, [spellings[new], "Mona", "", "nowhere"]]
    summary, sent = await job(refused, mapping=mapping)
    assert (summary.counts[Status.INVALID], sent) == (1, [])
    _, sent = await job(usual, mapping=mapping)
    assert [form["add_tags"] for form in sent] == ["gone"]
    assert (await job(usual, mapping=mapping))[1] == []


async def test_a_contact_that_changed_its_spelling_is_acted_on_once_when_it_vanishes(job):
    usual = people(range(30))
    await job([*usual, ["mona@b\u00fccher.example", "Mona", "", ""]], mapping=MISSING)
    other = [*usual, ["mona@xn--bcher-kva.example", "Mona", "", ""]]
    for _ in range(2):
        await job(other, mapping=MISSING)
    _, sent = await job(usual, mapping=MISSING)
    assert [form["add_tags"] for form in sent] == ["gone"]


async def test_a_row_beside_a_merged_one_is_sent_when_that_one_leaves(job):
    merging = f'{FIELDS}  add_tags: {{column: Tags, separator: ";"}}\nwhen: {{duplicate: merge}}\n'
    one, other = people([0], tags="vip"), people([0], tags="new")
    _, sent = await job([*one, *other, *people(range(1, 5))], mapping=merging)
    assert sent[0]["add_tags"] == "vip,new" or sent[-1]["add_tags"] == "vip,new"
    _, sent = await job([*other, *people(range(1, 5))], mapping=merging)
    assert [(form["lead_email"], form["add_tags"]) for form in sent] == [(P0, "new")]


async def test_nobody_who_says_no_in_a_new_row_is_written_to(job):
    mapping = f'{FIELDS}skip: [{{column: Tags, values: ["no"]}}]\n'
    await job(people(range(30)), mapping=mapping)
    changed = [*people([0], name="Bob"), *people(range(1, 30)), *people([0], tags="no")]
    summary, sent = await job(changed, mapping=mapping)
    assert (sent, summary.counts[Status.SKIPPED]) == ([], 2)
    # And a row that would be recognized is counted with those that are kept back.
    summary, sent = await job([*people(range(30)), *people([0], tags="no")], mapping=mapping)
    assert (sent, summary.counts[Status.SKIPPED]) == ([], 2)


@pytest.mark.parametrize(
    ("policy", "in_account"),
    [("first", "Ann"), ("last", "New"), ("send", "New"), ("refuse", "Ann")],
)
async def test_a_row_corrected_into_a_contact_that_was_let_go_waits_for_the_next_night(
    job, tmp_path, sandbox, settings, policy, in_account
):
    mapping = f"{FIELDS}when: {{duplicate: {policy}}}\n"
    rows = [*people(range(5)), ["nobody", "New", "", ""]]
    await job(people(range(5)), mapping=mapping)
    await job(rows, mapping=mapping)
    with (tmp_path / "export0.corrections.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["sheet", "row", "column", "before", "after"], ["", 7, "E-mail", "nobody", P0]]
        )
    before = len(sandbox.sent())
    summary = await resume_async(tmp_path / "run1", settings(sandbox))
    assert (summary.exit_code, sandbox.sent()[before:]) == (1, [])
    assert (summary.counts[Status.INVALID], summary.counts[Status.UNCHANGED]) == (1, 5)
    (refused,) = report_of(tmp_path / "run1")
    assert refused["error_code"] == "CONTACT_NOT_COMPARED"
    _, sent = await job(rows, mapping=mapping)
    names = [form["lead_first_name"] for form in sent if form["lead_email"] == P0]
    assert (names or ["Ann"])[-1] == in_account
    assert (await job(rows, mapping=mapping))[1] == []


NAMED = f"""{FIELDS}  add_to_lists: {{column: Tags, always: [Newsletter]}}
  lead_personal_manager: Zone
"""


async def test_a_dry_night_compares_with_the_ids_that_lists_and_managers_had(job, sandbox):
    sandbox.account.managers = {"101": "Vera"}
    rows = people(range(30), tags="Super", zone="Vera")
    _, sent = await job(rows, mapping=NAMED)
    assert {form["lead_personal_manager"] for form in sent} == {"101"}
    asked = len(sandbox.store.requests())
    summary, _ = await job(rows, mapping=NAMED, dry=True)
    assert (summary.exit_code, summary.counts[Status.UNCHANGED]) == (0, 30)
    # What the account has got since is not known: it counts as changed, and refuses nothing.
    new = [*people([0], tags="New list", zone="New Manager"), *rows[1:]]
    heard = Heard()
    summary, _ = await job(new, mapping=NAMED, dry=True, progress=heard)
    assert (summary.counts[Status.UNCHANGED], summary.counts[Status.NOT_SENT]) == (29, 1)
    assert [line.split(" that were")[0].split(": ", 2)[1:] for line in heard.said] == [
        ["Tags", "1 row names lists ('New list')"],
        ["Zone", "1 row names managers ('New Manager')"],
    ]
    changed = [*people([0], name="Eve", tags="Super", zone="Vera"), *rows[1:]]
    heard = Heard()
    await job(changed, mapping=NAMED, dry=True, progress=heard)
    assert heard.said == []  # all of its names were known
    assert len(sandbox.store.requests()) == asked
    assert (await job(rows, mapping=NAMED))[1] == []


class _Watch(Silence):
    def __init__(self) -> None:
        self.rows = 0
        self.said: list[str] = []

    def reading(self, rows: int) -> None:
        self.rows += rows

    def say(self, message: str) -> None:
        self.said.append(message)


async def test_a_source_that_is_read_twice_is_shown_once(job, tmp_path):
    await job(people(range(5)))
    edits = tmp_path / "export0.corrections.csv"
    edits.write_text("sheet,row,column,before,after\n,3,Name,Ann,Annie\n", "utf-8")
    watch = _Watch()
    # A contact that was let go has another row at the end.
    summary, _ = await job([*people(range(5)), *people([0], name="Bob")], progress=watch)
    assert (watch.rows, summary.rows_read) == (6, 6)
    assert [said for said in watch.said if "corrections of" in said] == watch.said
    assert len(watch.said) == 1


async def test_an_unchanged_night_leaves_next_to_nothing_in_its_folder(job, tmp_path):
    await job(people(range(300)))
    summary, sent = await job(people(range(300)))
    assert (sent, summary.counts[Status.UNCHANGED], summary.rows_read) == ([], 300, 300)
    db = sqlite3.connect(tmp_path / "run1" / "journal.sqlite3")
    assert db.execute("select count(*) from record").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize(("column", "cell"), [("Tags", "no"), ("E-mail", f"{P0} (unsubscribed)")])
async def test_nothing_is_sent_to_who_said_no_when_the_row_is_gone(job, column, cell):
    """An action on a missing contact is a request, too, and a tag may start a sequence."""
    mapping = f'{MISSING}skip: [{{column: Tags, values: ["no"]}}]\n'
    await job(people(range(30)), mapping=mapping)
    [row] = people([0], tags="no" if column == "Tags" else "")
    row[0] = cell if column == "E-mail" else row[0]
    assert (await job([row, *people(range(1, 30))], mapping=mapping))[1] == []
    for _ in range(2):
        assert (await job(people(range(1, 30)), mapping=mapping))[1] == []
    # Who comes back without a no is a contact as any other.
    await job(people(range(30)), mapping=mapping)
    _, sent = await job(people(range(1, 30)), mapping=mapping)
    assert [form["add_tags"] for form in sent] == ["gone"]

"""Nights that were cut off: resumed as nights, or taken over by the next one; counted on the server."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.comparison import Comparison
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.faults import Faults
from tests.conftest import report_of

MAPPING = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name, lead_phone: Phone}\n"
BARE = (
    "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name, lead_phone: {value: '+14155550123'}}\n"
    "when: {no_email: create}\n"
)


def people(count: int, **changed: str) -> list[list[str]]:
    return [[f"p{n}@example.org", changed.get(f"p{n}", f"Ann {n}"), ""] for n in range(count)]


def bare(count: int) -> list[list[str]]:
    return [["", f"Bare {n}", f"+1415555{n:04}"] for n in range(count)]


class Job:
    """One nightly job; its first night is over."""

    def __init__(self, folder: Path, sandbox, settings) -> None:
        self.folder, self.sandbox, self.settings = folder, sandbox, settings
        self.source = folder / "export.csv"
        self.state = folder / "job.state"
        self.nights = 0

    def write(self, rows) -> None:
        with self.source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["E-mail", "Name", "Phone"], *rows])
        self.nights += 1
        os.utime(self.source, (1_800_000_000 + self.nights,) * 2)

    def run_dir(self, name: str) -> Path:
        return self.folder / name

    async def night(self, name: str, mapping: str = MAPPING, **options):
        return await sync_night(
            self.source,
            parse_mapping(mapping, "m.yml"),
            self.settings(self.sandbox, run_dir=self.run_dir(name), concurrency=1),
            SyncOptions(self.state, **options),
        )

    async def resume(self, name: str, *, accept: bool = False, **options):
        given = self.settings(self.sandbox, **options)
        return await resume_async(self.run_dir(name), given, accept=accept)

    async def killed(self, name: str, after: int, mapping: str = MAPPING, **options) -> None:
        """A night that leaves what a kill leaves: nobody tidies up after a cancelled task."""
        before = len(self.sandbox.sent())
        task = asyncio.create_task(self.night(name, mapping, **options))
        while len(self.sandbox.sent()) - before < after:
            await asyncio.sleep(0)
            assert not task.done(), "the night ended before it could be killed"
        task.cancel()
        await asyncio.wait([task])

    def sent(self) -> list[str]:
        return [request.form["lead_first_name"] for request in self.sandbox.sent()]


@pytest.fixture
def job(tmp_path, sandbox, settings) -> Job:
    return Job(tmp_path, sandbox, settings)


def killed(*_: object, **__: object) -> None:
    raise asyncio.CancelledError


async def test_a_night_killed_before_it_compared_compares_when_it_is_resumed(job, monkeypatch):
    job.write(people(100))
    await job.night("one")
    job.write(people(100, p7="Bob"))
    with monkeypatch.context() as at:
        at.setattr(Comparison, "settle", killed)
        with pytest.raises(asyncio.CancelledError):
            await job.night("two")

    summary = await job.resume("two")

    assert job.sent()[100:] == ["Bob"]
    assert summary.counts[Status.UNCHANGED] == 99
    assert (await job.night("three")).counts[Status.UNCHANGED] == 100
    assert len(job.sent()) == 101


async def test_the_brake_holds_when_a_braked_night_is_resumed_until_it_is_accepted(job):
    job.write(people(100))
    await job.night("one")
    job.write([[email, f"New {at}", ""] for at, (email, *_) in enumerate(people(100))])
    assert (await job.night("two")).exit_code == 3

    braked = await job.resume("two")
    assert (braked.exit_code, len(job.sent())) == (3, 100)
    assert "100 of 100 contacts have changed" in braked.stopped

    assert (await job.resume("two", accept=True)).exit_code == 0
    assert len(job.sent()) == 200
    assert (await job.night("three")).counts[Status.UNCHANGED] == 100
    assert len(job.sent()) == 200


async def test_a_night_killed_while_sending_is_resumed_and_its_state_learns_all_of_it(job):
    job.write(people(40))
    await job.night("one")
    changed = {f"p{n}": f"New {n}" for n in range(12)}
    job.write(people(40, **changed))
    await job.killed("two", after=5)

    assert (await job.resume("two")).exit_code == 0
    twice = Counter(job.sent()[40:])
    assert set(twice) == set(changed.values())
    assert sum(twice.values()) <= 13, "only the request in flight at the kill is repeated"
    sent = len(job.sent())
    assert (await job.night("three")).counts[Status.UNCHANGED] == 40
    assert len(job.sent()) == sent


async def test_vanished_contacts_are_queued_once_however_often_the_night_is_resumed(job):
    mapping = MAPPING + "on_missing: {add_tags: [gone]}\n"
    job.write(people(40))
    await job.night("one", mapping)
    job.write(people(35, p1="Bob"))
    await job.killed("two", 1, mapping)

    summary = await job.resume("two")

    assert summary.rows_read == 40
    assert summary.balanced
    gone = Counter(r.email for r in job.sandbox.sent() if r.form.get("add_tags") == "gone")
    assert gone == {f"p{n}@example.org": 1 for n in range(35, 40)}
    sent = len(job.sandbox.sent())
    await job.night("three", mapping)
    assert len(job.sandbox.sent()) == sent


async def test_a_night_is_not_resumed_when_a_later_one_has_sent_newer_data(job):
    job.write(people(40))
    await job.night("one")
    job.write(people(40, p1="Old"))
    await job.killed("two", 1)
    job.write(people(40, p1="New"))
    await job.night("three")
    sent = len(job.sent())

    with pytest.raises(SetupError, match=r"a later night .* has begun"):
        await job.resume("two")
    assert len(job.sent()) == sent
    assert job.sandbox.contact("p1@example.org").fields["lead_first_name"] == "New"


async def test_a_night_is_not_continued_by_run_and_no_night_starts_in_a_used_folder(
    job, mapping, settings, sandbox
):
    job.write(people(40))
    await job.killed("one", 3)
    sent = len(job.sent())
    with pytest.raises(SetupError, match="bulk-import resume"):
        await job.night("one")
    options = settings(sandbox, run_dir=job.run_dir("one"))
    with pytest.raises(SetupError, match="bulk-import resume"):
        await import_file_async(job.source, parse_mapping(MAPPING, "m.yml"), options)
    assert len(job.sent()) == sent
    assert (await job.resume("one")).exit_code == 0
    assert set(Counter(r.email for r in sandbox.sent())) == {f"p{n}@example.org" for n in range(40)}


async def test_a_night_whose_state_is_gone_is_not_resumed(job):
    job.write(people(40))
    await job.killed("one", 3)
    job.state.unlink()
    with pytest.raises(SetupError, match="that file is gone"):
        await job.resume("one")
    assert len(job.sent()) == 3


async def test_a_row_without_email_in_doubt_is_listed_as_unknown_by_the_next_night_once(job):
    """It was sent when the night was killed: it must not be sent again, nor be passed over."""
    rows = [*people(20), *bare(10)]
    job.write(rows)
    await job.killed("one", 25, BARE)
    assert job.sent()[-1] == "Bare 4"

    summary = await job.night("two", BARE)

    listed = [line for line in report_of(job.run_dir("two")) if line["status"] == "unknown"]
    assert [(line["row"], line["error_code"]) for line in listed] == [("26", "INTERRUPTED")]
    assert summary.exit_code == 1
    killed = {line["row"]: line["status"] for line in report_of(job.run_dir("one"))}
    assert killed["26"] == "unknown"
    assert list(killed.values()).count("success") == 24
    assert list(killed.values()).count("not_sent") == 5
    third = await job.night("three", BARE)
    assert (third.exit_code, third.counts[Status.UNCHANGED]) == (0, 30)
    assert max(Counter(job.sent()).values()) == 1


async def test_rows_without_email_of_a_night_whose_folder_is_gone_are_unknown_not_sent_again(job):
    rows = [*people(20), *bare(10)]
    job.write(rows)
    await job.killed("one", 25, BARE)
    job.run_dir("one").rename(job.folder / "elsewhere")

    summary = await job.night("two", BARE)

    assert summary.counts[Status.UNKNOWN] == 10
    sent = Counter(name for name in job.sent() if name.startswith("Bare"))
    assert max(sent.values()) == 1
    third = await job.night("three", BARE)
    assert (third.exit_code, third.counts[Status.UNCHANGED]) == (0, 30)


async def test_a_full_night_does_not_send_rows_without_email_again(job):
    job.write([*people(20), *bare(1)])
    await job.night("one", BARE)
    await job.night("two", BARE, full=True)
    assert Counter(job.sent())["Bare 0"] == 1
    assert len(job.sent()) == 41


LEAVING = MAPPING + "on_missing: {add_tags: [gone]}\n"


async def _cut(job: Job, name: str, after: int) -> bool:
    """A night that is cut off after a number of requests; returns whether it was."""
    before = len(job.sandbox.sent())
    task = asyncio.create_task(job.night(name, LEAVING))
    while len(job.sandbox.sent()) - before < after and not task.done():
        await asyncio.sleep(0)
    is_cut = not task.done()
    task.cancel()
    await asyncio.wait([task])
    return is_cut


async def _nights_cut_while_acting(job: Job, cuts: int) -> int:
    """Each night 4 of 30 contacts change, 4 leave and the 4 who left before return; it is cut twice."""
    everybody = {f"p{n}@example.org": "v0" for n in range(30)}
    job.write([[email, name, ""] for email, name in everybody.items()])
    await job.night("first", LEAVING)
    made = 0
    for version in range(1, cuts + 1):
        addresses = list(everybody)
        away = {addresses[(version * 4 + n) % 30] for n in range(4)}
        changing = [email for email in addresses if email not in away][version % 7 :][:4]
        everybody |= dict.fromkeys(changing, f"v{version}")
        here = {email: name for email, name in everybody.items() if email not in away}
        job.write([[email, name, ""] for email, name in here.items()])
        first = len(job.sandbox.sent())
        made += await _cut(job, f"cut{version}", version * 5 % 13)
        if version % 2:
            made += await _cut(job, f"again{version}", version * 3 % 7)
        if version % 3 and (job.run_dir(f"cut{version}") / "journal.sqlite3").exists():
            with contextlib.suppress(SetupError):  # a later night has begun
                await job.resume(f"cut{version}")
        summary = await job.night(f"last{version}", LEAVING)
        assert summary.exit_code == 0
        requests = job.sandbox.sent()[first:]
        gone = Counter(r.email for r in requests if r.form.get("add_tags") == "gone")
        assert set(gone) == away, "nobody is forgotten, and nobody else is taken for gone"
        for email, name in here.items():
            assert job.sandbox.contact(email).fields["lead_first_name"] == name
        # Only the request in flight when the night was cut may be made once more.
        assert len(requests) <= len({tuple(sorted(r.form.items())) for r in requests}) + 2
        await job.night(f"nothing{version}", LEAVING)
        assert len(job.sandbox.sent()) == first + len(requests)
    return made


async def test_who_left_is_acted_on_once_wherever_the_night_is_cut(job):
    assert await _nights_cut_while_acting(job, 8) >= 8


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_who_left_is_acted_on_once_however_often_nights_are_cut(job):
    assert await _nights_cut_while_acting(job, 75) >= 100


# -- every path of cut, resume and take-over, counted per row with rows without e-mail ----------------


async def _until_sent(job: Job, task: asyncio.Task, after: int) -> None:
    """Let a job send a number of requests, then leave it as a kill would."""
    before = len(job.sandbox.sent())
    while len(job.sandbox.sent()) - before < after and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize(
    "route", ["resume", "next night", "resume cut again", "next night cut again"]
)
@pytest.mark.parametrize("after", [5, 14])
async def test_of_a_cut_night_each_row_is_sent_once_but_for_the_one_in_flight(job, route, after):
    """Twelve rows with an e-mail, six without: the first cut is among those, the second among these."""
    job.write([*people(12), *bare(6)])
    await job.killed("one", after, BARE)
    cuts = 1
    if route == "resume cut again":
        await _until_sent(job, asyncio.create_task(job.resume("one", concurrency=1)), 2)
        cuts = 2
    elif route == "next night cut again":
        await _until_sent(job, asyncio.create_task(job.night("cut", BARE)), 2)
        cuts = 2
    if route.startswith("resume"):
        await job.resume("one", concurrency=1)
    else:
        await job.night("two", BARE)

    sent = Counter(job.sent())
    named = {f"Ann {n}" for n in range(12)}
    nameless = {f"Bare {n}" for n in range(6)}
    assert named <= set(sent) <= named | nameless
    assert max(sent[name] for name in nameless) == 1, "a row without e-mail was sent twice"
    assert len(nameless - set(sent)) == 0, "a row without e-mail was forgotten"
    assert sum(sent.values()) <= 18 + cuts, "only what was in flight at a cut is sent again"
    for request in job.sandbox.sent():
        name = request.form["lead_first_name"]
        expected = {"lead_first_name": name, "lead_phone": "+14155550123"}
        if name in named:
            expected["lead_email"] = f"p{name.removeprefix('Ann ')}@example.org"
        assert request.form == expected
    last = await job.night("last", BARE)
    assert last.counts[Status.UNCHANGED] == 18
    assert len(job.sent()) == sum(sent.values())


async def test_a_state_in_folders_that_are_not_there_yet_is_made(job):
    job.state = job.folder / "new" / "folders" / "job.state"
    job.write(people(2))
    assert (await job.night("one")).exit_code == 0
    assert job.state.is_file()
    assert (await job.night("two")).counts[Status.UNCHANGED] == 2


async def test_two_accounts_work_at_the_same_time_and_one_account_does_not(job, settings, tmp_path):
    job.write(people(30))
    async with Sandbox(faults=Faults(latency_ms=5)) as other:
        chosen = settings(other, run_dir=tmp_path / "other", concurrency=1)
        mapping = parse_mapping(MAPPING, "m.yml")
        ours, theirs = await asyncio.gather(
            job.night("one"), import_file_async(job.source, mapping, chosen)
        )
        assert (ours.counts[Status.SUCCESS], theirs.counts[Status.SUCCESS]) == (30, 30)
        again = replace(chosen, run_dir=tmp_path / "a")
        both = await asyncio.gather(
            import_file_async(job.source, mapping, again),
            import_file_async(job.source, mapping, replace(chosen, run_dir=tmp_path / "b")),
            return_exceptions=True,
        )
    assert sorted(type(one).__name__ for one in both) == ["BusyError", "Summary"]

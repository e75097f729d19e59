"""A log that is lost, cut or damaged, and a folder that is gone: noticed, and counted on the server."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bulk_import.errors import StorageError
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.journal import Journal
from bulk_import.journal.entries import Intent, JudgedRow, Settled
from bulk_import.journal.mark import Mark, Written
from bulk_import.models import Row, SourceInfo, Status
from tests.conftest import Ear, report_of

DATABASE, LOG, MARK = "journal.sqlite3", "journal.sqlite3-wal", "journal.mark"
ROWS = 60
MOMENT = "2026-01-01T00:00:00.000Z"


def image_at(request: int, sandbox, run_dir: Path, image: Path) -> None:
    """Copy what the disk holds while that request is under way."""

    def script(_number, _form):
        if len(sandbox.sent()) == request:
            image.mkdir()
            for name in (DATABASE, LOG, MARK):
                shutil.copy(run_dir / name, image / name)

    sandbox.script = script


def lose(folder: Path) -> None:
    (folder / LOG).unlink()


def lose_all_but_the_database(folder: Path) -> None:
    lose(folder)
    (folder / MARK).unlink()


def cut(folder: Path) -> None:
    content = (folder / LOG).read_bytes()
    (folder / LOG).write_bytes(content[: len(content) // 2])


def flip(folder: Path) -> None:
    content = bytearray((folder / LOG).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / LOG).write_bytes(content)


def take_one_of_another_run(folder: Path) -> None:
    (folder / LOG).unlink()
    with Journal.create(folder / "other.sqlite3") as other, other.deferring_syncs():
        shutil.copy(folder / "other.mark", folder / MARK)


@pytest.mark.parametrize(
    "harm", [lose, lose_all_but_the_database, cut, flip, take_one_of_another_run]
)
async def test_a_journal_that_lost_its_end_sends_no_row_without_email_twice(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path, harm: Callable[[Path], None]
):
    image = tmp_path / "image"
    image_at(40, sandbox, tmp_path / "run", image)
    source = contacts_csv(ROWS, bare=True)
    await import_file_async(source, bare_mapping, settings(sandbox, concurrency=4))
    history, sandbox.script = sandbox.sent(), None
    harm(image)
    ear = Ear()

    summary = await resume_async(image, settings(sandbox, concurrency=4), progress=ear)

    assert any("the end of the journal is missing" in line for line in ear.told)
    # The request during which the image was made is on its way, as those before it are.
    seen = [*history[:41], *sandbox.sent()[len(history) :]]
    bare = Counter(r.form["lead_first_name"] for r in seen if "lead_email" not in r.form)
    assert set(bare.values()) == {1}, "a row without e-mail was sent twice"
    emails = {r.email for r in seen if r.email}
    assert len(emails) == ROWS / 2, "a row with an e-mail was lost"
    unknown = [line for line in report_of(image) if line["status"] == "unknown"]
    assert {line["error_code"] for line in unknown} <= {"JOURNAL_LOST", "INTERRUPTED"}
    assert summary.counts[Status.UNKNOWN] == len(unknown)
    assert len(bare) + len(unknown) >= ROWS / 2
    assert (summary.exit_code, summary.balanced) == (1, True)


async def test_only_rows_that_may_have_been_sent_are_unknown_when_the_log_is_lost(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    image = tmp_path / "image"
    image_at(20, sandbox, tmp_path / "run", image)
    await import_file_async(contacts_csv(ROWS, bare=True), bare_mapping, settings(sandbox))
    sandbox.script = None
    lose(image)
    summary = await resume_async(image, settings(sandbox))
    assert 8 <= summary.counts[Status.UNKNOWN] <= 12


async def test_a_journal_that_is_whole_is_resumed_without_a_word(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    image = tmp_path / "image"
    image_at(40, sandbox, tmp_path / "run", image)
    await import_file_async(contacts_csv(ROWS, bare=True), bare_mapping, settings(sandbox))
    sandbox.script = None
    ear = Ear()
    summary = await resume_async(image, settings(sandbox), progress=ear)
    assert not [line for line in ear.told if "missing" in line]
    assert summary.counts[Status.UNKNOWN] <= 4


async def test_the_database_alone_is_enough_when_the_run_has_ended(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    await import_file_async(contacts_csv(20, bare=True), bare_mapping, settings(sandbox, limit=8))
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(tmp_path / "run" / DATABASE, alone / DATABASE)
    ear = Ear()
    assert (await resume_async(alone, settings(sandbox), progress=ear)).exit_code == 0
    assert not [line for line in ear.told if "missing" in line]
    assert len(sandbox.sent()) == 20


async def test_an_older_copy_of_the_database_does_not_send_again(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    run_dir, older = tmp_path / "run", tmp_path / "older"
    await import_file_async(contacts_csv(20, bare=True), bare_mapping, settings(sandbox, limit=8))
    shutil.copy(run_dir / DATABASE, older)
    await resume_async(run_dir, settings(sandbox))
    shutil.copy(older, run_dir / DATABASE)
    await resume_async(run_dir, settings(sandbox))
    bare = Counter(r.form["lead_first_name"] for r in sandbox.sent() if not r.email)
    assert max(bare.values()) == 1


@pytest.mark.parametrize("how", ["renamed", "deleted"])
async def test_a_folder_that_is_gone_stops_the_run_at_once(
    sandbox, settings, contacts_csv, bare_mapping, tmp_path, how
):
    run_dir, away = tmp_path / "run", tmp_path / "away"

    def script(_number, _form):
        if len(sandbox.sent()) == 30 and run_dir.exists():
            run_dir.rename(away) if how == "renamed" else shutil.rmtree(run_dir)

    sandbox.script = script
    source = contacts_csv(200, bare=True)
    with pytest.raises(StorageError, match="the run folder is gone"):
        await import_file_async(source, bare_mapping, settings(sandbox, concurrency=2))
    assert len(sandbox.sent()) <= 36
    assert not run_dir.exists(), "nothing is written where the folder was"
    if how == "renamed":
        sandbox.script = None
        summary = await resume_async(away, settings(sandbox, concurrency=2))
        bare = Counter(r.form["lead_first_name"] for r in sandbox.sent() if not r.email)
        assert max(bare.values()) == 1
        assert len(bare) + summary.counts[Status.UNKNOWN] >= 100
        assert summary.counts[Status.UNKNOWN] <= 2


def a_byte_of_a_block(db: sqlite3.Connection) -> None:
    """Turn one bit in the middle of the forms, which SQLite does not notice."""
    (data,) = db.execute("select data from block").fetchone()
    spoiled = bytearray(data)
    spoiled[len(spoiled) // 2] ^= 1
    db.execute("update block set data = ?", (bytes(spoiled),))


def an_email(db: sqlite3.Connection) -> None:
    db.execute("update record set email = 'p99@example.org' where seq = 15")


def a_corrected_form(db: sqlite3.Connection) -> None:
    """What was changed after judging is not in a block."""
    db.execute("update record set body = ?, checksum = 1 where seq = 15", (b"lead_email=p51",))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (a_byte_of_a_block, "damaged (the block of row 1: "),
        (an_email, "damaged (row 16 is not what was stored)"),
        (a_corrected_form, "damaged (row 16 is not what was stored)"),
    ],
)
async def test_a_form_that_is_not_what_was_stored_is_not_sent(
    sandbox, settings, contacts_csv, mapping, tmp_path, spoil, said
):
    await import_file_async(contacts_csv(20), mapping, settings(sandbox, limit=8))
    with closing(sqlite3.connect(tmp_path / "run" / DATABASE)) as db, db:
        spoil(db)
    try:
        summary = await resume_async(tmp_path / "run", settings(sandbox))
    except StorageError as exc:  # the reports need the block, too
        found = str(exc)
    else:
        found = summary.stopped
        assert summary.exit_code == 5
    assert said in found
    assert not {"p15@example.org", "p51", "p99@example.org"} & {r.email for r in sandbox.sent()}


@pytest.fixture
def journal(tmp_path):
    with Journal.create(tmp_path / DATABASE) as opened:
        opened.add_source(1, SourceInfo("a.csv", "csv", header=("E-mail",), labels=("E-mail",)))
        rows = [
            JudgedRow(1, Row("a.csv", "", n, {"E-mail": "x" * 500}), "", "", (), b"b", None)
            for n in range(2000)
        ]
        opened.add(1, rows)
        yield opened


def settled(seq: int) -> Settled:
    return Settled(seq, Status.SUCCESS, "0", "m" * 400, 1, 200, "", 1, again=False)


def test_what_must_survive_is_in_the_main_file_soon(journal, tmp_path):
    with journal.deferring_syncs(every_s=0) as syncer:
        for seq in range(1, 6):
            journal.commit([Intent(seq, 1, MOMENT), settled(seq)])
        syncer.sync()
        shutil.copy(journal.path, tmp_path / "alone.sqlite3")
    with Journal.open(tmp_path / "alone.sqlite3") as alone:
        assert alone.counts()[Status.SUCCESS] == 5


def test_a_program_that_reads_the_journal_for_long_ends_nothing_and_holds_nothing_up(journal):
    """A backup or a viewer keeps the log from beginning again: it grows, and commits go on."""
    reader = sqlite3.connect(journal.path, isolation_level=None)
    with journal.deferring_syncs(every_s=0) as syncer:
        reader.execute("begin")
        reader.execute("select count(*) from record").fetchone()
        for seq in range(1, 200):
            journal.commit([Intent(seq, 1, MOMENT), settled(seq)])
            syncer.copy_back(is_whole=True)
        reader.execute("commit")
        log = journal.path.with_name(LOG)
        before = log.stat().st_size
        syncer.copy_back(is_whole=True)
        assert before > 0
        assert log.stat().st_size == 0, "the log has its true size: it begins again"
    reader.close()
    assert journal.counts()[Status.SUCCESS] == 199


async def test_the_folder_is_looked_after_at_every_sync(journal, tmp_path):
    with journal.deferring_syncs() as syncer:
        await asyncio.to_thread(syncer.sync)
        journal.path.with_name(LOG).rename(tmp_path / "elsewhere")
        with pytest.raises(StorageError, match="the run folder is gone"):
            await asyncio.to_thread(syncer.sync)
        (tmp_path / "elsewhere").rename(journal.path.with_name(LOG))


@pytest.mark.parametrize("lasts", [[4], [4, 1], [1, 4]])
def test_rows_that_are_judged_again_after_a_loss_are_unknown_up_to_the_last_that_was_sent(
    tmp_path, lasts
):
    """What is lost holds rows as well as answers; a second loss does not make the first one smaller."""

    def bare_or_not(numbers):
        emails = {n: f"p{n}@x.org" if n % 2 else "" for n in numbers}
        return [
            JudgedRow(1, Row("a.csv", "", n, {"E-mail": email}), email, email, (), b"b", None)
            for n, email in emails.items()
        ]

    with Journal.create(tmp_path / DATABASE) as journal:
        journal.add_source(1, SourceInfo("a.csv", "csv", header=("E-mail",), labels=("E-mail",)))
        journal.add(1, bare_or_not([1]))
        for last in lasts:
            mark = Mark(journal.facts()["run"], Written(intents=last, settled=last, last=last))
            journal.mark_path.write_bytes(mark.packed())
            assert "the end of the journal is missing" in journal.find_losses()
            assert journal.find_losses() == ""
        journal.add(2, bare_or_not([2, 3, 4, 5, 6]))
        ended = {one.row: (one.status, one.error_code) for one in journal.outcomes()}
    lost, pending = (Status.UNKNOWN, "JOURNAL_LOST"), (Status.NOT_SENT, "RUN_STOPPED")
    assert ended == {1: pending, 2: lost, 3: pending, 4: lost, 5: pending, 6: pending}

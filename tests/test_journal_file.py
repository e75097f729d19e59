"""The file of a journal: created, opened, read and synced; errors that say what to do; how much of it is known to be there."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bulk_import.errors import SetupError, StorageError
from bulk_import.journal import Journal
from bulk_import.journal.database import FORMAT, JournalLockedError, sync_folder, translated
from bulk_import.journal.mark import Mark, MarkFile, Written
from bulk_import.models import SourceInfo, Status
from bulk_import.system.sqlite import WAIT_S
from tests.journals import accepted, failed, info, intent, journal_of, judged

RUN = "0123456789abcdef" * 2


@pytest.fixture
def journal(tmp_path) -> Iterator[Journal]:
    """Four rows, the second and third bare."""
    with journal_of(tmp_path, [judged(1), judged(2, ""), judged(3, ""), judged(4)]) as opened:
        yield opened


# -- created and opened ------------------------------------------------------------------------------


def test_a_journal_that_cannot_be_created_says_where_and_why(tmp_path):
    path = tmp_path / "nowhere" / "journal.sqlite3"
    with pytest.raises(StorageError) as raised:
        Journal.create(path)
    assert str(raised.value) == f"{path}: cannot be created: No such file or directory"


def test_a_journal_is_not_created_over_a_folder(tmp_path):
    (tmp_path / "journal.sqlite3").mkdir()
    with pytest.raises(StorageError) as raised:
        Journal.create(tmp_path / "journal.sqlite3")
    assert str(raised.value) == f"{tmp_path / 'journal.sqlite3'}: cannot be created: Is a directory"


def test_the_log_of_an_earlier_journal_is_not_replayed_into_a_new_one(tmp_path):
    for end in ("-wal", "-shm"):
        (tmp_path / f"journal.sqlite3{end}").write_bytes(b"of another journal")
    with Journal.create(tmp_path / "journal.sqlite3") as made:
        made.remember(x="1")
        assert made.facts()["x"] == "1"


def test_facts_and_sources_are_replaced_under_their_name(journal):
    journal.remember(a="1", b="2")
    journal.remember(a="3")
    assert (journal.facts()["a"], journal.facts()["b"]) == ("3", "2")
    whole = SourceInfo(
        "d.xlsx", "xlsx", "One", "", 3, ("A", "A (2)"), ("A", "A"), "ab12", {"places": "x"}
    )
    journal.add_source(2, info("other.csv"))
    journal.add_source(2, whole)
    assert journal.sources() == {1: info(), 2: whole}
    assert (journal.lost_upto(), journal.mark_path) == (0, journal.path.with_suffix(".mark"))


def test_lines_that_were_written_are_noticed(journal):
    before = journal.changes
    journal.facts()
    assert journal.changes == before
    journal.remember(a="1")
    assert journal.changes == before + 1


@pytest.mark.parametrize("known", ["7", None])
def test_a_journal_of_an_unknown_format_is_refused(journal, known):
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("delete from meta where key = 'format'")
        db.executemany("insert into meta values ('format', ?)", [(known,)] if known else [])
    with pytest.raises(SetupError) as raised:
        Journal.open(journal.path)
    assert str(raised.value) == (
        f"{journal.path}: journal format {known or '?'}, this program writes {FORMAT}; "
        "finish the run with the version that started it"
    )


def test_a_folder_without_a_journal_is_no_run_folder(tmp_path):
    with pytest.raises(SetupError) as raised:
        Journal.open(tmp_path / "journal.sqlite3")
    assert str(raised.value) == f"{tmp_path}: not a run folder (no journal.sqlite3 in it)"


def test_a_scratch_journal_is_not_synced_and_a_kept_one_is(journal, tmp_path):
    with Journal.scratch(tmp_path / "scratch.sqlite3") as scratch:
        assert scratch.chunk_options == {"keeps_cells": False, "quickly": True}
        assert scratch._one("pragma synchronous") == 0
    with Journal.scratch(tmp_path / "other.sqlite3", keeps_cells=True) as scratch:
        assert scratch.chunk_options == {"keeps_cells": True, "quickly": True}
    assert journal.chunk_options == {"keeps_cells": True, "quickly": False}
    assert journal._one("pragma synchronous") == 2


# -- read and written --------------------------------------------------------------------------------


def test_all_reads_of_a_snapshot_see_the_journal_as_at_the_first(journal):
    with journal.another() as writer:
        with journal.snapshot():
            assert journal.count_records() == 4
            writer.add(5, [judged(5)])
            assert (journal.count_records(), writer.count_records()) == (4, 5)
        assert journal.count_records() == 5
        with pytest.raises(ZeroDivisionError), journal.snapshot():
            raise ZeroDivisionError
        journal.remember(a="1")
        assert writer.facts()["a"] == "1"


def test_a_row_of_the_last_block_is_found_after_blocks_of_more_rows_than_are_kept(tmp_path):
    with journal_of(tmp_path, [judged(1)]) as journal:
        for seq in range(2, 9):
            journal.add(seq, [judged(seq)])
        for seq in (*range(1, 9), 8, 1, 5, 4, 3, 2, 1):
            assert journal.form(seq) == b"a=%d" % seq


def translated_error(path: Path, exc: sqlite3.Error, code: int | None = None) -> StorageError:
    if code is not None:
        exc.sqlite_errorcode = code
    with pytest.raises(StorageError) as raised, translated(path):
        raise exc
    assert raised.value.__cause__ is exc
    return raised.value


DAMAGED = "j: the journal is damaged (what SQLite says); restore it from a copy. Starting again in another folder would send every row again"
HELD = "j: another program holds it (what SQLite says); close that, then run the same command again: nothing is lost"
FULL = "j: cannot be read or written (what SQLite says); free some space or correct the permissions, then run the same command again: nothing is lost"


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        (sqlite3.OperationalError, sqlite3.SQLITE_BUSY, HELD),
        (sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT, HELD),
        (sqlite3.OperationalError, sqlite3.SQLITE_LOCKED, HELD),
        (sqlite3.OperationalError, sqlite3.SQLITE_ERROR, DAMAGED),
        (sqlite3.OperationalError, sqlite3.SQLITE_FULL, FULL),
        (sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE, FULL),
        (sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN, FULL),
        (sqlite3.OperationalError, None, FULL),
        (sqlite3.DatabaseError, None, DAMAGED),
        (sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT, DAMAGED),
    ],
)
def test_what_sqlite_says_is_told_with_what_to_do(kind, code, said):
    error = translated_error(Path("j"), kind("what SQLite says"), code)
    assert str(error) == said
    assert isinstance(error, JournalLockedError) is (said == HELD)


def test_a_journal_that_cannot_be_opened_for_want_of_handles_says_that_it_is_that(tmp_path):
    """SQLite says the same as of a missing permission."""
    exc = sqlite3.OperationalError("unable to open")
    exc.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        with pytest.raises(StorageError) as raised, translated(tmp_path):
            raise exc
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    cause = raised.value.__cause__
    assert isinstance(cause, OSError)
    assert cause.errno == errno.EMFILE


# -- syncs -------------------------------------------------------------------------------------------


def pragmas(journal: Journal) -> list[int]:
    return [
        journal._one(f"pragma {name}")
        for name in ("synchronous", "wal_autocheckpoint", "busy_timeout")
    ]


def test_while_syncs_are_deferred_commits_wait_for_nothing_and_afterwards_as_before(journal):
    usual = [2, 1000, 1000 * WAIT_S]
    assert pragmas(journal) == usual
    with journal.deferring_syncs():
        assert pragmas(journal) == [1, 0, 0]
        assert journal.facts()["sending"] == "1"
    assert pragmas(journal) == usual
    assert journal.facts()["sending"] == ""
    with pytest.raises(ZeroDivisionError), journal.deferring_syncs():
        raise ZeroDivisionError
    assert pragmas(journal) == usual
    assert journal.facts()["sending"] == "1"  # how it ended is not known
    journal.leave_syncs_to_others()
    assert pragmas(journal) == [1, *usual[1:]]


def test_a_commit_while_another_program_is_writing_is_said_at_once(journal):
    with closing(sqlite3.connect(journal.path)) as other, journal.deferring_syncs():
        other.execute("begin immediate")
        with pytest.raises(JournalLockedError, match="another program holds it"):
            journal.commit([intent(1)])
        other.rollback()
        journal.commit([intent(1)])
    assert journal.count_requests() == 1


def log_of(journal: Journal) -> Path:
    return journal.path.with_name(f"{journal.path.name}-wal")


def rows_in_the_main_file(journal: Journal) -> int:
    alone = journal.path.with_name("alone.sqlite3")
    alone.write_bytes(journal.path.read_bytes())
    with closing(sqlite3.connect(alone)) as db:
        return int(db.execute("select count(*) from attempt").fetchone()[0])


@pytest.mark.parametrize(
    ("options", "is_copied", "is_reset"),
    [
        ({"every_s": 1e9, "longest_log": 10**9}, False, False),
        ({"every_s": 0, "longest_log": 10**9}, True, False),
        ({"every_s": 1e9, "longest_log": 1}, True, True),
    ],
)
def test_the_log_is_copied_after_a_while_and_begins_again_when_it_is_long(
    journal, options, is_copied, is_reset
):
    with journal.deferring_syncs(**options) as syncer:
        journal.commit([intent(1)])
        assert rows_in_the_main_file(journal) == 0
        syncer.sync()
        assert rows_in_the_main_file(journal) == is_copied
        assert (log_of(journal).stat().st_size == 0) is is_reset


def test_a_log_of_just_the_longest_length_begins_again(journal):
    with journal.deferring_syncs(1e9, 10**9):
        journal.commit([intent(1)])
        length = log_of(journal).stat().st_size
    for longest, is_reset in ((length + 1, False), (length, True)):
        with journal.deferring_syncs(1e9, longest) as syncer:
            journal.commit([intent(2, longest)])
            log = log_of(journal)
            assert log.stat().st_size <= length
            with log.open("r+b") as file:  # what follows the last frame is no frame
                file.truncate(length)
            syncer.sync()
            assert (log.stat().st_size == 0) is is_reset


def test_the_mark_says_what_was_synced(journal):
    run = journal.facts()["run"]
    with journal.deferring_syncs() as syncer:
        assert Mark.read(journal.mark_path) == Mark(run, Written(0, 0, 0))
        journal.commit([intent(1), intent(4), accepted(1)])
        assert Mark.read(journal.mark_path) == Mark(run, Written(0, 0, 0))
        syncer.sync()
        assert Mark.read(journal.mark_path) == Mark(run, Written(2, 1, 4))
    with journal.deferring_syncs():
        assert Mark.read(journal.mark_path) == Mark(run, Written(2, 1, 4))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed by Linux")
def test_nothing_stays_open_when_syncs_are_not_deferred_any_more(journal):
    counts = []
    for _ in range(3):  # SQLite keeps a few for the next time
        with journal.deferring_syncs():
            pass
        counts.append(len([*Path("/proc/self/fd").iterdir()]))
    assert counts[0] == counts[1] == counts[2]


def test_a_mark_that_cannot_be_written_is_said_before_anything_is_sent(journal):
    journal.mark_path.mkdir()
    with pytest.raises(StorageError) as raised, journal.deferring_syncs():
        raise AssertionError("nothing may be sent")
    assert str(raised.value) == f"{log_of(journal)}: cannot be written: Is a directory"
    assert isinstance(raised.value.__cause__, IsADirectoryError)


def test_a_folder_that_cannot_be_synced_is_said(tmp_path):
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nowhere")


# -- the mark ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "is_in"),
    [((2, 1), True), ((3, 2), True), ((4, 2), False), ((3, 3), False), ((4, 1), False), ((2, 3), False)],
)  # fmt: skip
def test_what_was_synced_is_there_if_nothing_of_it_is_missing(mine, is_in):
    assert Written(*mine, last=9).is_in(Written(3, 2, last=1)) is is_in


def test_a_mark_is_replaced_in_place_and_read_back(tmp_path):
    path = tmp_path / "mark"
    file = MarkFile(path, RUN)
    file.write(Written(1, 2, 3))
    file.write(Written(4, 5, 2**63))
    file.sync()
    file.close()
    assert Mark.read(path) == Mark(RUN, Written(4, 5, 2**63))
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (60, 0o600)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", Mark(RUN, Written()).packed()[:-1], Mark(RUN, Written()).packed() + b"x", bytes(60)],
)  # fmt: skip
def test_a_mark_that_is_cut_or_changed_is_none(tmp_path, content):
    (tmp_path / "mark").write_bytes(content)
    assert Mark.read(tmp_path / "mark") is None
    assert Mark.read(tmp_path / "nowhere") is None


def test_a_mark_with_one_other_byte_is_none(tmp_path):
    content = bytearray(Mark(RUN, Written(1, 1, 1)).packed())
    for at in (0, 32, 59):
        spoiled = bytearray(content)
        spoiled[at] ^= 1
        (tmp_path / "mark").write_bytes(spoiled)
        assert Mark.read(tmp_path / "mark") is None
    assert content[-4:] == zlib.crc32(content[:-4]).to_bytes(4, "little")


# -- losses ------------------------------------------------------------------------------------------


def noted(journal: Journal, *written: int, run: str = "") -> None:
    journal.mark_path.write_bytes(Mark(run or journal.facts()["run"], Written(*written)).packed())


def unknown(journal: Journal) -> list[int]:
    return [
        seq
        for seq, outcome in enumerate(journal.outcomes(), 1)
        if outcome.error_code == "JOURNAL_LOST"
    ]


@pytest.mark.parametrize(
    ("written", "lost"),
    [
        ((2, 1, 3), None),  # as much as there is
        ((1, 0, 1), None),
        ((3, 1, 1), []),  # what is missing was sent before the bare rows
        ((3, 1, 2), [2]),
        ((2, 2, 3), [2, 3]),
        ((9, 9, 99), [2, 3]),
    ],
)
def test_bare_rows_up_to_the_last_one_sent_are_unknown_after_a_loss(journal, written, lost):
    journal.commit([intent(1), intent(4), accepted(1)])
    noted(journal, *written)
    said = journal.find_losses()
    assert said == (
        ""
        if lost is None
        else f"{journal.path}: the end of the journal is missing (its log journal.sqlite3-wal was lost or damaged). "
        f"{len(lost)} rows without e-mail that may have been sent are `unknown` and not sent again "
        "(--resend-unknown sends them); rows with an e-mail are sent again, which makes no second contact"
    )
    assert unknown(journal) == (lost or [])
    assert journal.lost_upto() == (0 if lost is None else written[2])
    # The mark says what is there, without the rows that a resume makes pending again.
    assert Mark.read(journal.mark_path) == Mark(journal.facts()["run"], Written(2, 0, 4))


def test_bare_rows_that_have_ended_are_not_doubted(journal):
    journal.commit([intent(2), failed(2)])
    noted(journal, 9, 9, 9)
    journal.find_losses()
    assert unknown(journal) == [3]


@pytest.mark.parametrize(("sending", "lost"), [("1", [2, 3]), ("", [])])
def test_without_its_own_mark_a_journal_is_whole_if_its_run_came_to_an_end(journal, sending, lost):
    journal.remember(sending=sending)
    noted(journal, 9, 9, 9, run=RUN)
    assert bool(journal.find_losses()) is bool(lost)
    assert unknown(journal) == lost
    assert Mark.read(journal.mark_path) == Mark(
        RUN, Written(9, 9, 9)
    )  # of another journal: left alone
    journal.mark_path.unlink()
    assert bool(journal.find_losses()) is bool(lost)
    assert not journal.mark_path.exists()


def test_what_the_journal_holds_is_counted_up_to_the_last_row_that_was_sent(journal):
    assert journal.counted() == (0, 0, 0)
    journal.commit([intent(2), failed(2)])
    assert journal.counted() == (1, 1, 2)
    journal.commit([intent(1), accepted(1)])
    assert journal.counted() == (2, 2, 2)
    journal.commit([intent(3)])
    assert journal.counted() == (3, 2, 3)
    journal.commit([intent(4), accepted(4)])
    assert journal.counted() == (4, 3, 4)
    assert journal.counts()[Status.SUCCESS] == 2


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """As on a full disk, for whoever runs the tests."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_mark_that_cannot_be_lowered_stops_the_run(journal):
    noted(journal, 0, 0, 0)
    with pytest.raises(StorageError) as raised, nothing_can_be_written():
        journal.find_losses()
    assert str(raised.value) == f"{journal.mark_path}: cannot be written: File too large"


def test_a_sync_that_fails_is_said_and_the_next_one_may_succeed(journal):
    with journal.deferring_syncs() as syncer:
        journal.commit([intent(1)])
        with pytest.raises(StorageError) as raised, nothing_can_be_written():
            syncer.sync()
        assert str(raised.value) == f"{log_of(journal)}: cannot be written: File too large"
        syncer.sync()
    assert Mark.read(journal.mark_path) == Mark(journal.facts()["run"], Written(1, 0, 1))


def test_a_journal_without_room_takes_nothing_and_goes_on_when_there_is_some(journal):
    journal._one("pragma max_page_count = 24")
    many = [judged(seq, row=None) for seq in range(5, 3000)]
    with pytest.raises(StorageError) as raised:
        journal.add(5, many)
    assert str(raised.value) == (
        f"{journal.path}: cannot be read or written (database or disk is full); free some space or correct the "
        "permissions, then run the same command again: nothing is lost"
    )
    assert journal.count_records() == 4
    journal._one("pragma max_page_count = 10000")
    journal.add(5, many)
    assert journal.count_records() == 2999


def test_a_block_that_was_damaged_on_the_disk_is_said(journal):
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("update block set data = x'00'")
    with pytest.raises(StorageError) as raised:
        journal.form(1)
    assert str(raised.value).startswith(
        f"{journal.path}: the journal is damaged (the block of row 1: Error -"
    )

"""Group commits, syncs and claims: what is on the disk when, and what another writer may delay."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.errors import StorageError
from bulk_import.jobs.importing import import_file_async
from bulk_import.journal import Journal
from bulk_import.journal.entries import Intent, JudgedRow, Settled
from bulk_import.models import Row, SourceInfo, Status
from bulk_import.sandbox.faults import Faults

ROWS = 40


class WatchedJournal(Journal):
    """A journal whose syncs are noted, and may fail as on a disk that refuses.

    Attributes:
        seen: How many intents were committed at each sync.
    """

    seen: list[int]
    refuses = False

    @contextmanager
    def deferring_syncs(self, **options: Any) -> Iterator[Any]:
        with super().deferring_syncs(**options) as syncer:
            self.seen = []

            def sync() -> None:
                if self.refuses:
                    raise StorageError("input/output error")
                with self.another() as reader:
                    self.seen.append(reader.count_requests())
                syncer.sync()

            yield SimpleNamespace(sync=sync)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[WatchedJournal]:
    """Forty rows, every second one bare."""
    with WatchedJournal.create(tmp_path / "journal.sqlite3") as opened:
        opened.add_source(1, SourceInfo("c.csv", "csv", header=("A",), labels=("A",)))
        opened.add(
            1,
            [
                JudgedRow(1, Row("c.csv", "", n + 1, {"A": "x"}), f"{n}@b.org" if n % 2 else "", f"{n}", (), b"a=x")
                for n in range(1, ROWS + 1)
            ],
        )  # fmt: skip
        yield opened


@pytest.fixture
def commits(journal: Journal, tmp_path: Path) -> Iterator[GroupCommit]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    reserve = Reserve(tmp_path / "reserve")
    reserve.take()

    async def make() -> GroupCommit:
        return GroupCommit(journal, reserve)

    made = loop.run_until_complete(make())
    made.run = loop.run_until_complete  # type: ignore[attr-defined]
    yield made
    made.close()
    loop.close()
    asyncio.set_event_loop(None)


def intent(seq: int) -> Intent:
    return Intent(seq, 1, "2026-01-01T00:00:00.000Z")


def settled(seq: int) -> Settled:
    return Settled(seq, Status.SUCCESS, "0", "", 1, 200, "2026-01-01T00:00:00.000Z", 5, False)


def test_the_intent_of_a_bare_row_is_synced_before_its_request_may_leave(commits, journal):
    async def one() -> list[int]:
        await commits.intents([intent(2)])
        return list(journal.seen)

    assert commits.run(one()) == [1]


def test_what_is_claimed_survives_a_kill_at_once_and_is_synced_soon(commits, journal):
    async def some() -> int:
        assert commits.claim([intent(1), intent(3)])
        with journal.another() as reader:  # as a resume after a kill would see it
            return reader.count_requests()

    assert commits.run(some()) == 2
    commits.run(commits.flush())
    assert journal.seen == [2]


def test_while_another_process_writes_nothing_blocks_and_nothing_is_lost(commits, journal):
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("begin immediate")

    async def write() -> None:
        assert not commits.claim([intent(1)]), "each such row claims for itself"
        commits.add(settled(3))
        waiting = asyncio.create_task(commits.intents([intent(2)]))
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert not waiting.done()
        other.execute("rollback")
        await waiting
        await commits.flush()

    commits.run(write())
    other.close()
    assert journal.counts()[Status.SUCCESS] == 1
    assert journal.count_requests() == 2  # of rows 2 and 3


def test_when_the_disk_refuses_to_sync_no_more_is_sent(commits, journal):
    heard: list[StorageError] = []
    commits.on_failure = heard.append
    journal.refuses = True

    async def write() -> None:
        with pytest.raises(StorageError, match="input/output"):
            await commits.intents([intent(2)])
        assert not commits.claim([intent(1)])
        with pytest.raises(StorageError):
            await commits.intents([intent(4)])

    commits.run(write())
    assert len(heard) == 1


def test_behind_sending_every_commit_is_synced_by_sqlite_again(journal, tmp_path):
    with journal.deferring_syncs():
        assert journal._db.execute("pragma synchronous").fetchone() == (1,)
    assert journal._db.execute("pragma synchronous").fetchone() == (2,)
    assert journal._db.execute("pragma busy_timeout").fetchone() == (60_000,)


@pytest.mark.parametrize(("longest_log", "is_short"), [(100_000, True), (100_000_000, False)])
def test_a_long_log_is_written_back_while_rows_are_sent(journal, longest_log, is_short):
    wal = journal.path.with_name("journal.sqlite3-wal")
    with journal.deferring_syncs(longest_log=longest_log) as syncer:
        longest = 0
        for n in range(300):
            journal.remember(**{f"fact{n}": "x" * 4000})
            syncer.sync()
            longest = max(longest, wal.stat().st_size)
    assert (longest < 500_000) == is_short, "it would be over a megabyte"
    assert len(journal.facts()) > 300


@pytest.mark.parametrize("concurrency", [4, 16, 64])
async def test_what_was_claimed_and_never_sent_is_not_in_doubt(
    sandbox, settings, contacts_csv, bare_mapping, concurrency
):
    sandbox.use(Faults(fatal_after=60))
    chosen = settings(sandbox, concurrency=concurrency)
    summary = await import_file_async(contacts_csv(600, bare=True), bare_mapping, chosen)
    assert summary.exit_code == 3
    assert summary.counts[Status.UNKNOWN] == 0
    accepted = sum(request.applied for request in sandbox.sent())
    assert summary.counts[Status.SUCCESS] == accepted
    assert summary.requests == len(sandbox.sent())
    assert summary.counts[Status.NOT_SENT] == 600 - summary.requests


async def test_a_finished_run_that_is_started_again_keeps_its_reports(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    source, run_dir = contacts_csv(30), tmp_path / "run"
    first = await import_file_async(source, mapping, settings(sandbox))
    written = (run_dir / "report.csv").stat().st_mtime_ns
    again = await import_file_async(source, mapping, settings(sandbox))
    assert (again.counts, again.exit_code) == (first.counts, 0)
    assert (run_dir / "report.csv").stat().st_mtime_ns == written
    (run_dir / "report.html").unlink()
    await import_file_async(source, mapping, settings(sandbox))
    assert (run_dir / "report.html").is_file(), "what is gone is written again"
    assert len(sandbox.sent()) == 30


@pytest.mark.parametrize("before", [1, 15, 16, 30])
def test_an_outcome_is_committed_soon_although_nothing_follows_it(commits, journal, before):
    """After a busy moment entries are gathered: a pause of the run must not keep them in memory."""

    async def write() -> None:
        for seq in range(1, before + 1):
            commits.add(settled(seq))
        await until(lambda: committed(journal) == before)
        commits.add(settled(before + 1))
        await until(lambda: committed(journal) == before + 1)

    commits.run(write())


def test_entries_that_come_while_the_disk_is_synced_are_synced_next(commits, journal):
    async def write() -> None:
        commits.add(settled(1))
        waiting = [asyncio.create_task(commits.intents([intent(n)])) for n in (2, 4, 6)]
        await asyncio.gather(*waiting)
        commits.add(settled(2))
        await commits.flush()
        await commits.flush()  # nothing is left: it returns at once

    commits.run(write())
    assert committed(journal) == 2
    assert journal.count_requests() == 4  # of rows 1, 2, 4 and 6


def test_the_intent_of_a_row_with_an_email_survives_a_kill_and_does_not_wait_for_the_disk(
    commits, journal
):
    """Sent twice, it makes no second contact."""
    journal.refuses = True

    async def write() -> int:
        await commits.intents([intent(1)], synced=False)
        with journal.another() as reader:
            return reader.count_requests()

    assert commits.run(write()) == 1


@pytest.mark.parametrize("synced", [True, False])
def test_a_disk_that_stays_full_refuses_every_intent_and_what_is_not_written_is_said_in_the_end(
    commits, journal, synced
):
    heard: list[StorageError] = []
    commits.on_failure = heard.append

    def full(_entries: object) -> None:
        raise StorageError("database or disk is full")

    journal.commit = full

    async def write() -> None:
        commits.add(settled(1))
        with pytest.raises(StorageError, match="disk is full"):
            await commits.intents([intent(2)], synced=synced)
        with pytest.raises(StorageError, match="disk is full"):
            await commits.flush()

    commits.run(write())
    assert len(heard) == 1
    assert (committed(journal), journal.count_requests()) == (0, 0)


def test_the_reserve_is_there_until_the_disk_is_full_and_then_its_room_is_given_back(tmp_path):
    reserve = Reserve(tmp_path / "reserve")
    reserve.take()
    assert (tmp_path / "reserve").stat().st_size == 4 * 2**20
    reserve.give_back()
    reserve.give_back()
    assert not (tmp_path / "reserve").exists()
    with pytest.raises(StorageError, match="free some space"):
        Reserve(tmp_path / "nowhere" / "reserve").take()


def committed(journal: Journal) -> int:
    with journal.another() as reader:
        return reader.counts()[Status.SUCCESS]


async def until(condition) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never happened")

"""Group commits, state by state: what is committed together, what is synced when, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.errors import StorageError
from bulk_import.journal.database import JournalLockedError
from bulk_import.journal.entries import Entry, Intent, Settled
from bulk_import.models import Status

FULL = StorageError("the disk is full")


class Disk:
    """A journal that notes what is committed together and what each sync makes durable.

    Attributes:
        trouble: What the next commits raise; called for each.
        refuses: What a sync raises.
        gate: Syncs end when it is open.
    """

    def __init__(self) -> None:
        self.commits: list[list[Entry]] = []
        self.syncs: list[int] = []
        self.trouble: Callable[[], Exception | None] = lambda: None
        self.refuses: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.is_deferring = False

    def commit(self, entries: Sequence[Entry]) -> None:
        if (exc := self.trouble()) is not None:
            raise exc
        self.commits.append(list(entries))

    @contextmanager
    def deferring_syncs(self) -> Iterator[Disk]:
        self.is_deferring = True
        yield self
        self.is_deferring = False

    def sync(self) -> None:
        durable = sum(map(len, self.commits))
        assert self.gate.wait(10)
        if self.refuses:
            raise self.refuses
        self.syncs.append(durable)

    @property
    def sizes(self) -> list[int]:
        return [len(entries) for entries in self.commits]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def commits(disk: Disk, tmp_path: Path) -> AsyncIterator[GroupCommit]:
    reserve = Reserve(tmp_path / "reserve")
    reserve.take()
    made = GroupCommit(disk, reserve)  # type: ignore[arg-type]
    yield made
    disk.gate.set()
    made.close()


class Still:
    """A clock that is set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def clock() -> AsyncIterator[Still]:
    """The event loop's: no timer falls due unless time is let pass."""
    loop = asyncio.get_running_loop()
    still = Still(loop.time())
    loop.time = still  # type: ignore[method-assign]
    yield still
    del loop.time


def intent(seq: int) -> Intent:
    return Intent(seq, 1, "now")


def settled(seq: int) -> Settled:
    return Settled(seq, Status.SUCCESS, "0", "", 1, 200, "now", 5, again=False)


async def turns(count: int = 3) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


# -- who is committed with whom -----------------------------------------------------------------------


async def test_in_a_quiet_run_what_is_added_is_committed_in_the_next_turn_and_synced(commits, disk):
    for seq in (1, 2):
        commits.add(settled(seq))
        assert len(disk.commits) == seq - 1, "not at once: others may come in the same turn"
        await turns()
        assert disk.sizes == [1] * seq
    await until(lambda: disk.syncs and disk.syncs[-1] == 2)


async def test_what_is_added_in_one_turn_is_committed_together_in_order(commits, disk):
    for seq in (3, 1, 2):
        commits.add(settled(seq))
    await turns()
    assert [[entry.seq for entry in batch] for batch in disk.commits] == [[3, 1, 2]]


@pytest.mark.parametrize(("batch", "gathers"), [(15, False), (16, True)])
async def test_after_a_large_batch_the_next_entries_are_gathered(
    commits, disk, clock, batch, gathers
):
    for seq in range(batch):
        commits.add(settled(seq))
    await turns()
    commits.add(settled(100))
    await turns()
    commits.add(settled(101))
    await turns()
    assert disk.sizes == ([batch] if gathers else [batch, 1, 1])
    clock.now += 0.005
    await turns()
    assert disk.sizes == ([batch, 2] if gathers else [batch, 1, 1])
    commits.add(settled(102))  # a small batch: the run is quiet again
    await turns()
    assert disk.sizes[-1] == 1


@pytest.mark.parametrize("synced", [True, False])
@pytest.mark.usefixtures("clock")
async def test_an_intent_ends_the_gathering(commits, disk, synced):
    for seq in range(16):
        commits.add(settled(seq))
    await turns()
    commits.add(settled(100))
    await turns()
    waiting = asyncio.create_task(commits.intents([intent(1)], synced=synced))
    await turns()
    assert disk.sizes == [16, 2], "without waiting for five milliseconds"
    await waiting


async def test_a_claim_is_committed_before_it_returns_with_all_that_was_gathered(commits, disk):
    commits.add(settled(1))
    assert commits.claim([intent(2), intent(3)]) is True
    assert disk.commits == [[settled(1), intent(2), intent(3)]]
    await commits.flush()
    assert (disk.sizes, disk.syncs[-1]) == ([3], 3)


async def test_an_intent_that_must_be_on_disk_waits_for_the_sync_and_another_one_does_not(
    commits, disk
):
    disk.gate.clear()
    synced = asyncio.create_task(commits.intents([intent(1)]))
    await commits.intents([intent(2)], synced=False)
    await turns()
    assert (synced.done(), disk.syncs) == (False, [])
    disk.gate.set()
    await synced
    assert disk.syncs[0] >= 1


# -- syncs --------------------------------------------------------------------------------------------


async def test_commits_made_while_the_disk_is_synced_share_the_next_sync(commits, disk):
    disk.gate.clear()
    commits.add(settled(1))
    await turns()
    for seq in (2, 3, 4):
        commits.add(settled(seq))
        await turns()
    assert disk.sizes == [1, 1, 1, 1]
    disk.gate.set()
    await commits.flush()
    assert disk.syncs == [1, 4]


async def test_a_busy_run_syncs_ten_milliseconds_later_unless_somebody_waits_for_it(
    commits, disk, clock
):
    for seq in range(16):
        commits.add(settled(seq))
    await turns()
    clock.now += 0.009
    await turns()
    for seq in range(16, 32):
        commits.add(settled(seq))
    await commits.intents([intent(100)])
    assert disk.syncs == [33], "the first sixteen had no sync of their own"
    clock.now += 1
    await turns()
    await asyncio.to_thread(threading.Event().wait, 0.01)
    assert disk.syncs == [33], "the timer of before syncs nothing more"
    for seq in range(32, 48):
        commits.add(settled(seq))
    await turns()
    clock.now += 0.005  # they are gathered, and committed
    await turns()
    clock.now += 0.01
    await until_synced(disk, 49)
    assert disk.syncs == [33, 49]


async def until_synced(disk: Disk, count: int) -> None:
    """Wait for the thread; no timer of the loop is needed."""
    while not disk.syncs or disk.syncs[-1] < count:
        await asyncio.to_thread(threading.Event().wait, 0.001)


async def test_flushing_waits_for_all_that_was_added_and_for_the_disk(commits, disk):
    disk.gate.clear()
    for seq in range(16):
        commits.add(settled(seq))
    await turns()
    commits.add(settled(16))
    flushing = [asyncio.create_task(commits.flush()) for _ in range(2)]
    await asyncio.sleep(0.02)
    assert [task.done() for task in flushing] == [False, False]
    disk.gate.set()
    await asyncio.wait_for(asyncio.gather(*flushing), 5)
    assert (sum(disk.sizes), disk.syncs[-1]) == (17, 17)
    await asyncio.wait_for(commits.flush(), 5)  # nothing is left


class OneByOne(threading.Semaphore):
    """A gate that lets some syncs end; ``set`` lets all of them."""

    def wait(self, timeout: float) -> bool:
        return self.acquire(timeout=timeout)

    def set(self) -> None:
        self.release(100)


async def test_flushing_waits_for_the_sync_that_follows_the_one_under_way(commits, disk):
    disk.gate = gate = OneByOne(0)
    for seq in (1, 2):
        commits.add(settled(seq))
        await turns()
    flushing = asyncio.create_task(commits.flush())
    await turns()
    gate.release()
    await until_synced(disk, 1)
    await turns(10)
    assert not flushing.done()
    gate.set()
    await asyncio.wait_for(flushing, 5)
    assert disk.syncs == [1, 2]


async def test_somebody_who_no_longer_waits_does_not_keep_the_others_from_being_told(commits, disk):
    disk.gate.clear()
    gone = asyncio.create_task(commits.intents([intent(1)]))
    stays = asyncio.create_task(commits.intents([intent(2)]))
    flushing = [asyncio.create_task(commits.flush()) for _ in range(2)]
    await turns()
    gone.cancel()
    flushing[0].cancel()
    await turns()
    disk.gate.set()
    await asyncio.wait_for(asyncio.gather(stays, flushing[1]), 5)


async def test_closing_lets_the_journal_sync_its_own_commits_again(disk, tmp_path):
    made = GroupCommit(disk, Reserve(tmp_path / "reserve"))  # type: ignore[arg-type]
    assert disk.is_deferring
    made.close()
    assert not disk.is_deferring


# -- another process writes ---------------------------------------------------------------------------


class Lock:
    """Locks the journal until it is taken off; counts who came."""

    def __init__(self, disk: Disk) -> None:
        self.is_on, self.tries = True, 0
        disk.trouble = self

    def __call__(self) -> Exception | None:
        self.tries += 1
        return JournalLockedError("another program is writing") if self.is_on else None


async def test_what_is_added_while_another_process_writes_is_committed_when_it_is_done(
    commits, disk
):
    lock = Lock(disk)
    commits.add(settled(1))
    waiting = asyncio.create_task(commits.intents([intent(2)]))
    await until(lambda: lock.tries >= 3)
    commits.add(settled(3))
    assert commits.claim([intent(4)]) is False
    assert (disk.commits, waiting.done(), commits.failure) == ([], False, None)
    lock.is_on = False
    await waiting
    assert disk.commits == [[settled(1), intent(2), settled(3)]]
    assert commits.claim([intent(4)]) is True


async def test_a_claim_that_finds_the_journal_locked_leaves_nothing_of_itself_behind(commits, disk):
    lock = Lock(disk)
    commits.add(settled(1))
    assert commits.claim([intent(2), intent(3)]) is False
    assert lock.tries == 1
    assert commits.claim([intent(2)]) is False
    assert lock.tries == 1, "it is known to be locked"
    lock.is_on = False
    await until(lambda: disk.commits)
    assert disk.commits == [[settled(1)]]
    assert commits.claim([intent(2)]) is True


async def test_a_locked_journal_is_tried_again_every_millisecond(commits, disk, clock):
    lock = Lock(disk)
    commits.add(settled(1))
    await turns()
    assert lock.tries == 1
    for tries in (2, 3):
        clock.now += 0.001
        await turns()
        assert lock.tries == tries
    lock.is_on = False
    clock.now += 0.001
    await turns()
    assert disk.commits == [[settled(1)]]


async def test_after_a_claim_that_found_the_journal_locked_it_is_looked_again_by_itself(
    commits, disk, clock
):
    lock = Lock(disk)
    assert commits.claim([intent(1)]) is False
    lock.is_on = False
    assert commits.claim([intent(1)]) is False, "nobody has looked yet"
    clock.now += 0.001
    await turns()
    assert commits.claim([intent(1)]) is True
    assert disk.commits == [[intent(1)]]


async def test_a_claim_of_its_own_that_finds_the_journal_locked_is_no_reason_to_wait_for_ever(
    commits, disk
):
    lock = Lock(disk)
    assert commits.claim([intent(1)]) is False
    lock.is_on = False
    await asyncio.wait_for(commits.flush(), 5)
    assert disk.commits == []
    assert commits.claim([intent(1)]) is True


class HastyLoop(asyncio.SelectorEventLoop):
    """Looking at the clock takes four seconds."""

    at = 0.0

    def time(self) -> float:
        self.at += 4
        return self.at


def test_a_journal_that_stays_locked_for_a_minute_fails(disk, tmp_path):
    lock = Lock(disk)

    async def write() -> None:
        commits = GroupCommit(disk, Reserve(tmp_path / "reserve"))  # type: ignore[arg-type]
        with pytest.raises(JournalLockedError, match="another program is writing"):
            await commits.intents([intent(1)])
        assert isinstance(commits.failure, JournalLockedError)
        assert lock.tries > 3
        commits.close()

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(write())


# -- failures -----------------------------------------------------------------------------------------


async def test_a_full_disk_refuses_intents_and_writes_what_was_sent_into_the_reserve(
    commits, disk, tmp_path
):
    heard: list[StorageError] = []
    commits.on_failure = heard.append
    failing = [FULL]
    disk.trouble = lambda: failing.pop() if failing else None
    commits.add(settled(1))
    waiting = [asyncio.create_task(commits.intents([intent(n)], synced=n == 2)) for n in (2, 3)]
    for task in waiting:
        with pytest.raises(StorageError, match="the disk is full"):
            await task
    assert disk.commits == [[settled(1)]]
    assert (heard, commits.failure) == ([FULL], FULL)
    assert not (tmp_path / "reserve").exists()
    commits.add(settled(4))  # of a request that was in flight
    await commits.flush()
    assert disk.commits == [[settled(1)], [settled(4)]]
    assert commits.claim([intent(5)]) is False
    with pytest.raises(StorageError, match="the disk is full"):
        await commits.intents([intent(6)])
    assert (disk.sizes, len(heard)) == ([1, 1], 1)


async def test_a_claim_on_a_full_disk_is_refused_and_ends_the_writing(commits, disk):
    failing = [FULL]
    disk.trouble = lambda: failing.pop() if failing else None
    commits.add(settled(1))
    assert commits.claim([intent(2)]) is False
    assert (disk.commits, commits.failure) == ([[settled(1)]], FULL)


async def test_what_finds_no_room_in_the_reserve_either_is_an_error_at_the_end(commits, disk):
    disk.trouble = lambda: FULL
    commits.add(settled(1))
    with pytest.raises(StorageError, match="the disk is full"):
        await commits.flush()
    disk.trouble = lambda: None
    await commits.flush()  # somebody has made room meanwhile
    assert disk.commits == [[settled(1)]]


@pytest.mark.parametrize("exc", [StorageError("input/output error"), ValueError("a bug")])
async def test_a_sync_that_fails_refuses_those_who_wait_for_it_and_all_later_intents(
    disk, tmp_path, exc
):
    commits, heard = GroupCommit(disk, Reserve(tmp_path / "reserve")), []  # type: ignore[arg-type]
    commits.on_failure = lambda failure: heard.append(str(failure))
    disk.refuses = exc
    is_bug = isinstance(exc, ValueError)
    said = "the journal is not written any more because of a bug" if is_bug else str(exc)
    for seq in (1, 2):
        with pytest.raises(StorageError) as found:
            await commits.intents([intent(seq)])
        assert str(found.value) == said
    assert (heard, disk.sizes) == ([said], [1])
    await asyncio.wait_for(commits.flush(), 5)
    if is_bug:
        with pytest.raises(ValueError, match="a bug"):
            commits.close()
    else:
        commits.close()
    assert not disk.is_deferring


@pytest.mark.parametrize("times", [1, 2], ids=["once", "in the reserve as well"])
async def test_a_bug_in_a_commit_keeps_nobody_waiting_and_is_raised_in_the_end(
    disk, tmp_path, times
):
    commits = GroupCommit(disk, Reserve(tmp_path / "reserve"))  # type: ignore[arg-type]
    bugs: list[Exception] = [ValueError("the second"), ValueError("the first")][-times:]
    disk.trouble = lambda: bugs.pop() if bugs else None
    commits.add(settled(1))
    with pytest.raises(StorageError, match="not written any more because of a bug"):
        await asyncio.wait_for(commits.intents([intent(2)]), 5)
    assert disk.commits == ([[settled(1)]] if times == 1 else [])
    with pytest.raises(ValueError, match="the first"):
        commits.close()


@pytest.mark.parametrize("exc", [ValueError("a bug"), FULL])
async def test_a_claim_that_is_not_written_is_never_said_to_be(disk, tmp_path, exc):
    commits = GroupCommit(disk, Reserve(tmp_path / "reserve"))  # type: ignore[arg-type]
    disk.trouble = lambda: exc
    assert commits.claim([intent(1)]) is False
    disk.trouble = lambda: None
    assert commits.claim([intent(2)]) is False
    with contextlib.suppress(ValueError):
        commits.close()
    assert disk.commits == []


def test_a_reserve_without_room_is_given_back_and_told_with_its_folder(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(StorageError) as found:
        Reserve(folder / "reserve").take()
    assert str(found.value) == f"{folder}: No such file or directory; free some space"
    folder.mkdir()
    taken = folder / "reserve"
    taken.symlink_to("/dev/full")
    with pytest.raises(StorageError, match=f"^{folder}: No space left on device; free some space$"):
        Reserve(taken).take()
    assert not taken.is_symlink(), "half a reserve helps nobody"

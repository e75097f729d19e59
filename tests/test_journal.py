"""The run's memory: one status for each row at every moment, whatever ends the run."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.errors import SetupError, StorageError
from bulk_import.journal import Journal
from bulk_import.journal.database import FORMAT
from bulk_import.journal.entries import (
    AttemptResult,
    Intent,
    JudgedRow,
    Refusal,
    Settled,
    Unsettled,
)
from bulk_import.models import Problem, Row, Severity, SourceInfo, Status

DOUBT = Problem("W", "careful", "Phone: mobile", "lead_phone", "8 (415)", Severity.WARNING)
BAD = Problem("X", 'bad: "a; B: c"', "B", "lead_email", "a; B: c")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Three rows: one with e-mail, one bare, one refused."""
    with Journal.create(tmp_path / "journal.sqlite3") as opened:
        opened.add_source(1, SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B")))
        rows = [
            Row(
                "c.csv", "", n, {"A": str(n), "B": "x"}, (Problem("X", "y", "A"),) if n == 4 else ()
            )
            for n in (2, 3, 4)
        ]
        opened.add(
            1,
            [
                JudgedRow(1, rows[0], "a@b.org", "a@b.org", (DOUBT,), b"lead_email=a%40b.org"),
                JudgedRow(1, rows[1], "", "+1", (), b"lead_phone=%2B1"),
                JudgedRow(1, rows[2], "", "", (), None, Refusal(Status.INVALID, (BAD,))),
            ],
        )
        yield opened


def intent(seq: int, number: int = 1) -> Intent:
    return Intent(seq, number, "2026-01-01T00:00:00Z")


def settled(seq: int, status: Status = Status.SUCCESS, *, again: bool = False) -> Settled:
    return Settled(seq, status, "0", "", 1, 200, "2026-01-01T00:00:00Z", 5, again)


def test_the_journal_is_private(journal):
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_every_row_has_one_status_at_every_moment(journal):
    def now() -> dict[str, int]:
        return {status.value: n for status, n in journal.counts().items() if n}

    assert now() == {"invalid": 1, "not_sent": 2}
    journal.commit([intent(1), intent(2)])
    assert now() == {"invalid": 1, "unknown": 2}
    journal.commit([settled(1)])
    assert now() == {"invalid": 1, "unknown": 1, "success": 1}
    assert [o.status for o in journal.outcomes()] == ["success", "unknown", "invalid"]
    assert journal.count_requests() == 2


def test_rows_read_back_as_they_were(journal):
    (_, row, outcome), *_rest, (_, last, refused) = journal.results()
    assert (row.cells, row.number, outcome.warnings) == ({"A": "2", "B": "x"}, 2, (DOUBT,))
    assert last.problems == (Problem("X", "y", "A"),)
    assert (refused.status, refused.error_code, refused.reasons) == (Status.INVALID, "X", (BAD,))
    assert refused.message == 'B: bad: "a; B: c"'


def test_a_row_without_problems_stores_nothing_for_them(journal):
    """The journal is written for every row: what most rows do not have must not cost them."""
    with closing(sqlite3.connect(journal.path)) as db:
        assert db.execute("select problems, warnings from record where seq = 2").fetchone() == (
            None,
            None,
        )
        journal.commit([intent(1), settled(1)])
        assert db.execute("select count(*) from outcome where seq = 1").fetchone() == (0,)
        assert db.execute("select elapsed_ms from accepted").fetchall() == [(5,)]


def test_a_journal_of_another_format_is_refused_by_name(journal):
    journal.remember(format="1")
    journal.close()
    with pytest.raises(
        SetupError, match=rf"{journal.path}: journal format 1, this program writes {FORMAT}"
    ):
        Journal.open(journal.path)


def test_after_a_crash_rows_with_email_are_sent_again_and_bare_ones_are_unknown(journal):
    journal.commit([intent(1), intent(2)])
    journal.reopen()
    (row,) = journal.pending()
    assert (row.seq, row.attempts, row.next_number, row.in_doubt) == (1, 1, 2, True)
    assert [o.error_code for o in journal.outcomes()][1] == "INTERRUPTED"
    journal.reopen(resend_unknown=True)
    assert [row.seq for row in journal.pending()] == [1, 2]


def test_a_withdrawn_attempt_counts_for_nothing(journal):
    journal.commit([intent(2), Unsettled(2, 1, AttemptResult.WITHDRAWN, "no connection", None, 0)])
    journal.reopen()
    assert [(row.seq, row.attempts, row.in_doubt) for row in journal.pending()] == [
        (1, 0, False),
        (2, 0, False),
    ]
    assert journal.count_requests() == 0


def test_what_was_confirmed_is_never_pending_again(journal):
    journal.commit([intent(1), settled(1), intent(2), settled(2, Status.FAILED)])
    journal.reopen()
    assert list(journal.pending()) == []
    journal.reopen(retry_failed=True)
    assert [row.seq for row in journal.pending()] == [2]


def test_a_row_that_was_refused_is_not_in_doubt_when_it_is_to_be_sent_again(journal):
    """Its refusal is an answer, also for a resume after one that ended before it was sent again."""
    journal.commit([intent(1), settled(1), intent(2), settled(2, Status.FAILED)])
    before = journal.attempts(2)
    journal.reopen(retry_failed=True)
    for _ in range(2):
        assert [(row.seq, row.in_doubt) for row in journal.pending()] == [(2, False)]
        journal.reopen()
    (after,) = journal.attempts(2)
    assert (after.number, after.started_at, after.result) == (1, before[0].started_at, "repelled")


def test_a_journal_that_is_there_is_a_whole_one(tmp_path):
    """Killed while it is made, it is not there at all: the same command begins again."""
    (tmp_path / ".journal.sqlite3.part").write_bytes(b"half of it")
    with Journal.create(tmp_path / "journal.sqlite3", {"endpoint": "https://x"}) as made:
        facts = made.facts()
        assert (len(facts.pop("run")), len(facts.pop("epoch_ms"))) == (32, 13)
        assert facts == {"format": FORMAT, "endpoint": "https://x"}
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite3"]


def test_a_batch_is_written_whole_or_not_at_all(journal):
    with pytest.raises(StorageError):
        journal.commit([intent(1), settled(1), settled(1)])
    assert journal.counts()[Status.SUCCESS] == 0


@pytest.mark.parametrize("first", [Status.SUCCESS, Status.FAILED])
@pytest.mark.parametrize("second", [Status.SUCCESS, Status.FAILED])
def test_a_row_ends_once(journal, first, second):
    journal.commit([intent(1), settled(1, first)])
    with pytest.raises(StorageError):
        journal.commit([intent(2), settled(1, second)])
    assert journal.count_requests() == 1
    assert {status: n for status, n in journal.counts().items() if n} == {
        first: 1, Status.NOT_SENT: 1, Status.INVALID: 1,
    }  # fmt: skip


def test_a_damaged_or_foreign_journal_is_refused_with_advice(journal, tmp_path):
    path = journal.path
    journal.remember(x="y" * 20_000)
    journal.close()
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        Journal.open(path)
    with pytest.raises(SetupError, match="not a run folder"):
        Journal.open(tmp_path / "nothing" / "journal.sqlite3")


def test_damage_where_nothing_is_read_is_found_up_to_a_size_beyond_which_looking_takes_too_long(
    journal,
):
    """A page is spoiled that the question below does not read."""
    path = journal.path
    page = journal._one("select rootpage - 1 from sqlite_master where name = 'block'") * 4096
    journal.checkpoint(is_whole=True)
    journal.close()
    content = bytearray(path.read_bytes())
    content[page : page + 4] = b"\xff" * 4
    path.write_bytes(content)
    size = len(content)
    with pytest.raises(StorageError, match="damaged"):
        Journal.open(path, checked_bytes=size)
    with Journal.open(path, checked_bytes=size - 1) as opened:
        assert opened.counts()[Status.SUCCESS] == 0


async def test_group_commits_keep_the_order_and_are_durable(journal):
    with journal.another() as reader:
        commits = GroupCommit(journal, Reserve(journal.path.with_suffix(".reserve")))
        await asyncio.gather(commits.intents([intent(1)]), commits.intents([intent(2)]))
        assert reader.count_requests() == 2
        commits.add(settled(1))
        await commits.flush()
        assert reader.counts()[Status.SUCCESS] == 1
        commits.close()


async def test_when_the_disk_is_full_no_intent_is_accepted_and_settlements_use_the_reserve(
    journal, tmp_path
):
    reserve = Reserve(tmp_path / "reserve")
    reserve.take()
    commits = GroupCommit(journal, reserve)
    heard: list[StorageError] = []
    commits.on_failure = heard.append
    await commits.intents([intent(1)])
    written = journal.commit

    def full(entries: list) -> None:
        if (tmp_path / "reserve").exists():
            raise StorageError("database or disk is full")
        written(entries)

    journal.commit = full  # type: ignore[method-assign]
    commits.add(settled(1))
    with pytest.raises(StorageError):
        await commits.intents([intent(2)])
    await commits.flush()
    commits.close()
    assert len(heard) == 1
    assert journal.counts()[Status.SUCCESS] == 1
    assert journal.count_requests() == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed by Linux")
def test_a_journal_that_is_refused_is_closed(tmp_path):
    """An open one would hold its locks, and warn of itself in another test."""
    path = tmp_path / "journal.sqlite3"
    Journal.create(path, {"format": "0"}).close()
    with pytest.raises(SetupError, match="journal format 0"):
        Journal.open(path)
    handles = [file for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    assert str(path) not in [str(file.readlink()) for file in handles if file.exists()]


def test_pending_rows_are_found_among_many_that_have_ended(tmp_path):
    """Whoever sends must not be held up by what is sent already: it answers signals as well."""
    with Journal.create(tmp_path / "journal.sqlite3") as journal:
        journal.add_source(1, SourceInfo("c.csv", "csv", header=("A",), labels=("A",)))
        row, many, body = Row("c.csv", "", 2, {"A": "x"}), 10_000, b"lead_email=a%40b.org"
        journal.add(1, [JudgedRow(1, row, "a@b.org", "a@b.org", (), body)] * many)
        left = {1, 4095, 4096, 9_999, 10_000}
        journal.commit([settled(seq) for seq in range(1, many + 1) if seq not in left])

        spans = journal.pending_spans()

        assert spans == [(0, 4095), (4096, 8191), (8192, 12_287)]
        assert [row.seq for row in journal.pending(spans=spans)] == sorted(left)
        assert [row.seq for row in journal.pending(spans=spans, limit=2)] == [1, 4095]
        assert [row.seq for row in journal.pending(spans=[(4096, 4096), (5, 9)])] == [4096]
        journal.commit([settled(seq) for seq in left])
        assert journal.pending_spans() == []
        assert list(journal.pending(spans=spans)) == []


@pytest.mark.parametrize("rows", [500, 501, 1000])
def test_rows_that_are_read_in_pages_come_once_and_in_order(tmp_path, rows):
    """A page is 500 rows: one that is exactly full must neither end the reading nor come again."""
    every = list(range(1, rows + 1))
    with Journal.create(tmp_path / "journal.sqlite3") as journal:
        journal.add_source(1, SourceInfo("c.csv", "csv", header=("A",), labels=("A",)))
        judged = [JudgedRow(1, Row("c.csv", "", n, {"A": "x"}), f"p{n}@b.org", f"p{n}@b.org", (), b"a=%d" % n) for n in every]  # fmt: skip
        journal.add(1, judged)
        bodies = [b"a=%d" % seq for seq in every]
        assert [row.seq for row in journal.pending()] == every
        assert [row.seq for row in journal.pending(spans=journal.pending_spans())] == every
        assert [row.seq for row in journal.pending(upto=lambda: rows)] == every
        assert [body for *_, body in journal.sendable()] == bodies
        assert [body for _, body in journal.bodies()] == bodies
        assert [(seq, body) for seq, _, body, _ in journal.payloads()] == list(zip(every, bodies, strict=True))  # fmt: skip
        assert [one.row for one in journal.outcomes()] == every
        assert [row.number for _, row, _ in journal.results()] == every
        journal.add_refusals((seq, Refusal(Status.INVALID, (BAD,))) for seq in every)
        assert [seq for seq, *_ in journal.ended_in(Status.INVALID)] == every
        assert [seq for seq, *_ in journal.said_no(("X",))] == every
        assert list(journal.pending()) == []


@pytest.mark.parametrize("others", [(), ("102", 1), ("0", 3)])
def test_sums_over_all_rows_are_those_of_looking_at_each(tmp_path, others):
    """Most rows end alike, and are counted without being looked at."""
    with Journal.create(tmp_path / "journal.sqlite3") as journal:
        journal.add_source(1, SourceInfo("c.csv", "csv", header=("A",), labels=("A",)))
        row, body = Row("c.csv", "", 2, {"A": "x"}), b"lead_email=a%40b.org"
        bad = Refusal(Status.INVALID, (BAD,))
        journal.add(1, [JudgedRow(1, row, "a@b.org", "a@b.org", (), body)] * 9)
        journal.add(10, [JudgedRow(1, row, "", "", (), None, bad)] * 2)
        for seq in range(1, 8):
            code, attempts = others if others and seq in (2, 5) else ("0", 1)
            for number in range(1, attempts + 1):
                journal.commit([intent(seq, number)])
                if number < attempts:
                    journal.commit([Unsettled(seq, number, AttemptResult.REPELLED, "", 429, 1)])
            status = Status.FAILED if seq == 7 else Status.SUCCESS
            journal.commit(
                [Settled(seq, status, code, "", attempts, 200, "2026-01-01T00:00:00Z", 5, False)]
            )
        journal.commit([intent(8)])
        outcomes = list(journal.outcomes())
        statuses = [outcome.status for outcome in outcomes]
        assert journal.counts() == {status: statuses.count(status) for status in Status}
        codes = Counter(
            o.error_code for o in outcomes if o.error_code and o.error_code != "INTERRUPTED"
            and o.error_code != "RUN_STOPPED"
        )  # fmt: skip
        assert journal.count_codes() == codes
        assert journal.count_requests() == sum(outcome.attempts for outcome in outcomes)
        assert journal.counted() == (journal.count_requests(), 7, 8)
        assert journal.count_pending() == 2

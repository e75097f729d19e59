"""What sending reads and writes: pending rows, intents before requests, and their results."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from bulk_import.errors import Message, StorageError
from bulk_import.journal.blocks import Block
from bulk_import.journal.database import (
    CHUNK,
    CONTACT,
    IN_DOUBT,
    NOT_ENDED,
    REPELLED,
    Database,
    translated,
)
from bulk_import.journal.entries import Entry, Intent, Pending, Settled
from bulk_import.journal.mark import Written
from bulk_import.journal.packing import checksum, pack_moment, pack_ms, source_and_sheet
from bulk_import.models import Status

Spans = Sequence[tuple[int, int]]

_STRETCH = 4096  # rows: some milliseconds to look through
_IS_PENDING = f"r.body is not null and {NOT_ENDED}"
# The columns of a row that was sent, in the order of ``Settled``.
SETTLED = f"({', '.join(Settled._fields)})"


class Ledger(Database):
    """The journal while rows are being sent."""

    def reopen(self, *, retry_failed: bool = False, resend_unknown: bool = False) -> None:
        """Make rows pending again that a resumed run sends again.

        Bare rows in flight when the last run died become ``unknown`` first.
        """
        self.settle_doubts()
        with self._writing():
            self._db.execute(REPELLED.format("" if retry_failed else "and o.again = 1"))
            self._db.execute(
                "delete from outcome where status in ('failed','unknown','not_sent') and again = 1"
            )
            if retry_failed:
                self._db.execute("delete from outcome where status = 'failed'")
            if resend_unknown:
                self._db.execute("delete from outcome where status = 'unknown'")

    def settle_doubts(self) -> None:
        """Settle bare rows that were in flight when a run died, as ``unknown``.

        The server may have them, and sending them again would create a second contact.
        """
        with self._writing():
            self._db.execute(
                f"""insert into outcome {SETTLED}
                    select r.seq, 'unknown', 'INTERRUPTED',
                        'sent, but the run was interrupted before the answer came',
                        (select count(*) from attempt a
                         where a.seq = r.seq and a.result is not 'withdrawn'),
                        null, (select max(started_at) from attempt a where a.seq = r.seq), null, 0
                    from record r
                    where r.email = '' and r.seq in (select seq from attempt)
                    and {NOT_ENDED} and {IN_DOUBT}"""
            )

    def pending(
        self,
        *,
        limit: int | None = None,
        spans: Spans | None = None,
        upto: Callable[[], int] | None = None,
    ) -> PendingRows:
        """Yield the rows that are still to be sent, in source order, as they are now.

        Args:
            limit: The most rows to yield.
            spans: Look only there, as of ``pending_spans``; otherwise everywhere.
            upto: Where rows are still being judged: returns the seq of the last one that is. An
                iterator that has ended may then be asked again.
        """
        return PendingRows(self, limit, spans, upto)

    def pending_spans(self) -> Spans:
        """Return (first seq, last seq) of stretches that hold all rows to be sent, in order.

        Looking for them takes a second in a million rows; reading them then takes no longer than
        there are rows to be sent, so that whoever reads is not held up.
        """
        with translated(self.path):
            found = self._db.execute(
                f"select distinct r.seq / {_STRETCH} from record r where {_IS_PENDING} order by 1"
            ).fetchall()
        return [(at * _STRETCH, (at + 1) * _STRETCH - 1) for (at,) in found]

    def tried(self, seq: int) -> tuple[int, int, bool]:
        """Return (attempts made, number of the next, whether one may have been applied)."""
        with translated(self.path):
            made, number, in_doubt = self._db.execute(
                """select sum(result is not 'withdrawn'), coalesce(max(number), 0) + 1,
                          sum(result is null or result = 'doubtful')
                   from attempt where seq = ?""",
                (seq,),
            ).fetchone()
        return made or 0, number, bool(in_doubt)

    def has_attempts(self) -> bool:
        """Whether anything was ever sent, or about to be."""
        return bool(
            self._one(
                "select exists (select 1 from attempt)"
                " or exists (select 1 from accepted)"
                " or exists (select 1 from outcome where attempts > 0)"
            )
        )

    def count_pending(self) -> int:
        ended = self._one("select (select count(*) from outcome) + (select count(*) from accepted)")
        if ended == self._one("select count(*) from record"):
            return 0  # known without looking at each
        return int(self._one(f"select count(*) from record r where {_IS_PENDING}"))

    def commit(self, entries: Iterable[Entry]) -> None:
        """Write *entries* in one transaction.

        They survive a kill when this returns. They are on disk then too, unless syncs are deferred
        (``checkpoints``): in that case, after the next sync.

        Raises:
            StorageError: None of them is written: a full disk, permissions.
        """
        lines = _Lines(entries, self._epoch_ms)
        with self._writing():
            self._insert("attempt (seq, number, started_at)", 3, lines.intents)
            if lines.unsettled:
                self._db.executemany(_UNSETTLED, lines.unsettled)
            self._insert("accepted", 3, lines.accepted)
            self._insert(f"outcome {SETTLED}", len(Settled._fields), lines.others)
            self._fold(lines.at_once)
        before = self.written
        self.written = Written(
            before.intents + len(lines.intents) // 3,
            before.settled + lines.ended,
            max(before.last, lines.last),
        )

    def _fold(self, seqs: Sequence[int]) -> None:
        """Delete the first attempts of rows that were accepted at once: their outcomes say it all."""
        for first, size in _portions(len(seqs)):
            self._db.execute(_folding(size), seqs[first : first + size])

    def _insert(self, into: str, width: int, values: Sequence[object]) -> None:
        """Insert lines of *width* values in few statements.

        Each statement lets go of the interpreter's lock and has to win it back from the event loop;
        one for each line costs more in that than in the database.
        """
        for first, size in _portions(len(values) // width):
            portion = values[first * width : (first + size) * width]
            self._db.execute(_insertion(into, width, size), portion)


class PendingRows(Iterator[Pending]):
    """Rows still to be sent; see ``Ledger.pending``."""

    def __init__(
        self,
        journal: Ledger,
        limit: int | None,
        spans: Spans | None,
        upto: Callable[[], int] | None,
    ) -> None:
        self._journal = journal
        self._left = sys.maxsize if limit is None else limit
        self._spans = None if spans is None else deque(spans)
        self._upto = upto
        self._after = 0
        self._chunk: Iterator[Pending] = iter(())
        self._sources: dict[int, str] = {}
        self._block: Block | None = None

    def __next__(self) -> Pending:
        while self._left > 0:
            row = next(self._chunk, None)
            if row is not None:
                self._left -= 1
                return row
            if not self._fetch():
                break
        raise StopIteration

    def _fetch(self) -> bool:
        """Read the next rows; return whether there were any."""
        upto = sys.maxsize if self._upto is None else self._upto()
        if self._spans is not None:
            if not self._spans:
                return False
            first, last = self._spans[0]
            self._after, upto = max(self._after, first - 1), min(upto, last)
            if upto <= self._after:
                self._spans.popleft()
                return True
        if upto <= self._after:
            return False
        with translated(self._journal.path):
            lines = self._journal._db.execute(_PENDING, (self._after, upto)).fetchall()
        # A chunk that is not full was the last one up to *upto*.
        self._after = lines[-1][0] if len(lines) == CHUNK else min(upto, _MOST_SEQ)
        if not lines:
            return self._spans is not None or (
                self._upto is not None and self._after < self._upto()
            )
        if any(line[3] not in self._sources for line in lines):
            self._sources = {n: info.name for n, info in self._journal.sources().items()}
        self._chunk = map(self._row, lines)
        return True

    def _row(self, line: Sequence[Any]) -> Pending:
        seq, email, contact, source, sheet, row, body, stored, was_tried = line
        place = f"row {row}"
        if body == b"":
            block = self._block
            if block is None or seq not in block:
                block = self._block = self._journal._block(seq)
            body, is_whole = block.form(seq), block.email(seq) == email
        else:
            is_whole = checksum(email, body) == stored
        if not is_whole:
            raise StorageError(
                Message(
                    "{path}: the journal is damaged ({place} is not what was stored); "
                    "restore it from a copy. Starting again in another folder would send "
                    "every row again",
                    path=self._journal.path,
                    place=place,
                )
            )
        name, _ = source_and_sheet(self._sources[source], sheet)
        if len(self._sources) > 1 or name != self._sources[source]:
            place = f"{place} of {name}"
        if not was_tried:
            return Pending(seq, email, contact, place, body)
        return Pending(seq, email, contact, place, body, *self._journal.tried(seq))


_MOST_SEQ = 2**62
_PENDING = f"""
    select r.seq, r.email, {CONTACT}, r.source, r.sheet, r.row, r.body, r.checksum,
        exists (select 1 from attempt a where a.seq = r.seq)
    from record r
    where r.seq > ? and r.seq <= ? and {_IS_PENDING}
    order by r.seq limit {CHUNK}"""

_PLAIN = ("0", "", 200)  # code, message and HTTP status of most accepted rows
_UNSETTLED = """update attempt set result = ?, message = ?, http_status = ?, elapsed_ms = ?
    where seq = ? and number = ?"""


# A few fixed sizes, so that SQLite's prepared statements are reused.
_SIZES = (64, 32, 16, 8, 4, 2, 1)


@lru_cache(maxsize=512)  # batches are small
def _portions(lines: int) -> tuple[tuple[int, int], ...]:
    """Return (first, size) of the portions in which *lines* are written."""
    found, first = [], 0
    for size in _SIZES:
        for _ in range((lines - first) // size):
            found.append((first, size))
            first += size
    return tuple(found)


@lru_cache(maxsize=64)
def _insertion(into: str, width: int, size: int) -> str:
    line = f"({','.join('?' * width)})"
    return f"insert into {into} values {','.join([line] * size)}"


@lru_cache(maxsize=64)
def _folding(size: int) -> str:
    marks = ",".join("?" * size)
    return f"delete from attempt where seq in ({marks}) and number = 1 and result is null"


class _Lines:
    """What a commit writes, by table; the values of lines stand one after the other.

    Attributes:
        at_once: The rows that were accepted by the only request that was ever made for them.
        ended: Number of rows that ended after an attempt.
        last: The highest seq of an intent.
    """

    __slots__ = ("accepted", "at_once", "ended", "intents", "last", "others", "unsettled")

    def __init__(self, entries: Iterable[Entry], epoch_ms: int) -> None:
        self.intents: list[object] = []
        self.unsettled: list[tuple[object, ...]] = []
        self.accepted: list[object] = []
        self.others: list[object] = []
        self.at_once: list[int] = []
        self.ended = self.last = 0
        for entry in entries:
            if isinstance(entry, Settled):
                self._settle(entry, epoch_ms)
            elif isinstance(entry, Intent):
                seq, number, started_at = entry
                self.intents += (seq, number, pack_moment(started_at))
                self.last = max(self.last, seq)
            else:
                self.unsettled.append((*entry[2:], *entry[:2]))

    def _settle(self, line: Settled, epoch_ms: int) -> None:
        (seq, status, code, message, attempts, http_status, finished_at, elapsed_ms,
         again) = line  # fmt: skip
        self.ended += attempts > 0
        is_at_once = attempts == 1 and status is Status.SUCCESS
        if is_at_once:
            self.at_once.append(seq)
        if is_at_once and (code, message, http_status) == _PLAIN and finished_at and not again:
            self.accepted += (seq, pack_ms(finished_at) - epoch_ms, elapsed_ms)
        else:
            self.others += (*line[:6], pack_moment(finished_at), elapsed_ms, again)

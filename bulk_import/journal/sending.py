"""What sending needs and writes: rows that are pending, intents before requests, what came of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from bulk_import.entries import Entry, Intent, Pending, Settled, Unsettled
from bulk_import.journal.database import CHUNK, IN_DOUBT, Database


class Sending(Database):
    """The journal while rows are being sent."""

    def reopen(self, *, retry_failed: bool = False, resend_unknown: bool = False) -> None:
        """Make the rows pending that a resumed run sends again.

        Bare rows that were on their way when the last run died become ``unknown`` first: the
        server may hold them, and sending again would make a second contact.
        """
        with self._writing():
            self._db.execute(
                f"""insert into outcome
                    select r.seq, 'unknown', 'INTERRUPTED',
                        'sent, but the run was interrupted before the answer came',
                        (select count(*) from attempt a
                         where a.seq = r.seq and a.result is not 'withdrawn'),
                        null, (select max(started_at) from attempt a where a.seq = r.seq), null, 0
                    from record r
                    where r.email = '' and r.seq in (select seq from attempt)
                    and not exists (select 1 from outcome o where o.seq = r.seq)
                    and {IN_DOUBT}"""  # noqa: S608
            )
            self._db.execute(
                "delete from outcome where again = 1 and status in ('failed','unknown','not_sent')"
            )
            if retry_failed:
                self._db.execute("delete from outcome where status = 'failed'")
            if resend_unknown:
                self._db.execute("delete from outcome where status = 'unknown'")

    def pending(
        self, *, limit: int | None = None, only: Collection[int] | None = None
    ) -> Iterator[Pending]:
        """Yield the rows that are still to be sent, in source order, as they are now.

        Args:
            limit: At most so many.
            only: None but these, by seq.
        """
        query = f"""
            select r.seq, r.email, r.contact, r.source, r.row, r.body,
                (select count(*) from attempt a
                 where a.seq = r.seq and a.result is not 'withdrawn'),
                (select coalesce(max(number), 0) + 1 from attempt a where a.seq = r.seq),
                {IN_DOUBT}
            from record r
            where r.body is not null and r.seq > ?
            and not exists (select 1 from outcome o where o.seq = r.seq)
            order by r.seq limit {CHUNK}"""  # noqa: S608
        sources = self.sources()
        several = len(sources) > 1
        wanted = (line for line in self._paged(query) if only is None or line[0] in only)
        for number, line in enumerate(wanted):
            if limit is not None and number >= limit:
                return
            seq, email, contact, source, row, body, attempts, next_number, in_doubt = line
            place = f"row {row} of {sources[source].name}" if several else f"row {row}"
            yield Pending(
                seq, email, contact, place, bytes(body), attempts, next_number, bool(in_doubt)
            )

    def count_pending(self) -> int:
        return int(
            self._one(
                "select count(*) from record r where r.body is not null"
                " and not exists (select 1 from outcome o where o.seq = r.seq)"
            )
        )

    def commit(self, entries: Iterable[Entry]) -> None:
        """Write *entries* in one transaction; all are on disk when it returns.

        Raises:
            StorageError: None of them is written: a full disk, permissions.
        """
        lines = _by_kind(entries)
        with self._writing():
            self._insert("attempt (seq, number, started_at, body_sha256)", lines[Intent])
            if lines[Unsettled]:
                self._db.executemany(_UNSETTLED, lines[Unsettled])
            self._insert("outcome", lines[Settled])

    def _insert(self, into: str, lines: Sequence[Entry]) -> None:
        """Insert *lines* in few statements.

        Each statement lets go of the interpreter's lock and has to win it back from the event loop;
        one for each line costs more in that than in the database.
        """
        done = 0
        for size in _AT_ONCE:
            while len(lines) - done >= size:
                chunk = lines[done : done + size]
                values = ",".join([f"({','.join('?' * len(chunk[0]))})"] * size)
                self._db.execute(f"insert into {into} values {values}", [*chain(*chunk)])  # noqa: S608
                done += size


# Few sizes, so that SQLite's statements are made once and kept.
_AT_ONCE = (64, 16, 4, 1)
_UNSETTLED = """update attempt set result = ?3, message = ?4, http_status = ?5, elapsed_ms = ?6
    where seq = ?1 and number = ?2"""


def _by_kind(entries: Iterable[Entry]) -> dict[type, list[Entry]]:
    """Sort *entries* by the statement that writes them; within a kind the order stays."""
    lines: dict[type, list[Entry]] = {kind: [] for kind in (Intent, Unsettled, Settled)}
    for entry in entries:
        lines[type(entry)].append(entry)
    return lines

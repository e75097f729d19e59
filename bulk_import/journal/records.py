"""What judging writes: rows in source order, judgements, and the choice between rows of one contact."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count, islice, repeat

from bulk_import.journal.chunks import REASONS, WARNINGS, chunk_of, is_kept_in_block
from bulk_import.journal.database import (
    CHUNK,
    CONTACT,
    ENDED,
    IN_DOUBT,
    IS_OPEN,
    NOT_ENDED,
    REPELLED,
    ROW,
    STATUS,
    Database,
    translated,
)
from bulk_import.journal.entries import JudgedChunk, JudgedRow, Refusal, SharedRow
from bulk_import.journal.packing import (
    checksum,
    pack,
    pack_problems,
    stored_sheet,
    unpack_problems,
)
from bulk_import.journal.repeats import Repeats
from bulk_import.models import Problem, Row, Status
from bulk_import.normalize.mailboxes import email_key
from bulk_import.sources.rows import Rows

# Created after the rows are stored: filling it row by row costs twice as much.
_INDEX = "create index if not exists record_email on record (email) where email <> ''"
_OTHERS_NAMED = 5  # rows in the message of one that shares a value
_RECORD = "insert into record values (?,?,?,?,?,?,?,?,?,?,?)"
_REFUSED = "insert into outcome values (?,?,?,?,?,?,?,?,?,?)"
_JUDGEMENT = f"select email, {CONTACT}, warnings, body, cells, problems from record r where seq = ?"


# A row that may not be sent because another row of its contact was skipped by a rule.
_SAID_NO = (
    "exists (select 1 from outcome o where o.seq = r.seq and o.error_code = 'CONTACT_SKIPPED')"
)


LOST = Refusal(
    Status.UNKNOWN,
    (
        Problem(
            "JOURNAL_LOST",
            "the end of the journal was lost, and this row may have been sent before",
        ),
    ),
    again=False,
)


class Records(Database):
    """The journal while rows are being judged."""

    def clear(self) -> None:
        """Delete all rows and sources: those of an earlier attempt to read them."""
        with self._writing():
            for table in ("accepted", "outcome", "attempt", "record", "block", "source"):
                self._db.execute(f"delete from {table}")
        self._blocks.clear()
        self._recent = None
        self._repeats = Repeats() if self._is_scratch else None

    @property
    def chunk_options(self) -> dict[str, bool]:
        """How ``chunk_of`` is to make the chunks of this journal."""
        return {"keeps_cells": self._keeps_cells, "quickly": self._is_scratch}

    def add(self, first_seq: int, batch: Sequence[JudgedRow]) -> None:
        """Add rows in source order; the first of them gets *first_seq*."""
        alike = {(one.source, len(one.row.cells)) for one in batch}
        if self.makes_blocks and len(alike) == 1:
            judged = [one[2:] for one in batch]
            rows = Rows.of([one.row for one in batch])
            self.add_chunk(
                first_seq, batch[0].source, rows, chunk_of(rows, judged, **self.chunk_options)
            )
            return
        stored = self._places()
        records = [
            (
                seq, source, stored(source, row), row.number,
                pack([*row.cells.values()]) if self._keeps_cells or refusal is not None else None,
                pack_problems(row.problems), email, "" if contact == email else contact,
                pack_problems(warnings), body, checksum(email, body),
            )
            for seq, (source, row, email, contact, warnings, body, refusal) in enumerate(
                batch, first_seq
            )
        ]  # fmt: skip
        refusals = {at: one.refusal for at, one in enumerate(batch) if one.refusal is not None}
        self._repeats = None  # these are not noted
        with self._writing():
            self._db.executemany(_RECORD, records)
            self._refuse(first_seq, refusals, [one.email for one in batch])

    def add_chunk(self, first_seq: int, source: int, rows: Rows, chunk: JudgedChunk) -> None:
        """Add the rows of a chunk; the first of them gets *first_seq*.

        Args:
            source: Its number.
        """
        plain = [
            *zip(
                count(first_seq), repeat(source), self._sheets(source, rows), rows.numbers,
                chunk.emails, chunk.contacts,
            )
        ]  # fmt: skip
        if self._repeats is not None:
            self._repeats.add(chunk.emails)
        others = sorted({*chunk.warnings, *chunk.refusals, *chunk.formless, *rows.problems})

        def records(first: int, after: int) -> Iterator[tuple[object, ...]]:
            for at in range(first, after):
                *place, email, contact = plain[at]
                yield (
                    *place, self._own_cells(rows[at], is_refused=at in chunk.refusals),
                    pack_problems(rows[at].problems), email, contact,
                    "" if at in chunk.warnings else None,
                    None if at in chunk.formless else b"", None,
                )  # fmt: skip

        with self._writing():
            if 4 * len(others) > len(rows):
                self._db.executemany(_RECORD, records(0, len(rows)))
            else:
                written = 0
                for at in others:
                    self._db.executemany(self._plain_record, plain[written:at])
                    self._db.executemany(_RECORD, records(at, at + 1))
                    written = at + 1
                self._db.executemany(self._plain_record, plain[written:])
            self._db.execute("insert into block values (?, ?)", (first_seq, chunk.block))
            self._refuse(first_seq, chunk.refusals, chunk.emails, in_block=True)

    @property
    def _plain_record(self) -> str:
        """What inserts a row of a block that nothing is to be said of: in half the time of ``_RECORD``."""
        cells = "''" if self._keeps_cells else "null"
        return f"insert into record values (?, ?, ?, ?, {cells}, null, ?, ?, null, x'', null)"

    def _own_cells(self, row: Row, *, is_refused: bool) -> str | None:
        """Return what the record of a row has of its cells, beside its block."""
        if self._keeps_cells:
            return ""
        return pack([*row.cells.values()]) if is_refused else None

    def _places(self) -> Callable[[int, Row], str]:
        """Return what says which sheet is stored for a row of a source."""
        placed = {n: info.name for n, info in self.sources().items() if "places" in info.dialect}
        return lambda source, row: stored_sheet(row, placed.get(source, row.source))

    def _sheets(self, source: int, rows: Rows) -> Iterable[str]:
        """Return which sheet is stored for each row of a source."""
        stored = self._places()
        if rows.are_in_one_place:  # as they mostly are
            return repeat(stored(source, rows[0]), len(rows))
        return (stored(source, row) for row in rows)

    def _refuse(
        self,
        first_seq: int,
        refusals: Mapping[int, Refusal],
        emails: Sequence[str],
        *,
        in_block: bool = False,
    ) -> None:
        """Store how those of some new rows end that are not to be sent.

        Args:
            in_block: Whether the rows have a block, with the reasons that belong there.
        """
        lost = range(min(len(emails), self.lost_upto() + 1 - first_seq))
        ended = {at: LOST for at in lost if not emails[at]} | dict(refusals)
        self._db.executemany(
            _REFUSED,
            (
                _refused(
                    first_seq + at,
                    ended[at],
                    in_block=in_block and at in refusals and is_kept_in_block(ended[at]),
                )
                for at in sorted(ended)
            ),
        )

    def add_refusals(self, refusals: Iterable[tuple[int, Refusal]]) -> None:
        """Settle rows that are not sent."""
        found = list(refusals)
        with self._writing():
            self._db.executemany("delete from accepted where seq = ?", ((seq,) for seq, _ in found))
            self._db.executemany(
                f"insert or replace {_REFUSED.removeprefix('insert ')}",
                (_refused(seq, refusal) for seq, refusal in found),
            )

    def withhold(self, refusals: Iterable[tuple[int, Refusal]]) -> None:
        """Settle pending rows that are not to be sent any more; their attempts are remembered."""
        found = list(refusals)
        self.add_refusals(found)
        with self._writing():
            self._db.executemany(
                "update outcome set attempts = (select count(*) from attempt a"
                " where a.seq = outcome.seq and a.result is not 'withdrawn') where seq = ?",
                ((seq,) for seq, _ in found),
            )

    def replace_judgement(self, seq: int, judged: JudgedRow) -> None:
        """Replace the judgement of a row, if the new one differs.

        Its cells go with it: they may have been corrected.
        """
        record = (
            judged.email,
            judged.contact,
            pack_problems(judged.warnings),
            judged.body,
            pack(list(judged.row.cells.values())),
            pack_problems(judged.row.problems),
        )
        refusal = () if judged.refusal is None else _refused(seq, judged.refusal)
        with translated(self.path):
            before = self._stored_judgement(seq)
            ended = self._db.execute("select * from outcome where seq = ?", (seq,)).fetchone()
        if ended:
            ended = (*ended[:-1], self._remark(REASONS, seq, ended[-1]))
        if before == record and (ended or ()) == refusal:
            return
        self._repeats = None  # its address may be another one now
        with self._writing():
            self._db.execute(
                "update record set email = ?, contact = ?, warnings = ?, body = ?, cells = ?,"
                " problems = ?, checksum = ? where seq = ?",
                (*record, checksum(judged.email, judged.body), seq),
            )
            self._db.execute(REPELLED.format("and o.seq = ?"), (seq,))
            for table in ("accepted", "outcome"):
                self._db.execute(f"delete from {table} where seq = ?", (seq,))
            if refusal:
                self._db.execute(_REFUSED, refusal)

    def _stored_judgement(self, seq: int) -> tuple[object, ...]:
        """Return a row's judgement, in the order of ``_JUDGEMENT``."""
        found = self._db.execute(_JUDGEMENT, (seq,)).fetchone()
        email, contact, warnings, body, cells, problems = found
        if cells == "":
            cells = pack(self._block(seq).cells(seq))
        warnings = self._remark(WARNINGS, seq, warnings)
        return email, contact, warnings, self._form(seq, body), cells, problems

    def replace_body(self, seq: int, body: bytes, warnings: Sequence[Problem]) -> None:
        """Replace a row's form with the one merged from all rows of its contact."""
        with self._writing():
            (email,) = self._db.execute("select email from record where seq = ?", (seq,)).fetchone()
            self._db.execute(
                "update record set body = ?, warnings = ?, checksum = ? where seq = ?",
                (body, pack_problems(warnings), checksum(email, body), seq),
            )

    def form(self, seq: int) -> bytes:
        """Return a row's form; empty for a row that cannot be sent."""
        with translated(self.path):
            found = self._db.execute("select body from record where seq = ?", (seq,)).fetchone()
        return self._form(seq, found[0]) or b"" if found else b""

    def replace_forms(self, forms: Iterable[tuple[int, bytes]]) -> None:
        """Replace the forms of rows by their seq; what was doubtful about them stays."""
        with self._writing():
            for seq, body in forms:
                email = self._db.execute(
                    "select email from record where seq = ?", (seq,)
                ).fetchone()[0]
                self._db.execute(
                    "update record set body = ?, checksum = ? where seq = ?",
                    (body, checksum(email, body), seq),
                )

    def forget_cells(self, status: Status) -> None:
        """Forget the cells of the rows that ended in *status*: nobody asks for them again.

        Those in blocks stay, where they take little room.
        """
        with self._writing():
            self._db.execute(
                "update record set cells = null where cells <> ''"
                " and seq in (select seq from outcome where status = ?)",
                (status,),
            )

    def index(self) -> None:
        """Create the index for finding shared contacts; call it when all rows are stored."""
        with self._writing():
            self._db.execute(_INDEX)

    def rows_per_address(self) -> dict[str, int]:
        """Return the addresses that several rows have, with their rows, the most first.

        Rows that were refused do not count; rows that gave way to another row of the contact do.
        """
        maybe = self._repeats.texts if self._repeats is not None else None
        if maybe is not None and not maybe:
            return {}
        with translated(self.path):
            if maybe is not None:
                self._db.execute("drop table if exists temp.repeated")
                self._db.execute("create temp table repeated (email text primary key)")
                texts = ((text,) for text in maybe)
                self._db.executemany("insert into temp.repeated values (?)", texts)
            among = "email <> ''" if maybe is None else "email in temp.repeated"
            found = self._db.execute(
                f"select email, count(*) from record r where {among} and body is not null"
                f" and not {_SAID_NO} group by email having count(*) > 1"
                " order by count(*) desc, min(seq)"
            ).fetchall()
        return dict(found)

    def shared_contacts(self, unknown_names: Collection[str] = ()) -> Iterator[list[SharedRow]]:
        """Yield the sendable rows of each contact that has several, in file order.

        Rows that already ended on the server's side count: the policy's choice must be the same in
        a resumed run. So do rows that only the account's lists refuse: a check, which has not
        asked for them, must make the same choice.

        Args:
            unknown_names: Codes of those refusals.
        """
        marks = ",".join("?" * len(unknown_names))
        among = f"""r.email <> '' and not {_SAID_NO} and (r.body is not null or exists (
                    select 1 from outcome o where o.seq = r.seq and o.error_code in ({marks})))"""
        keys = self._db.execute(
            f"select email from record r where {among}"
            " group by email having count(*) > 1 order by min(seq)",
            tuple(unknown_names),
        ).fetchall()
        for (email,) in keys:
            found = self._db.execute(
                f"""select r.seq, r.body, r.warnings, o.reasons, {ROW}
                    from record r left join outcome o on o.seq = r.seq
                    where r.email = ? and {among} order by r.seq""",
                (email, *unknown_names),
            ).fetchall()
            sources = self.sources()
            rows = [
                SharedRow(
                    seq,
                    self._row(sources, seq, place),
                    self._form(seq, body),
                    self._problems(WARNINGS, seq, warnings),
                    why,
                )
                for seq, body, warnings, reasons, *place in found
                if (why := () if body is not None else self._problems(REASONS, seq, reasons)) == ()
                or all(problem.code in unknown_names for problem in why)
            ]

            if len(rows) > 1:
                yield rows

    def said_no(self, codes: Collection[str]) -> Iterator[tuple[int, str, tuple[Problem, ...]]]:
        """Yield (seq, e-mail, why) of the rows that a rule skipped or that are refused by *codes*.

        The e-mail is empty where its own cell was refused.
        """
        named = [f'["{code}",' for code in codes]
        for seq, email, is_skipped, reasons in self._paged(
            f"""select r.seq, r.email, o.error_code = 'SKIPPED', o.reasons
                from outcome o join record r using (seq)
                where (o.error_code = 'SKIPPED' or o.status = 'invalid')
                and o.seq > ? order by o.seq limit {CHUNK}"""
        ):
            text = self._remark(REASONS, seq, reasons) or ""
            if is_skipped or any(code in text for code in named):
                yield seq, email, unpack_problems(text)

    def rows_of_contacts(
        self, contacts: Iterable[tuple[str, int]], unknown_names: Collection[str] = ()
    ) -> Iterator[tuple[int, bool, Row, tuple[Problem, ...]]]:
        """Yield the pending rows of contacts that another row speaks for.

        Each is (seq, whether the server may hold it, the other row, why that is not sent).

        Args:
            contacts: (key of the contact, seq of the other row); the first of a contact counts.
            unknown_names: As of ``shared_contacts``: such rows are pending as well.
        """
        marks = ",".join("?" * len(unknown_names))
        sources = self.sources()
        with translated(self.path):
            self._db.create_function("email_key", 1, email_key, deterministic=True)
            self._db.execute("drop table if exists temp.spoken_for")
            self._db.execute("create temp table spoken_for (email text primary key, seq integer)")
            self._db.executemany("insert or ignore into temp.spoken_for values (?, ?)", contacts)
            found = self._db.execute(
                f"""select p.seq, p.doubt, p.reasons, s.seq, s.reasons, {ROW}
                    from (select r.seq, {IN_DOUBT} as doubt, o.reasons,
                                 case when r.email glob '*[^ -~]*' then email_key(r.email)
                                      else r.email end as email
                          from record r {ENDED}
                          where r.email <> '' and (r.body is not null and {IS_OPEN}
                                                   or o.error_code in ({marks}))) p
                    join temp.spoken_for k on k.email = p.email
                    join outcome s on s.seq = k.seq join record r on r.seq = k.seq
                    order by p.seq""",
                tuple(unknown_names),
            ).fetchall()
        for seq, doubt, own, other, reasons, *place in found:
            why = self._problems(REASONS, seq, own)
            if all(problem.code in unknown_names for problem in why):
                row = self._row(sources, other, place)
                yield seq, bool(doubt), row, self._problems(REASONS, other, reasons)

    def forget_skipped_contacts(self) -> None:
        """Forget which rows another row of their contact keeps back, so that it is settled again."""
        with self._writing():
            self._db.execute("delete from outcome where error_code = 'CONTACT_SKIPPED'")

    def ended_in(
        self, *statuses: Status, without_form: bool = False
    ) -> Iterator[tuple[int, int, Row]]:
        """Yield (seq, source, row) of the rows that ended in one of *statuses*.

        Args:
            without_form: Only rows that could not be sent as they are.
        """
        marks = ",".join("?" * len(statuses))
        among = "and r.body is null" if without_form else ""
        query = (
            f"select r.seq, {ROW} from outcome o join record r using (seq)"
            f" where o.status in ({marks}) {among} and o.seq > ? order by o.seq limit {CHUNK}"
        )
        if Status.SUCCESS in statuses:
            query = (
                f"select r.seq, {ROW} from record r {ENDED}"
                f" where {STATUS} in ({marks}) {among} and r.seq > ? order by r.seq limit {CHUNK}"
            )
        sources = self.sources()
        for seq, *place in self._paged(query, statuses):
            yield seq, place[0], self._row(sources, seq, place)

    def sendable(self) -> Iterator[tuple[int, int, Row, bytes]]:
        """Yield (seq, source, row, form) of the rows that are, or were, to be sent."""
        sources = self.sources()
        for seq, body, *place in self._paged(
            f"select r.seq, r.body, {ROW} from record r left join outcome o on o.seq = r.seq"
            " where r.body is not null and (o.seq is null or o.attempts > 0)"
            f" and r.seq > ? order by r.seq limit {CHUNK}"
        ):
            yield seq, place[0], self._row(sources, seq, place), self._form(seq, body) or b""

    def pending_rows(self) -> Iterator[tuple[int, int, str, bool, Row]]:
        """Yield (seq, source, e-mail, whether the server may hold it, row) of what is to be sent."""
        sources = self.sources()
        for seq, email, is_in_doubt, *place in self._paged(
            f"select r.seq, r.email, {IN_DOUBT}, {ROW} from record r"
            f" where r.body is not null and {NOT_ENDED}"
            f" and r.seq > ? order by r.seq limit {CHUNK}"
        ):
            yield seq, place[0], email, bool(is_in_doubt), self._row(sources, seq, place)

    def shared_keys(
        self, keys: Iterable[tuple[int, str, int]]
    ) -> Iterator[tuple[int, int, Row, bytes, int, list[Row]]]:
        """Yield the pending rows that share a key with others.

        Args:
            keys: (number of the check, key, seq); as many as there are rows, so they go to disk.

        Yields:
            (seq, source, row, form, number of the check, some of the other rows)
        """
        with translated(self.path):
            self._db.execute("drop table if exists temp.key_of_row")
            self._db.execute(
                "create temp table key_of_row (number integer, hash blob, seq integer)"
            )
        supply = iter(keys)
        while batch := [
            (number, blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest(), seq)
            for number, key, seq in islice(supply, CHUNK)
        ]:
            with translated(self.path):
                self._db.executemany("insert into temp.key_of_row values (?,?,?)", batch)
        with translated(self.path):
            groups = self._db.execute(
                "select number, hash from temp.key_of_row group by number, hash"
                " having count(*) > 1 order by min(seq)"
            ).fetchall()
            self._db.execute("create index temp.keys_of_rows on key_of_row (number, hash)")
        for number, hashed in groups:
            yield from self._sharing(number, hashed)

    def _sharing(
        self, number: int, hashed: bytes
    ) -> Iterator[tuple[int, int, Row, bytes, int, list[Row]]]:
        sources = self.sources()
        with translated(self.path):
            found = self._db.execute(
                f"select r.seq, r.body, {IS_OPEN}, {ROW} from temp.key_of_row h"
                f" join record r on r.seq = h.seq {ENDED}"
                " where h.number = ? and h.hash = ? order by r.seq",
                (number, hashed),
            ).fetchall()
        rows = {seq: self._row(sources, seq, place) for seq, _, _, *place in found}
        for seq, body, is_open, source, *_ in found:
            if is_open:
                others = [row for other, row in rows.items() if other != seq][:_OTHERS_NAMED]
                form = self._form(seq, body) or b""
                yield seq, source, rows[seq], form, number, others

    def forget_code(self, code: str) -> None:
        """Forget how rows ended that were refused with *code* and not sent."""
        with self._writing():
            self._db.execute("delete from outcome where error_code = ? and attempts = 0", (code,))

    def forget_rows(self, seqs: Iterable[int]) -> None:
        """Forget how rows ended that were not sent, so that they are pending again."""
        with self._writing():
            self._db.executemany(
                "delete from outcome where seq = ? and attempts = 0", ((seq,) for seq in seqs)
            )

    def forget_duplicates(self) -> None:
        """Forget which rows gave way to others, so that it is settled again.

        A row without a form stays: it can only be judged again.
        """
        with self._writing():
            self._db.execute(
                "delete from outcome where status = ? and exists (select 1 from record r"
                " where r.seq = outcome.seq and r.body is not null)",
                (Status.DUPLICATE,),
            )


def _refused(seq: int, refusal: Refusal, *, in_block: bool = False) -> tuple[object, ...]:
    reasons = "" if in_block else pack_problems(refusal.reasons)
    again = int(refusal.again)
    return (seq, refusal.status, refusal.error_code, "", 0, None, "", None, again, reasons)

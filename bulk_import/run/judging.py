"""Reads and judges every row and stores it in the journal, in source order.

Normally all rows are judged before the first is sent, so a truncated file or a quotation mark that
is never closed stops the run while nothing has been sent. Long files are surveyed for that first,
and then judged by a second process while rows are being sent (``ahead``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice

from bulk_import.api.form import decode, encode
from bulk_import.errors import Message
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal, SharedRow
from bulk_import.mapping.binding import NOT_IN_ACCOUNT
from bulk_import.mapping.merging import merge_records
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.rules import MAY_SAY_NO
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, Row, Status, in_words
from bulk_import.normalize.mailboxes import email_key, mailboxes
from bulk_import.run.corrections import Corrections
from bulk_import.run.judges import Judge, Judgement, Judges, judge
from bulk_import.run.passed import Heard, Watch
from bulk_import.run.plan import Input, Tally
from bulk_import.run.sifting import Sieve, sifted

BATCH = 1000  # rows that are committed together
# Codes of rows whose cells are right by themselves, and that are refused nevertheless.
WHOLE_ROWS = frozenset(
    {"CONTACT_TWICE", "VALUE_TWICE", "MERGE_INCOMPLETE", "ROW_EMPTY", "CELL_BROKEN"}
)


class JudgingStoppedError(Exception):
    """The run was asked to stop while rows were being read."""


def judge_sources(
    journal: Journal,
    inputs: Iterable[Input],
    suppression: SuppressionList,
    tally: Tally,
    *,
    duplicates: str,
    judges: Judges | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
    on_rows: Callable[[int], None] = lambda _: None,
    batch: int = BATCH,
    sieve: Sieve | None = None,
) -> None:
    """Read all rows of *inputs* into the journal and judge them; fill *tally*.

    Rows that a stopped run left in the journal are kept if any of them was sent, and reading
    continues after the last of them; otherwise all rows are read again.

    Args:
        duplicates: The mapping's ``when: duplicate``.
        judges: Where rows are judged; ``None`` = here.
        is_stopping, on_rows: Called after each batch, the second with its number of rows.
        batch: Rows that are committed together.
        sieve: Picks the rows that go into the journal; its job remembers when all are judged.

    Raises:
        SourceError: A source cannot be read completely.
        JudgingStoppedError: ``is_stopping`` returned true.
        StorageError: The journal cannot be written.
    """
    known = _restart(journal, sieve)

    def count(rows: int) -> None:
        tally.read(rows)
        on_rows(rows)
        if is_stopping():
            raise JudgingStoppedError

    seq = 1
    mappers: dict[int, RowMapper] = {}
    for number, source in enumerate(inputs, 1):
        journal.add_source(number, source.info)
        tally.open(source)
        mappers[number] = source.mapper
        judge_of = Judge(
            source.info.name, source.info.header, source.mapper, suppression,
            journal.chunk_options, tally.watch,
        )  # fmt: skip
        work = (journal, seq, number, tally, count, judges or Judges(), batch, known - seq + 1)
        if sieve is None and journal.makes_blocks:
            seq = _store_chunks(*work, replace(judge_of, detector=source.detector), source)
        else:
            rows_of = sifted(source, number, suppression, sieve, count)
            seq = _store_rows(*work, judge_of, rows_of, sieve=sieve)
        tally.end(source)
    settle_contacts(journal, duplicates, mappers)
    if sieve is None:
        journal.remember(judged="1", rows_read=str(tally.rows_read))


def _store_chunks(
    journal: Journal, seq: int, number: int, tally: Tally, count: Callable[[int], None],
    judges: Judges, batch: int, known: int, judge_of: Judge, source: Input,
) -> int:  # fmt: skip
    """Judge and store all rows of source *number*; return the seq that comes next."""
    rows_of = source.rows if source.detector is None else source.bare_rows
    judged = judges.judged_chunks(judge_of, rows_of, chunk=batch, known=known)
    with closing(judged):
        for rows, found in judged:
            if found is not None:  # rows that an earlier attempt stored come without
                journal.add_chunk(seq, number, rows, found.chunk)
                for at, refusal in found.chunk.refusals.items():
                    _refuse(tally, rows[at], refusal)
                tally.hear(seq, len(rows), found.heard)
            seq += len(rows)
            count(len(rows))
    return seq


def _store_rows(
    journal: Journal, seq: int, number: int, tally: Tally, count: Callable[[int], None],
    judges: Judges, batch: int, known: int, judge_of: Judge, rows_of: Iterable[Row],
    *, sieve: Sieve | None,
) -> int:  # fmt: skip
    """As ``_store_chunks``, where it is decided for each row whether it is stored."""
    judged = judges.judged(judge_of, rows_of, chunk=batch, known=known)
    with closing(judged):
        for rows, judgements in judged:
            # Rows that an earlier attempt stored come without judgements.
            pairs = zip(rows, judgements, strict=False)
            found = [entered(number, tally, *pair) for pair in pairs]
            stored = found if sieve is None else sieve.kept(found)
            if stored:
                journal.add(seq, stored)
                tally.hear(seq, len(stored), _heard(judge_of.watch, stored))
            seq += len(stored) + len(rows) - len(found)
            count(len(rows))
    return seq


def _heard(watch: Watch, judged: Sequence[JudgedRow]) -> Heard | None:
    """Return what is counted of rows."""
    kept = {at: one.refusal for at, one in enumerate(judged) if one.refusal is not None}
    return watch.heard([one.row for one in judged], kept, [one.body for one in judged])


def _restart(journal: Journal, sieve: Sieve | None) -> int:
    """Forget an earlier attempt to read the sources; return the rows of it that are kept."""
    if not journal.has_attempts():
        journal.clear()
    if sieve is not None:
        sieve.restart()
    return journal.count_records()


def entered(source: int, tally: Tally, row: Row, judgement: Judgement) -> JudgedRow:
    """Return a row as it is stored: with a form to send, or with the reasons why it has none."""
    email, contact, problems, body, refusal = judgement
    if refusal is not None:
        _refuse(tally, row, refusal)
    warnings = judgement.warnings if problems else ()
    return JudgedRow(source, row, email, contact, warnings, body, refusal)


def _refuse(tally: Tally, row: Row, refusal: Refusal) -> None:
    tally.keep()
    if refusal.status is Status.INVALID:
        tally.refuse(row.number, refusal.reasons)


def rejudge(
    journal: Journal,
    mappers: dict[int, RowMapper],
    suppression: SuppressionList,
    tally: Tally,
    corrections: Mapping[int, Corrections] | None = None,
) -> None:
    """Judge refused and suppressed rows again: lists may have changed since.

    Args:
        corrections: Of each source; a row that the API refused is judged again if they change it.
    """
    for number, edits in (corrections or {}).items():
        for seq, source, row in journal.ended_in(Status.FAILED):
            if source != number or source not in mappers:
                continue
            better = edits.apply(row)
            if better.cells != row.cells:
                again = judge(mappers[source].record(better), suppression)
                journal.replace_judgement(seq, entered(source, tally, better, again))
    # Read in pieces while they are replaced: a row that was judged again is never read again, because
    # the pieces go by its number, and none becomes a duplicate here.
    kept_back = journal.ended_in(Status.INVALID, Status.SUPPRESSED, Status.SKIPPED)
    gave_way = journal.ended_in(Status.DUPLICATE, without_form=True)
    for seq, number, row in chain(kept_back, gave_way):
        if number in mappers:
            corrected = (corrections or {}).get(number)
            better = row if corrected is None else corrected.apply(row)
            again = judge(mappers[number].record(better), suppression)
            journal.replace_judgement(seq, entered(number, tally, better, again))


def settle_contacts(journal: Journal, policy: str, mappers: Mapping[int, RowMapper]) -> None:
    """Settle what depends on other rows; call it when every row is judged.

    Args:
        policy: The mapping's ``when: duplicate``.
        mappers: Of each source; their checks say what must not come twice.
    """
    if policy != "send":
        journal.index()
    journal.forget_skipped_contacts()
    journal.forget_duplicates()
    withhold_skipped(journal)
    settle_duplicates(journal, policy)
    settle_unique(journal, mappers)


def settle_unique(journal: Journal, mappers: Mapping[int, RowMapper]) -> None:
    """Refuse pending rows whose unique value another row has that is, or was, sent."""
    journal.forget_code("VALUE_TWICE")
    having = {number for number, mapper in mappers.items() if mapper.has_unique}
    if not having:
        return
    keys = (
        (number, key, seq)
        for seq, source, row, body in journal.sendable()
        if source in having
        for number, key in mappers[source].unique_keys(row.cells, dict(decode(body)))
    )
    found = (
        (seq, Refusal(Status.INVALID, (_twice(mappers[source], number, row, body, others),)))
        for seq, source, row, body, number, others in journal.shared_keys(keys)
    )
    while batch := list(islice(found, BATCH)):
        journal.add_refusals(batch)


def _twice(mapper: RowMapper, number: int, row: Row, body: bytes, others: Sequence[Row]) -> Problem:
    named = Message.joined(
        ", ",
        (
            Message("row {row} of {source}", row=other.number, source=other.source)
            if other.source != row.source
            else Message("row {row}", row=other.number)
            for other in others
        ),
    )
    return mapper.twice(number, named, row.cells, dict(decode(body)))


def withhold_skipped(journal: Journal) -> None:
    """Settle pending rows of people who said no, or may have said no, in another row."""
    contacts = who_said_no(journal)
    first = next(contacts, None)
    if first is not None:
        journal.withhold(_withheld(journal, chain([first], contacts)))


def who_said_no(journal: Journal) -> Iterator[tuple[str, int]]:
    """Yield (key of the contact, seq of the row) of who said no, or may have said no."""
    for seq, email, reasons in journal.said_no(MAY_SAY_NO):
        if email:
            yield email_key(email), seq
        for problem in reasons:  # the person may have several addresses
            if problem.code in ("SKIPPED", *MAY_SAY_NO):
                yield from ((email_key(one), seq) for one in mailboxes(problem.value).addresses)


def _withheld(
    journal: Journal, contacts: Iterable[tuple[str, int]]
) -> Iterator[tuple[int, Refusal]]:
    for seq, is_in_doubt, row, reasons in journal.rows_of_contacts(contacts, NOT_IN_ACCOUNT):
        sheet = Message(" of sheet {sheet!r}", sheet=row.sheet) if row.sheet else ""
        message: str = Message(
            "row {number}{sheet} of the same contact in {source}: {why}",
            number=row.number,
            sheet=sheet,
            source=row.source,
            why=in_words(reasons),
        )
        if is_in_doubt:
            message += Message("; sent before without a trustworthy answer, not sent again")
        status = Status.UNKNOWN if is_in_doubt else Status.SKIPPED
        yield seq, Refusal.because(status, "CONTACT_SKIPPED", message)


def settle_duplicates(journal: Journal, policy: str) -> None:
    """Apply ``when: duplicate`` to the contacts that have several rows."""
    if policy == "send":
        return
    refusals: list[tuple[int, Refusal]] = []
    for rows in journal.shared_contacts(NOT_IN_ACCOUNT):
        unknown = next((shared for shared in rows if shared.unknown), None)
        if policy == "merge" and unknown is not None:
            refusals += _not_merged(rows, unknown)
        else:
            if policy == "merge":
                _merge(journal, rows)
            refusals += _gives_way(rows, policy)
        if len(refusals) >= BATCH:
            journal.add_refusals(refusals)
            refusals = []
    journal.add_refusals(refusals)


def _gives_way(rows: Sequence[SharedRow], policy: str) -> Iterator[tuple[int, Refusal]]:
    keeper = rows[0] if policy == "first" else rows[-1]
    for shared in rows:
        if policy == "refuse":
            others = ", ".join(str(other.row.number) for other in rows if other is not shared)
            yield (
                shared.seq,
                Refusal.because(
                    Status.INVALID,
                    "CONTACT_TWICE",
                    Message(
                        "the same contact is in row {others} too (when: duplicate: refuse)",
                        others=others,
                    ),
                ),
            )
        elif shared is not keeper:
            yield (
                shared.seq,
                Refusal.because(
                    Status.DUPLICATE,
                    "DUPLICATE",
                    Message(
                        "is merged into row {number} of the same contact (when: duplicate: merge)"
                        if policy == "merge"
                        else "gives way to row {number} of the same contact "
                        "(when: duplicate: {policy})",
                        number=keeper.row.number,
                        policy=policy,
                    ),
                ),
            )


def _not_merged(rows: Sequence[SharedRow], unknown: SharedRow) -> Iterator[tuple[int, Refusal]]:
    """Refuse the rows that would be merged with one that cannot be sent: half a contact is none."""
    message = Message(
        "row {number} of the same contact, with which it is merged, cannot be sent: {why}",
        number=unknown.row.number,
        why=in_words(unknown.unknown),
    )
    for shared in rows:
        if not shared.unknown:
            yield shared.seq, Refusal.because(Status.INVALID, "MERGE_INCOMPLETE", message)


def _merge(journal: Journal, rows: Sequence[SharedRow]) -> None:
    records = [
        Record(row=shared.row, email="", contact="", fields=tuple(decode(shared.body or b"")))
        for shared in rows
    ]
    merged = merge_records(records)
    keeper = rows[-1]
    noted = dict.fromkeys([*keeper.warnings, *merged.problems])
    journal.replace_body(keeper.seq, encode(merged.fields), list(noted))

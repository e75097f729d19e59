"""What counts, reports and exit codes come from. Nothing is derived twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bulk_import.journal.chunks import REASONS, WARNINGS
from bulk_import.journal.database import (
    CHUNK,
    CONTACT,
    ENDED,
    FOLDED,
    FOLDED_ACCEPTED,
    IN_DOUBT,
    IS_OPEN,
    NOT_ENDED,
    ROW,
    STATUS,
    translated,
)
from bulk_import.journal.entries import Attempt
from bulk_import.journal.packing import (
    pack_ms,
    source_and_sheet,
    unpack_moment,
    unpack_ms,
    unpack_problems,
)
from bulk_import.journal.sums import Sums
from bulk_import.models import Outcome, Row, Status, in_words

# The last columns are needed only for a row without an outcome.
_OUTCOME = f"""{CONTACT}, r.warnings, {STATUS}, o.error_code, o.message,
    case when k.seq is null then coalesce(o.attempts, (
        select count(*) from attempt a where a.seq = r.seq and a.result is not 'withdrawn')) end,
    o.http_status, coalesce(o.finished_at, ''), o.elapsed_ms, o.reasons,
    case when o.seq is null or o.status = 'success' then r.body end,
    k.finished_at, k.elapsed_ms, case when {IS_OPEN} then {IN_DOUBT} end"""
_STATUS, _BODY = 2, 10  # positions of these columns
_FOLLOWING_S = 0.1


class Queries(Sums):
    """The journal as it is reported."""

    def count_records(self) -> int:
        """Number of rows in the journal."""
        return int(self._one("select coalesce(max(seq), 0) from record"))

    def count_rows(self, source: int) -> int:
        """Number of rows that came out of the source with that number."""
        with translated(self.path):
            found = self._db.execute("select count(*) from record where source = ?", (source,))
            return int(found.fetchone()[0])

    def counts(self) -> dict[Status, int]:
        """Rows by status, all statuses named. Their sum is the number of rows in the journal."""
        found = dict.fromkeys(Status, 0)
        with translated(self.path):
            found[Status.SUCCESS] = self.count_accepted()
            for status, number in self._db.execute(
                "select status, count(*) from outcome group by status"
            ):
                found[Status(status)] += number
            open_rows = self.count_records() - sum(found.values())
            if open_rows:
                doubtful = self._one(
                    f"""select count(*) from record r
                        where r.seq in (select seq from attempt)
                        and {NOT_ENDED} and {IN_DOUBT}"""
                )
                found[Status.UNKNOWN] += doubtful
                found[Status.NOT_SENT] += open_rows - doubtful
            # A night does not keep rows that it recognized: they are only counted.
            found[Status.UNCHANGED] += int(self.facts().get("unchanged_rows") or 0)
        return found

    def settled(self, *, after: int = 0) -> Iterator[int]:
        """Yield the place of every row that has ended, or was never to be sent, in ascending order.

        Args:
            after: The seq to start after.
        """
        # Not from the view: it would be sorted for each chunk, these two are merged.
        query = f"""select seq from outcome where seq > ?1
            union all select seq from accepted where seq > ?1 order by seq limit {CHUNK}"""
        for (seq,) in self._paged(query, after=after):
            yield seq

    def count_requests(self) -> int:
        """Requests made for rows, over all resumes."""
        kept = self._one("select count(*) from attempt where result is not 'withdrawn'")
        return int(kept + self.count_folded())

    def count_requests_since(self, moment: str) -> int:
        """Requests made for rows since *moment* (RFC 3339 UTC)."""
        with translated(self.path):
            kept, folded = self._db.execute(
                f"""select (select count(*) from attempt where result is not 'withdrawn'
                            and (cast(started_at as integer) >= :ms
                                 or started_at glob '????-*' and started_at >= :moment)),
                           (select count(*) from outcome o where {FOLDED}
                            and o.finished_at - coalesce(o.elapsed_ms, 0) >= :ms)
                         + (select count(*) from accepted k where {FOLDED_ACCEPTED}
                            and k.finished_at - coalesce(k.elapsed_ms, 0) >= :ms - :epoch)""",
                {"ms": pack_ms(moment), "moment": moment, "epoch": self._epoch_ms},
            ).fetchone()
        return int(kept + folded)

    def count_codes(self) -> dict[str, int]:
        """Rows by error code, most frequent first; rows without a code do not count."""
        found = Counter({"0": self.count_accepted()})
        with translated(self.path):
            for code, rows in self._db.execute(
                "select error_code, count(*) from outcome"
                " where error_code <> '' group by error_code"
            ):
                found[code] += rows
        by_rows = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {code: rows for code, rows in by_rows if rows}

    def count_reasons(self) -> dict[Status, dict[str, int]]:
        """Return, for rows that are not sent, status -> reason -> rows, most frequent first.

        The reason is the code, and for a skipped row the rule and the cell.
        """
        query = """
            select status, case error_code when 'SKIPPED' then coalesce(reasons, '') else error_code end,
                count(*) as n
            from outcome where attempts = 0 and error_code <> ''
            group by 1, 2 order by n desc, 2"""
        found: dict[Status, dict[str, int]] = {}
        with translated(self.path):
            for name, reason, rows in self._db.execute(query):
                status = Status(name)
                is_rule = status is Status.SKIPPED and reason != "CONTACT_SKIPPED"
                text = in_words(unpack_problems(reason)) if is_rule else reason
                counts = found.setdefault(status, {})
                counts[text] = counts.get(text, 0) + rows
        return found

    def outcomes(
        self,
        *,
        on_accepted: Callable[[bytes], None] | None = None,
        is_over: Callable[[], bool] = lambda: True,
        only_remarked: bool = False,
    ) -> Iterator[Outcome]:
        """Yield one outcome per row, in source order.

        Of a night, rows that are unchanged are left out unless it was asked to list all.

        Args:
            on_accepted: Called with the form, without the key, of every accepted row.
            is_over: Whether sending has ended. Until then the iterator blocks its thread at the
                first row that has not ended.
            only_remarked: Leave out rows without warnings and without reasons for not being sent.
        """
        facts = self.facts()
        is_brief = facts.get("job") == "sync" and not facts.get("report_all")
        listed = "and o.status is not 'unchanged'" if is_brief else ""
        if only_remarked:
            listed += " and (r.warnings is not null or o.reasons is not null)"
        query = f"""
            select r.seq, r.source, r.sheet, r.row, {_OUTCOME}
            from record r {ENDED}
            where r.seq > ? {listed} order by r.seq limit {CHUNK}"""
        names: dict[int, str] = {}
        for lines in self._ended(query, is_over):
            if not names or lines[-1][1] not in names:
                names = {number: info.name for number, info in self.sources().items()}
            outcome_of = self._outcome_maker()
            for seq, source, sheet, row, *line in lines:
                if on_accepted is not None and line[_STATUS] == "success":
                    on_accepted(self._form(seq, line[_BODY]) or b"")
                yield outcome_of(*source_and_sheet(names[source], sheet), row, seq, line)

    def _ended(self, query: str, is_over: Callable[[], bool]) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield chunks of lines as rows end: four columns, then those of ``_OUTCOME``."""
        after = 0
        while True:
            was_over = is_over()
            with translated(self.path):
                chunk = self._db.execute(query, (after,)).fetchall()
            if not was_over:
                open_at = (at for at, line in enumerate(chunk) if line[4 + _STATUS] is None)
                chunk = chunk[: next(open_at, len(chunk))]
            if chunk:
                yield chunk
                after = chunk[-1][0]
            elif was_over:
                return
            else:
                time.sleep(_FOLLOWING_S)

    def result(self, seq: int) -> tuple[Row, Outcome]:
        """Return a row of the journal and its outcome so far."""
        _, row, outcome = next(self.results(after=seq - 1))
        return row, outcome

    def results(self, *statuses: Status, after: int = 0) -> Iterator[tuple[int, Row, Outcome]]:
        """Yield (source number, row, outcome) in source order, of *statuses* or of all.

        Args:
            after: The seq to start after.
        """
        wanted = frozenset(statuses)
        among = f"and ({STATUS} is null or {STATUS} in ({_marks(statuses)}))" if wanted else ""
        query = f"""
            select r.seq, {ROW}, {_OUTCOME}
            from record r {ENDED}
            where 1 {among} and r.seq > ? order by r.seq limit {CHUNK}"""
        sources = self.sources()
        outcome_of = self._outcome_maker()
        for line in self._paged(query, statuses, after=after):
            row = self._row(sources, line[0], line[1:6])
            outcome = outcome_of(row.source, row.sheet, row.number, line[0], line[6:])
            if not wanted or outcome.status in wanted:
                yield line[1], row, outcome

    def _outcome_maker(self) -> Callable[[str, str, int, int, Sequence[Any]], Outcome]:
        """Return what makes an outcome of (source, sheet, row, seq, columns as of ``_OUTCOME``)."""
        facts = self.facts()
        stopped, is_dry = facts.get("stopped", ""), "dry_run" in facts
        statuses = {str(status): status for status in Status}

        epoch_ms = self._epoch_ms

        def outcome_of(source: str, sheet: str, row: int, seq: int, line: Sequence[Any]) -> Outcome:
            (contact, warnings, status, code, said, attempts, http_status, finished_at, elapsed_ms,
             reasons, body, accepted_at, accepted_ms, in_doubt) = line  # fmt: skip
            doubts = () if warnings is None else self._problems(WARNINGS, seq, warnings)
            if accepted_at is not None:
                return Outcome(
                    source, sheet, row, contact, Status.SUCCESS, "0", "", (), doubts, 1, 200,
                    unpack_ms(epoch_ms + accepted_at), accepted_ms,
                )  # fmt: skip
            if status is None:
                status, code, said = _open_row(
                    stopped, self._form(seq, body) if is_dry else None, in_doubt=bool(in_doubt)
                )
            else:
                status = statuses[status]
            why = () if reasons is None else self._problems(REASONS, seq, reasons)
            return Outcome(
                source, sheet, row, contact, status, code, said, why, doubts, attempts, http_status,
                unpack_moment(finished_at), elapsed_ms,
            )  # fmt: skip

        return outcome_of

    def bodies(self, *statuses: Status) -> Iterator[tuple[Status, bytes]]:
        """Yield (status, form without the key) in source order, of *statuses* or of every row that
        was to be sent."""
        wanted = frozenset(statuses)
        among = f"and ({STATUS} is null or {STATUS} in ({_marks(statuses)}))" if wanted else ""
        query = f"""
            select r.seq, r.body, {STATUS}, case when {IS_OPEN} then {IN_DOUBT} end
            from record r {ENDED}
            where r.body is not null {among} and r.seq > ? order by r.seq limit {CHUNK}"""
        for seq, body, status, in_doubt in self._paged(query, statuses):
            open_status = Status.UNKNOWN if in_doubt else Status.NOT_SENT
            found = open_status if status is None else Status(status)
            if not wanted or found in wanted:
                yield found, self._form(seq, body) or b""

    def beginnings_to_send(self, others: bytes) -> dict[bytes, int]:
        """Return, of the forms that are still to be sent, what comes before *others*, with the rows.

        Forms that begin with *others* are left out.
        """
        query = f"""
            select r.seq, r.body from record r
            where r.body is not null and {NOT_ENDED} and not {IN_DOUBT}
            and r.seq > ? order by r.seq limit {CHUNK}"""
        forms = (self._form(seq, body) or b"" for seq, body in self._paged(query))
        return Counter(
            form.partition(b"&" + others)[0] for form in forms if not form.startswith(others)
        )

    def payloads(
        self, *, only: Sequence[int] = (), without: Sequence[int] = ()
    ) -> Iterator[tuple[int, str, bytes, Status]]:
        """Yield (seq, e-mail, form without the key, status) of every row that has a form.

        Args:
            only, without: Numbers of sources; with neither, of all.
        """
        among = f"and r.source in ({_marks(only)})" if only else ""
        among += f"and r.source not in ({_marks(without)})" if without else ""
        query = f"""
            select r.seq, r.email, r.body, {STATUS}, {IN_DOUBT}
            from record r {ENDED}
            where r.body is not null {among} and r.seq > ? order by r.seq limit {CHUNK}"""
        for seq, email, body, status, in_doubt in self._paged(query, (*only, *without)):
            open_status = Status.UNKNOWN if in_doubt else Status.NOT_SENT
            form = self._form(seq, body) or b""
            yield seq, email, form, open_status if status is None else Status(status)

    def accepted_contacts(self) -> Iterator[str]:
        """Yield the e-mail of every accepted row that has one."""
        query = f"""
            select r.seq, r.email from record r {ENDED}
            where {STATUS} = 'success' and r.email <> '' and r.seq > ? order by r.seq limit {CHUNK}"""
        for _, email in self._paged(query):
            yield email

    def attempts(self, seq: int) -> list[Attempt]:
        """Return every attempt made for a row, first to last."""
        with translated(self.path):
            rows = self._db.execute(
                "select number, started_at, coalesce(result, ''), coalesce(message, ''),"
                " http_status, elapsed_ms from attempt where seq = ? order by number",
                (seq,),
            ).fetchall()
            rows += self._db.execute(
                "select 1, o.finished_at - coalesce(o.elapsed_ms, 0), '', '', null, null"
                f" from outcome o where o.seq = :seq and {FOLDED} union all"
                " select 1, k.finished_at - coalesce(k.elapsed_ms, 0) + :epoch, '', '', null, null"
                f" from accepted k where k.seq = :seq and {FOLDED_ACCEPTED}",
                {"seq": seq, "epoch": self._epoch_ms},
            ).fetchall()
        return [Attempt(number, unpack_moment(at), *rest) for number, at, *rest in rows]

    def body(self, seq: int) -> bytes | None:
        """Return the form of a row without the key; ``None`` when it cannot be sent."""
        with translated(self.path):
            (found,) = self._db.execute("select body from record where seq = ?", (seq,)).fetchone()
        return self._form(seq, found)

    def rows_numbered(self, row: int) -> list[tuple[int, str, int, bytes | None]]:
        """Return (source number, file, seq, form without the key) of the rows with that number."""
        names = {number: info.name for number, info in self.sources().items()}
        with translated(self.path):
            found = self._db.execute(
                "select source, sheet, seq, body from record where row = ? order by seq", (row,)
            ).fetchall()
        return [
            (number, source_and_sheet(names[number], sheet)[0], seq, self._form(seq, body))
            for number, sheet, seq, body in found
        ]


def _open_row(stopped: str, dry_body: bytes | None, *, in_doubt: bool) -> tuple[Status, str, str]:
    """Status, code and message of a row without an outcome."""
    if in_doubt:
        return (
            Status.UNKNOWN,
            "INTERRUPTED",
            "sent, but the run ended before a trustworthy answer came",
        )
    if dry_body is not None:
        return Status.NOT_SENT, "DRY_RUN", f"would be sent: {dry_body.decode('ascii')}"
    return Status.NOT_SENT, "RUN_STOPPED", stopped or "the run ended before this row was sent"


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))

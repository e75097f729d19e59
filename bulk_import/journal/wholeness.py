"""Whether a journal still holds what was synced, and what is done about rows when it does not."""

from __future__ import annotations

from bulk_import.errors import Message, StorageError
from bulk_import.journal.database import LOST_UPTO, NOT_ENDED, translated
from bulk_import.journal.mark import Mark, MarkFile, Written
from bulk_import.journal.records import LOST, Records
from bulk_import.journal.sums import Sums

_EVERY_ROW = 2**62
SENDING = "sending"  # the fact that is there while rows are being sent


class Wholeness(Records, Sums):
    """The journal when it is opened after a run that may have been cut off."""

    def counted(self) -> Written:
        """Count what the journal holds of sending."""
        with translated(self.path):
            kept, last = self._db.execute(
                "select count(*), coalesce(max(seq), 0) from attempt"
            ).fetchone()
            (ended,) = self._db.execute(
                """select max(coalesce((select max(seq) from accepted), 0), coalesce((
                       select seq from outcome where attempts > 0 order by seq desc limit 1), 0))"""
            ).fetchone()
        settled = self.count_accepted() + self.count_others("attempts > 0")
        return Written(kept + self.count_folded(), settled, max(last, ended))

    def find_losses(self) -> str:
        """Settle rows as ``unknown`` that may have been sent and must not be sent twice.

        Returns:
            What has happened, for people; empty for a journal that is whole.
        """
        facts = self.facts()
        mark = Mark.read(self.mark_path)
        is_own = mark is not None and mark.run == facts.get("run", "")
        there = self.counted()
        if mark is not None and is_own:
            lost = not mark.written.is_in(there)
            upto = mark.written.last
        else:
            # After an orderly end everything is in the main file: a copy of it alone is whole.
            lost, upto = bool(facts.get(SENDING)), _EVERY_ROW
        if not lost:
            self._lower(there, has_mark=is_own)
            return ""
        self.remember(**{LOST_UPTO: str(max(upto, self.lost_upto()))})
        rows = self._doubt(upto)
        self._lower(there, has_mark=is_own)
        return Message(
            "{path}: the end of the journal is missing (its log {name}-wal was lost or "
            "damaged). {rows:,} rows without e-mail that may have been sent are "
            "`unknown` and not sent again (--resend-unknown sends them); rows with an "
            "e-mail are sent again, which makes no second contact",
            path=self.path,
            name=self.path.name,
            rows=rows,
        )

    def _doubt(self, upto: int) -> int:
        with translated(self.path):
            seqs = self._db.execute(
                "select r.seq from record r where r.email = '' and r.body is not null and r.seq <= ?"
                f" and {NOT_ENDED}",
                (upto,),
            ).fetchall()
        self.withhold((seq, LOST) for (seq,) in seqs)
        return len(seqs)

    def _lower(self, there: Written, *, has_mark: bool) -> None:
        """Lower the mark to what the journal will still hold, before rows are made pending again."""
        if not has_mark:
            return
        try:
            file = MarkFile(self.mark_path, self.facts()["run"])
            try:
                file.write(there._replace(settled=0))
            finally:
                file.close()
        except OSError as exc:
            raise StorageError(
                Message(
                    "{mark_path}: cannot be written: {strerror}",
                    mark_path=self.mark_path,
                    strerror=exc.strerror or exc,
                )
            ) from exc

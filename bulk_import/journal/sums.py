"""Sums over all rows that take no look at each of them."""

from __future__ import annotations

from bulk_import.journal.database import FOLDED, SPECIAL, Database


class Sums(Database):
    """The journal as it is counted.

    A row is *plain* if it was accepted by one request with the answer that most rows get, else *special*.
    """

    def count_plain(self) -> int:
        """Number of rows that ended as most do."""
        return int(self._one("select count(*) from outcome")) - self.count_special()

    def count_special(self, which: str = "1") -> int:
        """Number of rows that ended otherwise and fulfil an SQL term."""
        return int(self._one(f"select count(*) from outcome o where {SPECIAL} and {which}"))

    def count_folded(self) -> int:
        """Number of rows whose attempt is kept in their outcome alone."""
        unfolded = self._one(
            f"""select count(distinct a.seq) from attempt a join outcome o using (seq)
                where not {SPECIAL} and a.result is not 'withdrawn'"""
        )
        return self.count_plain() - int(unfolded) + self.count_special(FOLDED)

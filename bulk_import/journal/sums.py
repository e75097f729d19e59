"""Sums over all rows that take no look at each of them."""

from __future__ import annotations

from bulk_import.journal.database import FOLDED, Database


class Sums(Database):
    """The journal as it is counted."""

    def count_accepted(self) -> int:
        """Number of rows that ended as most do."""
        return int(self._one("select count(*) from accepted"))

    def count_others(self, which: str = "1") -> int:
        """Number of rows that ended otherwise and fulfil an SQL term."""
        return int(self._one(f"select count(*) from outcome o where {which}"))

    def count_folded(self) -> int:
        """Number of rows whose attempt is kept in their outcome alone."""
        kept = self._one(
            """select count(distinct seq) from attempt
               where result is not 'withdrawn' and seq in (select seq from accepted)"""
        )
        return self.count_accepted() - int(kept) + self.count_others(FOLDED)

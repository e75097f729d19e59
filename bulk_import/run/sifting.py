"""Which rows of a source need judging at all: what a job asks that knows most of them already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Row
from bulk_import.run.plan import Input
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.rows import Rows, taking

_BATCH = 1000  # rows that are looked up together


class Sieve(Protocol):
    """Lets rows go that need neither be judged nor be kept, for a job that knows them already."""

    @property
    def expects_known(self) -> bool:
        """Whether most rows will probably be let go."""
        ...

    def restart(self) -> None:
        """Forget what an earlier reading of the sources found."""

    def unknown(
        self,
        number: int,
        mapper: RowMapper,
        detector: DamageDetector,
        rows: Sequence[Row],
        suppression: SuppressionList,
    ) -> Rows:
        """Return the rows of source *number* that must be judged, in their order.

        Args:
            detector: Looks at those rows, and counts all of them.
            rows: Not looked at yet.
        """
        ...

    def kept(self, judged: Sequence[JudgedRow]) -> list[JudgedRow]:
        """Return those of the rows that ``unknown`` returned, now judged, that must be kept."""
        ...

    def needs_another_reading(self, journal: Journal) -> bool:
        """Return whether rows were let go that must be kept after all.

        Args:
            journal: With the rows that were kept.
        """
        ...


def sifted(
    source: Input,
    number: int,
    suppression: SuppressionList,
    sieve: Sieve | None,
    count: Callable[[int], None],
) -> Iterable[Row]:
    """Return the rows of a source that must be judged, with the damage of their cells.

    Args:
        number: Of the source, from 1.
        sieve: ``None`` = all must be.
        count: Called with the number of rows that were let go, after each batch.
    """
    if sieve is None:
        return source.rows
    detector = source.detector or DamageDetector({})
    take = taking(source.bare_rows if source.detector is not None else source.rows)

    def left() -> Iterator[Rows]:
        while chunk := take(_BATCH):
            found = sieve.unknown(number, source.mapper, detector, chunk, suppression)
            count(len(chunk) - len(found))
            if found:
                yield found

    return _Left(left())


class _Left(Iterator[Row]):
    """The rows that a sieve leaves, one by one or many at once; waiting, they are no objects yet.

    Args:
        parts: As it leaves them, each with some rows.
    """

    def __init__(self, parts: Iterator[Rows]) -> None:
        self._parts = parts
        self._over: list[Rows] = []  # read already

    def __next__(self) -> Row:
        for row in self.next(1):
            return row
        raise StopIteration

    def next(self, most: int) -> Rows:
        """Return the next rows, *most* of them at most; none at the end."""
        parts, number = self._over, sum(map(len, self._over))
        while number < most and (part := next(self._parts, None)):
            parts.append(part)
            number += len(part)
        if not parts:
            return Rows.of([])
        rows = Rows.joined(parts)
        self._over = [rows.picked(range(most, number))] if number > most else []
        return rows.picked(range(min(most, number)))

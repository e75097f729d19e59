"""What the rows say that judging let pass: consent, names that nobody compared, tags and lists.

Which of them are sent is known only when all rows are judged: another row may settle them. Until then a
chunk of rows costs a few hundred bytes, however many and however long its cells are. Whoever judges
the chunk makes its summary, possibly in another process; summaries are added in the order of the rows.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bulk_import.mapping.consent import ConsentWatch, all_heard
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.unverified import unverified_names
from bulk_import.models import Problem, Row, SourceInfo
from bulk_import.run.changes import OTHERS
from bulk_import.sources.rows import Rows


class Settled(Protocol):
    """Yields the place in the run of every row that is not to be sent, in ascending order."""

    def __call__(self, *, after: int) -> Iterable[int]:
        """Begin after the place *after*."""
        ...


_KEPT = 0xFFFF_FFFF  # in place of what a row says that is kept back
_LEVEL = 1  # of compression: the numbers repeat


class Heard(NamedTuple):
    """What a chunk of rows says. Can be pickled.

    Attributes:
        said: What the watched columns say, each combination once, in the order of the rows.
        rows: How many rows say each.
        places: For each row of the chunk the position in *said*, as compressed 32-bit numbers; empty
            where all rows pass and say the same.
        beginnings: Tags and lists, as the forms begin with them -> rows.
    """

    said: list[tuple[str, ...]]
    rows: list[int]
    places: bytes
    beginnings: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched in the rows of one source. Can be pickled.

    Attributes:
        columns: Column -> whether it speaks of consent; of remarks and details only what says no is
            kept.
        counts_changes: Whether tags and lists are counted.
    """

    columns: Mapping[str, bool]
    counts_changes: bool = False

    def heard(
        self, rows: Sequence[Row], kept: Mapping[int, object], forms: Iterable[bytes | None]
    ) -> Heard | None:
        """Return what *rows* say; nothing if nothing is watched.

        Args:
            kept: By position, the rows that are kept back.
            forms: Of each row.
        """
        if not self.columns and not self.counts_changes:
            return None
        said, counts, places = self._said(Rows.of(rows), kept) if self.columns else ([], [], b"")
        beginnings = Counter(
            form.partition(b"&" + OTHERS)[0]
            for at, form in enumerate(forms if self.counts_changes else ())
            if form is not None and at not in kept and not form.startswith(OTHERS)
        )
        return Heard(said, counts, places, dict(beginnings))

    def _said(
        self, rows: Rows, kept: Mapping[int, object]
    ) -> tuple[list[tuple[str, ...]], list[int], bytes]:
        columns = []
        for column, is_of_consent in self.columns.items():
            texts = rows.column(column)
            if kept:  # of these the cells may be missing
                texts = [text for at, text in enumerate(texts) if at not in kept]
            columns.append(all_heard(column, texts) if is_of_consent else texts)
        numbers: dict[tuple[str, ...], int] = {}
        said = [numbers.setdefault(cells, len(numbers)) for cells in zip(*columns, strict=True)]
        counts = Counter(said)
        if len(counts) == 1 and not kept:
            return [*numbers], [len(rows)], b""
        supply = iter(said)
        places = [_KEPT if at in kept else next(supply) for at in range(len(rows))]
        packed = zlib.compress(array("I", places).tobytes(), _LEVEL)
        return [*numbers], [counts[at] for at in range(len(numbers))], packed


class _Chunk(NamedTuple):
    """Where the rows of a chunk are, and what they say.

    Attributes:
        numbers: What stands for each of ``Heard.said`` among what all rows say.
    """

    first: int
    rows: int
    numbers: array[int]
    places: bytes

    def said(self) -> Sequence[int]:
        """Return for each row the position in *numbers*."""
        if not self.places:
            return [0] * self.rows
        unpacked = array("I")
        unpacked.frombytes(zlib.decompress(self.places))
        return unpacked


class Passed:
    """The rows of a source that judging let pass, by what they say.

    Args:
        counts_changes: Whether tags and lists are counted.
    """

    def __init__(
        self,
        source: SourceInfo,
        mapper: RowMapper,
        *,
        watches_consent: bool = True,
        counts_changes: bool = False,
    ) -> None:
        self._source = source.name
        self._consent = ConsentWatch(source.header if watches_consent else ())
        self._mapper, self._names = mapper, mapper.unverified
        named = dict.fromkeys(column for _, columns in self._names for column in columns)
        columns = dict.fromkeys(self._consent.columns, True)
        self.watch = Watch(columns | dict.fromkeys(named, False), counts_changes)
        self._known: dict[tuple[str, ...], int] = {}
        self._rows: Counter[int] = Counter()
        self._chunks: list[_Chunk] = []

    def add(self, first_seq: int, rows: int, heard: Heard) -> None:
        """Add the summary of a chunk of rows; call it in the order of the chunks.

        Args:
            first_seq: The place in the run of its first row.
        """
        if not heard.said:
            return
        known = self._known
        numbers = array("q", (known.setdefault(said, len(known)) for said in heard.said))
        for number, count in zip(numbers, heard.rows, strict=True):
            self._rows[number] += count
        self._chunks.append(_Chunk(first_seq, rows, numbers, heard.places))

    def findings(self, settled: Settled | None = None) -> Iterator[tuple[str, Problem]]:
        """Yield (source, problem) of the rows that are still to be sent.

        Args:
            settled: Which rows are not; ``None`` = none.
        """
        left = self._rows - Counter(self._of(settled))
        said = [*self._known]
        columns = [*self.watch.columns]
        by_column: dict[str, Counter[str]] = {column: Counter() for column in columns}
        for at in sorted(left):
            rows, cells = left[at], dict(zip(columns, said[at], strict=True))
            self._consent.see(cells, rows)
            for column, cell in cells.items():
                by_column[column][cell] += rows
        unverified = (
            unverified_names(field, column, self._mapper.unverified_cells(field, by_column[column]))
            for field, columns in self._names
            for column in columns
        )
        for problem in [*self._consent.findings(), *filter(None, unverified)]:
            yield self._source, problem

    def _of(self, settled: Settled | None) -> Iterator[int]:
        """Yield the number of what each settled row says that judging let pass."""
        if settled is None or not self._chunks:
            return
        supply = iter(settled(after=self._chunks[0].first - 1))
        seq = next(supply, None)
        for chunk in self._chunks:
            while seq is not None and seq < chunk.first:
                seq = next(supply, None)
            end = chunk.first + chunk.rows
            said = chunk.said() if seq is not None and seq < end else ()
            while seq is not None and seq < end:
                at = said[seq - chunk.first]
                if at != _KEPT:
                    yield chunk.numbers[at]
                seq = next(supply, None)

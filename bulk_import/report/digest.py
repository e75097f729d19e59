"""Sums over all outcomes for ``report.html``, taken while ``report.csv`` is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bulk_import.models import Outcome, Problem, Status

_MOST_LISTED = 500  # rows on the page; report.csv has all
_MOST_BUCKETS = 120
_NEEDS_A_PERSON = frozenset({Status.FAILED, Status.UNKNOWN, Status.INVALID})


@dataclass(slots=True)
class Bucket:
    """A stretch of time: rows that were answered in it, and the sum of their milliseconds."""

    rows: int = 0
    elapsed_ms: int = 0


@dataclass(slots=True)
class Digest:
    """Sums over the outcomes of a run.

    Attributes:
        causes: (status, code) -> rows, for rows that need a person.
        examples: (status, code) -> the first such row.
        warnings: Column (or field, or ``""`` for whole rows) -> warnings in it.
        warned: Column -> the first of them.
        listed: The first rows that need a person.
        seconds: Length of a bucket; doubles while the run is long.
        buckets: Second of the epoch, divided by ``seconds`` -> what was answered.
    """

    causes: Counter[tuple[Status, str]] = field(default_factory=Counter)
    examples: dict[tuple[Status, str], Outcome] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    warned: dict[str, Problem] = field(default_factory=dict)
    listed: list[Outcome] = field(default_factory=list)
    seconds: int = 1
    buckets: dict[int, Bucket] = field(default_factory=dict)
    _second: str = ""  # of the bucket that was asked for last: rows come in the order of time
    _last: Bucket = field(default_factory=Bucket)

    def watched(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield *outcomes* unchanged; add each to the sums."""
        for outcome in outcomes:
            self._note(outcome)
            yield outcome

    def _note(self, outcome: Outcome) -> None:
        if outcome.status in _NEEDS_A_PERSON:
            cause = (outcome.status, outcome.error_code)
            self.causes[cause] += 1
            self.examples.setdefault(cause, outcome)
            if len(self.listed) < _MOST_LISTED:
                self.listed.append(outcome)
        for warning in outcome.warnings:
            column = warning.column or warning.field
            self.warnings[column] += 1
            self.warned.setdefault(column, warning)
        if outcome.attempts and outcome.finished_at:
            bucket = self._bucket(outcome.finished_at[:19])
            bucket.rows += 1
            bucket.elapsed_ms += outcome.elapsed_ms or 0

    def _bucket(self, second: str) -> Bucket:
        """Return the bucket of a second, ``2026-03-10T01:02:03`` in UTC."""
        if second == self._second:
            return self._last
        moment = int(datetime.fromisoformat(f"{second}Z").timestamp())
        number = moment // self.seconds
        if number not in self.buckets:
            self.buckets[number] = Bucket()
            # Pauses and later resumes are gaps: what counts is the span, not the filled buckets.
            while max(self.buckets) - min(self.buckets) >= _MOST_BUCKETS:
                self._widen()
        self._second, self._last = second, self.buckets[moment // self.seconds]
        return self._last

    def _widen(self) -> None:
        wider: dict[int, Bucket] = {}
        for number, bucket in self.buckets.items():
            merged = wider.setdefault(number // 2, Bucket())
            merged.rows += bucket.rows
            merged.elapsed_ms += bucket.elapsed_ms
        self.buckets = wider
        self.seconds *= 2

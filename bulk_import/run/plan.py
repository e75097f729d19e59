"""What judging counts, and what a run is about to do, for the person who confirms it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Row, SourceInfo, Status
from bulk_import.run.changes import SetCounter
from bulk_import.run.passed import Heard, Passed, Settled, Watch
from bulk_import.settings import Limits
from bulk_import.sources.damage import DamageDetector

_MOST_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Input:
    """One source, open.

    Attributes:
        rows: With the damage of their cells among their problems.
        problems: What opening it found.
        findings: Returns the problems that are visible only after the last row.
        bare_rows: The same rows, not yet looked at by *detector*. Iterate one of the two.
        detector: ``None`` where there are only *rows*.
    """

    info: SourceInfo
    rows: Iterable[Row]
    mapper: RowMapper
    problems: Sequence[Problem] = ()
    findings: Callable[[], Sequence[Problem]] = tuple
    bare_rows: Iterable[Row] = ()
    detector: DamageDetector | None = None


class Tally:
    """What is counted while rows are judged. Filled by its methods alone.

    Attributes:
        rows_read: Rows that came out of the sources so far.
        rows_kept: Those of them that are not to be sent.
        problems: (source, problem) of sources as a whole.
        findings: Those of them that are known only after a source's last row.
        codes: Code -> rows refused with it.
        examples: Some of the refused rows: (place, why).
        changes: Tags and lists of the rows that judging let pass, if they are counted. Others may
            have been settled since, because of other rows.
    """

    def __init__(
        self, rows_read: int = 0, *, watches_consent: bool = True, counts_changes: bool = False
    ) -> None:
        self._watches_consent = watches_consent
        self._counts_changes = counts_changes
        self.changes = SetCounter()
        self.rows_read = rows_read
        self.rows_kept = 0
        self.problems: list[tuple[str, Problem]] = []
        self.findings: list[tuple[str, Problem]] = []
        self.codes: Counter[str] = Counter()
        self.examples: list[tuple[str, Sequence[Problem]]] = []
        self._passed: list[Passed] = []

    def open(self, source: Input) -> None:
        """Note what opening *source* found."""
        self._passed.append(
            Passed(
                source.info, source.mapper,
                watches_consent=self._watches_consent, counts_changes=self._counts_changes,
            )
        )  # fmt: skip
        self.problems += [(source.info.name, problem) for problem in source.problems]

    def end(self, source: Input) -> None:
        """Note what all rows of *source* show; after its last row."""
        found = [(source.info.name, problem) for problem in source.findings()]
        self.findings += found
        self.problems += found

    @property
    def is_watching(self) -> bool:
        """Whether there is anything to weigh: not where no row was judged."""
        return bool(self._passed)

    def weigh(self, settled: Settled) -> list[tuple[str, Problem]]:
        """Note, and return, what the rows show that are to be sent; when all rows are settled.

        Args:
            settled: Which rows are not to be sent.
        """
        found = [finding for passed in self._passed for finding in passed.findings(settled)]
        self._passed = []
        self.findings += found
        self.problems += found
        return found

    def read(self, rows: int) -> None:
        """Count rows that came out of a source."""
        self.rows_read += rows

    @property
    def watch(self) -> Watch:
        """What is watched in the rows of the source that was opened last."""
        return self._passed[-1].watch

    def hear(self, first_seq: int, rows: int, heard: Heard | None) -> None:
        """Note what a chunk of rows says.

        Args:
            first_seq: The place in the run of its first row.
        """
        if heard is not None:
            self._passed[-1].add(first_seq, rows, heard)
            for beginning, forms in heard.beginnings.items():
                self.changes.add(beginning, forms)

    def keep(self) -> None:
        """Count a row that is not to be sent."""
        self.rows_kept += 1

    def refuse(self, row: int, reasons: Sequence[Problem]) -> None:
        """Count a row whose cells cannot be sent, and why."""
        self.codes.update({problem.code for problem in reasons})
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append((f"row {row}", reasons))


@dataclass(frozen=True, slots=True)
class Sample:
    """A row that would be sent, for a person to look at.

    Attributes:
        fields: Parameter -> value, as in the form.
    """

    place: str
    contact: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do, for somebody who decides whether it may.

    Attributes:
        endpoint: The account; empty where nothing will be sent.
        rows_read: Rows that came out of the sources.
        to_send: Rows that would be sent.
        counts: Rows that would not, by status.
        changes: Tags and lists of the rows that would be sent: parameter -> name -> number of rows.
        problems: (source, problem) of sources as a whole.
        examples: Some of the refused rows: (place, why).
        titles: List id -> title, for showing.
        accepted: Rows of the canary that were accepted; 0 before it was sent.
        fields: Parameter -> rows that would be sent with a value of it.
        reasons: Status -> why rows are not sent -> number of rows.
        samples: The first rows that would be sent.
        limits: The pace, and what may be sent a day.
        canary: Rows that the settings ask to be sent first; 0 = none.
        canary_results: What became of each row of the canary, after it was sent.
    """

    endpoint: str
    rows_read: int
    to_send: int
    counts: Mapping[Status, int] = field(default_factory=dict)
    changes: Mapping[str, Counter[str]] = field(default_factory=dict)
    problems: Sequence[tuple[str, Problem]] = ()
    examples: Sequence[tuple[str, Sequence[Problem]]] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[Status, Mapping[str, int]] = field(default_factory=dict)
    samples: Sequence[Sample] = ()
    limits: Limits = field(default_factory=Limits)
    canary: int = 0
    canary_results: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """How long sending takes at the pace asked for; 0 when there is none."""
        paced = self.to_send / self.limits.rate if self.limits.rate else 0.0
        days = (self.to_send - 1) // self.limits.daily_limit if self.limits.daily_limit else 0
        return max(paced, days * 86_400.0)


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes with a condition.

    Attributes:
        canary: Rows to send first; then ask again for the others; 0 = send all.
    """

    canary: int = 0


Answer = bool | Approval

"""People of a re-tagging whom a suppression list keeps back: they are compared, but never written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bulk_import.jobs.segments import Difference, RetagPlan
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.suppression import SuppressionList


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Who of a plan is not written to.

    Attributes:
        emails: Their addresses.
        shown: The first of them, in the order of the plan.
        totals: Parameter -> value -> contacts, of those who are written to.
    """

    emails: frozenset[str]
    shown: tuple[str, ...]
    totals: Mapping[str, Counter[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.emails)

    def left_of(self, people: Sequence[str], most: int) -> list[str]:
        """Return the first *most* of *people* who are written to."""
        return list(islice((one for one in people if one not in self.emails), most))

    def count_of(self, people: Iterable[str]) -> int:
        """Return how many of *people* are kept back."""
        return sum(one in self.emails for one in people) if self.emails else 0


def never_sent(files: Sequence[Path]) -> SuppressionList:
    """Read lists of people who must not be written to.

    Raises:
        MappingError: One cannot be read, or an entry is not understood: it would not be honoured.
    """
    return SuppressionList.load(
        [(file, SuppressSpec(file=str(file))) for file in files], is_strict=True
    )


def kept_back(plan: RetagPlan, listed: SuppressionList, samples: int = 3) -> KeptBack:
    """Return whom of *plan* the suppression lists keep back, and what is left of its totals."""
    totals = {name: Counter(values) for name, values in plan.calls.totals().items()}
    found: dict[str, None] = {}
    for email, call in plan.calls.items() if len(listed) else ():
        if listed.reason(email):
            found[email] = None
            for name, values in call.items():
                totals[name].subtract(list(values))
    left = {name: +values for name, values in totals.items()}
    return KeptBack(
        frozenset(found),
        tuple(islice(found, samples)),
        {name: values for name, values in left.items() if values},
    )


def people_of(found: Difference, kept: KeptBack) -> tuple[int, int]:
    """Return how many gain and how many lose, without those who are kept back."""
    gains = len(found.gains) - kept.count_of(found.gains)
    return gains, len(found.loses) - kept.count_of(found.loses)

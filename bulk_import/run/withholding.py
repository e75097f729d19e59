"""People who said no, in every run and for every request: lists are loaded, pending rows held back."""

from __future__ import annotations

from collections.abc import Iterator

from bulk_import.errors import Message
from bulk_import.journal import Journal
from bulk_import.journal.entries import Refusal
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Status
from bulk_import.progress import Progress
from bulk_import.settings import Settings


def load_suppression(
    mapping: ColumnMapping, settings: Settings, progress: Progress
) -> SuppressionList:
    """Read the mapping's suppression lists; say how many entries each has.

    Raises:
        MappingError: A list cannot be used as it is.
    """
    strict = bool(settings.safeguards.strict_suppress)
    found = SuppressionList.load(mapping.suppress_files(), is_strict=strict)
    for report in found.reports:
        progress.say(str(report))
    return found


def withhold_suppressed(journal: Journal, suppression: SuppressionList) -> None:
    """Settle pending rows whose contact is suppressed, whoever queued them and whenever."""
    if len(suppression):
        journal.withhold(_withheld(journal, suppression))


def _withheld(journal: Journal, suppression: SuppressionList) -> Iterator[tuple[int, Refusal]]:
    for row in journal.pending():
        reason = suppression.reason(row.email)
        if reason and row.in_doubt:
            message = Message(
                "{reason}; sent before without a trustworthy answer, not sent again", reason=reason
            )
            yield row.seq, Refusal.because(Status.UNKNOWN, "SUPPRESSED", message)
        elif reason:
            yield row.seq, Refusal.because(Status.SUPPRESSED, "SUPPRESSED", reason)

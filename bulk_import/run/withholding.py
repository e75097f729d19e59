"""People who said no, in every run and for every request: lists are loaded, pending rows held back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bulk_import.errors import Message
from bulk_import.journal import Journal
from bulk_import.journal.entries import Refusal
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.rows import RowMapper
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


def withhold_suppressed(
    journal: Journal,
    suppression: SuppressionList,
    mappers: Mapping[int, RowMapper] = MappingProxyType({}),
) -> None:
    """Settle pending rows of people who are suppressed, whoever queued them and whenever.

    Args:
        mappers: Of the sources whose rows may name several addresses of a person: any of them on a
            list keeps the row back, as when rows are judged.
    """
    if len(suppression):
        journal.withhold(_withheld(journal, suppression, mappers))


def _withheld(
    journal: Journal, suppression: SuppressionList, mappers: Mapping[int, RowMapper]
) -> Iterator[tuple[int, Refusal]]:
    for seq, source, email, is_in_doubt, row in journal.pending_rows():
        others = mappers[source].addresses(row.cells) if source in mappers and row.cells else ()
        reason = next(filter(None, map(suppression.reason, (email, *others))), "")
        if reason and is_in_doubt:
            message = Message(
                "{reason}; sent before without a trustworthy answer, not sent again", reason=reason
            )
            yield seq, Refusal.because(Status.UNKNOWN, "SUPPRESSED", message)
        elif reason:
            yield seq, Refusal.because(Status.SUPPRESSED, "SUPPRESSED", reason)

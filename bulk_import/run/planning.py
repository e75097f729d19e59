"""The journal before sending -> the plan that a person is asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bulk_import.api.form import decode
from bulk_import.journal import Journal
from bulk_import.models import Problem, Status
from bulk_import.run.changes import SetCounter
from bulk_import.run.contacts import contact_findings
from bulk_import.run.plan import Plan, Sample, Tally
from bulk_import.settings import Settings

_SAMPLES = 10
_OPEN = frozenset({Status.NOT_SENT, Status.UNKNOWN})


def plan_of(
    journal: Journal,
    tally: Tally,
    settings: Settings,
    titles: Mapping[str, str],
    *,
    is_asked: bool,
    duplicates: str = "send",
) -> Plan:
    """Return what is about to be sent.

    Args:
        titles: List id -> title.
        is_asked: Whether a person will look at it; the counts by field, tag and reason are theirs.
        duplicates: The mapping's ``when: duplicate``.
    """
    limit = settings.safeguards.limit
    pending = journal.count_pending()
    changes, fields = SetCounter(), Counter[str]()
    samples: list[Sample] = []
    shared: list[Problem] = []
    if is_asked:
        shared = contact_findings(journal, duplicates=duplicates)
        for row in journal.pending(limit=limit):
            changes.add(row.body)
            fields.update(_names(row.body))
            if len(samples) < _SAMPLES:
                samples.append(Sample(row.place, row.contact, tuple(decode(row.body))))
    return Plan(
        endpoint=settings.endpoint,
        rows_read=tally.rows_read,
        to_send=pending if limit is None else min(limit, pending),
        counts={
            status: number
            for status, number in journal.counts().items()
            if number and status not in _OPEN
        },
        changes=changes.names(),
        problems=[*tally.problems, *(("all rows", found) for found in shared)],
        examples=tally.examples,
        titles=titles,
        fields=fields,
        reasons=journal.count_reasons() if is_asked else {},
        samples=samples,
        limits=settings.limits,
        canary=settings.safeguards.canary,
    )


def _names(body: bytes) -> list[str]:
    """The parameters of a form that have a value."""
    pairs = (part.partition(b"=") for part in body.split(b"&"))
    return [name.decode("ascii") for name, _, value in pairs if value]

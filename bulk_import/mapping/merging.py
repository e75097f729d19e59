"""Several rows of one contact -> one record, for ``when: duplicate: merge``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bulk_import.api.fields import FIELDS, OPPOSITES, SET_FIELDS
from bulk_import.errors import Message
from bulk_import.models import Problem, Record, Severity
from bulk_import.normalize.tags import conflicts, join


def merge_records(records: Sequence[Record]) -> Record:
    """Return one record of several rows of a contact: later values win, tags and lists unite.

    Args:
        records: In file order, at least one. The result replaces the last.
    """
    merged: dict[str, str] = {}
    problems: dict[Problem, None] = {}
    for record in records:
        for name, value in record.fields:
            if name in SET_FIELDS and merged.get(name):
                united = dict.fromkeys([*merged[name].split(","), *value.split(",")])
                merged[name] = join(part for part in united if part)
            elif value or name not in merged:
                merged[name] = value
        problems.update(dict.fromkeys(record.problems))
    for add, remove in OPPOSITES:
        both = conflicts(merged.get(add, "").split(","), merged.get(remove, "").split(","))
        if any(both):
            problems[
                Problem(
                    "MERGE_CONFLICT",
                    Message(
                        "{both} is added by one row of the contact and removed by another",
                        both=", ".join(both),
                    ),
                    field=remove,
                    severity=Severity.WARNING,  # the merged row is sent
                )
            ] = None
    last = records[-1]
    order = [*FIELDS, *(name for name in merged if name not in FIELDS)]
    fields = tuple((name, merged[name]) for name in order if name in merged)
    return replace(last, fields=fields, problems=tuple(problems))

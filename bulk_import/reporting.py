"""The reports of a run, all from its journal."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from bulk_import.api.form import decode
from bulk_import.journal import Journal
from bulk_import.models import Status, Summary
from bulk_import.preparing import SET_FIELDS
from bulk_import.report.digest import Digest
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import REJECTED, write_rejects
from bulk_import.report.summary import write_summary

REPORT = "report.csv"
PAGE = "report.html"
SUMMARY = "summary.json"
_SETS = re.compile(rb"(?:\A|(?<=&))(?:" + "|".join(SET_FIELDS).encode() + rb")=[^&]*")
_MOST_COMBINATIONS = 10_000  # of tags or lists that are kept in memory while they are counted


def report(journal: Journal, run_dir: Path, *, safe: bool, redact: bool = False) -> Summary:
    """Write all reports of a run from its journal.

    Args:
        safe: Neutralize formula-like cells in ``report.csv``.
        redact: Leave contacts and messages out of ``report.html``.
    """
    summary = summarize(journal, run_dir)
    digest = Digest()
    write_report(run_dir / REPORT, digest.watched(journal.outcomes()), safe=safe)
    write_page(run_dir / PAGE, summary, digest, _accepted_changes(journal), redact=redact)
    write_rejects(run_dir, journal.sources(), journal.results(*REJECTED))
    write_summary(run_dir / SUMMARY, summary)
    return summary


def _accepted_changes(journal: Journal) -> dict[str, Counter[str]]:
    """For tags and lists, parameter -> name -> accepted rows."""
    # Contacts share their tags: each combination is counted as it was sent and decoded once.
    parts: Counter[bytes] = Counter()
    changes: dict[str, Counter[str]] = {}
    for _, body in journal.bodies(Status.SUCCESS):
        parts.update(_SETS.findall(body))
        if len(parts) > _MOST_COMBINATIONS:
            _count_names(parts, changes)
    _count_names(parts, changes)
    return changes


def _count_names(parts: Counter[bytes], changes: dict[str, Counter[str]]) -> None:
    """Move *parts* of forms into *changes*."""
    for part, rows in parts.items():
        for name, value in decode(part):
            for entry in value.split(",") if value else ():
                changes.setdefault(name, Counter())[entry] += rows
    parts.clear()


def summarize(journal: Journal, run_dir: Path) -> Summary:
    facts = journal.facts()
    rows_read = int(facts.get("rows_read", journal.count_records()))
    return Summary(
        run_dir=str(run_dir),
        sources=tuple(info.name for info in journal.sources().values()),
        mapping=facts.get("mapping_name", ""),
        endpoint=facts.get("endpoint", ""),
        counts=journal.counts(),
        rows_read=rows_read,
        requests=journal.count_requests(),
        by_code=journal.count_codes(),
        stopped=facts.get("stopped", ""),
        stop_code=int(facts.get("stop_code", "0")),
        started_at=facts.get("started_at", ""),
        finished_at=facts.get("finished_at", ""),
        elapsed_s=float(facts.get("elapsed_s", "0")),
        dry_run="dry_run" in facts,
    )

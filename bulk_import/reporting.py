"""The reports of a run, all from its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bulk_import.api.form import decode
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.preparing import SET_FIELDS
from bulk_import.report.digest import Digest
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import REJECTED, write_rejects
from bulk_import.report.summary import write_summary

REPORT = "report.csv"
PAGE = "report.html"
SUMMARY = "summary.json"
_OTHERS = b"lead_"  # what all other fields of the catalogue begin with
_MOST_COMBINATIONS = 10_000  # of tags or lists that are kept in memory while they are counted


def report(
    journal: Journal,
    run_dir: Path,
    *,
    safe: bool,
    redact: bool = False,
    is_over: Callable[[], bool] = lambda: True,
) -> Summary:
    """Write all reports of a run from its journal.

    Args:
        safe: Neutralize formula-like cells in ``report.csv``.
        redact: Leave contacts and messages out of ``report.html``.
        is_over: Whether sending is over. While it is not, the report follows it.
    """
    digest, changes = Digest(), _Changes()
    outcomes = journal.outcomes(on_accepted=changes.add, is_over=is_over)
    write_report(run_dir / REPORT, digest.watched(outcomes), safe=safe)
    summary = summarize(journal, run_dir)
    write_page(run_dir / PAGE, summary, digest, changes.names(), redact=redact)
    write_rejects(run_dir, journal.sources(), journal.results(*REJECTED))
    write_summary(run_dir / SUMMARY, summary)
    return summary


class _Changes:
    """For tags and lists, parameter -> name -> accepted rows."""

    def __init__(self) -> None:
        # Contacts share their tags: each combination is counted as it was sent and decoded once.
        self._parts: Counter[bytes] = Counter()
        self._names: dict[str, Counter[str]] = {}

    def add(self, body: bytes) -> None:
        """Count what a form says."""
        if body.startswith(_OTHERS):
            return
        # Tags and lists are the first fields of the catalogue: they stand in front.
        self._parts[body.partition(b"&" + _OTHERS)[0]] += 1
        if len(self._parts) > _MOST_COMBINATIONS:
            self._fold()

    def names(self) -> dict[str, Counter[str]]:
        self._fold()
        return self._names

    def _fold(self) -> None:
        for part, rows in self._parts.items():
            for name, value in decode(part):
                for entry in value.split(",") if value and name in SET_FIELDS else ():
                    self._names.setdefault(name, Counter())[entry] += rows
        self._parts.clear()


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

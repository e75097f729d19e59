"""Writes the reports of a run, all from its journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.report.digest import Digest
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import REJECTED, write_rejects
from bulk_import.report.summary import write_summary
from bulk_import.run.changes import SetCounter
from bulk_import.system import environment
from bulk_import.texts import best_language

REPORT = "report.csv"
PAGE = "report.html"
SUMMARY = "summary.json"


def write_reports(
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
        is_over: Whether sending has ended. Until then, report lines are written as rows end.
    """
    digest, changes = Digest(), SetCounter()
    outcomes = journal.outcomes(on_accepted=changes.add, is_over=is_over)
    write_report(run_dir / REPORT, digest.watched(outcomes), safe=safe)
    summary = summarize(journal, run_dir)
    write_rejects(run_dir, journal.sources(), journal.results(*REJECTED))
    language = best_language(environment.locale())
    write_page(run_dir / PAGE, summary, digest, changes.names(), redact=redact, language=language)
    write_summary(run_dir / SUMMARY, summary)
    return summary


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
        rows_unread=max(0, int(facts.get("rows_expected", "0")) - rows_read),
        requests=journal.count_requests(),
        by_code=journal.count_codes(),
        stopped=facts.get("stopped", ""),
        stop_code=int(facts.get("stop_code", "0")),
        started_at=facts.get("started_at", ""),
        finished_at=facts.get("finished_at", ""),
        elapsed_s=float(facts.get("elapsed_s", "0")),
        dry_run="dry_run" in facts,
    )

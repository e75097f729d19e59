"""Writes the reports of a run, all from its journal."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from bulk_import.errors import (
    BugError,
    BulkImportError,
    Message,
    StorageError,
    packed,
)
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.report.digest import Digest
from bulk_import.report.outcomes import write_report
from bulk_import.report.page import write_page
from bulk_import.report.rejects import REJECTED, is_rejects, write_rejects
from bulk_import.report.summary import write_summary
from bulk_import.run.changes import SetCounter
from bulk_import.run.places import Places, is_untouched, notes_of, written_before
from bulk_import.system import environment
from bulk_import.system.crash import described
from bulk_import.system.files import drafts_in
from bulk_import.system.locks import hold
from bulk_import.texts import best_language

REPORT = "report.csv"
PAGE = "report.html"
SUMMARY = "summary.json"
_LOCK = ".reports.lock"
_REPORTED = "reported"  # the fact that names the reports that are in place
_BEGUN = "begun"
_TRIES = 2  # before others are kept from reporting
_LONGEST_WAIT_S = 60.0  # for another process that puts its reports in place


def write_reports(
    journal: Journal,
    run_dir: Path,
    *,
    safe: bool,
    redact: bool = False,
    is_over: Callable[[], bool] | None = None,
    note: str = "",
) -> Summary:
    """Write all reports of a run from its journal.

    They show one moment, and replace the earlier ones together. One that cannot be written does
    not keep the others from being written.

    Args:
        safe: Neutralize formula-like cells in ``report.csv``.
        redact: Leave contacts and messages out of ``report.html``.
        is_over: Whether sending has ended. Until then, report lines are written as rows end;
            ``None`` = the report is of this moment, whether or not rows are being sent.
        note: What the summary says besides.

    Raises:
        StorageError: A report cannot be written; the others are.
        BugError: Likewise, because of a bug.
    """
    write = partial(_write, journal, run_dir, safe=safe, redact=redact, note=note)
    with suppress(_OutdatedError):
        return write(is_over=is_over)
    for _ in range(_TRIES):
        with suppress(_OutdatedError):
            return write()
    with _placing(run_dir):
        return write(is_alone=True)


def _write(
    journal: Journal,
    run_dir: Path,
    *,
    safe: bool,
    redact: bool,
    note: str,
    is_over: Callable[[], bool] | None = None,
    is_alone: bool = False,
) -> Summary:
    """As ``write_reports``, once.

    Args:
        is_alone: Nobody else can put reports in place meanwhile.

    Raises:
        _OutdatedError: Somebody else did, or the run ended: these would replace newer ones.
    """
    reports = _Reports(journal, run_dir)
    with drafts_in(run_dir) as drafts, ExitStack() as stack:
        if is_over is None:
            stack.enter_context(reports.snapshot())
        digest, changes = Digest(), SetCounter()
        outcomes = partial(journal.outcomes, on_accepted=changes.add)
        followed = outcomes() if is_over is None else outcomes(is_over=is_over)
        report = drafts / REPORT
        with reports.trying(REPORT):
            write_report(report, digest.watched(followed), safe=safe)
        if reports.failures:  # the page counts all rows all the same
            digest, changes = Digest(), SetCounter()
            deque(digest.watched(journal.outcomes(on_accepted=changes.add)), maxlen=0)
        if is_over is not None:
            stack.enter_context(reports.snapshot())
        with reports.trying("rejects"):
            write_rejects(drafts, journal.sources(), journal.results(*REJECTED))
        rejects = reports.place_rejects(drafts)
        notes = (*rejects.notes, *filter(None, [note]))
        summary = replace(summarize(journal, run_dir), notes=notes)
        with reports.trying(PAGE):
            language = best_language(environment.locale())
            write_page(
                drafts / PAGE, summary, digest, changes.names(),
                redact=redact, language=language, rejects=sorted(rejects.written),
            )  # fmt: skip
        with reports.trying(SUMMARY):
            write_summary(drafts / SUMMARY, summary)
        stack.close()
        reports.publish(drafts, rejects, is_alone=is_alone)
    reports.raise_failure()
    return summary


def reports_end() -> dict[str, str]:
    """Return the fact that reports written so far do not show how the run ended."""
    return {_REPORTED: ""}


def are_current(facts: Mapping[str, str]) -> bool:
    """Whether the reports in the folder show how the run ended."""
    return facts.get(_REPORTED, "").partition(" ")[0] not in ("", _BEGUN)


class _OutdatedError(Exception):
    """Reports were overtaken while they were being written."""


def _placing(run_dir: Path) -> AbstractContextManager[None]:
    """Hold the lock under which reports are put in place."""
    what = Message("the reports of {run_dir}", run_dir=run_dir)
    return hold(run_dir / _LOCK, what, wait_s=_LONGEST_WAIT_S)


class _Reports:
    """The reports that are being written, and what went wrong."""

    def __init__(self, journal: Journal, run_dir: Path) -> None:
        self.failures: dict[str, Exception] = {}
        self._seen = ""
        self._journal = journal
        self._run_dir = run_dir

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the journal as it is now, and note which reports are in place now."""
        with self._journal.snapshot():
            self._seen = self._journal.facts().get(_REPORTED, "")
            yield

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Keep what goes wrong in the block, so that the other reports are written."""
        try:
            yield
        except Exception as exc:  # noqa: BLE001 - raised by `raise_failure`
            self.failures[name] = exc

    def place_rejects(self, drafts: Path) -> Places:
        """Give the drafts of rejects their final names; names of edited files stay with those."""
        written = written_before(self._journal.facts())
        return Places.of(drafts, self._run_dir, written)

    def publish(self, drafts: Path, rejects: Places, *, is_alone: bool) -> None:
        """Put the reports in their places; remove rejects that this run wrote earlier.

        Raises:
            _OutdatedError: There are newer ones, or the run ended since the snapshot.
        """
        token = uuid4().hex
        with nullcontext() if is_alone else _placing(self._run_dir):
            # Alone, only the end of the run can have come between; it reports after this.
            if not is_alone and self._journal.facts().get(_REPORTED, "") != self._seen:
                raise _OutdatedError
            # A kill between the two leaves a mixture; the word in between says so.
            self._journal.remember(**{_REPORTED: f"{_BEGUN} {token}"})
            try:
                for draft in drafts.iterdir():
                    if draft.name in (REPORT, PAGE, SUMMARY) or is_rejects(draft.name):
                        draft.replace(self._run_dir / draft.name)
                if "rejects" not in self.failures:
                    self._forget_rejects(rejects)
            except OSError as exc:
                raise StorageError(
                    Message(
                        "{run_dir}: cannot be written: {strerror}",
                        run_dir=self._run_dir,
                        strerror=exc.strerror or exc,
                    )
                ) from exc
            if not self.failures:
                self._journal.remember(**{_REPORTED: token})

    def _forget_rejects(self, rejects: Places) -> None:
        facts = self._journal.facts()
        earlier = written_before(facts)
        for name in set(earlier) - set(rejects.written):
            if is_untouched(self._run_dir / name, earlier):
                (self._run_dir / name).unlink(missing_ok=True)
        fresh = rejects.as_facts()
        if any(facts.get(name) != value for name, value in fresh.items()):
            self._journal.remember(**fresh)

    def raise_failure(self) -> None:
        if not self.failures:
            return
        name, exc = next(iter(self.failures.items()))
        again = Message(
            "the other reports are written; `bulk-import report {run_dir}` tries again",
            run_dir=self._run_dir,
        )
        if isinstance(exc, BulkImportError) and not isinstance(exc, BugError):
            raise type(exc)(Message.joined("; ", (exc, again))) from exc
        raise BugError(
            f"a bug in bulk_import ({type(exc).__name__}) while {name} was written; {again}",
            report=described(exc),
        ) from exc


def stop_facts(reason: str) -> dict[str, str]:
    """Return why a run stopped, as its journal remembers it: in English, and as the message it is."""
    return {"stopped": reason, "stopped_as": json.dumps(packed(reason)) if reason else ""}


def stop_reason(facts: Mapping[str, str]) -> str:
    """Return why a run stopped, from the facts of its journal; empty if it did not."""
    told = facts.get("stopped_as", "")
    return Message.unpacked(json.loads(told)) if told else facts.get("stopped", "")


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
        stopped=stop_reason(facts),
        stop_code=int(facts.get("stop_code", "0")),
        started_at=facts.get("started_at", ""),
        finished_at=facts.get("finished_at", ""),
        elapsed_s=float(facts.get("elapsed_s", "0")),
        dry_run="dry_run" in facts,
        notes=notes_of(facts),
    )

"""How one invocation over a run folder ends: what the journal remembers of it, and the reports."""

from __future__ import annotations

import asyncio
import time

from bulk_import.errors import EXIT_STORAGE, Message, StorageError
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.run.folder import RunFolder
from bulk_import.run.reporting import (
    are_current,
    reports_end,
    stop_facts,
    summarize,
    write_reports,
)
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from bulk_import.system.clock import now


class Ending:
    """The end of one invocation, which begins when this is made."""

    def __init__(self, folder: RunFolder, settings: Settings, stop: Stop) -> None:
        self._folder = folder
        self._settings = settings
        self._stop = stop
        self._began = time.monotonic()

    async def close(self, journal: Journal) -> Summary:
        """Store how the run ended, then write the reports."""
        await asyncio.to_thread(self.remember, journal)
        return await asyncio.to_thread(self.reported, journal)

    def reported(self, journal: Journal, *, is_unchanged: bool = False) -> Summary:
        """Write the reports, unless they exist and nothing has changed.

        Raises:
            StorageError: They cannot be written, or the folder is gone.
        """
        self.refuse_gone()
        safe = self._settings.policy.report_safe
        is_current = self._folder.has_reports and are_current(journal.facts())
        if is_unchanged and is_current and not safe:
            return summarize(journal, self._folder.path)
        return write_reports(journal, self._folder.path, safe=safe)

    def refuse_gone(self) -> None:
        """Refuse to write reports into a folder that was moved or deleted during the run."""
        if not self._folder.journal.exists():
            raise StorageError(
                self._stop.reason
                if self._stop.code == EXIT_STORAGE
                else Message(
                    "{folder}: the run folder is gone; put it back, then run the same "
                    "command again",
                    folder=self._folder,
                )
            )

    def remember(self, journal: Journal) -> None:
        """Store how the run ended."""
        facts = journal.facts()
        elapsed_s = float(facts.get("elapsed_s", "0")) + time.monotonic() - self._began
        is_dry = "dry_run" in facts
        is_whole = "judged" in facts
        is_done = not self._stop.code and is_whole and (is_dry or journal.count_pending() == 0)
        journal.remember(
            **stop_facts(self._stop.reason),
            stop_code=str(self._stop.code),
            finished_at=now(),
            elapsed_s=f"{elapsed_s:.3f}",
            finished="1" if is_done else "",
            **reports_end(),
        )

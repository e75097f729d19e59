"""One invocation over one run folder: the stations of a run in their order, and its ends.

open sources -> bind the mapping -> preflight -> prepare -> ask -> send -> report

Long sources that nobody is asked about are prepared by another process while rows are being sent;
they are then surveyed first, so that nothing is sent of a source that cannot be read to its end.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path

from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory, preflight
from bulk_import.delivery.allowance import Window
from bulk_import.errors import EXIT_STOPPED, BugError, SetupError, StoppedError
from bulk_import.journal import Journal
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import VANISHED, Status, Summary
from bulk_import.progress import Progress
from bulk_import.run.ahead import ReadAhead, ReadingTask, is_possible
from bulk_import.run.changes import SetCounter
from bulk_import.run.folder import JOURNAL, RunFolder
from bulk_import.run.identity import facts_of, refuse_other_run, refuse_rehearsal
from bulk_import.run.inputs import (
    opened_inputs,
    opened_sources,
    refuse_mostly_blank,
    row_mapper,
    survey,
)
from bulk_import.run.judging import (
    JudgingStoppedError,
    finish_plan,
    prepare,
    rejudge,
    settle_duplicates,
)
from bulk_import.run.plan import Input, Plan
from bulk_import.run.reporting import report, summarize
from bulk_import.run.sending import Confirm, Sending, Steer, is_confirmed
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError, in_thread
from bulk_import.system.clock import now
from bulk_import.system.crash import working_in
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold

_SIGNALS = (130, 143)

Adjust = Callable[[Journal, Plan], str]
Inputs = Callable[[Directory | None], AbstractContextManager[Iterator[Input]]]


class Run:
    """One invocation over one run folder."""

    def __init__(
        self,
        run_dir: Path,
        mapping: ColumnMapping,
        settings: Settings,
        confirm: Confirm | None,
        progress: Progress,
        stop: Stop,
        *,
        adjust: Adjust | None = None,
        steer: Steer | None = None,
    ) -> None:
        """Make a run.

        Args:
            adjust: Called when all rows are read and judged: may settle more of them; what it
                returns is why nothing may be sent.
            steer: Given the pace when sending begins, to hold or change it.
        """
        if settings.limits.window:
            Window.parse(settings.limits.window)  # a wrong one is told before anything is read
        self._folder = RunFolder(run_dir)
        self._mapping = mapping
        self._settings = settings
        self._confirm = confirm
        self._progress = progress
        self._stop = stop
        self._adjust = adjust
        self._sending = Sending(settings, mapping, self._folder, confirm, progress, stop, steer)
        self._began = time.monotonic()
        self._titles: dict[str, str] = {}

    async def begin(self, inputs: Inputs, paths: Sequence[str] = ()) -> Summary:
        """Start a new run; *paths* are where *inputs* come from, for a resume that must read again."""
        is_new = not self._folder.path.exists()
        if self._folder.has_lost_its_journal:
            raise SetupError(
                f"{self._folder}: holds the reports of a run, but not its journal ({JOURNAL}); restore "
                "that to go on, or import into another folder (rows that were accepted would be "
                "sent again)"
            )
        self._folder.make()
        working_in(self._folder.path)
        try:
            with hold(self._folder.lock, f"the run folder {self._folder}"):
                async with self._connected() as (client, directory):
                    self._know_titles(directory)
                    if client is not None and self._may_read_ahead(paths):
                        return await self._begin_ahead(client, directory, paths)
                    suppression = SuppressionList.load(self._mapping.suppress_files())
                    async with self._opened(inputs(directory)) as opened:
                        with self._new_journal(directory, paths) as journal:
                            plan = await self._prepare(journal, opened, suppression)
                            if plan is None:
                                return self._close(journal)
                            return await self._send(journal, client, plan)
        except SetupError:
            # Nothing was sent: leave nothing behind, so that the same command can be tried again.
            self._folder.clean_up(with_folder=is_new)
            raise
        except StoppingError:
            self._folder.clean_up(with_folder=is_new)
            raise StoppedError(
                f"{self._stop.reason}; nothing was sent", exit_code=self._stop.code
            ) from None

    def _new_journal(self, directory: Directory | None, paths: Sequence[str]) -> Journal:
        list_ids = directory.list_ids if directory else {}
        return Journal.create(
            self._folder.journal, facts_of(self._mapping, self._settings, paths, list_ids)
        )

    def _may_read_ahead(self, paths: Sequence[str]) -> bool:
        """Whether rows may be sent before all are judged, and it is worth a process.

        Nobody is asked, and nothing depends on all rows: a policy for duplicates, the canary's
        choice, a brake.
        """
        depends = (
            self._confirm is not None
            or self._adjust is not None
            or self._settings.safeguards.canary
            or self._mapping.spec.when.duplicate != "send"
        )
        fewest_bytes = self._settings.policy.read_ahead_bytes
        if depends or fewest_bytes < 0 or not paths or not is_possible():
            return False
        sizes = [Path(path).stat().st_size if Path(path).is_file() else -1 for path in paths]
        return min(sizes) >= 0 and sum(sizes) >= fewest_bytes

    async def _begin_ahead(
        self, client: Client, directory: Directory | None, paths: Sequence[str]
    ) -> Summary:
        SuppressionList.load(self._mapping.suppress_files())  # a wrong one is told now
        with (
            opened_sources(paths, self._mapping, directory) as opened,
            self._new_journal(directory, paths) as journal,
            ReadAhead.start(
                ReadingTask.of(
                    journal.path,
                    paths,
                    self._mapping,
                    directory,
                    is_report_safe=self._settings.policy.report_safe,
                )
            ) as preparer,
        ):
            for source, _ in opened:
                for problem in source.problems:
                    self._progress.say(f"{source.name}: {problem}")
            try:
                rows, blank = await asyncio.to_thread(
                    survey, opened, is_stopping=lambda: self._stop.is_set
                )
                refuse_mostly_blank(rows, blank)
            except JudgingStoppedError:
                rows = 0
            plan = self._plan()
            plan.to_send = rows
            await self._sending.send(journal, client, plan, preparer)
            await self._read_to_the_end(preparer)
            if preparer.is_done and preparer.rows_read != rows and not self._stop.is_set:
                self._stop.request("the source changed while it was read", EXIT_STOPPED)
            if not preparer.is_done and rows:
                self._stop.reason += (
                    f"; {preparer.rows:,} of {rows:,} rows were read, the same command reads on"
                )
            for finding in preparer.findings:
                self._progress.say(finding)
            self._remember_end(journal)
            is_reported = await preparer.report()
            if preparer.bug:
                raise BugError(preparer.error, report=preparer.bug)
            if is_reported:
                return summarize(journal, self._folder.path)
            return self._reported(journal)

    async def _read_to_the_end(self, preparer: ReadAhead) -> None:
        """Every row is accounted for, sent or not; only a person who stops is not kept waiting."""
        if self._stop.code in _SIGNALS:
            preparer.stop()
        await preparer.prepared()
        if preparer.error:
            self._stop.request(preparer.error, EXIT_STOPPED)

    async def go_on(self, paths: Sequence[str] | None) -> Summary:
        """Go on with the run in the folder.

        Args:
            paths: The sources of this invocation, to be compared; ``None`` for ``resume``, which
                compares what the journal names.
        """
        with (
            hold(self._folder.lock, f"the run folder {self._folder}"),
            Journal.open(self._folder.journal) as journal,
        ):
            working_in(self._folder.path)
            facts = journal.facts()
            refuse_rehearsal(self._folder, facts, self._settings)
            try:
                return await self._go_on(journal, facts, paths)
            except StoppingError:
                return self._close(journal)

    async def _go_on(
        self, journal: Journal, facts: Mapping[str, str], paths: Sequence[str] | None
    ) -> Summary:
        await self._stop.unless(
            in_thread(
                lambda: refuse_other_run(
                    self._folder, journal, facts, self._mapping, self._settings, paths
                )
            )
        )
        if paths is not None and facts.get("finished"):
            self._progress.say(
                f"{self._folder}: this run is finished; nothing was sent. "
                f"`bulk-import resume {self._folder}` sends again what may be sent again"
            )
            return self._reported(journal, is_unchanged=True)
        changes = journal.changes
        async with self._connected() as (client, directory):
            self._know_titles(directory)
            suppression = SuppressionList.load(self._mapping.suppress_files())
            if facts.get("prepared"):
                plan = self._plan()
                mappers = {
                    number: row_mapper(self._mapping, info.header, directory)
                    for number, info in journal.sources().items()
                    if info.kind != VANISHED
                }
                rejudge(journal, mappers, suppression, plan)
                settle_duplicates(journal, self._mapping.spec.when.duplicate)
                plan.rows_read = int(facts["rows_read"])
            else:
                again = paths or json.loads(facts["paths"])
                reopened = opened_inputs(again, self._mapping, directory)
                async with self._opened(reopened) as inputs:
                    fresh = await self._prepare(journal, inputs, suppression)
                if fresh is None:
                    return self._close(journal)
                plan = fresh
            journal.reopen(
                retry_failed=self._settings.policy.retry_failed,
                resend_unknown=self._settings.policy.resend_unknown,
            )
            finish_plan(journal, plan)
            if self._confirm is not None:
                plan.sets = SetCounter()  # of all rows that are left, whenever they were judged
                for _, body in journal.bodies(Status.NOT_SENT, Status.UNKNOWN):
                    plan.sets.add(body)
            if facts.get("finished") and journal.changes == changes:
                return self._reported(journal, is_unchanged=True)
            return await self._send(journal, client, plan)

    # -- stations -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[Client | None, Directory | None]]:
        """The account's lock, a client, and what the preflight found; nothing in a dry run."""
        if self._settings.dry_run:
            yield None, None
            return
        with self._account_lock():
            async with Client.connect(self._settings) as client:
                directory = None
                if self._settings.policy.preflight:
                    wants_managers = "lead_personal_manager" in self._mapping.spec.fields
                    directory = await self._stop.unless(
                        preflight(client, with_managers=wants_managers)
                    )
                yield client, directory

    @asynccontextmanager
    async def _opened(
        self, inputs: AbstractContextManager[Iterator[Input]]
    ) -> AsyncIterator[Iterator[Input]]:
        """Open sources in a thread: a pipe or a network may be slow, and signals are heard meanwhile."""
        with ExitStack() as stack:
            yield await self._stop.unless(in_thread(lambda: stack.enter_context(inputs)))

    @contextmanager
    def _account_lock(self) -> Iterator[None]:
        """Two runs into one account would share its limit without knowing of each other."""
        folder = self._settings.state_dir
        if folder is None:
            yield
            return
        host = re.sub(r"[^\w.-]", "_", self._settings.endpoint.split("://", 1)[-1])
        made_folder(folder)
        with hold(folder / f"{host}.lock", f"the account {self._settings.endpoint}"):
            yield

    async def _prepare(
        self, journal: Journal, inputs: Iterator[Input], suppression: SuppressionList
    ) -> Plan | None:
        """Read and judge all rows, in a thread: signals are heard meanwhile. None = interrupted."""
        plan = self._plan()
        try:
            await asyncio.to_thread(
                prepare,
                journal,
                inputs,
                suppression,
                plan,
                duplicates=self._mapping.spec.when.duplicate,
                is_stopping=lambda: self._stop.is_set,
                on_rows=self._progress.reading,
            )
        except JudgingStoppedError:
            return None
        self._warn(plan)
        if self._adjust is not None:
            reason = await asyncio.to_thread(self._adjust, journal, plan)
            finish_plan(journal, plan)
            if reason:
                self._stop.request(reason, EXIT_STOPPED)
        return plan

    def _warn(self, plan: Plan) -> None:
        for name, problem in plan.problems:
            self._progress.say(f"{name}: {problem}")
        refuse_mostly_blank(plan.rows_read, plan.codes.get("EMAIL_MISSING", 0))

    async def _send(self, journal: Journal, client: Client | None, plan: Plan) -> Summary:
        if client is None or self._stop.is_set:
            return self._close(journal)
        if plan.to_send and not await is_confirmed(self._confirm, plan, self._stop):
            self._stop.request("not confirmed; nothing was sent", EXIT_STOPPED)
            return self._close(journal)
        await self._sending.send(journal, client, plan)
        return self._close(journal)

    # -- ends -----------------------------------------------------------------------------------

    def _close(self, journal: Journal) -> Summary:
        """Write how the run ended, then the reports."""
        self._remember_end(journal)
        return self._reported(journal)

    def _reported(self, journal: Journal, *, is_unchanged: bool = False) -> Summary:
        """Write the reports, unless they are there and say the same."""
        safe = self._settings.policy.report_safe
        if is_unchanged and self._folder.has_reports and not safe:
            return summarize(journal, self._folder.path)
        return report(journal, self._folder.path, safe=safe)

    def _remember_end(self, journal: Journal) -> None:
        facts = journal.facts()
        elapsed_s = float(facts.get("elapsed_s", "0")) + time.monotonic() - self._began
        is_dry = "dry_run" in facts
        is_whole = "prepared" in facts
        is_done = not self._stop.code and is_whole and (is_dry or journal.count_pending() == 0)
        journal.remember(
            stopped=self._stop.reason,
            stop_code=str(self._stop.code),
            finished_at=now(),
            elapsed_s=f"{elapsed_s:.3f}",
            finished="1" if is_done else "",
        )

    def _know_titles(self, directory: Directory | None) -> None:
        entries = directory.lists if directory else ()
        self._titles = {entry.id: entry.title for entry in entries if entry.title}

    def _plan(self) -> Plan:
        return Plan(endpoint=self._settings.endpoint, titles=self._titles)

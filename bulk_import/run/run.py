"""One invocation over one run folder: its stations in order, and the ways it can end.

open sources -> bind the mapping -> preflight -> judge -> ask -> send -> report

If nobody has to confirm, long sources are judged by a second process while rows are being sent.
They are surveyed first, so that nothing is sent from a source that cannot be read completely.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
)
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory
from bulk_import.delivery.allowance import Window
from bulk_import.errors import (
    EXIT_INTERRUPTED,
    EXIT_STOPPED,
    EXIT_TERMINATED,
    BugError,
    BusyError,
    Message,
    SetupError,
    StoppedError,
)
from bulk_import.journal import Journal
from bulk_import.mapping.consent import unheeded
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList, unheeded_sheets
from bulk_import.models import VANISHED, SourceInfo, Summary
from bulk_import.progress import Progress
from bulk_import.run.ahead import ReadAhead, ReadingTask, is_possible
from bulk_import.run.connecting import connected
from bulk_import.run.ending import Ending
from bulk_import.run.folder import RunFolder
from bulk_import.run.heeding import reasons_to_stop
from bulk_import.run.identity import (
    facts_of,
    refuse_other_job,
    refuse_other_run,
    refuse_rehearsal,
)
from bulk_import.run.inputs import (
    KnownNames,
    Names,
    OpenedSource,
    Surveyed,
    corrections_of,
    opened_inputs,
    opened_sources,
    refuse_as_a_whole,
    row_mapper,
    survey,
)
from bulk_import.run.judges import Judges, size_of
from bulk_import.run.judging import (
    JudgingStoppedError,
    judge_sources,
    rejudge,
    settle_contacts,
    withhold_skipped,
)
from bulk_import.run.plan import Approval, Input, Plan, Tally
from bulk_import.run.planning import plan_of
from bulk_import.run.reporting import (
    summarize,
)
from bulk_import.run.sending import Confirm, Sending, Steer, answered
from bulk_import.run.sifting import Sieve
from bulk_import.run.withholding import load_suppression, withhold_suppressed
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError, in_thread
from bulk_import.system.crash import working_in
from bulk_import.system.garbage import rare_collections
from bulk_import.system.locks import hold

_SIGNALS = (EXIT_INTERRUPTED, EXIT_TERMINATED)

Adjust = Callable[[Journal, Tally], str]
Inputs = Callable[[Names | None], AbstractContextManager[Iterator[Input]]]


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
        sieve: Sieve | None = None,
        steer: Steer | None = None,
        job: Mapping[str, str] = MappingProxyType({}),
        names: Names | None = None,
        start_reader: Callable[[ReadingTask], AbstractContextManager[ReadAhead]] | None = None,
    ) -> None:
        """Make a run.

        Args:
            adjust: Called when all rows are judged, and again when the run is resumed; may settle
                more of them. Returns the reason to send nothing, or ``""``.
            sieve: Picks the rows that go into the journal; *adjust* says then when all are judged.
            job: Facts about the job that the run belongs to, kept in its journal: ``job`` names
                its kind. A run is only continued as what it was started as.
            steer: Given the pace when sending begins, to hold or change it.
            names: For a dry run, which asks nobody: what the account is known to call things.
            start_reader: Starts what reads long sources while rows are being sent; ``None`` =
                ``ReadAhead.start``.
        """
        if settings.limits.window:
            Window.parse(settings.limits.window)  # refuse a wrong one before anything is read
        self._folder = RunFolder(run_dir)
        self._mapping = mapping
        self._settings = settings
        self._confirm = confirm
        self._progress = progress
        self._stop = stop
        self._adjust = adjust
        self._sieve = sieve
        self._job = job
        self._known_names = names
        self._start_reader = start_reader or ReadAhead.start
        self._sending = Sending(settings, mapping, self._folder, confirm, progress, stop, steer)
        self._ending = Ending(self._folder, settings, stop)
        self._titles: dict[str, str] = {}

    async def begin(self, inputs: Inputs, paths: Sequence[str] = ()) -> Summary:
        """Start a new run.

        Args:
            inputs: Opens the sources.
            paths: Where they are, for a resume that must read them again.
        """
        is_new, is_ours = not self._folder.path.exists(), False
        self._folder.refuse_earlier_run()
        self._folder.make()
        working_in(self._folder.path)
        try:
            with hold(self._folder.lock, Message("the run folder {folder}", folder=self._folder)):
                is_ours = True
                async with self._connected() as (client, directory):
                    self._know_titles(directory)
                    if client is not None and self._may_read_ahead(paths):
                        return await self._begin_ahead(client, directory, paths)
                    suppression = await asyncio.to_thread(self._suppression)
                    async with self._opened(inputs(self._names(directory))) as opened:
                        with self._new_journal(directory, paths) as journal:
                            tally = await self._judge(journal, opened, suppression, paths)
                            if tally is not None and await self._must_read_again(journal):
                                async with self._opened(inputs(self._names(directory))) as again:
                                    tally = await self._judge(
                                        journal, again, suppression, paths, is_again=True
                                    )
                            if tally is None:
                                return await self._ending.close(journal)
                            await self._compare(journal, tally, suppression)
                            return await self._send(journal, client, tally)
        except (SetupError, BusyError):
            # Nothing was sent: leave nothing behind, so that the same command can be tried again.
            if is_ours:
                self._folder.clean_up(with_folder=is_new)
            raise
        except StoppingError:
            self._folder.clean_up(with_folder=is_new)
            raise StoppedError(
                Message("{reason}; nothing was sent", reason=Message.of(self._stop.reason)),
                exit_code=self._stop.code,
            ) from None

    def _new_journal(self, directory: Directory | None, paths: Sequence[str]) -> Journal:
        list_ids = directory.list_ids if directory else {}
        facts = facts_of(self._mapping, self._settings, paths, list_ids)
        managers = dict(directory.manager_ids) if directory else {}
        facts["managers"] = json.dumps(managers, ensure_ascii=False)
        return Journal.create(self._folder.journal, facts | dict(self._job))

    def _may_read_ahead(self, paths: Sequence[str]) -> bool:
        """Whether rows may be sent before all are judged, and a second process pays off.

        Not if somebody must confirm, or if a decision needs all rows: duplicates, canary, brake, and
        rules: a later row may say that the contact of an earlier one is not to be written to.
        """
        depends = (
            self._confirm is not None
            or self._adjust is not None
            or self._settings.safeguards.canary
            or self._mapping.spec.when.duplicate != "send"
            or self._mapping.spec.skip
            or self._mapping.spec.only
            or any(check.unique for check in self._mapping.spec.checks)
        )
        fewest_bytes = self._settings.policy.read_ahead_bytes
        if depends or fewest_bytes < 0 or not paths or not is_possible():
            return False
        return all(Path(path).is_file() for path in paths) and size_of(paths) >= fewest_bytes

    async def _begin_ahead(
        self, client: Client, directory: Directory | None, paths: Sequence[str]
    ) -> Summary:
        await asyncio.to_thread(self._suppression)  # refuse a wrong one now
        with (
            opened_sources(paths, self._mapping, self._names(directory)) as opened,
            self._new_journal(directory, paths) as journal,
            self._start_reader(
                ReadingTask.of(
                    journal.path,
                    paths,
                    self._mapping,
                    directory,
                    is_report_safe=self._settings.policy.report_safe,
                    workers=self._settings.policy.workers,
                    cluster=self._settings.policy.cluster,
                )
            ) as ahead,
        ):
            seen = await self._survey(opened)
            rows = seen.rows
            journal.remember(rows_expected=str(rows))
            noted = ((source.name, found) for source, *_ in opened for found in source.problems)
            sheets = unheeded_sheets(noted, self._mapping.spec.suppress)
            self._heed(journal, unheeded(seen.findings), sheets)
            if seen.says_no:  # a later row may say no for the contact of an earlier one
                await self._stop.unless(ahead.judged())
            plan = Plan(endpoint=self._settings.endpoint, rows_read=rows, to_send=rows)
            await self._sending.send(journal, client, plan, ahead)
            await self._read_to_the_end(ahead)
            if ahead.is_done and ahead.rows_read != rows and not self._stop.is_set:
                self._stop.request("the source changed while it was read", EXIT_STOPPED)
            if not ahead.is_done and rows:
                self._stop.add(
                    Message(
                        "{done:,} of {rows:,} rows were read, the same command continues",
                        done=ahead.rows,
                        rows=rows,
                    )
                )
            for finding in ahead.findings:
                self._progress.say(finding)
            await asyncio.to_thread(self._ending.remember, journal)
            is_reported = await ahead.finish_reports()
            self._ending.refuse_gone()
            if ahead.bug:
                raise BugError(ahead.error, report=ahead.bug)
            if is_reported:
                return await asyncio.to_thread(summarize, journal, self._folder.path)
            return await asyncio.to_thread(self._ending.reported, journal)

    async def _survey(self, opened: Sequence[OpenedSource]) -> Surveyed:
        """Read every source to its end and tell what that shows; no rows if it is interrupted."""
        for source, _, _ in opened:
            for problem in source.problems:
                self._progress.say(Message("{name}: {problem}", name=source.name, problem=problem))
        try:
            seen = await asyncio.to_thread(survey, opened, is_stopping=lambda: self._stop.is_set)
        except JudgingStoppedError:
            return Surveyed()
        refuse_as_a_whole(seen.rows, seen.blank, self._mapping)
        for name, problem in seen.findings:
            self._progress.say(Message("{name}: {problem}", name=name, problem=problem))
        return seen

    async def _read_to_the_end(self, ahead: ReadAhead) -> None:
        """Wait until every row is in the journal, sent or not; an interrupted run does not wait."""
        if self._stop.code in _SIGNALS:
            ahead.stop()
        await ahead.judged()
        if ahead.error:
            self._stop.request(ahead.error, EXIT_STOPPED)

    async def go_on(
        self,
        paths: Sequence[str] | None,
        *,
        inputs: Inputs | None = None,
        frame: SourceInfo | None = None,
    ) -> Summary:
        """Continue the run in the folder.

        Args:
            paths: The sources of this invocation, to be compared; ``None`` for ``resume``, which
                compares what the journal names.
            inputs: Opens a source that has no path, if it must be read again.
            frame: That source, to be compared.
        """
        with (
            hold(self._folder.lock, Message("the run folder {folder}", folder=self._folder)),
            Journal.open(self._folder.journal) as journal,
        ):
            working_in(self._folder.path)
            facts = journal.facts()
            refuse_other_job(self._folder, facts, self._job)
            self._mapping = self._mapping.with_told_exports(facts.get("exports", "[]"))
            refuse_rehearsal(self._folder, facts, self._settings)
            if lost := await asyncio.to_thread(journal.find_losses):
                self._progress.say(lost)
                facts = journal.facts()
            try:
                return await self._go_on(journal, facts, paths, inputs, frame)
            except StoppingError:
                return await self._ending.close(journal)

    async def _go_on(
        self,
        journal: Journal,
        facts: Mapping[str, str],
        paths: Sequence[str] | None,
        inputs: Inputs | None,
        frame: SourceInfo | None,
    ) -> Summary:
        await self._stop.unless(
            in_thread(
                lambda: refuse_other_run(
                    self._folder, journal, facts, self._mapping, self._settings, paths, frame
                )
            )
        )
        if paths is not None and facts.get("finished"):
            self._progress.say(
                Message(
                    "{folder}: this run is finished; nothing was sent. `bulk-import resume "
                    "{folder}` sends again what may be sent again",
                    folder=self._folder,
                )
            )
            return await asyncio.to_thread(self._ending.reported, journal, is_unchanged=True)
        changes = journal.changes
        async with self._connected() as (client, directory):
            self._know_titles(directory)
            suppression = await asyncio.to_thread(self._suppression)
            if facts.get("judged"):
                tally = Tally(int(facts["rows_read"]))
                await asyncio.to_thread(self._judge_again, journal, directory, suppression, tally)
                await self._compare(journal, tally, suppression)
                known = (
                    json.loads(facts.get(name, "[]")) for name in ("unheeded", "unheeded_sheets")
                )
                self._heed(journal, *known)
            else:
                again = paths or json.loads(facts["paths"])
                names = self._names(directory)
                fresh = await self._read_again(journal, names, suppression, again, inputs)
                if fresh is None:
                    return await self._ending.close(journal)
                tally = fresh
                await self._compare(journal, tally, suppression)
            await asyncio.to_thread(self._reopen, journal, directory, suppression)
            if facts.get("finished") and journal.changes == changes:
                return await self._nothing_left(journal)
            return await self._send(journal, client, tally)

    async def _read_again(
        self,
        journal: Journal,
        names: Names | None,
        suppression: SuppressionList,
        paths: Sequence[str],
        inputs: Inputs | None,
    ) -> Tally | None:
        """Read and judge all rows of a run that was stopped while it read; ``None`` if stopped again."""
        opens = inputs or (lambda known: opened_inputs(paths, self._mapping, known))
        async with self._opened(opens(names)) as opened:
            tally = await self._judge(journal, opened, suppression, paths)
        if tally is not None and await self._must_read_again(journal):
            async with self._opened(opens(names)) as opened:
                tally = await self._judge(journal, opened, suppression, paths, is_again=True)
        return tally

    async def _nothing_left(self, journal: Journal) -> Summary:
        """Say that a finished run has nothing to send again."""
        self._progress.say(
            Message(
                "{folder}: nothing was left to send; the counts are those of the whole run",
                folder=self._folder,
            )
        )
        return await asyncio.to_thread(self._ending.reported, journal, is_unchanged=True)

    def _reopen(
        self, journal: Journal, directory: Directory | None, suppression: SuppressionList
    ) -> None:
        journal.reopen(
            retry_failed=self._settings.policy.retry_failed,
            resend_unknown=self._settings.policy.resend_unknown,
        )
        # Lists may have grown.
        withhold_suppressed(journal, suppression, self._mappers(journal, directory))
        withhold_skipped(journal)

    def _judge_again(
        self,
        journal: Journal,
        directory: Directory | None,
        suppression: SuppressionList,
        tally: Tally,
    ) -> None:
        """Judge rows again that were kept back: lists and corrections may have changed."""
        known, mappers = journal.sources(), self._mappers(journal, directory)
        corrections = {
            number: found
            for number, mapper in mappers.items()
            if (found := corrections_of(known[number].name, self._mapping, mapper))
        }
        rejudge(journal, mappers, suppression, tally, corrections)
        settle_contacts(journal, self._mapping.spec.when.duplicate, mappers)

    def _mappers(self, journal: Journal, directory: Directory | None) -> dict[int, RowMapper]:
        """Return what makes records of the rows of each source in the journal, by its number."""
        return {
            number: row_mapper(self._mapping, info.header, self._names(directory))
            for number, info in journal.sources().items()
            if info.kind != VANISHED
        }

    def _suppression(self) -> SuppressionList:
        return load_suppression(self._mapping, self._settings, self._progress)

    # -- stations -------------------------------------------------------------------------------

    def _connected(self) -> AbstractAsyncContextManager[tuple[Client | None, Directory | None]]:
        return connected(
            self._settings,
            self._progress,
            self._stop,
            with_managers="lead_personal_manager" in self._mapping.spec.fields,
        )

    @asynccontextmanager
    async def _opened(
        self, inputs: AbstractContextManager[Iterator[Input]]
    ) -> AsyncIterator[Iterator[Input]]:
        """Open sources in a thread: a pipe or network may be slow, and signals must be handled."""
        with ExitStack() as stack:
            yield await self._stop.unless(in_thread(lambda: stack.enter_context(inputs)))

    async def _judge(
        self,
        journal: Journal,
        inputs: Iterator[Input],
        suppression: SuppressionList,
        paths: Sequence[str],
        *,
        is_again: bool = False,
    ) -> Tally | None:
        """Read and judge all rows in a thread; ``None`` if the run was interrupted.

        Args:
            is_again: Whether it was done before: what was shown of it is not shown twice.
        """
        tally = Tally()
        policy = self._settings.policy

        def judge_all(**options: Any) -> None:
            # Where most rows are let go, others are not worth starting.
            workers = 1 if self._sieve is not None and self._sieve.expects_known else policy.workers
            with (
                Judges.opened(
                    workers, policy.cluster, size=size_of(paths), tell=self._progress.say
                ) as judges,
                rare_collections(),
            ):
                judge_sources(
                    journal, inputs, suppression, tally,
                    judges=judges, sieve=self._sieve, **options,
                )  # fmt: skip

        try:
            await asyncio.to_thread(
                judge_all,
                duplicates=self._mapping.spec.when.duplicate,
                is_stopping=lambda: self._stop.is_set,
                on_rows=(lambda _: None) if is_again else self._progress.reading,
            )
        except JudgingStoppedError:
            return None
        for name, problem in () if is_again else tally.problems:
            self._progress.say(Message("{name}: {problem}", name=name, problem=problem))
        refuse_as_a_whole(tally.rows_read, tally.codes["EMAIL_MISSING"], self._mapping)
        return tally

    async def _must_read_again(self, journal: Journal) -> bool:
        """Whether the sieve let rows go that must be kept after all."""
        sieve = self._sieve
        return sieve is not None and await asyncio.to_thread(sieve.needs_another_reading, journal)

    async def _compare(self, journal: Journal, tally: Tally, suppression: SuppressionList) -> None:
        """Let the job settle rows that need not be sent; stop if it finds a reason to."""
        if self._adjust is not None:
            reason = await asyncio.to_thread(self._adjust, journal, tally)
            await asyncio.to_thread(withhold_suppressed, journal, suppression)
            if reason:
                self._stop.request(reason, EXIT_STOPPED)
        if not tally.is_watching:
            return
        found = await asyncio.to_thread(tally.weigh, journal.settled)
        for name, problem in found:
            self._progress.say(Message("{name}: {problem}", name=name, problem=problem))
        self._heed(
            journal, unheeded(found), unheeded_sheets(tally.problems, self._mapping.spec.suppress)
        )

    def _heed(self, journal: Journal, columns: Sequence[str], sheets: Sequence[str]) -> None:
        """Stop where nobody is asked, if people would be written to who may have said no.

        Args:
            columns: Their cells say so of people who would be sent.
            sheets: Their names say so, and no suppression list keeps back the people on them.
        """
        is_meant = self._mapping.spec.when.says_no == "send" or not self._settings.policy.heeds_no
        if is_meant or not (columns or sheets):
            return
        # A resume sends them no more than this run.
        journal.remember(unheeded=json.dumps(columns), unheeded_sheets=json.dumps(sheets))
        if self._confirm is None:
            for reason in reasons_to_stop(columns, sheets):
                self._stop.request(reason, EXIT_STOPPED)

    async def _send(self, journal: Journal, client: Client | None, tally: Tally) -> Summary:
        if client is None or self._stop.is_set:
            return await self._ending.close(journal)
        plan = await asyncio.to_thread(self._plan, journal, tally)
        answer = not plan.to_send or await answered(self._confirm, plan, self._stop)
        if not answer:
            self._stop.request("not confirmed; nothing was sent", EXIT_STOPPED)
            return await self._ending.close(journal)
        sending = self._sending
        if isinstance(answer, Approval):
            sending = sending.with_canary(answer.canary)
        await sending.send(journal, client, plan)
        return await self._ending.close(journal)

    def _plan(self, journal: Journal, tally: Tally) -> Plan:
        is_asked = self._confirm is not None
        return plan_of(
            journal, tally, self._settings, self._titles,
            is_asked=is_asked, duplicates=self._mapping.spec.when.duplicate,
        )  # fmt: skip

    # -- names ----------------------------------------------------------------------------------

    def _names(self, directory: Directory | None) -> Names | None:
        """Return what the account calls things; ``None`` where a dry run leaves it open."""
        if directory is None and self._settings.dry_run:
            return self._known_names
        if directory is None:
            return (
                KnownNames()
            )  # not asked, by the settings: lists go as written, names of managers not
        return directory

    def _know_titles(self, directory: Directory | None) -> None:
        entries = directory.lists if directory else ()
        self._titles = {entry.id: entry.title for entry in entries if entry.title}

"""One invocation over one run folder: the stations of a run in their order, and its ends.

open sources -> bind the mapping -> preflight -> prepare -> ask -> send -> report

Long sources that nobody is asked about are prepared by another process while rows are being sent;
they are then surveyed first, so that nothing is sent of a source that cannot be read to its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from datetime import UTC, datetime
from pathlib import Path

from bulk_import.ahead import Job, Preparer
from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory, preflight
from bulk_import.canary import choose_canary
from bulk_import.delivery.allowance import Window
from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.delivery.pool import Pool
from bulk_import.delivery.stopping import Stop, StoppingError, in_thread
from bulk_import.errors import SetupError, StoppedError, StorageError
from bulk_import.identity import facts_of, now, refuse_other_run, refuse_rehearsal
from bulk_import.inputs import (
    opened_inputs,
    opened_sources,
    refuse_mostly_blank,
    row_mapper,
    survey,
)
from bulk_import.journal import Journal
from bulk_import.locks import hold
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import VANISHED, Status, Summary
from bulk_import.preparing import (
    Input,
    Plan,
    PreparingStoppedError,
    finish_plan,
    prepare,
    rejudge,
    settle_duplicates,
)
from bulk_import.progress import Progress
from bulk_import.report.writing import replaced
from bulk_import.reporting import PAGE, REPORT, SUMMARY, report, summarize
from bulk_import.settings import Settings

JOURNAL = "journal.sqlite3"
EXIT_STOPPED = 3
_SIGNALS = (130, 143)

Confirm = Callable[[Plan], bool]
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
    ) -> None:
        """Make a run.

        Args:
            adjust: Called when all rows are read and judged: may settle more of them; what it
                returns is why nothing may be sent.
        """
        if settings.window:
            Window.parse(settings.window)  # a wrong one is told before anything is read
        self._dir = run_dir
        self._mapping = mapping
        self._settings = settings
        self._confirm = confirm
        self._progress = progress
        self._stop = stop
        self._adjust = adjust
        self._began = time.monotonic()
        self._titles: dict[str, str] = {}

    async def begin(self, inputs: Inputs, paths: Sequence[str] = ()) -> Summary:
        """Start a new run; *paths* are where *inputs* come from, for a resume that must read again."""
        is_new = not self._dir.exists()
        if (self._dir / SUMMARY).is_file():
            raise SetupError(
                f"{self._dir}: holds the reports of a run, but not its journal ({JOURNAL}); restore "
                "that to go on, or import into another folder (rows that were accepted would be "
                "sent again)"
            )
        self._make_folder()
        try:
            with hold(self._dir / "journal.lock", f"the run folder {self._dir}"):
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
            self._clean_up(is_new=is_new)
            raise
        except StoppingError:
            self._clean_up(is_new=is_new)
            raise StoppedError(
                f"{self._stop.reason}; nothing was sent", exit_code=self._stop.code
            ) from None

    def _new_journal(self, directory: Directory | None, paths: Sequence[str]) -> Journal:
        list_ids = directory.list_ids if directory else {}
        return Journal.create(
            self._dir / JOURNAL, facts_of(self._mapping, self._settings, paths, list_ids)
        )

    def _may_read_ahead(self, paths: Sequence[str]) -> bool:
        """Whether rows may be sent before all are judged, and it is worth a process.

        Nobody is asked, and nothing depends on all rows: a policy for duplicates, the canary's
        choice, a brake.
        """
        depends = (
            self._confirm is not None
            or self._adjust is not None
            or self._settings.canary
            or self._mapping.spec.when.duplicate != "send"
        )
        fewest_bytes = self._settings.read_ahead_bytes
        if depends or fewest_bytes < 0 or not paths or (os.cpu_count() or 1) < 2:
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
            Preparer.start(
                Job.of(
                    journal.path,
                    paths,
                    self._mapping,
                    directory,
                    is_report_safe=self._settings.report_safe,
                )
            ) as preparer,
        ):
            try:
                rows, blank = await asyncio.to_thread(
                    survey, opened, is_stopping=lambda: self._stop.is_set
                )
                refuse_mostly_blank(rows, blank)
            except PreparingStoppedError:
                rows = 0
            plan = self._plan()
            plan.to_send = rows
            await self._sent(journal, client, plan, preparer)
            await self._read_to_the_end(preparer)
            if preparer.is_done and preparer.rows_read != rows and not self._stop.is_set:
                self._stop.request("the source changed while it was read", EXIT_STOPPED)
            for problem in preparer.problems:
                self._progress.say(problem)
            self._remember_end(journal)
            if await preparer.report():
                return summarize(journal, self._dir)
            return report(journal, self._dir, safe=self._settings.report_safe)

    async def _read_to_the_end(self, preparer: Preparer) -> None:
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
            hold(self._dir / "journal.lock", f"the run folder {self._dir}"),
            Journal.open(self._dir / JOURNAL) as journal,
        ):
            facts = journal.facts()
            refuse_rehearsal(self._dir, facts, self._settings)
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
                    self._dir, journal, facts, self._mapping, self._settings, paths
                )
            )
        )
        if paths is not None and facts.get("finished"):
            self._progress.say(
                f"{self._dir}: this run is finished; nothing was sent. "
                f"`bulk-import resume {self._dir}` sends again what may be sent again"
            )
            return report(journal, self._dir, safe=self._settings.report_safe)
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
                retry_failed=self._settings.retry_failed,
                resend_unknown=self._settings.resend_unknown,
            )
            finish_plan(journal, plan)
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
                if self._settings.preflight:
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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"{folder}: cannot be created: {exc.strerror}") from exc
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
        except PreparingStoppedError:
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
        if self._confirm is not None and plan.to_send and not self._confirm(plan):
            self._stop.request("not confirmed; nothing was sent", EXIT_STOPPED)
            return self._close(journal)
        await self._sent(journal, client, plan)
        return self._close(journal)

    async def _sent(
        self, journal: Journal, client: Client, plan: Plan, preparer: Preparer | None = None
    ) -> None:
        """Send what is pending, and what is still being prepared; all that came of it is on disk."""
        self._check_reports()
        reserve = Reserve(self._dir / "journal.reserve")
        reserve.take()
        commits = GroupCommit(journal, reserve)
        try:
            with journal.another() as reader:
                await self._deliver(reader, client, commits, plan, preparer)
        finally:
            with suppress(StorageError):
                await commits.flush()
            commits.close()
            reserve.give_back()

    async def _deliver(
        self,
        reader: Journal,
        client: Client,
        commits: GroupCommit,
        plan: Plan,
        preparer: Preparer | None,
    ) -> None:
        limit = self._settings.limit
        total = plan.to_send if limit is None else min(limit, plan.to_send)
        self._progress.sending(total)
        pool = Pool(
            self._settings,
            client,
            commits,
            self._stop,
            watch=self._progress,
            constant_lists=self._constant_lists(reader),
            used_today=reader.count_requests_since(_midnight()),
        )
        if self._settings.canary:
            await self._send_canary(reader, pool, plan)
        if self._stop.is_set:
            return
        left = None if limit is None else max(0, limit - self._settings.canary)
        if preparer is None:
            await pool.run(reader.pending(limit=left))
        else:
            preparer.on_news = pool.wake
            await pool.run(
                reader.pending(limit=left, upto=lambda: preparer.rows),
                is_complete=lambda: preparer.is_done or bool(preparer.error),
            )

    async def _send_canary(self, reader: Journal, pool: Pool, plan: Plan) -> None:
        chosen = choose_canary(reader.pending(), self._settings.canary)
        before = reader.counts()[Status.SUCCESS]
        await pool.run(reader.pending(only=chosen))
        accepted = reader.counts()[Status.SUCCESS] - before
        for seq in sorted(chosen):
            row, outcome = reader.result(seq)
            said = f" ({outcome.message})" if outcome.message else ""
            self._progress.say(f"canary: row {row.number}: {outcome.status.value}{said}")
        if accepted < len(chosen):
            self._stop.request(
                f"the canary: {accepted} of {len(chosen)} rows were accepted; see {REPORT}",
                EXIT_STOPPED,
            )
        elif self._confirm is not None and not self._stop.is_set and plan.to_send > accepted:
            plan.accepted = accepted
            if not self._confirm(plan):
                self._stop.request(
                    "not confirmed after the canary; the rest was not sent", EXIT_STOPPED
                )
            self._progress.sending(plan.to_send - accepted)

    def _constant_lists(self, reader: Journal) -> frozenset[str]:
        lists = (
            value
            for name in ("add_to_lists", "remove_from_lists")
            if name in self._mapping.spec.fields
            for value in self._mapping.spec.fields[name].always
        )
        resolved = json.loads(reader.facts().get("lists", "{}"))
        return frozenset(resolved.get(value, value) for value in lists)

    # -- ends -----------------------------------------------------------------------------------

    def _close(self, journal: Journal) -> Summary:
        """Write how the run ended, then the reports."""
        self._remember_end(journal)
        return report(journal, self._dir, safe=self._settings.report_safe)

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

    def _make_folder(self) -> None:
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            self._check_reports()
        except OSError as exc:
            raise StorageError(f"{self._dir}: cannot be written: {exc.strerror or exc}") from exc

    def _check_reports(self) -> None:
        """Find out that a report cannot be written before the first request, not after."""
        for name in (REPORT, PAGE, SUMMARY, "rejects.csv", "rejects.xlsx"):
            if (self._dir / name).is_dir():
                raise StorageError(f"{self._dir / name}: a folder stands where the report goes")
        probe = self._dir / ".probe"
        with replaced(probe) as file:
            file.write(b"\0" * 4096)
        probe.unlink()

    def _clean_up(self, *, is_new: bool) -> None:
        for name in (
            JOURNAL,
            f"{JOURNAL}-wal",
            f"{JOURNAL}-shm",
            "journal.lock",
            "journal.reserve",
        ):
            (self._dir / name).unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):
                self._dir.rmdir()

    def _know_titles(self, directory: Directory | None) -> None:
        entries = directory.lists if directory else ()
        self._titles = {entry.id: entry.title for entry in entries if entry.title}

    def _plan(self) -> Plan:
        return Plan(endpoint=self._settings.endpoint, titles=self._titles)


def new_run_dir(source: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "_", Path(source).stem if source != "-" else "stdin")[:40]
    base = Path("runs") / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}_{stem}"
    folder, number = base, 2
    while folder.exists():
        folder, number = base.with_name(f"{base.name}_{number}"), number + 1
    return folder


def _midnight() -> str:
    """The beginning of the local day, as the journal writes moments."""
    midnight = datetime.combine(
        datetime.now().astimezone().date(), datetime.min.time()
    ).astimezone()
    return midnight.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

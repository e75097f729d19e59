"""The sending station of a run: disk reserve, group commits, canary, pool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from inspect import isawaitable

from bulk_import.api.client import Client
from bulk_import.api.fields import SET_FIELDS
from bulk_import.api.form import decode
from bulk_import.delivery.commits import GroupCommit, Reserve
from bulk_import.delivery.pace import Pace
from bulk_import.delivery.pool import Pool
from bulk_import.errors import EXIT_STOPPED, Message, StorageError
from bulk_import.journal import Journal
from bulk_import.journal.entries import Pending
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.models import Outcome, Status
from bulk_import.progress import Progress
from bulk_import.run.ahead import ReadAhead
from bulk_import.run.canary import choose_canary
from bulk_import.run.daily import Day, account_file, midnight, today
from bulk_import.run.folder import RunFolder
from bulk_import.run.plan import Answer, Plan
from bulk_import.run.reporting import REPORT
from bulk_import.settings import Settings
from bulk_import.stopping import Stop, StoppingError

Confirm = Callable[[Plan], Answer | Awaitable[Answer]]
Steer = Callable[[Pace], None]


async def answered(confirm: Confirm | None, plan: Plan, stop: Stop) -> Answer:
    """Ask for confirmation: a terminal answers at once, a page later; a stopped run means no."""
    answer = True if confirm is None else confirm(plan)
    if not isawaitable(answer):
        return answer
    try:
        return await stop.unless(answer)
    except StoppingError:
        return False


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs, apart from rows and a client.

    Attributes:
        confirm: Asked after the canary whether to send the rest; ``None`` = send without asking.
        steer: Given the pace when sending begins, to hold or change it; ``None`` = nobody does.
    """

    _settings: Settings
    _mapping: ColumnMapping
    _folder: RunFolder
    _confirm: Confirm | None
    _progress: Progress
    _stop: Stop
    _steer: Steer | None = None

    def with_canary(self, rows: int) -> Sending:
        """Return a copy that sends that number of rows first."""
        safeguards = replace(self._settings.safeguards, canary=rows)
        return replace(self, _settings=replace(self._settings, safeguards=safeguards))

    async def send(
        self, journal: Journal, client: Client, plan: Plan, ahead: ReadAhead | None = None
    ) -> None:
        """Send pending rows, and those still being judged; returns when all results are on disk."""
        self._folder.check_reports()
        day = Day(account_file(self._settings, "day.json"), journal.path, today())
        others = await asyncio.to_thread(day.begin)
        reserve = Reserve(self._folder.reserve)
        reserve.take()
        commits = GroupCommit(journal, reserve)
        try:
            with journal.another() as reader:
                await self._deliver(reader, client, commits, plan, ahead, others)
        finally:
            with suppress(StorageError):
                await commits.flush()
            try:
                commits.close()
            finally:
                reserve.give_back()
            with suppress(StorageError):  # the journal knows as well
                await asyncio.to_thread(_note, day, journal)

    async def _deliver(
        self,
        reader: Journal,
        client: Client,
        commits: GroupCommit,
        plan: Plan,
        ahead: ReadAhead | None,
        used_by_others: int,
    ) -> None:
        limit = self._settings.safeguards.limit
        total = plan.to_send if limit is None else min(limit, plan.to_send)
        self._progress.sending(total)
        pool = Pool(
            self._settings,
            client,
            commits,
            self._stop,
            watch=self._progress,
            constant_lists=self._constant_lists(reader),
            used_today=used_by_others
            + await asyncio.to_thread(reader.count_requests_since, midnight(today())),
        )
        if self._steer is not None:
            self._steer(pool.pace)
        sent = 0
        if self._settings.safeguards.canary:
            sent = await self._send_canary(reader, pool, plan, limit)
        if self._stop.is_set:
            return
        left = None if limit is None else limit - sent
        if ahead is None:
            spans = await asyncio.to_thread(reader.pending_spans)
            await pool.run(reader.pending(limit=left, spans=spans))
        else:
            ahead.on_news = partial(self._on_news, pool, ahead, plan.to_send)
            await pool.run(
                reader.pending(limit=left, upto=lambda: ahead.rows),
                is_complete=lambda: ahead.is_done or bool(ahead.error),
            )

    def _on_news(self, pool: Pool, ahead: ReadAhead, total: int) -> None:
        """More rows are judged: there may be work for the pool, and less to send than there was."""
        pool.wake()
        limit = self._settings.safeguards.limit
        left = total - ahead.rows_kept
        self._progress.expecting(left if limit is None else min(limit, left))

    async def _send_canary(self, reader: Journal, pool: Pool, plan: Plan, limit: int | None) -> int:
        """Send the canary, ask whether to go on; return the number of its rows."""
        most = self._settings.safeguards.canary
        most = most if limit is None else min(most, limit)
        chosen = await asyncio.to_thread(choose_canary, reader.pending(), most)
        spans = [(seq, seq) for seq in sorted(chosen)]
        sent = await asyncio.to_thread(list, reader.pending(spans=spans))
        await pool.run(reader.pending(spans=spans))
        outcomes = [reader.result(row.seq)[1] for row in sent]
        accepted = sum(outcome.status is Status.SUCCESS for outcome in outcomes)
        results = [
            _canary_result(row, outcome, plan) for row, outcome in zip(sent, outcomes, strict=True)
        ]
        for result in results:
            self._progress.say(result)
        if accepted < len(chosen):
            self._stop.request(
                Message(
                    "the canary: {accepted} of {n} rows were accepted; see {report}",
                    accepted=accepted,
                    n=len(chosen),
                    report=REPORT,
                ),
                EXIT_STOPPED,
            )
        elif self._confirm is not None and not self._stop.is_set and plan.to_send > accepted:
            shown = replace(plan, accepted=accepted, canary_results=results)
            if not await answered(self._confirm, shown, self._stop):
                self._stop.request(
                    "not confirmed after the canary; the rest was not sent", EXIT_STOPPED
                )
            self._progress.sending(plan.to_send - accepted)
        return len(chosen)

    def _constant_lists(self, reader: Journal) -> frozenset[str]:
        lists = (
            value
            for name in ("add_to_lists", "remove_from_lists")
            if name in self._mapping.spec.fields
            for value in self._mapping.spec.fields[name].always
        )
        resolved = json.loads(reader.facts().get("lists", "{}"))
        return frozenset(resolved.get(value, value) for value in lists)


def _note(day: Day, journal: Journal) -> None:
    """Note what the run has used of the account's day."""
    day.end(journal.count_requests_since(midnight(today())), today())


def _canary_result(row: Pending, outcome: Outcome, plan: Plan) -> str:
    """Who a row of the canary was, what became of it, and what the contact got."""
    said = f" ({outcome.message})" if outcome.message else ""
    who = Message(
        "canary: {place}, {contact}: {status}{said}",
        place=Message("row {row}", row=outcome.row)
        if row.place == f"row {outcome.row}"
        else row.place,
        contact=row.contact or Message("no e-mail"),
        status=Message(outcome.status.value),
        said=said,
    )
    if outcome.status is not Status.SUCCESS:
        return who
    fields = [(name, value) for name, value in decode(row.body) if value]
    got = [
        Message(
            "{name}: {entries}",
            name=Message(name),
            entries=", ".join(plan.titles.get(entry, entry) for entry in value.split(",")),
        )
        for name, value in fields
        if name in SET_FIELDS
    ]
    others = len(fields) - len(got)
    return Message(
        "{who}; got {fields}",
        who=who,
        fields=Message.joined("; ", [*got, Message("{n} other fields", n=others)]),
    )

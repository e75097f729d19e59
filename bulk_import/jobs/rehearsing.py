"""A rehearsal: the whole run against a private sandbox, and how long the real one would take."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bulk_import.jobs.checking import contacts_of
from bulk_import.jobs.importing import import_file_async
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.models import Summary
from bulk_import.progress import Progress
from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.contacts import EveryList, Forgetful
from bulk_import.sandbox.faults import FaultPlan, Faults
from bulk_import.sandbox.rehearsal import Estimate, SimulatedTime, estimate
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from bulk_import.system.secrets import Secret


class Rehearsal:
    """One rehearsal.

    Where nothing goes wrong, requests are sent as fast as this machine can, and the pace and the time
    of answers are only reckoned. With a throttle or planned faults they are simulated, with every
    pause: time jumps where the run would wait.
    """

    def __init__(
        self,
        sources: Sequence[str],
        mapping: ColumnMapping,
        settings: Settings,
        *,
        latency_ms: float,
        throttle: float = 0,
        plan: FaultPlan | None = None,
    ) -> None:
        """Prepare it.

        Args:
            settings: Of the real run, but for its account.
            latency_ms: Of one answer.
            throttle: Requests per second that the server lets through; 0 = all.

        Raises:
            SettingsError: The plan names a contact that the sources do not have.
        """
        self._sources = sources
        self._mapping = mapping
        self._settings = settings
        self._latency_ms = latency_ms
        self._throttle = throttle
        self._plan = plan.for_contacts(contacts_of(sources, mapping)) if plan else None
        self._is_simulated = bool(throttle or plan)
        self._time: SimulatedTime | None = None

    async def run(self, progress: Progress, stop: Stop) -> Summary:
        """Do the run; nothing leaves this machine."""
        faults = Faults(throttle=self._throttle)
        if self._is_simulated:
            faults = replace(faults, latency_ms=self._latency_ms)
        passing = stop.time = self._time = SimulatedTime()
        sandbox = Sandbox(
            faults=faults, plan=self._plan, store=Forgetful(), account=EveryList(), clock=passing.clock,
            sleep=self._answering,
        )  # fmt: skip
        passing.activity = lambda: sandbox.activity
        limits = replace(self._settings.limits, window="", daily_limit=0)
        async with sandbox:
            settings = replace(
                self._settings,
                endpoint=sandbox.url,
                api_key=Secret(sandbox.key),
                limits=limits if self._is_simulated else replace(limits, rate=0),
                policy=replace(self._settings.policy, preflight=False, heeds_no=False),
            )
            return await import_file_async(
                self._sources, self._mapping, settings, progress=progress, stop=stop
            )

    def estimate(self, summary: Summary) -> Estimate:
        """Return how long the real run would take."""
        limits = self._settings.limits
        simulated_s = None
        if self._is_simulated and self._time is not None:
            simulated_s = summary.elapsed_s + self._time.skipped_s
        return estimate(
            summary, rate=limits.rate, concurrency=limits.concurrency, latency_ms=self._latency_ms,
            throttle=self._throttle, simulated_s=simulated_s,
        )  # fmt: skip

    async def _answering(self, seconds: float) -> None:
        # An answer that comes too late must be late for the request's deadline, which is real.
        if self._time is None or seconds >= self._settings.patience.timeout_s:
            await asyncio.sleep(seconds)
        else:
            await self._time.wait(seconds, asyncio.Event())

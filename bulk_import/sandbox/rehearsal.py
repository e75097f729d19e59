"""A rehearsal: a real run against a private sandbox, and how long the run into the account would take."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass

from bulk_import.models import Status, Summary

_SENT = (Status.SUCCESS, Status.FAILED, Status.UNKNOWN)


_LOOK_S = 0.001  # real: what is on its way within this process arrives meanwhile
_NEAR = 1.1  # a simulated duration that close to a bound is due to it


class SimulatedTime:
    """Time that jumps to the next moment at which somebody waits no longer, when nothing else happens.

    Attributes:
        skipped_s: Seconds that were not waited for.
        activity: Returns a number that changes while requests arrive and are answered.
    """

    def __init__(self) -> None:
        self.skipped_s = 0.0
        self.activity: Callable[[], int] = int
        self._waiting: list[float] = []  # a heap of the moments that are waited for
        self._jumps = 0

    @property
    def clock(self) -> Callable[[], float]:
        return self.now

    def now(self) -> float:
        return time.monotonic() + self.skipped_s

    async def wait(self, seconds: float, unless: asyncio.Event) -> None:
        """Return when *seconds* have passed, or the event is set."""
        until = self.now() + seconds
        heapq.heappush(self._waiting, until)
        before: tuple[int, int] | None = None
        try:
            while self.now() < until and not unless.is_set():
                await asyncio.sleep(_LOOK_S)
                seen = (self.activity(), self._jumps)
                if seen == before and self._waiting[0] == until:
                    self.skipped_s += max(0.0, until - self.now())
                    self._jumps += 1
                before = seen
        finally:
            self._waiting.remove(until)
            heapq.heapify(self._waiting)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long the real run would take.

    Attributes:
        seconds: At the pace asked for, with the answers' time and the throttling rehearsed.
        bound_by: What makes it take that long.
    """

    seconds: float
    bound_by: str


def estimate(
    summary: Summary,
    *,
    rate: float,
    concurrency: int,
    latency_ms: float,
    throttle: float = 0,
    simulated_s: float | None = None,
) -> Estimate:
    """Return how long a run over all rows takes.

    Args:
        summary: Of the rehearsal.
        rate, concurrency: Of the real run; rate 0 = no limit.
        latency_ms: Of one answer.
        throttle: Requests per second that the server lets through; 0 = all.
        simulated_s: What the rehearsal took in simulated time, pace, answers, pauses and repeated
            requests included; ``None`` = nothing went wrong, and only the requests are counted.
    """
    requests, elapsed_s = float(summary.requests), summary.elapsed_s
    sent = sum(summary.counts.get(status, 0) for status in _SENT)
    pending = summary.counts.get(Status.NOT_SENT, 0)
    if sent and (pending or summary.rows_unread):
        # Interrupted: rows that were not read are taken to be like the others, refused ones included.
        share = (sent + pending) / summary.rows_read
        times = (sent + pending + summary.rows_unread * share) / sent
        requests, elapsed_s = requests * times, elapsed_s * times
        simulated_s = None if simulated_s is None else simulated_s * times
    bounds = [(elapsed_s, "the work on this machine")]
    if rate:
        bounds.append((requests / rate, f"--rate {rate:g}"))
    in_flight = requests * latency_ms / 1000 / concurrency
    bounds.append((in_flight, f"--concurrency {concurrency} at {latency_ms:g} ms an answer"))
    seconds, bound_by = max(bounds)
    if simulated_s is None:
        return Estimate(seconds, bound_by)
    if simulated_s > seconds * _NEAR:
        bound_by = "pauses and repeated requests"
        if throttle:
            bound_by = f"the server's limit of {throttle:g} requests/s, with its pauses"
    return Estimate(simulated_s, bound_by)


def as_duration(seconds: float) -> str:
    """Return a duration for people: ``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"

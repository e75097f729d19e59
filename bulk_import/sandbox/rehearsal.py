"""The real thing against a private sandbox: every station of a run, and how long it would take."""

from __future__ import annotations

from dataclasses import dataclass

from bulk_import.models import Status, Summary


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
    summary: Summary, *, rate: float, concurrency: int, latency_ms: float, throttle: float
) -> Estimate:
    """Return how long a run over all rows takes.

    Args:
        summary: Of the rehearsal.
        rate, concurrency: Of the real run; rate 0 = no limit.
        latency_ms: Of one answer.
        throttle: Requests per second that the server lets through; 0 = all.
    """
    requests, elapsed_s = float(summary.requests), summary.elapsed_s
    left = summary.counts.get(Status.NOT_SENT, 0) + summary.rows_unread
    if left:  # an interrupted rehearsal: what it did not come to is taken to be like the rest
        done = max(1, summary.rows_read - summary.counts.get(Status.NOT_SENT, 0))
        requests, elapsed_s = (value * (done + left) / done for value in (requests, elapsed_s))
    bounds = [(elapsed_s, "the work on this machine")]
    if rate:
        bounds.append((requests / rate, f"--rate {rate:g}"))
    if throttle:
        bounds.append((requests / throttle, f"the server's limit of {throttle:g} requests/s"))
    in_flight = requests * latency_ms / 1000 / concurrency
    bounds.append((in_flight, f"--concurrency {concurrency} at {latency_ms:g} ms an answer"))
    return Estimate(*max(bounds))


def as_duration(seconds: float) -> str:
    """Return a duration for people: ``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"

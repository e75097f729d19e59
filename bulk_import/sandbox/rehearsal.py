"""A rehearsal: a real run against a private sandbox, and how long the run into the account would take."""

from __future__ import annotations

from dataclasses import dataclass

from bulk_import.models import Status, Summary

_SENT = (Status.SUCCESS, Status.FAILED, Status.UNKNOWN)


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
    sent = sum(summary.counts.get(status, 0) for status in _SENT)
    pending = summary.counts.get(Status.NOT_SENT, 0)
    if sent and (pending or summary.rows_unread):
        # Interrupted: rows that were not read are taken to be like the others, refused ones included.
        share = (sent + pending) / summary.rows_read
        times = (sent + pending + summary.rows_unread * share) / sent
        requests, elapsed_s = requests * times, elapsed_s * times
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

"""What can go wrong on the server's side: options, all off by default, the same at each start."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Literal

RetryAfter = Literal["seconds", "date", "none", "junk", "huge"]


@dataclass(frozen=True, slots=True)
class Faults:
    """How the sandbox misbehaves. Rates are shares of the requests, 0 to 1.

    Attributes:
        latency_ms, jitter_ms: Added to every answer.
        throttle: Requests per second that are let through; 0 = any number.
        throttle_with: ``429``, ``503`` or ``8`` (the API's own code).
        retry_after: The form of ``Retry-After`` that goes with it.
        retry_after_s: What it asks for.
        error_500: Answered 500 before anything is applied.
        error_502: Applied, and then answered 502.
        html_200: Answered with a web page and status 200, nothing applied.
        lost: Applied, and the connection closed without an answer.
        dropped: The connection closed before anything is applied.
        refuse: Refused with code 3.
        quota_after: After so many requests, ``quota_burst`` answers with code 8.
        fatal_after: After so many requests, only answers with ``fatal_code``.
        redirect: ``307`` or ``308`` from the lower-case method name to the PascalCase one.
        code_as_text: ``"0"`` instead of ``0``.
        no_result: The ``result`` member is missing.
        close_every: Every so many answers the connection is closed behind the answer.
        key_echo: The key stands in the text of refusals.
        wrong_hash: The ``hash`` member is wrong.
        activation: Successes say that a mail was sent.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    throttle: float = 0
    throttle_with: Literal["429", "503", "8"] = "429"
    retry_after: RetryAfter = "seconds"
    retry_after_s: float = 1
    error_500: float = 0
    error_502: float = 0
    html_200: float = 0
    lost: float = 0
    dropped: float = 0
    refuse: float = 0
    quota_after: int = 0
    quota_burst: int = 0
    fatal_after: int = 0
    fatal_code: int = 4
    redirect: Literal[0, 307, 308, 302] = 0
    code_as_text: bool = False
    no_result: bool = False
    close_every: int = 0
    key_echo: bool = False
    wrong_hash: bool = False
    activation: bool = False
    seed: int = 1


@dataclass(slots=True)
class Dice:
    """Draws faults; the same seed and the same order of requests draw the same."""

    faults: Faults
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.faults.seed)  # noqa: S311 - chance, not secrecy

    def draw(self) -> str:
        """Return the name of the fault that befalls the next request, or ``""``."""
        at = self._random.random()
        for name in ("error_500", "error_502", "html_200", "lost", "dropped", "refuse"):
            share = getattr(self.faults, name)
            if at < share:
                return name
            at -= share
        return ""

    def latency_s(self) -> float:
        """Seconds that the next answer takes."""
        return (self.faults.latency_ms + self._random.random() * self.faults.jitter_ms) / 1000


def retry_after_header(faults: Faults) -> dict[str, str]:
    """Return the ``Retry-After`` header as the faults want it."""
    if faults.retry_after == "none":
        return {}
    if faults.retry_after == "junk":
        return {"Retry-After": "soon"}
    if faults.retry_after == "huge":
        return {"Retry-After": "99999999"}
    if faults.retry_after == "date":
        # Dates have whole seconds: round up, so that the announced time is never too short.
        until = datetime.now(UTC) + timedelta(seconds=faults.retry_after_s + 1)
        return {"Retry-After": format_datetime(until.replace(microsecond=0), usegmt=True)}
    return {"Retry-After": f"{max(1, round(faults.retry_after_s))}"}


class Throttle:
    """Lets *rate* requests through in any second; one second's worth may come at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = max(1.0, rate)
        self._at: float | None = None

    def lets_through(self, now: float) -> bool:
        """Whether a request at *now* is within the rate."""
        if not self._rate:
            return True
        if self._at is not None:
            self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

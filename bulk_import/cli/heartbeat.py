"""A line a minute where no terminal shows a bar: rows, rate, time left, whether sending is paused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from bulk_import.models import Status

EVERY_S = 60.0


class Heartbeat:
    """Passes a run's progress on, and tells about once a minute how far it is.

    Args:
        inner: Gets everything first.
        tell: Called with the facts of a line, from a thread.
        every_s: Seconds between two lines.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        inner: Any,
        tell: Callable[[dict[str, Any]], None],
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._tell = tell
        self._every_s = every_s
        self._clock = clock
        self._read = self._settled = self._total = 0
        self._last = (clock(), 0)
        self._pause = (0.0, "")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def reading(self, rows: int) -> None:
        self._read += rows
        self._inner.reading(rows)

    def sending(self, total: int) -> None:
        self._total = total
        self._settled, self._last = 0, (self._clock(), 0)
        self._inner.sending(total)

    def expecting(self, total: int) -> None:
        self._total = total
        self._inner.expecting(total)

    def settled(self, status: Status) -> None:
        self._settled += 1
        self._inner.settled(status)

    def paused(self, seconds: float, why: str) -> None:
        self._pause = (self._clock() + seconds, why)
        self._inner.paused(seconds, why)

    def say(self, message: str) -> None:
        self._inner.say(message)

    def close(self) -> None:
        """Tell no more."""
        self._over.set()
        self._thread.join(1.0)

    def line(self) -> dict[str, Any]:
        """Return how far the run is: rows read, rows ended, rate and seconds left."""
        now = self._clock()
        since, before = self._last
        rate = (self._settled - before) / (now - since) if now > since else 0.0
        self._last = (now, self._settled)
        left = (self._total - self._settled) / rate if rate else None
        until, why = self._pause
        return {
            "rows_read": self._read,
            "rows": self._settled,
            "of": self._total,
            "rate": round(rate, 2),
            "eta_s": round(left) if left is not None else None,
            "paused": why if until > now else "",
        }

    def _beat(self) -> None:
        while not self._over.wait(self._every_s):
            self._tell(self.line())


def in_words(line: dict[str, Any]) -> str:
    """Return a line for people."""
    if not line["of"]:
        return f"{line['rows_read']:,} rows read"
    text = f"{line['rows']:,} of {line['of']:,} rows, {line['rate']:g} a second"
    if line["eta_s"] is not None:
        text += f", about {max(1, round(line['eta_s'] / 60)):,} min left"
    return text + (f"; paused: {line['paused']}" if line["paused"] else "")

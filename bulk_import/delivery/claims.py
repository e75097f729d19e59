"""Rows with their intents committed before a worker takes them.

Where many requests are in flight, a sync of the disk for each intent would make every worker wait.
The intents of rows with e-mail need none: after a power cut such a row is sent again with or
without its intent. So the next few are committed together, which a kill cannot undo, and synced
soon. What is claimed and never sent is withdrawn when the run ends; after a kill it counts as in
doubt, so few are claimed at once.

The intent of a row without e-mail is on disk before its request leaves, one by one: it makes the
row ``unknown`` after a kill, and that row is never sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from bulk_import.delivery.attempts import Attempts, Shipment
from bulk_import.delivery.lanes import Lanes
from bulk_import.journal.entries import Pending
from bulk_import.settings import Settings

_FEWEST_IN_FLIGHT = 8  # below this number one commit per row is fast enough
_SLOWEST = 50.0  # requests per second; below this rate as well
_MOST = 64
_LOW = 4  # more are claimed when only this part of them is left


def claims_at_once(settings: Settings) -> int:
    """Number of rows that are claimed together; 0 where each intent is written when it is due."""
    is_fast = not settings.limits.rate or settings.limits.rate >= _SLOWEST
    many = settings.limits.concurrency >= _FEWEST_IN_FLIGHT and is_fast
    return min(2 * settings.limits.concurrency, _MOST) if many else 0


class Claims:
    """Hands out shipments in the order in which they may be sent. For one event loop.

    Args:
        at_once: Number of rows claimed together; 0 = each when it is due.
        hold_back: Called for each row: settles a row that must not be sent, and returns whether it did.
    """

    def __init__(
        self, lanes: Lanes, attempts: Attempts, at_once: int, hold_back: Callable[[Pending], bool]
    ) -> None:
        self._lanes = lanes
        self._attempts = attempts
        self._at_once = at_once
        self._hold_back = hold_back
        self._ready: deque[Shipment] = deque()
        self._is_behind = False  # some of them could not be claimed

    def take(self) -> Shipment | None:
        """Return the next shipment, ``None`` when there is none at this moment."""
        if not self._at_once:
            row = self._next_row()
            return None if row is None else Shipment.of(row)
        if self._is_behind or len(self._ready) <= self._at_once // _LOW:
            self._refill()
        return self._ready.popleft() if self._ready else None

    def give_back(self) -> None:
        """Withdraw rows that were claimed and will not be sent."""
        self._attempts.withdraw(self._ready)
        self._ready.clear()

    def _refill(self) -> None:
        """Take more rows and claim what is unclaimed, before the last claimed ones are handed out.

        While another process writes, nothing can be claimed: meanwhile there are some left, and it is
        tried again for each row. One that is still unclaimed when it is due claims for itself.
        """
        while len(self._ready) < self._at_once and (row := self._next_row()) is not None:
            self._ready.append(Shipment.of(row))
        unclaimed = [ready for ready in self._ready if ready.row.email and not ready.claimed]
        if unclaimed:
            self._attempts.claim(unclaimed)
            self._is_behind = not unclaimed[0].claimed  # all of them are, or none
        else:
            self._is_behind = False

    def _next_row(self) -> Pending | None:
        while (row := self._lanes.take()) is not None:
            if not self._lanes.is_holding or not self._hold_back(row):
                return row
        return None

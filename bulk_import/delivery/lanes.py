"""Which row may go next: the rows of one contact in order and never together, the others freely.

A lane is one contact. While one of its rows is out (in flight, or waiting to be repeated) its later
rows are parked. A lane is *held* when a row ended in doubt and will be repeated by a resume: a
later row must not be applied before it, so the later ones are not sent in this run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from bulk_import.journal.entries import Pending


class Lanes:
    """Hands out rows. For one event loop; reads the supply only as far as necessary.

    Args:
        supply: Rows in source order.
        is_complete: Whether the supply is at its end when it says so, or may have more later.
        most_parked: Rows held in memory because their lane is busy; beyond that the source waits.
    """

    def __init__(
        self,
        supply: Iterator[Pending],
        is_complete: Callable[[], bool] = lambda: True,
        *,
        most_parked: int = 10_000,
    ) -> None:
        self._supply = supply
        self._is_complete = is_complete
        self._most_parked = most_parked
        self._drained = False
        self._parked: dict[str, deque[Pending] | None] = {}  # by busy lane
        self._parked_rows = 0
        self._freed: deque[Pending] = deque()
        self._held: dict[str, str] = {}  # lane -> the place of the row in doubt

    @property
    def is_done(self) -> bool:
        """Nothing left to hand out and no row out."""
        return self._drained and not self._parked and not self._freed

    def take(self) -> Pending | None:
        """Return the next row that may go, ``None`` when there is none at this moment."""
        if self._freed:
            return self._freed.popleft()
        while not self._drained and self._parked_rows < self._most_parked:
            was_complete = (
                self._is_complete()
            )  # asked before reading: rows that arrive meanwhile are not missed
            row = next(self._supply, None)
            if row is None:
                self._drained = was_complete
                return None
            lane = row.contact or _lane_of_its_own(row)
            if lane not in self._parked:
                self._parked[lane] = None
                return row
            self._park(lane, row)
        return None

    def _park(self, lane: str, row: Pending) -> None:
        parked = self._parked[lane]
        if parked is None:
            parked = self._parked[lane] = deque()
        parked.append(row)
        self._parked_rows += 1

    @property
    def is_holding(self) -> bool:
        """Whether any lane is held."""
        return bool(self._held)

    def held_by(self, row: Pending) -> str:
        """Return the place of the row in doubt that *row* must not overtake, else ``""``."""
        return self._held.get(row.contact or _lane_of_its_own(row), "")

    def release(self, row: Pending, *, in_doubt: bool = False) -> bool:
        """Note that *row* is settled; with *in_doubt*, that later rows must not overtake it.

        Returns:
            Whether a later row of the lane may go now.
        """
        lane = row.contact or _lane_of_its_own(row)
        if in_doubt:
            self._held.setdefault(lane, row.place)
        parked = self._parked[lane]
        if parked:
            self._parked_rows -= 1
            self._freed.append(parked.popleft())
        else:
            del self._parked[lane]
        return bool(self._freed)


def _lane_of_its_own(row: Pending) -> str:
    # Two rows without e-mail and phone have nothing in common.
    return f"#{row.seq}"

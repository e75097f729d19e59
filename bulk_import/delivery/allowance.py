"""When requests may be made at all: in a window of the day, and only a number a day, by the local clock."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bulk_import.errors import Message, SettingsError

_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-\u2013]\s*([01]?\d|2[0-3]):([0-5]\d)")
_LONGEST_NAP_S = 600.0  # clocks are set and machines sleep: the time is looked up again


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day in which requests may be made; may reach over midnight."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``01:00-05:00``.

        Raises:
            SettingsError: It is not a window.
        """
        match = _WINDOW.fullmatch(text.strip())
        if match is None:
            raise SettingsError(
                Message("--window {text!r}: give hours such as 01:00-05:00", text=text)
            )
        opens, closes = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        if opens == closes:
            raise SettingsError(
                Message("--window {text!r}: opens and closes at the same time", text=text)
            )
        return cls(opens, closes)

    def is_open(self, now: datetime) -> bool:
        """Whether requests may be made at *now*."""
        moment = now.time()
        if self.opens < self.closes:
            return self.opens <= moment < self.closes
        return moment >= self.opens or moment < self.closes

    def opens_in_s(self, now: datetime) -> float:
        """Seconds from *now* until it opens next."""
        at = datetime.combine(now.date(), self.opens, now.tzinfo)
        if at <= now:
            at += timedelta(days=1)
        return (at - now).total_seconds()


class Allowance:
    """Asked before every request.

    Args:
        window: ``None`` = all day.
        daily_limit: Requests a day; 0 = any number.
        used_today: Requests that the run has made today already.
        now: The local clock.
        nap: Sleeps; raises when the run ends meanwhile.
        is_closed: Told (why, seconds) once whenever requests must wait.

    Attributes:
        is_limited: Whether there is anything to ask for.
    """

    def __init__(
        self,
        window: Window | None,
        daily_limit: int,
        used_today: int,
        *,
        now: Callable[[], datetime],
        nap: Callable[[float], Awaitable[None]],
        is_closed: Callable[[str, float], None],
    ) -> None:
        self._window = window
        self._limit = daily_limit
        self._used = used_today
        self._day = now().date()
        self._now = now
        self._nap = nap
        self._is_closed = is_closed
        self._told = ""
        self.is_limited = window is not None or daily_limit > 0

    async def one(self) -> None:
        """Wait until one more request may be made, and count it."""
        while True:
            why, seconds = self._closed()
            if not why:
                self._told = ""
                self._used += 1
                return
            if why != self._told:
                self._told = why
                self._is_closed(why, seconds)
            await self._nap(min(seconds, _LONGEST_NAP_S))

    def _closed(self) -> tuple[str, float]:
        now = self._now()
        if now.date() > self._day:  # a clock that is set back does not give a day's requests twice
            self._day, self._used = now.date(), 0
        if self._window is not None and not self._window.is_open(now):
            return (
                Message("outside of --window, until {opens}", opens=f"{self._window.opens:%H:%M}"),
                self._window.opens_in_s(now),
            )
        if self._limit and self._used >= self._limit:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            return Message("--daily-limit {limit} is reached", limit=self._limit), (
                midnight - now
            ).total_seconds()
        return "", 0.0

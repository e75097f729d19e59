"""One pace for the whole run: evenly spaced slots, one pause for everybody, an adaptive rate.

The service limits per address and may block an account that presses on, so the *rate* adapts, not
the number in flight (AIMD): it falls by a factor when the server asks to slow down and climbs back
in small steps, the smaller the closer it comes to the rate that was refused last. A refusal in the
first moments tells of no limit, too little was accepted before it: the rate then starts from that and
doubles until the next one, which does tell.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]

# A worker that wakes late may catch up by this much: a burst is at most rate * CATCH_UP_S + 1.
CATCH_UP_S = 0.02
FALL = 0.7  # of the rate, at a first sign of a limit
FALL_NEAR_LIMIT = 0.965  # where a limit is known: the refused rate was only just too high
CLIMB_PER_S = 0.05  # of the limit, while below NEAR of it
NEAR = 0.97
# Of the limit, times the seconds since the last fall: 3 % in two minutes, twice the rate in a quarter
# of an hour. Each refusal costs a pause, which is as much as many seconds at a rate just below.
PROBE_PER_S2 = 0.000003
SLOWEST = 0.05  # requests per second
KNOWN_AFTER_S = 1.0  # of accepted requests: before that a refusal tells of no limit
DOUBLES_IN_S = 3.0  # while no limit is known
HELD_S = 0.1  # between two looks whether a held run is released
_WINDOW_S = 2.0  # over which accepted requests are counted


class Pace:
    """Hands out the moments at which requests may leave. For one event loop.

    Attributes:
        asked: Requests per second that the user set; the rate never climbs above. 0 = no limit.
        rate: Requests per second in force; 0 = no limit.
    """

    def __init__(
        self, rate: float, *, clock: Clock, sleep: Sleep = asyncio.sleep, first_limit: float = 1.0
    ) -> None:
        """Begin with a rate.

        Args:
            rate: Requests per second; 0 = no limit.
            first_limit: What a refusal tells of the server's limit if nothing was accepted before.
        """
        self.asked = rate
        self.rate = rate
        self._clock = clock
        self._sleep = sleep
        self._first_limit = first_limit
        self._next = float("-inf")
        self._paused_until = float("-inf")
        self._is_held = False
        self._turn = asyncio.Lock()
        self._limit = 0.0  # our best guess of what the server accepts; 0 = no sign of a limit yet
        self._is_guess = False  # the limit: too little was accepted before the first refusal
        self._fell_at = float("-inf")
        self._climbed_at = 0.0
        self._accepted: deque[float] = deque(maxlen=8192)

    @property
    def paused_s(self) -> float:
        """Seconds until the pause for everybody ends."""
        return max(0.0, self._paused_until - self._clock())

    def slot_now(self) -> float:
        """Return the clock's time if a request may leave at once, without a rate; else 0."""
        now = self._clock()
        is_open = not self.rate and not self._is_held and now >= self._paused_until
        return now if is_open else 0.0

    async def slot(self) -> float:
        """Wait for the next slot; slots come in the order of the calls.

        Returns:
            The clock's time at which the request may leave: ``fall`` wants it back.
        """
        # One caller waits for the slot, the others for the lock: a changed rate takes effect at once.
        async with self._turn:
            while True:
                now = self._clock()
                at = self._paused_until
                if self.rate:
                    # Before the first slot there is nothing to catch up with.
                    late = CATCH_UP_S if self._next > float("-inf") else 0.0
                    at = max(self._next, now - late, at)
                if self._is_held:
                    await self._sleep(HELD_S)
                elif at > now:
                    await self._sleep(at - now)
                else:
                    if self.rate:
                        self._next = at + 1 / self.rate
                    return now

    def pause(self, seconds: float) -> None:
        """Let nobody start for *seconds* from now. A shorter pause never ends a longer one."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    @property
    def is_held(self) -> bool:
        """Whether a person holds the run."""
        return self._is_held

    def hold(self) -> None:
        """Let nobody start until ``release``; requests in flight end as usual."""
        self._is_held = True

    def release(self) -> None:
        """Let requests start again."""
        self._is_held = False

    def ask(self, rate: float) -> None:
        """Change the rate that the user asks for; what is known of the server's limit is dropped.

        Args:
            rate: Requests per second; 0 = no limit.
        """
        self.asked = self.rate = rate
        self._limit = 0.0
        if rate:
            self._next = min(self._next, self._clock() + 1 / rate)

    def is_news(self, started_at: float) -> bool:
        """Whether a request that began then says anything about the current rate."""
        return started_at > self._fell_at

    def fall(self) -> None:
        """Slow down, once: the server asked for it."""
        now = self._clock()
        accepted, over_s = self._accepted_per_s(now)
        if self._limit and self.rate <= self._limit * 1.2:
            self._limit = self.rate
            self._is_guess = False
            rate = self.rate * FALL_NEAR_LIMIT
        else:
            refused = self.rate or accepted or self._first_limit
            self._is_guess = not self._limit and over_s < KNOWN_AFTER_S
            self._limit = min(refused, accepted) if accepted else refused
            rate = min(self._limit * FALL_NEAR_LIMIT, refused * FALL)
        self.rate = max(SLOWEST, rate)
        self._fell_at = self._climbed_at = now
        self._next = max(self._next, now + 1 / self.rate)

    def accepted(self) -> None:
        """Count an accepted request; the rate may grow a little."""
        now = self._clock()
        self._accepted.append(now)
        if not self._limit or self.rate == self.asked:
            return
        seconds, self._climbed_at = min(now - self._climbed_at, 1.0), now
        near = self._limit * NEAR
        if self._is_guess:
            grown = self._limit = self.rate * 2 ** (seconds / DOUBLES_IN_S)
        elif self.rate < near:
            grown = min(self.rate + self._limit * CLIMB_PER_S * seconds, near)
        else:
            grown = self.rate + self._limit * PROBE_PER_S2 * (now - self._fell_at) * seconds
        self.rate = min(grown, self.asked) if self.asked else grown

    def _accepted_per_s(self, now: float) -> tuple[float, float]:
        """Requests accepted per second recently, and the seconds over which they were counted."""
        recent = [at for at in self._accepted if at > now - _WINDOW_S]
        over_s = now - recent[0] if recent else 0.0
        return len(recent) / max(1.0, over_s), over_s

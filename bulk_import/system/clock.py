"""The wall clock, and moments as journals, states and reports write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache


def now() -> str:
    """Return the current moment as RFC 3339 in UTC, to the millisecond."""
    seconds, ms = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


def now_s() -> str:
    """Return the current moment as RFC 3339 in UTC, to the second."""
    return f"{_second(int(time.time()))}Z"


def rfc3339(moment: datetime) -> str:
    """Return an aware *moment* as RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_header(text: str) -> datetime | None:
    """Return the date of a header, aware; ``None`` for what is none. Without a zone it is UTC."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for numbers of many digits
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=1)  # asked for every row
def _second(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%S}"

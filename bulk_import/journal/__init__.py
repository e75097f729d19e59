"""The run's memory: what was read, is about to be sent, was answered. The only part with the run's SQL.

A journal is one SQLite file (WAL, synchronous=FULL) in the run's folder. Rows are written once,
while they are prepared; sending then adds two kinds of entries, in this order and each durable
before the next step: an *intent* before the request leaves, a *settlement* when its answer is in.
What has the first and not the second is in doubt, and says so.

    record   1 --- 0..n  attempt     (an intent; its result, unless it settled the row)
             1 --- 0..1  outcome     (how the row ended)

Nothing is derived twice: counts, report and exit code all come from the queries below. The API key
never gets here. Not for network drives: SQLite's locks need a local file system.
"""

from __future__ import annotations

from bulk_import.journal.preparation import Preparation
from bulk_import.journal.reading import Reading
from bulk_import.journal.sending import Sending


class Journal(Preparation, Sending, Reading):
    """An open journal. Use as a context manager; one thread at a time."""


__all__ = ["Journal"]

"""The run's memory: what was read, is about to be sent, was answered. The only part with the run's SQL.

A journal is one SQLite file (WAL) in the run's folder. Rows are written once, while they are
judged; sending then adds two kinds of entries: an *intent* before the request leaves, a
*settlement* when its answer is in. What has the first and not the second is in doubt, and says so.
Beside it the *mark* says how much was synced, so that a log which was lost, cut or damaged is
noticed. An entry survives a kill as soon as it is committed, and a power cut when it is synced: the intent
of a row that must not be sent twice before its request leaves, all others within milliseconds.

    record   1 --- 0..n  attempt     (an intent; its result, unless it settled the row)
             1 --- 0..1  outcome     (how the row ended)
             n --- 0..1  block       (cells and forms of rows that were judged together)

What a million rows have costs as little as it can: cells and forms are compressed together (``blocks``),
and a row that was accepted by its first request keeps the outcome alone, without the attempt. What is
rare is kept as it is, each in its row, so that SQL can ask for it: what is refused, doubtful or repeated,
and what is changed after judging. Measured with rows of 12 columns (135 bytes in the source): 686 bytes a
row before, 132 since.

Nothing is derived twice: counts, report and exit code all come from the queries below. The API key
never gets here. Not for network drives: SQLite's locks need a local file system.
"""

from __future__ import annotations

from bulk_import.journal.checkpoints import Syncing
from bulk_import.journal.ledger import Ledger
from bulk_import.journal.queries import Queries


class Journal(Ledger, Syncing, Queries):
    """An open journal. Use as a context manager; one thread at a time."""


__all__ = ["Journal"]

"""The run's memory: what was read, is about to be sent, was answered. The only part with the run's SQL.

A journal is one SQLite file (WAL) in the run's folder. Rows are written once, while they are
judged; sending then adds two kinds of entries: an *intent* before the request leaves, a
*settlement* when its answer is in. What has the first and not the second is in doubt, and says so.
Beside it the *mark* says how much was synced, so that a log which was lost, cut or damaged is
noticed. An entry survives a kill as soon as it is committed, and a power cut when it is synced: the intent
of a row that must not be sent twice before its request leaves, all others within milliseconds.

    record   1 --- 0..n  attempt     (an intent; its result, unless it settled the row)
             1 --- 0..1  accepted    (when the row was accepted, by its only request, as most are)
             1 --- 0..1  outcome     (how the row ended, if it ended otherwise)
             n --- 0..1  block       (what judging made of rows that follow each other)

What a million rows have costs as little as it can: cells, forms and what was refused or doubtful are
compressed together (``blocks``), and a row that was accepted by its first request keeps two numbers,
without the attempt. What is rare is stored as it is, each in its row, so that SQL can ask for it: how
other rows ended, and what is changed after judging. Measured with rows of 12 columns (138 bytes in the
source): 90 bytes a row, where format 5 took 131 and format 4 took 686.

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

"""What the journal costs for each row: judged, sent and reported, with cells and forms in blocks and
without; and the mark.

    python -m benchmarks.journal_cost [--rows 20000] [--rounds 7]

CPU time of this process alone (user and system), with and without in alternating order, medians.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bulk_import.journal import Journal
from bulk_import.journal.entries import Intent, JudgedRow, Settled
from bulk_import.journal.mark import MarkFile, Written
from bulk_import.models import Row, SourceInfo, Status
from bulk_import.system.clock import now

_HEADER = ("E-mail", "Name", "Phone", "Tags")
_IN_FLIGHT = 32
_BODY = (
    b"lead_email=p1%40example.org&lead_first_name=Person+1&lead_phone=%2B14155550001&add_tags=vip"
)


def main() -> None:
    """Print µs of CPU time for each row, and for each mark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for number in range(args.rounds):
            for makes_blocks in (number % 2 == 0, number % 2 == 1):
                folder = Path(name) / f"{number}-{makes_blocks}"
                folder.mkdir()
                one_round(folder, args.rows, spent, makes_blocks=makes_blocks)
        marks = cpu_s(lambda: write_marks(Path(name) / "mark", args.rows))
    for what, seconds in sorted(spent.items()):
        print(f"{what:34} {1e6 * median(seconds) / args.rows:6.2f} µs a row")
    print(f"{'a mark (one for each sync)':34} {1e6 * marks / args.rows:6.2f} µs")


def one_round(
    folder: Path, rows: int, spent: dict[str, list[float]], *, makes_blocks: bool
) -> None:
    word = "in blocks" if makes_blocks else "without blocks"
    with Journal.create(folder / "journal.sqlite3", makes_blocks=makes_blocks) as journal:
        journal.add_source(1, SourceInfo("a.csv", "csv", header=_HEADER, labels=_HEADER))
        judged = [judged_row(at) for at in range(1, rows + 1)]
        batches = [judged[at : at + 1000] for at in range(0, rows, 1000)]

        def store() -> None:
            for at, batch in enumerate(batches):
                journal.add(1 + 1000 * at, batch)

        spent[f"store, {word}"].append(cpu_s(store))
        spent[f"fetch, {word}"].append(cpu_s(lambda: exhaust(journal.pending())))
        with journal.snapshot():
            spent[f"report, {word}"].append(cpu_s(lambda: exhaust(journal.outcomes())))
        spent[f"send, {word}"].append(cpu_s(lambda: send(journal, rows)))
        with journal.snapshot():
            spent[f"report when sent, {word}"].append(cpu_s(lambda: exhaust(journal.outcomes())))


def send(journal: Journal, rows: int) -> None:
    """Commit what a run with 32 requests in flight commits, with each of them accepted at once."""
    with journal.deferring_syncs():
        for first in range(1, rows + 1, _IN_FLIGHT):
            batch = range(first, min(first + _IN_FLIGHT, rows + 1))
            journal.commit([Intent(seq, 1, now()) for seq in batch])
            journal.commit(
                [
                    Settled(seq, Status.SUCCESS, "0", "", 1, 200, now(), 50, again=False)
                    for seq in batch
                ]
            )


def judged_row(number: int) -> JudgedRow:
    cells = dict(zip(_HEADER, ("p@example.org", "Person", "415 555", "vip"), strict=True))
    email = f"p{number}@example.org"
    return JudgedRow(1, Row("a.csv", "", number + 1, cells), email, email, (), _BODY)


def write_marks(path: Path, times: int) -> None:
    file = MarkFile(path, "0" * 32)
    for number in range(times):
        file.write(Written(number, number, number))
    file.close()


def exhaust(rows: object) -> None:
    for _ in rows:  # type: ignore[attr-defined]
        pass


def cpu_s(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()

"""What the journal's guards cost: checksums of stored forms, the mark, reading in one snapshot.

    python -m benchmarks.journal_cost [--rows 20000] [--rounds 7]

CPU time of this process alone (user and system), with and without in alternating order, medians.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest import mock

from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow
from bulk_import.journal.mark import MarkFile, Written
from bulk_import.models import Row, SourceInfo

_HEADER = ("E-mail", "Name", "Phone", "Tags")
_BODY = (
    b"lead_email=p1%40example.org&lead_first_name=Person+1&lead_phone=%2B14155550001&add_tags=vip"
)


class _EqualsAll(int):
    """A checksum that costs nothing to compute and is never wrong."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


_FREE = _EqualsAll()


def main() -> None:
    """Print µs of CPU time for each row, and for each mark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for number in range(args.rounds):
            for is_guarded in (number % 2 == 0, number % 2 == 1):
                folder = Path(name) / f"{number}-{is_guarded}"
                folder.mkdir()
                one_round(folder, args.rows, spent, is_guarded=is_guarded)
        marks = cpu_s(lambda: write_marks(Path(name) / "mark", args.rows))
    for what, seconds in sorted(spent.items()):
        print(f"{what:32} {1e6 * median(seconds) / args.rows:6.2f} µs a row")
    print(f"{'a mark (one for each sync)':32} {1e6 * marks / args.rows:6.2f} µs")


def one_round(folder: Path, rows: int, spent: dict[str, list[float]], *, is_guarded: bool) -> None:
    word = "with" if is_guarded else "without"
    free = {} if is_guarded else {"new": lambda *_: _FREE}
    with contextlib.ExitStack() as stack:
        if free:
            for module in ("records", "ledger"):
                stack.enter_context(mock.patch(f"bulk_import.journal.{module}.checksum", **free))
        with Journal.create(folder / "journal.sqlite3") as journal:
            journal.add_source(1, SourceInfo("a.csv", "csv", header=_HEADER, labels=_HEADER))
            judged = [judged_row(at) for at in range(1, rows + 1)]
            spent[f"store, {word} checksum"].append(cpu_s(lambda: journal.add(1, judged)))
            spent[f"fetch, {word} checksum"].append(cpu_s(lambda: exhaust(journal.pending())))
            with journal.snapshot() if is_guarded else contextlib.nullcontext():
                seconds = cpu_s(lambda: exhaust(journal.outcomes()))
            spent[f"report, {word} snapshot"].append(seconds)


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

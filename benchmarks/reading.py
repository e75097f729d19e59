"""Reading alone: each reader over the same rows; seconds, peak memory, wrong cells.

``python -m benchmarks.reading [ROWS]``. Every reader runs in a process of its own. A cell is wrong
when its text is not what the person sees: ``NA``, ``007``, an 11-digit phone typed as a number, a
date, a formatted postal code.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import xlsxwriter

HEADER = ["E-mail", "Name", "Country", "Phone", "Zip", "Born", "Code"]


def rows(count: int) -> Iterator[list[str]]:
    """What the person sees."""
    for n in range(count):
        yield [
            f"person{n}@example.org", f"Ann {n}", ("NA", "NO", "US")[n % 3], str(79160000000 + n),
            f"{n % 100_000:05}", "2024-05-12", f"00{n}",
        ]  # fmt: skip


def write(folder: Path, count: int) -> None:
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows(count)])
    with xlsxwriter.Workbook(folder / "a.xlsx") as book:
        zip_style = book.add_format({"num_format": "00000"})
        day_style = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for at, (email, name, country, phone, code, _, text) in enumerate(rows(count), 1):
            sheet.write_string(at, 0, email)
            sheet.write_string(at, 1, name)
            sheet.write_string(at, 2, country)
            sheet.write_number(at, 3, int(phone))
            sheet.write_number(at, 4, int(code), zip_style)
            sheet.write_datetime(at, 5, date(2024, 5, 12), day_style)
            sheet.write_string(at, 6, text)


def ours(path: str) -> Iterator[list[object]]:
    from bulk_import import read_rows

    return (list(row.cells.values()) for row in read_rows(path))


def pandas_csv(path: str) -> Iterable[list[object]]:
    import pandas as pd

    return pd.read_csv(path).itertuples(index=False, name=None)  # type: ignore[return-value]


def pandas_text_csv(path: str) -> Iterable[list[object]]:
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return frame.itertuples(index=False, name=None)  # type: ignore[return-value]


def csv_module(path: str) -> Iterator[list[object]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        yield from lines  # type: ignore[misc]


def openpyxl_read_only(path: str) -> Iterator[list[object]]:
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True).active
    return (list(row) for row in sheet.iter_rows(min_row=2, values_only=True))


def pandas_xlsx(path: str) -> Iterable[list[object]]:
    import pandas as pd

    return pd.read_excel(path).itertuples(index=False, name=None)  # type: ignore[return-value]


def calamine(path: str) -> Iterable[list[object]]:
    import python_calamine

    workbook = python_calamine.CalamineWorkbook.from_path(path)
    return workbook.get_sheet_by_index(0).to_python()[1:]  # type: ignore[return-value]


READERS: dict[str, list[Callable[[str], Iterable[list[object]]]]] = {
    "a.csv": [ours, csv_module, pandas_csv, pandas_text_csv],
    "a.xlsx": [ours, openpyxl_read_only, pandas_xlsx, calamine],
}


def measure(reader: str, path: str, count: int) -> dict[str, float]:
    """Run one reader to its end in this process."""
    read = next(r for readers in READERS.values() for r in readers if r.__name__ == reader)
    before = _peak_mb()
    start = time.perf_counter()
    wrong = 0
    for found, expected in zip(read(path), rows(count), strict=True):
        wrong += sum(str(a) != b for a, b in zip(found, expected, strict=True))
    seconds = time.perf_counter() - start
    return {"s": seconds, "mb": _peak_mb() - before, "wrong": wrong}


def _peak_mb() -> float:
    """Peak memory of this process; ru_maxrss would count the parent's as well."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), count)
        print(f"{count:,} rows of {len(HEADER)} columns")
        print(f"{'file':8}{'reader':20}{'s':>8}{'MB grown':>10}{'wrong cells':>13}")
        for name, readers in READERS.items():
            for reader in readers:
                command = [sys.executable, "-m", "benchmarks.reading", reader.__name__]
                done = subprocess.run(
                    [*command, f"{folder}/{name}", str(count)], capture_output=True, check=True
                )
                found = json.loads(done.stdout)
                share = found["wrong"] / (count * len(HEADER))
                print(
                    f"{name:8}{reader.__name__:20}{found['s']:8.2f}{found['mb']:10.0f}{share:13.1%}"
                )


if __name__ == "__main__":
    main()

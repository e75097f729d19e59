"""Long files: loading alone, whole runs, and what is left to do when a long run is over.

Every measurement is a process of its own; memory is that of all of its processes together, shared
pages counted once.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.files import write_csv, write_mapping, write_xlsx
from benchmarks.measuring import Cost, command_cost, sink

_KEY = {"INFLUENCERSOFT_API_KEY": "k"}
_READERS = {
    "csv": {
        "this project, reading": "from bulk_import import read_rows; sum(1 for _ in read_rows(p))",
        "pandas": "import pandas; len(pandas.read_csv(p, dtype=str, keep_default_na=False))",
        "csv module": "import csv; sum(1 for _ in csv.reader(open(p, newline='', encoding='utf-8')))",
    },
    "xlsx": {
        "this project, reading": "from bulk_import import read_rows; sum(1 for _ in read_rows(p))",
        "openpyxl, read-only": "import openpyxl; sum(1 for _ in openpyxl.load_workbook(p, "
        "read_only=True).active.iter_rows(values_only=True))",
        "calamine": "import python_calamine as c; "
        "len(c.CalamineWorkbook.from_path(p).get_sheet_by_index(0).to_python())",
        "pandas": "import pandas; len(pandas.read_excel(p, dtype=str))",
    },
}
_SLOW = frozenset({("xlsx", "pandas"), ("xlsx", "openpyxl, read-only")})  # not on a million rows


def loading(counts: list[int]) -> None:
    """Rows a second and peak memory of reading alone and of a dry run."""
    print(f"{'file':6}{'rows':>10}  {'by':24}{'rows/s':>10}{'CPU s':>8}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mapping = write_mapping(folder)
        for kind, write in (("csv", write_csv), ("xlsx", write_xlsx)):
            for count in counts:
                path = write(folder / f"{count}.{kind}", count)
                dry = ["run", str(path), "-m", str(mapping), "--dry-run", "-q", "--run-dir"]
                _line(kind, count, "this project, a dry run", _command(*dry, f"{path}.run"))
                for by, code in _READERS[kind].items():
                    if count > 200_000 and (kind, by) in _SLOW:
                        continue
                    script = f"import sys; p = sys.argv[1]; {code}"
                    cost = command_cost([sys.executable, "-c", script, str(path)])
                    _line(kind, count, by, cost)
                path.unlink()


def _line(kind: str, count: int, by: str, cost: Cost) -> None:
    if cost.code:
        raise SystemExit(cost.output)
    print(
        f"{kind:6}{count:10,}  {by:24}{count / cost.wall_s:10,.0f}{cost.cpu_s:8.1f}{cost.peak_mb:9.0f}",
        flush=True,
    )


def _command(*arguments: str) -> Cost:
    return command_cost([sys.executable, "-m", "bulk_import", *arguments], _KEY)


def finished(rows: int) -> None:
    """A check and a whole run, then a resume and a report of it, and how long ``--help`` takes."""
    with tempfile.TemporaryDirectory() as name, sink() as base:
        folder = Path(name)
        mapping, source = write_mapping(folder), write_csv(folder / "a.csv", rows)
        send = [
            "--endpoint",
            base,
            "--rate",
            "0",
            "--concurrency",
            "32",
            "--no-preflight",
            "-y",
            "-q",
        ]
        run = ["run", str(source), "-m", str(mapping), *send, "--run-dir", f"{folder}/run"]
        costs = {
            f"check of {rows:,} rows": _command("check", str(source), "-m", str(mapping)),
            f"run of {rows:,} rows": _command(*run),
            "resume of it": _command(
                "resume", f"{folder}/run", *send[:2], "--no-preflight", "-y", "-q"
            ),
            "report of it": _command("report", f"{folder}/run"),
            "--help": _command("--help"),
            "an option that is wrong": _command("run", "a.csv", "--rat", "2"),
        }
        written = sum(path.stat().st_size for path in (folder / "run").rglob("*"))
        share = written / source.stat().st_size
    print(f"{'':28}{'s':>8}{'CPU s':>8}{'peak MB':>9}")
    for label, cost in costs.items():
        print(f"{label:28}{cost.wall_s:8.2f}{cost.cpu_s:8.2f}{cost.peak_mb:9.0f}")
    print(f"the run folder is {share:.2f} of the source")

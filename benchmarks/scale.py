"""Long files: loading alone, whole runs, what is left to do when a long run is over, and whether memory
grows with the number of rows.

Every measurement is a process of its own; memory is that of all of its processes together, shared
pages counted once.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.files import HEADER, rows, write_csv, write_mapping, write_xlsx
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


def flat(counts: Sequence[int]) -> None:
    """Peak memory of all processes and size of the run folder, of each job by number of rows."""
    peaks: dict[str, list[float]] = {}
    print(
        f"{'':34}{'rows':>11}{'s':>8}{'CPU s':>8}{'peak MB':>9}{'folder MB':>11}{'of source':>11}"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as name, sink() as base:
            for label, cost, folder_mb, source_mb in _jobs(Path(name), base, count):
                if cost.code not in (0, 1):
                    raise SystemExit(f"{label}: exit code {cost.code}\n{cost.output}")
                peaks.setdefault(label, []).append(cost.peak_mb)
                share = f"{folder_mb / source_mb:11.2f}" if folder_mb else f"{'':11}"
                print(
                    f"{label:34}{count:11,}{cost.wall_s:8.1f}{cost.cpu_s:8.1f}{cost.peak_mb:9.0f}"
                    f"{folder_mb:11.1f}{share}",
                    flush=True,
                )
    print(f"\npeak with {counts[-1]:,} rows, of that with {counts[0]:,}:")
    for label, found in peaks.items():
        print(f"{label:34}{found[-1] / found[0]:8.2f}")


def _jobs(folder: Path, base: str, count: int) -> Iterator[tuple[str, Cost, float, float]]:
    """Yield (label, cost, MB of the run folder, MB of the source) of each job over *count* rows."""
    mapping = str(write_mapping(folder))
    source = write_csv(folder / "a.csv", count)
    source_mb = source.stat().st_size / 1e6
    send = [
        "--endpoint", base, "--rate", "0", "--concurrency", "32", "--no-preflight", "-q",
    ]  # fmt: skip

    def job(label: str, *line: str, keep: bool = False) -> tuple[str, Cost, float, float]:
        run = folder / "run"
        cost = _command(*line)
        written = sum(path.stat().st_size for path in run.rglob("*")) if run.exists() else 0
        if not keep:
            shutil.rmtree(run, ignore_errors=True)
        return label, cost, written / 1e6, source_mb

    to_run = ["--run-dir", f"{folder}/run"]
    yield job("check", "check", str(source), "-m", mapping)
    yield job("check, one worker", "check", str(source), "-m", mapping, "--workers", "1")
    again = ["--endpoint", base, "--no-preflight", "-y", "-q"]
    yield job("run", "run", str(source), "-m", mapping, *send, "-y", *to_run, keep=True)
    yield job("resume of it: nothing is left", "resume", f"{folder}/run", *again, keep=True)
    yield job("report of it", "report", f"{folder}/run", keep=True)
    yield job("explain, its last row", "explain", f"{folder}/run", "--row", str(count + 1))
    yield job(
        "explain, of the file", "explain", str(source), "-m", mapping, "--row", str(count + 1)
    )
    night = ["sync", str(source), "-m", mapping, *send, *to_run, "--state", f"{folder}/s.db"]
    yield job("sync, first night", *night)
    yield job("sync, nothing changed", *night)
    yield job("sync, --judge-all", *night, "--judge-all")
    # A tenth of the people leave the list, and as many come.
    later = _written(folder / "b.csv", count // 10, count + count // 10)
    lists = [str(later), "--previous", str(source), "--add-tag", "vip"]
    yield job("retag, a tenth changed", "retag", *lists, *send, "-y", *to_run, keep=True)
    yield job("undo of it", "undo", f"{folder}/run")
    later.unlink()
    source.unlink()
    refused = _written(folder / "c.csv", 0, count, refused=2)
    run = ["run", str(refused), "-m", mapping, *send, "-y", *to_run]
    yield job("run, half of the rows refused", *run, keep=True)
    yield job("resume of it: judged again", "resume", f"{folder}/run", *again)


def _written(path: Path, first: int, last: int, *, refused: int = 0) -> Path:
    """Write the people from *first* to *last*; one of *refused* has a phone that is none."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for at, row in enumerate(rows(last)):
            if at >= first:
                is_bad = refused and at % refused == 0
                writer.writerow((*row[:3], "12", *row[4:]) if is_bad else row)
    return path


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

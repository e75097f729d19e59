"""Speed and memory, printed as ratios of one run: machines are shared and noisy.

    python -m benchmarks [end|sending|judging|latency|pace|loading|values|nights|finished|scale ...] [--rows N] [--rounds N] [--million]

Without a name all are measured, in some minutes; ``--million`` takes long files to a million rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks import end_to_end, night_costs, parts, scale, values, waiting


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rows", type=int, default=200_000, help="of the end-to-end runs")
    parser.add_argument("--rounds", type=int, default=3, help="of what is measured alternately")
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of rows for scale")
    args = parser.parse_args()
    _compile()
    long = 1_000_000 if args.million else 100_000
    measures = {
        "end": lambda: end_to_end.main(args.rows, args.rounds),
        "sending": lambda: parts.sending(args.rows, args.rounds),
        "judging": lambda: parts.judging(args.rows // 2, args.rounds),
        "latency": lambda: waiting.latency(args.rounds),
        "pace": waiting.pace,
        "loading": lambda: scale.loading([10_000, 100_000, *([long] if args.million else [])]),
        "values": values.main,
        "nights": lambda: night_costs.main(long),
        "recognized": lambda: [
            night_costs.recognized(rows) for rows in dict.fromkeys((100_000, long))
        ],
        "finished": lambda: [scale.finished(rows) for rows in dict.fromkeys((100_000, long))],
        "scale": lambda: scale.flat(args.sizes or list(dict.fromkeys((10_000, 100_000, long)))),
    }
    for name in args.names or measures:
        if name not in measures:
            parser.error(f"{name!r}: choose from {', '.join(measures)}")
        print(f"\n-- {name} --", flush=True)
        measures[name]()


def _compile() -> None:
    """Let the interpreters that are measured find bytecode, as in an installed program.

    Otherwise every process would compile all sources again: half of the time that starting one takes.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    modules = "bulk_import.run.ahead, bulk_import.cli.boundary, bulk_import.jobs.importing"
    commands = ", ".join(f"bulk_import.cli.{name}" for name in ("check", "run", "sync", "retag"))
    subprocess.run([sys.executable, "-c", f"import uvloop, {modules}, {commands}"], check=True)


if __name__ == "__main__":
    main()

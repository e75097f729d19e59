"""How many small faults planted in the code does the suite find?

    python -m benchmarks.mutants [--seed N] [--sample N] [--group NAME ...] [--workers N] [--rest]

A seeded sample of faults is drawn per group of rooms (``GROUPS``): a comparison moved or turned, a condition negated, ``and``
for ``or``, a number or a truth value changed, an operator swapped, a statement removed. Each is planted alone in a copy of the
project (``build/mutants/copy-N``); the tests that reach the line run first, the quickest of them first, until one fails. With
``--rest`` a survivor meets the whole suite as well. Faults that change nothing (equivalents) are not recognized: survivors are
listed with file, line and change, for a person to judge.

Which test reaches which line comes from one run of the suite with coverage contexts, kept in ``build/mutants``; ``--measure``
repeats it. Lines that only another process reaches have no test of their own: there all tests of the group's files run.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from xml.etree import ElementTree

from coverage import CoverageData

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
PACKAGE = "bulk_import"
GROUPS: Mapping[str, Sequence[str]] = {
    "api": ["api"],
    "delivery": ["delivery"],
    "journal": ["journal"],
    "mapping": ["mapping"],
    "nights": ["jobs/night*", "jobs/state*", "jobs/retention.py"],
    "normalize": ["normalize"],
    "report": ["report"],
    "retag + undo": [
        "jobs/retagging.py",
        "jobs/segments.py",
        "jobs/undoing.py",
        "jobs/plan_files.py",
    ],
    "run": ["run"],
    "sources": ["sources"],
}
COPIED = (
    "bulk_import",
    "tests",
    "mappings",
    "sample_data",
    "benchmarks",
    "docs",
    "pyproject.toml",
    "README.md",
    "Makefile",
)
SLOWEST = (
    60.0  # seconds of tests that run for one fault before the rest of its own tests are left out
)

OPPOSITES: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
SWAPPED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One change of one place: ``before`` becomes ``after`` at ``line`` (1-based) of ``path`` (below the project's root)."""

    group: str
    path: str
    line: int
    start: int  # byte offsets in the file
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before!r} -> {self.after!r}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the suite said of a fault: the test that failed, or "" if none did."""

    fault: Fault
    killer: str
    tests: int


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """The faulty forms of one expression, each differing in one place."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[place] = OPPOSITES[type(operator)]()
            yield other
    elif isinstance(node, ast.BoolOp):
        other_op: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other_op, node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not _is_text(node):
        yield ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
               for side in (node.left, node.right))  # fmt: skip


def _removable(node: ast.AST) -> bool:
    """Is it a statement whose removal still compiles and is no declaration?"""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await | ast.Yield)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)


def _skipped(node: ast.AST) -> bool:
    """Annotations, type-checking blocks, default texts of ``repr``: nothing in them is behaviour."""
    if (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    ):
        return True
    return isinstance(node, ast.FunctionDef) and node.name in ("__repr__", "__str__")


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that is behaviour, children first: no annotation, no type-checking block, no ``__repr__``."""
    if _skipped(node):
        return
    for child in ast.iter_child_nodes(node):
        if child is getattr(node, "annotation", None) or child is getattr(node, "returns", None):
            continue
        yield from _nodes(child)
    yield node


def _replacements(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """The places of one node that can be made wrong, each with the wrong text."""
    if isinstance(node, ast.expr) and not isinstance(node, ast.JoinedStr):
        for other in _changed(node):
            yield node, f"({ast.unparse(other)})"
    elif isinstance(node, ast.If | ast.While):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    elif isinstance(node, ast.stmt) and _removable(node):
        yield node, "pass"


def faults_of(group: str, path: Path) -> Iterator[Fault]:
    """Every fault that can be planted in one module."""
    source = path.read_bytes()
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    name = path.relative_to(ROOT).as_posix()
    for node in _nodes(ast.parse(source)):
        for place, after in _replacements(node):
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or place.lineno) - 1] + (place.end_col_offset or 0)
            before = source[start:end].decode()
            if "\n" not in before or after == "pass":
                yield Fault(group, name, place.lineno, start, end, before, after)


def sample(groups: Iterable[str], number: int, seed: int) -> list[Fault]:
    """Draw ``number`` faults of each group; the same seed draws the same ones from the same code."""
    drawn: list[Fault] = []
    for group in groups:
        paths = [
            path
            for pattern in GROUPS[group]
            for found in sorted((ROOT / PACKAGE).glob(pattern))
            for path in (sorted(found.rglob("*.py")) if found.is_dir() else [found])
            if "data" not in path.parts
        ]
        all_of_them = [fault for path in paths for fault in faults_of(group, path)]
        chooser = random.Random(f"{seed} {group}")
        drawn += chooser.sample(all_of_them, min(number, len(all_of_them)))
    return drawn


def measure() -> None:
    """Run the suite once with coverage contexts: which test reaches which line, and how long each takes."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    configuration = WORK / "coverage.ini"
    configuration.write_text(
        f"[run]\nbranch = true\nparallel = true\nsource_pkgs = {PACKAGE}\npatch = subprocess\nsigterm = true\n"
        f"data_file = {WORK / '.coverage'}\n"
    )
    command = [
        sys.executable, "-m", "pytest", "-q", "-m", "", "-n", "auto", "--ignore=tests/browser", "--cov",
        f"--cov-config={configuration}", "--cov-context=test", "--cov-report=", f"--junitxml={WORK / 'times.xml'}",
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=False)


@dataclass(frozen=True, slots=True)
class Reach:
    """The tests of each line, the quickest first, and all tests of each group."""

    lines: Mapping[tuple[str, int], Sequence[str]]
    seconds: Mapping[str, float]

    def tests(self, fault: Fault) -> list[str]:
        """The tests that reach a fault's line; where none is known, those that reach its module."""
        found = set(self.lines.get((fault.path, fault.line), ()))
        if not found:
            found = {
                test
                for (path, _), tests in self.lines.items()
                if path == fault.path
                for test in tests
            }
        ordered = sorted(found, key=lambda test: (self.seconds.get(test, 1.0), test))
        total, chosen = 0.0, []
        for test in ordered:
            total += self.seconds.get(test, 1.0)
            if total > SLOWEST and chosen:
                break
            chosen.append(test)
        return chosen


def reach() -> Reach:
    """Read what ``measure`` wrote."""
    data = CoverageData(str(WORK / ".coverage"))
    data.read()
    lines: dict[tuple[str, int], list[str]] = {}
    for name in data.measured_files():
        path = name[name.rindex(f"{PACKAGE}/") :] if f"{PACKAGE}/" in name else name
        for line, contexts in data.contexts_by_lineno(name).items():
            lines[path, line] = sorted({context.split("|")[0] for context in contexts if context})
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(WORK / "times.xml").iter("testcase"):  # noqa: S314 - pytest wrote it
        file = case.get("classname", "").replace(".", "/") + ".py"
        seconds[f"{file}::{case.get('name')}"] = float(case.get("time", 0))
    return Reach(lines, seconds)


def copy_of_project(number: int) -> Path:
    """A copy with an interpreter of its own, so that child processes of the tests import the copy as well."""
    place = WORK / f"copy-{number}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in COPIED:
        there = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(there, place / name, ignore=ignored) if there.is_dir() else shutil.copy2(
            there, place
        )
    venv.create(place / ".venv", symlinks=True, with_pip=False)
    packages = next((place / ".venv").glob("lib/python*/site-packages"))
    theirs = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "copy.pth").write_text(f"{place}\n{theirs}\n")
    return place


def try_one(fault: Fault, place: Path, tests: Sequence[str], *, rest: bool) -> Outcome:
    """Plant the fault, run the tests, put the file back."""
    path = place / fault.path
    original = path.read_bytes()
    path.write_bytes(original[: fault.start] + fault.after.encode() + original[fault.end :])
    try:
        killer = _first_failure(place, tests) if tests else ""
        if not killer and rest:
            killer = _first_failure(place, ["tests", "--ignore=tests/browser"])
    finally:
        path.write_bytes(original)
    return Outcome(fault, killer, len(tests))


def _first_failure(place: Path, tests: Sequence[str]) -> str:
    """The first test that fails, or ""; a run that lasts ten minutes has hung, and that is noticed as well."""
    names = place / "names.txt"
    names.write_text("\n".join(tests))
    report = place / "report.json"
    command = [
        str(place / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-x", "-m", "", "-n", "0", "--no-cov",
        "-p", "no:cacheprovider", "-p", "no:randomly", "--timeout", "60", "--junitxml", str(report), f"@{names}",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "(no end within ten minutes)"
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"(exit {done.returncode})"


def main() -> None:
    """Draw, plant, run, and print a score per group."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=25, help="faults per group")
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--rest", action="store_true", help="a survivor meets the whole suite as well"
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="run the suite again for which test reaches which line",
    )
    args = parser.parse_args()
    if args.measure or not (WORK / ".coverage").exists():
        measure()
    known = reach()
    faults = sample(args.group or GROUPS, args.sample, args.seed)
    places: SimpleQueue[Path] = SimpleQueue()
    for number in range(args.workers):
        places.put(copy_of_project(number))

    def attempt(fault: Fault) -> Outcome:
        place = places.get()
        try:
            outcome = try_one(fault, place, known.tests(fault), rest=args.rest)
        finally:
            places.put(place)
        print("found   " if outcome.killer else "SURVIVED", fault, outcome.killer, flush=True)
        return outcome

    with ThreadPoolExecutor(args.workers) as pool:
        outcomes = list(pool.map(attempt, faults))
    _print_score(outcomes)
    (WORK / f"seed-{args.seed}.json").write_text(
        json.dumps(
            [
                {"fault": str(one.fault), "killer": one.killer, "tests": one.tests}
                for one in outcomes
            ],
            indent=1,
        )
    )


def _print_score(outcomes: Sequence[Outcome]) -> None:
    print(f"\n{'group':16}{'found':>8}{'planted':>9}{'share':>8}")
    for group in [*dict.fromkeys(one.fault.group for one in outcomes), "all"]:
        of_group = [one for one in outcomes if group in ("all", one.fault.group)]
        found = sum(bool(one.killer) for one in of_group)
        print(f"{group:16}{found:8}{len(of_group):9}{found / len(of_group):8.0%}")


if __name__ == "__main__":
    main()

"""How many small faults planted in the code does the suite find?

    python -m benchmarks.mutants [--seed N] [--sample N] [--group NAME ...] [--workers N] [--longest S] [--measure] [--add FILE ...] [--slow]

A seeded sample of faults is drawn per group of rooms (``GROUPS``): a comparison moved or turned, a condition negated, ``and``
for ``or``, a number or a truth value changed, an operator swapped, a statement removed. Each is planted alone in a copy of the
project (``build/mutants/copy-N``); the tests that reach the line run, in turn the quickest and the one that speaks most of what
stands there (`benchmarks.speaking`), until one fails. Faults that change nothing (equivalents) are not recognized: survivors are
listed with file, line and change, for a person to judge.

Which test reaches which line comes from runs of the suite under coverage, child processes included, each kept in a folder of
``build/mutants/reach`` with the sources it saw: lines that have moved since are followed. ``--measure`` runs the quick suite
again; ``--add FILE`` runs some files of tests that have changed since; with ``--slow`` slow tests run as well. At the end, the
tests that found a fault run once more without any: what fails then has found nothing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import venv
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import pytest
from coverage import CoverageData

from benchmarks import collected, forking
from benchmarks.speaking import Speaking, function_around, words_of

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
REACH = WORK / "reach"
PACKAGE = "bulk_import"
# Group -> paths in the package. The first ten are those by which the suite is judged.
GROUPS: Mapping[str, Sequence[str]] = {
    "api": ["api"],
    "delivery": ["delivery"],
    "journal": ["journal"],
    "mapping": ["mapping", "jobs/proposing.py", "jobs/matching.py"],
    "nights": [
        f"jobs/{name}.py"
        for name in (
            "brake",
            "comparison",
            "fingerprints",
            "holding",
            "night",
            "nightly",
            "payloads",
            "retention",
            "sieve",
            "state",
            "takeover",
        )
    ],
    "normalize": ["normalize"],
    "report": ["report", "jobs/history.py"],
    "retag + undo": [
        f"jobs/{name}.py"
        for name in "retagging segments rosters deciding calls memberships undoing plan_files tagging".split()
    ],
    "run": ["run", "stopping.py", "jobs/importing.py", "jobs/accounts.py"],
    "sources": ["sources"],
    "check": ["jobs/checking.py", "jobs/explaining.py", "jobs/fixes.py", "jobs/doctor.py"],
    "command line": ["cli", "jobs/scheduling.py", "progress.py"],
    "fleet": ["jobs/fleet"],
    "machine": ["system", "settings.py", "models.py", "errors.py", "texts"],
    "page": ["app", "jobs/projects.py", "jobs/reviewing.py"],
    "pipelines": ["destinations", "jobs/batches.py", "jobs/singer.py"],
    "other": [],  # modules of no group above
}
# Paths that decide nothing about anybody's data: texts, the stand-in of the server, entry points.
DECIDES_NOTHING = ("__init__.py", "__main__.py", "codes", "sandbox")
COPIED = (
    "bulk_import",
    "tests",
    "mappings",
    "sample_data",
    "benchmarks",
    "docs",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "hatch_build.py",
    "mkdocs.yml",
    "Makefile",
)
# CPU seconds, measured under coverage, of tests that run for one fault; a cheaper one is always tried.
LONGEST_S = 30.0
MOST_TESTS = 600
_FEW = 10  # tests of a line: then others of its module run after them
_TIMEOUT_S = 1200
_FIRST_FILES = 4
_MEMORY = 6 << 30  # bytes: a fault in a loop must not take the machine down

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
    is_of_import: bool = False  # it is in no function: it runs when the module is imported

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
    if isinstance(node, ast.keyword):
        return node.arg in ("slots", "frozen")  # of a dataclass: for whoever writes the code
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
    tree = ast.parse(source)
    inside = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    }
    for node in _nodes(tree):
        for place, after in _replacements(node):
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or place.lineno) - 1] + (place.end_col_offset or 0)
            before = source[start:end].decode()
            if "\n" not in before or after == "pass":
                of_import = place.lineno not in inside
                lines = "\n" * before.count("\n")  # the lines below keep their numbers
                yield Fault(group, name, place.lineno, start, end, before, after + lines, of_import)


def modules_of(group: str) -> list[Path]:
    """Every module of a group."""
    if group != "other":
        return _modules(GROUPS[group])
    named = {
        path for patterns in [*GROUPS.values(), DECIDES_NOTHING] for path in _modules(patterns)
    }
    return [path for path in _modules(["*"]) if path not in named]


def _modules(patterns: Iterable[str]) -> list[Path]:
    """Every module of those paths of the package; data and what makes it are left out."""
    return [
        path
        for pattern in patterns
        for found in sorted((ROOT / PACKAGE).glob(pattern))
        for path in (sorted(found.rglob("*.py")) if found.is_dir() else [found])
        if "data" not in path.parts
    ]


def sample(groups: Iterable[str], number: int, seed: int) -> list[Fault]:
    """Draw ``number`` faults of each group; the same seed draws the same ones from the same code.

    One of each group comes first, then a second of each: what is cut short has tried all groups alike.
    """
    drawn: list[list[Fault]] = []
    for group in groups:
        paths = modules_of(group)
        all_of_them = [fault for path in paths for fault in faults_of(group, path)]
        chooser = random.Random(f"{seed} {group}")
        drawn.append(chooser.sample(all_of_them, min(number, len(all_of_them))))
    return [fault for turn in zip_longest(*drawn) for fault in turn if fault is not None]


# -- which test reaches which line ---------------------------------------------------------------------


def measure(files: Sequence[str] = (), *, workers: str = "auto", slow: bool = False) -> None:
    """Run the quick suite, or some of its files, under coverage: a folder of ``REACH``.

    Args:
        slow: Run slow tests as well.
    """
    if not files:
        shutil.rmtree(REACH, ignore_errors=True)
    place = REACH / f"{len(list(REACH.glob('*'))):03}"
    shutil.copytree(ROOT / PACKAGE, place / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    configuration = place / "coverage.ini"
    configuration.write_text(
        f"[run]\nbranch = true\nparallel = true\nsource_pkgs = {PACKAGE}\nsigterm = true\npatch = _exit\n"
        f"data_file = {place / '.coverage'}\ncontext = ${{PYTEST_CURRENT_TEST-}}\n"
    )
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cov", "-p", "benchmarks.reaching", "-n", workers,
        "--timeout", "900", "--ignore=tests/browser", *(["-m", ""] if slow else []), *files,
    ]  # fmt: skip
    subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        env=os.environ | {"COVERAGE_PROCESS_START": str(configuration)},
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """The tests of each line of the code as it is now, those of each module, and what each test costs."""

    lines: Mapping[tuple[str, int], set[str]]
    costs: Mapping[str, float]
    modules: Mapping[str, set[str]] = field(default_factory=dict)
    at_import: Set[tuple[str, int]] = frozenset()
    speaking: Speaking | None = None

    def is_of_import(self, fault: Fault) -> bool:
        """Does the line run outside of any test?"""
        return fault.is_of_import or (fault.path, fault.line) in self.at_import

    def files(self, root: Path) -> list[str]:
        """The files of all known tests that are still there."""
        of_tests = (tests for tests in (*self.lines.values(), *self.modules.values()))
        names = {test.partition("::")[0] for tests in of_tests for test in tests}
        return sorted(name for name in names if (root / name).exists())

    def tests(self, fault: Fault, longest_s: float = LONGEST_S) -> list[str]:
        """The tests that reach a fault's line, up to a sum of CPU seconds.

        In turn: the quickest of them, and the one that speaks most of what stands there.

        What runs when a module is imported concerns all of its tests, and those of the modules that import it: it may be a
        table. A line of which few tests are known concerns, after these, the others of its module.
        """
        own = set() if fault.is_of_import else self.lines.get((fault.path, fault.line), set())
        # A function with a cache runs once: only the first test that needs it is known.
        others = self.modules.get(fault.path, set()) - own if len(own) < _FEW else set()
        if fault.is_of_import:
            others = others.union(
                *(self.modules.get(one, set()) for one in importers_of(fault.path))
            )
        total = 0.0
        chosen: dict[str, None] = {}
        for test in chain(self._in_turn(fault, own), self._in_turn(fault, others)):
            if test in chosen:
                continue
            total += self.costs.get(test, 1.0)
            if chosen and (total > longest_s or len(chosen) == MOST_TESTS):
                break
            chosen[test] = None
        return list(chosen)

    def _in_turn(self, fault: Fault, tests: Set[str]) -> Iterator[str]:
        quickest = sorted(tests, key=lambda test: (self.costs.get(test, 1.0), test))
        return chain.from_iterable(zip(quickest, self._nearest(fault, quickest), strict=True))

    def _nearest(self, fault: Fault, tests: Sequence[str]) -> Sequence[str]:
        if self.speaking is None:
            return tests
        around = function_around((ROOT / fault.path).read_text("utf-8"), fault.line)
        words = words_of(f"{around} {Path(fault.path).stem}")
        return self.speaking.nearest(tests, words, words_of(fault.before))


def reach(paths: Iterable[str]) -> Reach:
    """Read what ``measure`` wrote about these modules."""
    wanted = {near for path in paths for near in (path, *importers_of(path))}
    lines: dict[tuple[str, int], set[str]] = {}
    modules: dict[str, set[str]] = {path: set() for path in wanted}
    costs: dict[str, float] = {}
    at_import: set[tuple[str, int]] = set()
    for place in sorted(REACH.iterdir()):
        moved = {path: _moved(place / path) for path in wanted if (place / path).exists()}
        for file in place.glob(".coverage*"):
            _add_reach(file, moved, lines, modules, at_import)
        for file in place.glob("costs-*.json"):
            costs |= json.loads(file.read_text())
    return Reach(lines, costs, modules, at_import, Speaking(ROOT))


@cache
def importers_of(path: str) -> list[str]:
    """The modules that import names of a module."""
    dotted = path.removesuffix(".py").replace("/", ".")
    package, _, name = dotted.rpartition(".")
    line = re.compile(
        rf"^\s*from {re.escape(dotted)} import|^\s*from {re.escape(package)} import (?:.*[ (])?{name}\b",
        re.M,
    )
    return sorted(
        str(found.relative_to(ROOT))
        for found in (ROOT / PACKAGE).rglob("*.py")
        if line.search(found.read_text("utf-8"))
    )


def _moved(path: Path) -> dict[int, int]:
    """Line of a module as it was measured -> line today."""
    today = ROOT / PACKAGE / path.as_posix().rpartition(f"/{PACKAGE}/")[2]
    if not today.exists():
        return {}
    before, after = (one.read_text("utf-8").splitlines() for one in (path, today))
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {block.a + n + 1: block.b + n + 1 for block in blocks for n in range(block.size)}


def _add_reach(
    file: Path,
    moved: Mapping[str, Mapping[int, int]],
    lines: dict[tuple[str, int], set[str]],
    modules: dict[str, set[str]],
    at_import: set[tuple[str, int]],
) -> None:
    data = CoverageData(str(file))
    data.read()
    for name in data.measured_files():
        path = PACKAGE + "/" + name.rpartition(f"/{PACKAGE}/")[2]
        if path not in moved:
            continue
        for line, contexts in data.contexts_by_lineno(name).items():
            tests = {_STAGE.sub("", context) for context in contexts if "::" in context}
            modules.setdefault(path, set()).update(tests)
            if line in moved[path]:
                lines.setdefault((path, moved[path][line]), set()).update(tests)
                if "" in contexts:
                    at_import.add((path, moved[path][line]))


_STAGE = re.compile(r" \((setup|call|teardown)\)$")  # of PYTEST_CURRENT_TEST


# -- planting ------------------------------------------------------------------------------------------


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


class Place:
    """A copy of the project in which faults are planted, and the processes that run its tests.

    One has collected all tests and swaps the code of functions in a fork (`benchmarks.collected`). The other imports the
    project anew for each fault (`benchmarks.forking`), which takes seconds: for faults in what runs at import.
    """

    def __init__(self, root: Path, known: Reach) -> None:
        self.root = root
        self._known = known
        self._report, self._output = root / "report.txt", root / "output.txt"
        # Compiled code is kept. A fault's is not taken for another's: the time of the file differs.
        self._environment = os.environ | {
            "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "pycache"),
            "OPENBLAS_NUM_THREADS": "1",  # else numpy starts threads, which a fork does not have
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._processes: dict[str, tuple[subprocess.Popen[bytes], IO[str], IO[str]]] = {}

    def close(self) -> None:
        """End the processes."""
        for process, orders, answers in self._processes.values():
            orders.close()
            answers.close()
            process.wait()

    def attempt(self, fault: Fault, tests: Sequence[str]) -> Outcome:
        """Plant the fault, run the tests, put the file back as it was, its time included."""
        self._process(COLLECTED)  # which imports the project as it is
        path = self.root / fault.path
        original, facts = path.read_bytes(), path.stat()
        planted = original[: fault.start] + fault.after.encode() + original[fault.end :]
        path.write_bytes(planted)
        # Compiled files are recognized by size and second.
        os.utime(path, (zlib.crc32(planted), zlib.crc32(planted)))
        try:
            failed = self.failures(tests, fault)
        finally:
            path.write_bytes(original)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return Outcome(fault, failed[0] if failed else "", len(tests))

    def failures(self, tests: Sequence[str], fault: Fault | None = None) -> list[str]:
        """The tests that fail, each with its reason: the first one of a fault, without a fault all of them."""
        if fault is None or not self._known.is_of_import(fault):
            code = self._ordered(COLLECTED, self._order(tests, fault))
            if code != collected.COLD:
                return self._failed(code)
        for part in in_two(tests):
            failed = self._cold(part, fault)
            if failed:
                return failed
        return []

    def _order(self, tests: Sequence[str], fault: Fault | None) -> dict[str, object]:
        planted = (
            {"path": "", "start": 0, "before": "", "after": ""}
            if fault is None
            else {key: getattr(fault, key) for key in ("path", "start", "before", "after")}
        )
        return planted | {
            "tests": [(test, self._known.costs.get(test, 1.0)) for test in tests],
            "report": str(self._report),
            "stops": fault is not None,
            "seconds": _TIMEOUT_S if fault else 1800,
        }

    def _failed(self, code: int) -> list[str]:
        lines = self._report.read_text("utf-8").splitlines()
        failed = [
            line.removeprefix(collected.FAILED)
            for line in lines
            if line.startswith(collected.FAILED)
        ]
        if code == 0 or (
            code == 1 and failed
        ):  # 1 alone: the time limit of a test ends the process
            return failed
        if code == forking.NOT_RUN:  # that says nothing about the fault
            print("pytest did not run:", self._output, flush=True)
            return []
        running = [line for line in lines if line.startswith(collected.RUNNING)]
        test = running[-1].removeprefix(collected.RUNNING) if running else ""
        return [*failed, f"{test} - the process ended ({code})"]

    def _cold(self, tests: Sequence[str], fault: Fault | None) -> list[str]:
        """Import the project anew; a run that does not end has hung, and that is noticed as well."""
        (self.root / "names.txt").write_text("\n".join(tests))
        arguments = [
            "-q", "-x", *_PLUGINS, "--chosen", "names.txt", "-W", "ignore::pytest.PytestAssertRewriteWarning",
            *sorted(file for file in {test.partition("::")[0] for test in tests} if (self.root / file).exists()),
        ]  # fmt: skip
        order = {"arguments": arguments, "output": str(self._output), "seconds": _TIMEOUT_S}
        code = self._ordered(FORKING, order)
        if code in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            return []
        said = self._output.read_text("utf-8", "replace").splitlines()
        if code == forking.NOT_RUN:
            print("pytest did not run:", *said[-5:], sep="\n  ", flush=True)
            return []
        failed = [line for line in said if line.startswith(("FAILED", "ERROR"))]
        return [line.partition(" ")[2] for line in failed] or [f"(exit {code})"]

    def _ordered(self, module: str, order: Mapping[str, object]) -> int:
        _, orders, answers = self._process(module)
        self._report.write_text("")
        orders.write(f"{json.dumps(order)}\n")
        orders.flush()
        return self._answer(module, answers)

    def _answer(self, module: str, answers: IO[str]) -> int:
        answer = answers.readline()
        assert answer, f"the process that runs tests has ended, see {self.root / module}.log"
        return int(answer)

    def _process(self, module: str) -> tuple[subprocess.Popen[bytes], IO[str], IO[str]]:
        """Return a process that waits for orders; started once."""
        if module not in self._processes:
            self._processes[module] = self._started(module)
            if module == COLLECTED:
                self._answer(module, self._processes[module][2])
        return self._processes[module]

    def _started(self, module: str) -> tuple[subprocess.Popen[bytes], IO[str], IO[str]]:
        (theirs, orders), (answers, ours) = os.pipe(), os.pipe()
        arguments = (
            ["pytest", "-q", *_PLUGINS, "-p", module, *self._known.files(self.root)]
            if module == COLLECTED
            else [module]
        )
        with (self.root / f"{module}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(self.root / ".venv" / "bin" / "python"), "-m", *arguments, "--orders", f"{theirs},{ours}"],
                cwd=self.root, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(theirs, ours), preexec_fn=_bound,
            )  # fmt: skip
        os.close(theirs)
        os.close(ours)
        return process, os.fdopen(orders, "w"), os.fdopen(answers)


COLLECTED, FORKING = "benchmarks.collected", "benchmarks.forking"
_PLUGINS = (
    "-m", "", "-n", "0", "-p", "no:cov", "-p", "no:cacheprovider", "-p", "benchmarks.reaching", "--timeout", "60",
    "--timeout-method", "thread",  # ends the process: a test that has hung may not end in order either
    "--ignore=tests/browser", "--continue-on-collection-errors",
)  # fmt: skip


def in_two(tests: Sequence[str]) -> Iterator[list[str]]:
    """Split tests: those of the few files that have most of them, then the others.

    Most faults are found by the first, and files that are not needed are not imported.
    """
    files = Counter(test.partition("::")[0] for test in tests)
    first = {file for file, _ in files.most_common(_FIRST_FILES)}
    for is_first in (True, False):
        part = [test for test in tests if (test.partition("::")[0] in first) == is_first]
        if part:
            yield part


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


def confirmed(outcomes: Sequence[Outcome], place: Place) -> list[Outcome]:
    """Take back what was found by a test that fails without any fault as well."""
    killers = sorted({_named(one.killer) for one in outcomes if "::" in one.killer})
    failing = {_named(failed) for failed in place.failures(killers)} if killers else set()
    for test in failing:
        print("fails without any fault:", test)
    return [replace(one, killer="") if _named(one.killer) in failing else one for one in outcomes]


def _named(failure: str) -> str:
    return failure.partition(" - ")[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=20, help="faults per group")
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--longest", type=float, default=LONGEST_S, help="CPU seconds of tests for one fault"
    )
    parser.add_argument("--measure", action="store_true", help="run the quick suite again")
    parser.add_argument("--add", nargs="+", default=[], help="run these files of tests again")
    parser.add_argument("--slow", action="store_true", help="measure slow tests as well")
    return parser.parse_args()


def main() -> None:
    """Draw, plant, run, and print a score per group."""
    args = _arguments()
    if args.measure or not REACH.exists():
        measure(workers=str(args.workers), slow=args.slow)
    if args.add:
        measure(args.add, workers=str(args.workers), slow=args.slow)
    if not args.sample:
        return
    faults = sample(args.group or GROUPS, args.sample, args.seed)
    known = reach(fault.path for fault in faults)
    every = [Place(copy_of_project(number), known) for number in range(args.workers)]
    places: SimpleQueue[Place] = SimpleQueue()
    for place in every:
        places.put(place)

    def attempt(fault: Fault) -> Outcome:
        place = places.get()
        try:
            outcome = place.attempt(fault, known.tests(fault, args.longest))
        finally:
            places.put(place)
        said = "found   " if outcome.killer else "SURVIVED"
        print(said, fault.group, fault, f"[{outcome.tests}]", outcome.killer, flush=True)
        return outcome

    with ThreadPoolExecutor(args.workers) as pool:
        outcomes = list(pool.map(attempt, faults))
    outcomes = confirmed(outcomes, every[0])
    for place in every:
        place.close()
    _print_score(outcomes)
    (WORK / f"seed-{args.seed}.json").write_text(
        json.dumps(
            [
                {
                    "group": one.fault.group,
                    "fault": str(one.fault),
                    "killer": one.killer,
                    "tests": one.tests,
                }
                for one in outcomes
            ],
            indent=1,
        )
    )


def _print_score(outcomes: Sequence[Outcome]) -> None:
    print(f"\n{'group':16}{'found':>8}{'planted':>9}{'share':>8}")
    for group in [*sorted({one.fault.group for one in outcomes}), "all"]:
        of_group = [one for one in outcomes if group in ("all", one.fault.group)]
        found = sum(bool(one.killer) for one in of_group)
        print(f"{group:16}{found:8}{len(of_group):9}{found / len(of_group):8.0%}")


if __name__ == "__main__":
    main()

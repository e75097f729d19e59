"""The tool that plants faults: nothing that decides is left out, and every fault is a change that compiles."""

from __future__ import annotations

import ast
import gc
import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.collected import live_functions, planted
from benchmarks.mutants import (
    DECIDES_NOTHING,
    GROUPS,
    PACKAGE,
    ROOT,
    Fault,
    Place,
    Reach,
    importers_of,
    modules_of,
    sample,
)
from benchmarks.speaking import Speaking, function_around, words_of


@pytest.fixture(autouse=True)
def _no_collection_while_parsing() -> Iterator[None]:
    """A finalizer that warns while a tree is built parses for its traceback, which CPython 3.11 cannot do twice at once."""
    gc.disable()
    yield
    gc.enable()


def test_every_module_belongs_to_one_group_or_decides_nothing():
    of_groups = [path for group in GROUPS for path in modules_of(group)]
    assert len(of_groups) == len(set(of_groups))
    left_out = {
        path.relative_to(ROOT / PACKAGE).parts[0]
        for path in (ROOT / PACKAGE).rglob("*.py")
        if path not in of_groups and "data" not in path.parts
    }
    assert left_out == {name for name in DECIDES_NOTHING if (ROOT / PACKAGE / name).exists()}


def test_a_seed_draws_the_same_faults_and_each_is_a_change_that_compiles():
    faults = sample(["report"], 40, seed=7)
    assert faults == sample(["report"], 40, seed=7) != sample(["report"], 40, seed=8)
    assert len(faults) == 40
    for fault in faults:
        source = (ROOT / fault.path).read_bytes()
        assert source[fault.start : fault.end].decode() == fault.before != fault.after
        planted = source[: fault.start] + fault.after.encode() + source[fault.end :]
        assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source))


def test_tests_of_a_line_run_quickest_first_and_those_of_the_module_where_none_is_known():
    (fault,) = [fault for fault in sample(["report"], 40, seed=1) if not fault.is_of_import][:1]
    costs = {"slow": 2.0, "quick": 0.1, "other": 0.5}
    known = Reach({(fault.path, fault.line): {"slow", "quick"}}, costs, {fault.path: {"other"}})
    assert known.tests(fault) == [
        "quick",
        "slow",
        "other",
    ]  # few: others of the module come after them
    assert known.tests(fault, 2.3) == ["quick", "slow"]
    many = {(fault.path, fault.line): {f"of the line {n}" for n in range(10)}}
    assert "other" not in Reach(many, costs, {fault.path: {"other"}}).tests(fault)
    assert Reach({}, costs, {fault.path: {"other", "slow"}}).tests(fault) == ["other", "slow"]


def test_a_table_concerns_the_tests_of_the_modules_that_import_it():
    table, user = (f"bulk_import/normalize/{name}.py" for name in ("offset_forms", "offsets"))
    assert importers_of(table) == [user]
    fault = Fault("normalize", table, 1, 0, 1, "1", "(2)", is_of_import=True)
    known = Reach({}, {}, {table: {"own"}, user: {"of its user"}, "other.py": {"other"}})
    assert known.tests(fault) == ["of its user", "own"]
    inside = replace(fault, is_of_import=False)
    assert known.tests(inside) == ["own"]


def test_tests_that_speak_of_a_place_come_in_turn_with_the_quickest(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "def test_of_rows():\n    assert rows == 1\n\n\n"
        "def test_of_fewer_files():\n    assert night(fewer_files=True)\n\n\n"
        "def test_of_files():\n    assert night(files)\n"
    )
    speaking = Speaking(tmp_path)
    names = [f"tests/test_a.py::test_of_{name}" for name in ("rows", "files", "fewer_files[1]", "fewer_files[2]")]  # fmt: skip
    words = words_of("if last is not None and self._options.fewer_files:")
    assert {"fewer_files", "fewer", "files"} <= words
    first, second, *others = speaking.nearest(names, words)
    assert (first, second) == (names[2], names[1])
    assert others == [
        names[0],
        names[3],
    ]  # the second case of a function follows one of every other
    assert speaking.nearest(names, {"files"}, {"rows"})[0] == names[0]
    (fault,) = [fault for fault in sample(["report"], 40, seed=1) if not fault.is_of_import][:1]
    costs = {"slow": 2.0, "quick": 0.1, "near": 3.0, "other": 0.5}

    class Near(Speaking):
        def nearest(self, tests, words, most_telling=frozenset()):
            return sorted(tests, key=lambda test: test != "near")

    known = Reach({(fault.path, fault.line): set(costs)}, costs, speaking=Near(tmp_path))
    assert known.tests(fault, 3.5) == ["quick", "near"]
    assert known.tests(fault) == ["quick", "near", "other", "slow"]


def test_the_function_around_a_line_is_the_innermost():
    assert function_around(MODULE, 3) == "    def inner(n):\n        return n + start"
    assert function_around(MODULE, 4).startswith("def outer(start):")
    assert function_around(MODULE, 6) == "LIMIT = max(3, 2)"


def test_files_of_tests_that_are_gone_are_not_collected():
    known = Reach({("a.py", 1): {"tests/test_mutants.py::a", "tests/test_gone.py::b"}}, {})
    assert known.files(ROOT) == ["tests/test_mutants.py"]


MODULE = """def outer(start):
    def inner(n):
        return n + start
    return inner

LIMIT = max(3, 2)

class Made:
    size = 1

    @property
    def twice(self): return [self.size * 2 for _ in (1, 2)]
"""


@pytest.mark.parametrize(
    ("before", "after", "is_done", "values"),
    [
        ("n + start", "(n - start)", True, (6, 9, [2, 2], 3)),
        ("self.size * 2", "(self.size // 2)", True, (14, 11, [0, 0], 3)),
        ("return inner", "pass", True, (None, 11, [2, 2], 3)),
        ("max(3, 2)", "(max(3, 3))", False, (14, 11, [2, 2], 3)),
        ("size = 1", "size = 2", False, (14, 11, [2, 2], 3)),
    ],
)
def test_a_fault_is_planted_into_functions_that_are_there_already(
    tmp_path, monkeypatch, before, after, is_done, values
):
    path = tmp_path / "planted_here.py"
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.reload(importlib.import_module("planted_here"))
    inner = module.outer(1)  # a function that was made before
    live = live_functions()
    start = MODULE.index(before)
    path.write_text(MODULE.replace(before, after))
    order = {"path": str(path), "start": start, "before": before, "after": after}
    assert planted(order, live) == is_done
    made = module.outer(4)
    assert (made and made(10), inner(10), module.Made().twice, module.LIMIT) == values


def test_a_module_that_is_imported_later_is_imported_with_the_fault(tmp_path):
    path: Path = tmp_path / "never_imported.py"
    path.write_text("LIMIT = (4)\n")
    order = {"path": str(path), "start": 8, "before": "3", "after": "(4)"}
    assert planted(order, {})


@pytest.mark.slow
@pytest.mark.timeout(600)  # it starts interpreters that import every library
def test_each_fault_is_alone_and_found_by_the_tests_that_it_breaks(tmp_path):
    """In turn: found, no difference, a process that ends, found in what runs at import; nothing is left of any."""
    source = (
        "import os\n\nLIMIT = 3\n\n\ndef allowed(n):\n    return n <= LIMIT and n > -5\n\n\n"
        "def leave(is_over):\n    if is_over:\n        os._exit(1)\n"
    )
    (tmp_path / "limits.py").write_text(source)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_limits.py").write_text(
        "from limits import allowed, leave\n\n\ndef test_limit():\n    assert allowed(3)\n    assert not allowed(4)\n"
        "    leave(False)\n"
    )
    for name in ("benchmarks", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)

    def fault(before, after):
        start = source.index(before)
        line = source[:start].count("\n") + 1
        return Fault("g", "limits.py", line, start, start + len(before), before, after, line == 3)

    tests = ["tests/test_limits.py::test_limit"]
    place = Place(tmp_path, Reach({}, {}, {"limits.py": set(tests)}))
    faults = [fault("n <= LIMIT", "(n < LIMIT)"), fault("-5", "(-6)"), fault("if is_over", "if not is_over"), fault("3", "(4)")]  # fmt: skip
    try:
        killers = [place.attempt(one, tests).killer for one in faults]
        assert place.failures(tests) == []
    finally:
        place.close()
    assert [killer.partition(" - ")[0] for killer in killers] == [*tests, "", *tests, *tests]
    assert (tmp_path / "limits.py").read_text() == source

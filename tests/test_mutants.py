"""The tool that plants faults: nothing that decides is left out, and every fault is a change that compiles."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator

import pytest

from benchmarks.mutants import DECIDES_NOTHING, GROUPS, PACKAGE, ROOT, Reach, modules_of, sample


@pytest.fixture(autouse=True)
def _no_collection_while_parsing() -> Iterator[None]:
    """A finalizer that warns while a tree is built parses for its traceback, which CPython 3.11 cannot do twice at once."""
    gc.collect()
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
    assert known.tests(fault) == ["quick", "slow"]
    assert Reach({}, costs, {fault.path: {"other", "slow"}}).tests(fault) == ["other", "slow"]

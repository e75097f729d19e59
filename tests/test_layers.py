"""Imports point down; SQL, HTTP and the environment have one home each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bulk_import"

LAYERS = (
    "cli app destinations __main__",
    "jobs",
    "run",
    "report mapping delivery sandbox",
    "journal sources",
    "api normalize",
    "settings progress stopping",
    "system",
    "texts",
    "models codes",
    "errors",
)
LEVEL = {name: depth for depth, names in enumerate(LAYERS) for name in names.split()}
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__"
)


def home(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tests ask of a module.

    Attributes:
        imports: Full names of what it imports anywhere, deferred imports included.
        at_import: Modules of the package that it imports when it is imported itself, and names that may be some.
        long: Functions of more than 60 lines.
        texts: All of its strings.
        codes: What it gives to problems and errors as their code.
    """

    imports: frozenset[str]
    at_import: frozenset[str]
    long: tuple[str, ...]
    texts: frozenset[str]
    codes: frozenset[str]


@cache
def facts(path: Path) -> Facts:
    """Read a module once: to parse all of them takes seconds."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return Facts(
        frozenset(name for node in nodes for name in _imported(node)),
        frozenset(name for node in tree.body for name in _needed(node)),
        tuple(node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > 60),
        frozenset(
            node.value
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
        frozenset(code for node in nodes if isinstance(node, ast.Call) for code in _codes(node)),
    )


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _needed(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bulk_import"):
        # `from package import name`: the name may be a module
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _codes(node: ast.Call) -> Iterator[str]:
    makers = ("NormalizeError", "Note", "Problem", "_note", "_problem")
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    found = [node.args[0]] if name in makers and node.args else []
    found += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    yield from (str(value.value) for value in found if isinstance(value, ast.Constant))


def imported(path: Path) -> set[str]:
    """Parts of the package that a module imports anywhere, deferred imports included."""
    return {name.split(".")[1] for name in facts(path).imports if name.startswith("bulk_import.")}


def test_no_modules_import_each_other():
    """Layers allow circles within a room; a module in one cannot be read, or tried, by itself."""
    names = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in PACKAGE.rglob("*.py")
    }
    graph = {name: facts(path).at_import & names.keys() - {name} for name, path in names.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(names)


def test_functions_fit_a_screen():
    """Only the commands are longer: each lists its options."""
    long = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in facts(path).long
        if not (home(path) == "cli" and name == "command")
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    for part in imported(path) - {home(path)}:
        assert LEVEL[part] >= LEVEL[home(path)], f"{home(path)} imports {part}"
        siblings = {"delivery", "report", "mapping", "sandbox"}
        assert not {part, home(path)} <= siblings, f"{home(path)} imports its sibling {part}"


def test_the_root_holds_only_the_words_that_everybody_speaks():
    assert sorted(path.stem for path in PACKAGE.glob("[!_]*.py")) == [
        "errors", "models", "progress", "settings", "stopping"
    ]  # fmt: skip


def test_each_room_opens_with_the_sentence_that_says_what_belongs_there():
    for init in PACKAGE.rglob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(init.read_text("utf-8"))), init


@pytest.mark.parametrize(
    ("module", "homes"),
    [
        # The run's SQL is the journal's, that of later runs the state's; both open files in system.
        ("sqlite3", {"journal", "jobs", "sandbox", "system"}),
        ("aiohttp", {"api", "app", "sandbox"}),
        ("dotenv", {"system"}),
        ("tqdm", {"cli"}),
        ("click", {"cli", "sandbox"}),
        ("tenacity", {"delivery", "sources"}),  # rows that are sent, files that are fetched
        ("phonenumbers", {"normalize"}),
        ("ruamel", {"mapping"}),
    ],
)
def test_each_effect_has_one_home(module, homes):
    users = {
        home(path)
        for path in MODULES
        if any(name.split(".")[0] == module for name in facts(path).imports)
    }
    assert users <= homes


def test_each_exception_from_the_linter_has_its_reason_beside_it():
    bare = [
        f"{path.relative_to(PACKAGE.parent)}: {line.strip()}"
        for folder in ("bulk_import", "tests", "benchmarks", "sample_data")
        for path in (PACKAGE.parent / folder).rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"# no[q]a\b(?!: [A-Z0-9, ]+ - \w)", line)
    ]
    assert bare == []


def test_every_code_that_is_used_is_in_the_catalogue_and_the_other_way_round():
    from bulk_import.codes import catalogue

    used = {text for path in MODULES if home(path) != "codes" for text in facts(path).texts}
    known = set(catalogue())
    assert {name for name in known if not name.startswith("HTTP_") and not name.isdigit()} <= used
    raised = {code for path in MODULES for code in facts(path).codes}
    assert {name for name in raised if name.isupper()} <= known

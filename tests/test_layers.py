"""Imports point down; SQL, HTTP and the environment have one home each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bulk_import"

LAYERS = (
    "cli app __main__",
    "jobs",
    "run",
    "report mapping delivery sandbox",
    "journal sources",
    "api normalize",
    "settings progress stopping",
    "system",
    "models codes",
    "errors",
)
LEVEL = {name: depth for depth, names in enumerate(LAYERS) for name in names.split()}
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__"
)


def home(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Parts of the package that a module imports anywhere, deferred imports included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bulk_import."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("bulk_import.")}
    return found


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
        ("aiohttp", {"api", "sandbox"}),
        ("dotenv", {"system"}),
        ("tqdm", {"cli"}),
        ("click", {"cli", "sandbox"}),
        ("tenacity", {"delivery"}),
        ("phonenumbers", {"normalize"}),
        ("ruamel", {"mapping"}),
    ],
)
def test_each_effect_has_one_home(module, homes):
    users = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == module for name in names):
                users.add(home(path))
    assert users <= homes


def test_every_code_that_is_used_is_in_the_catalogue_and_the_other_way_round():
    from bulk_import.codes import catalogue

    used = set()
    for path in MODULES:
        if home(path) == "codes":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value)
    known = set(catalogue())
    assert {name for name in known if not name.startswith("HTTP_") and not name.isdigit()} <= used
    raised = set()
    for path in MODULES:
        text = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(text):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("NormalizeError", "Note", "Problem", "_note", "_problem") and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        raised.add(first.value)
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        raised.add(str(keyword.value.value))
    assert {name for name in raised if name.isupper()} <= known

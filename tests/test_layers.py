"""Imports point down; SQL, HTTP and the environment have one home each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bulk_import"

LAYERS = (
    "cli __main__",
    "sync",
    "importing explaining undoing retention retagging",
    "run",
    "sending",
    "ahead identity folder",
    "reporting",
    "inputs",
    "preparing canary fixes",
    "report mapping delivery sandbox sets",
    "api journal state sources progress",
    "normalize settings locks",
    "entries",
    "models errors codes redact garbage",
)
LEVEL = {name: depth for depth, names in enumerate(LAYERS) for name in names.split()}
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__"
)


def home(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Parts of the package that a module imports at its top (deferred imports are the lazy ones)."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bulk_import."):
            found.add((node.module or "").split(".")[1])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    for part in imported(path) - {home(path)}:
        assert LEVEL[part] >= LEVEL[home(path)], f"{home(path)} imports {part}"
        siblings = {"delivery", "report", "mapping", "sandbox"}
        assert not {part, home(path)} <= siblings, f"{home(path)} imports its sibling {part}"


@pytest.mark.parametrize(
    ("module", "homes"),
    [
        ("sqlite3", {"journal", "state", "sandbox"}),
        ("aiohttp", {"api", "sandbox"}),
        ("dotenv", {"settings"}),
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
    assert {name for name in known if not name.startswith("HTTP_")} <= used
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

"""Every text of ours that a page or report can come to say, found by walking the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "bulk_import"

# What takes a text for people: errors, problems, notes, reasons to stop, messages of a run.
_SAYING = frozenset(
    "Problem Note NormalizeError SetupError SettingsError SourceError BusyError StorageError "
    "StoppedError NotSentError MappingProblem MappingError say request refuse _refuse problem "
    "_broken broken _error _unreadable _invalid _whole note _note _warning of because Fit "
    "Encoding".split()
)
# Rooms whose texts reach a terminal or a log alone.
_ELSEWHERE = ("cli/", "sandbox/", "destinations/", "texts/", "codes/", "report/", "jobs/fleet/",
              "api/webhook.py", "mapping/suggesting/writing.py", "jobs/singer.py", "jobs/batches.py",
              "jobs/scheduling.py", "jobs/tagging.py", "jobs/doctor.py", "jobs/explaining.py",
              "jobs/proposing.py", "system/loop.py", "system/crash.py", "jobs/checking.py",
              "jobs/destinations.py", "run/judges.py")  # fmt: skip
_WORDS = re.compile(r"^(?!utf-|[a-z]+[._]|insert into).*[a-z]{2,}", re.DOTALL)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield (path within the package, syntax) of each module whose texts a page can show."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(_ELSEWHERE) and "/data/" not in name:
            yield name, ast.parse(path.read_text("utf-8"))


@cache
def templates() -> dict[str, str]:
    """Return the template of each message, and the module that makes it."""
    return {
        text: name
        for name, tree in modules()
        for call in _calls(tree)
        for text in _texts_of(call)
        if _WORDS.search(re.sub(r"\{[^}]*\}", "", text))
    }


def constants() -> set[str]:
    """Return every text that stands in the code, catalogues apart."""
    return {
        text
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "texts"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for text in (node.value, node.value.strip(), node.value.replace("_", " "))
    }


def without_template() -> list[str]:
    """Return where a text for people is put together on the spot: no other language could say it."""
    return [
        f"{name}:{part.lineno}"
        for name, tree in modules()
        for call in _calls(tree)
        if _name(call) != "Message"
        for argument in _arguments(call)
        for part in _branches(argument)
        if isinstance(part, ast.JoinedStr)
        and _WORDS.search("".join(v.value for v in part.values if isinstance(v, ast.Constant)))
    ]


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (_name(node) == "Message" or _name(node) in _SAYING):
            yield node
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from [node.exc] if _name(node.exc) == "ValueError" else []


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _texts_of(call: ast.Call) -> Iterator[str]:
    arguments = call.args[:1] if _name(call) == "Message" else _arguments(call)
    for argument in arguments:
        for part in _branches(argument):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(k.value for k in call.keywords if k.arg in ("message", "why"))]


def _branches(argument: ast.expr) -> Iterator[ast.expr]:
    if isinstance(argument, ast.IfExp):
        yield from _branches(argument.body)
        yield from _branches(argument.orelse)
    else:
        yield argument

"""YAML as text: every plain scalar stays what was typed, and everything knows where it stood.

``NO``, ``007``, ``+03`` and ``1473249885.2899961004`` are values of contacts, not booleans and
numbers. Only an empty value, ``~`` and ``null`` mean "nothing". Nothing is ever constructed but
dicts, lists and texts; tags are refused, and so are documents that explode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bulk_import.errors import MappingError

MOST_NODES = 20_000  # with each use of an alias counted: a bomb has millions
MOST_BYTES = 1_000_000
DEEPEST = 20

Path = tuple[str | int, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str | None

# The parser recurses, and takes seconds to fail at thousands of levels: look before.
_DEEPEST_FLOW = 100
_TOO_DEEP = re.compile(r"(?:[-?:] ){100}")

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document.

    Attributes:
        places: Path of every key and element -> (line, column), from 1.
    """

    name: str
    tree: Tree
    places: dict[Path, tuple[int, int]]

    def at(self, path: Path) -> str:
        """``file:line:column`` of the path, or of the nearest thing above it."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return f"{self.name}:{line}:{column}"


def parse(text: str, name: str) -> Document:
    """Return the document in *text*.

    Args:
        name: The file's name, for messages.

    Raises:
        MappingError: It is not one YAML document; ``name:line:column: what was found``.
    """
    if len(text) > MOST_BYTES:
        raise MappingError(f"{name}: too long for a mapping ({len(text):,} characters)")
    if _TOO_DEEP.search(text) or _flow_depth(text) > _DEEPEST_FLOW:
        raise MappingError(f"{name}:1:1: nested too deeply for a mapping")
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as exc:
        raise MappingError(_scanner_message(exc, name, text)) from None
    except YAMLError as exc:
        raise MappingError(f"{name}:1:1: not YAML: {exc}") from None
    except RecursionError:
        raise MappingError(f"{name}:1:1: nested too deeply for a mapping") from None
    walker = _Walker(name)
    return Document(name, walker.tree(node, ()) if node is not None else None, walker.places)


class _Walker:
    def __init__(self, name: str) -> None:
        self.places: dict[Path, tuple[int, int]] = {}
        self._name = name
        self._nodes = 0

    def tree(self, node: Node, path: Path) -> Tree:
        where = f"{self._name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise MappingError(f"{where}: aliases make this too large for a mapping")
        if len(path) > DEEPEST:
            raise MappingError(f"{where}: nested too deeply for a mapping")
        tag = str(node.tag or "")
        if not tag.startswith("tag:yaml.org,2002:") or "python" in tag:
            raise MappingError(
                f"{where}: tags such as {tag} are not allowed; write the plain value"
            )
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, ScalarNode):
            is_plain = node.style is None
            return None if is_plain and node.value in _NOTHING else str(node.value)
        if isinstance(node, SequenceNode):
            return [self.tree(child, (*path, at)) for at, child in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        raise MappingError(f"{where}: unexpected {type(node).__name__}")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for key, value in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            where = f"{self._name}:{line}:{column}"
            if not isinstance(key, ScalarNode):
                raise MappingError(f"{where}: a name is expected before the colon")
            name = str(key.value)
            if name in found:
                first = self.places[(*path, name)][0]
                raise MappingError(f"{where}: {name} stands here and in line {first}; keep one")
            self.places[(*path, name)] = (line, column)
            found[name] = self.tree(value, (*path, name))
        return found


def _flow_depth(text: str) -> int:
    """How deep brackets nest at most, quoted ones counted too: more than enough for a mapping."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}" and depth:
            depth -= 1
    return deepest


def _scanner_message(exc: MarkedYAMLError, name: str, text: str) -> str:
    mark = exc.problem_mark or exc.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(exc.problem or exc.context or "not YAML")
    lines = text.splitlines()
    shown = lines[line - 1] if line <= len(lines) else ""
    if "\t" in shown[: column + 1] or "'\\t'" in problem:
        problem = "a tab; YAML wants blanks for indentation"
    elif "but found another document" in problem or "expected a single document" in str(
        exc.context
    ):
        problem = "a second document (---) begins; a mapping is one"
    elif "mapping values are not allowed" in problem:
        problem += '; put a value with a colon in it into "quotes"'
    return f"{name}:{line}:{column}: not YAML: {problem}"

"""YAML as text: every plain scalar stays what was typed, and everything knows where it stood.

``NO``, ``007``, ``+03`` and ``1473249885.2899961004`` are values of contacts, not booleans and
numbers. Only an empty value, ``~`` and ``null`` mean "nothing". Nothing is ever constructed but
dicts, lists and texts; tags are refused, and so are documents that explode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bulk_import.errors import MappingError, MappingProblem, Message

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
        places: Path of every key and element -> (line, column), from 1; empty for a document that
            was never a text.
    """

    name: str
    tree: Tree
    places: dict[Path, tuple[int, int]]

    def problem(self, message: str, path: Path = (), *, at: Path | None = None) -> MappingProblem:
        """Return a problem of the key at *path*, placed there or at the nearest key above it.

        Args:
            at: Another path to place it at.
        """
        where = path if at is None else at
        while where and where not in self.places:
            where = where[:-1]
        line, column = self.places.get(where, (1, 1) if self.places else (0, 0))
        return MappingProblem(message, self.name, line, column, ".".join(map(str, path)))


def parse(text: str, name: str) -> Document:
    """Return the document in *text*.

    Args:
        name: The file's name, for messages.

    Raises:
        MappingError: It is not one YAML document.
    """
    if len(text) > MOST_BYTES:
        raise MappingError.of(
            Message("too long for a mapping ({n:,} characters)", n=len(text)), name
        )
    if _TOO_DEEP.search(text) or _flow_depth(text) > _DEEPEST_FLOW:
        raise MappingError.of("nested too deeply for a mapping", name, 1, 1)
    try:
        node = _composed(text)
    except MarkedYAMLError as exc:
        raise MappingError([_scanner_problem(exc, name, text)]) from None
    except YAMLError as exc:
        raise MappingError.of(Message("not YAML: {exc}", exc=exc), name, 1, 1) from None
    except RecursionError:
        raise MappingError.of("nested too deeply for a mapping", name, 1, 1) from None
    walker = _Walker(name)
    return Document(name, walker.tree(node, ()) if node is not None else None, walker.places)


@lru_cache(maxsize=8)
def _composed(text: str) -> Node | None:
    """Return the nodes of a document: the page reads one mapping again for each answer."""
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


class _Walker:
    def __init__(self, name: str) -> None:
        self.places: dict[Path, tuple[int, int]] = {}
        self._name = name
        self._nodes = 0

    def tree(self, node: Node, path: Path) -> Tree:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._error(node, "aliases make this too large for a mapping")
        if len(path) > DEEPEST:
            raise self._error(node, "nested too deeply for a mapping")
        tag = str(node.tag or "")
        if not tag.startswith("tag:yaml.org,2002:") or "python" in tag:
            written = tag.replace("tag:yaml.org,2002:", "!!")
            raise self._error(
                node,
                Message("tags such as {tag} are not allowed; write the plain value", tag=written),
            )
        self.places.setdefault(path, _place(node))
        if isinstance(node, ScalarNode):
            is_plain = node.style is None
            return None if is_plain and node.value in _NOTHING else str(node.value)
        if isinstance(node, SequenceNode):
            return [self.tree(child, (*path, at)) for at, child in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        raise self._error(node, Message("unexpected {kind}", kind=type(node).__name__))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise self._error(key, "a name is expected before the colon")
            name = str(key.value)
            if name in found:
                first = self.places[(*path, name)][0]
                raise self._error(
                    key,
                    Message("{name} is here and in line {first}; keep one", name=name, first=first),
                )
            self.places[(*path, name)] = _place(key)
            found[name] = self.tree(value, (*path, name))
        return found

    def _error(self, node: Node, message: str) -> MappingError:
        return MappingError.of(message, self._name, *_place(node))


def _place(node: Node) -> tuple[int, int]:
    """Line and column of a node, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


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


def _scanner_problem(exc: MarkedYAMLError, name: str, text: str) -> MappingProblem:
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
    return MappingProblem(Message("not YAML: {problem}", problem=problem), name, line, column)

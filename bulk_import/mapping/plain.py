"""A mapping written in Python: plain values -> the tree of texts that a file would give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bulk_import.errors import MappingError, MappingProblem, Message
from bulk_import.mapping.yamltext import DEEPEST, Tree


def tree_of(mapping: Mapping[str, Any], name: str) -> tuple[Tree, str]:
    """Return the tree, and a text that reads back as it (JSON, which is YAML): a journal keeps it.

    Texts stay as they are; whole numbers and truth values become text. ``version`` may be left out.

    Args:
        name: What messages call the mapping.

    Raises:
        MappingError: A value is neither a dict, a list, text, a whole number, a truth value nor
            ``None``. A float is refused as well: an id of a list would lose digits.
    """
    tree = _tree({"version": "1", **mapping}, (), name)
    return tree, json.dumps(tree, ensure_ascii=False, indent=2)


def _tree(value: object, path: tuple[str, ...], name: str) -> Tree:
    if len(path) > DEEPEST:
        raise _error("nested too deeply for a mapping", path, name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _tree(child, (*path, str(key)), name) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(child, (*path, str(at)), name) for at, child in enumerate(value)]
    raise _error(
        Message(
            '{name} {value!r}: give text, as "{value}"', name=type(value).__name__, value=value
        ),
        path,
        name,
    )


def _error(message: str, path: tuple[str, ...], name: str) -> MappingError:
    return MappingError([MappingProblem(message, name, path=".".join(path))])

"""Changes of a mapping file that leave the rest of it as it is: comments, order, quotes, layout.

A path names a place by its keys, ``("fields", "lead_phone", "region_from")``. Scalars are text here
too: what is typed is what is written, quoted where YAML would read something else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from bulk_import.mapping.yamltext import parse

Value = str | Sequence[str] | Mapping[str, Any]
_PLAIN = re.compile(r"[^\W_](?:[\w ./'()&+-]*[\w.)])?")  # needs no quotes anywhere in YAML
_WIDE = 4096  # lines are not wrapped again

_COMMENT = re.compile(r"[ \t]*#.*")  # between two tokens

APPEND = "+"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a mapping.

    Attributes:
        path: Keys from the top; ``APPEND`` at its end adds an item to the list there.
        value: What is to be there; ``None`` removes the key.
    """

    path: tuple[str, ...]
    value: Value | None


class _Texts(VersionedResolver):
    """Reads every plain scalar as text, except those that mean null."""

    @property
    def versioned_resolver(self) -> Any:
        return {first: [("tag:yaml.org,2002:null", _NOTHING)] for first in ("~", "n", "N", "")}


_NOTHING = re.compile(r"^(?:~|null|Null|NULL|)$")


def edited(text: str, changes: Sequence[Change]) -> str:
    """Return the mapping in *text* with *changes* made, in their order.

    Raises:
        MappingError: *text* is not one YAML document.
    """
    parse(text, "mapping")  # what is refused there (bombs, depth) is not given to the round trip
    yaml = _yaml()
    tree = yaml.load(text)
    if not isinstance(tree, CommentedMap):
        tree = CommentedMap({"version": "1"})
    for change in changes:
        if change.value is None:
            _remove(tree, change.path)
        elif change.path[-1] == APPEND:
            _append(tree, change.path[:-1], change.value)
        else:
            _put(tree, change.path, change.value)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def without_comments(text: str) -> str:
    """Return the mapping in *text* without its comments, which may quote cells of a spreadsheet.

    Raises:
        MappingError: *text* is not one YAML document.
    """
    parse(text, "mapping")
    kept, end = [], 0
    for token in YAML(typ="safe", pure=True).scan(text):
        start = token.start_mark.index
        kept += [_COMMENT.sub("", text[end:start]), text[start : token.end_mark.index]]
        end = max(end, token.end_mark.index)
    return "".join([*kept, _COMMENT.sub("", text[end:])])


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Resolver = _Texts
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _put(tree: CommentedMap, path: Sequence[str], value: Value) -> None:
    here = tree
    for key in path[:-1]:
        below = here.get(key)
        if isinstance(below, str | CommentedSeq):  # the short form of a field: unfold it
            below = CommentedMap({"column": below})
            below.fa.set_flow_style()
            here[key] = below
        elif not isinstance(below, CommentedMap):
            below = CommentedMap()
            here[key] = below
        here = below
    here[path[-1]] = _node(value, is_top=len(path) <= 1)


def _append(tree: CommentedMap, path: Sequence[str], value: Value) -> None:
    """Add an item to a list of the top level; comments between its items stay."""
    items = tree.get(path[0])
    if not isinstance(items, CommentedSeq):
        items = tree[path[0]] = CommentedSeq()
    items.append(_node(value, is_top=False))


def _remove(tree: CommentedMap, path: Sequence[str]) -> None:
    trail = [tree]
    for key in path[:-1]:
        below = trail[-1].get(key)
        if not isinstance(below, CommentedMap):
            return
        trail.append(below)
    trail[-1].pop(path[-1], None)
    # A section that is empty now means nothing and would be refused.
    for depth in range(len(path) - 1, 0, -1):
        if not trail[depth] and path[depth - 1] != "fields":
            trail[depth - 1].pop(path[depth - 1], None)


def _node(value: Value, *, is_top: bool) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        made = CommentedMap({_text(key): _node(item, is_top=False) for key, item in value.items()})
        if not is_top:
            made.fa.set_flow_style()
        return made
    items = CommentedSeq([_node(item, is_top=False) for item in value])
    if not is_top or all(isinstance(item, str) for item in value):
        items.fa.set_flow_style()
    return items


def _text(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else DoubleQuotedScalarString(value)

"""A proposal merged into a mapping that somebody has written: nothing of theirs changes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

from bulk_import.mapping.consent import ConsentRule
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.schema import FieldRule, MappingSpec
from bulk_import.mapping.suggesting.evidence import FULL_NAME
from bulk_import.mapping.suggesting.products import columns_in
from bulk_import.mapping.suggesting.proposal import NAME_PARTS, Proposal, Suggestion
from bulk_import.mapping.suggesting.writing import field_options

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PART_OF = dict(zip(NAME_PARTS, ("first", "middle", "last"), strict=True))


class _TextResolver(VersionedResolver):
    """Every plain scalar is text, as ``yamltext`` reads it: ``NO``, ``007`` and ``+03`` stay."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return Tag(suffix="tag:yaml.org,2002:" + ("null" if value in _NULLS else "str"))
        return super().resolve(kind, value, implicit)


def updated(text: str, name: str, proposal: Proposal) -> tuple[str, list[str]]:
    """Return the mapping *text* with what the proposal adds to it, and what that is.

    A field that the mapping has keeps its columns, a column that it uses is left alone, comments
    and layout stay. What is added: fields from unused columns, and rules for columns of consent.

    Args:
        name: The file's name, for messages.

    Raises:
        MappingError: The text is no mapping that can be used.
    """
    spec = parse_mapping(text, name).spec
    yaml = YAML()
    yaml.Resolver = _TextResolver
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    added = _add_fields(document, spec, proposal)
    added += _add_rules(document, spec, proposal.rules)
    if not added:
        return text, []
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue(), added


def _add_fields(document: Any, spec: MappingSpec, proposal: Proposal) -> list[str]:
    used = _used_columns(spec)
    added = []
    for name, found in proposal.fields.items():
        targets = NAME_PARTS if name == FULL_NAME else (name,)
        new = [s for s in found if s.column not in used]
        if not new or any(target in spec.fields for target in targets):
            continue
        for target in targets:
            document["fields"][target] = _rule(target, name, new, proposal)
            added.append(f"fields.{target}: {new[0].column}")
    return added


def _rule(target: str, name: str, found: list[Suggestion], proposal: Proposal) -> Any:
    if name == FULL_NAME:
        return {"column": found[0].column, "part": _PART_OF[target]}
    options = field_options(name, [s.column for s in found], proposal)
    return options["column"] if list(options) == ["column"] else options


def _add_rules(document: Any, spec: MappingSpec, rules: Iterable[ConsentRule]) -> list[str]:
    ruled = {column for rule in (*spec.skip, *spec.only) for column in rule.column}
    added = []
    for rule in rules:
        if rule.column in ruled:
            continue
        document.setdefault(rule.section, []).append(
            {"column": rule.column, "values": list(rule.values), "because": rule.because}
        )
        added.append(f"{rule.section}: {rule.column}")
    return added


def _used_columns(spec: MappingSpec) -> set[str]:
    return {
        column
        for rule in (*spec.fields.values(), *spec.extra.values())
        for column in _columns_of(rule)
    }


def _columns_of(rule: FieldRule) -> set[str]:
    return {*rule.column, *rule.columns, *columns_in(rule.template or "")}

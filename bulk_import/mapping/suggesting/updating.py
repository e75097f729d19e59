"""A proposal merged into a mapping that somebody has written: nothing of theirs changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bulk_import.mapping.consent import ConsentRule
from bulk_import.mapping.editing import APPEND, Change, Value, edited
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.schema import FieldRule, MappingSpec
from bulk_import.mapping.suggesting.evidence import FULL_NAME
from bulk_import.mapping.suggesting.products import columns_in
from bulk_import.mapping.suggesting.proposal import NAME_PARTS, Proposal, Suggestion
from bulk_import.mapping.suggesting.writing import field_options, part_options


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
    changes = [*_new_fields(spec, proposal), *_new_rules(spec, proposal.rules)]
    return (edited(text, changes) if changes else text), [_told(change) for change in changes]


def _new_fields(spec: MappingSpec, proposal: Proposal) -> Iterator[Change]:
    used = _used_columns(spec)
    for name, found in proposal.fields.items():
        targets = NAME_PARTS if name == FULL_NAME else (name,)
        new = [s for s in found if s.column not in used]
        if not new or any(target in spec.fields for target in targets):
            continue
        for target in targets:
            yield Change(("fields", target), _rule(target, name, new, proposal))


def _rule(target: str, name: str, found: list[Suggestion], proposal: Proposal) -> Value:
    if name == FULL_NAME:
        return dict(part_options(target, found[0].column, proposal))
    options = field_options(name, [s.column for s in found], proposal)
    return found[0].column if list(options) == ["column"] else options


def _new_rules(spec: MappingSpec, rules: Iterable[ConsentRule]) -> Iterator[Change]:
    ruled = {column for rule in (*spec.skip, *spec.only) for column in rule.column}
    for rule in rules:
        if rule.column not in ruled:
            value = {"column": rule.column, "values": list(rule.values), "because": rule.because}
            yield Change((rule.section, APPEND), value)


def _told(change: Change) -> str:
    value = change.value
    column = value.get("column") or value.get("columns") if isinstance(value, Mapping) else value
    shown = column if isinstance(column, str) else ", ".join(column or ())
    return f"{'.'.join(change.path).removesuffix(f'.{APPEND}')}: {shown}"


def _used_columns(spec: MappingSpec) -> set[str]:
    return {
        column
        for rule in (*spec.fields.values(), *spec.extra.values())
        for column in _columns_of(rule)
    }


def _columns_of(rule: FieldRule) -> set[str]:
    return {*rule.column, *rule.columns, *columns_in(rule.template or "")}

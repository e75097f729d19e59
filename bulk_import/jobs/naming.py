"""``order:`` for whole names: tried where the mapping states none and the names of the file show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bulk_import.jobs.fixes import Fix
from bulk_import.mapping.editing import Change
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.suggesting.contents import contents_of
from bulk_import.mapping.suggesting.naming import is_told_by, order_to_state
from bulk_import.models import Problem, Row

NOT_SPLIT = "NAME_NOT_SPLIT"


def has_unordered_names(mapping: ColumnMapping) -> bool:
    """Whether a field takes a part of whole names in no stated order."""
    return any(rule.part and not rule.order for rule in mapping.spec.fields.values())


def left_whole(warnings: Iterable[Problem]) -> Iterator[tuple[str, str]]:
    """Yield (field, name) of the names of a row that were left whole."""
    for problem in warnings:
        if problem.code == NOT_SPLIT:
            yield problem.field, problem.value


def order_fixes(
    mapping: ColumnMapping,
    header: Sequence[str],
    rows: Iterable[Row],
    whole: Mapping[str, Sequence[str]],
) -> Iterator[Fix]:
    """Yield an ``order:`` for each column of whole names that shows one.

    Args:
        rows: The first rows of the file.
        whole: Field -> the names of all rows that were left whole.
    """
    contents = None
    for columns, fields in _by_column(mapping).items():
        names = max((whole.get(field, ()) for field in fields), key=len)
        if not names:
            continue
        contents = contents or contents_of(header, rows)
        own = next((column for column in header if column in columns), "")
        order = order_to_state(contents[own].values) if own else None
        told = sum(is_told_by(name, order) for name in names) if order else 0
        if order and told:
            edits = [Change(("fields", field, "order"), order) for field in fields]
            yield Fix(edits[0], NOT_SPLIT, len(names), told, also=tuple(edits[1:]))


def _by_column(mapping: ColumnMapping) -> dict[tuple[str, ...], list[str]]:
    """The names of a column -> the fields that take a part of it in no stated order."""
    found: dict[tuple[str, ...], list[str]] = {}
    for field, rule in mapping.spec.fields.items():
        if rule.part and not rule.order:
            found.setdefault((*rule.column, *rule.columns), []).append(field)
    return found

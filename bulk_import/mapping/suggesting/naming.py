"""The order of the whole names of a column, where it is worth stating."""

from __future__ import annotations

from collections.abc import Collection

from bulk_import.normalize.name_order import Order, order_of_column
from bulk_import.normalize.names import split_name
from bulk_import.normalize.result import NormalizeError


def order_to_state(names: Collection[str]) -> Order | None:
    """Return the order that most names show, if the family name comes first or some names need it.

    Args:
        names: Whole names, without blanks.
    """
    order = order_of_column(names)
    if order != "first_last":
        return order
    return order if any(is_told_by(name, order) for name in names) else None


def is_told_by(name: str, order: Order) -> bool:
    """Whether a name is left whole by itself, and split where the order of its file is stated."""
    try:
        return split_name(name).is_whole and not split_name(name, order=order).is_whole
    except NormalizeError:
        return False

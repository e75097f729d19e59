"""Names of lists and managers in cells, where the account was not asked for its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from bulk_import.api.fields import FIELDS, Kind
from bulk_import.errors import Message
from bulk_import.models import Problem, Severity

_ID = re.compile(r"[\d.,;|\s]+")  # needs no look-up
_MOST_SHOWN = 3
_Value = TypeVar("_Value")


class RememberedNames(Mapping[str, _Value], Generic[_Value]):
    """Names that were known once. Any other name may have been given since, and goes as written.

    Args:
        other: What a name stands for that is not known.
        is_name: Whether a text can be a name at all.
    """

    def __init__(
        self,
        known: Mapping[str, _Value],
        other: Callable[[str], _Value],
        is_name: Callable[[str], bool],
    ) -> None:
        self._known, self._other, self._is_name = known, other, is_name

    def __getitem__(self, name: str) -> _Value:
        if name in self._known:
            return self._known[name]
        if self._is_name(name):
            return self._other(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __bool__(self) -> bool:
        return True

    def knows(self, name: str) -> bool:
        """Whether the name was known."""
        return name in self._known


def unverified_names(field: str, column: str, cells: Mapping[str, int]) -> Problem | None:
    """Return the warning that the names in a column were not compared with the account.

    Args:
        field: The API field that the column feeds.
        cells: Cell -> rows that would be sent.
    """
    named = Counter({cell: n for cell, n in cells.items() if cell and not _ID.fullmatch(cell)})
    if not named:
        return None
    is_list = FIELDS[field].kind is Kind.LISTS
    what, command = (Message("lists"), "lists") if is_list else (Message("managers"), "managers")
    shown = ", ".join(repr(cell.strip()[:40]) for cell, _ in named.most_common(_MOST_SHOWN))
    more = (
        Message(" and {n:,} more", n=len(named) - _MOST_SHOWN) if len(named) > _MOST_SHOWN else ""
    )
    rows = named.total()
    text = Message(
        "{n:,} {rows} {what} ({shown}{more}) that were not compared with the "
        "account; the run refuses rows with a name that the account does not have "
        "(`bulk-import {command}` shows them)",
        n=rows,
        rows=Message("row names") if rows == 1 else Message("rows name"),
        what=what,
        shown=shown,
        more=more,
        command=command,
    )
    return Problem("NAMES_UNVERIFIED", text, column, field, severity=Severity.WARNING)
